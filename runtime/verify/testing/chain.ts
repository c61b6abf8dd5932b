/** Small chains with real keys, for tests: genesis, headers with true VRF proofs, and certificates by two of three validators. */
import {
  chainIdOf,
  compareBytes,
  encodeGenesis,
  epochOf,
  genesisSeed,
  headerHash,
  kappaOf,
  merkleRoot,
  nextSeed,
  nodeAccountKey,
  ownerOf,
  powerRoot,
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
  type CID,
  type Genesis,
  type Header,
  type TrieProof,
  type Validator,
} from '../../core/index.ts'
import { certifyBy } from '../../consensus/light/testing/chain.ts'
import { blsKeygen, blsProvePossession, blsPublicKey, publicKeyEd25519, vrfOutput, vrfProve } from '../../crypto/index.ts'

const seedOf = (name: string): Uint8Array => sha256(utf8(name))

export interface Signer {
  readonly secret: Uint8Array
  readonly bls: Uint8Array
}

const made = (names: readonly string[]): readonly Signer[] =>
  names
    .map((name) => ({ secret: seedOf(`node ${name}`), bls: blsKeygen(seedOf(`vote ${name}`)) }))
    .sort((x, y) => compareBytes(publicKeyEd25519(x.secret), publicKeyEd25519(y.secret)))

/** Two of three hold three of four. */
const validatorsOf = (set: readonly Signer[]): Validator[] =>
  set.map(({ secret, bls }, i) => ({
    key: publicKeyEd25519(secret),
    bls: blsPublicKey(bls),
    pop: blsProvePossession(bls),
    power: i === 0 ? 2 : 1,
  }))

export interface TestChain {
  readonly genesis: Genesis
  readonly chainId: CID
  /** Who certifies a height. */
  signersAt(height: number): readonly Signer[]
  setAt(height: number): readonly Validator[]
  /** The header after `parent` (or the first), with a true VRF proof by the owner of the unit drawn. */
  headerAfter(parent: Header | null, parts?: Partial<Header>): Header
  /** A certificate of a header by the validators of these indices (0 and 1 hold three of four). */
  certify(header: Header, by?: readonly number[], round?: number): Certificate
}

const NONE = new Uint8Array(32)

/** A chain whose epochs have these sets; the last goes on. */
export function chainOf(epochs: readonly (readonly Signer[])[], parts: Partial<Genesis> = {}): TestChain {
  const sets = epochs.map(validatorsOf)
  const genesis: Genesis = {
    v: 1,
    name: 'tests',
    protocol: PROTOCOL,
    time: 1_000_000,
    dev: true,
    validators: sets[0] as Validator[],
    accounts: [],
    epochBlocks: 600,
    emission: 'cycles',
    vendors: [],
    bondPrice: 1n,
    level0Share: 1_000,
    environment: 'deferred',
    operators: ['exact.matmul'],
    blockReward: 0n,
    committeeSeats: 0,
    trustingBlocks: 1_209_600,
    salt: new Uint8Array(16),
    ...parts,
  }
  const chainId = chainIdOf(genesis)
  const at = <T>(list: readonly T[], height: number): T => list[Math.min(epochOf(height, genesis.epochBlocks), list.length - 1)] as T

  return {
    genesis,
    chainId,
    signersAt: (height) => at(epochs, height),
    setAt: (height) => at(sets, height),
    headerAfter(parent, changes = {}) {
      const previous = parent === null ? genesisSeed(chainId) : parent.seed
      const height = parent === null ? 1 : parent.height + 1
      const set = at(sets, height)
      const kappa = kappaOf(previous, 0, totalPower(set))
      const proposer = ownerOf(kappa, set).key
      const { secret } = at(epochs, height)[set.findIndex((v) => v.key === proposer)] as Signer
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
        power: powerRoot(at(sets, height + 1)),
        ...changes,
      }
    },
    certify(header, by = [0, 1], round = header.round) {
      return certifyBy(chainId, header, at(epochs, header.height), (place) => by.includes(place), round)
    },
  }
}

/** One set for good. */
export const standing: TestChain = chainOf([made(['a', 'b', 'c'])])
export const { genesis, chainId, headerAfter, certify } = standing
export const genesisBytes: Uint8Array = encodeGenesis(genesis)

/** Epochs of two blocks; the first three have no member in common. */
export const turning: TestChain = chainOf([made(['a', 'b', 'c']), made(['d', 'e', 'f']), made(['g', 'h', 'i']), made(['g', 'h', 'j'])], {
  epochBlocks: 2,
})

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
