/** What a receipt claims of an inference, and whether the commitment behind its root can be one of that. */
import {
  decodeCommitment,
  digest,
  encode,
  equalBytes,
  UtnetError,
  type Cbor,
  type Commitment,
  type ComparisonClass,
  type TensorHead,
  type CID,
} from '../core/index.ts'
import type { Outline } from './outline.ts'

export interface Claim {
  /** CID of the receipt's body. */
  readonly receipt: CID
  /** ed25519 key of the node that issued it. */
  readonly prover: Uint8Array
  readonly model: CID
  /** Heads of the inputs that the client sent. */
  readonly inputs: readonly TensorHead[]
  /** Root of the commitment, as the receipt has it. */
  readonly root: Uint8Array
}

const sameHead = (a: TensorHead, b: TensorHead | undefined): boolean =>
  b !== undefined && a[0] === b[0] && a[1] === b[1] && a[2].join() === b[2].join() && equalBytes(a[3], b[3])

export const claimCbor = ({ receipt, prover, model, inputs, root }: Claim): Cbor => ({ receipt, prover, model, inputs, root })

export const claimDigest = (claim: Claim): Uint8Array => digest('piee-claim', encode(claimCbor(claim)))

const wrong = (text: string): UtnetError => new UtnetError('evidence_invalid', text)

/** Throws `evidence_invalid` where these are not the bytes of the commitment that the receipt names. */
export function checkRoot(claim: Claim, bytes: Uint8Array): void {
  if (!equalBytes(digest('tensor-commitment', bytes), claim.root)) throw wrong('this is not the commitment that the receipt names')
}

/** A commitment that may be one of this model on these inputs. Throws `evidence_invalid`, and what `decodeCommitment` does. */
export function fittingCommitment(claim: Pick<Claim, 'model' | 'inputs'>, outline: Outline, bytes: Uint8Array): Commitment {
  const commitment = decodeCommitment(bytes)
  if (!commitment.model.equals(claim.model)) throw wrong(`committed to the model ${commitment.model.toString()}`)
  const { inputs, outputs, entries, checkpoints, exceptions } = commitment
  if (inputs.length !== claim.inputs.length || !inputs.every((head, i) => sameHead(head, claim.inputs[i])))
    throw wrong('committed to other inputs than those of the receipt')
  if (entries !== outline.trace.length) throw wrong(`committed to ${entries} operators of ${outline.trace.length}`)
  // what no exact device has may have run elsewhere; anything else would only take it out of what can be held against the prover
  const foreign = exceptions.find(([at, id]) => outline.trace[at]?.arithmetic === undefined || classOf(id) === 'unchecked')
  if (foreign !== undefined) throw wrong(`entry ${foreign[0]} is said to have run by ${foreign[1].slice(0, 80)}`)
  if (checkpoints.length > 0 && checkpoints.map(([at]) => at).join() !== outline.boundaries.join())
    throw wrong('checkpoints do not stand where the rule puts them')
  if (outputs.length !== outline.outputs.length) throw wrong(`committed to ${outputs.length} outputs of ${outline.outputs.length}`)
  outline.outputs.forEach((name, i) => {
    const [own, dtype, shape, hash] = outputs[i] as TensorHead
    const type = outline.types.get(name)
    if (own !== name || (type !== undefined && (dtype !== type.dtype || shape.join() !== type.shape.join())))
      throw wrong(`output ${i} is not ${name} as the model gives it`)
    const constant = outline.constantOutputs.get(name)
    if (constant !== undefined && !equalBytes(constant, hash)) throw wrong(`${name} is a constant of the model, and another one`)
  })
  return commitment
}

/** The class of an arithmetic id: its first word. */
export function classOf(arithmetic: string): ComparisonClass {
  const word = arithmetic.split(':', 1)[0]
  return word === 'exact' || word === 'bounded' ? word : 'unchecked'
}

/** Arithmetic under which an entry ran. */
export const arithmeticOf = ({ arithmetic, exceptions }: Commitment, entry: number): string =>
  exceptions.find(([at]) => at === entry)?.[1] ?? arithmetic

/** Number of the first segment at whose end two commitments of one claim differ; undefined where they say the same of every place. */
export function firstDifference(a: Commitment, b: Commitment): number | undefined {
  const at = a.checkpoints.findIndex(([, root], i) => !equalBytes(root, b.checkpoints[i]?.[1] ?? new Uint8Array(0)))
  if (at >= 0) return at
  return a.outputs.every((head, i) => sameHead(head, b.outputs[i])) ? undefined : a.checkpoints.length
}
