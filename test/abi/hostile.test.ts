/** Guests that break the canonical ABI on purpose, through the whole host: each run ends as a trap or out of gas, and the host lives on. */
import { componentEmbed, componentNew } from '@bytecodealliance/jco'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  awitValue,
  LIMITS,
  printWitType,
  type RunOutcome,
  type WitFunction,
  type WitType,
  type WitValue,
} from '../../runtime/core/index.ts'
import { coreSignature, exportGlue, GuestMemory, GuestTrap, importGlue, layoutOf, type Core } from '../../runtime/host/abi/index.ts'
import { encodings, witTypes, witValues } from '../../runtime/host/abi/testing/arbitrary.ts'
import { buildText } from '../../runtime/host/build/testing/guests.ts'
import { CONTEXT, simulatedEnv, testHost } from '../../runtime/host/testing/host.ts'
import { wat } from '../../runtime/host/testing/wat.ts'

const HOST_WIT = `
package utnet:host@0.1.0 {
  interface storage { get: func(key: list<u8>) -> option<list<u8>>; set: func(key: list<u8>, value: list<u8>); }
  interface events { emit: func(name: string, data: list<u8>); }
}`
const STORAGE = 'import utnet:host/storage@0.1.0;'

type Encoding = 'utf8' | 'utf16' | 'compact-utf16'

async function component(world: string, core: string, stringEncoding: Encoding = 'utf8'): Promise<Uint8Array> {
  const embedded = await componentEmbed({
    binary: await wat(core),
    witSource: `package t:t;\nworld t { ${world} }\n${HOST_WIT}`,
    stringEncoding,
  })
  return new Uint8Array(await componentNew(embedded, []))
}

const host = testHost()

async function run(bytes: Uint8Array, entry: string, args: readonly WitValue[] = [], gasLimit = 10_000_000n): Promise<RunOutcome> {
  const { module } = await host.admit(bytes)
  return host.executor.run({ module, entry, args, gasLimit, env: simulatedEnv() })
}

const REALLOC =
  '(global $p (mut i32) (i32.const 4096)) (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local.set 0 (global.get $p)) (global.set $p (i32.and (i32.add (i32.add (global.get $p) (local.get 3)) (i32.const 15)) (i32.const -16))) (local.get 0))'

/** A guest whose export `f` gives `pointer` as the place of its result; `data` is stored first, words at 1024. */
const returning = (pointer: number, words: readonly number[]): string => `(module (memory (export "memory") 1)
  (func (export "f") (result i32)
    ${words.map((w, i) => `(i32.store (i32.const ${1024 + i * 4}) (i32.const ${w | 0}))`).join('\n')}
    (i32.const ${pointer | 0})))`

const END = 65_536

