/** Canonical bytes with one thing wrong, for every thing in turn. */
import { decode, encode, fromHex, parseCid, type Cbor } from '../../../runtime/core/index.ts'

export interface Spoilt {
  /** Where, and what was done there. */
  readonly what: string
  readonly bytes: Uint8Array
}

const flipped = (b: Uint8Array, at: number): Uint8Array => b.map((x, i) => (i === at ? x ^ 1 : x))

const isMap = (value: Cbor): value is { readonly [key: string]: Cbor } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array) && !('multihash' in value)

/** Where integers change their kind, in CBOR, in JavaScript or in what is written on disks: 2^n and what lies below it. */
export const EDGES: readonly bigint[] = [31n, 32n, 53n, 63n, 64n].flatMap((n) => [2n ** n - 1n, 2n ** n]).filter((n) => n < 2n ** 64n)

/** As amounts are written, up to the greatest of 16 bytes and one over; 2^64 is none of CBOR's own integers. */
const AMOUNTS: readonly (readonly [string, Uint8Array])[] = [1n, ...EDGES, 2n ** 64n, 2n ** 127n, 2n ** 128n - 1n, 2n ** 128n].map((n) => [
  `the amount ${n}`,
  fromHex(n.toString(16).padStart(n.toString(16).length + (n.toString(16).length % 2), '0')),
])
const AMOUNT_BYTES = 16

/** Words that are good in each other's place: kinds of messages of one shape, phases, what evidence is of. */
const WORDS: readonly string[] = ['prevote', 'precommit', 'proposal', 'lock', 'final']

const OTHER_CID = parseCid('bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi')

/** Values that stand nowhere in a good place, and the nearest wrong ones of the same kind. */
function wrongValues(value: Cbor): (readonly [string, Cbor])[] {
  const kinds: (readonly [string, Cbor])[] = [
    ['null', null],
    ['true', true],
    ['a text', 'no'],
    ['a list', [1]],
    ['a map', { a: 1 }],
    ['-1', -1],
    ['no bytes', new Uint8Array(0)],
  ]
  if (typeof value === 'number' || typeof value === 'bigint')
    return [
      ...kinds,
      ['one more', (BigInt(value) + 1n) as Cbor],
      ['one less', (BigInt(value) - 1n) as Cbor],
      ...[0n, 1n, ...EDGES].map((n) => [`${n}`, n] as const),
      ['the least', -(2n ** 63n)],
    ]
  if (typeof value === 'boolean') return [...kinds, ['the opposite', !value]]
  if (typeof value === 'string') {
    const words = WORDS.includes(value) ? WORDS.filter((word) => word !== value) : []
    return [...kinds, ['longer', `${value}x`], ['nothing', ''], ...words.map((word) => [word, word] as const)]
  }
  if (value instanceof Uint8Array)
    return [
      ...kinds,
      ['one byte less', value.slice(1)],
      ['one byte more', Uint8Array.from([...value, 0])],
      ...(value.length > AMOUNT_BYTES ? [] : AMOUNTS),
      ...(value.length === 0
        ? []
        : ([
            ['its first bit', flipped(value, 0)],
            ['its last bit', flipped(value, value.length - 1)],
            ['zeros', new Uint8Array(value.length)],
            ['ones', new Uint8Array(value.length).fill(255)],
          ] as const)),
    ]
  if (Array.isArray(value))
    return [
      ...kinds,
      ['one more item', [...(value as Cbor[]), null]],
      ...(value.length === 0 ? [] : ([['one item less', value.slice(0, -1) as Cbor]] as const)),
      ...(value.length < 2 ? [] : ([['items turned', [...value].reverse() as Cbor]] as const)),
    ]
  if (isMap(value)) return [...kinds, ['one more field', { ...value, zz: 0 }]]
  return [...kinds, ['another CID', OTHER_CID]]
}

/** The value that bytes within a value hold, where they hold a list or a map in canonical form. */
function valueIn(bytes: Uint8Array): Cbor | undefined {
  try {
    const value = decode(bytes, 'bytes', bytes.length)
    return Array.isArray(value) || isMap(value) ? value : undefined
  } catch {
    return undefined
  }
}

function* inside(value: Cbor, path: string, put: (changed: Cbor) => Cbor): Generator<readonly [string, Cbor]> {
  for (const [what, wrong] of wrongValues(value)) yield [`${path}: ${what}`, put(wrong)]
  const held = value instanceof Uint8Array ? valueIn(value) : undefined
  if (held !== undefined) yield* inside(held, path, (changed) => put(encode(changed)))
  if (Array.isArray(value)) {
    const list = value as readonly Cbor[]
    for (const [i, item] of list.entries())
      yield* inside(item, `${path}[${i}]`, (changed) => put([...list.slice(0, i), changed, ...list.slice(i + 1)]))
  } else if (isMap(value)) {
    for (const [key, item] of Object.entries(value)) {
      const { [key]: _, ...rest } = value
      yield [`${path}.${key}: missing`, put(rest)]
      yield* inside(item, `${path}.${key}`, (changed) => put({ ...value, [key]: changed }))
    }
  }
}

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((x, i) => x === b[i])

/** Values with each field wrong in turn, in lists, maps and encoded values within too. What comes out the same is left out. */
export function* spoiltValues(value: Cbor, name: string): Generator<readonly [string, Cbor]> {
  const good = encode(value)
  for (const [what, changed] of inside(value, name, (v) => v)) if (!same(encode(changed), good)) yield [what, changed]
}

/** The bytes with each field wrong in turn, cut short, longer, and with single bits turned: about `bits` of them, evenly spread. */
export function* spoiltBytes(bytes: Uint8Array, name: string, bits = 64): Generator<Spoilt> {
  for (const [what, value] of spoiltValues(decode(bytes, name, bytes.length), name)) yield { what, bytes: encode(value) }
  const step = Math.max(1, Math.floor((bytes.length * 8) / bits))
  for (let bit = 0; bit < bytes.length * 8; bit += step) {
    const turned = bytes.slice()
    turned[bit >> 3] = (turned[bit >> 3] as number) ^ (1 << (bit & 7))
    yield { what: `${name}: bit ${bit}`, bytes: turned }
  }
  for (const length of new Set([0, 1, bytes.length >> 1, bytes.length - 1]))
    yield { what: `${name}: cut at ${length}`, bytes: bytes.slice(0, length) }
  yield { what: `${name}: one byte more`, bytes: Uint8Array.from([...bytes, 0]) }
}
