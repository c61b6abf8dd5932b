import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isUtnetError, LIMITS } from '../../core/index.ts'
import { inspectGuest, preparedModules, validateGuest } from '../run/index.ts'
import { wat } from '../testing/wat.ts'
import { Writer } from '../wasm/index.ts'

function refusal(run: () => unknown): { rule: unknown; offset: unknown; function?: unknown } {
  try {
    run()
  } catch (error) {
    if (isUtnetError(error, 'guest_invalid')) return error.details as { rule: unknown; offset: unknown }
    throw error
  }
  throw new Error('nothing was refused')
}

const BAD: readonly (readonly [string, string, string])[] = [
  ['threads', 'an atomic load', '(module (memory 1 1) (func (drop (i32.atomic.load (i32.const 0)))))'],
  ['threads', 'a fence', '(module (func atomic.fence))'],
  ['shared-memory', 'a shared memory', '(module (memory 1 1 shared))'],
  ['shared-memory', 'an imported shared memory', '(module (import "a" "b" (memory 1 1 shared)))'],
  ['relaxed-simd', 'a relaxed swizzle', '(module (func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))))'],
  [
    'relaxed-simd',
    'a relaxed multiply-add',
    '(module (func (param v128) (drop (f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0)))))',
  ],
  ['memory64', 'a 64-bit memory', '(module (memory i64 1))'],
  ['memory64', 'a 64-bit table', '(module (table i64 1 funcref))'],
  ['multi-memory', 'two memories', '(module (memory 1) (memory 1))'],
  ['multi-memory', 'two tables', '(module (table 1 funcref) (table 1 funcref))'],
  ['gc', 'a struct type', '(module (type (struct (field i32))))'],
  ['gc', 'a recursive group', '(module (rec (type (func)) (type (func))))'],
  ['gc', 'a typed reference', '(module (type $t (func)) (func (param (ref $t))))'],
  ['gc', 'i31', '(module (func (drop (ref.i31 (i32.const 1)))))'],
  ['exceptions', 'a tag', '(module (tag))'],
  ['exceptions', 'an imported tag', '(module (import "a" "b" (tag)))'],
  ['exceptions', 'an exnref', '(module (func (local exnref)))'],
  ['tail-calls', 'return_call', '(module (func $f return_call $f))'],
  ['const-expression', 'an extended constant', '(module (global i32 (i32.add (i32.const 1) (i32.const 2))))'],
  ['memory-minimum', 'a memory over the limit', `(module (memory ${LIMITS.memoryPages + 1}))`],
  ['limit', 'a table over the limit', `(module (table ${LIMITS.moduleTableEntries + 1} funcref))`],
  ['limit', 'too many locals', `(module (func (local ${'i32 '.repeat(LIMITS.moduleLocals + 1)})))`],
  ['limit', 'too many results', `(module (func (result ${'i32 '.repeat(LIMITS.moduleTypeResults + 1)}) unreachable))`],
  [
    'limit',
    'blocks nested too deep',
    `(module (func ${'block '.repeat(LIMITS.moduleBlockDepth + 1)} ${'end '.repeat(LIMITS.moduleBlockDepth + 1)}))`,
  ],
  ['segment-bounds', 'data outside the memory', '(module (memory 1) (data (i32.const 65535) "ab"))'],
  ['segment-bounds', 'elements outside the table', '(module (table 1 funcref) (func $f) (elem (i32.const 1) $f))'],
  ['core-module', 'a sound core module', '(module (func (export "run")))'],
]

for (const [rule, what, text] of BAD) {
  test(`a guest with ${what} is refused by the rule ${rule}`, async () => {
    const bytes = await wat(text)
    // The limits of the component model's text parser are not ours: what it accepts must be refused here
    const details = refusal(() => validateGuest(bytes))
    expect(details.rule).toBe(rule)
    expect(details.offset).toBeTypeOf('number')
    if (rule !== 'core-module') expect(refusal(() => inspectGuest(bytes)).rule).toBe(rule)
  })
}

test('an instruction is refused with its function and offset', async () => {
  const bytes = await wat('(module (memory 1) (func) (func (drop (i32.atomic.load (i32.const 0)))))')
  const details = refusal(() => validateGuest(bytes))
  expect(details.function).toBe(1)
  expect(bytes[details.offset as number]).toBe(0xfe)
})

test('an ill-typed module names the function that is wrong', async () => {
  const details = refusal(() =>
    validateGuest(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 5, 1, 3, 0, 0x6a, 0x0b])),
  )
  expect(details).toMatchObject({ rule: 'validation', function: 0 })
})

test('bytes that are not WebAssembly are refused', () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(8), new TextEncoder().encode('#!/bin/sh\necho hello')]) {
    expect(refusal(() => validateGuest(bytes))).toMatchObject({ rule: 'format', offset: 0 })
  }
})

test('a component over the size limit is refused', () => {
  expect(() => validateGuest(new Uint8Array(LIMITS.componentBytes + 1))).toThrow(
    expect.objectContaining({ code: 'guest_invalid', limit: 'componentBytes' }),
  )
})