// [what, type, pointer, words there, outcome]
const RESULTS: readonly (readonly [string, string, number, readonly number[], 'trap' | 'out-of-gas' | WitValue, Encoding?])[] = [
  ['a place past the end', 'string', END, [], 'trap'],
  ['a place that ends past the end', 'string', END - 4, [], 'trap'],
  ['the last place there is', 'string', END - 8, [], ''],
  ['a place near 2^32', 'string', -8, [], 'trap'],
  ['a place that is not aligned', 'string', 1026, [], 'trap'],
  ['a string at the end', 'string', 1024, [END - 1, 1], '\0'],
  ['a string one past the end', 'string', 1024, [END - 1, 2], 'trap'],
  ['an empty string past the end', 'string', 1024, [END + 1, 0], 'trap'],
  ['a string of 2^32 - 1 bytes', 'string', 1024, [0, -1], 'trap'],
  ['a string whose end wraps around', 'string', 1024, [-16, 32], 'trap'],
  ['2^31 code units, 2^32 bytes', 'string', 1024, [0, 0x8000_0000], 'trap', 'utf16'],
  ['a string that is not aligned', 'string', 1024, [1025, 1], 'trap', 'utf16'],
  ['a lone surrogate', 'string', 1024, [1032, 1, 0xd800], 'trap', 'utf16'],
  ['surrogates in the wrong order', 'string', 1024, [1032, 2, 0xd800_dc00], 'trap', 'utf16'],
  ['a lone surrogate among many', 'string', 1024, [0, 2_000, 0xdc00], 'trap', 'utf16'],
  ['bytes that are no UTF-8', 'string', 1024, [1032, 2, 0xff], 'trap'],
  ['a surrogate in UTF-8', 'string', 1024, [1032, 3, 0x80_a0ed], 'trap'],
  ['a character cut off', 'string', 1024, [1032, 1, 0xc3], 'trap'],
  ['an overlong zero', 'string', 1024, [1032, 2, 0x80c0], 'trap'],
  ['latin-1', 'string', 1024, [1032, 2, 0xffe9], 'éÿ', 'compact-utf16'],
  ['UTF-16 under its tag', 'string', 1024, [1032, 0x8000_0001, 0x20ac], '€', 'compact-utf16'],
  ['a lone surrogate under the tag', 'string', 1024, [1032, 0x8000_0001, 0xd800], 'trap', 'compact-utf16'],
  ['2^31 - 1 code units under the tag', 'string', 1024, [0, -1], 'trap', 'compact-utf16'],
  ['latin-1 that is not aligned', 'string', 1024, [1033, 1], 'trap', 'compact-utf16'],
  ['a list whose bytes pass 2^32', 'list<u64>', 1024, [0, 0x2000_0001], 'trap'],
  ['2^32 / 8 lists in a small memory', 'list<list<u8>>', 1024, [0, 0x1fff_ffff], 'trap'],
  ['a list that is not aligned', 'list<u32>', 1024, [1026, 1], 'trap'],
  ['lists that are the memory, over and over', 'list<list<bool>>', 1024, [1032, 2, 0, END, 0, END], 'out-of-gas'],
  ['a list that holds itself', 'list<list<u8>>', 1024, [1024, 1], [new Uint8Array([0])]],
  ['an option that is neither', 'option<u32>', 1024, [2, 7], 'trap'],
  ['a result that is neither', 'tuple<result<u32, string>, u8>', 1024, [0xff], 'trap'],
  ['an enum past its cases', 'tuple<e, u32>', 1024, [3], 'trap'],
  ['a variant past its cases', 'tuple<v, u32>', 1024, [2], 'trap'],
  ['a char that is a surrogate', 'tuple<char, u32>', 1024, [0xd800], 'trap'],
  ['a char past the last', 'tuple<char, u32>', 1024, [0x11_0000], 'trap'],
  ['a char of all bits', 'tuple<char, u32>', 1024, [-1], 'trap'],
  ['a bool that is 2', 'tuple<bool, u32>', 1024, [2, 7], [true, 7]],
  ['flags beyond their names', 'tuple<x, u32>', 1024, [0xfe, 7], [[1], 7]],
]

test.each(RESULTS.map((row) => [row[0], row[1], row] as const))('%s (%s)', async (_, type, row) => {
  const [, , pointer, words, outcome, encoding = 'utf8'] = row
  const world = `enum e { a, b, c } variant v { a(string), b } flags x { a, b } export f: func() -> ${type};`
  const ending = await run(await component(world, returning(pointer, words), encoding), 'f', [], 2_000_000n)
  if (outcome === 'trap' || outcome === 'out-of-gas') expect(ending).toMatchObject({ status: outcome, result: null, gas: 2_000_000n })
  else if (outcome === '') expect(ending).toMatchObject({ status: 'ok' })
  else expect(ending).toMatchObject({ status: 'ok', result: outcome })
})

test.each([
  ['a char', 'char', 0xd800],
  ['an enum', 'e', 3],
  ['an enum of all bits', 'e', -1],
  ['a result', 'result', 2],
])('%s that is none, as a core value', async (_, type, value) => {
  const core = `(module (memory (export "memory") 1) (func (export "f") (result i32) (i32.const ${value})))`
  expect(await run(await component(`enum e { a, b, c } export f: func() -> ${type};`, core), 'f')).toMatchObject({ status: 'trap' })
})

const allocating = (body: string): string => `(module (memory (export "memory") 1 64)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) ${body})
  (func (export "f") (param i32 i32) (result i32) (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16)))`

// [what the allocator does, its body, outcome]
test.each([
  ['gives a place past the end', '(i32.const 65536)', 'trap'],
  ['gives a place that ends past the end', '(i32.const 65535)', 'trap'],
  ['gives a place near 2^32', '(i32.const -4)', 'trap'],
  ['gives a place that is not aligned', '(i32.const 1025)', 'trap'],
  ['traps', 'unreachable', 'trap'],
  ['never ends', '(loop (br 0)) (i32.const 0)', 'out-of-gas'],
  ['grows the memory, which moves', '(i32.mul (memory.grow (i32.const 1)) (i32.const 65536))', 'ok'],
  [
    'grows the memory by nothing, which detaches it',
    '(i32.add (i32.mul (memory.grow (i32.const 0)) (i32.const 0)) (i32.const 1024))',
    'ok',
  ],
] as const)('an allocator that %s', async (_, body, status) => {
  const bytes = await component('export f: func(s: string) -> string;', allocating(body), 'utf16')
  for (const text of ['short', 'a text that is no longer short, so that it takes the other way']) {
    expect(await run(bytes, 'f', [text])).toMatchObject(status === 'ok' ? { status, result: text } : { status, result: null })
  }
})

