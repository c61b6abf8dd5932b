/** The limit of the cache, where it is less than the trie. */
import { expect, test } from 'vitest'
import { utf8 } from '../../core/index.ts'
import { useNativeHashes } from '../../crypto/native.ts'
import { simulatedKv } from '../testing/test-kit.ts'
import { chunkBytes } from './store/arena.ts'
import { createPageStore, EMPTY_ROOT, trieGet, trieUpdate } from './index.ts'

const TRIE = 0x61
const KEYS = 6_000
/** What one key that changed and the way to one that is read take, in chunks that are hardly filled. */
const LITTLE = 1 << 20

test('what the height before wrote is let go like all else: a large first state does not stay in memory after the next block', async () => {
  useNativeHashes()
  const kv = simulatedKv()
  const keys = Array.from({ length: KEYS }, (_, i) => utf8(`key ${i}`))
  const first = trieUpdate(
    createPageStore(kv),
    TRIE,
    EMPTY_ROOT,
    keys.map((key) => [key, new Uint8Array(120)] as const),
    1,
  )
  await kv.commit(first.rows)
  const store = createPageStore(kv, 0)
  const second = trieUpdate(store, TRIE, first.root, [[utf8('key 0'), Uint8Array.of(2)]], 2)
  second.remember()
  // nothing of the second height is durable yet
  for (const key of keys.filter((_, i) => i % 8 === 0).toReversed()) {
    const value = trieGet(store, TRIE, second.root, key)
    if (value?.length !== 120 && value?.[0] !== 2) throw new Error('a wrong value')
    expect(store.cached()).toBeLessThanOrEqual(LITTLE)
  }
  await kv.commit(second.rows)
})

test('a chunk is 64 KB, or of much memory more, but never more than a sixty-fourth of it, or than 1 MB', () => {
  const [least, most] = [1 << 16, 1 << 20]
  for (let taken = 1; taken < 2 ** 30; taken *= 2) {
    for (const bytes of [taken - 1, taken, taken + 1]) {
      const chunk = chunkBytes(bytes)
      expect(chunk === least || chunk * 64 <= bytes).toBe(true)
      expect(chunk).toBeLessThanOrEqual(most)
      expect(chunk === most || chunk * 128 > bytes).toBe(true)
    }
  }
})
