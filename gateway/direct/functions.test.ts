import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plainTarget } from './functions.ts'

const parts = fc.array(fc.constantFrom('a', 'B', '-', '/', '..', '%2e', '?', '=', ' ', '#', '\\', 'é', '0', '.x'), { maxLength: 8 })

test('a plain target is one that a URL parser leaves as it is', () => {
  fc.assert(
    fc.property(parts, (tail) => {
      const target = `/fn/${tail.join('')}`
      expect(plainTarget(target) ? new URL(target, 'http://h').href : `http://h${target}`).toBe(`http://h${target}`)
    }),
    { numRuns: 2_000 },
  )
})

test.each(['/fn/sha', '/fn/sha/a?b=%20c', '/fn/sha/a.b/c~d'])('%s is plain', (target) => {
  expect(plainTarget(target)).toBe(true)
})

test.each(['/fn/sha/..', '/fn/sha/%2E%2e/x', '/fn/sha/a b', '/v1/node', '/fn/sha#x', 'http://h/fn/sha', '*'])(
  '%s is not plain',
  (target) => {
    expect(plainTarget(target)).toBe(false)
  },
)
