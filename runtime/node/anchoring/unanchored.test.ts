import { expect, test } from 'vitest'
import type { BatchStatement } from '../../core/index.ts'
import { Unanchored } from './unanchored.ts'

const batch = (thread: number, first: number, size: number): BatchStatement => ({
  node: new Uint8Array(32),
  thread,
  first,
  size,
  prev: new Uint8Array(32),
  root: new Uint8Array(32),
})

test('what blocks hold is forgotten lane by lane, and given once', () => {
  const unanchored = new Unanchored()
  const digests = [1, 2, 3, 4].map((n) => new Uint8Array(32).fill(n)) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  unanchored.add(batch(0, 0, 3), digests[0])
  unanchored.add(batch(0, 3, 1), digests[1])
  unanchored.add(batch(1_024, 0, 1), digests[2])
  unanchored.add(batch(0, 4, 1), digests[3])
  const marks = new Map([
    [0, 4],
    [1_024, 0],
  ])
  const next = (thread: number): number => marks.get(thread) ?? 0
  expect(unanchored.take(next)).toEqual([digests[0], digests[1]])
  expect(unanchored.take(next)).toEqual([])
  expect([batch(0, 0, 3), batch(0, 4, 1), batch(1_024, 0, 1)].map((b) => unanchored.digestsOf(b))).toEqual([
    undefined,
    digests[3],
    digests[2],
  ])
  marks.set(1_024, 1).set(0, 9)
  expect(unanchored.take(next)).toEqual([digests[3], digests[2]])
})