test("an allocator that gives the same place again and again only spoils what is the guest's", async () => {
  const bytes = await component('export f: func(s: list<string>) -> list<string>;', allocating('(i32.const 1024)'), 'utf16')
  const { status } = await run(bytes, 'f', [['abc', 'de', 'f']])
  expect(['ok', 'trap', 'out-of-gas']).toContain(status)
})

test('the allocator and post-return may not call out', async () => {
  const get = '(import "utnet:host/storage@0.1.0" "get" (func $get (param i32 i32 i32)))'
  const call = '(call $get (i32.const 0) (i32.const 1) (i32.const 64))'
  const inAllocator = `(module ${get} (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) ${call} (i32.const 1024))
    (func (export "f") (param i32 i32)))`
  const inPostReturn = `(module ${get} (memory (export "memory") 1) ${REALLOC}
    (func (export "f") (result i32) (i32.const 1024)) (func (export "cabi_post_f") (param i32) ${call}))`
  expect(await run(await component(`${STORAGE} export f: func(s: string);`, inAllocator), 'f', ['x'])).toMatchObject({
    status: 'trap',
    message: expect.stringContaining('from its allocator'),
  })
  expect(await run(await component(`${STORAGE} export f: func() -> string;`, inPostReturn), 'f')).toMatchObject({ status: 'trap' })
})

test('a post-return that never ends is paid for', async () => {
  const core = `(module (memory (export "memory") 1) (func (export "f") (result i32) (i32.const 1024)) (func (export "cabi_post_f") (param i32) (loop (br 0))))`
  expect(await run(await component('export f: func() -> string;', core), 'f')).toMatchObject({ status: 'out-of-gas' })
})

// [what, arguments of storage.get: pointer, length, place of the result]
test.each([
  ['a key past the end', 65_535, 2, 64],
  ['a key near 2^32', -1, 1, 64],
  ['a key of 2^32 - 1 bytes', 0, -1, 64],
  ['a place of the result past the end', 0, 1, 65_528],
  ['a place of the result near 2^32', 0, 1, -4],
  ['a place of the result that is not aligned', 0, 1, 66],
])('a host call with %s', async (_, pointer, length, place) => {
  const core = `(module (import "utnet:host/storage@0.1.0" "get" (func $get (param i32 i32 i32))) (memory (export "memory") 1) ${REALLOC}
    (func (export "f") (call $get (i32.const ${pointer}) (i32.const ${length}) (i32.const ${place}))))`
  expect(await run(await component(`${STORAGE} export f: func();`, core), 'f')).toMatchObject({ status: 'trap' })
})

test('a bad place of the result has no effect: it is checked before the host does anything', async () => {
  const core = `(module (import "utnet:host/events@0.1.0" "emit" (func $emit (param i32 i32 i32 i32))) (memory (export "memory") 1)
    (func (export "f") (i32.store8 (i32.const 0) (i32.const 255)) (call $emit (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0))))`
  const { module } = await host.admit(await component('import utnet:host/events@0.1.0; export f: func();', core))
  const env = simulatedEnv()
  expect(host.executor.run({ module, entry: 'f', args: [], gasLimit: 1_000_000n, env })).toMatchObject({ status: 'trap' })
  expect(env.events).toEqual([])
})

const HANDLES = `
import { Request, Response } from '@utnet/sdk/http'
import { dropFields, dropIncomingRequest, dropOutgoingResponse, fieldsEntries, incomingRequestHeaders, newFields, newOutgoingResponse } from '@utnet/sdk/raw/http-types'
export function handle(request: Request): Response {
  const path = request.path
  if (path == '/double-drop') { const f = newFields(); dropFields(f); dropFields(f) }
  else if (path == '/never-made') dropFields(99)
  else if (path == '/negative') dropFields(-1)
  else if (path == '/zero') fieldsEntries(0)
  else if (path == '/wrong-kind') dropIncomingRequest(newFields())
  else if (path == '/after-move') { const f = newFields(); newOutgoingResponse(f); fieldsEntries(f) }
  else if (path == '/moved-twice') { const f = newFields(); newOutgoingResponse(f); newOutgoingResponse(f) }
  else if (path == '/reused') { const f = newFields(); dropFields(f); const r = newOutgoingResponse(newFields()); dropOutgoingResponse(r); fieldsEntries(f) }
  return new Response(204)
}`

