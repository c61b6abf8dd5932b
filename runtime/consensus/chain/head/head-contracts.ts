/** Values of the contracts trie as the head has them: who calls a contract reads what the calls before it read. */
import { byteString } from '../../../core/index.ts'
import type { Entries, StateReader } from '../../state/index.ts'

/** Those used last are kept: between so many, of so many bytes, and twice as much. */
const KEPT = 32_768
const KEPT_BYTES = 16 * 1024 * 1024
/** What an entry takes beside key and value. */
const ENTRY_BYTES = 128

export class HeadContracts {
  readonly #read: (key: Uint8Array) => Uint8Array | undefined
  #young = new Map<string, Uint8Array | undefined>()
  #old = new Map<string, Uint8Array | undefined>()
  #bytes = 0

  /** `read` gives a value of the head's contracts trie. */
  constructor(read: (key: Uint8Array) => Uint8Array | undefined) {
    this.#read = read
  }

  #keep(text: string, value: Uint8Array | undefined): void {
    this.#young.set(text, value)
    this.#bytes += text.length + (value?.length ?? 0) + ENTRY_BYTES
    if (this.#young.size < KEPT && this.#bytes < KEPT_BYTES) return
    this.#old = this.#young
    this.#young = new Map()
    this.#bytes = 0
  }

  /** The value of a key, whose `byteString` is `text`. */
  get(key: Uint8Array, text: string): Uint8Array | undefined {
    const young = this.#young.get(text)
    if (young !== undefined || this.#young.has(text)) return young
    const value = this.#old.has(text) ? this.#old.get(text) : this.#read(key)?.slice()
    this.#keep(text, value)
    return value
  }

  /** The same reads as the head's state gives, with these values. */
  over(state: StateReader): StateReader {
    return {
      get: (trie, key, text) => (trie === 'contracts' ? this.get(key, text ?? byteString(key)) : state.get(trie, key, text)),
    }
  }

  /** The head has moved to a block that changed these, and no others. */
  moved(changed: Entries<Uint8Array | undefined>): void {
    for (const [text, { value }] of changed) this.#keep(text, value)
  }
}
