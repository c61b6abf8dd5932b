/** Checks of pages from the disk: that the nodes on a path are what the hashes above them say. Collected for many paths, then made at once. */
import { equalBytes, sha256Rows } from '../../core/index.ts'
import { damaged, slotBelow, SLOTS, type Page } from './page.ts'

/** Bytes of what a node's hash is of (core/sparse-proof.ts): a tag and two hashes. */
export const MESSAGE_BYTES = 65

export class Checks {
  readonly #pages: Page[] = []
  /** The node of each page. */
  readonly #nodes: number[] = []
  /** As they come from `pathTo`, a page's own before they are made. */
  #asked = new Map<Page, number>()

  /** Asks for everything from the top of a page to a slot. */
  pathTo(page: Page, slot: number): void {
    if (page.seen === -1) return
    let node = 1
    for (let level = 3; level >= 0 && page.kind(node) === 'inner'; level--) {
      this.#ask(page, node, node)
      node = node * 2 + ((slot >> level) & 1)
    }
    const kind = page.kind(node)
    // the top has no node above that would show what it is
    if (node === 1 && (kind === 'empty' || !equalBytes(page.hash(SLOTS + slotBelow(1, page.taken)), page.top)))
      throw damaged('a page of the state trie is damaged')
    if (kind !== 'leaf') return
    const at = slotBelow(node, page.taken)
    this.#ask(page, SLOTS + at, SLOTS + at)
  }

  #ask(page: Page, node: number, bit: number): void {
    const asked = this.#asked.get(page) ?? page.seen
    if (((asked >>> bit) & 1) === 1) return
    this.#asked.set(page, asked | (1 << bit))
    this.#pages.push(page)
    this.#nodes.push(node)
  }

  /** Makes them; throws `data_corrupt` unless all hold. */
  run(): void {
    const count = this.#pages.length
    if (count === 0) return
    const messages = new Uint8Array(count * MESSAGE_BYTES)
    for (let i = 0; i < count; i++) {
      const page = this.#pages[i] as Page
      const node = this.#nodes[i] as number
      const at = i * MESSAGE_BYTES
      if (node >= SLOTS) page.leaf(node - SLOTS)?.putMessage(messages, at)
      else {
        messages[at] = 1
        page.putHash(node * 2, messages, at + 1)
        page.putHash(node * 2 + 1, messages, at + 33)
      }
    }
    const hashes = sha256Rows(messages, MESSAGE_BYTES)
    for (let i = 0; i < count; i++) {
      const hash = (this.#pages[i] as Page).hash(this.#nodes[i] as number)
      for (let b = 0; b < 32; b++) {
        if (hashes[i * 32 + b] !== hash[b]) throw damaged('a page of the state trie is damaged: a hash in it is not that of its parts')
      }
    }
    for (const [page, seen] of this.#asked) page.seen |= seen
    this.#asked = new Map()
    this.#pages.length = 0
    this.#nodes.length = 0
  }
}

/** Checks one path of one page. */
export function seePath(page: Page, slot: number): void {
  const checks = new Checks()
  checks.pathTo(page, slot)
  checks.run()
}
