/** The host's view of one guest's memory: every access is bounded, every byte is paid for before it is copied. */
import { PARAMS } from '../../core/index.ts'

/** A guest broke a rule of the canonical ABI or of a host interface: the run ends as a trap. */
export class GuestTrap extends Error {
  override readonly name = 'GuestTrap'
}

/** Gas of the host's own work. Throws when there is not enough. */
export interface Meter {
  charge(gas: number): void
}

/** What a string, a list or a list element costs beside its bytes, as bytes: the host makes an object of it. */
export const ITEM_BYTES = 32

const { byteIn, byteOut } = PARAMS.host
const utf16 = new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true })
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf8Encoder = new TextEncoder()
const CHUNK = 4_096
const NO_VIEW = new DataView(new ArrayBuffer(0))
const NO_BYTES = new Uint8Array(0)

export class GuestMemory {
  readonly #memory: WebAssembly.Memory
  readonly #realloc: ((old: number, oldSize: number, align: number, size: number) => number) | undefined
  readonly #meter: Meter
  #view = NO_VIEW
  #bytes = NO_BYTES

  constructor(
    memory: WebAssembly.Memory,
    realloc: ((old: number, oldSize: number, align: number, size: number) => number) | undefined,
    meter: Meter,
  ) {
    this.#memory = memory
    this.#realloc = realloc
    this.#meter = meter
  }

  /** A memory that grew has left its old buffer behind, empty; asking for the buffer is slow, so it is asked for then only. */
  #refresh(): void {
    if (this.#bytes.length !== 0) return
    const buffer = this.#memory.buffer as ArrayBuffer
    this.#view = new DataView(buffer)
    this.#bytes = new Uint8Array(buffer)
  }

  get view(): DataView {
    this.#refresh()
    return this.#view
  }

  get bytes(): Uint8Array {
    this.#refresh()
    return this.#bytes
  }

  chargeIn(bytes: number): void {
    this.#meter.charge(bytes * byteIn)
  }

  chargeOut(bytes: number): void {
    this.#meter.charge(bytes * byteOut)
  }

  /** Returns the pointer when it is aligned and `size` bytes from it lie in memory. */
  check(pointer: number, size: number, align: number): number {
    const at = pointer >>> 0
    if (at % align !== 0) throw new GuestTrap(`a pointer is not aligned to ${align}`)
    if (at + size > this.bytes.length) throw new GuestTrap('a pointer is out of bounds')
    return at
  }

  /** Room in the guest's memory, by its own allocator; checked as any pointer is. */
  allocate(size: number, align: number): number {
    if (this.#realloc === undefined) throw new GuestTrap('the guest has no realloc')
    if (size > 0x7fff_ffff) throw new GuestTrap('a value is too large')
    return this.check(this.#realloc(0, 0, align, size), size, align)
  }

  /** A copy of bytes of the guest. */
  copyOut(pointer: number, length: number): Uint8Array {
    const at = this.check(pointer, length, 1)
    this.chargeIn(length + ITEM_BYTES)
    return this.bytes.slice(at, at + length)
  }

  /** Bytes for the guest: pointer of the copy. */
  copyIn(bytes: Uint8Array): number {
    this.chargeOut(bytes.length + ITEM_BYTES)
    const at = this.allocate(bytes.length, 1)
    this.bytes.set(bytes, at)
    return at
  }

  readUtf8(pointer: number, length: number): string {
    const at = this.check(pointer, length, 1)
    this.chargeIn(length + ITEM_BYTES)
    try {
      return utf8.decode(this.bytes.subarray(at, at + length))
    } catch {
      throw new GuestTrap('a string is not UTF-8')
    }
  }

  /** `units` counts 16-bit code units. */
  readUtf16(pointer: number, units: number): string {
    const at = this.check(pointer, units * 2, 2)
    this.chargeIn(units * 2 + ITEM_BYTES)
    if (units <= CHUNK) {
      const text = String.fromCharCode(...new Uint16Array(this.bytes.buffer, at, units))
      if (text.isWellFormed()) return text
      throw new GuestTrap('a string has a lone surrogate')
    }
    try {
      return utf16.decode(this.bytes.subarray(at, at + units * 2))
    } catch {
      throw new GuestTrap('a string has a lone surrogate')
    }
  }

  /** Pointer and length in bytes. */
  writeUtf8(text: string): readonly [number, number] {
    const bytes = utf8Encoder.encode(text)
    return [this.copyIn(bytes), bytes.length]
  }

  /** Pointer and length in code units. */
  writeUtf16(text: string): readonly [number, number] {
    const n = text.length
    this.chargeOut(n * 2 + ITEM_BYTES)
    const at = this.allocate(n * 2, 2)
    const to = new Uint16Array(this.bytes.buffer, at, n)
    for (let i = 0; i < n; i++) to[i] = text.charCodeAt(i)
    return [at, n]
  }
}
