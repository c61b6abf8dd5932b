import fc from 'fast-check'
import { expect, test } from 'vitest'
import { targetOf } from '../routes/index.ts'
import { knownTarget, plainTarget } from './targets.ts'

const outcome = <T>(run: () => T): unknown => {
  try {
    return run()
  } catch (error) {
    return String(error)
  }
}

const parts = fc.array(fc.constantFrom('a', 'B', '-', '/', '..', '%2e', '?', '=', ' ', '#', '\\', 'é', '0', '.x'), { maxLength: 8 })

test('a target is the same the second time, whether it was remembered or not', () => {
  fc.assert(
    fc.property(parts, (tail) => {
      const target = `/fn/${tail.join('')}`
      const plain = plainTarget(target)
      // What a URL parser leaves as it is, and no other
      if (plain) expect(new URL(target, 'http://h').href).toBe(`http://h${target}`)
      if (!plain) return
      const first = outcome(() => targetOf(target))
      expect(outcome(() => knownTarget(target))).toEqual(first)
      expect(outcome(() => knownTarget(target))).toEqual(first)
      expect(plainTarget(target)).toBe(true)
    }),
    { numRuns: 2_000 },
  )
})

test.each(['/fn/sha/..', '/fn/sha/%2E%2e/x', '/fn/sha/a b', '/v1/node', '/fn/sha#x', 'http://h/fn/sha', '*'])(
  '%s is not plain',
  (target) => {
    expect(plainTarget(target)).toBe(false)
  },
)
