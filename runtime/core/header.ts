/** Block headers, finality certificates and genesis: the shapes a stranger needs to follow the chain. White paper 3.2.1 (eq. 22 extended by roots). */
import { CID } from 'multiformats/cid'
import { amountBytes, bytesAmount, keyAddress } from './address.ts'
import { cidOf, DAG_CBOR } from './cid.ts'
import { asArray, asBytes, asCid, asMap, asText, asUint, decode, encode, type Cbor } from './codec.ts'
import { UtnetError } from './errors.ts'
import { digest } from './hash.ts'
import { merkleRoot } from './merkle.ts'

export interface StateRoots {
  /** Compact sparse Merkle roots, 32 bytes each: addresses, contracts, off-chain data (U3-MRK-1). */
  readonly accounts: Uint8Array
  readonly contracts: Uint8Array
  readonly offchain: Uint8Array
}

export interface Header {
  readonly chainId: CID
  readonly height: number
  readonly round: number
  /** Hash of the parent header; of block 0, 32 zero bytes. */
  readonly parent: Uint8Array
  /** Hash of the parent's certificate; 32 zero bytes below height 2. */
  readonly parentCertificate: Uint8Array
  /** ed25519 key of the proposer. */
  readonly proposer: Uint8Array
  /** Unit of the power line that was drawn (eq. 16), below the total power. */
  readonly kappa: number
  /** ECVRF proof over (chain id, height, previous seed), 80 bytes. */
  readonly vrfProof: Uint8Array
  /** H(previous seed || beta): derived from the proof, named so that a receipt's seed can be checked without the chain before it. */
  readonly seed: Uint8Array
  /** Milliseconds since 1970, above the parent's. */
  readonly time: number
  readonly protocol: number
  readonly txRoot: Uint8Array
  readonly receiptRoot: Uint8Array
  readonly eventRoot: Uint8Array
  readonly state: StateRoots
  readonly bloom: Uint8Array
  readonly cat: Uint8Array
  readonly verdicts: Uint8Array
  /** Commitment of the validator set that certifies the next block. */
  readonly power: Uint8Array
}

export interface Validator {
  /** ed25519 node key. */
  readonly key: Uint8Array
  /** BLS12-381 vote key in G1, 48 bytes. */
  readonly bls: Uint8Array
  /** Proof of possession of the vote key, 96 bytes. */
  readonly pop: Uint8Array
  /** Chips (units of power). */
  readonly power: number
}

export interface Certificate {
  readonly height: number
  readonly round: number
  readonly block: Uint8Array
  /** Bit i (least significant first) is validator i of the set. */
  readonly signers: Uint8Array
  /** Aggregate BLS signature in G2, 96 bytes. */
  readonly signature: Uint8Array
}

export interface Genesis {
  readonly v: 1
  readonly name: string
  readonly protocol: number
  readonly time: number
  /** True for a development chain: its dev account and cheats exist only there. */
  readonly dev: boolean
  readonly validators: readonly Validator[]
  readonly accounts: readonly { readonly address: Uint8Array; readonly balance: bigint }[]
  readonly epochBlocks: number
  readonly emission: 'cycles' | 'halving' | 'tiers'
  /** Makes two chains of one key distinct. */
  readonly salt: Uint8Array
}

const ROOTS = ['txRoot', 'receiptRoot', 'eventRoot', 'bloom', 'cat', 'verdicts', 'power'] as const

function headerCbor(h: Header): Cbor {
  const { accounts, contracts, offchain } = h.state
  return { ...h, state: { accounts, contracts, offchain } }
}

/** Canonical bytes of a header. */
export function encodeHeader(header: Header): Uint8Array {
  return encode(headerCbor(header))
}

/** The block's hash: over its header under the domain `header`. */
export function headerHash(header: Header): Uint8Array {
  return digest('header', encodeHeader(header))
}

