/** For tests: a model of some twenty operators, faults of every kind, and disputes played to their end. */
import {
  cborBlock,
  commitRun,
  digest,
  encode,
  encodeCommitment,
  tensorHeads,
  utf8,
  type Commitment,
  type GraphRun,
  type NamedTensor,
  type OperatorRunner,
  type Tensor,
} from '../../core/index.ts'
import { openSigner, verifyEd25519, type Signer } from '../../crypto/native.ts'
import {
  accept,
  challenge,
  nameDifference,
  open,
  openDispute,
  reveal,
  settle,
  type Dispute,
  type Settled,
  type SignedMessage,
} from '../dispute/index.ts'
import { outlineOf, type Claim, type Outline } from '../index.ts'
import { f32, loopModel, loopRunner, numbers, runLoops, type LoopModel, type LoopNode, type Tamper } from './loops.ts'

/** Numbers from a seed, -1..1. */
export function* randoms(seed: string): Generator<number, never> {
  for (let block = 0; ; block++) {
    const bytes = digest('test-random', encode([seed, block]))
    const view = new DataView(bytes.buffer, bytes.byteOffset, 32)
    for (let i = 0; i < 32; i += 4) yield view.getInt32(i) / 2 ** 31
  }
}

export function randomTensor(seed: string, shape: readonly number[]): Tensor {
  const source = randoms(seed)
  return f32(
    shape,
    Array.from({ length: shape.reduce((n, side) => n * side, 1) }, () => source.next().value),
  )
}

export const signerOf = (name: string): Signer => openSigner(digest('test-key', utf8(name)))

/** Layers of MatMul, Add, Relu with a branch around each second one. `width` of 256 makes values of several chunks at 72 rows. */
export function testModel(seed: string, layers = 6, width = 24): LoopModel {
  const constants = new Map<string, Tensor>()
  const nodes: LoopNode[] = []
  let at = 'x'
  for (let layer = 0; layer < layers; layer++) {
    constants.set(`w${layer}`, randomTensor(`${seed} w${layer}`, [width, width]))
    nodes.push({ op: 'MatMul', inputs: [at, `w${layer}`], output: `m${layer}` })
    if (layer % 2 === 1) nodes.push({ op: 'Add', inputs: [`m${layer}`, at], output: `a${layer}` })
    nodes.push({ op: 'Relu', inputs: [layer % 2 === 1 ? `a${layer}` : `m${layer}`], output: `r${layer}` })
    at = `r${layer}`
  }
  nodes.push({ op: 'Mul', inputs: [at, 'x'], output: 'y' })
  return loopModel({ inputs: ['x'], outputs: ['y'], constants, nodes })
}

export const testInput = (seed: string, rows = 6, width = 24): NamedTensor[] => [{ name: 'x', ...randomTensor(seed, [rows, width]) }]

/** One element another one, and large: what a Relu cuts off again, or rounding swallows, changes nothing that was committed to, and is no fault. */
export function nudge(tensor: Tensor, element: number): Tensor {
  const values = Float32Array.from(numbers(tensor))
  values[element] = Math.abs(values[element] as number) + 1000
  return f32(tensor.shape, values)
}

export const tamperAt =
  (entry: number, element: number): Tamper =>
  (at, output) =>
    at === entry ? nudge(output, element % numbers(output).length) : output

export interface Case {
  readonly claim: Claim
  readonly outline: Outline
  readonly honest: GraphRun
  readonly commitment: Commitment
  readonly lying: GraphRun
  readonly lied: Commitment
  readonly runner: OperatorRunner
  readonly prover: Signer
  readonly challenger: Signer
}

export const receiptOf = (name: string) => cborBlock(['test receipt', name]).cid

/** A claim of a prover whose device tampers. */
export async function caseOf(model: LoopModel, inputs: readonly NamedTensor[], tamper: Tamper | GraphRun): Promise<Case> {
  const honest = runLoops(model, inputs)
  const lying = typeof tamper === 'function' ? runLoops(model, inputs, { tamper }) : tamper
  const lied = await commitRun(lying)
  const prover = signerOf('prover')
  const claim: Claim = {
    receipt: receiptOf('one'),
    prover: prover.key,
    model: model.cid,
    inputs: tensorHeads(inputs),
    root: digest('tensor-commitment', encodeCommitment(lied)),
  }
  return {
    claim,
    outline: outlineOf(honest),
    honest,
    commitment: await commitRun(honest),
    lying,
    lied,
    runner: loopRunner(model),
    prover,
    challenger: signerOf('challenger'),
  }
}

export const BLOCKS = 10

export const openedDispute = ({ claim, challenger, outline }: Case, height = 100): Dispute =>
  openDispute({ claim, challenger: challenger.key, outline, blocks: BLOCKS, verify: verifyEd25519 }, height)

export interface Played {
  readonly dispute: Dispute
  readonly settled: Settled
  /** Each with its height. */
  readonly messages: readonly (readonly [number, SignedMessage])[]
}

/** Plays a dispute between honest players, the prover with what it committed to. `change` may put another message in the place of one. */
export async function play(
  c: Case,
  change: (number: number, message: SignedMessage | undefined, dispute: Dispute) => SignedMessage | undefined = (_number, message) =>
    message,
): Promise<Played> {
  let dispute = openedDispute(c)
  const messages: (readonly [number, SignedMessage])[] = []
  const steps = [
    async () => challenge(dispute, c.challenger, c.lied, c.commitment),
    () => reveal(dispute, c.prover, c.lying),
    () => nameDifference(dispute, c.challenger, c.honest),
    () => open(dispute, c.prover, c.lying, c.runner),
  ]
  for (const [i, step] of steps.entries()) {
    const message = change(i + 1, await step(), dispute)
    if (message === undefined) break
    const height = dispute.height + 1
    dispute = accept(dispute, message, height)
    messages.push([height, message])
    if (dispute.outcome !== undefined) break
  }
  return { dispute, settled: await settle(dispute, c.runner), messages }
}