test('a handle that is none, of another kind, moved away or dropped before is a trap', async () => {
  const { module } = await host.admit((await buildText('function', { 'index.ts': HANDLES }, 'handles')).component)
  const ask = async (path: string) =>
    (
      await host.invoke({
        module,
        request: { method: 'GET', path, headers: [], body: new Uint8Array(0) },
        context: CONTEXT,
        gasLimit: 50_000_000n,
      })
    ).status
  expect(await ask('/')).toBe('ok')
  for (const path of ['/double-drop', '/never-made', '/negative', '/zero', '/wrong-kind', '/after-move', '/moved-twice', '/reused']) {
    expect([path, await ask(path)]).toEqual([path, 'trap'])
  }
})

const FUZZ = Number(process.env['ABI_FUZZ'] ?? 1_500)
const PAGE = 65_536

/** Bytes that look like pointers, lengths and tags more often than chance. */
const words = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.nat(3) },
    { weight: 3, arbitrary: fc.nat(64).map((n) => n * 8) },
    { weight: 2, arbitrary: fc.nat(PAGE) },
    { weight: 1, arbitrary: fc.constantFrom(0xffff_ffff, 0x8000_0000, 0x7fff_ffff, 0x1fff_ffff, 0xd800, 0xdc00_d800, PAGE - 1, PAGE) },
    { weight: 1, arbitrary: fc.integer() },
  ),
  { minLength: 256, maxLength: 256 },
)

test('random bytes under random types: a value of the type or a GuestTrap, never more than the limit', () => {
  let values = 0
  let traps = 0
  const sum = { charge: 0 }
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
  const m = new GuestMemory(memory, undefined, {
    charge: (gas) => {
      if (!(gas >= 0)) throw new Error(`a charge of ${gas}`)
      sum.charge += gas
    },
  })
  const lift = (type: WitType, read: () => unknown): void => {
    sum.charge = 0
    try {
      const value = read()
      awitValue(type, value, printWitType(type))
      values++
    } catch (error) {
      if (!(error instanceof GuestTrap)) throw error
      traps++
    }
    // Beyond what is paid for the host made nothing: a list is charged in one piece before it is made
    expect(sum.charge).toBeLessThanOrEqual(LIMITS.valueBytes + 0xffff_ffff)
  }
  fc.assert(
    fc.property(witTypes, encodings, words, fc.nat(32), (type, encoding, content, pointer) => {
      new Int32Array(memory.buffer).set(content)
      const result: WitFunction = { name: 'f', params: [], result: type }
      const flat = layoutOf(type).flat
      // A result in memory, or as a core value
      const core = (letter: string, i: number): Core =>
        letter === 'l' ? BigInt(content[i] as number) : letter === 'i' ? (content[i] as number) | 0 : Math.fround(content[i] as number)
      const { area } = coreSignature(result, 'lift')
      lift(type, () => exportGlue(result, encoding).lift(m, area ? pointer * 4 : core(flat, 0)))
      // An argument of a host call: core values, or one pointer where they are too many
      const params: WitFunction = { name: 'f', params: [{ name: 'v', type }], result: undefined }
      const { params: letters, spilled } = coreSignature(params, 'lower')
      lift(type, () => importGlue(params, encoding).lift(m, spilled ? [pointer * 8] : [...letters].map(core))[0])
    }),
    { numRuns: FUZZ, seed: Number(process.env['ABI_SEED'] ?? 11) },
  )
  expect(Math.min(values, traps)).toBeGreaterThan(FUZZ / 20)
})

test('a hostile allocator under random values: they are handed over or it is a GuestTrap', () => {
  let handed = 0
  const values = fc.array(
    witTypes.chain((type) => fc.tuple(fc.constant(type), witValues(type))),
    { minLength: 1, maxLength: 4 },
  )
  const places = fc.array(
    fc.oneof(
      fc.nat(PAGE).map((n) => n & ~7),
      fc.integer(),
    ),
    { minLength: 1, maxLength: 20 },
  )
  fc.assert(
    fc.property(values, encodings, places, fc.boolean(), (params, encoding, answers, grows) => {
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 40 })
      let calls = 0
      const realloc = (): number => {
        if (grows && memory.buffer.byteLength < 30 * PAGE) memory.grow(calls % 2)
        return answers[calls++ % answers.length] as number
      }
      const fn: WitFunction = { name: 'f', params: params.map(([type], i) => ({ name: `p${i}`, type })), result: undefined }
      try {
        exportGlue(fn, encoding).lower(
          new GuestMemory(memory, realloc, { charge: () => undefined }),
          params.map(([, v]) => v),
        )
        handed++
      } catch (error) {
        if (!(error instanceof GuestTrap)) throw error
      }
    }),
    { numRuns: Math.ceil(FUZZ / 3), seed: Number(process.env['ABI_SEED'] ?? 13) },
  )
  expect(handed).toBeGreaterThan(FUZZ / 30)
})
