/** Digests of the bodies of many runs, made together where they are short. */
import { sha256, sha256Each } from '../../core/index.ts'
import { takeUndigested, type Room, type Undigested } from './run-record.ts'

/** A body longer than this is hashed where it is: a copy of it would cost more than the call. */
const LONG = 1_024
/** Bytes of bodies that are hashed together. */
const scratch = new Uint8Array(32 * LONG)

export interface RunRecord {
  readonly room: Room
  readonly at: number
}

function put({ bytes, outs }: Undigested, digest: Uint8Array): void {
  for (const out of outs) bytes.set(digest, out)
}

/** Makes the digests that lack in the records of runs, and writes them where they belong. */
export function digestBodies(records: readonly RunRecord[]): void {
  const all: Undigested[] = []
  for (const { room, at } of records) takeUndigested(room, at, all)
  let some: Undigested[] = []
  let ends: number[] = []
  let size = 0
  const flush = (): void => {
    const digests = sha256Each(scratch.subarray(0, size), ends)
    for (const [i, body] of some.entries()) put(body, digests.subarray(i * 32, i * 32 + 32))
    some = []
    ends = []
    size = 0
  }
  for (const body of all) {
    const view = body.bytes.subarray(body.from, body.to)
    if (view.length > LONG) {
      put(body, sha256(view))
      continue
    }
    if (size + view.length > scratch.length) flush()
    scratch.set(view, size)
    ends.push((size += view.length))
    some.push(body)
  }
  if (some.length > 0) flush()
}
