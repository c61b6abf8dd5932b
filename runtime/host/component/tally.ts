/**
 * What a component makes its reader make. Types are named again and again, interfaces are imported by one type under many names, and a nested component is
 * read at each of its instantiations: so a few bytes could ask for any amount of work and memory, before anybody has paid for more than the bytes.
 */
import { LIMITS } from '../../core/index.ts'
import { atMost, type Reader } from '../wasm/index.ts'

export class Tally {
  readonly #allowed: number
  #items = 0

  /** Of a component of so many bytes: two items a byte, and a few beside. */
  constructor(bytes: number) {
    this.#allowed = Math.min(LIMITS.componentItems, LIMITS.componentFewItems + 2 * bytes)
  }

  /** Counts names, types, members of types and entries of index spaces. Throws `guest_invalid` (rule `limit`). */
  add(r: Reader, items = 1): void {
    this.#items += items
    atMost('componentItems', this.#items, r.origin + r.at, 'types, names and items', undefined, 'limit', this.#allowed)
  }
}
