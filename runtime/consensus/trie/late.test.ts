/** A batch that waits: what it lies over is gone from the cache, and others lie there, before its rows are asked for. */
import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { utf8 } from '../../core/index.ts'
import { useNativeHashes } from '../../crypto/native.ts'
import { simulatedKv } from '../test-kit.ts'
import { createPageStore, EMPTY_ROOT, trieGet, trieUpdate, type TrieChange } from './index.ts'

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
