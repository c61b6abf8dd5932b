/**
 * Prepared modules as text, to be read as a diff: one small guest for each mechanism. `GOLDEN=write npx vitest run test/golden` writes them anew.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse, print } from '@bytecodealliance/jco'
import { expect, test } from 'vitest'
import { prepareModule, type PrepareOptions } from '../../runtime/host/prepare/index.ts'
import { readModule } from '../../runtime/host/wasm/index.ts'

const WRITE = process.env['GOLDEN'] === 'write'
const folder = fileURLToPath(new URL('.', import.meta.url))

const LOOP = `(module (func (export "sum") (param i32) (result i32) (local i32)
  (block $out (loop $next
    (br_if $out (i32.eqz (local.get 0)))
    (local.set 1 (i32.add (local.get 1) (local.get 0)))
    (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
    (br $next)))
  (local.get 1)))`

const CASES: Readonly<Record<string, { readonly guest: string; readonly options?: PrepareOptions }>> = {
  'loop-pushed': { guest: LOOP },
  'loop-naive': { guest: LOOP, options: { scheme: 'naive' } },
  'loop-profile': { guest: LOOP, options: { profile: true } },
  'loop-checked': {
    guest: `(module (func (export "halve") (param i32) (result i32)
      (loop $next (br_if $next (i32.gt_u (local.tee 0 (i32.shr_u (local.get 0) (i32.const 1))) (i32.const 9)))) (local.get 0)))`,
  },
  calls: {
    guest: `(module (table 1 funcref) (elem (i32.const 0) $twice)
      (func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
      (func (export "f") (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
        (call_indirect (param i32) (result i32) (call $twice (local.get 0)) (i32.const 0))))`,
  },
  border: {
    guest: `(module (import "host" "f" (func $f (param i32) (result i32))) (global $n (mut i32) (i32.const 3)) (start $begin)
      (func $begin (global.set $n (i32.const 4)))
      (func (export "g") (param i32) (result i32) (call $f (local.get 0)))
      (export "utnet:gas" (global $n)))`,
  },
  shared: {
    guest: `(module (import "other" "k" (global $k i32)) (global $n (export "n") (mut i32) (global.get $k))
      (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (global.get $k))) (global.get $n)))`,
    options: { counter: 'shared' },
  },
  lent: {
    guest: `(module (import "host" "f" (func $f (param i32))) (memory (export "memory") 1 4) (data (i32.const 8) "x")
      (func (export "g") (call $f (i32.load (i32.const 8)))))`,
    options: { memory: 'lent' },
  },
  'nan-sum': {
    guest: `(module (memory (export "memory") 1) (func (export "dot") (param i32) (local f32)
      (loop $next
        (local.set 1 (f32.add (local.get 1) (f32.mul (f32.load (local.get 0)) (f32.load offset=4 (local.get 0)))))
        (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 8)))))
      (f32.store (i32.const 0) (local.get 1))))`,
  },
  'nan-mixed': {
    guest: `(module (memory (export "memory") 1) (func (export "f") (param i32) (result f64) (local f64)
      (local.set 1 (f64.load (i32.const 8)))
      (if (local.get 0) (then (local.set 1 (f64.add (local.get 1) (f64.load (i32.const 16))))))
      (local.get 1)))`,
  },
  'nan-vector': {
    guest: `(module (memory (export "memory") 1) (func (export "f") (param i32)
      (v128.store (local.get 0) (f32x4.add (v128.load (local.get 0)) (v128.load offset=16 (local.get 0))))))`,
  },
  dynamic: {
    guest: `(module (memory (export "memory") 1) (func (export "f") (param i32) (result i32)
      (memory.fill (i32.const 0) (i32.const 1) (local.get 0)) (memory.grow (local.get 0))))`,
  },
}

test.each(Object.keys(CASES))('the prepared module of %s is the one that was reviewed', async (name) => {
  const { guest, options } = CASES[name] as (typeof CASES)[string]
  const bytes = prepareModule(readModule(new Uint8Array(await parse(guest))), options)
  expect(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)).toBe(true)
  const text = `${guest
    .split('\n')
    .map((line) => `;; ${line}`)
    .join('\n')}\n${await print(bytes)}`
  const file = `${folder}${name}.wat`
  if (WRITE) writeFileSync(file, text)
  expect(text).toBe(readFileSync(file, 'utf8'))
})

test('every golden file has its case', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.wat'))
  expect(files.toSorted()).toEqual(
    Object.keys(CASES)
      .map((name) => `${name}.wat`)
      .toSorted(),
  )
})
