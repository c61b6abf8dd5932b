import * as fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { EMPTY_TRIE, isUtnetError, sha256, toHex, trieLeafHash, utf8, verifyTrieProof, type Kv } from '../../core/index.ts'
import { useNativeHashes } from '../../crypto/native.ts'
import { simulatedKv } from '../testing/test-kit.ts'
import { createPageStore, EMPTY_ROOT, trieGet, trieProve, trieUpdate, trieWalk, type TrieChange, type TrieRoot } from './index.ts'
import { plainRoot } from './testing/plain-rule.ts'

const TRIE = 0x61

beforeAll(useNativeHashes)

const plainOf = (model: ReadonlyMap<string, Uint8Array>): Uint8Array =>
  plainRoot([...model].map(([key, value]) => [sha256(utf8(key)), value] as const))

async function apply(kv: Kv, root: TrieRoot, changes: readonly TrieChange[], height: number): Promise<TrieRoot> {
  const update = trieUpdate(createPageStore(kv), TRIE, root, changes, height)
  await kv.commit(update.rows)
  return update.root
}

const key = fc.integer({ min: 0, max: 60 }).map((n) => `key ${n}`)
const value = fc.oneof(
  fc.uint8Array({ minLength: 0, maxLength: 40 }),
  fc.integer({ min: 120, max: 300 }).map((n) => new Uint8Array(n).fill(n & 255)),
)
const batch = fc.array(fc.tuple(key, fc.option(value, { nil: undefined })), { maxLength: 30 })

test('U3-MRK-1 a trie agrees with a map and with the plain rule after every batch, at every height, whole or read back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { maxLength: 8 }), async (batches) => {
      const kv = simulatedKv()
      const models: Map<string, Uint8Array>[] = [new Map()]
      const roots: TrieRoot[] = [EMPTY_ROOT]
      for (const [i, changes] of batches.entries()) {
        const model = new Map(models[i])
        for (const [k, v] of changes) {
          if (v === undefined) model.delete(k)
          else model.set(k, v)
        }
        models.push(model)
        roots.push(
          await apply(
            kv,
            roots[i] as TrieRoot,
            changes.map(([k, v]) => [utf8(k), v] as const),
            i + 1,
          ),
        )
      }
      const store = createPageStore(kv)
      for (const [i, model] of models.entries()) {
        const root = roots[i] as TrieRoot
        expect(toHex(root.hash)).toBe(toHex(plainOf(model)))
        for (let n = 0; n <= 60; n += 7) expect(trieGet(store, TRIE, root, utf8(`key ${n}`))).toEqual(model.get(`key ${n}`))
        expect([...trieWalk(store, TRIE, root)].length).toBe(model.size)
      }
    }),
    { numRuns: 40 },
  )
})

test('U3-MRK-1 batches of 100 to 2,000 changes to a trie of 5,000, some of them removals, some all below one end: the plain rule, by one store and by a new one', async () => {
  const names = Array.from({ length: 6_000 }, (_, i) => `key ${i}`)
  const first = new Map(names.slice(0, 5_000).map((name, i) => [name, new Uint8Array(1 + (i % 130)).fill(i & 255)]))
  const kv = simulatedKv()
  const start = await apply(
    kv,
    EMPTY_ROOT,
    [...first].map(([k, v]) => [utf8(k), v] as const),
    1,
  )
  const crowd = fc.record({
    count: fc.oneof(fc.integer({ min: 100, max: 400 }), fc.integer({ min: 400, max: 2_000 }), fc.constantFrom(127, 128, 129, 257)),
    // bits of the position that all share
    below: fc.constantFrom(0, 0, 1, 2, 4),
    from: fc.nat(5_999),
    removed: fc.constantFrom(0, 2, 3, 10),
    fill: fc.nat(255),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(crowd, { minLength: 1, maxLength: 3 }), async (batches) => {
      const mine = kv.copy()
      const store = createPageStore(mine)
      const model = new Map(first)
      let root = start
      for (const [at, { count, below, from, removed, fill }] of batches.entries()) {
        const side = (sha256(utf8(`key ${from}`))[0] as number) >> (8 - below)
        const chosen = [...names.slice(from), ...names.slice(0, from)]
          .filter((name) => (sha256(utf8(name))[0] as number) >> (8 - below) === side)
          .slice(0, count)
        const changes = chosen.map(
          (name, i) => [name, removed > 0 && i % removed === 0 ? undefined : Uint8Array.of(fill, at, i & 255)] as const,
        )
        for (const [name, v] of changes) {
          if (v === undefined) model.delete(name)
          else model.set(name, v)
        }
        const bytes = changes.map(([k, v]) => [utf8(k), v] as const)
        const update = trieUpdate(store, TRIE, root, bytes, at + 2)
        const anew = trieUpdate(createPageStore(mine), TRIE, root, bytes, at + 2)
        expect(toHex(update.root.hash)).toBe(toHex(plainOf(model)))
        expect(toHex(anew.root.hash)).toBe(toHex(update.root.hash))
        update.remember()
        await mine.commit(update.rows)
        root = update.root
      }
      expect([...trieWalk(createPageStore(mine), TRIE, root)].length).toBe(model.size)
    }),
    { numRuns: 12 },
  )
})

