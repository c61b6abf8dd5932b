/** Refutes an anchored batch: the chain itself checks what it can by rule, and takes the word of more than half of the power for what takes a run. */
import {
  batchLeaf,
  batchMessage,
  contradict,
  demandId,
  formatKey,
  leafFault,
  leafHash,
  membersOf,
  nodeAccountKey,
  nodeRecord,
  ROLLUP,
  totalPower,
  UtnetError,
  verdictMessage,
  verifyInclusion,
  type AnchoredBatch,
  type BatchStatement,
  type Claim,
  type ShownLeaf,
} from '../../../core/index.ts'
import { anchorKey, decodeAnchor, demandKey, encodeDemand, type AnchorRecord, type WorkingState } from '../../state/index.ts'
import { type BlockContext, effect, refused, type TxEffect } from '../effect/index.ts'
import type { ChainTx } from '../admission/index.ts'
import { convict, isVoid } from './convict.ts'
import { addDue } from './due.ts'

/** True when the leaf is that of its number in the batch. */
export function isLeafOf(batch: BatchStatement, { index, leaf, path }: ShownLeaf): boolean {
  return verifyInclusion(leafHash(leaf), index, batch.size, path, batch.root)
}

/** True when members with more than half of the power signed; bits beyond the set sign nothing. */
function halfSigned(block: BlockContext, target: AnchoredBatch, claim: Claim & { readonly kind: 'verdict' }): boolean {
  const { crypto, chainId } = block
  const validators = block.setAt(block.height) ?? []
  const signers = membersOf(claim.signers, validators)
  if (signers === undefined || totalPower(signers) * 2 <= totalPower(validators)) return false
  const message = verdictMessage(chainId, target, claim, claim.transcript)
  return crypto.blsFastAggregateVerify(
    claim.signature,
    message,
    signers.map((v) => v.bls),
  )
}

const NO_SUCH_LEAF = 'the leaf is not that of its number in the batch'

/** Why the batch is wrong by a claim, or why the claim shows nothing. */
function judge(
  block: BlockContext,
  target: AnchoredBatch,
  anchor: AnchorRecord,
  claim: Exclude<Claim, { kind: 'unavailable' }>,
): { readonly wrong: boolean; readonly why: string } {
  const no = (why: string) => ({ wrong: false, why })
  const { batch } = target
  switch (claim.kind) {
    case 'leaf': {
      if (!isLeafOf(batch, claim)) return no(NO_SUCH_LEAF)
      const fault = leafFault(claim.leaf, batch, claim.index, { chainId: block.chainId, height: anchor.height, time: anchor.time })
      return fault === undefined ? no('the leaf breaks no rule') : { wrong: true, why: `leaf ${claim.index}: ${fault}` }
    }
    case 'twice': {
      if (!contradict(batch, claim.batch)) return no('the two batches do not contradict each other')
      const signed = block.crypto.verifyEd25519(claim.sig, batchMessage(block.chainId, claim.batch), claim.batch.node)
      return signed ? { wrong: true, why: 'its node signed another batch over the same numbers' } : no('the other batch is not signed')
    }
    case 'verdict':
      if (!isLeafOf(batch, claim)) return no(NO_SUCH_LEAF)
      if (!halfSigned(block, target, claim)) return no('not more than half of the power signed the verdict')
      return { wrong: true, why: `leaf ${claim.index}: more than half of the power found its run wrong` }
  }
}

/** Asks for a leaf: pays the node for its answer, and lets silence lose. Gives why not, or undefined. */
function demand(
  state: WorkingState,
  block: BlockContext,
  tx: ChainTx,
  target: AnchoredBatch,
  anchor: AnchorRecord,
  index: number,
): string | undefined {
  const { batch } = target
  if (index >= batch.size) return `the batch has ${batch.size} leaves`
  const id = demandId(target.anchor, target.at, index)
  if (state.get('offchain', demandKey(id)) !== undefined) return `leaf ${index} was asked for already`
  const price = BigInt(block.params.rollup.answerGas) * block.baseFee
  const asker = state.account(tx.address)
  if (asker.balance < price + tx.intrinsicGas * block.baseFee) return `an answer costs ${price}, which the balance does not cover`
  state.setAccount(tx.address, { ...asker, balance: asker.balance - price })
  const address = nodeAccountKey(batch.node)
  const node = state.account(address)
  state.setAccount(address, { ...node, balance: node.balance + price })
  const deadline = block.height + ROLLUP.answerBlocks
  const { height, time } = anchor
  state.set(
    'offchain',
    demandKey(id),
    encodeDemand({ anchor: target.anchor, height, time, batch, index, deadline, from: tx.address, price }),
  )
  addDue(state, deadline + 1, { kind: 'demand', id })
  return undefined
}

/** Items of the block's filter for what concerns a batch. */
export function batchTouched({ node, thread }: BatchStatement): TxEffect['touched'] {
  return [
    ['address', nodeAccountKey(node)],
    ['record', nodeRecord(node)],
    ['record', nodeRecord(node, thread)],
  ]
}

/** Applies a transaction of kind refute. */
export function applyRefute(state: WorkingState, block: BlockContext, tx: ChainTx): TxEffect {
  const { payload } = tx.body
  if (payload.kind !== 'refute') throw new UtnetError('core_bad_argument', 'not a refutation')
  const no = (message: string): TxEffect => refused(tx, tx.intrinsicGas, message)
  const { target, claim } = payload
  const bytes = state.get('offchain', anchorKey(target.anchor))
  if (bytes === undefined) return no(`no batch of ${target.anchor} can be refuted: it is no anchor, or its time is over`)
  const anchor = decodeAnchor(bytes)
  const { batch, sig, at, path } = target
  if (!verifyInclusion(leafHash(batchLeaf(batch, sig)), at, anchor.count, path, anchor.root))
    return no(`the batch is not number ${at} of the anchor`)
  if (isVoid(state, batch)) return no('the batch is void already')
  const touched = [['record', target.anchor.bytes] as const, ...batchTouched(batch)]
  if (claim.kind === 'unavailable') {
    const why = demand(state, block, tx, target, anchor, claim.index)
    return why === undefined ? effect(tx, { gas: tx.intrinsicGas, touched }) : no(why)
  }
  const { wrong, why } = judge(block, target, anchor, claim)
  if (!wrong) return no(why)
  convict(state, block, batch, tx.address)
  return effect(tx, { gas: tx.intrinsicGas, touched, message: `${formatKey(batch.node)}: ${why}` })
}
