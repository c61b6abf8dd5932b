/** Rows that the disk gives back with one byte changed, cut short, prolonged, or in each other's place. */
import { beforeAll, expect, test } from 'vitest'
import { isUtnetError, sha256, toHex, utf8 } from '../../core/index.ts'
import { simulatedKv, type SimulatedKv } from '../testing/test-kit.ts'
import { createPageStore, EMPTY_ROOT, trieGet, trieProve, trieUpdate, trieWalk, type TrieRoot } from './index.ts'
import { choosePositions, keyAt, withBits } from './testing/chosen-positions.ts'

const TRIE = 0x61
/** Bits that are changed of a byte. */
const MASKS: readonly number[] = [0x01, 0x80, 0xff]

/** Every row is read whole; one in so many is also asked for single keys, and written on. No divisor of the length of a leaf, so that all its bytes have their turn. */
const EVERY = 13

beforeAll(choosePositions)

const BASE = sha256(utf8('a beginning'))
/** Two branches, buckets of several sizes, and values in rows of their own, of two heights. */
const LEAVES: readonly Uint8Array[] = [
  ...Array.from({ length: 26 }, (_, i) => withBits(BASE, 5, 5, i)),
  ...Array.from({ length: 3 }, (_, i) => sha256(Uint8Array.of(i))),
]
const MORE = BASE.map((byte) => ~byte)
const valueOf = (i: number): Uint8Array => (i % 14 === 0 ? new Uint8Array(130).fill(i) : Uint8Array.of(i))

async function small(): Promise<{ kv: SimulatedKv; root: TrieRoot }> {
  const kv = simulatedKv()
  const first = trieUpdate(
    createPageStore(kv),
    TRIE,
    EMPTY_ROOT,
    LEAVES.map((p, i) => [keyAt(p), valueOf(i + 1)] as const),
    1,
  )
  await kv.commit(first.rows)
  const second = trieUpdate(
    createPageStore(kv),
    TRIE,
    first.root,
    LEAVES.flatMap((p, i) => (i % 3 === 0 ? [[keyAt(p), valueOf(i)] as const] : [])),
    0x0102,
  )
  await kv.commit([...second.rows, ...second.stale.map((row) => [row, undefined] as const)])
  return { kv, root: second.root }
}

const HEX = LEAVES.map(toHex)
const WHOLE = new Map(HEX.map((p, i) => [p, toHex(valueOf(i % 3 === 0 ? i : i + 1))]))

/** What of the values is given back, or that it is refused. Any other value or error fails. */
function told(work: () => void): boolean {
  try {
    work()
    return true
  } catch (error) {
    if (!isUtnetError(error, 'data_corrupt')) throw error
    return false
  }
}

/** Reads all there is in every way. True when nothing was refused. */
function readsAll(kv: Pick<SimulatedKv, 'get'>, root: TrieRoot, whole: ReadonlyMap<string, string>): boolean {
  const walked: [string, string][] = []
  const all = told(() => {
    for (const [position, value] of trieWalk(createPageStore(kv), TRIE, root)) walked.push([toHex(position), toHex(value)])
  })
  for (const [position, value] of walked) if (whole.get(position) !== value) throw new Error(`${position} was read as ${value}`)
  if (all && walked.length !== whole.size) throw new Error(`${walked.length} values were read, not ${whole.size}`)
  return all
}

/** Reads some keys and changes some, over rows of which one is `row`. True when nothing was refused. */
function tries(kv: SimulatedKv, root: TrieRoot, key: string, row: Uint8Array | undefined, n: number): boolean {
  const bent: Pick<SimulatedKv, 'get'> = { get: (at) => (toHex(at) === key ? row : kv.get(at)) }
  let whole = readsAll(bent, root, WHOLE)
  if (n % EVERY > 0) return whole
  const store = createPageStore(bent)
  for (const position of [LEAVES[n % LEAVES.length], LEAVES[(n * 7 + 3) % LEAVES.length], MORE] as Uint8Array[]) {
    const is = WHOLE.get(toHex(position))
    whole =
      told(() => {
        const got = trieGet(store, TRIE, root, keyAt(position))
        if ((got === undefined ? undefined : toHex(got)) !== is) throw new Error('a wrong value')
      }) && whole
    whole =
      told(() => {
        const { value } = trieProve(store, TRIE, root, keyAt(position))
        if ((value === null ? undefined : toHex(value)) !== is) throw new Error('a wrong value in a proof')
      }) && whole
  }
  const gone = Array.from({ length: 6 }, (_, i) => (n + i * 4) % LEAVES.length)
  const changes = [...gone.map((i) => [keyAt(LEAVES[i] as Uint8Array), undefined] as const), [keyAt(MORE), utf8('more')] as const]
  const right = rightly(kv, root, n % LEAVES.length, changes)
  return (
    told(() => {
      const update = trieUpdate(store, TRIE, root, changes, 0x0103)
      if (toHex(update.root.hash) !== right) throw new Error('a wrong root')
      const after = new Map(WHOLE)
      for (const i of gone) after.delete(HEX[i] as string)
      after.set(toHex(MORE), toHex(utf8('more')))
      const rows = new Map(update.rows.map(([at, bytes]) => [toHex(at), bytes]))
      readsAll({ get: (at) => rows.get(toHex(at)) ?? bent.get(at) }, update.root, after)
    }) && whole
  )
}

const roots = new Map<number, string>()
function rightly(kv: SimulatedKv, root: TrieRoot, n: number, changes: Parameters<typeof trieUpdate>[3]): string {
  const known = roots.get(n) ?? toHex(trieUpdate(createPageStore(kv), TRIE, root, changes, 0x0103).root.hash)
  roots.set(n, known)
  return known
}

test('any byte of any row changed: what is read, proven or made of it is right, or it is refused as data_corrupt', async () => {
  const { kv, root } = await small()
  expect(readsAll(kv, root, WHOLE)).toBe(true)
  let [noticed, bytes] = [0, 0]
  for (const [rowKey, row] of kv.rows()) {
    const key = toHex(rowKey)
    for (let at = 0; at < row.length; at++) {
      const bent = row.slice()
      bent[at] = (bent[at] as number) ^ (MASKS[at % MASKS.length] as number)
      bytes++
      noticed += tries(kv, root, key, bent, at) ? 0 : 1
    }
  }
  // the rest are heights of values that stand in their pages
  expect(noticed).toBeGreaterThan(bytes / 2)
})

test('rows cut short, prolonged, empty, missing or in the place of others are refused, or change nothing', async () => {
  const { kv, root } = await small()
  const rows = kv.rows()
  for (const [n, [rowKey, row]] of rows.entries()) {
    const key = toHex(rowKey)
    for (let length = 0; length < row.length; length += 1 + (length >> 4)) tries(kv, root, key, row.slice(0, length), n)
    tries(kv, root, key, Uint8Array.from([...row, 0]), n)
    expect(tries(kv, root, key, undefined, n)).toBe(false)
    for (const [, other] of rows) tries(kv, root, key, other, n)
  }
})
