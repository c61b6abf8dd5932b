/**
 * Salts, digests, seeds, bodies and their hashes of many receipts in one memory: every message is written where it is hashed, and a digest goes straight
 * into the messages that need it. One receipt alone fills the lanes of the hash in part only; four or more fill them all.
 */
import { createHash, hash } from 'node:crypto'
import {
  ARRAY,
  domain,
  putBytes,
  putHead,
  putRaw,
  putRunSeedHead,
  putRunSeedTail,
  putText,
  type CID,
  type SaltName,
} from '../core/index.ts'
import { HashArena, SHA_ROOM } from '../crypto/native.ts'
import type { Begun, Draft, Early } from './draft.ts'

const PARTS = ['input', 'output', 'log'] as const satisfies readonly SaltName[]
const DOMAINS = PARTS.map(domain)
const SALT = domain('salt')
/** Receipts whose messages lie in memory at once: more would leave the cache. */
const CHUNK = 32
/** An opening longer than this is hashed where it is: a copy of it would cost more than the call. */
const LONG = 1024
/** Room for the parts of messages that have one length, or few. */
const SLACK = 640
/** The message of a part's salt and its padding. */
const SALT_STRIDE = 128
const SECRET_BYTES = 16
const SECRET_AT = SALT.length + 2

/** What is noted of each draft of a chunk: where its messages stand, and in its body the digests. */
const PLAN = 11
const INPUT = 0 // then output and log: the messages of their digests
const SEED = 3
const SEED_END = 4
const SEED_INPUT = 5
const BODY = 6
const BODY_INPUT = 7 // then output and log
const BODY_SEED = 10

/** The message that gives the salt of a part. */
function saltMessage(name: SaltName): Uint8Array {
  const bytes = new Uint8Array(SALT_STRIDE)
  const at = putBytes(bytes, putHead(bytes, putRaw(bytes, 0, SALT), ARRAY, 2), new Uint8Array(SECRET_BYTES))
  return bytes.slice(0, putText(bytes, at, name))
}

export class Hashing {
  readonly #arena = new HashArena()
  readonly #plan = new Int32Array(CHUNK * PLAN)
  readonly #saltLengths: readonly number[]
  /** Where messages of any length begin. */
  readonly #start: number
  #at = 0
  #bodies = 0
  #bodiesEnd = 0
  #seedImage = new Uint8Array(0)
  #seedOf: { readonly chainSeed: Uint8Array; readonly module: CID } | undefined

  constructor() {
    const { start } = this.#arena
    this.#start = start + CHUNK * PARTS.length * SALT_STRIDE
    this.#arena.reserve(this.#start)
    const messages = PARTS.map(saltMessage)
    this.#saltLengths = messages.map((m) => m.length)
    for (let slot = 0; slot < CHUNK; slot++)
      messages.forEach((m, part) => this.#arena.bytes.set(m, start + (slot * PARTS.length + part) * SALT_STRIDE))
  }

  /** Input digest and seed of a run that asks for its seed. */
  early(run: Begun): Early {
    this.#begin(roomOf(run))
    const at = this.#part(0, 0, run.salt, run.input)
    const out = this.#at
    this.#at += 32
    this.#arena.run()
    this.#digest(at, 0, run.input, out, 0)
    this.#arena.run()
    const { bytes } = this.#arena
    const input = bytes.slice(out, out + 32)
    const inputAt = this.#seedMessage(run)
    bytes.set(input, inputAt)
    const end = putRunSeedTail(bytes, inputAt + 32, run.lane.thread, run.seq)
    const from = inputAt - this.#seedImage.length
    this.#lone(from, end - from, out)
    return { input, seed: bytes.slice(out, out + 32) }
  }

  /** Makes body, digest and leaf of the drafts that lack them. */
  seal(drafts: readonly Draft[]): void {
    let chunk: Draft[] = []
    for (const draft of drafts) {
      if (draft.sealed === undefined) chunk.push(draft)
      if (chunk.length < CHUNK) continue
      this.#chunk(chunk)
      chunk = []
    }
    if (chunk.length > 0) this.#chunk(chunk)
  }

  #chunk(drafts: readonly Draft[]): void {
    const arena = this.#arena
    const plan = this.#plan
    const count = drafts.length
    let messages = 0
    let bodies = 64 * count
    for (let i = 0; i < count; i++) {
      const { begun, output, log, length } = drafts[i] as Draft
      messages += roomOf(begun) + short(output) + (log === null ? 0 : short(log))
      bodies += 1 + length + SHA_ROOM
    }
    this.#begin(messages + bodies)
    // Bodies stand together, behind all else.
    this.#bodies = this.#bodiesEnd = this.#start + messages
    for (let i = 0; i < count; i++) this.#write(drafts[i] as Draft, i * PLAN)
    arena.run() // salts
    const { bytes } = arena
    for (let part = 0; part < PARTS.length; part++) {
      for (let i = 0; i < count; i++) {
        const p = i * PLAN
        const at = plan[p + INPUT + part] as number
        if (at === 0) continue
        const opening = openingOf(drafts[i] as Draft, part)
        this.#digest(at, part, opening, plan[p + BODY_INPUT + part] as number, part === 0 ? (plan[p + SEED_INPUT] as number) : 0)
      }
    }
    arena.run() // digests of the parts
    for (let i = 0; i < count; i++) {
      const p = i * PLAN
      const at = plan[p + SEED] as number
      if (at > 0) this.#hash(i, count, at, (plan[p + SEED_END] as number) - at, plan[p + BODY_SEED] as number)
    }
    arena.run() // seeds
    const digests = this.#bodiesEnd
    for (let i = 0; i < count; i++) this.#hash(i, count, plan[i * PLAN + BODY] as number, (drafts[i] as Draft).length, digests + i * 32)
    arena.run()
    const leaves = digests + count * 32
    // A zero stands before each body (RFC 6962 2.1). Not together with the digests: the padding behind differs.
    for (let i = 0; i < count; i++)
      this.#hash(i, count, (plan[i * PLAN + BODY] as number) - 1, (drafts[i] as Draft).length + 1, leaves + i * 32)
    arena.run()
    // One copy for all: an array of its own for each would cost more than the bytes.
    const from = this.#bodies
    const sealed = bytes.slice(from, leaves + count * 32)
    for (let i = 0; i < count; i++) {
      const draft = drafts[i] as Draft
      draft.sealed = sealed
      draft.bodyAt = (plan[i * PLAN + BODY] as number) - from
      draft.digestAt = digests + i * 32 - from
      draft.leafAt = leaves + i * 32 - from
    }
  }

