/** Durable records on their way to another thread, in four arrays however many they are: an array of its own for each hash would cost both threads more than all else of the message. */
import { joinBytes } from '../core/index.ts'
import type { DurableRecord } from './types.ts'

export interface PackedRecords {
  /** Of each record its place (segment, at, length) and how many batches it has, then of each of these its thread, first and size. */
  readonly numbers: Float64Array<ArrayBuffer>
  /** The key that all batches name; empty where there are none. */
  readonly node: Uint8Array
  /** Of each batch `prev`, `root` and signature, 128 bytes. */
  readonly proofs: Uint8Array
  /** Digests of all receipts, 32 bytes each: in an array of their own, since whoever keeps a batch needs them for a while only. */
  readonly digests: Uint8Array
}

const PROOF_BYTES = 128

/** Packs records of one node. */
export function packRecords(records: readonly DurableRecord[]): PackedRecords {
  const batches = records.flatMap((record) => record.batches)
  const numbers = records.flatMap(({ place: { segment, at, length }, batches: of }) => [
    segment,
    at,
    length,
    of.length,
    ...of.flatMap(({ batch: { thread, first, size } }) => [thread, first, size]),
  ])
  return {
    numbers: Float64Array.from(numbers),
    node: batches[0]?.batch.node ?? new Uint8Array(0),
    proofs: joinBytes(batches.flatMap(({ batch: { prev, root }, sig }) => [prev, root, sig])),
    digests: joinBytes(batches.map(({ digests }) => digests)),
  }
}

/** The records that were packed; their arrays are parts of those given. */
export function unpackRecords({ numbers, node, proofs, digests }: PackedRecords): DurableRecord[] {
  const records: DurableRecord[] = []
  let n = 0
  let proof = 0
  let digest = 0
  const next = (): number => numbers[n++] as number
  while (n < numbers.length) {
    const place = { segment: next(), at: next(), length: next() }
    const batches = Array.from({ length: next() }, () => {
      const batch = {
        node,
        thread: next(),
        first: next(),
        size: next(),
        prev: proofs.subarray(proof, proof + 32),
        root: proofs.subarray(proof + 32, proof + 64),
      }
      const sig = proofs.subarray(proof + 64, (proof += PROOF_BYTES))
      return { batch, sig, digests: digests.subarray(digest, (digest += batch.size * 32)) }
    })
    records.push({ place, batches })
  }
  return records
}
