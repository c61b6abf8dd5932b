/** Gas as docs/spec has it: a plain interpreter in Python, which reads the tables of the pages, counts what prepared modules count by either scheme. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { prepareModule } from '../../runtime/host/prepare/index.ts'
import { wat } from '../../runtime/host/testing/wat.ts'
import { readModule } from '../../runtime/host/wasm/index.ts'
import { lines, SKIPPED } from './python.ts'

const folder = mkdtempSync(join(tmpdir(), 'utnet-gas-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const LOCALS = '(local i64 i64 i64 i64 i64 i64 i64 i64 i64)'
const MODULES: Readonly<Record<string, { readonly text: string; readonly args: readonly (readonly number[])[] }>> = {
  'calls, loops and choices': {
    text: `(module
      (func $fib (param i32) (result i32)
        (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
          (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
      (func (export "f") (param i32) (result i32) (local i32 i32)
        (block $out (loop $next
          (br_if $out (i32.gt_u (local.get 1) (local.get 0)))
          (local.set 2 (i32.xor (i32.rotl (local.get 2) (i32.const 5)) (call $fib (local.get 1))))
          (local.set 1 (i32.add (local.get 1) (i32.const 1)))
          (br $next)))
        (local.get 2)))`,
    args: [[0], [1], [11]],
  },
  'a memory that grows, filled, copied, read and written': {
    text: `(module (memory 1 70) (data (i32.const 8) "abcdefgh")
      (func (export "f") (param i32) (result i32) (local i32)
        (drop (memory.grow (i32.const 1)))
        (memory.fill (i32.const 100) (i32.const 7) (local.get 0))
        (memory.copy (i32.const 70000) (i32.const 8) (i32.const 65))
        (loop $next
          (i32.store8 (i32.add (local.get 1) (i32.const 2000)) (i32.load8_u (i32.add (local.get 1) (i32.const 70000))))
          (i64.store (i32.const 4096) (i64.add (i64.load (i32.const 4096)) (i64.load32_s (local.get 1))))
          (br_if $next (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0))))
        (i32.add (i32.add (i32.load16_u (i32.const 2003)) (memory.size)) (i32.wrap_i64 (i64.load (i32.const 4096))))))`,
    args: [[0], [63], [65], [300]],
  },
  'many locals, a table of branches, division, early returns': {
    text: `(module (global $n (mut i64) (i64.const 3))
      (func $step (param i64) (result i64) ${LOCALS}
        (if (i64.eqz (i64.rem_u (local.get 0) (i64.const 2))) (then (return (i64.shr_u (local.get 0) (i64.const 1)))))
        (global.set $n (i64.add (global.get $n) (i64.popcnt (local.get 0))))
        (i64.add (i64.mul (local.get 0) (i64.const 3)) (i64.const 1)))
      (func (export "f") (param i32) (result i32) (local $x i64) (local $i i32)
        (local.set $x (i64.extend_i32_u (local.get 0)))
        (block $out (loop $next
          (br_if $out (i64.le_u (local.get $x) (i64.const 1)))
          (block $c (block $b (block $a
            (br_table $a $b $c (i32.rem_u (local.get $i) (i32.const 4))))
            (local.set $i (i32.add (local.get $i) (i32.const 2))))
            (local.set $i (i32.sub (local.get $i) (i32.div_s (local.get $i) (i32.const -3)))))
          (local.set $i (select (i32.add (local.get $i) (i32.const 1)) (i32.clz (local.get $i)) (i32.lt_s (local.get $i) (i32.const 900))))
          (local.set $x (call $step (local.get $x)))
          (br $next)))
        (i32.add (local.get $i) (i32.wrap_i64 (global.get $n)))))`,
    args: [[0], [1], [27], [871]],
  },
}

/** Result and gas of a prepared module. */
async function ran(bytes: Uint8Array, scheme: 'naive' | 'optimised', args: readonly number[]): Promise<{ result: string; gas: number }> {
  const prepared = prepareModule(readModule(bytes), { scheme })
  const { instance } = await WebAssembly.instantiate(prepared as BufferSource, {})
  const gas = instance.exports['utnet:gas'] as WebAssembly.Global<'i64'>
  const budget = 1_000_000_000n
  gas.value = budget
  const result = (instance.exports['f'] as (...args: readonly number[]) => number)(...args)
  return { result: String(result >>> 0), gas: Number(budget - gas.value) }
}

test.skipIf(SKIPPED !== '').each(Object.entries(MODULES))(
  `gas counted by the documents alone: %s ${SKIPPED}`,
  async (_name, { text, args }) => {
    const bytes = await wat(text)
    const file = join(folder, 'module.wasm')
    writeFileSync(file, bytes)
    for (const given of args) {
      const [told] = await lines('gas.py', file, 'f', ...given)
      expect([given, told]).toEqual([given, await ran(bytes, 'naive', given)])
      expect([given, told]).toEqual([given, await ran(bytes, 'optimised', given)])
    }
  },
)
