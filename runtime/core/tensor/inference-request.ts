/**
 * Inference that a contract asks for, and that a node answers in a later transaction (white paper 5.6). The request lies in the asking contract's own state,
 * under keys that no contract reaches, so that witnesses, proofs and roots hold it like any other variable.
 */
import { asArray, asBytes, asText, asU64, asUint, concatBytes, decode, encode, utf8, type Cbor } from '../codec/index.ts'
import { decodeCommitment, encodeCommitment, type Commitment } from './commitment.ts'
import { limitError, UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { atensor, type ArithmeticClass, type Dtype, type NamedTensor } from './tensor.ts'

/** What begins so is the chain's: keys of a contract's state, names of events. */
const RESERVED = 'utnet:'
const RESERVED_KEY = utf8(`\0${RESERVED}`)

/** Whether a key of a contract's state is the chain's own. */
export function isReservedKey(key: Uint8Array): boolean {
  return key[0] === RESERVED_KEY[0] && RESERVED_KEY.every((byte, i) => key[i] === byte)
}

/** Whether only the chain emits events of this name. */
export const isReservedEvent = (name: string): boolean => name.startsWith(RESERVED)

/** Event of a request, data {deadline, model, request}. */
export const REQUEST_EVENT = `${RESERVED}request`

/** How many requests a contract has made. */
export const REQUEST_COUNT_KEY: Uint8Array = concatBytes(RESERVED_KEY, utf8('requests'))

/** The open request of that number of a contract. */
export function requestKey(number: bigint): Uint8Array {
  return concatBytes(RESERVED_KEY, utf8(`request/${number}`))
}

/** What an asker may demand of the arithmetic, the least first. */
export const ARITHMETICS: readonly ArithmeticClass[] = ['any', 'bounded', 'exact']

/** One request, as it lies in the contract's state. */
export interface InferenceRequest {
  /** Name or CID in text, as the contract gave it. */
  readonly model: string
  readonly inputs: readonly NamedTensor[]
  readonly arithmetic: ArithmeticClass
  /** Export of the contract that takes the answer. */
  readonly callback: string
  /** Last height at which it can be answered; behind it, it has only expired. */
  readonly deadline: number
  /** Gas of the callback, paid by the call that asked. */
  readonly gas: bigint
}

/** What a contract may be told: outputs with what they were committed to, why a node refused, or that nobody answered in time. */
export type InferenceAnswer =
  | {
      readonly kind: 'outputs'
      /** What the node committed to, in its receipt too. */
      readonly commitment: Commitment
      readonly outputs: readonly NamedTensor[]
    }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'expired' }

const tensorsCbor = (tensors: readonly NamedTensor[]): Cbor => tensors.map((t) => [t.name, t.dtype, [...t.shape], t.data])

/** Tensors as a contract packs them: [name, dtype, shape, data] each. Throws `core_not_canonical`, `tensor_*`. */
export function readTensors(value: Cbor | undefined, what: string): NamedTensor[] {
  const list = asArray(value, what)
  if (list.length > LIMITS.tensorsPerCall) throw limitError('tensor_input', 'tensorsPerCall', list.length, LIMITS.tensorsPerCall, what)
  return list.map((item) => {
    const [name, dtype, shape, data] = asArray(item, what, 4)
    const tensor = {
      name: asText(name, 'name'),
      dtype: asText(dtype, 'dtype') as Dtype,
      shape: asArray(shape, 'shape').map((d) => asUint(d, 'dimension')),
      data: asBytes(data, 'data'),
    }
    atensor(tensor, `${what} ${tensor.name}`)
    return tensor
  })
}

/** Canonical bytes of a request, the value of its key. */
export function encodeRequest(r: InferenceRequest): Uint8Array {
  return encode([r.model, tensorsCbor(r.inputs), ARITHMETICS.indexOf(r.arithmetic), r.callback, r.deadline, r.gas])
}

/** The request of its bytes. */
export function decodeRequest(bytes: Uint8Array): InferenceRequest {
  const list = asArray(decode(bytes, 'inference request', LIMITS.storageValueBytes), 'inference request', 6)
  const arithmetic = ARITHMETICS[asUint(list[2], 'arithmetic')]
  if (arithmetic === undefined) throw new UtnetError('core_not_canonical', 'arithmetic of the request is not known')
  return {
    model: asText(list[0], 'model'),
    inputs: readTensors(list[1], 'inputs'),
    arithmetic,
    callback: asText(list[3], 'callback'),
    deadline: asUint(list[4], 'deadline'),
    gas: asU64(list[5], 'gas'),
  }
}

/** Canonical bytes of an answer: what the transaction carries, and the callback is given. */
export function encodeAnswer(a: InferenceAnswer): Uint8Array {
  if (a.kind === 'outputs') return encode([0, a.commitment.arithmetic, encodeCommitment(a.commitment), tensorsCbor(a.outputs)])
  return encode(a.kind === 'refused' ? [1, a.message] : [2])
}

/** The answer of its bytes; throws `core_not_canonical`, `tensor_*`. */
export function decodeAnswer(bytes: Uint8Array): InferenceAnswer {
  const list = asArray(decode(bytes, 'answer', LIMITS.callArgsBytes), 'answer')
  if (list[0] === 0 && list.length === 4) {
    const commitment = decodeCommitment(asBytes(list[2], 'commitment'))
    // stands before the commitment for guests, who need not read that
    if (list[1] !== commitment.arithmetic)
      throw new UtnetError('core_not_canonical', 'the answer and its commitment name different arithmetic')
    return { kind: 'outputs', commitment, outputs: readTensors(list[3], 'outputs') }
  }
  if (list[0] === 1 && list.length === 2) return { kind: 'refused', message: asText(list[1], 'message') }
  if (list[0] === 2 && list.length === 1) return { kind: 'expired' }
  throw new UtnetError('core_not_canonical', 'the answer is of no known kind')
}

/** Whether results of an arithmetic id are of the class that was asked for. */
export function meetsArithmetic(asked: ArithmeticClass, arithmetic: string): boolean {
  const exact = arithmetic.startsWith('exact:')
  return asked === 'any' || exact || (asked === 'bounded' && arithmetic.startsWith('bounded:'))
}