const lift = (world: string, imports: string, core: string): string => `(component ${imports}
  (core module $m ${core} (func (export "f")))
  (core instance $i (instantiate $m ${world}))
  (func $f (canon lift (core func $i "f")))
  (export "f" (func $f)))`

test('a foreign import is refused, used or not', async () => {
  const foreign = '(import "evil:host/door@1.0.0" (instance (export "open" (func))))'
  const bytes = await wat(lift('', foreign, ''))
  const details = refusal(() => validateGuest(bytes))
  expect(details.rule).toBe('import')
})

test('an import of a known interface with another type, an unknown function or a wrong version is refused', async () => {
  for (const [name, fn] of [
    ['utnet:host/context@0.1.0', '"height" (func (result u32))'],
    ['utnet:host/context@0.1.0', '"constructor" (func (result u64))'],
    ['utnet:host/context@0.2.0', '"height" (func (result u64))'],
    ['wasi:random/random@0.2.3', '"get-random-u64" (func (result u64))'],
  ]) {
    const bytes = await wat(lift('', `(import "${name}" (instance (export ${fn})))`, ''))
    expect(refusal(() => validateGuest(bytes)).rule).toBe('import')
  }
  const good = await wat(lift('', '(import "utnet:host/context@0.1.0" (instance (export "height" (func (result u64)))))', ''))
  expect(validateGuest(good)).toMatchObject({ world: 'contract', imports: ['utnet:host/context@0.1.0'] })
})

test('a component of an unknown world is refused', async () => {
  const bytes = await wat(`(component
    (core module $m (func (export "run") (result i32) (i32.const 0)))
    (core instance $i (instantiate $m))
    (func $run (result (result)) (canon lift (core func $i "run")))
    (instance $r (export "run" (func $run)))
    (export "wasi:cli/run@0.2.3" (instance $r)))`)
  expect(refusal(() => validateGuest(bytes)).rule).toBe('world')
})

test('a component whose parts are wired in another way is refused', async () => {
  const sibling = await wat(`(component
    (core module $a (global (export "g") (mut i64) (i64.const 0)) (func (export "f")))
    (core module $b)
    (core instance $i (instantiate $a)) (core instance (instantiate $b))
    (func $f (canon lift (core func $i "f"))) (export "f" (func $f)))`)
  expect(refusal(() => validateGuest(sibling)).rule).toBe('component-shape')
  const imported = await wat(`(component
    (core module $a (func (export "x")) (func (export "f")))
    (core module $b (import "a" "x" (func $x)) (func (export "f") (call $x)))
    (core instance $i (instantiate $a)) (core instance $j (instantiate $b (with "a" (instance $i))))
    (func $f (canon lift (core func $j "f"))) (export "f" (func $f)))`)
  expect(['component-shape', 'import']).toContain(refusal(() => validateGuest(imported)).rule)
})

test('a lift whose core type does not agree with its WIT type is refused', async () => {
  const bytes = await wat(lift('', '', ''))
  // The text tools check types, so the disagreement is made in the binary: the lifted type becomes (u32) -> ()
  const plain = [0x40, 0, 1, 0]
  const at = bytes.findIndex((_, i) => plain.every((byte, k) => bytes[i + k] === byte))
  expect(at).toBeGreaterThan(0)
  const forged = new Writer()
    .raw(bytes.subarray(0, at - 3))
    .u8(7, 8, 1, 0x40, 1, 1, 0x61, 0x79, 1, 0)
    .raw(bytes.subarray(at + 4))
    .bytes()
  expect(refusal(() => validateGuest(forged)).rule).toBe('component-type')
})

test('a bare core module is inspected with its imports listed and not judged', async () => {
  const seen = inspectGuest(
    await wat(
      '(module (import "env" "abort" (func (param i32))) (memory (export "memory") 1) (func (export "f") (param v128) (result i32) (i32x4.extract_lane 0 (local.get 0))))',
    ),
  )
  expect(seen).toMatchObject({
    kind: 'module',
    world: null,
    imports: [{ name: 'env#abort', type: 'func (param i32)' }],
    features: ['simd128'],
  })
  expect(seen.exports).toContainEqual({ name: 'f', type: 'func (param v128) (result i32)' })
  expect(seen.limits['memoryPages']).toEqual({ used: 1, allowed: LIMITS.memoryPages })
})

test('mutated bytes are read or refused with a place, never anything else', async () => {
  const text = lift(
    '',
    '(import "utnet:host/context@0.1.0" (instance (export "height" (func (result u64)))))',
    '(memory (export "memory") 1) (table 1 funcref) (data "x")',
  )
  const good = await wat(text)
  const judge = (bytes: Uint8Array): void => {
    for (const run of [() => validateGuest(bytes), () => inspectGuest(bytes), () => preparedModules(bytes)]) {
      try {
        run()
      } catch (error) {
        expect(isUtnetError(error, 'guest_invalid'), String(error)).toBe(true)
      }
    }
  }
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.nat(good.length),
      (changes, cut) => {
        const bytes = good.slice()
        for (const [at, byte] of changes) bytes[at] = byte
        judge(bytes)
        judge(bytes.slice(0, cut))
      },
    ),
    { numRuns: 300 },
  )
})
