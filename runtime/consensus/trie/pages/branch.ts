/**
 * A branch: four levels of the binary trie above more leaves than a bucket takes. Its nodes are a heap, 1 is the top, 16 to 31 are the last; each is inner, or an end:
 * empty, a bucket, or, among the last, another branch.
 *
 * Its row is [0][inner nodes 2, bit i for node i][the other children of inner nodes, in order of the heap: [kind 1], and unless empty [height 6][hash 32]]. The kind is the
 * number of leaves of a bucket, or `BRANCH`.
 * In memory it is [to spare 1][kinds of nodes 1 to 31, a byte each][hashes 32 of nodes 1 to 31][of each node 0 to 31: the cell 4 where the cache holds its page, and its height 6, 2 to spare].
 */
import { copyInto } from '../../../core/index.ts'
import { BUCKET_LEAVES } from './bucket.ts'
import { type Memory, bitIn, nibbleIn, bytesHeight, VERSION_BYTES, writeVersion } from '../bytes/index.ts'

/** Kinds of ends: none, a bucket by its number of leaves, another branch. */
export const EMPTY = 0
export const BRANCH = 254
const INNER = 255

/** Numbers of nodes, of which 0 is none. */
export const NODES = 32
/** The first of the last nodes. */
export const LAST = 16
const HASH_BYTES = 32
/** Where it is said where the pages of its ends are. */
const PLACES_AT = NODES * HASH_BYTES
const CELL_BYTES = 4
const PLACE_BYTES = CELL_BYTES + VERSION_BYTES + 2
/** Bytes of a branch. */
export const BRANCH_BYTES: number = PLACES_AT + NODES * PLACE_BYTES

const ROW_HEAD = 3
const END_BYTES = 1 + VERSION_BYTES + HASH_BYTES
/** The longest row. */
export const BRANCH_ROW_BYTES: number = ROW_HEAD + LAST * END_BYTES

/** Depth of a node of the heap below its top. */
export const levelOf = (node: number): number => 31 - Math.clz32(node)

/** Whether the kind of an end is that of a bucket. */
export const isBucket = (kind: number): boolean => kind !== EMPTY && kind <= BUCKET_LEAVES

/** What the nodes of a branch are, where it is said. */
export class Shape {
  readonly memory: Memory
  readonly bytes: Uint8Array
  readonly at: number

  constructor(memory: Memory, at: number) {
    this.memory = memory
    this.bytes = memory.bytes
    this.at = at
  }

  kind(node: number): number {
    return this.bytes[this.at + node] as number
  }

  isInner(node: number): boolean {
    return this.bytes[this.at + node] === INNER
  }

  /** True for an end that has a page. */
  isPage(node: number): boolean {
    const kind = this.kind(node)
    return kind !== EMPTY && kind !== INNER
  }

  setInner(node: number): void {
    this.bytes[this.at + node] = INNER
  }

  /** Sets what an end is, or what was inner. */
  setEnd(node: number, kind: number): void {
    if (this.isInner(node)) {
      this.setEnd(node * 2, EMPTY)
      this.setEnd(node * 2 + 1, EMPTY)
    }
    this.bytes[this.at + node] = kind
  }

  /** The end where a position goes on, `page` branches below the root. */
  endOf(positions: Uint8Array, at: number, page: number): number {
    const path = LAST + nibbleIn(positions, at, page)
    let up = 3
    while (this.isInner(path >> up)) up--
    return path >> up
  }

  /** Leaves below a node; more than a bucket takes where there is a branch. */
  leavesBelow(node: number): number {
    const kind = this.kind(node)
    if (kind === INNER) return this.leavesBelow(node * 2) + this.leavesBelow(node * 2 + 1)
    return kind
  }
}

/** A branch where it lies. */
export class Branch extends Shape {
  hashAt(node: number): number {
    return this.at + node * HASH_BYTES
  }

  hash(node: number): Uint8Array {
    const at = this.hashAt(node)
    return this.bytes.slice(at, at + HASH_BYTES)
  }

  /** Reads from each line of memory that a change of an end needs; gives something of it. */
  touch(end: number): number {
    let sum = this.cell(end)
    for (let node = end; node > 1; node >>= 1) sum += this.bytes[this.hashAt(node)] as number
    return sum
  }

  #placeAt(node: number): number {
    return this.at + PLACES_AT + node * PLACE_BYTES
  }

  #versionAt(node: number): number {
    return this.#placeAt(node) + CELL_BYTES
  }

  version(node: number): number {
    return bytesHeight(this.bytes, this.#versionAt(node))
  }

  setVersion(node: number, version: number): void {
    writeVersion(this.bytes, this.#versionAt(node), version)
  }

  /** Where the cache holds the page of an end; 0 where it does not. Only of a branch in the cache. */
  cell(node: number): number {
    return this.memory.words[this.#placeAt(node) >> 2] as number
  }

  setCell(node: number, cell: number): void {
    this.memory.words[this.#placeAt(node) >> 2] = cell
  }

  /** Writes the row; gives where it ends. */
  putRow(out: Uint8Array, at: number): number {
    let inner = 0
    let to = at + ROW_HEAD
    for (let node = 1; node < NODES; node++) {
      const kind = this.kind(node)
      if (kind === INNER) inner |= 1 << node
      else if (this.isInner(node >> 1)) {
        out[to++] = kind
        if (kind === EMPTY) continue
        copyInto(out, to, this.bytes, this.#versionAt(node), VERSION_BYTES)
        copyInto(out, to + VERSION_BYTES, this.bytes, this.hashAt(node), HASH_BYTES)
        to += VERSION_BYTES + HASH_BYTES
      }
    }
    out[at] = 0
    out[at + 1] = inner >> 8
    out[at + 2] = inner & 255
    return to
  }

  /** Writes the branch of a row from the disk into zeros, all but the hashes of its inner nodes; undefined when the row is none. */
  static ofRow(row: Uint8Array, out: Memory, at: number): Branch | undefined {
    const branch = new Branch(out, at)
    const inner = ((row[1] as number) << 8) | (row[2] as number)
    if (row.length < ROW_HEAD || row[0] !== 0 || (inner & 3) !== 2) return undefined
    let from = ROW_HEAD
    for (let node = 1; node < NODES; node++) {
      const above = node === 1 || branch.isInner(node >> 1)
      if (node < LAST && ((inner >> node) & 1) === 1) {
        if (!above) return undefined
        branch.setInner(node)
      } else if (above) {
        const kind = row[from++]
        if (kind === EMPTY) continue
        if (kind === undefined || !(isBucket(kind) || (kind === BRANCH && node >= LAST)) || from + END_BYTES - 1 > row.length)
          return undefined
        branch.setEnd(node, kind)
        copyInto(out.bytes, branch.#versionAt(node), row, from, VERSION_BYTES)
        copyInto(out.bytes, branch.hashAt(node), row, from + VERSION_BYTES, HASH_BYTES)
        from += END_BYTES - 1
      }
    }
    return from === row.length ? branch : undefined
  }
}

/** The side of an inner node to which a position goes. */
export function sideOf(node: number, positions: Uint8Array, at: number, page: number): number {
  return node * 2 + bitIn(positions, at, page * 4 + levelOf(node))
}
