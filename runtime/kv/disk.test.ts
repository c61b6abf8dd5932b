import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { utf8, type Disk } from '../core/index.ts'
import { openDisk, SimulatedDisk } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'utnet-disk-'))
afterAll(() => rmSync(folder, { recursive: true }))

const kinds: readonly (readonly [string, () => Disk])[] = [
  ['real', () => openDisk(join(folder, 'deep', 'real'))],
  ['simulated', () => new SimulatedDisk()],
]

test.each(kinds)('%s disk: parts follow each other in one append, small or large', async (_, make) => {
  const disk = make()
  const file = disk.open('parts.log')
  const parts = [3, 0, 700, 65_536, 1, 2_000_000].map((n, i) => new Uint8Array(n).fill(i + 1))
  for (const some of [parts.slice(0, 3), parts, parts.slice(3, 4), []]) {
    const at = file.size()
    file.append(...some)
    expect(Buffer.concat(some).equals(file.read(at, file.size() - at))).toBe(true)
  }
  await file.sync()
  await file.close()
  disk.remove('parts.log')
})

test.each(kinds)('%s disk: append, read, truncate, sync, open again, list and remove', async (_, make) => {
  const disk = make()
  const file = disk.open('a.log')
  expect(file.size()).toBe(0)
  file.append(utf8('hello '))
  file.append(utf8('world'))
  await file.sync()
  expect(file.size()).toBe(11)
  expect(file.read(6, 5)).toEqual(utf8('world'))
  expect(file.read(11, 0)).toEqual(new Uint8Array(0))
  for (const [at, n] of [
    [7, 5],
    [12, 0],
    [-1, 1],
  ] as const)
    expect(() => file.read(at, n)).toThrow(/beyond/)
  file.truncate(5)
  file.append(utf8('!'))
  file.syncNow()
  await file.close()
  expect(() => file.syncNow()).toThrow(expect.objectContaining({ code: 'disk_failed' }) as Error)
  await expect(file.sync()).rejects.toMatchObject({ code: 'disk_failed' })
  expect(() => file.append(utf8('x'))).toThrow(expect.objectContaining({ code: 'disk_failed' }) as Error)
  const again = disk.open('a.log')
  expect(again.read(0, again.size())).toEqual(utf8('hello!'))
  await again.close()
  disk.open('b.log')
  expect(disk.list()).toEqual(['a.log', 'b.log'])
  disk.remove('a.log')
  expect(disk.list()).toEqual(['b.log'])
})

test('a real disk refuses path names, a second writer of a file, and a place it cannot write', () => {
  const disk = openDisk(join(folder, 'names'))
  for (const name of ['', '../x', 'a/b', '.hidden', 'A']) expect(() => disk.open(name)).toThrow(/not a file name/)
  disk.open('one')
  expect(() => disk.open('one')).toThrow(/already open/)
  expect(() => disk.remove('one')).toThrow(/is open/)
  expect(() => openDisk('/dev/null/x')).toThrow(expect.objectContaining({ code: 'disk_failed' }) as Error)
})

test('a simulated crash keeps what was synced and tears what was not, the same for the same seed', async () => {
  const run = async (seed: number) => {
    const disk = new SimulatedDisk({ seed })
    const file = disk.open('f')
    file.append(new Uint8Array(700).fill(1))
    if (seed % 2 === 0) await file.sync()
    else file.syncNow()
    file.append(new Uint8Array(3000).fill(2))
    disk.crash()
    expect(() => file.read(0, 1)).toThrow(/must not be used/)
    return disk.bytes('f')
  }
  const results = await Promise.all(Array.from({ length: 40 }, (_, seed) => run(seed)))
  for (const bytes of results) {
    expect(bytes.length).toBeGreaterThanOrEqual(700)
    expect(bytes.subarray(0, 700).every((b) => b === 1)).toBe(true)
    expect(bytes.subarray(700).every((b) => b === 0 || b === 2)).toBe(true)
  }
  const tails = results.map((b) => new Set(b.subarray(700)))
  expect(tails.some((t) => t.size === 0)).toBe(true)
  expect(tails.some((t) => t.has(0) && t.has(2))).toBe(true)
  expect(await run(7)).toEqual(results[7])
})

test('power lost at an operation stays lost until the crash is settled', async () => {
  const disk = new SimulatedDisk({ crashAt: 2 })
  const file = disk.open('f')
  file.append(utf8('a'))
  await expect(file.sync()).rejects.toMatchObject({ code: 'disk_failed' })
  expect(disk.down).toBe(true)
  expect(() => disk.open('g')).toThrow(/loss of power/)
  disk.crash()
  expect(disk.down).toBe(false)
  disk.open('g').append(utf8('b'))
})

test('a real disk keeps room behind the end of a file that is being written, and only there', async () => {
  const place = join(folder, 'reserve')
  const disk = openDisk(place)
  const onDisk = (): number => statSync(join(place, 'r.log')).size
  const file = disk.open('r.log', 1_000)
  expect([file.size(), onDisk()]).toEqual([0, 0])
  file.append(new Uint8Array(0))
  expect(onDisk()).toBe(0)
  file.append(utf8('hello '), utf8('world'))
  expect([file.size(), onDisk()]).toEqual([11, 1_011])
  file.append(new Uint8Array(1_000).fill(1))
  expect([file.size(), onDisk()]).toEqual([1_011, 1_011])
  file.append(utf8('!'))
  expect([file.size(), onDisk()]).toEqual([1_012, 2_012])
  file.append(new Uint8Array(70_000).fill(2), new Uint8Array(70_000).fill(3))
  expect([file.size(), onDisk()]).toEqual([141_012, 142_012])
  expect(() => file.read(141_012, 1)).toThrow(/beyond/)
  // What another process finds after this one was killed.
  const after = openDisk(place).open('r.log')
  expect(after.size()).toBe(142_012)
  expect(after.read(141_012, 1_000).every((b) => b === 0)).toBe(true)
  await after.close()
  expect(onDisk()).toBe(142_012)
  file.truncate(6)
  expect([file.size(), onDisk()]).toEqual([6, 6])
  file.append(utf8('you'))
  await file.sync()
  await file.close()
  expect(onDisk()).toBe(9)
  const again = disk.open('r.log', 1_000)
  expect(again.read(0, again.size())).toEqual(utf8('hello you'))
  await again.close()
})

test('room behind the end is made whole before it is gone, and not where none is kept', async () => {
  const place = join(folder, 'room')
  const disk = openDisk(place)
  const onDisk = (name: string): number => statSync(join(place, name)).size
  const plain = disk.open('plain.log')
  plain.append(utf8('hello'))
  plain.makeRoom()
  expect(onDisk('plain.log')).toBe(5)
  const file = disk.open('r.log', 1_000)
  file.append(new Uint8Array(400).fill(1))
  file.append(new Uint8Array(500).fill(2))
  // half of it is left: nothing to do yet
  file.makeRoom()
  expect([file.size(), onDisk('r.log')]).toEqual([900, 1_400])
  file.append(Uint8Array.of(3))
  file.makeRoom()
  expect([file.size(), onDisk('r.log')]).toEqual([901, 1_901])
  // what is written is what it was, and the next record goes behind it
  file.append(utf8('next'))
  expect(onDisk('r.log')).toBe(1_901)
  expect(file.read(899, 6)).toEqual(Uint8Array.of(2, 3, ...utf8('next')))
  await file.close()
  expect(onDisk('r.log')).toBe(905)
  expect(() => file.makeRoom()).toThrow(expect.objectContaining({ code: 'disk_failed' }) as Error)
  await plain.close()
})
