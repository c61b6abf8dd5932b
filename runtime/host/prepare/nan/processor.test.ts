/** NaNs that are promoted and demoted: one rule, in the engine, in prepared guests by both schemes, first called and often called. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { load, wat } from '../../testing/wat.ts'
import { readModule } from '../../wasm/index.ts'
import { prepareModule } from '../index.ts'
import { checkProcessor, demotedNan, ownConversions, promotedNan, type Conversions } from './processor.ts'

const GUEST = `(module
  (func (export "promote") (param i32) (result i64) (i64.reinterpret_f64 (f64.promote_f32 (f32.reinterpret_i32 (local.get 0)))))
  (func (export "promoteLane") (param i32) (result i64) (i64x2.extract_lane 1 (f64x2.promote_low_f32x4 (i32x4.splat (local.get 0)))))
  (func (export "demote") (param i64) (result i32) (i32.reinterpret_f32 (f32.demote_f64 (f64.reinterpret_i64 (local.get 0)))))
  (func (export "demoteLane") (param i64) (result i32) (i32x4.extract_lane 1 (f32x4.demote_f64x2_zero (i64x2.splat (local.get 0))))))`

const sign = fc.boolean()
const nan32 = fc
  .tuple(sign, fc.integer({ min: 1, max: 0x7f_ffff }))
  .map(([minus, payload]) => ((minus ? 0xff80_0000 : 0x7f80_0000) | payload) >>> 0)
const nan64 = fc
  .tuple(sign, fc.bigInt({ min: 1n, max: (1n << 52n) - 1n }))
  .map(([minus, payload]) => (minus ? 0xfff0_0000_0000_0000n : 0x7ff0_0000_0000_0000n) | payload)

function hold({ promote, promoteLane, demote, demoteLane }: Conversions, before: () => void): void {
  fc.assert(
    fc.property(nan32, nan64, (narrow, wide) => {
      before()
      for (const convert of [promote, promoteLane]) expect(BigInt.asUintN(64, convert(narrow | 0))).toBe(promotedNan(narrow))
      for (const convert of [demote, demoteLane]) expect(convert(BigInt.asIntN(64, wide)) >>> 0).toBe(demotedNan(wide))
    }),
    { numRuns: 5_000 },
  )
}

test('U5.5-WSM-1: promoted and demoted NaNs keep their sign and the upper payload and are quiet, scalar and in lanes, by either scheme', async () => {
  expect(() => hold(ownConversions(), () => undefined)).not.toThrow()
  const module = readModule(await wat(GUEST))
  for (const scheme of ['naive', 'optimised'] as const) {
    const { exports, gas } = load(prepareModule(module, { scheme }))
    expect(() => hold(exports as unknown as Conversions, () => void (gas.value = 1_000n)), scheme).not.toThrow()
  }
})

test('a processor that converts NaNs otherwise is refused', () => {
  const own = ownConversions()
  expect(() => checkProcessor(own)).not.toThrow()
  const others: Partial<Conversions>[] = [
    { promote: () => 0x7ff8_0000_0000_0000n },
    { promoteLane: () => 0x7ff8_0000_0000_0000n },
    { demote: () => 0x7fc0_0000 },
    { demoteLane: (bits) => own.demoteLane(bits) & 0x7fff_ffff },
  ]
  for (const other of others) expect(() => checkProcessor({ ...own, ...other })).toThrow('by another rule')
})
