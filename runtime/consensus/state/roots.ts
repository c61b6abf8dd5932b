/** The three roots of one height, and reads through them. */
import { asArray, asBytes, asMap, asUint, decode, encode, type StateRoots, type TrieProof } from '../../core/index.ts'
import { EMPTY_ROOT, trieGet, trieProve, trieUpdate, trieWalk, type PageStore, type TrieChange, type TrieRoot } from '../trie/index.ts'
import { TRIES, type TrieName } from './keys.ts'
import type { StateReader } from './working-state.ts'

/** A root of each trie. */
export type Roots = Readonly<Record<TrieName, TrieRoot>>

export const EMPTY_ROOTS: Roots = { accounts: EMPTY_ROOT, contracts: EMPTY_ROOT, offchain: EMPTY_ROOT }

const TRIE_BYTE: Readonly<Record<TrieName, number>> = { accounts: 0x61, contracts: 0x63, offchain: 0x6f }

/** The roots as a header names them. */
export function rootHashes(roots: Roots): StateRoots {
  return { accounts: roots.accounts.hash, contracts: roots.contracts.hash, offchain: roots.offchain.hash }
}

/** Reads of the state under these roots. */
export function stateAt(store: PageStore, roots: Roots): StateReader {
  return { get: (trie, key) => trieGet(store, TRIE_BYTE[trie], roots[trie], key) }
}

/** A value with the proof that the root holds it, or holds nothing there. */
export function proveAt(
  store: PageStore,
  roots: Roots,
  trie: TrieName,
  key: Uint8Array,
): { readonly value: Uint8Array | null; readonly proof: TrieProof } {
  return trieProve(store, TRIE_BYTE[trie], roots[trie], key)
}

/** Every value of a trie with its position. */
export function walkAt(store: PageStore, roots: Roots, trie: TrieName): Iterable<readonly [position: Uint8Array, value: Uint8Array]> {
  return trieWalk(store, TRIE_BYTE[trie], roots[trie])
}

/** What the commit of a block writes for its state: new rows, and keys of rows that no later state needs. */
export interface StateUpdate {
  readonly roots: Roots
  readonly rows: readonly (readonly [Uint8Array, Uint8Array])[]
  readonly stale: readonly Uint8Array[]
  /** Puts the new pages into the cache; called when they are committed. */
  remember(): void
}

/** Applies a block's changes to the three tries. */
export function updateState(
  store: PageStore,
  roots: Roots,
  changes: Readonly<Record<TrieName, readonly TrieChange[]>>,
  height: number,
): StateUpdate {
  const updates = TRIES.map((trie) => [trie, trieUpdate(store, TRIE_BYTE[trie], roots[trie], changes[trie], height)] as const)
  const next: Record<TrieName, TrieRoot> = { ...roots }
  for (const [trie, update] of updates) next[trie] = update.root
  return {
    roots: next,
    get rows() {
      return updates.flatMap(([, u]) => u.rows)
    },
    get stale() {
      return updates.flatMap(([, u]) => u.stale)
    },
    remember: () => {
      for (const [, update] of updates) update.remember()
    },
  }
}

/** Bytes of the roots for their row. */
export function encodeRoots(roots: Roots): Uint8Array {
  return encode(Object.fromEntries(TRIES.map((trie) => [trie, [roots[trie].version, roots[trie].hash]])))
}

/** The roots of their row. */
export function decodeRoots(bytes: Uint8Array): Roots {
  const m = asMap(decode(bytes, 'state roots', 4096), TRIES, 'state roots')
  const one = (trie: TrieName): TrieRoot => {
    const list = asArray(m[trie], trie, 2)
    return { version: asUint(list[0], 'version'), hash: asBytes(list[1], 'hash', 32) }
  }
  return { accounts: one('accounts'), contracts: one('contracts'), offchain: one('offchain') }
}
