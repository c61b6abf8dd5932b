/** Block headers: the roots and proofs that a stranger follows the chain by. White paper 3.2.1 (eq. 22 extended by roots). */
import { asBytes, asCid, asMap, asUint, decode, digest, encode, type Cbor, type CID } from '../codec/index.ts'

/** The roots of the three state tries. */
export interface StateRoots {
  /** Compact sparse Merkle roots, 32 bytes each: addresses, contracts, off-chain data (U3-MRK-1). */
  readonly accounts: Uint8Array
  readonly contracts: Uint8Array
  readonly offchain: Uint8Array
}

/** A block's header; its hash is the block's id. */
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
