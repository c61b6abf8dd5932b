/** What the state says of the reward of a block: off-chain trie, `reward/<height>`. White paper 2.5 (no verified CAT, no reward), U4.1-MIN-1. */
import { amountBytes, asArray, asBytes, asText, bytesAmount, decode, encode, UtnetError } from '../../core/index.ts'
import type { CatFault } from './check.ts'

/** Why a reward was lost: the CAT did not hold, more than half of the power says that the result is wrong, or no majority spoke in time. */
export type RewardFault = CatFault | 'verdict' | 'no-verdict'

const FAULTS: readonly string[] = ['none', 'no-chips', 'form', 'answer', 'aggregate', 'verdict', 'no-verdict'] satisfies RewardFault[]

interface OfBlock {
  /** Node key of the proposer. */
  readonly node: Uint8Array
  /** In 10^-18 UNC. */
  readonly amount: bigint
  /** What the proposer's chips stand behind (`shownResult`); null where their CAT does not hold. */
  readonly result: Uint8Array | null
  /** Who said that the result holds, or who that it does not: bit fields over the set of the height. */
  readonly yes: Uint8Array
  readonly no: Uint8Array
}

export type RewardRecord =
  | (OfBlock & { readonly status: 'pending' | 'released'; readonly fault: null })
  | (OfBlock & { readonly status: 'lost'; readonly fault: RewardFault })

const RECORD_BYTES = 4_096

/** Canonical bytes: [1, status, fault, node, amount, result, yes, no]. */
export function encodeReward(r: RewardRecord): Uint8Array {
  return encode([1, r.status, r.fault, r.node, amountBytes(r.amount), r.result, r.yes, r.no])
}

/** The record of its bytes. */
export function decodeReward(bytes: Uint8Array): RewardRecord {
  const list = asArray(decode(bytes, 'reward record', RECORD_BYTES), 'reward record', 8)
  if (list[0] !== 1) throw new UtnetError('core_not_canonical', 'reward record is of an unknown version')
  const status = asText(list[1], 'status')
  const fault = list[2] === null ? null : asText(list[2], 'fault')
  const rest: OfBlock = {
    node: asBytes(list[3], 'node', 32),
    amount: bytesAmount(asBytes(list[4], 'amount'), 'amount'),
    result: list[5] === null ? null : asBytes(list[5], 'result', 32),
    yes: asBytes(list[6], 'yes'),
    no: asBytes(list[7], 'no'),
  }
  if ((status === 'pending' || status === 'released') && fault === null) return { ...rest, status, fault }
  if (status === 'lost' && fault !== null && FAULTS.includes(fault)) return { ...rest, status, fault: fault as RewardFault }
  throw new UtnetError('core_not_canonical', `reward record has the status ${status} with the fault ${String(fault)}`)
}