  /** Writes all messages of a draft and asks for its salts. */
  #write({ begun, layout, output, log, fields }: Draft, p: number): void {
    const { early, salt } = begun
    const plan = this.#plan
    const { bytes } = this.#arena
    const slot = p / PLAN
    plan[p + INPUT] = early === undefined ? this.#part(slot, 0, salt, begun.input) : 0
    plan[p + INPUT + 1] = this.#part(slot, 1, salt, output)
    plan[p + INPUT + 2] = log === null ? 0 : this.#part(slot, 2, salt, log)
    plan[p + SEED] = 0
    if (early === undefined) {
      const inputAt = this.#seedMessage(begun)
      plan[p + SEED] = inputAt - this.#seedImage.length
      plan[p + SEED_INPUT] = inputAt
      plan[p + SEED_END] = putRunSeedTail(bytes, inputAt + 32, begun.lane.thread, begun.seq)
      this.#at = (plan[p + SEED_END] as number) + SHA_ROOM
    }
    const at = this.#bodiesEnd + 1
    bytes[at - 1] = 0
    this.#bodiesEnd = layout.write(bytes, at, fields) + SHA_ROOM
    plan[p + BODY] = at
    plan[p + BODY_INPUT] = at + layout.inputAt
    plan[p + BODY_INPUT + 1] = at + layout.outputAt
    plan[p + BODY_INPUT + 2] = at + layout.logAt
    plan[p + BODY_SEED] = at + layout.seedAt
    if (early === undefined) return
    bytes.set(early.input, at + layout.inputAt)
    bytes.set(early.seed, at + layout.seedAt)
  }

  /** Starts over, with room for so many bytes. */
  #begin(room: number): void {
    this.#at = this.#start
    this.#arena.reserve(this.#start + room)
  }

  /** Writes the message of a part's digest and asks for the salt in it; gives where it stands. */
  #part(slot: number, part: number, salt: Uint8Array, opening: Uint8Array): number {
    const { bytes, start } = this.#arena
    const saltAt = start + (slot * PARTS.length + part) * SALT_STRIDE
    putRaw(bytes, saltAt + SECRET_AT, salt)
    const at = this.#at
    const to = putRaw(bytes, at, DOMAINS[part] as Uint8Array)
    this.#arena.hash(saltAt, this.#saltLengths[part] as number, to)
    this.#at = (opening.length > LONG ? to + 32 : putRaw(bytes, to + 32, opening)) + SHA_ROOM
    return at
  }

  /** Asks for the digest of a part whose salt is there. */
  #digest(at: number, part: number, opening: Uint8Array, out: number, also: number): void {
    const head = (DOMAINS[part] as Uint8Array).length + 32
    if (opening.length <= LONG) {
      this.#arena.hash(at, head + opening.length, out, also)
      return
    }
    const { bytes } = this.#arena
    const digest = createHash('sha256')
      .update(bytes.subarray(at, at + head))
      .update(opening)
      .digest()
    bytes.set(digest, out)
    if (also > 0) bytes.set(digest, also)
  }

  /** Asks for the digest of message `i` of `count` of some blocks each. The last three at most, which would leave lanes empty, are hashed one by one. */
  #hash(i: number, count: number, at: number, length: number, out: number): void {
    if (i < (count & ~3)) this.#arena.hash(at, length, out)
    else this.#lone(at, length, out)
  }

  /** Hashes one message by node:crypto. */
  #lone(at: number, length: number, out: number): void {
    const { bytes } = this.#arena
    // A latin-1 string is the cheapest way out of it.
    const text = hash('sha256', bytes.subarray(at, at + length), 'latin1')
    for (let i = 0; i < 32; i++) bytes[out + i] = text.charCodeAt(i)
  }

  /** Writes what is hashed to a run's seed but for what follows the input's digest; gives the place of that. */
  #seedMessage({ chainSeed, module }: Begun): number {
    const { bytes } = this.#arena
    if (chainSeed !== this.#seedOf?.chainSeed || module !== this.#seedOf.module) {
      const image = new Uint8Array(SLACK + chainSeed.length + module.bytes.length)
      this.#seedImage = image.slice(0, putRunSeedHead(image, 0, chainSeed, module))
      this.#seedOf = { chainSeed, module }
    }
    return putRaw(bytes, this.#at, this.#seedImage)
  }
}

const short = (opening: Uint8Array): number => (opening.length > LONG ? 0 : opening.length)
const roomOf = ({ input, module, chainSeed }: Begun): number => short(input) + module.bytes.length + chainSeed.length + SLACK

function openingOf({ begun, output, log }: Draft, part: number): Uint8Array {
  return part === 0 ? begun.input : part === 1 ? output : (log as Uint8Array)
}
