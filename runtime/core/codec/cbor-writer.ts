/** Writes canonical dag-cbor: shortest heads, map keys by length and then bytewise, CIDs under tag 42, no floats. A test holds it equal to the library's. */
import { CID } from 'multiformats/cid'
import { compareBytes, copyInto, utf8 } from './bytes.ts'
import type { Cbor } from './cbor-value.ts'
import { limitError, UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/** Keys seen before, in UTF-8: structures have few, and encoding text is the dear part. */
const keys = new Map<string, Uint8Array>()
const KEYS_MAX = 4096
/** Text up to this length is written byte by byte when it is ASCII: an encoder's call costs more. */
const SHORT = 48
/** Byte strings from here on are not copied into the writer, only into what it gives: they may be megabytes. */
const LONG = 1024
/** The room that one writer after the other works in; larger ones are given up. */
const ROOM = 4096
const ROOM_MAX = 1_048_576
/** Up to so many bytes a loop copies sooner than a view is made. */
const COPIED = 96
const ASCII = /^[\x20-\x7e]*$/

function keyBytes(key: string): Uint8Array {
  let bytes = keys.get(key)
  if (bytes === undefined) {
    if (!key.isWellFormed()) throw surrogate()
    bytes = utf8(key)
    if (keys.size < KEYS_MAX && bytes.length <= 64) keys.set(key, bytes)
  }
  return bytes
}

const bad = (why: string): UtnetError => new UtnetError('core_bad_argument', why)
const surrogate = (): UtnetError => bad('dag-cbor text has a lone surrogate')

/** A long byte string, and how much of the writer's own bytes stand before it. */
interface Long {
  readonly at: number
  readonly bytes: Uint8Array
}

/** Memory that is written to at a position. */
export interface Writable {
  bytes: Uint8Array
  at: number
  /** Makes room for so many bytes more behind the position. */
  reserve(more: number): void
}

class CborWriter {
  #bytes: Uint8Array
  #at = 0
  readonly #long: Long[] = []
  #longBytes = 0

  /** `room` is written over, and replaced by a larger one where it is too small. */
  constructor(room: Uint8Array) {
    this.#bytes = room
  }

  get room(): Uint8Array {
    return this.#bytes
  }

  /** Appends a value; throws `core_bad_argument` on what dag-cbor (as used here) has no place for. */
  write(value: unknown, depth = 0): void {
    if (depth > LIMITS.cborDepth) throw limitError('core_too_large', 'cborDepth', depth, LIMITS.cborDepth, 'dag-cbor nesting')
    switch (typeof value) {
      case 'string':
        this.#string(value)
        return
      case 'boolean':
        this.#head(7, value ? 21 : 20)
        return
      case 'number':
        if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw bad(`dag-cbor has no place for the number ${value}`)
        if (value < 0) this.#head(1, -1 - value)
        else this.#head(0, value)
        return
      case 'bigint':
        this.#integer(value)
        return
      case 'object':
        this.#object(value, depth)
        return
      default:
        throw bad(`dag-cbor has no place for ${typeof value}`)
    }
  }

  /** What was written, as its own array. */
  take(): Uint8Array {
    const out = new Uint8Array(this.#at + this.#longBytes)
    let from = 0
    let to = 0
    for (const { at, bytes } of this.#long) {
      out.set(this.#bytes.subarray(from, at), to)
      to += at - from
      out.set(bytes, to)
      to += bytes.length
      from = at
    }
    out.set(this.#bytes.subarray(from, this.#at), to)
    return out
  }

  /** Appends what was written to memory. */
  put(into: Writable): void {
    into.reserve(this.#at + this.#longBytes)
    const { bytes: out } = into
    let from = 0
    let to = into.at
    for (const { at, bytes } of this.#long) {
      out.set(this.#bytes.subarray(from, at), to)
      out.set(bytes, to + at - from)
      to += at - from + bytes.length
      from = at
    }
    const length = this.#at - from
    if (length > COPIED) out.set(this.#bytes.subarray(from, this.#at), to)
    else copyInto(out, to, this.#bytes, from, length)
    into.at = to + length
  }

  #object(value: object | null, depth: number): void {
    if (value === null) {
      this.#head(7, 22)
    } else if (value instanceof Uint8Array) {
      this.#head(2, value.length)
      this.#append(value)
    } else if (Array.isArray(value)) {
      this.#head(4, value.length)
      for (const item of value) this.write(item, depth + 1)
    } else {
      const cid = value instanceof CID ? value : CID.asCID(value)
      if (cid === null) this.#map(value as Readonly<Record<string, unknown>>, depth)
      else this.#link(cid)
    }
  }

  #map(value: Readonly<Record<string, unknown>>, depth: number): void {
    const kind = Object.prototype.toString.call(value)
    if (kind !== '[object Object]') throw bad(`dag-cbor has no place for ${kind.slice(8, -1)}`)
    const entries = Object.keys(value).map((key) => ({ bytes: keyBytes(key), key }))
    entries.sort((a, b) => a.bytes.length - b.bytes.length || compareBytes(a.bytes, b.bytes))
    this.#head(5, entries.length)
    for (const { bytes, key } of entries) {
      this.#text(bytes)
      this.write(value[key], depth + 1)
    }
  }

  #link(cid: CID): void {
    this.#head(6, 42)
    this.#head(2, cid.bytes.length + 1)
    this.#grow(1)
    this.#bytes[this.#at++] = 0
    this.#append(cid.bytes)
  }

  #string(value: string): void {
    if (value.length <= SHORT && ASCII.test(value)) {
      this.#head(3, value.length)
      this.#grow(value.length)
      for (let i = 0; i < value.length; i++) this.#bytes[this.#at++] = value.charCodeAt(i)
      return
    }
    if (!value.isWellFormed()) throw surrogate()
    this.#text(utf8(value))
  }

  #text(bytes: Uint8Array): void {
    this.#head(3, bytes.length)
    this.#append(bytes)
  }

  #integer(value: bigint): void {
    if (value > 0xffff_ffff_ffff_ffffn || value < -0x8000_0000_0000_0000n) throw bad('dag-cbor integers are at most 64 bits')
    const major = value < 0n ? 1 : 0
    const n = value < 0n ? -1n - value : value
    if (n <= 0xffff_ffffn) {
      this.#head(major, Number(n))
      return
    }
    this.#grow(9)
    this.#bytes[this.#at++] = (major << 5) | 27
    for (let shift = 56n; shift >= 0n; shift -= 8n) this.#bytes[this.#at++] = Number((n >> shift) & 255n)
  }

  /** Major type and argument (below 2^53) in the shortest form. */
  #head(major: number, n: number): void {
    this.#grow(9)
    const type = major << 5
    if (n < 24) {
      this.#bytes[this.#at++] = type | n
      return
    }
    const width = n < 0x100 ? 1 : n < 0x1_0000 ? 2 : n < 0x1_0000_0000 ? 4 : 8
    this.#bytes[this.#at] = type | (width === 1 ? 24 : width === 2 ? 25 : width === 4 ? 26 : 27)
    let left = n
    for (let i = width; i > 0; i--) {
      this.#bytes[this.#at + i] = left % 256
      left = Math.floor(left / 256)
    }
    this.#at += width + 1
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length >= LONG) {
      this.#long.push({ at: this.#at, bytes })
      this.#longBytes += bytes.length
      return
    }
    this.#grow(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  #grow(more: number): void {
    if (this.#at + more <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + more))
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}

let spare: Uint8Array | undefined

function written<T>(value: Cbor, use: (writer: CborWriter) => T): T {
  const writer = new CborWriter(spare ?? new Uint8Array(ROOM))
  // Taken while in use: whatever runs inside of `write` finds none and brings its own.
  spare = undefined
  try {
    writer.write(value)
    return use(writer)
  } finally {
    if (writer.room.length <= ROOM_MAX) spare = writer.room
  }
}

const take = (writer: CborWriter): Uint8Array => writer.take()

/** Canonical dag-cbor bytes of a value. */
export function writeCbor(value: Cbor): Uint8Array {
  return written(value, take)
}

/** Appends the canonical dag-cbor bytes of a value to memory. */
export function appendCbor(into: Writable, value: Cbor): void {
  written(value, (writer) => writer.put(into))
}
