/** Scripts of all that a node does to its tries, over stores that keep everything, almost nothing, and nothing of what was before. */
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { fromHex, sha256, toHex, utf8, verifyTrieProof } from '../../core/index.ts'
import { simulatedKv } from '../testing/test-kit.ts'
import { createPageStore, EMPTY_ROOT, trieGet, trieProve, trieUpdate, trieWalk, type PageStore, type TrieRoot } from './index.ts'
import { choosePositions, keyAt, withBits } from './testing/chosen-positions.ts'
import { plainProof, plainRoot, type Entry } from './testing/plain-rule.ts'

const TRIES = [0x61, 0x63] as const
/** Heights that stay readable. */
const KEPT = 5
const LIMITS_TRIED = [0, 290_000, 330_000] as const

beforeAll(choosePositions)

const BASE = sha256(utf8('a beginning'))
const KEYS: readonly Uint8Array[] = [
  ...Array.from({ length: 28 }, (_, i) => withBits(BASE, 246, 8, i)),
  ...Array.from({ length: 27 }, (_, i) => withBits(BASE, 13, 5, i)),
  ...Array.from({ length: 45 }, (_, i) => sha256(Uint8Array.of(i))),
]

type Model = ReadonlyMap<string, Uint8Array>
type Pair<T> = readonly [T, T]

interface State {
  readonly roots: Pair<TrieRoot>
  readonly models: Pair<Model>
}

const value = fc.oneof(
  fc.nat({ max: 5 }).map((n) => new Uint8Array(n).fill(n)),
  fc.constantFrom(127, 128, 129, 200).map((n) => new Uint8Array(n).fill(n)),
)
const changes = fc.array(
  fc.record({
    from: fc.nat({ max: KEYS.length - 1 }),
    count: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, { weight: 2, arbitrary: fc.integer({ min: 20, max: 30 }) }),
    value: fc.option(value, { nil: undefined }),
  }),
  { maxLength: 3 },
)
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('block' as const),
      tries: fc.tuple(changes, changes),
      /** What is read between a batch and its being kept, and between that and its being durable. */
      old: fc.nat(),
      /** Another batch on the same root comes to nothing. */
      rival: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('read' as const), old: fc.nat(), key: fc.nat({ max: KEYS.length - 1 }), walk: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('open' as const) }) },
)

const entriesOf = (model: Model): Entry[] => [...model].map(([position, v]) => [fromHex(position), v] as const)

type Changes = typeof changes extends fc.Arbitrary<infer T> ? T : never

const listOf = (list: Changes): (readonly [Uint8Array, Uint8Array | undefined])[] =>
  list.flatMap(({ from, count, value: v }) =>
    Array.from({ length: count }, (_, i) => [KEYS[(from + i) % KEYS.length] as Uint8Array, v] as const),
  )

function read(store: PageStore, state: State, key: Uint8Array): void {
  for (const [i, trie] of TRIES.entries()) {
    const [root, model] = [state.roots[i] as TrieRoot, state.models[i] as Model]
    const is = model.get(toHex(key))
    expect(trieGet(store, trie, root, keyAt(key))).toEqual(is)
    const { value: found, proof } = trieProve(store, trie, root, keyAt(key))
    expect(found).toEqual(is ?? null)
    expect(verifyTrieProof(root.hash, keyAt(key), found, proof)).toBe(true)
  }
}

function walk(store: PageStore, state: State): void {
  for (const [i, trie] of TRIES.entries()) {
    const walked = new Map([...trieWalk(store, trie, state.roots[i] as TrieRoot)].map(([position, v]) => [toHex(position), v] as const))
    expect(isDeepStrictEqual(walked, state.models[i])).toBe(true)
  }
}

/** Reads one key in three. */
function readInFlight(store: PageStore, state: State, turn: number): void {
  for (const [i, trie] of TRIES.entries()) {
    const model = state.models[i] as Model
    for (const [k, key] of KEYS.entries()) {
      const is = model.get(toHex(key))
      if (k % 3 !== turn % 3) continue
      expect(isDeepStrictEqual(trieGet(store, trie, state.roots[i] as TrieRoot, keyAt(key)), is)).toBe(true)
    }
  }
}

