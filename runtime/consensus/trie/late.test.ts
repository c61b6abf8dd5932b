/** Batches out of their turn: one that waits until what it lies over is gone from the cache, and others lie there; one in the place of another that came to nothing. */
import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { utf8 } from '../../core/index.ts'
import { useNativeHashes } from '../../crypto/native.ts'
import { simulatedKv } from '../testing/test-kit.ts'
import { createPageStore, EMPTY_ROOT, trieGet, trieProve, trieUpdate, trieWalk, type TrieChange } from './index.ts'

const TRIE = 0x61
/** Enough for the cache to be tidied every few heights. */
const KEYS = 5_000
/** More than roots are kept, so that the cells of the first are used again. */
const HEIGHTS = 12
const LAST = 18

const valueAt = (height: number, i: number): Uint8Array => new Uint8Array(60 + (i % 7)).fill(height)
const changes = (height: number, every: number): TrieChange[] =>
  Array.from({ length: KEYS }, (_, i) => i)
    .filter((i) => i % every === 0)
    .map((i) => [utf8(`key ${i}`), valueAt(height, i)])

test('a batch whose rows are asked for when the pages below it were written over is the one that it was', async () => {
  useNativeHashes()
  const kv = simulatedKv()
  const store = createPageStore(kv)
  const first = trieUpdate(store, TRIE, EMPTY_ROOT, changes(1, 1), 1)
  first.remember()
  await kv.commit(first.rows)
  const rival = (to: typeof store) => trieUpdate(to, TRIE, first.root, [...changes(100, 9), [utf8('key 4'), undefined]], 100)
  const late = rival(store)
  let { root } = first
  const goOn = async (from: number, to: number): Promise<void> => {
    for (let height = from; height < to; height++) {
      const update = trieUpdate(store, TRIE, root, changes(height, 1), height)
      update.remember()
      await kv.commit(update.rows)
      root = update.root
    }
  }
  await goOn(2, HEIGHTS)
  const fresh = rival(createPageStore(kv))
  expect(isDeepStrictEqual([late.root, late.rows, late.stale], [fresh.root, fresh.rows, fresh.stale])).toBe(true)
  // and once more before it is kept
  await goOn(HEIGHTS, LAST)
  late.remember()
  await kv.commit(late.rows)
  for (let i = 0; i < KEYS; i += 3) expect(trieGet(store, TRIE, late.root, utf8(`key ${i}`))).toEqual(valueAt(i % 9 === 0 ? 100 : 1, i))
  expect(trieGet(store, TRIE, late.root, utf8('key 4'))).toBeUndefined()
  expect(trieGet(store, TRIE, root, utf8('key 4'))).toEqual(valueAt(LAST - 1, 4))
})

test('a height whose commit failed, and another batch of it: what is read before that is durable is of the second, with values in rows of their own', async () => {
  useNativeHashes()
  const kv = simulatedKv()
  const store = createPageStore(kv, 0)
  const keys = Array.from({ length: 300 }, (_, i) => utf8(`key ${i}`))
  const all = (value: Uint8Array): TrieChange[] => keys.map((key) => [key, value])
  const first = trieUpdate(store, TRIE, EMPTY_ROOT, all(Uint8Array.of(1)), 1)
  first.remember()
  await kv.commit(first.rows)
  trieUpdate(store, TRIE, first.root, all(new Uint8Array(200).fill(2)), 2).remember()
  const large = new Uint8Array(200).fill(3)
  const second = trieUpdate(store, TRIE, first.root, all(large), 2)
  second.remember()
  const third = trieUpdate(store, TRIE, second.root, [[utf8('key 4'), Uint8Array.of(4)]], 3)
  for (const key of keys) {
    expect(trieGet(store, TRIE, second.root, key)).toEqual(large)
    expect(trieProve(store, TRIE, second.root, key).value).toEqual(large)
  }
  // one height may be in flight, not two
  expect(() => third.remember()).toThrow(expect.objectContaining({ code: 'node_internal' }))
  await kv.commit(second.rows)
  third.remember()
  await kv.commit(third.rows)
  expect([...trieWalk(createPageStore(kv), TRIE, third.root)].filter(([, value]) => isDeepStrictEqual(value, large)).length).toBe(299)
})
