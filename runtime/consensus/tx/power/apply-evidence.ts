/** Takes evidence that a validator signed twice: its bond is burnt, and its vote key marked, so that the next epoch's power leaves it out. */
import { decode, asArray, asUint, digest, encode, isUtnetError, nodeAccountKey, UtnetError } from '../../../core/index.ts'
import { checkEvidence, decodeEvidence, type Evidence, bftChecks } from '../../messages/index.ts'
import { burnBond, readNode, writeNode } from '../../power/index.ts'
import { slashedKey, type StateReader, type WorkingState } from '../../state/index.ts'
import { type BlockContext, effect, refused, type TxEffect } from '../effect/index.ts'
import type { ChainTx } from '../admission/index.ts'

function readEvidence(record: Uint8Array): Evidence | undefined {
  try {
    return decodeEvidence(record)
  } catch (error) {
    if (isUtnetError(error)) return undefined
    throw error
  }
}

/** Height of the block that took evidence against a vote key; undefined where none did. */
export function slashedAt(state: Pick<StateReader, 'get'>, bls: Uint8Array): number | undefined {
  const bytes = state.get('offchain', slashedKey(bls))
  return bytes === undefined ? undefined : asUint(asArray(decode(bytes, 'slashed row', 256), 'slashed row', 2)[0], 'height')
}

/** Applies a transaction of kind evidence. One vote key is punished once. */
export function applyEvidence(state: WorkingState, block: BlockContext, tx: ChainTx): TxEffect {
  const { payload } = tx.body
  if (payload.kind !== 'evidence') throw new UtnetError('core_bad_argument', 'not evidence')
  const no = (message: string): TxEffect => refused(tx, tx.intrinsicGas, message)
  const evidence = readEvidence(payload.record)
  if (evidence === undefined) return no('the evidence cannot be read')
  if (evidence.height > block.height) return no('the evidence is of a height to come')
  const set = block.setAt(evidence.height)
  if (set === undefined) return no('the evidence is older than the trusting period')
  const offender = checkEvidence(evidence, set, bftChecks(block.chainId, block.crypto))
  if (offender === undefined) return no('the evidence proves nothing')
  if (slashedAt(state, offender.bls) !== undefined) return no('the vote key was punished before')
  const address = nodeAccountKey(offender.key)
  burnBond(state, address, block.height)
  const record = readNode(state, offender.key)
  if (record !== undefined) writeNode(state, offender.key, { ...record, slashed: block.height })
  state.set('offchain', slashedKey(offender.bls), encode([block.height, digest('evidence', payload.record)]))
  return effect(tx, { gas: tx.intrinsicGas, touched: [['address', address]] })
}
