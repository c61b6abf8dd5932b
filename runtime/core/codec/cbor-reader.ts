/** Reads canonical dag-cbor and nothing else: whatever has another form of the same value is refused where it stands. */
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { byteString, equalBytes, fromUtf8 } from './bytes.ts'
import type { Cbor } from './cbor-value.ts'
import { limitError, UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/** Text up to this length is read byte by byte while it is ASCII: a decoder's call costs more. */
const SHORT = 48

/** The link read last: one transaction after another names the same chain, and a CID is dear to make. */
let lastLink: CID | undefined

export class CborReader {
  readonly #bytes: Uint8Array
  readonly #what: string
  #at = 0
  #items = 0

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes
    this.#what = what
  }

  /** The one value that the bytes are. */
  readAll(): Cbor {
    const value = this.#read(0)
    if (this.#at !== this.#bytes.length) throw this.#bad('bytes follow its end')
    return value
  }

  #bad(why: string): UtnetError {
    return new UtnetError('core_not_canonical', `${this.#what} is not canonical dag-cbor: ${why}`)
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw this.#bad('it ends early')
    return byte
  }

  /** The argument of a head; bigint from 2^53 on. */
  #argument(info: number): number | bigint {
    if (info < 24) return info
    if (info > 27) throw this.#bad('indefinite length')
    const width = 1 << (info - 24)
    let high = 0
    let low = 0
    for (let i = 0; i < width; i++) {
      if (i === width - 4) high = low
      low = i === width - 4 ? this.#byte() : low * 256 + this.#byte()
    }
    // A width of 8 leaves the upper half in `high`; of 4 and below there is none.
    const upper = width === 8 ? high : 0
    const least = width === 1 ? low >= 24 : width === 2 ? low >= 0x100 : width === 4 ? low >= 0x1_0000 : upper > 0
    if (!least) throw this.#bad('an integer or length is not in its shortest form')
    return upper < 0x20_0000 ? upper * 0x1_0000_0000 + low : (BigInt(upper) << 32n) | BigInt(low)
  }

  #length(info: number): number {
    const n = this.#argument(info)
    if (n > this.#bytes.length - this.#at) throw this.#bad('it ends early')
    return Number(n)
  }

  #slice(length: number): Uint8Array {
    const slice = this.#bytes.slice(this.#at, this.#at + length)
    this.#at += length
    return slice
  }

  #read(depth: number): Cbor {
    if (++this.#items > LIMITS.cborItems) throw limitError('core_too_large', 'cborItems', this.#items, LIMITS.cborItems, this.#what)
    const head = this.#byte()
    const info = head & 31
    switch (head >> 5) {
      case 0:
        return this.#argument(info)
      case 1:
        return this.#negative(info)
      case 2:
        return this.#slice(this.#length(info))
      case 3:
        return this.#text(this.#length(info))
      case 4:
        return this.#array(this.#length(info), this.#inner(depth))
      case 5:
        return this.#map(this.#length(info), this.#inner(depth))
      case 6:
        if (this.#argument(info) !== 42) throw this.#bad('a tag other than 42')
        return this.#link()
      default:
        return this.#simple(info)
    }
  }

  #inner(depth: number): number {
    if (depth >= LIMITS.cborDepth) throw limitError('core_too_large', 'cborDepth', depth + 1, LIMITS.cborDepth, this.#what)
    return depth + 1
  }

  #negative(info: number): number | bigint {
    const n = this.#argument(info)
    if (typeof n === 'number' && n < Number.MAX_SAFE_INTEGER) return -1 - n
    const value = -1n - BigInt(n)
    if (value < -0x8000_0000_0000_0000n) throw this.#bad('an integer is over 64 bits')
    return value
  }

  #text(length: number): string {
    const end = this.#at + length
    if (length <= SHORT) {
      const from = this.#at
      let at = from
      while (at < end && (this.#bytes[at] as number) < 0x80) at++
      if (at === end) {
        this.#at = end
        return byteString(this.#bytes, from, end)
      }
    }
    try {
      return fromUtf8(this.#slice(length))
    } catch {
      throw this.#bad('text is not UTF-8')
    }
  }

  #array(length: number, depth: number): Cbor[] {
    const list: Cbor[] = []
    for (let i = 0; i < length; i++) list.push(this.#read(depth))
    return list
  }

  #map(length: number, depth: number): Cbor {
    const map: Record<string, Cbor> = {}
    let lastAt = 0
    let lastLength = -1
    for (let i = 0; i < length; i++) {
      const head = this.#byte()
      if (head >> 5 !== 3) throw this.#bad('a map key is not text')
      const keyLength = this.#length(head & 31)
      const keyAt = this.#at
      if (lastLength > keyLength || (lastLength === keyLength && !this.#before(lastAt, keyAt, keyLength)))
        throw this.#bad('map keys are not in order')
      lastAt = keyAt
      lastLength = keyLength
      const name = this.#text(keyLength)
      const value = this.#read(depth)
      // An assignment to this name would set the prototype.
      if (name === '__proto__') Object.defineProperty(map, name, { value, enumerable: true, configurable: true, writable: true })
      else map[name] = value
    }
    return map
  }

  /** True when the bytes at `a` sort before as many at `b`. */
  #before(a: number, b: number, length: number): boolean {
    for (let i = 0; i < length; i++) {
      const difference = (this.#bytes[a + i] as number) - (this.#bytes[b + i] as number)
      if (difference !== 0) return difference < 0
    }
    return false
  }

  /** True when the `length` bytes here are the link read last. */
  #isLast(length: number): boolean {
    const last = lastLink?.bytes
    if (last === undefined || last.length !== length - 1 || this.#bytes[this.#at] !== 0) return false
    for (let i = 0; i < last.length; i++) if (last[i] !== this.#bytes[this.#at + 1 + i]) return false
    return true
  }

  #link(): CID {
    const head = this.#byte()
    const length = head >> 5 === 2 ? this.#length(head & 31) : 0
    if (lastLink !== undefined && this.#isLast(length)) {
      this.#at += length
      return lastLink
    }
    const bytes = this.#slice(length)
    if (bytes[0] !== 0) throw this.#bad('a link is not a CID')
    let cid: CID
    try {
      cid = CID.decode(bytes.subarray(1))
    } catch (cause) {
      throw new UtnetError('core_not_canonical', `${this.#what} is not canonical dag-cbor: a link is not a CID`, { cause })
    }
    // Version 1, a codec of one byte, sha2-256: the usual form, in its shortest by inspection.
    if (bytes.length === 37 && bytes[1] === 1 && (bytes[2] as number) < 0x80 && bytes[3] === 0x12 && bytes[4] === 0x20) {
      lastLink = cid
      return cid
    }
    // The CID reader takes integers that are not in their shortest form.
    const plain = cid.version === 0 ? cid : CID.createV1(cid.code, create(cid.multihash.code, cid.multihash.digest))
    if (!equalBytes(plain.bytes, bytes.subarray(1))) throw this.#bad('a CID is not in its shortest form')
    return cid
  }

  #simple(info: number): boolean | null {
    if (info === 20) return false
    if (info === 21) return true
    if (info === 22) return null
    throw this.#bad(info === 23 ? 'undefined' : 'a float or a simple value that dag-cbor lacks')
  }
}
