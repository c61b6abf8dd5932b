/** Accounts as the head has them, decoded: a transfer is judged, run and settled by the same few. */
import { byteString, type Account } from '../../../core/index.ts'
import type { Entries } from '../../state/index.ts'

/** Those used last are kept: between so many and twice as many. */
const KEPT = 32_768

export class HeadAccounts {
  readonly #read: (address: Uint8Array) => Account
  #young = new Map<string, Account>()
  #old = new Map<string, Account>()

  /** `read` gives an account of the head's state. */
  constructor(read: (address: Uint8Array) => Account) {
    this.#read = read
  }

  #keep(id: string, account: Account): void {
    this.#young.set(id, account)
    if (this.#young.size < KEPT) return
    this.#old = this.#young
    this.#young = new Map()
  }

  /** `id` is the address as a key of maps, where it is at hand. */
  get(address: Uint8Array, id: string = byteString(address)): Account {
    const young = this.#young.get(id)
    if (young !== undefined) return young
    const account = this.#old.get(id) ?? this.#read(address)
    this.#keep(id, account)
    return account
  }

  /** The head has moved to a block that changed these, and no others. */
  moved(changed: Entries<Account>): void {
    for (const [id, { value }] of changed) this.#keep(id, value)
  }
}
