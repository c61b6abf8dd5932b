/**
 * A branch: four levels of the binary trie above more leaves than a bucket takes. Its nodes are a heap, 1 is the top, 16 to 31 are the last; each is inner, or an end:
 * empty, a bucket, or, among the last, another branch.
 *
 * Its row is [0][inner nodes 2, bit i for node i][the other children of inner nodes, in order of the heap: [kind 1], and unless empty [height 6][hash 32]]. The kind is the
 * number of leaves of a bucket, or `BRANCH`.
 * In memory it is [kinds of the nodes, a byte each][hashes 32 of nodes 1 to 31][heights 6 of nodes 0 to 31], and, in the cache, [cells 4 of nodes 0 to 31].
 */
import { copyInto } from '../../core/index.ts'
import { BUCKET_LEAVES } from './bucket.ts'
import type { HashJobs } from './hashing.ts'
import { bitIn, nibbleIn } from './position.ts'
import { bytesHeight, VERSION_BYTES, writeVersion } from './version.ts'

export const EMPTY = 0
export const BRANCH = 254
const INNER = 255

const NODES = 32
/** The first of the last nodes. */
export const LAST = 16
const HEIGHTS_AT = NODES * 32
/** Bytes of a branch. */
export const BRANCH_BYTES: number = HEIGHTS_AT + NODES * VERSION_BYTES
/** Where the cells of its ends lie, of which the cache knows. */
const CELLS_AT = BRANCH_BYTES
export const BRANCH_CELL_BYTES: number = CELLS_AT + NODES * 4

const ROW_HEAD = 3
const END_BYTES = 1 + VERSION_BYTES + 32
/** The longest row. */
export const BRANCH_ROW_BYTES: number = ROW_HEAD + LAST * END_BYTES

/** Depth of a node of the heap below its top. */
export const levelOf = (node: number): number => 31 - Math.clz32(node)

export const isBucket = (kind: number): boolean => kind !== EMPTY && kind <= BUCKET_LEAVES

/** A branch where it lies. */
export class Branch {
  readonly bytes: Uint8Array
  readonly at: number

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes
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

  hashAt(node: number): number {
    return this.at + node * 32
  }

  hash(node: number): Uint8Array {
    const at = this.hashAt(node)
    return this.bytes.slice(at, at + 32)
  }

  version(node: number): number {
    return bytesHeight(this.bytes, this.at + HEIGHTS_AT + node * VERSION_BYTES)
  }

  setVersion(node: number, version: number): void {
    writeVersion(this.bytes, this.at + HEIGHTS_AT + node * VERSION_BYTES, version)
  }

  /** The end where a position goes on, `page` branches below the root. */
  endOf(positions: Uint8Array, at: number, page: number): number {
    const path = LAST + nibbleIn(positions, at, page)
    let up = 3
    while (this.isInner(path >> up)) up--
    return path >> up
  }

  /** Where the cache holds the page of an end; 0 where it does not. Only of a branch in the cache. */
  cell(node: number): number {
    const { bytes } = this
    const at = this.at + CELLS_AT + node * 4
    return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)
  }

  setCell(node: number, cell: number): void {
    const at = this.at + CELLS_AT + node * 4
    for (let i = 0; i < 4; i++) this.bytes[at + i] = cell >> (8 * i)
  }

  setInner(node: number): void {
    this.bytes[this.at + node] = INNER
  }

  /** Sets what a node is, and forgets all below it. */
  setEnd(node: number, kind: number): void {
    if (this.isInner(node)) {
      this.setEnd(node * 2, EMPTY)
      this.setEnd(node * 2 + 1, EMPTY)
    }
    this.bytes[this.at + node] = kind
    if (kind === EMPTY) this.bytes.fill(0, this.hashAt(node), this.hashAt(node) + 32)
  }

  /** Leaves below a node; more than a bucket takes where there is a branch. */
  leavesBelow(node: number): number {
    const kind = this.kind(node)
    if (kind === INNER) return this.leavesBelow(node * 2) + this.leavesBelow(node * 2 + 1)
    return kind
  }

  /** Asks for the hashes of inner nodes that are set in a mask. The first rank is of the lowest. */
  askHashes(jobs: HashJobs, changed: number): void {
    for (let rest = changed & (2 ** LAST - 2); rest !== 0;) {
      const node = levelOf(rest)
      rest ^= 1 << node
      if (this.isInner(node)) jobs.add(3 - levelOf(node), this.bytes, this.hashAt(node * 2), this.hashAt(node * 2 + 1), this.hashAt(node))
    }
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
        copyInto(out, to, this.bytes, this.at + HEIGHTS_AT + node * VERSION_BYTES, VERSION_BYTES)
        copyInto(out, to + VERSION_BYTES, this.bytes, this.hashAt(node), 32)
        to += VERSION_BYTES + 32
      }
    }
    out[at] = 0
    out[at + 1] = inner >> 8
    out[at + 2] = inner & 255
    return to
  }

  /** Writes the branch of a row from the disk into zeros, all but the hashes of its inner nodes; undefined when the row is none. */
  static ofRow(row: Uint8Array, out: Uint8Array, at: number): Branch | undefined {
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
        out[at + node] = kind
        copyInto(out, at + HEIGHTS_AT + node * VERSION_BYTES, row, from, VERSION_BYTES)
        copyInto(out, branch.hashAt(node), row, from + VERSION_BYTES, 32)
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
