/** The moves of who plays honestly: what a challenger and a prover say, from runs of their own. */
import {
  CHUNK_BYTES,
  DTYPES,
  encodeCommitment,
  equalBytes,
  UtnetError,
  type Commitment,
  type GraphRun,
  type OperatorRunner,
  type Tensor,
  type TraceEntry,
} from '../../core/index.ts'
import { firstDifference } from '../claim.ts'
import { chunkOf, leavedOf, openBox, wholeBox } from '../opening.ts'
import { segmentOf } from '../outline.ts'
import { reexecute, type Fetch } from '../reexecute.ts'
import { revealOf } from '../reveal.ts'
import { namedOutput, type Dispute } from './machine.ts'
import {
  challengeCbor,
  namingCbor,
  openingCbor,
  revealCbor,
  signMessage,
  type Challenge,
  type Naming,
  type SignedMessage,
} from './messages.ts'
import type { SigningKey } from '../verdict.ts'
import { decidingPart, firstElement } from './referee.ts'

const next = (signer: SigningKey, dispute: Dispute, payload: Parameters<typeof signMessage>[3]): SignedMessage =>
  signMessage(signer, dispute.id, dispute.sent + 1, payload)

/** Message 1. With an own commitment the segment is the first that differs; `core_bad_argument` where none does. */
export function challenge(dispute: Dispute, signer: SigningKey, commitment: Commitment, against: Commitment | number): SignedMessage {
  const segment = typeof against === 'number' ? against : firstDifference(commitment, against)
  if (segment === undefined) throw new UtnetError('core_bad_argument', 'both committed to the same')
  const said: Challenge = {
    commitment: encodeCommitment(commitment),
    own: typeof against === 'number' ? null : encodeCommitment(against),
    segment,
  }
  return next(signer, dispute, challengeCbor(said))
}

/** Message 2, from the prover's run. */
export async function reveal(dispute: Dispute, signer: SigningKey, run: GraphRun): Promise<SignedMessage> {
  const { commitment, segment, terms } = dispute as Required<Dispute>
  return next(signer, dispute, revealCbor(await revealOf(run, terms.outline, segmentOf(commitment, segment))))
}

/** Message 3 about an exact run: the first output of the segment that the challenger's own run has otherwise; undefined where there is none. */
export async function nameDifference(dispute: Dispute, signer: SigningKey, run: GraphRun): Promise<SignedMessage | undefined> {
  const { commitment, segment, terms, values } = dispute as Required<Dispute>
  const { from, to } = segmentOf(commitment, segment)
  for (let entry = from; entry < to; entry++) {
    const names = (terms.outline.trace[entry] as TraceEntry).outputs
    const wanted = names.filter((name) => name !== '')
    const own = new Map((await run.values(wanted)).map((tensor, i) => [wanted[i] as string, tensor]))
    for (const [output, name] of names.entries()) {
      const tensor = own.get(name)
      const theirs = values.get(name)
      if (tensor === undefined || theirs === undefined) continue
      const chunk = leavedOf(tensor).leaves.findIndex((leaf, i) => !equalBytes(leaf, theirs.leaves[i] as Uint8Array))
      if (chunk >= 0) return next(signer, dispute, namingCbor({ entry, output, chunk, data: chunkOf(tensor, chunk), element: null }))
    }
  }
  return undefined
}

/** Message 3 about a run that is compared within bounds: the first output of the segment that does not follow from the prover's own inputs; undefined where all do. */
export async function nameOutOfBound(
  dispute: Dispute,
  signer: SigningKey,
  fetch: Fetch,
  runner: OperatorRunner,
): Promise<SignedMessage | undefined> {
  const { commitment, segment, terms, values } = dispute as Required<Dispute>
  const { from, to } = segmentOf(commitment, segment)
  for (let entry = from; entry < to; entry++) {
    const { evidence } = await reexecute({ outline: terms.outline, commitment, values, entry, fetch, runner })
    if (evidence.at === null) continue
    const [output, element] = evidence.at
    const value = values.get((terms.outline.trace[entry] as TraceEntry).outputs[output] as string)
    const chunk = Math.floor((element * DTYPES[(value as { dtype: Tensor['dtype'] }).dtype]) / CHUNK_BYTES)
    const naming: Naming = { entry, output, chunk, data: null, element }
    return next(signer, dispute, namingCbor(naming))
  }
  return undefined
}

/** Message 4, from the prover's run: its chunk of the named output, and of the operands as much as the referee needs. */
export async function open(dispute: Dispute, signer: SigningKey, run: GraphRun, runner: OperatorRunner): Promise<SignedMessage> {
  const { naming, terms, values } = dispute as Required<Dispute>
  const entry = terms.outline.trace[naming.entry] as TraceEntry
  const output = namedOutput(dispute)
  const taken = entry.inputs.filter((name) => values.has(name))
  const [made, ...tensors] = await run.values([entry.outputs[naming.output] as string, ...taken])
  const operands = new Map(taken.map((name, i) => [name, tensors[i] as Tensor]))
  const data = chunkOf(made as Tensor, naming.chunk)
  const element = naming.data === null ? (naming.element as number) : firstElement(data, naming.data, DTYPES[output.dtype], naming.chunk)
  const part = await decidingPart(
    runner,
    terms.outline,
    entry,
    entry.inputs.map((name) => values.get(name)),
    naming.output,
    output.shape,
    element,
  )
  return next(
    signer,
    dispute,
    openingCbor({
      data,
      operands: entry.inputs.map((name, i) => {
        const tensor = operands.get(name)
        const box = part === undefined ? tensor && wholeBox(tensor.shape) : part.operands[i]
        return tensor === undefined ? null : box === undefined ? new Map() : openBox(tensor, box)
      }),
    }),
  )
}
