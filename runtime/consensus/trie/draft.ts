/** A page in the making: the slots that change, over the page that it was made from. Its hashes come when all of a batch are known, many at a time. */
import { copyInto } from '../../core/index.ts'
import type { ToHash } from './hashing.ts'
import { Leaf, leafSize } from './leaf.ts'
import { CHILD_BYTES, nodeKind, Page, slotBelow, SLOTS, SLOTS_AT, type NodeKind } from './page.ts'
import { writeVersion } from './version.ts'

export class Draft implements ToHash {
  readonly #from: Page
  readonly #version: number
  #taken: number
  #pages: number
  readonly #slots: (Leaf | Draft | undefined)[] = []
  /** Nodes above a slot that changed, a bit each. */
  #dirty = 0
  #made: Page | undefined

  constructor(from: Page, version: number) {
    this.#from = from
    this.#version = version
    this.#taken = from.taken
    this.#pages = from.pages
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

  setLeaf(slot: number, leaf: Leaf): void {
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

  /** Writes the page but for the hashes of its nodes that changed; the pages below must have theirs. */
  make(): Page {
    const page = Page.blank(this.#taken, this.#pages, this.#rowBytes())
    this.#made = page
    this.#putSlots(page)
    for (let node = 2; node < SLOTS; node++) {
      if (this.#isDirty(node) || page.kind(node) !== 'inner') continue
      this.#from.putHash(node, page.bytes, page.innerHashAt(node))
    }
    if (page.kind(1) === 'leaf') page.top = this.sole().hash.slice()
    return page
  }

  /** The page, after `make`. */
  get page(): Page {
    return this.#made as Page
  }

  #isDirty(node: number): boolean {
    return ((this.#dirty >> node) & 1) === 1
  }

  mustHash(node: number): boolean {
    return this.#isDirty(node) && this.kind(node) === 'inner'
  }

  putChildren(node: number, out: Uint8Array, at: number): void {
    this.page.putChildren(node, out, at)
  }

  setHash(node: number, hashes: Uint8Array, at: number): void {
    this.page.setHash(node, hashes, at)
  }

  #sizeBefore(slot: number, at: number): number {
    if (((this.#from.taken >> slot) & 1) === 0) return 0
    return ((this.#from.pages >> slot) & 1) === 1 ? CHILD_BYTES : leafSize(this.#from.bytes, at)
  }

  #stays(slot: number): boolean {
    return this.#slots[slot] === undefined && ((this.#taken & this.#from.taken) >> slot) % 2 === 1
  }

  #rowBytes(): number {
    let size = SLOTS_AT
    let from = SLOTS_AT
    for (let slot = 0; slot < SLOTS; slot++) {
      const had = this.#sizeBefore(slot, from)
      const set = this.#slots[slot]
      if (set !== undefined) size += set instanceof Leaf ? set.size : CHILD_BYTES
      else if (this.#stays(slot)) size += had
      from += had
    }
    return size
  }

  /** Those that stay lie together in the row they come from: a run of them is one copy. */
  #putSlots(page: Page): void {
    const { bytes } = page
    let at = SLOTS_AT
    let from = SLOTS_AT
    let run = from
    const flush = (): void => {
      if (from > run) bytes.set(this.#from.bytes.subarray(run, from), at)
      at += from - run
    }
    for (let slot = 0; slot < SLOTS; slot++) {
      const had = this.#sizeBefore(slot, from)
      const set = this.#slots[slot]
      if (this.#stays(slot)) {
        if (((this.#pages >> slot) & 1) === 0) copyInto(bytes, page.leafHashAt(slot), this.#from.bytes, this.#from.leafHashAt(slot), 32)
      } else {
        flush()
        run = from + had
        if (set instanceof Leaf) {
          copyInto(bytes, at, set.bytes, set.at, set.size)
          copyInto(bytes, page.leafHashAt(slot), set.bytes, set.hashAt, 32)
          at += set.size
        } else if (set !== undefined) {
          copyInto(bytes, at, set.page.top, 0, 32)
          writeVersion(bytes, at + 32, this.#version)
          at += CHILD_BYTES
        }
      }
      from += had
    }
    flush()
  }
}
