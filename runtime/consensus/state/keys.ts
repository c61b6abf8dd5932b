/** Keys of the three tries. The prefixes end in `/`, so none is the beginning of another. */
import { concatBytes, utf8 } from '../../core/index.ts'

/** The tries that a header commits to. */
export type TrieName = 'accounts' | 'contracts' | 'offchain'

/** In the order of their roots in the header. */
export const TRIES: readonly TrieName[] = ['accounts', 'contracts', 'offchain']

/** All fees burnt so far, in the accounts trie beside the 20-byte addresses. */
export const BURNT_KEY: Uint8Array = utf8('burnt')
/** All rewards released so far, beside it. */
export const MINTED_KEY: Uint8Array = utf8('minted')

const CODE = utf8('code/')
const NAME = utf8('name/')
const VERSION = utf8('version/')
const ANCHOR = utf8('anchor/')
const DEMAND = utf8('demand/')
const DUE = utf8('due/')
const MODULE = utf8('module/')
const RECORD = utf8('record/')
const SLASHED = utf8('slashed/')
const REWARD = utf8('reward/')

/** Offchain trie: the base fee of the next block, where it is above its least. */
export const BASE_FEE_KEY: Uint8Array = utf8('base-fee')

/** Offchain trie: the code of contracts that is kept ready. */
export const WARM_KEY: Uint8Array = utf8('warm')

/** Contracts trie: the record of a contract. */
export function codeKey(address: Uint8Array): Uint8Array {
  return concatBytes(CODE, address)
}

/** Contracts trie: the record of a name. */
export function nameKey(name: string): Uint8Array {
  return concatBytes(NAME, utf8(name))
}

/** Contracts trie: version `index` of a name, from 0. */
export function versionKey(name: string, index: number): Uint8Array {
  return concatBytes(VERSION, utf8(`${name}/${index}`))
}

/** Offchain trie: an anchor whose batches can be refuted still. */
export function anchorKey(tx: { readonly bytes: Uint8Array }): Uint8Array {
  return concatBytes(ANCHOR, tx.bytes)
}

/** Offchain trie: a leaf that was asked for and not shown yet, by `demandId`. */
export function demandKey(id: Uint8Array): Uint8Array {
  return concatBytes(DEMAND, id)
}

/** Offchain trie: what ends with the block of a height. */
export function dueKey(height: number): Uint8Array {
  return concatBytes(DUE, utf8(`${height}`))
}

/** Offchain trie: a module that was published. */
export function moduleKey(module: { readonly bytes: Uint8Array }): Uint8Array {
  return concatBytes(MODULE, module.bytes)
}

/** Offchain trie: what a transaction of kind operators, route or custom recorded. */
export function recordKey(tx: { readonly bytes: Uint8Array }): Uint8Array {
  return concatBytes(RECORD, tx.bytes)
}

/** Offchain trie: a vote key that signed twice; its value is `[height of the block that took the evidence, digest of the record]`. */
export function slashedKey(bls: Uint8Array): Uint8Array {
  return concatBytes(SLASHED, bls)
}

/** Offchain trie: the reward of the block at a height (cat/reward.ts). */
export function rewardKey(height: number): Uint8Array {
  return concatBytes(REWARD, utf8(String(height)))
}
