import { expect, test } from 'vitest'
import {
  encode,
  encodeCertificate,
  encodeHeader,
  nodeAccountKey,
  toBase64,
  trieProofCbor,
  utf8,
  cidOf,
  DAG_CBOR,
  type StateProof,
} from '../core/index.ts'
import { accounts, nodeKey, second } from './testing/bundles.ts'
import { certify, chainId, genesis, headerAfter } from './testing/chain.ts'
import { verifyStateProof } from './index.ts'

const header = headerAfter(second, { state: { ...second.state, accounts: accounts.root } })
const entry = {
  trie: 'accounts' as const,
  key: toBase64(nodeAccountKey(nodeKey)),
  value: toBase64(accounts.value),
  proof: toBase64(encode(trieProofCbor(accounts.proof))),
}
const proof: StateProof = {
  height: 3,
  header: toBase64(encodeHeader(header)),
  certificate: toBase64(encodeCertificate(certify(header))),
  epochs: [],
  entries: [entry],
}
const failing = (p: unknown, chain = chainId) =>
  verifyStateProof(p as StateProof, chain, { trust: [genesis] })
    .checks.filter((c) => !c.ok)
    .map((c) => c.name)

test('a true state proof holds', () => {
  expect(failing(proof)).toEqual([])
  const empty = {
    trie: 'contracts' as const,
    key: toBase64(utf8('absent')),
    value: null,
    proof: toBase64(encode(trieProofCbor({ depth: 0, siblings: [], other: null }))),
  }
  expect(failing({ ...proof, entries: [entry, empty] })).toEqual([])
  expect(failing({ ...proof, entries: [entry, { ...empty, value: toBase64(utf8('x')) }] })).toEqual(['state'])
})

test.each<[string, unknown, string]>([
  ['another value', { ...proof, entries: [{ ...entry, value: toBase64(utf8('rich')) }] }, 'state'],
  ['an absent value', { ...proof, entries: [{ ...entry, value: null }] }, 'state'],
  ['another key', { ...proof, entries: [{ ...entry, key: toBase64(utf8('x')) }] }, 'state'],
  ['another trie', { ...proof, entries: [{ ...entry, trie: 'contracts' }] }, 'state'],
  ['no trie', { ...proof, entries: [{ ...entry, trie: 'constructor' }] }, 'state'],
  ['no entries', { ...proof, entries: [] }, 'state'],
  ['entries that are no list', { ...proof, entries: 5 }, 'state'],
  ['another height', { ...proof, height: 2 }, 'header'],
  ['another header', { ...proof, header: toBase64(encodeHeader({ ...header, time: header.time + 1 })) }, 'certificate'],
  ['too few signers', { ...proof, certificate: toBase64(encodeCertificate(certify(header, [1, 2]))) }, 'certificate'],
  ['nothing', {}, 'header'],
])('a proof with %s fails there', (_what, p, name) => {
  expect(failing(p)).toContain(name)
})

test('a proof of a chain that is not trusted fails', () => {
  expect(failing(proof, cidOf(DAG_CBOR, utf8('other')))).toContain('trust')
})
