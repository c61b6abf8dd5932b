/** A small chain with real keys, for tests: genesis, headers with true VRF proofs, and certificates by two of three validators. */
import {
  chainIdOf,
  encodeGenesis,
  genesisSeed,
  headerHash,
  kappaOf,
  merkleRoot,
  nextSeed,
  nodeAccountKey,
  ownerOf,
  powerRoot,
  precommitMessage,
  PROTOCOL,
  sha256,
  totalPower,
  trieInnerHash,
  trieLeafHash,
  EMPTY_TRIE,
  bitAt,
  encodeAccount,
  utf8,
  vrfInput,
  type Account,
  type Certificate,
  type Genesis,
  type Header,
  type TrieProof,
} from '../../core/index.ts'
import {
  blsAggregate,
  blsKeygen,
  blsProvePossession,
  blsPublicKey,
  blsSign,
  publicKeyEd25519,
  vrfOutput,
  vrfProve,
} from '../../crypto/index.ts'

const seedOf = (name: string): Uint8Array => sha256(utf8(name))

export interface Signer {
  readonly secret: Uint8Array
  readonly bls: Uint8Array
}

export const signers: readonly Signer[] = ['a', 'b', 'c'].map((name) => ({
  secret: seedOf(`node ${name}`),
  bls: blsKeygen(seedOf(`vote ${name}`)),
}))

export const genesis: Genesis = {
  v: 1,
  name: 'tests',
  protocol: PROTOCOL,
  time: 1_000_000,
  dev: true,
  validators: signers.map(({ secret, bls }, i) => ({
    key: publicKeyEd25519(secret),
    bls: blsPublicKey(bls),
    pop: blsProvePossession(bls),
    power: i === 0 ? 2 : 1,
  })),
  accounts: [],
  epochBlocks: 600,
  emission: 'cycles',
  vendors: [],
  bondPrice: 1n,
  level0Share: 1_000,
  environment: 'deferred',
  operators: ['MatMul'],
  blockReward: 0n,
  committeeSeats: 0,
  trustingBlocks: 1_209_600,
  salt: new Uint8Array(16),
}
export const genesisBytes = encodeGenesis(genesis)
export const chainId = chainIdOf(genesis)

const NONE = new Uint8Array(32)

/** The header after `parent` (or the first), with a true VRF proof by the owner of the unit drawn. */
export function headerAfter(parent: Header | null, parts: Partial<Header> = {}): Header {
  const previous = parent === null ? genesisSeed(chainId) : parent.seed
  const height = parent === null ? 1 : parent.height + 1
  const kappa = kappaOf(previous, 0, totalPower(genesis.validators))
  const proposer = ownerOf(kappa, genesis.validators).key
  const secret = (signers[genesis.validators.findIndex((v) => v.key === proposer)] as Signer).secret
  const vrfProof = vrfProve(secret, vrfInput(chainId, height, previous))
  return {
    chainId,
    height,
    round: 0,
    parent: parent === null ? NONE : headerHash(parent),
    parentCertificate: NONE,
    proposer,
    kappa,
    vrfProof,
    seed: nextSeed(previous, vrfOutput(vrfProof) as Uint8Array),
    time: genesis.time + height * 1000,
    protocol: PROTOCOL,
    txRoot: merkleRoot([]),
    receiptRoot: merkleRoot([]),
    eventRoot: merkleRoot([]),
    state: { accounts: EMPTY_TRIE, contracts: EMPTY_TRIE, offchain: EMPTY_TRIE },
    bloom: NONE,
    cat: NONE,
    verdicts: NONE,
    power: powerRoot(genesis.validators),
    ...parts,
  }
}

/** A certificate of a header by the validators of these indices (0 and 1 hold three of four). */
export function certify(header: Header, by: readonly number[] = [0, 1], round = header.round): Certificate {
  const block = headerHash(header)
  const message = precommitMessage(chainId, header.height, round, block)
  const bits = by.reduce((n, i) => n | (1 << i), 0)
  const signature = blsAggregate(by.map((i) => blsSign(message, (signers[i] as Signer).bls)))
  return { height: header.height, round, block, signers: Uint8Array.of(bits), signature }
}

/** An accounts trie of a node's account and one more, and the proof of the former. */
export function accountsWith(
  nodeKey: Uint8Array,
  account: Account,
): { readonly root: Uint8Array; readonly value: Uint8Array; readonly proof: TrieProof } {
  const value = encodeAccount(account)
  const position = sha256(nodeAccountKey(nodeKey))
  const leaf = trieLeafHash(position, sha256(value))
  const otherPosition = sha256(utf8('another account'))
  const other = trieLeafHash(otherPosition, sha256(utf8('its value')))
  let split = 0
  while (bitAt(position, split) === bitAt(otherPosition, split)) split++
  let root = bitAt(position, split) === 0 ? trieInnerHash(leaf, other) : trieInnerHash(other, leaf)
  for (let d = split - 1; d >= 0; d--) root = bitAt(position, d) === 0 ? trieInnerHash(root, EMPTY_TRIE) : trieInnerHash(EMPTY_TRIE, root)
  return { root, value, proof: { depth: split + 1, siblings: [{ depth: split, hash: other }], other: null } }
}
