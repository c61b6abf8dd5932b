import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { cidOf, fileBlocks, fileCid, LIMITS, matchesCid, parseCid, RAW, utf8 } from '../index.ts'

test('a raw CID is that of the IPFS reference', () => {
  // `ipfs add --cid-version 1 --raw-leaves` of "hello world\n"
  expect(cidOf(RAW, utf8('hello world\n')).toString()).toBe('bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4')
})

test('a file of one chunk is its raw block, of more a tree whose blocks all match', () => {
  const one = randomBytes(LIMITS.fileChunkBytes)
  expect(fileCid(one).toString()).toBe(cidOf(RAW, one).toString())
  expect(fileBlocks(new Uint8Array(0))).toHaveLength(1)
  const blocks = fileBlocks(randomBytes(2 * LIMITS.fileChunkBytes + 1))
  expect(blocks).toHaveLength(4)
  for (const { cid, bytes } of blocks) expect(matchesCid(cid, bytes)).toBe(true)
  const other = Uint8Array.from(blocks[0].bytes)
  other[0] = (other[0] as number) ^ 1
  expect(matchesCid(blocks[0].cid, other)).toBe(false)
})

test.each([
  '',
  'x',
  'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG',
  'bafkqaaa',
  // sha2-256 of four bytes
  'bafkrebabaibqi',
  'BAFKREIFJJCIE6LYPI6NY7AMXNFFTAGCLBUXNDQONFIPMB64F2KM2DEVEI4',
])('refuses %j as a CID of ours', (text) => expect(() => parseCid(text)).toThrowError(/CID/))

test('the CID of a file is independent of the buffer it lies in', () => {
  const bytes = randomBytes(100)
  expect(fileCid(bytes.subarray(10, 20)).multihash.digest).toEqual(
    new Uint8Array(createHash('sha256').update(bytes.subarray(10, 20)).digest()),
  )
})
