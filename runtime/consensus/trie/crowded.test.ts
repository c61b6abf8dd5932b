/** Keys whose positions share long beginnings, as somebody who looks for them finds them: pages above them hold little, buckets split and merge below. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { bitAt, EMPTY_TRIE, sha256, toHex, trieInnerHash, trieLeafHash, utf8, verifyTrieProof } from '../../core/index.ts'
import { simulatedKv } from '../test-kit.ts'
import { createPageStore, EMPTY_ROOT, trieGet, trieProve, trieUpdate, trieWalk, type TrieRoot } from './index.ts'

const TRIE = 0x61
/** Roots that stay readable. */
const KEPT = 3

/** About 100 keys with the same first 11 bits, among them dozens with the same 16, and some from anywhere. */
const KEYS = (() => {
  const all = Array.from({ length: 200_000 }, (_, i) => `key ${i}`).map((key) => ({ key, at: sha256(utf8(key)) }))
  const begins = new Map<number, string[]>()
  for (const { key, at } of all) {
    const begin = ((at[0] as number) << 3) | ((at[1] as number) >> 5)
    begins.set(begin, [...(begins.get(begin) ?? []), key])
  }
  const crowd = [...begins.values()].sort((a, b) => b.length - a.length)[0] as string[]
  return { crowd, others: all.slice(0, 30).map(({ key }) => key) }
})()

type Entry = readonly [position: Uint8Array, value: Uint8Array]

function plainRoot(entries: readonly Entry[], depth = 0): Uint8Array {
  const first = entries[0]
  if (first === undefined) return EMPTY_TRIE
  if (entries.length === 1) return trieLeafHash(first[0], sha256(first[1]))
  const side = (bit: number): Entry[] => entries.filter(([position]) => bitAt(position, depth) === bit)
  return trieInnerHash(plainRoot(side(0), depth + 1), plainRoot(side(1), depth + 1))
}

const pool = [...KEYS.crowd, ...KEYS.others]
const value = fc.oneof(
  fc.uint8Array({ maxLength: 30 }),
  fc.integer({ min: 110, max: 200 }).map((n) => new Uint8Array(n).fill(n)),
)
/** Batches that fill the crowd to about what a bucket holds and take it away again. */
const step = fc.record({
  from: fc.nat({ max: pool.length - 1 }),
  count: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 22, max: 27 }), fc.constant(60)),
  value: fc.option(value, { nil: undefined }),
})

test('U3-MRK-1 a crowd of keys with one beginning: the plain rule, whatever is cached, kept, read at old heights or read back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      const kv = simulatedKv()
      const stores = [createPageStore(kv), createPageStore(kv, 3_000)]
      const past: { readonly root: TrieRoot; readonly model: ReadonlyMap<string, Uint8Array>; readonly stale: readonly Uint8Array[] }[] = [
        { root: EMPTY_ROOT, model: new Map(), stale: [] },
      ]
      for (const [i, { from, count, value: set }] of steps.entries()) {
        const before = past.at(-1) as (typeof past)[0]
        const model = new Map(before.model)
        const keys = Array.from({ length: count }, (_, k) => pool[(from + k) % pool.length] as string)
        for (const key of keys) {
          if (set === undefined) model.delete(key)
          else model.set(key, set)
        }
        const changes = keys.map((key) => [utf8(key), set] as const)
        const updates = stores.map((store) => trieUpdate(store, TRIE, before.root, changes, i + 1))
        const [whole, tight] = updates as [(typeof updates)[0], (typeof updates)[0]]
        expect(tight.rows).toEqual(whole.rows)
        expect(tight.stale).toEqual(whole.stale)
        expect(toHex(whole.root.hash)).toBe(toHex(plainRoot([...model].map(([key, v]) => [sha256(utf8(key)), v]))))
        // rows that no kept root needs go, as a block's pruning lets them
        const gone = past.length > KEPT ? (past[past.length - KEPT]?.stale ?? []) : []
        await kv.commit([...gone.map((key) => [key, undefined] as const), ...whole.rows])
        for (const update of updates) update.remember()
        past.push({ root: whole.root, model, stale: whole.stale })
        for (const store of [...stores, createPageStore(kv)]) {
          for (const { root, model: then } of past.slice(-KEPT)) {
            for (let k = i % 7; k < pool.length; k += 7) {
              const key = pool[k] as string
              expect(trieGet(store, TRIE, root, utf8(key))).toEqual(then.get(key))
            }
            const asked = utf8(pool[(from + i) % pool.length] as string)
            const { value: found, proof } = trieProve(store, TRIE, root, asked)
            expect(verifyTrieProof(root.hash, asked, found, proof)).toBe(true)
          }
          expect([...trieWalk(store, TRIE, whole.root)].length).toBe(model.size)
        }
      }
    }),
    { numRuns: 15 },
  )
})
