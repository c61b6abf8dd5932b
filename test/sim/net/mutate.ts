/** Changes one place of a value, by the structure that its encoding has: what a decoder lets through is then looked at by what stands behind it. */
import { CID, decode, encode, isUtnetError, type Cbor } from '../../../runtime/core/index.ts'

type Random = () => number
type Path = readonly (string | number)[]

const ODD: readonly Cbor[] = [0, 1, 255, 2 ** 32, 2 ** 53 - 1, null, true, '', new Uint8Array(0), new Uint8Array(32), [], {}]

const isMap = (v: Cbor): v is { readonly [key: string]: Cbor } =>
  typeof v === 'object' && v !== null && !Array.isArray(v) && !(v instanceof Uint8Array) && CID.asCID(v) === null

const under = (v: Cbor): readonly (readonly [string | number, Cbor])[] =>
  Array.isArray(v) ? v.map((item: Cbor, i) => [i, item] as const) : isMap(v) ? Object.entries(v) : []

const pathsOf = (v: Cbor, at: Path = []): Path[] => [at, ...under(v).flatMap(([key, item]) => pathsOf(item, [...at, key]))]

const at = (v: Cbor, path: Path): Cbor => path.reduce((value, key) => under(value).find(([k]) => k === key)?.[1] ?? null, v)

function replaced(v: Cbor, [key, ...rest]: Path, by: Cbor): Cbor {
  if (key === undefined) return by
  const put = (k: string | number, item: Cbor): Cbor => (k === key ? replaced(item, rest, by) : item)
  if (Array.isArray(v)) return v.map((item: Cbor, i) => put(i, item))
  return isMap(v) ? Object.fromEntries(Object.entries(v).map(([k, item]) => [k, put(k, item)])) : v
}

/** The canonical bytes within bytes with one place of theirs changed, or a bit. */
function bytesLike(bytes: Uint8Array, random: Random): Uint8Array {
  try {
    if (random() < 0.3) return encode(mutated(decode(bytes), random, []))
  } catch (error) {
    if (!isUtnetError(error)) throw error
  }
  if (random() < 0.3) return bytes.slice(0, Math.floor(random() * (bytes.length + 1)))
  const out = bytes.slice()
  const bit = Math.floor(random() * out.length * 8)
  if (out.length > 0) out[bit >> 3] = (out[bit >> 3] as number) ^ (1 << (bit & 7))
  return out
}

function like(value: Cbor, random: Random): Cbor {
  if (value instanceof Uint8Array) return bytesLike(value, random)
  if (typeof value === 'number') return Math.max(0, value + (random() < 0.5 ? 1 : -1))
  if (typeof value === 'boolean') return !value
  if (Array.isArray(value)) return random() < 0.5 ? value.slice(0, -1) : [...value, ...value.slice(-1)]
  return ODD[Math.floor(random() * ODD.length)] as Cbor
}

/** `value` with one place changed: a little, for an odd value, or for what stands in that place of one of the others. */
export function mutated(value: Cbor, random: Random, others: readonly Cbor[]): Cbor {
  const paths = pathsOf(value)
  const path = paths[Math.floor(random() * paths.length)] as Path
  const other = others[Math.floor(random() * others.length)]
  const kind = random()
  if (kind < 0.1) return replaced(value, path, ODD[Math.floor(random() * ODD.length)] as Cbor)
  if (kind < 0.35 && other !== undefined) return replaced(value, path, at(other, path))
  return replaced(value, path, like(at(value, path), random))
}
