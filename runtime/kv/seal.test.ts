import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'lmdb'
import { expect, test } from 'vitest'
import { toHex, utf8 } from '../core/index.ts'
import { openLmdb } from './index.ts'
import { sealed, unsealed } from './seal.ts'

const ROWS = [
  [utf8('x a transaction'), Uint8Array.of(0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 1)],
  [utf8('l/bft'), new Uint8Array(40).fill(3)],
  [utf8('empty'), new Uint8Array(0)],
] as const

const corrupt = expect.objectContaining({ code: 'data_corrupt' }) as Error

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const out = bytes.slice()
  out[bit >> 3] = (out[bit >> 3] as number) ^ (1 << (bit & 7))
  return out
}

test('U7.2-DBL-1 a row with any bit changed, cut, prolonged or in the place of another is refused as data_corrupt', () => {
  for (const [i, [key, value]] of ROWS.entries()) {
    const good = Uint8Array.from(sealed(key, value))
    expect(unsealed(key, good, good.length)).toEqual(value)
    const bent = [
      ...Array.from({ length: good.length * 8 }, (_, bit) => flipped(good, bit)),
      ...Array.from({ length: good.length }, (_, length) => good.slice(0, length)),
      Uint8Array.from([...good, 0]),
    ]
    for (const bytes of bent) expect(() => unsealed(key, bytes, bytes.length)).toThrow(corrupt)
    expect(() => unsealed(ROWS[(i + 1) % ROWS.length]?.[0] as Uint8Array, good, good.length)).toThrow(corrupt)
  }
})

test('LMDB: rows that were changed on the disk are refused by get and by range, and the others are read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'utnet-seal-'))
  const kv = await openLmdb(folder)
  await kv.commit(ROWS)
  await kv.close()
  const raw = open<Uint8Array, Uint8Array>({ path: folder, noSubdir: false, keyEncoding: 'binary', encoding: 'binary', cache: false })
  const [[first], [second, value]] = ROWS
  await raw.put(first, Buffer.from(flipped(Uint8Array.from(raw.get(first) as Uint8Array), 5)))
  await raw.close()
  const again = await openLmdb(folder)
  const named = expect.objectContaining({ code: 'data_corrupt', details: { row: toHex(first) } }) as Error
  expect(() => again.get(first)).toThrow(named)
  expect(() => [...again.range(first, Uint8Array.from([...first, 0]))]).toThrow(named)
  expect(again.get(second)).toEqual(value)
  await again.close()
  rmSync(folder, { recursive: true })
})