/** The header of its bytes. */
export function decodeHeader(bytes: Uint8Array): Header {
  const m = asMap(
    decode(bytes, 'header', 4096),
    [
      'chainId',
      'height',
      'round',
      'parent',
      'parentCertificate',
      'proposer',
      'kappa',
      'vrfProof',
      'seed',
      'time',
      'protocol',
      'state',
      ...ROOTS,
    ],
    'header',
  )
  const s = asMap(m['state'], ['accounts', 'contracts', 'offchain'], 'state')
  const b32 = (key: string): Uint8Array => asBytes(m[key], key, 32)
  return {
    chainId: asCid(m['chainId'], 'chainId'),
    height: asUint(m['height'], 'height'),
    round: asUint(m['round'], 'round'),
    parent: b32('parent'),
    parentCertificate: b32('parentCertificate'),
    proposer: b32('proposer'),
    kappa: asUint(m['kappa'], 'kappa'),
    vrfProof: asBytes(m['vrfProof'], 'vrfProof', 80),
    seed: b32('seed'),
    time: asUint(m['time'], 'time'),
    protocol: asUint(m['protocol'], 'protocol'),
    txRoot: b32('txRoot'),
    receiptRoot: b32('receiptRoot'),
    eventRoot: b32('eventRoot'),
    state: {
      accounts: asBytes(s['accounts'], 'accounts', 32),
      contracts: asBytes(s['contracts'], 'contracts', 32),
      offchain: asBytes(s['offchain'], 'offchain', 32),
    },
    bloom: b32('bloom'),
    cat: b32('cat'),
    verdicts: b32('verdicts'),
    power: b32('power'),
  }
}

const validatorCbor = (v: Validator): Cbor => ({ key: v.key, bls: v.bls, pop: v.pop, power: v.power })

/** Commitment of a validator set: RFC 6962 Merkle root over its members' canonical bytes, in order. */
export function powerRoot(validators: readonly Validator[]): Uint8Array {
  return merkleRoot(validators.map((v) => encode(validatorCbor(v))))
}

/** Total power of a set, in chips. */
export function totalPower(validators: readonly Validator[]): number {
  return validators.reduce((n, v) => n + v.power, 0)
}

/** What a validator signs in the second phase: domain, chain id, height, round, phase, block hash. */
export function precommitMessage(chainId: CID, height: number, round: number, block: Uint8Array): Uint8Array {
  return digest('vote', encode([chainId, height, round, 'precommit', block]))
}

/** What a validator signs with its vote key to register it (against rogue keys). */
export function possessionMessage(bls: Uint8Array): Uint8Array {
  return digest('possession', bls)
}

/** Canonical bytes of a certificate. */
export function encodeCertificate(c: Certificate): Uint8Array {
  return encode({ height: c.height, round: c.round, block: c.block, signers: c.signers, signature: c.signature })
}

/** Hash of a certificate, as the next header names it. */
export function certificateHash(c: Certificate): Uint8Array {
  return digest('certificate', encodeCertificate(c))
}

/** The certificate of its bytes. */
export function decodeCertificate(bytes: Uint8Array): Certificate {
  const m = asMap(decode(bytes, 'certificate', 64 * 1024), ['height', 'round', 'block', 'signers', 'signature'], 'certificate')
  return {
    height: asUint(m['height'], 'height'),
    round: asUint(m['round'], 'round'),
    block: asBytes(m['block'], 'block', 32),
    signers: asBytes(m['signers'], 'signers'),
    signature: asBytes(m['signature'], 'signature', 96),
  }
}

/** The members whose bits are set; throws `chain_invalid` when the bit field has another length or bits beyond the set. */
export function signersOf(certificate: Certificate, validators: readonly Validator[]): Validator[] {
  const { signers } = certificate
  if (signers.length !== Math.ceil(validators.length / 8))
    throw new UtnetError('chain_invalid', 'bit field of the certificate does not fit the validator set')
  const out: Validator[] = []
  for (let i = 0; i < signers.length * 8; i++) {
    if ((((signers[i >> 3] as number) >> (i & 7)) & 1) === 0) continue
    const member = validators[i]
    if (member === undefined) throw new UtnetError('chain_invalid', 'bit field of the certificate names nobody')
    out.push(member)
  }
  return out
}

