/**
 * What an edge thread and the thread that seals beside it share: a ring of finished runs, one way; places for what their answers say, the other way;
 * and a few words. Each word has one writer but for those that both count.
 */
import type { MessagePort } from 'node:worker_threads'
import type { LaneRange } from '../types.ts'
import { Room } from './run-record.ts'

/** Records of finished runs that are not on the disk yet; as it is written round and round, it should stay in a processor's cache. */
const RING_BYTES = 2 * 1024 * 1024
/** Of a ring: only marks of records that come apart use its last bytes, eight for each. */
export const RING_RESERVE = 64 * 1024
/** A record that is larger, or for which the ring has no room, comes apart, in memory of its own. */
export const INLINE_BYTES = 16 * 1024
/** Answers that were not picked up yet; a power of two. */
export const PLACES = 2_048
/** The longest field: an id, gas, a salt, and an attestation with a path of a dozen hashes, in base64. */
export const PLACE_BYTES = 2_048

/** Words: `HEAD`, `TAIL` count bytes of the ring, `DONE` counts answers, all modulo 2^32; `APART` counts kilobytes of records that came apart and were freed. */
export const HEAD = 0
export const TAIL = 1
export const DONE = 2
export const APART = 3
/** Changes whenever the sealing thread has something to look at; it sleeps on it. */
export const WAKE = 4
/** What the sealing thread does: one of the three below. */
export const ASLEEP = 5
export const AWAKE = 0
/** Sleeps until it is woken up. */
export const SLEEPING = 1
/** Sleeps with receipts that nobody waits for, and wakes up by itself to write them. */
export const RESTING = 2
/** 1 from when the edge thread was called until it looks. */
export const CALLED = 6
/** `HEAD` as it was when the edge thread found nothing more to run. */
export const REST = 7
/** 1 while the edge thread will look at `DONE` by itself, and need not be called. */
export const LOOKS = 8
/** Answers that have not come, as of what was handed over last. */
export const CROWD = 9
const WORDS = 16

/** What one pair of threads shares; made by the main thread, which gives it to both. */
export interface BesideMemory {
  readonly words: SharedArrayBuffer
  readonly ring: SharedArrayBuffer
  /** Lengths of the fields by place in bytes, then the places in the order in which their answers came. */
  readonly answers: SharedArrayBuffer
  readonly fields: SharedArrayBuffer
  /** `seq` of the next run by lane, as recovered from the journal. */
  readonly nexts: SharedArrayBuffer
}

/** Memory for one pair of threads. */
export function besideMemory(lanes: LaneRange, ringBytes = RING_BYTES): BesideMemory {
  return {
    words: new SharedArrayBuffer(WORDS * 4),
    ring: new SharedArrayBuffer(ringBytes),
    answers: new SharedArrayBuffer(PLACES * 2 * 4),
    fields: new SharedArrayBuffer(PLACES * PLACE_BYTES),
    nexts: new SharedArrayBuffer(lanes.count * 8),
  }
}

/** What one end sees of the memory; a position in the ring is a count of bytes under `mask`. */
export const viewsOf = ({ words, ring, answers, fields, nexts }: BesideMemory) => ({
  words: new Int32Array(words),
  ring: new Room(ring),
  mask: ring.byteLength - 1,
  answers: new Int32Array(answers),
  fields: Buffer.from(fields),
  nexts: new Float64Array(nexts),
})

/** Makes the thread that seals look at what there is, its messages too. */
export function wakeSealer({ words }: BesideMemory): void {
  const view = new Int32Array(words)
  Atomics.add(view, WAKE, 1)
  Atomics.notify(view, WAKE)
}

/** One end: the memory, and a port to the other thread. */
export interface BesideEnd {
  readonly memory: BesideMemory
  readonly port: MessagePort
}
