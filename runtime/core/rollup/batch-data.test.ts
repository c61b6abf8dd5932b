import { expect, test } from 'vitest'
import { batchData, cborBlock, cidOfDigest, DAG_CBOR, encode, LIMITS, readBatchData, receiptId, sha256, utf8 } from '../index.ts'

test('the block links the receipts of each batch by the ids that they have, and fits the store at its limit', () => {
  const bodies = ['a', 'b', 'c'].map(utf8)
  const list = (some: readonly Uint8Array[]): Uint8Array => new Uint8Array(some.flatMap((body) => [...sha256(body)]))
  const { bytes } = batchData([list(bodies.slice(0, 2)), list([]), list(bodies.slice(2))])
  expect(readBatchData(bytes).map((ids) => ids.map(String))).toEqual([
    bodies.slice(0, 2).map((body) => receiptId(body).toString()),
    [],
    [receiptId(bodies[2] as Uint8Array).toString()],
  ])
  const full = batchData([new Uint8Array(LIMITS.anchorReceipts * 32)])
  expect(full.bytes.length).toBeLessThan(LIMITS.blockBytes)
  expect(() => batchData([new Uint8Array((LIMITS.anchorReceipts + 1) * 32)])).toThrow(/at most/)
  for (const bad of [encode(1), encode([1]), encode([['x']]), utf8('x')])
    expect(() => readBatchData(bad)).toThrow(expect.objectContaining({ code: 'core_not_canonical' }))
})

test('its bytes are those of the general encoder, at every width of a length', () => {
  for (const sizes of [[], [0], [1, 0, 23], [24, 300, 2], Array.from({ length: 260 }, () => 1)]) {
    const digests = sizes.map((size, n) => Uint8Array.from({ length: size * 32 }, (_, i) => (i * 7 + n) & 255))
    const plain = cborBlock(
      digests.map((list) => Array.from({ length: list.length / 32 }, (_, i) => cidOfDigest(DAG_CBOR, list.slice(i * 32, i * 32 + 32)))),
    )
    const { cid, bytes } = batchData(digests)
    expect([cid.toString(), bytes]).toEqual([plain.cid.toString(), plain.bytes])
  }
})