/** Canonical bytes of a genesis; their CID is the chain id. */
export function encodeGenesis(g: Genesis): Uint8Array {
  return encode({
    v: g.v,
    name: g.name,
    protocol: g.protocol,
    time: g.time,
    dev: g.dev,
    validators: g.validators.map(validatorCbor),
    accounts: g.accounts.map((a) => ({ address: a.address, balance: amountBytes(a.balance) })),
    epochBlocks: g.epochBlocks,
    emission: g.emission,
    salt: g.salt,
  })
}

/** The chain id. */
export function chainIdOf(genesis: Genesis): CID {
  return cidOf(DAG_CBOR, encodeGenesis(genesis))
}

/** The genesis of its bytes. */
export function decodeGenesis(bytes: Uint8Array): Genesis {
  const m = asMap(
    decode(bytes, 'genesis', 16 * 1024 * 1024),
    ['v', 'name', 'protocol', 'time', 'dev', 'validators', 'accounts', 'epochBlocks', 'emission', 'salt'],
    'genesis',
  )
  if (m['v'] !== 1) throw new UtnetError('chain_invalid', `genesis version ${String(m['v'])} is not known`)
  if (typeof m['dev'] !== 'boolean') throw new UtnetError('core_not_canonical', 'dev must be a boolean')
  const emission = asText(m['emission'], 'emission')
  if (emission !== 'cycles' && emission !== 'halving' && emission !== 'tiers')
    throw new UtnetError('chain_invalid', `emission ${emission} is not known`)
  return {
    v: 1,
    name: asText(m['name'], 'name'),
    protocol: asUint(m['protocol'], 'protocol'),
    time: asUint(m['time'], 'time'),
    dev: m['dev'],
    validators: asArray(m['validators'], 'validators').map((item) => {
      const v = asMap(item, ['key', 'bls', 'pop', 'power'], 'validator')
      return {
        key: asBytes(v['key'], 'key', 32),
        bls: asBytes(v['bls'], 'bls', 48),
        pop: asBytes(v['pop'], 'pop', 96),
        power: asUint(v['power'], 'power'),
      }
    }),
    accounts: asArray(m['accounts'], 'accounts').map((item) => {
      const a = asMap(item, ['address', 'balance'], 'account')
      return { address: asBytes(a['address'], 'address', 20), balance: bytesAmount(asBytes(a['balance'], 'balance'), 'balance') }
    }),
    epochBlocks: asUint(m['epochBlocks'], 'epochBlocks'),
    emission,
    salt: asBytes(m['salt'], 'salt'),
  }
}

/** The seed before block 1. */
export function genesisSeed(chainId: CID): Uint8Array {
  return digest('genesis-seed', chainId.bytes)
}

/** What the proposer's VRF is evaluated on: (chain id, height, previous seed), never the round. */
export function vrfInput(chainId: CID, height: number, previousSeed: Uint8Array): Uint8Array {
  return digest('vrf', encode([chainId, height, previousSeed]))
}

/** The next seed of the chain: H(previous seed || beta). */
export function nextSeed(previousSeed: Uint8Array, beta: Uint8Array): Uint8Array {
  return digest('seed', previousSeed, beta)
}

/** The unit of the power line drawn at a round: H(previous seed || round) mod total (eq. 16). */
export function kappaOf(previousSeed: Uint8Array, round: number, total: number): number {
  const hash = digest('kappa', encode([previousSeed, round]))
  let r = 0n
  for (const byte of hash) r = (r << 8n) | BigInt(byte)
  return Number(r % BigInt(total))
}

/** The validator that owns a unit: members lie on the line in the set's order (eq. 17). */
export function ownerOf(kappa: number, validators: readonly Validator[]): Validator {
  let at = kappa
  for (const v of validators) {
    if (at < v.power) return v
    at -= v.power
  }
  throw new UtnetError('chain_invalid', `unit ${kappa} is beyond the power line`)
}

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
