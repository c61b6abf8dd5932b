/** Positions as nobody finds them by chance: beginnings shared for up to 251 bits, chains of nodes with one child, and buckets right where they split and merge. */
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { EMPTY_TRIE, fromHex, sha256, toHex, utf8, verifyTrieProof } from '../../core/index.ts'
import { simulatedKv, type SimulatedKv } from '../testing/test-kit.ts'
import { createPageStore, EMPTY_ROOT, trieGet, trieProve, trieUpdate, trieWalk, type PageStore, type TrieRoot } from './index.ts'
import { choosePositions, keyAt, withBits } from './testing/chosen-positions.ts'
import { plainProof, plainRoot, type Entry } from './testing/plain-rule.ts'

const TRIE = 0x61
/** Leaves of a bucket at most (bucket.ts). */
const FULL = 24

/** Of the heights before, which are checked. */
const EVERY = 3

beforeAll(choosePositions)

type Model = ReadonlyMap<string, Uint8Array>
type Change = readonly [position: Uint8Array, value: Uint8Array | undefined]

type TrieUpdate = ReturnType<typeof trieUpdate>

interface State {
  readonly root: TrieRoot
  readonly model: Model
}

const entriesOf = (model: Model): Entry[] => [...model].map(([position, value]) => [fromHex(position), value] as const)

/** Whether all that a root answers is what the plain rule says. */
function checkState(store: PageStore, { root, model }: State, asked: readonly Uint8Array[]): void {
  const entries = entriesOf(model)
  checkRoot({ root, model })
  const walked = [...trieWalk(store, TRIE, root)].map(([position, value]) => [toHex(position), toHex(value)])
  expect(walked).toEqual(
    [...model].map(([position, value]) => [position, toHex(value)]).sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
  )
  for (const position of asked) {
    const is = model.get(toHex(position))
    expect(trieGet(store, TRIE, root, keyAt(position))).toEqual(is)
    const { value, proof } = trieProve(store, TRIE, root, keyAt(position))
    expect(value).toEqual(is ?? null)
    expect(isDeepStrictEqual(proof, plainProof(entries, position))).toBe(true)
    expect(verifyTrieProof(root.hash, keyAt(position), value, proof)).toBe(true)
  }
}

const checkRoot = ({ root, model }: State): void => expect(toHex(root.hash)).toBe(toHex(plainRoot(entriesOf(model))))
const checkSame = (a: TrieUpdate, b: TrieUpdate): void =>
  expect(isDeepStrictEqual([a.root, a.rows, a.stale], [b.root, b.rows, b.stale])).toBe(true)

/** A trie that is changed through one store, and checked at every height through it and through new ones. */
class Tried {
  readonly kv: SimulatedKv = simulatedKv()
  readonly past: State[] = [{ root: EMPTY_ROOT, model: new Map() }]
  readonly #store = createPageStore(this.kv)

