/** What a call of another contract takes from its caller: gas, and room on the stack. */
import { beforeAll, expect, test } from 'vitest'
import { LIMITS, PARAMS, type Callee, type CID, type RunOutcome } from '../../core/index.ts'
import { contract, REALLOC } from '../testing/contract.ts'
import { simulatedEnv, testHost } from '../testing/host.ts'

const OUT_OF_GAS = 106
const TRAP = 105

/** Recursion of `n` frames of 1,000 scalars. */
const DEEP = `(func $deep (param $n i32) (local ${'i64 '.repeat(1_000)}) (if (local.get $n) (then (call $deep (i32.sub (local.get $n) (i32.const 1))))%))`
const FRAME = 64 + 8 * 1_001

const CALLEE = `(module ${DEEP.replace('%', '')} (func (export "deep") (param i32) (call $deep (local.get 0))) (func (export "spin") (loop $l (br $l))))`

/** Goes so many frames deep and calls \`which\` there with so much gas; 0, or 100 and the reason. */
const CALLER = `(module
  (import "utnet:host/contracts@0.1.0" "call" (func $call (param i32 i32 i32 i32 i32 i32 i64 i32)))
  (memory (export "memory") 1 1) (data (i32.const 0) "other") (data (i32.const 8) "spindeep") (data (i32.const 16) "\\80\\81\\18\\1e") ${REALLOC}
  (global $gas (mut i64) (i64.const 0)) (global $which (mut i32) (i32.const 0))
  ${DEEP.replace(
    '%',
    `(else (call $call (i32.const 0) (i32.const 5) (i32.add (i32.const 8) (i32.mul (i32.const 4) (global.get $which))) (i32.const 4)
    (i32.add (i32.const 16) (global.get $which)) (i32.add (i32.const 1) (i32.mul (i32.const 2) (global.get $which))) (global.get $gas) (i32.const 64)))`,
  )}
  (func (export "go") (param $frames i32) (param $which i32) (param $gas i64) (result i32)
    (global.set $gas (local.get $gas)) (global.set $which (local.get $which)) (call $deep (local.get $frames))
    (if (result i32) (i32.load8_u (i32.const 64)) (then (i32.add (i32.const 100) (i32.load8_u (i32.const 68)))) (else (i32.const 0)))))`

const host = testHost()
let caller: CID
let callee: CID
beforeAll(async () => {
  callee = (await host.admit(await contract('export deep: func(n: s32); export spin: func();', CALLEE))).module
  caller = (
    await host.admit(
      await contract('import utnet:host/contracts@0.1.0; export go: func(frames: s32, which: s32, gas: u64) -> s32;', CALLER),
    )
  ).module
})

function go(frames: number, which: 'spin' | 'deep', gas: bigint, ready = 0n): RunOutcome {
  const other = { ...simulatedEnv(), contract: 'ut1other', checkpoint: () => 0, revert: () => undefined }
  const found: Callee = { module: callee, env: other, ready, enter: () => undefined }
  const env = { ...simulatedEnv(), callee: (asked: string) => (asked === 'other' ? found : undefined) }
  return host.executor.query({ module: caller, entry: 'go', args: [frames, which === 'spin' ? 0 : 1, gas], gasLimit: 50_000_000n, env })
}

test('U4.3-GAS-1: a call of another contract costs contractCall, what that one was given, and what making it ready takes', () => {
  const spent = (gas: bigint, ready = 0n): bigint => {
    const outcome = go(0, 'spin', gas, ready)
    expect(outcome).toMatchObject({ status: 'ok', result: OUT_OF_GAS })
    return outcome.gas
  }
  const base = spent(0n)
  expect(base).toBeGreaterThan(BigInt(PARAMS.host.contractCall))
  expect(base).toBeLessThan(BigInt(PARAMS.host.contractCall + PARAMS.wasm.growPage + 50 * PARAMS.host.item))
  expect(spent(1_000n) - base).toBe(1_000n)
  // Made ready out of what it was given; where that is not enough nothing is
  expect(spent(5_000n, 4_000n) - base).toBe(5_000n)
  const none = spent(3_999n, 4_000n)
  expect(none).toBeLessThan(base + 100n * BigInt(PARAMS.host.byteOut) + BigInt(PARAMS.host.item))
})

test('U2.3-PIEE-1: a contract that is called finds the stack that its caller left', () => {
  const most = Math.floor(LIMITS.stackBytes / FRAME) - 1
  // 30 frames of the other one, alone and above ever more of the caller's
  expect(go(0, 'deep', 10_000_000n)).toMatchObject({ status: 'ok', result: 0 })
  expect(go(most - 40, 'deep', 10_000_000n)).toMatchObject({ status: 'ok', result: 0 })
  expect(go(most - 20, 'deep', 10_000_000n)).toMatchObject({ status: 'ok', result: TRAP })
  // What the host's own frames between the two take counts too: two of these
  const ends = Array.from({ length: 12 }, (_, i) => go(most - 36 + i, 'deep', 10_000_000n).result)
  expect(ends.indexOf(TRAP)).toBe(ends.lastIndexOf(0) + 1)
  expect(most - 36 + ends.lastIndexOf(0) + 31).toBeLessThanOrEqual(Math.floor((LIMITS.stackBytes - 16 * 1_024) / FRAME))
})