test('U3-MRK-1 the root does not depend on order, on how changes are cut into batches, or on what was there and went', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.tuple(key, value), { selector: ([k]) => k, minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      async (entries, parts) => {
        const changes = entries.map(([k, v]) => [utf8(k), v] as const)
        const whole = await apply(simulatedKv(), EMPTY_ROOT, changes, 1)
        const kv = simulatedKv()
        let root: TrieRoot = EMPTY_ROOT
        const reversed = [...changes].reverse()
        const size = Math.ceil(reversed.length / parts)
        for (let i = 0; i < parts; i++) root = await apply(kv, root, reversed.slice(i * size, (i + 1) * size), i + 1)
        expect(toHex(root.hash)).toBe(toHex(whole.hash))
        root = await apply(kv, root, [[utf8('passing'), utf8('by')]], 20)
        expect(toHex(root.hash)).not.toBe(toHex(whole.hash))
        root = await apply(kv, root, [[utf8('passing'), undefined]], 21)
        expect(toHex(root.hash)).toBe(toHex(whole.hash))
        root = await apply(
          kv,
          root,
          changes.map(([k]) => [k, undefined] as const),
          22,
        )
        expect(root.hash).toEqual(EMPTY_TRIE)
      },
    ),
    { numRuns: 40 },
  )
})

test('U3-MRK-1 proofs show presence and absence, and nothing else', async () => {
  const kv = simulatedKv()
  const changes = Array.from({ length: 300 }, (_, i) => [utf8(`key ${i}`), utf8(`value ${i}`)] as const)
  const root = await apply(kv, EMPTY_ROOT, changes, 1)
  const store = createPageStore(kv)
  let empties = 0
  let others = 0
  for (let i = 0; i < 600; i++) {
    const k = utf8(`key ${i}`)
    const { value: found, proof } = trieProve(store, TRIE, root, k)
    expect(found).toEqual(i < 300 ? utf8(`value ${i}`) : null)
    expect(verifyTrieProof(root.hash, k, found, proof)).toBe(true)
    expect(verifyTrieProof(root.hash, k, i < 300 ? null : utf8('x'), proof)).toBe(false)
    expect(verifyTrieProof(root.hash, k, utf8('another'), proof)).toBe(false)
    // (a proof of absence may well show the absence of a neighbour too)
    expect(found !== null && verifyTrieProof(root.hash, utf8(`key ${i + 1000}`), found, proof)).toBe(false)
    expect(proof.siblings.length).toBeGreaterThan(0)
    const [first, ...rest] = proof.siblings
    expect(verifyTrieProof(root.hash, k, found, { ...proof, siblings: rest })).toBe(false)
    const bent = { depth: first?.depth ?? 0, hash: sha256(k) }
    expect(verifyTrieProof(root.hash, k, found, { ...proof, siblings: [bent, ...rest] })).toBe(false)
    if (i < 300) continue
    if (proof.other === null) empties++
    else others++
  }
  // both forms of absence came up
  expect(Math.min(empties, others)).toBeGreaterThan(0)
})

test('the proof of an empty trie, and of one with a single leaf', async () => {
  const store = createPageStore(simulatedKv())
  const none = trieProve(store, TRIE, EMPTY_ROOT, utf8('a'))
  expect(verifyTrieProof(EMPTY_TRIE, utf8('a'), null, none.proof)).toBe(true)
  const kv = simulatedKv()
  const root = await apply(kv, EMPTY_ROOT, [[utf8('a'), utf8('1')]], 1)
  expect(toHex(root.hash)).toBe(toHex(trieLeafHash(sha256(utf8('a')), sha256(utf8('1')))))
  const absent = trieProve(createPageStore(kv), TRIE, root, utf8('b'))
  expect(absent.proof.depth).toBe(0)
  expect(verifyTrieProof(root.hash, utf8('b'), null, absent.proof)).toBe(true)
})

