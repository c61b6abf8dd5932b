import { expect, test } from 'vitest'
import { LIMITS } from '../../core/index.ts'
import { SpareMemories } from './index.ts'

const PAGE = 65_536
const SHAPE = { minPages: 2, maxPages: 4 }

const bytesOf = (memory: WebAssembly.Memory): Uint8Array => new Uint8Array(memory.buffer)

test('a memory that was given back is zeros when it is taken', () => {
  const spare = new SpareMemories()
  const memory = spare.take(SHAPE)
  bytesOf(memory).fill(7)
  expect(spare.give(SHAPE, memory)).toBe(true)
  expect(spare.bytes).toBe(2 * PAGE)
  const again = spare.take(SHAPE)
  expect(again).toBe(memory)
  expect(bytesOf(again).every((byte) => byte === 0)).toBe(true)
  expect(spare.bytes).toBe(0)
  expect(spare.take(SHAPE)).not.toBe(memory)
})

test('one that grew is not kept, nor one without a page', () => {
  const spare = new SpareMemories()
  const memory = spare.take(SHAPE)
  memory.grow(1)
  expect(spare.give(SHAPE, memory)).toBe(false)
  const empty = { minPages: 0, maxPages: 4 }
  expect(spare.give(empty, spare.take(empty))).toBe(false)
  expect(spare.bytes).toBe(0)
})

test('a memory goes to its own shape only: what the engine asks of an import is that its maximum is no other', () => {
  const spare = new SpareMemories()
  const memory = spare.take(SHAPE)
  spare.give(SHAPE, memory)
  for (const other of [
    { minPages: 2, maxPages: 3 },
    { minPages: 2, maxPages: 5 },
    { minPages: 1, maxPages: 4 },
  ]) {
    const taken = spare.take(other)
    expect(taken).not.toBe(memory)
    expect(() => taken.grow(other.maxPages - other.minPages)).not.toThrow()
    expect(() => taken.grow(1)).toThrow('Maximum memory size exceeded')
  }
  expect(spare.take(SHAPE)).toBe(memory)
})

test('the limit spareMemoryBytes holds: at it all stay, one over is not kept', () => {
  const spare = new SpareMemories()
  const most = LIMITS.spareMemoryBytes / (SHAPE.minPages * PAGE)
  const all = Array.from({ length: most + 1 }, () => spare.take(SHAPE))
  const kept = all.map((memory) => spare.give(SHAPE, memory))
  expect(kept.filter(Boolean).length).toBe(most)
  expect(kept.at(-1)).toBe(false)
  expect(spare.bytes).toBe(LIMITS.spareMemoryBytes)
})
