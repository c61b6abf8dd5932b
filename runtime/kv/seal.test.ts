import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'lmdb'
import { expect, test } from 'vitest'
import { utf8 } from '../core/index.ts'
import { openLmdb } from './index.ts'

const ROWS = [
  [utf8('x a transaction'), Uint8Array.of(0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 1)],
  [utf8('l/bft'), new Uint8Array(40).fill(3)],
  [utf8('empty'), new Uint8Array(0)],
] as const

test('U7.2-DBL-1 what the disk gives back with any bit changed, cut, prolonged or in the place of another row is refused as data_corrupt', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'utnet-seal-'))
  const kv = await openLmdb(folder)
  await kv.commit(ROWS)
  await kv.close()
  const raw = open<Buffer, Uint8Array>({ path: folder, noSubdir: false, keyEncoding: 'binary', encoding: 'binary', cache: false })
  const rows = ROWS.map(([key]) => [key, Buffer.from(raw.get(key) as Buffer)] as const)
  const bent = rows.flatMap(([, bytes], i) => [
    ...Array.from({ length: bytes.length * 8 }, (_, bit) => {
      const other = Buffer.from(bytes)
      other.writeUInt8(other.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      return [i, other] as const
    }),
    ...[bytes.length - 1, 4, 3].map((length) => [i, bytes.subarray(0, length === bytes.length ? length - 1 : length)] as const),
    [i, Buffer.concat([bytes, Buffer.of(0)])] as const,
    [i, rows[(i + 1) % rows.length]?.[1] as Buffer] as const,
  ])
  const key = (at: number): Uint8Array => Uint8Array.of(0x7a, at >> 8, at & 0xff)
  // each under a key of its own would be a row in another's place: so one after the other under the key that is its own
  const store = await openLmdb(folder)
  let refused = 0
  for (const [i, bytes] of bent) {
    const [own, good] = rows[i] as (typeof rows)[number]
    if (bytes.equals(good)) continue
    await raw.put(own, bytes)
    expect(() => store.get(own), `${i} ${bytes.toString('hex')}`).toThrow(expect.objectContaining({ code: 'data_corrupt' }))
    expect(() => [...store.range(own, Uint8Array.from([...own, 0]))]).toThrow(expect.objectContaining({ code: 'data_corrupt' }))
    refused++
    await raw.put(own, good)
  }
  expect(refused).toBeGreaterThan(400)
  await raw.put(key(1), rows[0]?.[1] as Buffer)
  expect(() => store.get(key(1))).toThrow(expect.objectContaining({ code: 'data_corrupt' }))
  expect(ROWS.map(([own]) => store.get(own))).toEqual(ROWS.map(([, value]) => value))
  await store.close()
  await raw.close()
  rmSync(folder, { recursive: true })
})