test('a change that sets what is there already writes nothing', async () => {
  const kv = simulatedKv()
  const changes = Array.from({ length: 50 }, (_, i) => [utf8(`key ${i}`), new Uint8Array(i * 5).fill(i)] as const)
  const root = await apply(kv, EMPTY_ROOT, changes, 1)
  const again = trieUpdate(createPageStore(kv), TRIE, root, [...changes, [utf8('absent'), undefined]], 2)
  expect(again).toMatchObject({ root, rows: [], stale: [] })
})

test('rows that a batch names as stale are those, and only those, that the new root does not need', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 8 }), async (batches) => {
      const kv = simulatedKv()
      let root: TrieRoot = EMPTY_ROOT
      const model = new Map<string, Uint8Array>()
      for (const [i, changes] of batches.entries()) {
        const update = trieUpdate(
          createPageStore(kv),
          TRIE,
          root,
          changes.map(([k, v]) => [utf8(k), v] as const),
          i + 1,
        )
        await kv.commit([...update.rows, ...update.stale.map((row) => [row, undefined] as const)])
        root = update.root
        for (const [k, v] of changes) {
          if (v === undefined) model.delete(k)
          else model.set(k, v)
        }
      }
      const store = createPageStore(kv)
      expect([...trieWalk(store, TRIE, root)].length).toBe(model.size)
      for (const [k, v] of model) expect(trieGet(store, TRIE, root, utf8(k))).toEqual(v)
      // rebuilt from nothing in one batch, the store holds as many rows: nothing is left over
      const fresh = simulatedKv()
      await apply(
        fresh,
        EMPTY_ROOT,
        [...model].map(([k, v]) => [utf8(k), v] as const),
        1,
      )
      expect(kv.rows().length).toBe(fresh.rows().length)
    }),
    { numRuns: 40 },
  )
})

test('a flipped bit in any page is noticed when the page is read', async () => {
  const kv = simulatedKv()
  const changes = Array.from({ length: 40 }, (_, i) => [utf8(`key ${i}`), utf8(`value ${i}`)] as const)
  const root = await apply(kv, EMPTY_ROOT, changes, 1)
  let noticed = 0
  for (const [rowKey, bytes] of kv.rows()) {
    for (let at = 0; at < bytes.length; at += 11) {
      const bent = bytes.slice()
      bent[at] = (bent[at] as number) ^ 4
      const copy = kv.copy()
      await copy.commit([[rowKey, bent]])
      const read = (from: Kv): string => {
        try {
          return [...trieWalk(createPageStore(from), TRIE, root)].map(([, v]) => toHex(v)).join()
        } catch (error) {
          return isUtnetError(error, 'data_corrupt') ? 'noticed' : String(error)
        }
      }
      // the height of a small value is not hashed: nothing but that may bend unnoticed, and it changes no value
      expect(['noticed', read(kv)]).toContain(read(copy))
      noticed += read(copy) === 'noticed' ? 1 : 0
    }
  }
  expect(noticed).toBeGreaterThan(20)
})

test('what a batch writes stays what it is: rows asked for before and after it is remembered, twice, and behind later batches', async () => {
  const kv = simulatedKv()
  const store = createPageStore(kv)
  const changes = (round: number): TrieChange[] =>
    Array.from({ length: 300 }, (_, i) => [utf8(`key ${i}`), new Uint8Array((i % 9) * round).fill(round)])
  const first = trieUpdate(store, TRIE, EMPTY_ROOT, changes(1), 1)
  first.remember()
  const rows = first.rows.map(([k, v]) => `${toHex(k)} ${toHex(v)}`)
  await kv.commit(first.rows)
  const second = trieUpdate(store, TRIE, first.root, changes(2), 2)
  const stale = second.stale.map(toHex)
  await kv.commit(second.rows)
  second.remember()
  second.remember()
  const third = trieUpdate(store, TRIE, second.root, changes(3), 3)
  await kv.commit(third.rows)
  third.remember()
  expect(first.rows.map(([k, v]) => `${toHex(k)} ${toHex(v)}`)).toEqual(rows)
  expect(second.stale.map(toHex)).toEqual(stale)
  // every state, read from the rows alone
  for (const [round, { root }] of [first, second, third].entries()) {
    const anew = createPageStore(kv)
    for (const [k, v] of changes(round + 1)) expect(trieGet(anew, TRIE, root, k)).toEqual(v)
  }
})
