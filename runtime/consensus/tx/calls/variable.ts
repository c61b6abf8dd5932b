/** A key of a contract's state in a session: what was read there, what the session left there, and where the chain has it. */
import { byteString, storeKey } from '../../../core/index.ts'

/** What a call set or removed. */
export interface ContractChange {
  /** Address of the contract, 20 bytes. */
  readonly contract: Uint8Array
  readonly key: Uint8Array
  /** Undefined: removed. */
  readonly value: Uint8Array | undefined
}

/** A key of the contracts trie, and its `byteString`: made once for all who look it up. */
interface Place {
  readonly key: Uint8Array
  readonly text: string
}

export class Variable implements ContractChange {
  readonly contract: Uint8Array
  readonly key: Uint8Array
  /** What the state had when it was read, null where it had nothing; undefined before that. */
  read: Uint8Array | null | undefined
  /** Whether the session set or removed it, and to what. */
  changed = false
  value: Uint8Array | undefined
  #place: Place | undefined

  constructor(contract: Uint8Array, key: Uint8Array) {
    this.contract = contract
    this.key = key
  }

  /** Where the chain has it. */
  get place(): Place {
    if (this.#place === undefined) {
      const key = storeKey(this.contract, this.key)
      this.#place = { key, text: byteString(key) }
    }
    return this.#place
  }
}
