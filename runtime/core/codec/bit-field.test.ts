import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bitsOf, eitherBits, hasBit, membersOf, shareBits } from '../index.ts'

test('a field holds the places that it was made of, and what fits no list of members is none', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40 }), fc.infiniteStream(fc.boolean()), fc.infiniteStream(fc.boolean()), (size, a, b) => {
      const members = Array.from({ length: size }, (_, i) => i)
      const [first, second] = [a, b].map((coins) => members.filter(() => coins.next().value)) as [number[], number[]]
      const [x, y] = [bitsOf(first, size), bitsOf(second, size)]
      expect(membersOf(x, members)).toEqual(first)
      expect(members.filter((i) => hasBit(x, i))).toEqual(first)
      expect(membersOf(eitherBits(x, y), members)).toEqual(members.filter((i) => first.includes(i) || second.includes(i)))
      expect(shareBits(x, y)).toBe(first.some((i) => second.includes(i)))
      expect(membersOf(Uint8Array.of(...x, 0), members)).toBeUndefined()
      // a bit behind the last member
      if (size % 8 !== 0) expect(membersOf(bitsOf([...first, size], size), members)).toBeUndefined()
    }),
    { numRuns: 200 },
  )
})
