/** The state while a block runs: what the parent's tries hold, under changes that can be taken back to a checkpoint. */
import { amountBytes, byteString, bytesAmount, decodeAccount, encodeAccount, PARAMS, type Account, type Params } from '../../core/index.ts'
import type { TrieChange } from '../trie/index.ts'
import { BURNT_KEY, MINTED_KEY, TRIES, WARM_KEY, type TrieName } from './keys.ts'
import { WarmCode } from './warm-code.ts'

/** Reads of a final state. */
export interface StateReader {
  /** `text` is the key's `byteString`, from who has it. */
  get(trie: TrieName, key: Uint8Array, text?: string): Uint8Array | undefined
}

/** What an address has that nothing was ever sent to. */
export const NO_ACCOUNT: Account = { balance: 0n, nonce: 0, bond: 0n, node: null }

const isEmpty = (a: Account): boolean => a.balance === 0n && a.nonce === 0 && a.bond === 0n && a.node === null

/** The account of an address; an address never seen is an empty one. */
export function readAccount(state: StateReader, address: Uint8Array): Account {
  const bytes = state.get('accounts', address)
  return bytes === undefined ? NO_ACCOUNT : decodeAccount(bytes)
}

/** All fees burnt up to this state, in 10^-18 UNC. */
export function burntOf(state: StateReader): bigint {
  const bytes = state.get('accounts', BURNT_KEY)
  return bytes === undefined ? 0n : bytesAmount(bytes, 'burnt')
}

/** All rewards released up to this state, in 10^-18 UNC. */
export function mintedOf(state: StateReader): bigint {
  const bytes = state.get('accounts', MINTED_KEY)
  return bytes === undefined ? 0n : bytesAmount(bytes, 'minted')
}

/** A key, and what stands there now. */
interface Entry<T> {
  readonly key: Uint8Array
  readonly value: T
}

/** What a block set, by key as text. */
export type Entries<T> = ReadonlyMap<string, Entry<T>>

/** What takes a change back: the entry that stood there before, or what was burnt. */
type Undo = { readonly map: Map<string, unknown>; readonly text: string; readonly before: unknown } | bigint

export class WorkingState implements StateReader {
  /** Code that needs not be made ready. What a transaction ran stays in it, whatever becomes of its other changes. */
  readonly warm: WarmCode
  readonly #base: StateReader
  readonly #baseAccount: (address: Uint8Array, text: string) => Account
  readonly #accounts = new Map<string, Entry<Account>>()
  readonly #tries: Readonly<Record<TrieName, Map<string, Entry<Uint8Array | undefined>>>> = {
    accounts: new Map(),
    contracts: new Map(),
    offchain: new Map(),
  }
  /** How to take each change back, the newest last. */
  readonly #undo: Undo[] = []
  /** What this block burns. */
  #burnt = 0n
  readonly #read = new Map<string, Account>()

  /** `account` reads accounts of the base, where something has them decoded. */
  constructor(
    base: StateReader,
    account: (address: Uint8Array, text: string) => Account = (address) => readAccount(base, address),
    { contracts }: Pick<Params, 'contracts'> = PARAMS,
  ) {
    this.#base = base
    this.#baseAccount = account
    this.warm = new WarmCode(this, contracts)
  }

  #put<T>(map: Map<string, Entry<T>>, key: Uint8Array, value: T, text: string = byteString(key)): void {
    this.#undo.push({ map, text, before: map.get(text) })
    map.set(text, { key, value })
  }

  /** `text` is the address's `byteString`, from who has it. */
  account(address: Uint8Array, text: string = byteString(address)): Account {
    const changed = this.#accounts.get(text)
    if (changed !== undefined) return changed.value
    let account = this.#read.get(text)
    if (account === undefined) {
      account = this.#baseAccount(address, text)
      this.#read.set(text, account)
    }
    return account
  }

  setAccount(address: Uint8Array, account: Account, text?: string): void {
    this.#put(this.#accounts, address, account, text)
  }

  /** A value of a trie. Accounts are read with `account`. */
  get(trie: TrieName, key: Uint8Array, text: string = byteString(key)): Uint8Array | undefined {
    const changed = this.#tries[trie].get(text)
    return changed === undefined ? this.#base.get(trie, key, text) : changed.value
  }

  /** Sets a value; undefined removes it. */
  set(trie: TrieName, key: Uint8Array, value: Uint8Array | undefined, text?: string): void {
    this.#put(this.#tries[trie], key, value, text)
  }

  burn(amount: bigint): void {
    if (amount <= 0n) return
    this.#undo.push(amount)
    this.#burnt += amount
  }

  /** Counts what was given out beside the genesis; the account is the caller's to raise. */
  mint(amount: bigint): void {
    if (amount > 0n) this.set('accounts', MINTED_KEY, amountBytes(mintedOf(this) + amount))
  }

  checkpoint(): number {
    return this.#undo.length
  }

  /** Takes back everything since the checkpoint. */
  revert(checkpoint: number): void {
    while (this.#undo.length > checkpoint) {
      const undo = this.#undo.pop() as Undo
      if (typeof undo === 'bigint') this.#burnt -= undo
      else if (undo.before === undefined) undo.map.delete(undo.text)
      else undo.map.set(undo.text, undo.before)
    }
  }

  /** Leaves in the state which code is ready behind the block. */
  keepWarm(): void {
    const row = this.warm.row()
    if (row !== undefined) this.set('offchain', WARM_KEY, row)
  }

  /** The accounts that were set, as they are now, by address as text. */
  accounts(): Entries<Account> {
    return this.#accounts
  }

  /** The values of the contracts trie that were set or removed, by key as text. */
  contracts(): Entries<Uint8Array | undefined> {
    return this.#tries.contracts
  }

  /** All changes, for the tries. An account that became empty is removed. */
  changes(): Readonly<Record<TrieName, readonly TrieChange[]>> {
    const out: Record<TrieName, TrieChange[]> = { accounts: [], contracts: [], offchain: [] }
    for (const { key, value } of this.#accounts.values()) out.accounts.push([key, isEmpty(value) ? undefined : encodeAccount(value)])
    if (this.#burnt > 0n) out.accounts.push([BURNT_KEY, amountBytes(burntOf(this.#base) + this.#burnt)])
    for (const trie of TRIES) for (const { key, value } of this.#tries[trie].values()) out[trie].push([key, value])
    return out
  }
}
