import fc from 'fast-check'
import { expect, test } from 'vitest'
import { awitValue, type WitType, type WitValue } from '../../core/index.ts'
import { codecOf, coreSignature, exportGlue, GuestMemory, GuestTrap, importGlue, layoutOf, type Core } from './index.ts'

/** A guest that only allocates, over a real memory. */
function guest(pages = 64): { m: GuestMemory; memory: WebAssembly.Memory; charged: () => number } {
  const memory = new WebAssembly.Memory({ initial: pages })
  let at = 64
  let charged = 0
  const realloc = (_old: number, _oldSize: number, align: number, size: number): number => {
    at = Math.ceil(at / align) * align
    const p = at
    at += size
    return p
  }
  return { m: new GuestMemory(memory, realloc, { charge: (gas) => void (charged += gas) }), memory, charged: () => charged }
}

const names = fc.uniqueArray(fc.constantFrom('a', 'b-c', 'd', 'e', 'f-g'), { minLength: 1, maxLength: 5 })

const types: fc.Arbitrary<WitType> = fc.letrec<{ type: WitType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<WitType>(
      ...(['bool', 'u8', 's8', 'u16', 's16', 'u32', 's32', 'u64', 's64', 'f32', 'f64', 'char', 'string'] as const).map((kind) => ({
        kind,
      })),
    ),
    names.map((n): WitType => ({ kind: 'enum', names: n })),
    fc.integer({ min: 1, max: 32 }).map((n): WitType => ({ kind: 'flags', names: Array.from({ length: n }, (_, i) => `n${i}`) })),
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

const text = fc.string({ unit: 'grapheme', maxLength: 12 })
const bigint = (n: bigint): number | bigint =>
  n >= BigInt(Number.MIN_SAFE_INTEGER) && n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : n
const bytesOf = (fill: (v: DataView) => void, n: number): Uint8Array => {
  const out = new Uint8Array(n)
  fill(new DataView(out.buffer))
  return out
}

function values(type: WitType): fc.Arbitrary<WitValue> {
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
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(bigint)
    case 's64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(bigint)
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
      return type.element.kind === 'u8' ? fc.uint8Array({ maxLength: 20 }) : fc.array(values(type.element), { maxLength: 4 })
    case 'option':
      return fc.oneof(
        fc.constant([]),
        values(type.some).map((v) => [v]),
      )
    case 'result': {
      const side = (tag: number, inner: WitType | undefined): fc.Arbitrary<WitValue> =>
        inner === undefined ? fc.constant([tag]) : values(inner).map((v) => [tag, v])
      return fc.oneof(side(0, type.ok), side(1, type.err))
    }
    case 'tuple':
      return fc.tuple(...type.items.map(values))
    case 'record':
      return fc.tuple(...type.fields.map((f) => values(f.type)))
    case 'variant':
      return fc.oneof(
        ...type.cases.map((c, i): fc.Arbitrary<WitValue> => (c.type === undefined ? fc.constant([i]) : values(c.type).map((v) => [i, v]))),
      )
    case 'enum':
      return fc.nat(type.names.length - 1)
    case 'flags':
      return fc.subarray(type.names.map((_, i) => i))
    default:
      return fc.nat()
  }
}

/** What a value looks like behind `any` core call: numbers of the joined types only. */
const typed = types.chain((type) => fc.tuple(fc.constant(type), values(type), fc.constantFrom('utf8' as const, 'utf16' as const)))

test('every value survives memory: store then load', () => {
  fc.assert(
    fc.property(typed, ([type, value, encoding]) => {
      const { m } = guest()
      const { size, align } = layoutOf(type)
      const at = m.allocate(size, align)
      codecOf(type, encoding).store(m, value, at)
      const back = codecOf(type, encoding).load(m, at)
      expect(back).toEqual(value)
      expect(awitValue(type, back, 'value')).toEqual(value)
    }),
    { numRuns: 500 },
  )
})

test('every value survives core values: lower then lift, in the types of its flattening', () => {
  fc.assert(
    fc.property(typed, ([type, value, encoding]) => {
      const { m } = guest()
      const out: Core[] = []
      codecOf(type, encoding).lower(m, value, out)
      const { flat } = layoutOf(type)
      expect(out.map((v) => typeof v)).toEqual([...flat].map((letter) => (letter === 'l' ? 'bigint' : 'number')))
      // What a real core call does to its arguments
      const through = out.map((v, i) =>
        flat[i] === 'l'
          ? BigInt.asIntN(64, v as bigint)
          : flat[i] === 'i'
            ? (v as number) | 0
            : flat[i] === 'f'
              ? Math.fround(v as number)
              : v,
      )
      expect(codecOf(type, encoding).lift(m, { values: through, at: 0 })).toEqual(value)
    }),
    { numRuns: 500 },
  )
})

