import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packRecords, unpackRecords, type PackedRecords } from './packed-records.ts'
import type { DurableRecord } from './types.ts'

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const number = fc.maxSafeNat()

const records = bytes(32).chain((node) => {
  const batch = fc.nat({ max: 20 }).chain((size) =>
    fc.record({
      batch: fc.record({
        node: fc.constant(node),
        thread: number,
        first: number,
        size: fc.constant(size),
        prev: bytes(32),
        root: bytes(32),
      }),
      sig: bytes(64),
      digests: bytes(size * 32),
    }),
  )
  return fc.array(
    fc.record({ place: fc.record({ segment: number, at: number, length: number }), batches: fc.array(batch, { maxLength: 4 }) }),
    { maxLength: 12 },
  )
})

/** The other side of a port. */
function posted(packed: PackedRecords): PackedRecords {
  const { port1, port2 } = new MessageChannel()
  port1.postMessage(packed)
  const got = receiveMessageOnPort(port2)?.message as PackedRecords
  port1.close()
  return got
}

describe('records on their way to another thread', () => {
  it('arrive as they were', () => {
    fc.assert(
      fc.property(records, (given: DurableRecord[]) => {
        expect(unpackRecords(posted(packRecords(given)))).toEqual(given)
      }),
    )
  })

  it('keep nothing of the digests where only the batch is kept', () => {
    const batch = { node: new Uint8Array(32), thread: 1, first: 0, size: 1_000, prev: new Uint8Array(32), root: new Uint8Array(32) }
    const given = [
      { place: { segment: 0, at: 0, length: 1 }, batches: [{ batch, sig: new Uint8Array(64), digests: new Uint8Array(32_000) }] },
    ]
    const [{ batches }] = unpackRecords(posted(packRecords(given))) as [DurableRecord]
    const kept = batches[0] as DurableRecord['batches'][number]
    for (const part of [kept.batch.node, kept.batch.prev, kept.batch.root, kept.sig]) expect(part.buffer.byteLength).toBeLessThan(1_000)
  })
})
