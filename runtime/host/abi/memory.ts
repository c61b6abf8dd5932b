/** The host's view of one guest's memory: every access is bounded, every byte is paid for before it is copied. */
import { LIMITS, PARAMS } from '../../core/index.ts'
import { anyBits, readShort, SHORT_READ, SHORT_WRITE, writeShort } from './short-text.ts'

/** A guest broke a rule of the canonical ABI or of a host interface: the run ends as a trap. */
export class GuestTrap extends Error {
  override readonly name = 'GuestTrap'
}

/** Gas of the host's own work. Throws when there is not enough. */
export interface Meter {
  charge(gas: number): void
}

/** How a component keeps its strings (CanonicalABI.md, `string-encoding`). */
export type StringEncoding = 'utf8' | 'utf16' | 'latin1+utf16'

/** The guest's `realloc`. */
export type Realloc = (old: number, oldSize: number, align: number, size: number) => number

/** What a string, a list or a list element takes of the host beside its bytes: it makes an object of it. What that costs is the price `item`. */
const ITEM_BYTES = 32

/** Set in the length of a `latin1+utf16` string that is UTF-16 (CanonicalABI.md, `UTF16_TAG`). */
const UTF16_TAG = 0x8000_0000

const { byteIn, byteOut, item } = PARAMS.host
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const NO_VIEW = new DataView(new ArrayBuffer(0))
const NO_BYTES = new Uint8Array(0)
const NO_UNITS = new Uint16Array(0)
const NO_TEXT = Buffer.alloc(0)

export class GuestMemory {
  readonly #memory: WebAssembly.Memory
  readonly #realloc: Realloc | undefined
  readonly #meter: Meter
  #view = NO_VIEW
  #bytes = NO_BYTES
  #units = NO_UNITS
  #text = NO_TEXT
  /** Bytes and items lifted since the last `begin`. */
  #lifted = 0

  constructor(memory: WebAssembly.Memory, realloc: Realloc | undefined, meter: Meter) {
    this.#memory = memory
    this.#realloc = realloc
    this.#meter = meter
  }

