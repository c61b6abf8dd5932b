import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { encodeAccount, isUtnetError, LIMITS, sha256, toHex, utf8, type Kv } from '../../core/index.ts'
import { useNativeHashes } from '../../crypto/native.ts'
import { openLmdb } from '../../kv/index.ts'
import { NO_ACCOUNT, stateAt, readAccount, updateState, EMPTY_ROOTS } from '../state/index.ts'
import { createPageStore, type TrieChange } from '../trie/index.ts'
import { simulatedKv, testChain, userOf, type SimulatedKv, type TestChain } from '../testing/test-kit.ts'
import { decodeList, rootsKey, staleKey } from './rows/rows.ts'
import { staleRows } from './blocks/prune.ts'

useNativeHashes()

const [ann] = [userOf(2)] as const
const some = (n: number): Uint8Array => sha256(utf8(`address ${n}`)).subarray(12)

/** A transfer to an address that nobody had, so that the tries change all over. */
async function blocks(t: TestChain, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) {
    for (let i = 0; i < 4; i++) t.send(ann, { kind: 'transfer', to: some(n * 4 + i), value: 1n })
    await t.produce()
  }
}

/** Rows of the tries in a store. */
const pagesIn = (kv: SimulatedKv): number => kv.rows().filter(([key]) => key[0] === 0x6e).length

/** What the tries of the kept heights hold, counted by walking them. */
const read = (t: TestChain, height: number): bigint => t.chain.account(ann.address, height).balance

test('U3-MRK-1 the states of the last heights can be read, older ones not, and no row of theirs is left over', async () => {
  const history = 8
  const t = await testChain({ history })
  await blocks(t, 0, 40)
  // what the last block left to delete is deleted behind it
  await t.chain.produce({ timeMs: t.chain.head().header.time + 1_000, proposer: t.validator.proposer, voters: [t.validator.voter] })
  await Promise.resolve()
  const head = t.chain.head().header.height
  const lowest = head - history + 1
  expect(t.chain.lowestState()).toBe(lowest)
  for (let height = lowest; height <= head; height++) expect(read(t, height) > 0n).toBe(true)
  expect(() => read(t, lowest - 1)).toThrow(
    expect.objectContaining({ code: 'chain_pruned', details: { height: lowest - 1, lowest } }) as Error,
  )
  // a chain that never kept more has the same rows
  const lists = [...t.kv.range(staleKey(0, 0), staleKey(head + 1, 0))].length
  expect(lists).toBeLessThanOrEqual((history + 1) * 3)
  expect([...t.kv.range(rootsKey(0), rootsKey(lowest - 1))]).toEqual([])
  const all = await testChain({ history: 1_000, genesis: t.genesis, kv: simulatedKv() })
  await blocks(all, 0, 41)
  expect(pagesIn(t.kv)).toBeLessThan(pagesIn(all.kv) / 2)
})

test('the rows of one block are deleted in bounded pieces, whatever a crash left is found, and a failure stops the chain', async () => {
  const t = await testChain({ history: 2 })
  await blocks(t, 0, 4)
  // as after a block that replaced far more than one piece: the lists are all that says so
  const many = Array.from({ length: LIMITS.prunedRows + 1 }, (_, i) => utf8(`n dead ${i}`))
  await t.kv.commit([...many.map((key) => [key, key] as const), ...staleRows(1, many)])
  expect(
    staleRows(1, many)
      .map(([, list]) => decodeList(list as Uint8Array, 'list').length)
      .slice(-2),
  ).toEqual([1_024, 1])
  const left = (): number => many.filter((key) => t.kv.get(key) !== undefined).length
  await blocks(t, 4, 5)
  expect(left()).toBe(1)
  await blocks(t, 5, 7)
  expect(left()).toBe(0)
  // the commit of the block is the next one, that behind it the one after
  t.kv.failAt(1)
  await blocks(t, 7, 8)
  await expect(blocks(t, 8, 9)).rejects.toMatchObject({ code: 'disk_failed' })
})

/** A state of many accounts in a real store, and every page of it. */
async function stateIn(kv: Kv, accounts: number) {
  const changes = Array.from({ length: accounts }, (_, i): TrieChange => [
    some(i),
    encodeAccount({ ...NO_ACCOUNT, balance: BigInt(i + 1) }),
  ])
  const update = updateState(createPageStore(kv), EMPTY_ROOTS, { accounts: changes, contracts: [], offchain: [] }, 1)
  await kv.commit(update.rows)
  return update
}

test('a page of the state that lies damaged on the disk is refused with a code, and says what to do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'utnet-damage-'))
  try {
    const kv = await openLmdb(folder)
    const { roots, rows } = await stateIn(kv, 500)
    let refused = 0
    for (const [n, [key, row]] of rows.entries()) {
      if (n % 5 !== 0) continue
      const at = (n * 31) % row.length
      const bent = row.slice()
      bent[at] = (bent[at] as number) ^ 0x10
      await kv.commit([[key, bent]])
      const state = stateAt(createPageStore(kv), roots)
      let told = 0
      for (let i = 0; i < 500; i++) {
        try {
          expect(readAccount(state, some(i)).balance).toBe(BigInt(i + 1))
        } catch (error) {
          if (!isUtnetError(error, 'data_corrupt')) throw error
          expect(error.hint).toMatch(/restore the data folder/)
          told++
        }
      }
      // the height in a slot is in no hash: bent, it leads nowhere, or stays unseen with a value that stands in the page
      refused += told > 0 ? 1 : 0
      await kv.commit([[key, row]])
    }
    expect(refused).toBeGreaterThan(rows.length / 10)
    await kv.close()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('roots that are not those of the head’s header are refused when the chain is opened', async () => {
  const t = await testChain()
  await blocks(t, 0, 2)
  const other = await testChain({ genesis: t.genesis, kv: simulatedKv() })
  await blocks(other, 5, 7)
  const foreign = other.kv.get(rootsKey(2)) as Uint8Array
  await t.kv.commit([[rootsKey(2), foreign]])
  await expect(testChain({ genesis: t.genesis, kv: t.kv })).rejects.toMatchObject({ code: 'data_corrupt' })
})

test('the cache of pages stays within its limit, and no page that it holds or lacks changes what is read', async () => {
  const kv = simulatedKv()
  const { roots } = await stateIn(kv, 24_000)
  const limit = 3 << 20
  const store = createPageStore(kv, limit)
  const state = stateAt(store, roots)
  for (let round = 0; round < 3; round++) {
    for (let i = round; i < 24_000; i += 3) {
      if (readAccount(state, some(i)).balance !== BigInt(i + 1)) throw new Error(`account ${i} was read wrongly`)
      expect(store.cached()).toBeLessThanOrEqual(limit)
    }
  }
  expect(toHex(roots.accounts.hash)).toHaveLength(64)
})
