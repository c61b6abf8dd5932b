/**
 * A leaf as it lies in the row of a bucket: [height 6][position 32][length 1][value], or, where the length is `OWN_ROW`, sha256 of the value in the place of a value
 * too large for its page. The height is that at which the value was written: it names the value's row, and is in no hash.
 */
import { copyInto, sha256 } from '../../../core/index.ts'
import { type Memory, POSITION_BYTES, same32, bytesHeight, VERSION_BYTES, writeVersion } from '../bytes/index.ts'

/** A value up to this size stands in its page; a larger one has a row of its own. */
const INLINE_BYTES = 128
const OWN_ROW = 255
export const POSITION_AT = VERSION_BYTES
const LENGTH_AT = POSITION_AT + POSITION_BYTES
const VALUE_AT = LENGTH_AT + 1

/** The largest leaf. */
export const LEAF_BYTES: number = VALUE_AT + INLINE_BYTES

/** Bytes of the leaf that begins at `at`. */
export function leafSize(bytes: Uint8Array, at: number): number {
  const length = bytes[at + LENGTH_AT] as number
  return VALUE_AT + (length === OWN_ROW ? 32 : length)
}

/** False where no leaf can begin at `at` and end within the row. */
export function leafFits(row: Uint8Array, at: number): boolean {
  const length = row[at + LENGTH_AT]
  return length !== undefined && (length <= INLINE_BYTES || length === OWN_ROW) && at + leafSize(row, at) <= row.length
}

/** Bytes of the leaf of a value. */
export function leafSizeOf(value: Uint8Array): number {
  return VALUE_AT + (value.length <= INLINE_BYTES ? value.length : 32)
}

/** Writes the leaf of a value written at a height. */
export function putLeaf(out: Uint8Array, at: number, positions: Uint8Array, positionAt: number, value: Uint8Array, version: number): void {
  const inline = value.length <= INLINE_BYTES
  writeVersion(out, at, version)
  copyInto(out, at + POSITION_AT, positions, positionAt, POSITION_BYTES)
  out[at + LENGTH_AT] = inline ? value.length : OWN_ROW
  if (inline) copyInto(out, at + VALUE_AT, value, 0, value.length)
  else out.set(sha256(value), at + VALUE_AT)
}

/** A leaf where it lies, and where its hash does. Good only as long as nothing is moved: what is given away is a copy. */
export class Leaf {
  readonly memory: Memory
  readonly bytes: Uint8Array
  readonly at: number
  readonly hashAt: number

  constructor(memory: Memory, at: number, hashAt: number) {
    this.memory = memory
    this.bytes = memory.bytes
    this.at = at
    this.hashAt = hashAt
  }

  get size(): number {
    return leafSize(this.bytes, this.at)
  }

  get version(): number {
    return bytesHeight(this.bytes, this.at)
  }

  get positionAt(): number {
    return this.at + POSITION_AT
  }

  get position(): Uint8Array {
    return this.bytes.slice(this.positionAt, this.positionAt + POSITION_BYTES)
  }

  /** True when the value has a row of its own. */
  get ownRow(): boolean {
    return this.bytes[this.at + LENGTH_AT] === OWN_ROW
  }

  get heldAt(): number {
    return this.at + VALUE_AT
  }

  /** The value where it stands in the page; of a value with a row of its own, its hash. */
  get held(): Uint8Array {
    return this.bytes.slice(this.heldAt, this.at + this.size)
  }

  get valueHash(): Uint8Array {
    return this.ownRow ? this.held : sha256(this.held)
  }

  isAt(positions: Uint8Array, at: number): boolean {
    return same32(this.bytes, this.positionAt, positions, at)
  }
}
