/**
 * A leaf as it lies in the row of a page: [height 6][position 32][length 1][value], or, where the length is `OWN_ROW`, sha256 of the value in the place of a value
 * too large for its page. The height is that at which the value was written: it names the value's row, and is in no hash.
 */
import { copyInto, sha256 } from '../../core/index.ts'
import { bytesHeight, VERSION_BYTES, writeVersion } from './version.ts'

/** A value up to this size stands in its page; a larger one has a row of its own. */
const INLINE_BYTES = 128
const OWN_ROW = 255
const POSITION_AT = VERSION_BYTES
const LENGTH_AT = POSITION_AT + 32
const VALUE_AT = LENGTH_AT + 1

/** Bytes of the leaf that begins at `at` of a row. */
export function leafSize(row: Uint8Array, at: number): number {
  const length = row[at + LENGTH_AT] as number
  return VALUE_AT + (length === OWN_ROW ? 32 : length)
}

/** False where no leaf can begin at `at` and end within the row. */
export function leafFits(row: Uint8Array, at: number): boolean {
  const length = row[at + LENGTH_AT]
  return length !== undefined && (length <= INLINE_BYTES || length === OWN_ROW) && at + leafSize(row, at) <= row.length
}

/** A leaf where it lies, and where its hash does. */
export class Leaf {
  readonly bytes: Uint8Array
  readonly at: number
  readonly hashAt: number

  constructor(bytes: Uint8Array, at: number, hashAt: number) {
    this.bytes = bytes
    this.at = at
    this.hashAt = hashAt
  }

  /** Writes the leaf of a value written at a height, `Leaf.sizeOf` bytes. Its hash is put in later, many at a time. */
  static put(bytes: Uint8Array, at: number, position: Uint8Array, value: Uint8Array, version: number): Leaf {
    const inline = value.length <= INLINE_BYTES
    writeVersion(bytes, at, version)
    copyInto(bytes, at + POSITION_AT, position, 0, 32)
    bytes[at + LENGTH_AT] = inline ? value.length : OWN_ROW
    bytes.set(inline ? value : sha256(value), at + VALUE_AT)
    return new Leaf(bytes, at, at + leafSize(bytes, at))
  }

  /** The leaf and, behind it, its hash. */
  static sizeOf(value: Uint8Array): number {
    return VALUE_AT + (value.length <= INLINE_BYTES ? value.length : 32) + 32
  }

  get size(): number {
    return leafSize(this.bytes, this.at)
  }

  get hash(): Uint8Array {
    return this.bytes.subarray(this.hashAt, this.hashAt + 32)
  }

  get version(): number {
    return bytesHeight(this.bytes, this.at)
  }

  get position(): Uint8Array {
    return this.bytes.subarray(this.at + POSITION_AT, this.at + LENGTH_AT)
  }

  /** True when the value has a row of its own. */
  get ownRow(): boolean {
    return this.bytes[this.at + LENGTH_AT] === OWN_ROW
  }

  /** The value where it stands in the page; of a value with a row of its own, its hash. */
  get held(): Uint8Array {
    return this.bytes.subarray(this.at + VALUE_AT, this.at + this.size)
  }

  get valueHash(): Uint8Array {
    return this.ownRow ? this.held : sha256(this.held)
  }

  isAt(position: Uint8Array): boolean {
    const from = this.at + POSITION_AT
    for (let i = 0; i < 32; i++) if (this.bytes[from + i] !== position[i]) return false
    return true
  }

  putPosition(out: Uint8Array, at: number): void {
    copyInto(out, at, this.bytes, this.at + POSITION_AT, 32)
  }
}
