import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { toHex, utf8, type Kv } from '../core/index.ts'
import { kvCompliance } from '../../test/compliance/kv.ts'
import { openLmdb, seededRandom, SimulatedDisk, simulatedKv } from './index.ts'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

kvCompliance('lmdb', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'utnet-kv-'))
  let kv = await openLmdb(folder)
  return {
    kv,
    reopen: async () => {
      await kv.close()
      return (kv = await openLmdb(folder))
    },
    dispose: async () => {
      await kv.close()
      rmSync(folder, { recursive: true })
    },
  }
})

kvCompliance('simulated', async () => {
  const disk = new SimulatedDisk()
  let kv = await simulatedKv(disk)
  return {
    kv,
    reopen: async () => {
      await kv.close()
      return (kv = await simulatedKv(disk))
    },
    dispose: () => kv.close(),
  }
})

const rows = (kv: Kv) => [...kv.range(Uint8Array.of(0), Uint8Array.of(255))].map(([k, v]) => `${toHex(k)}=${toHex(v)}`).join()

/** Commits until the power goes; the states that may be found after: of what was acknowledged, or of one commit more. */
async function runUntilCrash(disk: SimulatedDisk, seed: number): Promise<readonly [acknowledged: string, next: string]> {
  const random = seededRandom(seed)
  let acknowledged = ''
  let next = ''
  try {
    const kv = await simulatedKv(disk)
    const shadow = new Map<string, string>()
    const state = () =>
      [...shadow]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([k, v]) => `${k}=${v}`)
        .join()
    for (;;) {
      const changes = Array.from({ length: 1 + Math.floor(random() * 4) }, () => {
        const k = Uint8Array.of(Math.floor(random() * 8))
        const v = random() < 0.3 ? undefined : new Uint8Array(Math.floor(random() * 900)).fill(Math.floor(random() * 256))
        return [k, v] as const
      })
      for (const [k, v] of changes) {
        if (v === undefined) shadow.delete(toHex(k))
        else shadow.set(toHex(k), toHex(v))
      }
      next = state()
      await kv.commit(changes)
      acknowledged = next
    }
  } catch {
    expect(disk.down).toBe(true)
  }
  return [acknowledged, next]
}

test('a simulated store crashed at 400 points keeps every acknowledged commit whole; a lying disk does not', async () => {
  let lost = 0
  for (let seed = 0; seed < 400; seed++) {
    const disk = new SimulatedDisk({ seed, crashAt: 1 + (seed % 20) })
    const allowed = await runUntilCrash(disk, seed)
    disk.crash()
    const kv = await simulatedKv(disk)
    expect(allowed).toContain(rows(kv))
    await kv.commit([[utf8('k'), utf8('v')]])
    expect(rows(kv)).toContain('6b=76')

    const liar = new SimulatedDisk({ seed, crashAt: 1 + (seed % 20), lies: true })
    const expected = await runUntilCrash(liar, seed)
    liar.crash()
    if (!expected.includes(rows(await simulatedKv(liar)))) lost++
  }
  expect(lost).toBeGreaterThan(100)
})

test('a failed sync is final', async () => {
  const disk = new SimulatedDisk({ failSyncAt: 2 })
  const kv = await simulatedKv(disk)
  await kv.commit([[utf8('a'), utf8('1')]])
  await expect(kv.commit([[utf8('b'), utf8('2')]])).rejects.toMatchObject({ code: 'disk_failed' })
  await expect(kv.commit([[utf8('c'), utf8('3')]])).rejects.toMatchObject({ code: 'disk_failed' })
  expect(() => kv.get(utf8('a'))).toThrow(/simulated failure/)
})

test('a full disk is a coded end of the store, not of the process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'utnet-kv-'))
  folders.push(folder)
  const script = `
    import { openLmdb } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
    process.on('SIGXFSZ', () => {})
    const kv = await openLmdb(${JSON.stringify(folder)})
    const value = new Uint8Array(100_000)
    const codes = new Set()
    for (let i = 0; i < 64; i++)
      await Promise.all([1, 2, 3].map((j) => kv.commit([[Uint8Array.of(i, j), value]]).catch((error) => codes.add(error.code))))
    await new Promise((resolve) => setImmediate(resolve))
    await kv.close()
    console.log([...codes].join())`
  // No file of the process may be larger than 2,048 blocks, which makes a write of one fail as a full disk does.
  const ran = spawnSync('sh', ['-c', 'ulimit -f 2048; exec "$0" --input-type=module -e "$1"', process.execPath, script], {
    encoding: 'utf8',
  })
  expect(ran).toMatchObject({ status: 0, stdout: 'disk_failed\n' })
})

test('a file that LMDB did not write is refused: LMDB would end the process', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'utnet-kv-'))
  folders.push(folder)
  for (const bytes of [new Uint8Array(16_384).fill(0xff), new Uint8Array(16_384), utf8('not a database')]) {
    writeFileSync(join(folder, 'data.mdb'), bytes)
    await expect(openLmdb(folder)).rejects.toMatchObject({ code: 'data_corrupt' })
  }
  writeFileSync(join(folder, 'data.mdb'), '')
  const kv = await openLmdb(folder)
  await kv.commit([[utf8('a'), utf8('1')]])
  await kv.close()
  const again = await openLmdb(folder)
  expect(again.get(utf8('a'))).toEqual(utf8('1'))
  await again.close()
})
