import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { cidOf, RAW, type Block } from '../runtime/core/index.ts'
import { openLmdb, seededRandom } from '../runtime/kv/index.ts'
import { tornCommit } from '../runtime/kv/testing/torn-commit.ts'
import { openStore } from './index.ts'

const root = mkdtempSync(join(tmpdir(), 'utnet-store-crash-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const blocksOf = (from: number, count: number): Block[] =>
  Array.from({ length: count }, (_, i) => {
    const bytes = new Uint8Array(1 + (((from + i) * 397) % 9_000)).fill(from + i)
    return { cid: cidOf(RAW, bytes), bytes }
  })

test('cut off at any byte of a commit: old blocks are whole, of the new ones all are there or none, and they can be put again', async () => {
  const kv = await openLmdb(join(root, 'kv'))
  const store = await openStore({ kv, offline: true })
  const [old, fresh] = [blocksOf(1, 12), blocksOf(100, 12)]
  await store.putAll(old)
  const files = await tornCommit(join(root, 'kv'), seededRandom(16), () => store.putAll(fresh), 40)
  await store.close()
  await kv.close()
  const seen = new Set<boolean>()
  for (const { bytes, done } of files) {
    const folder = mkdtempSync(join(root, 'found-'))
    writeFileSync(join(folder, 'data.mdb'), bytes)
    const again = await openLmdb(folder)
    const found = await openStore({ kv: again, offline: true })
    const there = await Promise.all(fresh.map(({ cid }) => found.has(cid)))
    const all = there[0] as boolean
    expect(there).toEqual(fresh.map(() => all))
    if (done !== undefined) expect(all).toBe(done)
    seen.add(all)
    expect(await found.scrub()).toMatchObject({ blocks: old.length + (all ? fresh.length : 0), corrupt: [] })
    await found.putAll(fresh)
    for (const block of [...old, ...fresh]) expect(await found.get(block.cid)).toEqual(block.bytes)
    await found.close()
    await again.close()
    rmSync(folder, { recursive: true })
  }
  expect(seen).toEqual(new Set([true, false]))
})
