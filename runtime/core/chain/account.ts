/** Accounts: values of the accounts trie. */
import { amountBytes, bytesAmount, keyAddress } from '../names/index.ts'
import { asArray, asBytes, asText, asUint, decode, encode } from '../codec/index.ts'
import { UtnetError } from '../errors.ts'

/** An account. Balance and bond are in 10^-18 UNC. */
export interface Account {
  readonly balance: bigint
  readonly nonce: number
  readonly bond: bigint
  /** The node key that this account registered, with its role, or null. */
  readonly node: { readonly key: Uint8Array; readonly role: 'validator' | 'provider' } | null
}

/** Canonical bytes of an account, the value of the account trie. */
export function encodeAccount(a: Account): Uint8Array {
  return encode([amountBytes(a.balance), a.nonce, amountBytes(a.bond), a.node === null ? null : [a.node.key, a.node.role]])
}

/** The account of its bytes. */
export function decodeAccount(bytes: Uint8Array): Account {
  const list = asArray(decode(bytes, 'account', 4096), 'account', 4)
  const node = list[3] === null ? null : asArray(list[3], 'node', 2)
  let entry: Account['node'] = null
  if (node !== null) {
    const role = asText(node[1], 'role')
    if (role !== 'validator' && role !== 'provider') throw new UtnetError('core_not_canonical', `role ${role} is not known`)
    entry = { key: asBytes(node[0], 'node key', 32), role }
  }
  return {
    balance: bytesAmount(asBytes(list[0], 'balance')),
    nonce: asUint(list[1], 'nonce'),
    bond: bytesAmount(asBytes(list[2], 'bond')),
    node: entry,
  }
}

/** Key of an account in its trie: the 20 bytes of the address. A node's account is that of its node key. */
export function nodeAccountKey(nodeKey: Uint8Array): Uint8Array {
  return keyAddress(nodeKey)
}
