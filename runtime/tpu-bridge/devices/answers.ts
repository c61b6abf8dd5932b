/** The form of what a device process answers: a model may have taken it over, and nothing that it says is believed before. */
import {
  asArray,
  asBytes,
  asText,
  asUint,
  atensor,
  DTYPES,
  elementCount,
  ERRORS,
  isObject,
  LIMITS,
  UtnetError,
  type Cbor,
  type NamedTensor,
  type PlainError,
  type TensorSpec,
} from '../../core/index.ts'
import type { VerifiedRun } from '../device.ts'
import type { Answers, Loaded, Reply, Request } from './thread-protocol.ts'

const wrong = (what: string): UtnetError => new UtnetError('request_invalid', `the answer has no ${what} that is one`)

function object(value: unknown, what: string): Readonly<Record<string, Cbor>> {
  if (!isObject(value)) throw wrong(what)
  return value as Readonly<Record<string, Cbor>>
}

function list(value: unknown, what: string): readonly Cbor[] {
  const items = asArray(value as Cbor, what)
  if (items.length > LIMITS.tensorsPerCall) throw wrong(what)
  return items
}

/** The reply, if it has the form of one. Throws. */
export function aReply(value: unknown): Reply {
  const reply = object(value, 'reply')
  const id = asUint(reply['id'], 'id')
  if ('ok' in reply) return { id, ok: reply['ok'] as unknown as Answers[keyof Answers] }
  return { id, error: anError(reply['error']) }
}

function anError(value: unknown): PlainError {
  const { code, message, extra } = object(value, 'error')
  if (typeof code !== 'string' || !Object.hasOwn(ERRORS, code)) throw wrong('code')
  const { hint, limit, used, allowed, details } = object(extra, 'extra')
  return {
    code: code as PlainError['code'],
    message: asText(message, 'message'),
    extra: {
      ...(hint === undefined ? {} : { hint: asText(hint, 'hint') }),
      ...(limit === undefined ? {} : { limit: asText(limit, 'limit') }),
      ...(used === undefined ? {} : { used: amount(used) }),
      ...(allowed === undefined ? {} : { allowed: amount(allowed) }),
      ...(details === undefined ? {} : { details: object(details, 'details') }),
    },
  }
}

/** A number, or a bigint as frames carry it. */
function amount(value: Cbor): number | bigint {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || !/^-?\d{1,20}$/.test(value)) throw wrong('amount')
  return BigInt(value)
}

/** What a request of that kind is answered with, if it has the form of that. Throws. */
export function anAnswer(op: Request['op'], ok: unknown): Answers[keyof Answers] {
  if (op === 'load') return aLoaded(ok)
  if (op === 'run') return tensors(ok)
  if (op === 'verified') return aVerified(ok)
  if (ok !== true) throw wrong('answer')
  return true
}

function aLoaded(value: unknown): Loaded {
  const { handle, inputs, outputs, bytes } = object(value, 'model')
  return { handle: asUint(handle, 'handle'), inputs: specs(inputs), outputs: specs(outputs), bytes: asUint(bytes, 'bytes') }
}

function specs(value: unknown): readonly TensorSpec[] {
  return list(value, 'specs').map((item) => {
    const { name, dtype, shape } = object(item, 'spec')
    if (typeof dtype !== 'string' || !Object.hasOwn(DTYPES, dtype)) throw wrong('dtype')
    const sides = asArray(shape, 'shape').map((side) => (side === -1 ? -1 : asUint(side, 'side')))
    if (sides.length > LIMITS.tensorRank) throw wrong('shape')
    return { name: asText(name, 'name'), dtype, shape: sides }
  })
}

function tensors(value: unknown): readonly NamedTensor[] {
  return list(value, 'tensors').map((item) => {
    const { name, dtype, shape, data } = object(item, 'tensor')
    const sides = asArray(shape, 'shape').map((side) => asUint(side, 'side'))
    elementCount(sides, 'tensor')
    const tensor = {
      name: asText(name, 'name'),
      dtype: asText(dtype, 'dtype') as NamedTensor['dtype'],
      shape: sides,
      data: asBytes(data, 'data'),
    }
    atensor(tensor, 'tensor')
    return tensor
  })
}

function aVerified(value: unknown): VerifiedRun {
  const { arithmetic, entries, checkpoints, exceptions, outputs, hashMs } = object(value, 'run')
  const pair = (item: Cbor): readonly [number, Cbor] => {
    const [at, what] = asArray(item, 'pair', 2)
    return [asUint(at, 'entry'), what as Cbor]
  }
  const roots = list(checkpoints, 'checkpoints').map(pair)
  const mixed = asArray(exceptions, 'exceptions').map(pair)
  return {
    arithmetic: asText(arithmetic, 'arithmetic'),
    entries: asUint(entries, 'entries'),
    checkpoints: roots.map(([at, root]) => [at, asBytes(root, 'root', 32)]),
    exceptions: mixed.map(([at, other]) => [at, asText(other, 'arithmetic')]),
    outputs: tensors(outputs),
    ...(typeof hashMs === 'number' ? { hashMs } : {}),
  }
}
