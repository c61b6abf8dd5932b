/** Disputes about runs of real models, played to their end by the rules of `runtime/piee`. */
import {
  commitRun,
  digest,
  encodeCommitment,
  tensorHeads,
  type Commitment,
  type GraphRun,
  type OperatorRunner,
} from '../../runtime/core/index.ts'
import { openSigner, verifyEd25519 } from '../../runtime/crypto/native.ts'
import {
  accept,
  challenge,
  firstDifference,
  nameDifference,
  open,
  openDispute,
  outlineOf,
  reveal,
  settle,
  type Claim,
  type Outline,
  type Settled,
  type SignedMessage,
} from '../../runtime/piee/index.ts'
import { receiptOf } from '../../runtime/piee/testing/kit.ts'

export const prover = openSigner(digest('test-key', new Uint8Array([1])))
export const challenger = openSigner(digest('test-key', new Uint8Array([2])))

export const claimOf = (run: Pick<GraphRun, 'model' | 'inputs'>, commitment: Commitment): Claim => ({
  receipt: receiptOf('real'),
  prover: prover.key,
  model: run.model,
  inputs: tensorHeads(run.inputs),
  root: digest('tensor-commitment', encodeCommitment(commitment)),
})

export interface RealDispute {
  readonly settled: Settled
  readonly messages: readonly (readonly [number, SignedMessage])[]
  readonly claim: Claim
  readonly outline: Outline
}

/** What the prover committed to against what the challenger ran; undefined where both committed to the same: then nothing that was claimed is wrong. */
export async function dispute(
  proverRun: GraphRun,
  challengerRun: GraphRun,
  operators: OperatorRunner,
  made: { readonly outline?: Outline; readonly own?: Commitment } = {},
): Promise<RealDispute | undefined> {
  const lied = await commitRun(proverRun)
  const own = made.own ?? (await commitRun(challengerRun))
  if (firstDifference(lied, own) === undefined) return undefined
  const outline = made.outline ?? outlineOf(challengerRun)
  const claim = claimOf(challengerRun, lied)
  let state = openDispute({ claim, challenger: challenger.key, outline, blocks: 10, verify: verifyEd25519 }, 100)
  const messages: (readonly [number, SignedMessage])[] = []
  const steps = [
    async () => challenge(state, challenger, lied, own),
    () => reveal(state, prover, proverRun),
    () => nameDifference(state, challenger, challengerRun),
    () => open(state, prover, proverRun, operators),
  ]
  for (const step of steps) {
    const message = await step()
    if (message === undefined) throw new Error('a player has nothing to say')
    const height = state.height + 1
    state = accept(state, message, height)
    messages.push([height, message])
    if (state.outcome !== undefined) break
  }
  return { settled: await settle(state, operators), messages, claim, outline }
}
