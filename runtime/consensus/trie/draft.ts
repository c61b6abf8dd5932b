/** A page in the making: the slots that change, over the page that it was made from. Its hashes come when all of a batch are known, many at a time. */
import { copyInto } from '../../core/index.ts'
import { Leaf, leafSize } from './leaf.ts'
import { bitCount, CHILD_BYTES, innerNodes, nodeKind, Page, slotBelow, SLOTS, SLOTS_AT, type NodeKind } from './page.ts'
import { writeVersion } from './version.ts'

export class Draft {
  readonly #from: Page
  readonly #version: number
  #taken: number
  #pages: number
  readonly #slots: (Leaf | Draft | undefined)[] = []
  /** Nodes above a slot that changed, a bit each. */
  #dirty = 0
  /** Nodes whose content is known to be what their hashes say, a bit each. */
  #seen: number
  /** Where the hashes of nodes that were made anew lie: a heap. */
  #hashes: Uint8Array = NONE
  #hashesAt = 0

  constructor(from: Page, version: number) {
    this.#from = from
    this.#version = version
    this.#taken = from.taken
    this.#pages = from.pages
    this.#seen = from.seen
  }

  #touch(slot: number): void {
    for (let node = (SLOTS + slot) >> 1; node > 0; node >>= 1) this.#dirty |= 1 << node
  }

  clear(slot: number): void {
    this.#taken &= ~(1 << slot)
    this.#pages &= ~(1 << slot)
    this.#slots[slot] = undefined
    this.#touch(slot)
  }

  /** `seen` where the leaf's content was checked against its hash, or is new. */
  setLeaf(slot: number, leaf: Leaf, seen: boolean): void {
    this.#seen = seen ? this.#seen | (1 << (SLOTS + slot)) : this.#seen & ~(1 << (SLOTS + slot))
    this.#taken |= 1 << slot
    this.#pages &= ~(1 << slot)
    this.#slots[slot] = leaf
    this.#touch(slot)
  }

  setPage(slot: number, page: Draft): void {
    this.#taken |= 1 << slot
    this.#pages |= 1 << slot
    this.#slots[slot] = page
    this.#touch(slot)
  }

  kind(node: number): NodeKind {
    return nodeKind(node, this.#taken, this.#pages)
  }

  /** The leaf that is alone in the page. */
  sole(): Leaf {
    const slot = slotBelow(1, this.#taken)
    const set = this.#slots[slot]
    return set instanceof Leaf ? set : (this.#from.leaf(slot) as Leaf)
  }

  /** Hash of the top node, once all are made. */
  top(): Uint8Array {
    return this.kind(1) === 'leaf' ? this.sole().hash : this.#hashes.subarray(this.#hashesAt + 32, this.#hashesAt + 64)
  }

  /** Gives the page room for its hashes. */
  hashesIn(bytes: Uint8Array, at: number): void {
    this.#hashes = bytes
    this.#hashesAt = at
  }

  /** True for an inner node whose hash is not that of before. */
  mustHash(node: number): boolean {
    return ((this.#dirty >> node) & 1) === 1 && this.kind(node) === 'inner'
  }

  /** Writes what an inner node's hash is of (core/sparse-proof.ts) into zeros: 1, left, right. The hashes below must be there. */
  putMessage(node: number, out: Uint8Array, at: number): void {
    out[at] = 1
    this.#putHash(node * 2, out, at + 1)
    this.#putHash(node * 2 + 1, out, at + 33)
  }

  setHash(node: number, hashes: Uint8Array, at: number): void {
    copyInto(this.#hashes, this.#hashesAt + node * 32, hashes, at, 32)
  }

  #putHash(node: number, out: Uint8Array, at: number): void {
    const kind = this.kind(node)
    if (kind === 'empty') return
    if (kind === 'inner' && node < SLOTS) {
      if (((this.#dirty >> node) & 1) === 1) copyInto(out, at, this.#hashes, this.#hashesAt + node * 32, 32)
      else this.#from.putHash(node, out, at)
      return
    }
    const slot = node >= SLOTS ? node - SLOTS : slotBelow(node, this.#taken)
    const set = this.#slots[slot]
    if (set === undefined) this.#from.putHash(SLOTS + slot, out, at)
    else if (set instanceof Leaf) copyInto(out, at, set.bytes, set.at, 32)
    else set.#putTop(out, at)
  }

  #putTop(out: Uint8Array, at: number): void {
    copyInto(out, at, this.#hashes, this.#hashesAt + 32, 32)
  }

  /** The page, once all hashes are made. */
  page(): Page {
    const inner = innerNodes(this.#taken, this.#pages)
    const out = new Uint8Array(this.#slotBytes() + 32 * bitCount(inner))
    out[0] = this.#taken >> 8
    out[1] = this.#taken & 255
    out[2] = this.#pages >> 8
    out[3] = this.#pages & 255
    let at = this.#putSlots(out)
    for (let node = 2; node < SLOTS; node++) {
      if (((inner >> node) & 1) === 0) continue
      this.#putHash(node, out, at)
      at += 32
    }
    return Page.made(out, this.top().slice(), this.#seen | this.#dirty)
  }

  #sizeOf(slot: number, at: number): number {
    if (((this.#from.taken >> slot) & 1) === 0) return 0
    return ((this.#from.pages >> slot) & 1) === 1 ? CHILD_BYTES : leafSize(this.#from.row, at)
  }

  #stays(slot: number): boolean {
    return this.#slots[slot] === undefined && ((this.#taken & this.#from.taken) >> slot) % 2 === 1
  }

  #slotBytes(): number {
    let size = SLOTS_AT
    let from = SLOTS_AT
    for (let slot = 0; slot < SLOTS; slot++) {
      const had = this.#sizeOf(slot, from)
      const set = this.#slots[slot]
      if (set !== undefined) size += set instanceof Leaf ? set.size : CHILD_BYTES
      else if (this.#stays(slot)) size += had
      from += had
    }
    return size
  }

  /** Writes the slots; gives where they end. Those that stay lie together in the row they come from: a run of them is one copy. */
  #putSlots(out: Uint8Array): number {
    const { row } = this.#from
    let at = SLOTS_AT
    let from = SLOTS_AT
    let run = from
    const flush = (): void => {
      if (from > run) out.set(row.subarray(run, from), at)
      at += from - run
    }
    for (let slot = 0; slot < SLOTS; slot++) {
      const had = this.#sizeOf(slot, from)
      if (!this.#stays(slot)) {
        flush()
        run = from + had
        const set = this.#slots[slot]
        if (set instanceof Leaf) {
          copyInto(out, at, set.bytes, set.at, set.size)
          at += set.size
        } else if (set !== undefined) {
          set.#putTop(out, at)
          writeVersion(out, at + 32, this.#version)
          at += CHILD_BYTES
        }
      }
      from += had
    }
    flush()
    return at
  }
}

const NONE = new Uint8Array(0)
