import fc from 'fast-check'
import { expect, test } from 'vitest'
import { awitValue, LIMITS, PARAMS, type WitFunction, type WitType } from '../../core/index.ts'
import { exportGlueText, importGlueText } from './call.ts'
import { coreSignature, exportGlue, GuestMemory, GuestTrap, importGlue, layoutOf, type Core } from './index.ts'
import { encodings, witTypes, witValues } from './testing/arbitrary.ts'
import { interpretedExport, interpretedImport } from './testing/interpreted.ts'

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

const typed = witTypes.chain((type) => fc.tuple(fc.constant(type), witValues(type)))
const calls = fc.tuple(fc.array(typed, { maxLength: 6 }), fc.option(typed, { nil: undefined }), encodings)

const functionOf = (params: readonly (readonly [WitType, unknown])[], result: readonly [WitType, unknown] | undefined): WitFunction => ({
  name: 'f',
  params: params.map(([type], i) => ({ name: `p${i}`, type })),
  result: result?.[0],
})

/** What a real core call does to its arguments. */
const through = (core: readonly Core[], flat: string): Core[] =>
  core.map((v, i) => {
    expect(typeof v).toBe(flat[i] === 'l' ? 'bigint' : 'number')
    if (flat[i] === 'l') return BigInt.asIntN(64, v as bigint)
    return flat[i] === 'i' ? (v as number) | 0 : flat[i] === 'f' ? Math.fround(v as number) : v
  })

test('a function of any types hands over arguments and result, as export and as import; the oracle of closures gives the same bytes and gas', () => {
  fc.assert(
    fc.property(calls, ([params, result, encoding]) => {
      const fn = functionOf(params, result)
      const args = params.map(([, value]) => value)
      const lift = coreSignature(fn, 'lift')
      const lower = coreSignature(fn, 'lower')
      const place = result === undefined ? { size: 0, align: 1 } : layoutOf(result[0])
      const pass = (export_: ReturnType<typeof exportGlue>, import_: ReturnType<typeof importGlue>) => {
        const { m, memory, charged } = guest()
        const core = through(export_.lower(m, args), lift.params)
        expect(core.length).toBe(lift.params.length)
        const area = lower.area ? [m.allocate(place.size, place.align)] : []
        const seen = import_.lift(m, [...core, ...area])
        const returned = import_.lower(m, result === undefined ? null : result[1], [...core, ...area])
        const back = export_.lift(m, lower.area ? area[0] : returned === undefined ? undefined : through([returned], lower.results)[0])
        return { core, seen, returned, back, charged: charged(), bytes: Buffer.from(memory.buffer).subarray(0, 65_536).toString('base64') }
      }
      const ours = pass(exportGlue(fn, encoding), importGlue(fn, encoding))
      expect(ours.seen).toEqual(args)
      expect(ours.back).toEqual(result === undefined ? null : result[1])
      params.forEach(([type, value]) => expect(awitValue(type, value, 'value')).toEqual(value))
      expect(ours).toEqual(pass(interpretedExport(fn, encoding), interpretedImport(fn, encoding)))
    }),
    { numRuns: 400 },
  )
})

test('the glue of a function is one object, and nothing of a name gets into its text', () => {
  const hostile = '`}); process.exit(1); ({ "\n'
  const fn = functionOf(
    [],
    [{ kind: 'record', name: hostile, fields: [{ name: hostile, type: { kind: 'enum', names: [hostile, 'b'] } }] }, null],
  )
  expect(importGlue(fn, 'utf8')).toBe(importGlue(fn, 'utf8'))
  expect(importGlue(fn, 'utf8')).not.toBe(importGlue(fn, 'utf16'))
  const { m } = guest()
  expect(importGlue(fn, 'utf8').lower(m, [1], [])).toBe(1)
  expect(exportGlueText({ ...fn, name: hostile, params: [{ name: hostile, type: fn.result as WitType }] }, 'utf16')).not.toContain(
    'process',
  )
})

test('golden: the glue of one small export and of the import of the same type', async () => {
  const entry: WitType = {
    kind: 'record',
    fields: [
      { name: 'to', type: { kind: 'string' } },
      { name: 'amount', type: { kind: 'u64' } },
    ],
  }
  const fn: WitFunction = {
    name: 'pay',
    params: [
      { name: 'entries', type: { kind: 'list', element: entry } },
      { name: 'memo', type: { kind: 'option', some: { kind: 'f32' } } },
    ],
    result: { kind: 'result', ok: { kind: 'u32' }, err: { kind: 'string' } },
  }
  await expect(exportGlueText(fn, 'utf16')).toMatchFileSnapshot('testing/golden/export.txt')
  await expect(importGlueText(fn, 'utf8')).toMatchFileSnapshot('testing/golden/import.txt')
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
      exportGlue(functionOf([], [{ kind: 'tuple', items: [type, { kind: 'u64' }] }, null]), encoding).lift(m, 0)
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
    const list: WitType = { kind: 'list', element: { kind: 'u32' } }
    expect(() => exportGlue(functionOf([[list, null]], undefined), 'utf8').lower(m, [[1, 2, 3]])).toThrow(GuestTrap)
    expect(new Uint8Array(memory.buffer).every((byte) => byte === 0)).toBe(true)
  }
})

/** A list of `count` strings that are all the same `length` bytes of memory. */
function overlapping(memory: WebAssembly.Memory, count: number, length: number): void {
  const view = new DataView(memory.buffer)
  for (let i = 0; i < count; i++) {
    view.setUint32(1_024 + i * 8, 65_536, true)
    view.setUint32(1_028 + i * 8, length, true)
  }
  view.setUint32(0, 1_024, true)
  view.setUint32(4, count, true)
}
const STRINGS = functionOf([], [{ kind: 'list', element: { kind: 'string' } }, null])

test('strings and lists are paid for before they are copied, however they overlap', () => {
  const { m, memory, charged } = guest(2)
  overlapping(memory, 1_000, 60_000)
  exportGlue(STRINGS, 'utf8').lift(m, 0)
  expect(charged()).toBeGreaterThan(60_000_000)
})

test('a string, a list and each element of one cost `item` beside their bytes, in and out', () => {
  const { byteIn, byteOut, item } = PARAMS.host
  const texts = functionOf([[{ kind: 'list', element: { kind: 'string' } }, null]], undefined)
  const glue = { out: exportGlue(texts, 'utf16'), in: importGlue(texts, 'utf16') }
  const { m, charged } = guest()
  const core = glue.out.lower(m, [['ab', 'c', '']])
  // The list, its three elements of 8 bytes, and their texts
  const [bytes, items] = [3 * 8 + 6, 1 + 3 + 3]
  expect(charged()).toBe(bytes * byteOut + items * item)
  glue.in.lift(m, core)
  expect(charged()).toBe(bytes * (byteOut + byteIn) + 2 * items * item)
})

test('what one call hands over takes valueBytes of the host at most, and each call begins anew', () => {
  const { m, memory } = guest(33)
  const length = LIMITS.valueBytes / 64 - 72
  // 8 bytes of an element, 32 of an item each for it and its string
  overlapping(memory, 64, length)
  expect(() => exportGlue(STRINGS, 'utf8').lift(m, 0), 'the list itself is 32 over').toThrow('valueBytes')
  overlapping(memory, 64, length - 1)
  for (let i = 0; i < 2; i++) expect((exportGlue(STRINGS, 'utf8').lift(m, 0) as string[]).length).toBe(64)
})
