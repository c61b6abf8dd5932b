/** A chain of headers with real vote keys whose set changes by epoch: all that a light client looks at, and nothing that it does not. */
import {
  bitsOf,
  chainIdOf,
  compareBytes,
  digest,
  encode,
  epochOf,
  genesisSeed,
  headerHash,
  kappaOf,
  lastHeightOf,
  merkleRoot,
  ownerOf,
  powerDelta,
  powerRoot,
  precommitMessage,
  PROTOCOL,
  totalPower,
  utf8,
  EMPTY_TRIE,
  type Certificate,
  type CID,
  type Genesis,
  type Header,
  type Validator,
} from '../../../core/index.ts'
import { blsAggregate, blsKeygen, blsProvePossession, blsPublicKey, blsSign, publicKeyEd25519 } from '../../../crypto/native.ts'
import type { LightSource } from '../plan.ts'

const NONE = new Uint8Array(32)

export interface Signer {
  readonly validator: Validator
  readonly bls: Uint8Array
}

const made = new Map<string, Signer>()

/** The same keys for the same name in every run. */
export function signerOf(name: string, power = 1): Signer {
  let known = made.get(name)
  if (known === undefined) {
    const bls = blsKeygen(digest('test-vote-key', utf8(name)))
    const key = publicKeyEd25519(digest('test-node-key', utf8(name)))
    known = { validator: { key, bls: blsPublicKey(bls), pop: blsProvePossession(bls), power: 1 }, bls }
    made.set(name, known)
  }
  return { ...known, validator: { ...known.validator, power } }
}

/** Members of an epoch by name, with their power. */
export type Members = Readonly<Record<string, number>>

/** The signers of members, in the order of a set. */
export function signersOfMembers(members: Members): Signer[] {
  return Object.entries(members)
    .map(([name, power]) => signerOf(name, power))
    .sort((a, b) => compareBytes(a.validator.key, b.validator.key))
}

export interface TestChainOptions {
  /** Members of epoch e; the last entry goes on. */
  readonly epochs: readonly Members[]
  readonly epochBlocks?: number
  readonly trustingBlocks?: number
  readonly name?: string
  /** Milliseconds between blocks. */
  readonly paceMs?: number
  /** Changes a header before it is certified: what more than two thirds of the power could do. */
  readonly change?: (header: Header) => Header
}

/** Certifies a header by those of the members whose place `by` admits (all without it). */
export function certifyBy(
  chainId: CID,
  header: Header,
  members: readonly Pick<Signer, 'bls'>[],
  by: (place: number) => boolean = () => true,
  round = header.round,
): Certificate {
  const block = headerHash(header)
  const message = precommitMessage(chainId, header.height, round, block)
  const places = [...members.keys()].filter(by)
  const signatures = places.map((i) => blsSign(message, (members[i] as Pick<Signer, 'bls'>).bls))
  return { height: header.height, round, block, signers: bitsOf(places, members.length), signature: blsAggregate(signatures) }
}

export interface TestChain extends LightSource {
  readonly genesis: Genesis
  readonly chainId: CID
  membersAt(height: number): readonly Signer[]
  /** The header alone. */
  headerAtUncertified(height: number): Header
  headerAt(height: number): { readonly header: Header; readonly certificate: Certificate }
  /** Another header of that height, certified as the true one is. */
  forkAt(height: number, parts?: Partial<Header>): { readonly header: Header; readonly certificate: Certificate }
}

export function lightTestChain(options: TestChainOptions): TestChain {
  const { epochs, epochBlocks = 4, trustingBlocks = 1_000, name = 'light', paceMs = 1_000, change = (h) => h } = options
  const membersOf = (epoch: number): readonly Signer[] => signersOfMembers((epochs[epoch] ?? epochs.at(-1)) as Members)
  const setOf = (epoch: number): readonly Validator[] => membersOf(epoch).map((s) => s.validator)
  const genesis: Genesis = {
    v: 1,
    name,
    protocol: PROTOCOL,
    time: 1_700_000_000_000,
    dev: false,
    validators: setOf(0),
    accounts: [],
    epochBlocks,
    emission: 'cycles',
    vendors: [],
    bondPrice: 1n,
    level0Share: 1_000,
    environment: 'deferred',
    operators: ['exact.matmul'],
    blockReward: 0n,
    committeeSeats: 0,
    trustingBlocks,
    salt: new Uint8Array(16),
  }
  const chainId = chainIdOf(genesis)
  const headers: Header[] = []
  const certificates = new Map<number, Certificate>()

  function headerOf(height: number): Header {
    if (height === 0) return { ...headerOf(1), height: 0, power: powerRoot(setOf(0)) }
    for (let at = headers.length + 1; at <= height; at++) {
      const parent = headers[at - 2]
      const set = setOf(epochOf(at, epochBlocks))
      const kappa = kappaOf(parent?.seed ?? genesisSeed(chainId), 0, totalPower(set))
      headers.push(
        change({
          chainId,
          height: at,
          round: 0,
          parent: parent === undefined ? NONE : headerHash(parent),
          parentCertificate: NONE,
          proposer: ownerOf(kappa, set).key,
          kappa,
          vrfProof: new Uint8Array(80),
          seed: digest('test-seed', encode([chainId, at])),
          time: genesis.time + at * paceMs,
          protocol: PROTOCOL,
          txRoot: merkleRoot([]),
          receiptRoot: merkleRoot([]),
          eventRoot: merkleRoot([]),
          state: { accounts: EMPTY_TRIE, contracts: EMPTY_TRIE, offchain: EMPTY_TRIE },
          bloom: NONE,
          cat: NONE,
          verdicts: NONE,
          power: powerRoot(setOf(epochOf(at + 1, epochBlocks))),
        }),
      )
    }
    return headers[height - 1] as Header
  }

  const setAt = (height: number): readonly Validator[] => setOf(epochOf(Math.max(height, 1), epochBlocks))
  const headerAt = (height: number): { readonly header: Header; readonly certificate: Certificate } => {
    const header = headerOf(height)
    const certificate = certificates.get(height) ?? certifyBy(chainId, header, membersAt(height))
    certificates.set(height, certificate)
    return { header, certificate }
  }
  const membersAt = (height: number): readonly Signer[] => membersOf(epochOf(Math.max(height, 1), epochBlocks))
  return {
    genesis,
    chainId,
    epochBlocks,
    trustingBlocks,
    membersAt,
    headerAtUncertified: headerOf,
    setAt,
    headerAt,
    epochStep: (epoch) => {
      const last = lastHeightOf(epoch, epochBlocks)
      return { ...headerAt(last), delta: powerDelta(setAt(last), setAt(last + 1)) }
    },
    forkAt: (height, parts = { time: headerOf(height).time + 1 }) => {
      const header = { ...headerOf(height), ...parts }
      return { header, certificate: certifyBy(chainId, header, membersAt(height)) }
    },
  }
}
