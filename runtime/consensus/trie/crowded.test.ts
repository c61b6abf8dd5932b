/** Keys whose positions share long beginnings, as somebody who looks for them finds them: pages above them hold little, buckets split and merge below. */
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { sha256, toHex, utf8, verifyTrieProof } from '../../core/index.ts'
import { simulatedKv } from '../testing/test-kit.ts'
import { createPageStore, EMPTY_ROOT, trieGet, trieProve, trieUpdate, trieWalk, type TrieRoot } from './index.ts'
import { choosePositions, keyAt, withBits } from './testing/chosen-positions.ts'
import { plainRoot } from './testing/plain-rule.ts'

const TRIE = 0x61
/** Roots that stay readable. */
const KEPT = 3

beforeAll(choosePositions)

const BASE = sha256(utf8('a beginning'))
const begun = (position: Uint8Array, bits: number): Uint8Array => {
  const rest = 16 - bits
  const begin = (((BASE[0] as number) << 8) | (BASE[1] as number)) >> rest
  return withBits(position, 0, bits, begin)
}
/** 100 positions with the same first 11 bits, of which 40 have the same 16, and some from anywhere. */
const POOL: readonly Uint8Array[] = Array.from({ length: 130 }, (_, i) => sha256(utf8(`key ${i}`))).map((position, i) =>
  i < 40 ? begun(position, 16) : i < 100 ? begun(position, 11) : position,
)

const value = fc.oneof(
  fc.uint8Array({ maxLength: 30 }),
  fc.integer({ min: 110, max: 200 }).map((n) => new Uint8Array(n).fill(n)),
)
/** Batches that fill the crowd to about what a bucket holds and take it away again. */
const step = fc.record({
  from: fc.nat({ max: POOL.length - 1 }),
  count: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 22, max: 27 }), fc.constant(60)),
  value: fc.option(value, { nil: undefined }),
})

const hexOf = (found: Uint8Array | undefined): string => (found === undefined ? 'nothing' : toHex(found))

test('U3-MRK-1 a crowd of keys with one beginning: the plain rule, whatever is cached, kept, read at old heights or read back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      const kv = simulatedKv()
      const stores = [createPageStore(kv), createPageStore(kv, 3_000)]
      const past: {
        readonly root: TrieRoot
        readonly model: ReadonlyMap<Uint8Array, Uint8Array>
        readonly stale: readonly Uint8Array[]
      }[] = [{ root: EMPTY_ROOT, model: new Map(), stale: [] }]
      for (const [i, { from, count, value: set }] of steps.entries()) {
        const before = past.at(-1) as (typeof past)[0]
        const model = new Map(before.model)
        const positions = Array.from({ length: count }, (_, k) => POOL[(from + k) % POOL.length] as Uint8Array)
        for (const position of positions) {
          if (set === undefined) model.delete(position)
          else model.set(position, set)
        }
        const changes = positions.map((position) => [keyAt(position), set] as const)
        const updates = stores.map((store) => trieUpdate(store, TRIE, before.root, changes, i + 1))
        const [whole, tight] = updates as [(typeof updates)[0], (typeof updates)[0]]
        expect(isDeepStrictEqual([tight.rows, tight.stale], [whole.rows, whole.stale])).toBe(true)
        expect(toHex(whole.root.hash)).toBe(toHex(plainRoot([...model])))
        // rows that no kept root needs go, as a block's pruning lets them
        const gone = past.length > KEPT ? (past[past.length - KEPT]?.stale ?? []) : []
        await kv.commit([...gone.map((key) => [key, undefined] as const), ...whole.rows])
        for (const update of updates) update.remember()
        past.push({ root: whole.root, model, stale: whole.stale })
        for (const store of [...stores, createPageStore(kv)]) {
          for (const { root, model: then } of past.slice(-KEPT)) {
            const looked = POOL.filter((_, k) => k % 13 === i % 13)
            const read = looked.map((position) => trieGet(store, TRIE, root, keyAt(position)))
            expect(read.map(hexOf)).toEqual(looked.map((position) => hexOf(then.get(position))))
            const asked = keyAt(POOL[(from + i) % POOL.length] as Uint8Array)
            const { value: found, proof } = trieProve(store, TRIE, root, asked)
            expect(verifyTrieProof(root.hash, asked, found, proof)).toBe(true)
          }
          expect([...trieWalk(store, TRIE, whole.root)].length).toBe(model.size)
        }
      }
    }),
    { numRuns: 8 },
  )
})
