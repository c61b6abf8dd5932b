/**
 * What a block does for the rewards, beside its transactions: verdicts on the blocks before it count, the window of the one that is eight blocks old closes,
 * and the own CAT opens a record. All of it follows from the chain alone.
 */
import {
  emptyBits,
  equalBytes,
  isUtnetError,
  limitError,
  LIMITS,
  nodeAccountKey,
  signersOf,
  totalPower,
  UtnetError,
  type CID,
  type Genesis,
  type Validator,
} from '../../core/index.ts'
import type { ChainCrypto } from '../crypto-port.ts'
import { readNode } from '../power/index.ts'
import { rewardKey, type StateReader, type WorkingState } from '../state/index.ts'
import { shownResult } from './challenge.ts'
import type { CheckedCat } from './check.ts'
import { decodeReward, encodeReward, type RewardFault, type RewardRecord } from './reward.ts'
import { decodeBlockVerdict, VERDICT_BLOCKS, verdictMessage, type BlockVerdict } from './verdict.ts'

/** Records of so many blocks stay in the state behind the window of verdicts; what was released stays in the accounts. */
export const REWARD_BLOCKS = 256

/** What a block's work is judged by. */
export interface WorkContext {
  readonly chainId: CID
  readonly rules: Pick<Genesis, 'blockReward' | 'environment'>
  readonly height: number
  /** In which the block was new. */
  readonly round: number
  /** Node key. */
  readonly proposer: Uint8Array
  /** How many chips answer for it. */
  readonly chips: number
  readonly crypto: Pick<ChainCrypto, 'blsFastAggregateVerify'>
  /** Checks a CAT against the proposer's seats and the challenge of the height. */
  checkCat(bytes: Uint8Array): CheckedCat
  /** The set of a height, in its order. */
  setAt(height: number): readonly Validator[]
  /** Hash of the final block of an earlier height. */
  hashAt(height: number): Uint8Array
}

const refuse = (what: string): UtnetError => new UtnetError('chain_invalid', what)

/** The record of a height; undefined where the block had nothing to win and nothing to show, or the record is no longer kept. */
export function rewardAt(state: Pick<StateReader, 'get'>, height: number): RewardRecord | undefined {
  const bytes = state.get('offchain', rewardKey(height))
  return bytes === undefined ? undefined : decodeReward(bytes)
}

const put = (state: WorkingState, height: number, record: RewardRecord): void =>
  state.set('offchain', rewardKey(height), encodeReward(record))

function release(state: WorkingState, height: number, record: RewardRecord): void {
  const address = readNode(state, record.node)?.owner ?? nodeAccountKey(record.node)
  const account = state.account(address)
  state.setAccount(address, { ...account, balance: account.balance + record.amount })
  state.mint(record.amount)
  put(state, height, { ...record, status: 'released', fault: null })
}

const lose = (state: WorkingState, height: number, record: RewardRecord, fault: RewardFault): void =>
  put(state, height, { ...record, status: 'lost', fault })

function readVerdicts(list: readonly Uint8Array[]): BlockVerdict[] {
  if (list.length > VERDICT_BLOCKS) throw refuse(`the block carries ${list.length} verdicts`)
  const verdicts = list.map((bytes, i) => {
    try {
      return decodeBlockVerdict(bytes)
    } catch (cause) {
      if (isUtnetError(cause)) throw new UtnetError('chain_invalid', `verdict ${i} of the block: ${cause.message}`, { cause })
      throw cause
    }
  })
  verdicts.forEach((v, i) => {
    const before = verdicts[i - 1]
    if (before !== undefined && before.height >= v.height) throw refuse(`verdict ${i} of the block is out of order`)
  })
  return verdicts
}

/**
 * Counts one verdict, which decides; throws `chain_invalid` naming what is wrong. It has to be of more than half at once: it tells the result, and whoever votes behind
 * that need not have run anything.
 */
function count(state: WorkingState, c: WorkContext, v: BlockVerdict): void {
  const of = `the verdict on height ${v.height}`
  if (v.height >= c.height || v.height < c.height - VERDICT_BLOCKS) throw refuse(`${of} does not belong in block ${c.height}`)
  const record = rewardAt(state, v.height)
  if (record === undefined || record.status !== 'pending' || record.result === null) throw refuse(`${of} is no longer asked for`)
  if (equalBytes(shownResult(v.result), record.result) !== v.ok) throw refuse(`${of} does not say what its result says`)
  const set = c.setAt(v.height)
  const signers = signersOf({ signers: v.signers }, set)
  if (totalPower(signers) * 2 <= totalPower(set)) throw refuse(`${of} is not of more than half of the power`)
  const message = verdictMessage(c.chainId, v.height, c.hashAt(v.height), v.ok, v.result)
  const keys = signers.map((s) => s.bls)
  if (!c.crypto.blsFastAggregateVerify(v.signature, message, keys)) throw refuse(`${of} has no valid signature`)
  if (v.ok) release(state, v.height, { ...record, yes: v.signers })
  else lose(state, v.height, { ...record, no: v.signers }, 'verdict')
}

/**
 * Half the reward for each round that passed before: who lets its own turn pass, to draw the next leader again with another of its nodes, loses more than
 * that can bring (docs/spec/chips.md).
 */
function rewardIn({ rules, round }: WorkContext): bigint {
  return rules.blockReward >> BigInt(round)
}

/**
 * Applies a block's CAT and verdicts to the state behind its transactions. Throws `chain_invalid` for a CAT over the limit, and for a verdict that may not stand in it; and under
 * `before-vote` where a proposer with chips shows no valid CAT. Under `deferred` such a block stands, without reward.
 */
export function applyWork(state: WorkingState, c: WorkContext, cat: Uint8Array, verdicts: readonly Uint8Array[]): void {
  const { environment, blockReward } = c.rules
  if (cat.length > LIMITS.catBytes) throw limitError('chain_invalid', 'catBytes', cat.length, LIMITS.catBytes, 'CAT of the block')
  if (environment === 'before-vote' && verdicts.length > 0) throw refuse('under before-vote the certificate is the verdict')
  for (const verdict of readVerdicts(verdicts)) count(state, c, verdict)
  const closing = c.height - VERDICT_BLOCKS
  const late = closing < 1 ? undefined : rewardAt(state, closing)
  if (late?.status === 'pending') lose(state, closing, late, 'no-verdict')
  if (closing > REWARD_BLOCKS) state.set('offchain', rewardKey(closing - REWARD_BLOCKS), undefined)
  if (c.chips === 0 && cat.length > 0) throw refuse('the proposer has no chips that could answer')
  // nothing to win and nothing to show: no trace
  if (c.chips === 0 && blockReward === 0n) return
  const { fault, ...checked } = c.checkCat(cat)
  if (environment === 'before-vote' && fault !== undefined && c.chips > 0) throw refuse(`the CAT of the block does not hold: ${fault}`)
  const none = emptyBits(environment === 'deferred' && fault === undefined ? c.setAt(c.height).length : 0)
  const result = 'result' in checked ? checked.result : null
  const record = { status: 'pending', fault: null, node: c.proposer, amount: rewardIn(c), result, yes: none, no: none } as const
  if (fault !== undefined) lose(state, c.height, record, fault)
  else if (environment === 'before-vote') release(state, c.height, record)
  else put(state, c.height, record)
}
