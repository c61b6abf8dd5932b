/**
 * The head of the chain, where every thread reads it: a run takes the newest height and seed even when its thread has not looked at its messages
 * for a while. One writer; a version that is odd while it writes tells readers to look again.
 */

export interface HeadFields {
  readonly height: number
  /** Milliseconds since 1970. */
  readonly time: number
  readonly seed: Uint8Array
}

const SEED_BYTES = 32
const BYTES = 16 + 16 + SEED_BYTES
const VERSION = 0
const HEARD = 1

interface Views {
  readonly words: Int32Array
  readonly numbers: Float64Array
  readonly seed: Uint8Array
}

const viewsOf = (buffer: SharedArrayBuffer): Views => ({
  words: new Int32Array(buffer, 0, 4),
  numbers: new Float64Array(buffer, 16, 2),
  seed: new Uint8Array(buffer, 32, SEED_BYTES),
})

export interface HeadWriter {
  readonly buffer: SharedArrayBuffer
  write(head: HeadFields): void
  /** Says whether anybody listens to events. */
  heard(heard: boolean): void
}

/** A head of its own, at height 0. */
export function createSharedHead(): HeadWriter {
  const buffer = new SharedArrayBuffer(BYTES)
  const { words, numbers, seed } = viewsOf(buffer)
  return {
    buffer,
    write(head) {
      Atomics.add(words, VERSION, 1)
      numbers[0] = head.height
      numbers[1] = head.time
      seed.set(head.seed)
      Atomics.add(words, VERSION, 1)
    },
    heard: (heard) => void Atomics.store(words, HEARD, heard ? 1 : 0),
  }
}

export interface HeadReader {
  head(): HeadFields
  heard(): boolean
}

/** Reads the head that another thread writes. */
export function readSharedHead(buffer: SharedArrayBuffer): HeadReader {
  const { words, numbers, seed } = viewsOf(buffer)
  let known = -1
  let head: HeadFields = { height: 0, time: 0, seed: new Uint8Array(SEED_BYTES) }
  return {
    head() {
      for (;;) {
        const version = Atomics.load(words, VERSION)
        if (version === known) return head
        if (version % 2 !== 0) continue
        const read = { height: numbers[0] as number, time: numbers[1] as number, seed: Uint8Array.from(seed) }
        if (Atomics.load(words, VERSION) !== version) continue
        known = version
        head = read
        return head
      }
    },
    heard: () => Atomics.load(words, HEARD) === 1,
  }
}