test('a function of any types hands over arguments and result, as export and as import', () => {
  fc.assert(
    fc.property(fc.array(typed, { maxLength: 6 }), typed, (params, [resultType, resultValue]) => {
      const fn = { name: 'f', params: params.map(([type], i) => ({ name: `p${i}`, type })), result: resultType }
      const args = params.map(([, value]) => value)
      const { m } = guest()
      const lift = coreSignature(fn, 'lift')
      const lower = coreSignature(fn, 'lower')
      const glue = exportGlue(fn, 'utf16')
      const core = glue.lower(m, args)
      expect(core.length).toBe(lift.params.length)
      const import_ = importGlue(fn, 'utf16')
      const area = lower.area ? [m.allocate(layoutOf(resultType).size, layoutOf(resultType).align)] : []
      expect(import_.lift(m, [...core, ...area])).toEqual(args)
      const returned = import_.lower(m, resultValue, [...core, ...area])
      expect(glue.lift(m, lower.area ? area[0] : returned)).toEqual(resultValue)
    }),
    { numRuns: 300 },
  )
})

test('sizes and flattenings are those of the specification', () => {
  const field = (kind: 'u8' | 'u16' | 'u32' | 'u64' | 'string', name = 'x') => ({ name, type: { kind } as WitType })
  expect(layoutOf({ kind: 'record', fields: [field('u8'), field('u64'), field('u16')] })).toMatchObject({ size: 24, align: 8, flat: 'ili' })
  expect(layoutOf({ kind: 'option', some: { kind: 'string' } })).toMatchObject({ size: 12, align: 4, flat: 'iii' })
  expect(layoutOf({ kind: 'result', ok: { kind: 'f32' }, err: { kind: 'u64' } })).toMatchObject({ size: 16, align: 8, flat: 'il' })
  expect(layoutOf({ kind: 'flags', names: Array.from({ length: 9 }, (_, i) => `f${i}`) })).toMatchObject({ size: 2, align: 2, flat: 'i' })
  expect(layoutOf({ kind: 'enum', names: Array.from({ length: 257 }, (_, i) => `e${i}`) })).toMatchObject({ size: 2, align: 2, flat: 'i' })
  const seventeen = { name: 'f', params: Array.from({ length: 17 }, () => field('u32')), result: undefined }
  expect(coreSignature(seventeen, 'lower')).toMatchObject({ params: 'i', results: '', spilled: true })
})

test('what a hostile guest hands over is a trap', () => {
  const { m, memory } = guest(1)
  const view = new DataView(memory.buffer)
  const load =
    (type: WitType, encoding: 'utf8' | 'utf16' = 'utf8'): (() => unknown) =>
    () =>
      codecOf(type, encoding).load(m, 0)
  const pair = (pointer: number, length: number): void => {
    view.setUint32(0, pointer, true)
    view.setUint32(4, length, true)
  }
  const text: WitType = { kind: 'string' }
  for (const [pointer, length] of [
    [65_536, 1],
    [65_535, 2],
    [0xffff_ffff, 1],
    [0, 0xffff_ffff],
    [0xffff_fff0, 0x20],
  ]) {
    pair(pointer as number, length as number)
    expect(load(text)).toThrow(GuestTrap)
    expect(load(text, 'utf16')).toThrow(GuestTrap)
    expect(load({ kind: 'list', element: { kind: 'u8' } })).toThrow(GuestTrap)
    expect(load({ kind: 'list', element: { kind: 'u64' } })).toThrow(GuestTrap)
  }
  view.setUint16(16, 0xd800, true)
  pair(16, 1)
  expect(load(text, 'utf16'), 'a lone surrogate').toThrow(GuestTrap)
  view.setUint8(16, 0xff)
  expect(load(text), 'bad UTF-8').toThrow(GuestTrap)
  pair(17, 1)
  expect(load(text, 'utf16'), 'a pointer that is not aligned').toThrow(GuestTrap)
  expect(load({ kind: 'list', element: { kind: 'u32' } }), 'a list that is not aligned').toThrow(GuestTrap)
  pair(2, 0)
  expect(load({ kind: 'enum', names: ['a', 'b'] }), 'a discriminant out of range').toThrow(GuestTrap)
  expect(load({ kind: 'option', some: { kind: 'u8' } })).toThrow(GuestTrap)
  view.setUint32(0, 0xd800, true)
  expect(load({ kind: 'char' }), 'a surrogate as char').toThrow(GuestTrap)
  view.setUint32(0, 0x11_0000, true)
  expect(load({ kind: 'char' })).toThrow(GuestTrap)
})

test('a hostile allocator is a trap, and nothing is written where it points', () => {
  for (const answer of [65_535, 1, 0xffff_fff0, -4]) {
    const memory = new WebAssembly.Memory({ initial: 1 })
    const m = new GuestMemory(memory, () => answer, { charge: () => undefined })
    expect(() => codecOf({ kind: 'list', element: { kind: 'u32' } }, 'utf8').lower(m, [1, 2, 3], [])).toThrow(GuestTrap)
    expect(new Uint8Array(memory.buffer).every((byte) => byte === 0)).toBe(true)
  }
})

test('strings and lists are paid for before they are copied, however they overlap', () => {
  const { m, memory, charged } = guest(2)
  const view = new DataView(memory.buffer)
  for (let i = 0; i < 1_000; i++) {
    view.setUint32(1_024 + i * 8, 65_536, true)
    view.setUint32(1_028 + i * 8, 60_000, true)
  }
  view.setUint32(0, 1_024, true)
  view.setUint32(4, 1_000, true)
  codecOf({ kind: 'list', element: { kind: 'string' } }, 'utf8').load(m, 0)
  expect(charged()).toBeGreaterThan(60_000_000)
})
