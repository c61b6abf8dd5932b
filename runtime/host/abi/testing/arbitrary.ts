/** For tests: random WIT types, and random values of a type in canonical form. */
import fc from 'fast-check'
import type { WitType, WitValue } from '../../../core/index.ts'
import type { StringEncoding } from '../memory.ts'

const SCALARS = ['bool', 'u8', 's8', 'u16', 's16', 'u32', 's32', 'u64', 's64', 'f32', 'f64', 'char', 'string'] as const
const names = fc.uniqueArray(fc.constantFrom('a', 'b-c', 'd', 'e', 'f-g'), { minLength: 1, maxLength: 5 })

/** Types of every kind but handles, some four levels deep. */
export const witTypes: fc.Arbitrary<WitType> = fc.letrec<{ type: WitType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<WitType>(...SCALARS.map((kind) => ({ kind }))),
    names.map((n): WitType => ({ kind: 'enum', names: n })),
    fc.constantFrom(1, 8, 9, 16, 17, 31, 32).map((n): WitType => ({ kind: 'flags', names: Array.from({ length: n }, (_, i) => `n${i}`) })),
    tie('type').map((element): WitType => ({ kind: 'list', element })),
    tie('type').map((some): WitType => ({ kind: 'option', some })),
    fc
      .tuple(fc.option(tie('type'), { nil: undefined }), fc.option(tie('type'), { nil: undefined }))
      .map(([ok, err]): WitType => ({ kind: 'result', ok, err })),
    fc.array(tie('type'), { minLength: 1, maxLength: 4 }).map((items): WitType => ({ kind: 'tuple', items })),
    fc
      .tuple(names, fc.array(tie('type'), { minLength: 5, maxLength: 5 }))
      .map(([n, t]): WitType => ({ kind: 'record', fields: n.map((name, i) => ({ name, type: t[i] as WitType })) })),
    fc
      .tuple(names, fc.array(fc.option(tie('type'), { nil: undefined }), { minLength: 5, maxLength: 5 }))
      .map(([n, t]): WitType => ({ kind: 'variant', cases: n.map((name, i) => ({ name, type: t[i] })) })),
  ),
})).type

export const encodings: fc.Arbitrary<StringEncoding> = fc.constantFrom('utf8', 'utf16', 'latin1+utf16')

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 40 }).filter((s) => s.isWellFormed()),
  fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
)
const integer = (n: bigint): number | bigint =>
  n >= BigInt(Number.MIN_SAFE_INTEGER) && n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : n
const bytesOf = (fill: (v: DataView) => void, n: number): Uint8Array => {
  const out = new Uint8Array(n)
  fill(new DataView(out.buffer))
  return out
}

/** Values of a type; NaNs are canonical. */
export function witValues(type: WitType): fc.Arbitrary<WitValue> {
  switch (type.kind) {
    case 'bool':
      return fc.boolean()
    case 'u8':
    case 'u16':
    case 'u32':
      return fc.integer({ min: 0, max: 2 ** Number(type.kind.slice(1)) - 1 })
    case 's8':
    case 's16':
    case 's32': {
      const top = 2 ** (Number(type.kind.slice(1)) - 1)
      return fc.integer({ min: -top, max: top - 1 })
    }
    case 'u64':
      return fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n })).map(integer)
    case 's64':
      return fc
        .oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -(2n ** 53n) - 3n, max: 3n - 2n ** 53n }))
        .map(integer)
    case 'f32':
      return fc.float().map((n) => bytesOf((v) => (Number.isNaN(n) ? v.setUint32(0, 0x7fc0_0000, true) : v.setFloat32(0, n, true)), 4))
    case 'f64':
      return fc
        .double()
        .map((n) => bytesOf((v) => (Number.isNaN(n) ? v.setBigUint64(0, 0x7ff8_0000_0000_0000n, true) : v.setFloat64(0, n, true)), 8))
    case 'char':
      return fc.integer({ min: 0, max: 0x10_ffff - 0x800 }).map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800))
    case 'string':
      return text
    case 'list':
      return type.element.kind === 'u8' ? fc.uint8Array({ maxLength: 20 }) : fc.array(witValues(type.element), { maxLength: 4 })
    case 'option':
      return fc.oneof(
        fc.constant([]),
        witValues(type.some).map((v) => [v]),
      )
    case 'result': {
      const side = (tag: number, inner: WitType | undefined): fc.Arbitrary<WitValue> =>
        inner === undefined ? fc.constant([tag]) : witValues(inner).map((v) => [tag, v])
      return fc.oneof(side(0, type.ok), side(1, type.err))
    }
    case 'tuple':
      return fc.tuple(...type.items.map(witValues))
    case 'record':
      return fc.tuple(...type.fields.map((f) => witValues(f.type)))
    case 'variant':
      return fc.oneof(
        ...type.cases.map((c, i): fc.Arbitrary<WitValue> =>
          c.type === undefined ? fc.constant([i]) : witValues(c.type).map((v) => [i, v]),
        ),
      )
    case 'enum':
      return fc.nat(type.names.length - 1)
    case 'flags':
      return fc.subarray(type.names.map((_, i) => i))
    default:
      return fc.nat()
  }
}