  async apply(changes: readonly Change[]): Promise<State> {
    const { root, model } = this.past.at(-1) as State
    const next = new Map(model)
    for (const [position, value] of changes) {
      if (value === undefined) next.delete(toHex(position))
      else next.set(toHex(position), value)
    }
    const keyed = changes.map(([position, value]) => [keyAt(position), value] as const)
    const update = trieUpdate(this.#store, TRIE, root, keyed, this.past.length)
    // what another node makes of the rows alone is the same
    const cold = trieUpdate(createPageStore(this.kv), TRIE, root, keyed, this.past.length)
    checkSame(cold, update)
    update.remember()
    await this.kv.commit(update.rows)
    const state = { root: update.root, model: next }
    checkRoot(state)
    this.past.push(state)
    return state
  }

  check(asked: readonly Uint8Array[]): void {
    checkState(this.#store, this.past.at(-1) as State, asked)
    const opened = createPageStore(this.kv)
    for (const [height, state] of this.past.entries()) if (height % EVERY === 0) checkState(opened, state, asked)
  }
}

const BASE = sha256(utf8('a beginning'))
const small = (n: number): Uint8Array => utf8(`value ${n}`)
const large = (n: number): Uint8Array => new Uint8Array(140).fill(n)

/** `count` positions that share `shared` bits with the base, and differ in the eight next ones. */
const fan = (shared: number, count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => withBits(BASE, shared, Math.min(8, 256 - shared), i))

/** Positions beside a fan: ones that leave its path above it, at it and below it. */
const around = (shared: number): Uint8Array[] =>
  [0, 1, shared >> 1, shared - 1, shared, 255]
    .filter((d) => d >= 0)
    .map((d) => withBits(BASE, d, 1, 1 - (((BASE[d >> 3] as number) >> (7 - (d & 7))) & 1)))

// depths at, one before and one after where a byte, a branch, or all of a position ends
const SHARED = [3, 20, 248, 251]

test.each(SHARED)('U3-MRK-1 leaves that share %i bits: a bucket fills, splits far below, merges back and ends empty', async (shared) => {
  const leaves = fan(shared, FULL + 2)
  const t = new Tried()
  const asked = [...leaves.slice(0, 2), ...leaves.slice(FULL - 2), ...around(shared)]
  await t.apply(leaves.slice(0, FULL - 1).map((p, i) => [p, i % 5 === 0 ? large(i) : small(i)]))
  for (const [i, p] of leaves.slice(FULL - 1).entries()) await t.apply([[p, i === 1 ? large(i) : small(i)]])
  const full = t.past.at(-1) as State
  // the same again changes nothing
  expect((await t.apply(entriesOf(full.model))).root).toEqual(full.root)
  // one from far off, above the chain, and away again
  const far = BASE.map((byte) => ~byte)
  await t.apply([[far, small(1)]])
  expect((await t.apply([[far, undefined]])).root.hash).toEqual(full.root.hash)
  for (const p of [leaves[3], leaves[0], leaves[FULL]] as Uint8Array[]) await t.apply([[p, undefined]])
  // in one batch: away, and others in their place
  await t.apply([
    [leaves[1] as Uint8Array, undefined],
    [leaves[3] as Uint8Array, large(3)],
    [leaves[0] as Uint8Array, small(0)],
    [leaves[FULL] as Uint8Array, small(9)],
  ])
  await t.apply(leaves.slice(1).map((p) => [p, undefined] as const))
  await t.apply([[leaves[0] as Uint8Array, undefined]])
  expect((t.past.at(-1) as State).root.hash).toEqual(EMPTY_TRIE)
  t.check(asked)
})

test('U3-MRK-1 positions that leave one path a bit later each: every node has one leaf beside it, down to the last bit', async () => {
  const comb = Array.from({ length: 256 }, (_, d) => withBits(BASE, d, 1, 1 - (((BASE[d >> 3] as number) >> (7 - (d & 7))) & 1)))
  const t = new Tried()
  await t.apply([[BASE, large(1)], ...comb.map((p, i) => [p, small(i)] as const)])
  const { root } = t.past.at(-1) as State
  expect(trieProve(createPageStore(t.kv), TRIE, root, keyAt(BASE)).proof.siblings).toHaveLength(256)
  await t.apply(comb.filter((_, i) => i % 3 > 0).map((p) => [p, undefined] as const))
  await t.apply(comb.slice(0, 255 - 30).map((p) => [p, undefined] as const))
  await t.apply([[BASE, undefined]])
  t.check([BASE, comb[0], comb[1], comb[100], comb[230], comb[254], comb[255]] as Uint8Array[])
})

test('U3-MRK-1 one bucket from which leaves go and to which they come, one at a time: what lies beside them is seen from another depth', async () => {
  const flipped = Array.from({ length: 20 }, (_, i) => i * 12 + 2).map((d) =>
    withBits(BASE, d, 1, 1 - (((BASE[d >> 3] as number) >> (7 - (d & 7))) & 1)),
  )
  const t = new Tried()
  const pair = fan(254, 2)
  await t.apply([...pair, ...flipped].map((p, i) => [p, small(i)] as const))
  for (const p of flipped) {
    await t.apply([[p, undefined]])
    await t.apply([[p, large(1)]])
  }
  expect((t.past.at(-1) as State).model.size).toBe(22)
  t.check([...pair, flipped[0], flipped[19]] as Uint8Array[])
})

test('the last of several changes to a key wins, also where the key was not there, and where it goes', async () => {
  const [a, b, c] = fan(250, 3) as [Uint8Array, Uint8Array, Uint8Array]
  const t = new Tried()
  await t.apply([
    [a, small(1)],
    [b, large(2)],
    [a, undefined],
    [a, large(3)],
    [c, small(4)],
    [c, undefined],
  ])
  expect([...(t.past.at(-1) as State).model.values()]).toHaveLength(2)
  await t.apply([
    [b, large(5)],
    [a, undefined],
    [b, small(6)],
  ])
  await t.apply([
    [b, undefined],
    [b, large(2)],
    [b, undefined],
  ])
  expect((t.past.at(-1) as State).root.hash).toEqual(EMPTY_TRIE)
  t.check([a, b, c])
})

const POOL: readonly Uint8Array[] = [
  ...fan(250, 30),
  ...fan(121, 28),
  ...fan(6, 27),
  ...Array.from({ length: 64 }, (_, i) => withBits(BASE, i * 4 + 1, 1, 1)),
  ...Array.from({ length: 20 }, (_, i) => sha256(Uint8Array.of(i))),
]
const step = fc.record({
  from: fc.nat({ max: POOL.length - 1 }),
  count: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: FULL - 1, max: FULL + 2 })),
  stride: fc.constantFrom(1, 1, 7),
  value: fc.option(fc.oneof(fc.nat({ max: 9 }).map(small), fc.nat({ max: 9 }).map(large)), { nil: undefined }),
})

test('U3-MRK-1 any batches of such positions: the plain rule at every height, by one store and by new ones', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const t = new Tried()
      for (const { from, count, stride, value } of steps)
        await t.apply(Array.from({ length: count }, (_, i) => [POOL[(from + i * stride) % POOL.length] as Uint8Array, value] as const))
      expect(t.past).toHaveLength(steps.length + 1)
      const { from } = steps.at(-1) as (typeof steps)[0]
      t.check([POOL[from], POOL[0], POOL[40], POOL[(from + 50) % POOL.length]] as Uint8Array[])
    }),
    { numRuns: 3 },
  )
})
