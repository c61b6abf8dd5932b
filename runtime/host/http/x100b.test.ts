import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concatBytes, LIMITS } from '../../core/index.ts'
import { Sink } from './run.ts'

test('a sink knows the end of what was written, also where it keeps no more than that', () => {
  const writes = fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 12 })
  fc.assert(
    fc.property(writes, fc.integer({ min: 1, max: 40 }), fc.nat(50), (parts, last, most) => {
      const all = concatBytes(...parts)
      for (const keeps of [true, false]) {
        const sink = new Sink(keeps, last)
        parts.forEach((part) => sink.write(part))
        const known = keeps ? most : Math.min(most, last)
        expect(sink.end(known)).toEqual(known === 0 ? new Uint8Array(0) : all.slice(-known))
        expect(sink.size).toBe(all.length)
        if (!keeps) expect(sink.chunks.slice(1).reduce((n, { length }) => n + length, 0)).toBeLessThan(last)
      }
    }),
    { numRuns: 20000 },
  )
})

test('a sink that neither keeps nor knows its end counts to the limit outputBytes', () => {
  const sink = new Sink(false)
  sink.write(new Uint8Array(LIMITS.outputBytes))
  expect([sink.end(9), sink.size]).toEqual([new Uint8Array(0), LIMITS.outputBytes])
  expect(() => sink.write(new Uint8Array(1))).toThrow('outputBytes')
})