  #refresh(): void {
    const { buffer } = this.#memory
    this.#view = new DataView(buffer)
    this.#bytes = new Uint8Array(buffer)
    this.#units = NO_UNITS
    this.#text = NO_TEXT
  }

  /** Of the memory as it is now; growing detaches it. */
  get view(): DataView {
    // The buffer of a memory that grew is detached, and a detached view is empty. Asking the memory costs twenty times as much
    if (this.#bytes.length === 0) this.#refresh()
    return this.#view
  }

  get bytes(): Uint8Array {
    if (this.#bytes.length === 0) this.#refresh()
    return this.#bytes
  }

  get #utf16(): Uint16Array {
    if (this.bytes.length > 0 && this.#units.length === 0) this.#units = new Uint16Array(this.#memory.buffer)
    return this.#units
  }

  get #buffer(): Buffer {
    if (this.bytes.length > 0 && this.#text.length === 0) this.#text = Buffer.from(this.#memory.buffer)
    return this.#text
  }

  /** Before the values of one call are lifted: what they may take of the host together starts from nothing. */
  begin(): void {
    this.#lifted = 0
  }

  /** `items` are strings, lists and elements of lists. */
  chargeIn(bytes: number, items: number): void {
    this.#meter.charge(bytes * byteIn + items * item)
    this.#lifted += bytes + items * ITEM_BYTES
    if (this.#lifted > LIMITS.valueBytes) throw new GuestTrap(`the values of a call are over the limit valueBytes of ${LIMITS.valueBytes}`)
  }

  chargeOut(bytes: number, items: number): void {
    this.#meter.charge(bytes * byteOut + items * item)
  }

  /** Returns the pointer when it is aligned and `size` bytes from it lie in memory. */
  check(pointer: number, size: number, align: number): number {
    const at = pointer >>> 0
    if ((at & (align - 1)) !== 0) throw new GuestTrap(`a pointer is not aligned to ${align}`)
    if (at + size > this.bytes.length) throw new GuestTrap('a pointer is out of bounds')
    return at
  }

  /** Room in the guest's memory, by its own allocator; checked as any pointer is. */
  allocate(size: number, align: number): number {
    if (this.#realloc === undefined) throw new GuestTrap('the guest has no realloc')
    if (size > 0x7fff_ffff) throw new GuestTrap('a value is too large')
    return this.check(this.#realloc(0, 0, align, size), size, align)
  }

  /** Room for a list of `count` elements. */
  allocateList(count: number, size: number, align: number): number {
    this.chargeOut(count * size, count + 1)
    return this.allocate(count * size, align)
  }

  /** A copy of bytes of the guest. */
  copyOut(pointer: number, length: number): Uint8Array {
    const at = this.check(pointer, length, 1)
    this.chargeIn(length, 1)
    return this.bytes.slice(at, at + length)
  }

  /** Bytes for the guest: pointer of the copy. */
  copyIn(bytes: Uint8Array): number {
    this.chargeOut(bytes.length, 1)
    const at = this.allocate(bytes.length, 1)
    this.bytes.set(bytes, at)
    return at
  }

  readUtf8(pointer: number, length: number): string {
    const at = this.check(pointer, length, 1)
    this.chargeIn(length, 1)
    const { bytes } = this
    if (length <= SHORT_READ && anyBits(bytes, at, length) < 0x80) return readShort(bytes, at, length)
    try {
      return utf8.decode(bytes.subarray(at, at + length))
    } catch {
      throw new GuestTrap('a string is not UTF-8')
    }
  }

  #wellFormed(at: number, units: number): string {
    const text = this.#buffer.toString('utf16le', at, at + units * 2)
    if (text.isWellFormed()) return text
    throw new GuestTrap('a string has a lone surrogate')
  }

  /** `units` counts 16-bit code units. */
  readUtf16(pointer: number, units: number): string {
    const at = this.check(pointer, units * 2, 2)
    this.chargeIn(units * 2, 1)
    if (units <= SHORT_READ) {
      const all = this.#utf16
      if (anyBits(all, at >> 1, units) < 0xd800) return readShort(all, at >> 1, units)
    }
    return this.#wellFormed(at, units)
  }

  /** `tagged` counts bytes, or with `UTF16_TAG` code units. */
  readLatin1OrUtf16(pointer: number, tagged: number): string {
    if (tagged >= UTF16_TAG) return this.readUtf16(pointer, tagged - UTF16_TAG)
    const at = this.check(pointer, tagged, 2)
    this.chargeIn(tagged, 1)
    return this.#buffer.toString('latin1', at, at + tagged)
  }

  /** `length` is that of the text in UTF-8. Gives the pointer. */
  writeUtf8(text: string, length: number): number {
    // What is not ASCII takes twice as long to encode
    this.chargeOut(length === text.length ? length : 2 * length, 1)
    const at = this.allocate(length, 1)
    if (length === text.length && length <= SHORT_WRITE) writeShort(this.bytes, at, text)
    else this.#buffer.write(text, at, length, 'utf8')
    return at
  }

  /** Gives the pointer; the length is that of the text. */
  writeUtf16(text: string): number {
    const n = text.length
    this.chargeOut(n * 2, 1)
    const at = this.allocate(n * 2, 2)
    if (n <= SHORT_WRITE) writeShort(this.#utf16, at >> 1, text)
    else this.#buffer.write(text, at, n * 2, 'utf16le')
    return at
  }

  /** `tagged` as `latin1OrUtf16Length` gives it. */
  writeLatin1OrUtf16(text: string, tagged: number): number {
    if (tagged >= UTF16_TAG) return this.writeUtf16(text)
    this.chargeOut(tagged, 1)
    const at = this.allocate(tagged, 2)
    this.#buffer.write(text, at, tagged, 'latin1')
    return at
  }
}

/** Bytes of a text in UTF-8. */
export const utf8Length = (text: string): number => Buffer.byteLength(text)

// eslint-disable-next-line no-control-regex
const LATIN1 = /^[\0-\xff]*$/

/** The length of a text as `latin1+utf16` hands it over. */
export const latin1OrUtf16Length = (text: string): number => (LATIN1.test(text) ? text.length : text.length + UTF16_TAG)