test('U3-MRK-1 batches, reads at old roots, rivals, pruning and opening anew in any order: the plain rule, whatever the stores hold', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const kv = simulatedKv()
      let stores: PageStore[] = []
      const open = (): void => {
        stores = [createPageStore(kv), ...LIMITS_TRIED.map((limit) => createPageStore(kv, limit))]
      }
      open()
      const past: State[] = [{ roots: [EMPTY_ROOT, EMPTY_ROOT], models: [new Map(), new Map()] }]
      const stale: (readonly Uint8Array[])[] = []
      const kept = (n: number): State => past[past.length - 1 - (n % Math.min(KEPT, past.length))] as State
      for (const one of steps) {
        if (one.kind === 'open') open()
        else if (one.kind === 'read') {
          const state = kept(one.old)
          for (const store of stores) {
            read(store, state, KEYS[one.key] as Uint8Array)
            if (one.walk) walk(store, state)
          }
        } else {
          const height = past.length
          const before = past.at(-1) as State
          const lists = one.tries.map(listOf)
          const models = before.models.map((model, i) => {
            const next = new Map(model)
            for (const [position, v] of lists[i] as (typeof lists)[0]) {
              if (v === undefined) next.delete(toHex(position))
              else next.set(toHex(position), v)
            }
            return next
          }) as unknown as Pair<Model>
          const updateAll = (store: PageStore) =>
            TRIES.map((trie, i) =>
              trieUpdate(
                store,
                trie,
                before.roots[i] as TrieRoot,
                (lists[i] as (typeof lists)[0]).map(([p, v]) => [keyAt(p), v] as const),
                height,
              ),
            )
          const updates = stores.map(updateAll)
          if (one.rival) {
            const rivals = KEYS.filter((_, i) => i % 3 === one.old % 3).map((p) => [keyAt(p), Uint8Array.of(7)] as const)
            for (const store of stores) trieUpdate(store, TRIES[0], before.roots[0], rivals, height)
          }
          const made = updates[0] as (typeof updates)[0]
          const written = updates.map((update) => update.map(({ root, rows, stale: gone }) => [root, rows, gone]))
          for (const list of written) expect(isDeepStrictEqual(list, written[0])).toBe(true)
          const after: State = { roots: made.map(({ root }) => root) as unknown as Pair<TrieRoot>, models }
          for (const [i, model] of models.entries())
            expect(toHex((after.roots[i] as TrieRoot).hash)).toBe(toHex(plainRoot(entriesOf(model))))
          const asked = KEYS[one.old % KEYS.length] as Uint8Array
          // kept late: much else was read since, and the limit let nothing of it stay
          for (const store of stores) walk(store, kept(one.old))
          for (const [i, store] of stores.entries()) {
            for (const update of updates[i] as typeof made) update.remember()
            // not durable yet: its pages and values are in memory or nowhere
            readInFlight(store, after, height)
            read(store, kept(one.old), asked)
            walk(store, kept(one.old))
            readInFlight(store, after, height + 1)
          }
          await kv.commit(made.flatMap(({ rows }) => rows))
          past.push(after)
          stale.push(made.flatMap((update) => update.stale))
          // rows that the heights still readable do not need
          if (past.length > KEPT)
            await kv.commit((stale[past.length - KEPT - 1] as readonly Uint8Array[]).map((row) => [row, undefined] as const))
          expect(trieProve(stores[0] as PageStore, TRIES[0], after.roots[0], keyAt(asked)).proof).toEqual(
            plainProof(entriesOf(models[0]), asked),
          )
        }
      }
      const fresh = createPageStore(kv)
      for (let i = 0; i < KEPT; i++) walk(fresh, kept(i))
    }),
    { numRuns: 2 },
  )
})
