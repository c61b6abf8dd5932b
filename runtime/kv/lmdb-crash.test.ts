import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { toHex, type Kv } from '../core/index.ts'
import { openLmdb, seededRandom } from './index.ts'
import { tornCommit } from './testing/torn-commit.ts'

const root = mkdtempSync(join(tmpdir(), 'utnet-crash-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const rows = (kv: Kv): string => [...kv.range(Uint8Array.of(0), Uint8Array.of(255))].map(([k, v]) => `${toHex(k)}=${toHex(v)}`).join()

/** What a store finds in a file; it must take a commit then. */
async function found(bytes: Uint8Array): Promise<string> {
  const folder = join(root, 'found')
  mkdirSync(folder)
  writeFileSync(join(folder, 'data.mdb'), bytes)
  const kv = await openLmdb(folder)
  try {
    const state = rows(kv)
    await kv.commit([[Uint8Array.of(254), Uint8Array.of(1)]])
    expect(rows(kv)).toBe(state === '' ? 'fe=01' : `${state},fe=01`)
    return state
  } finally {
    await kv.close()
    rmSync(folder, { recursive: true })
  }
}

test('LMDB cut off at any byte of a commit: what was durable is there, and of the commit all or nothing', async () => {
  const random = seededRandom(15)
  const seen = { before: 0, after: 0 }
  for (let store = 0; store < 3; store++) {
    const folder = join(root, String(store))
    const kv = await openLmdb(folder)
    await kv.commit([[Uint8Array.of(1), Uint8Array.of(1)]])
    // So many that pages of old states are written over, which a state that is durable must not need.
    for (let commit = 0; commit < 12; commit++) {
      const changes = Array.from({ length: 1 + Math.floor(random() * 6) }, () => {
        const size = Math.floor(random() * (random() < 0.5 ? 100 : 12_000))
        const value = random() < 0.3 ? undefined : new Uint8Array(size).fill(Math.floor(random() * 256))
        return [Uint8Array.of(1 + Math.floor(random() * 12)), value] as const
      })
      // A commit that changes nothing writes nothing.
      changes.push([Uint8Array.of(200), Uint8Array.of(commit)])
      const before = rows(kv)
      const files = await tornCommit(folder, random, () => kv.commit(changes))
      const after = rows(kv)
      for (const { bytes, done } of commit % 4 === 3 ? files : files.filter((f) => f.done !== undefined)) {
        const state = await found(bytes)
        expect(done === undefined ? [before, after] : [done ? after : before]).toContain(state)
        seen[state === after ? 'after' : 'before']++
      }
    }
    await kv.close()
  }
  expect(seen.before).toBeGreaterThan(500)
  expect(seen.after).toBeGreaterThanOrEqual(30)
})
