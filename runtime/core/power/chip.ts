/**
 * Chips: units of compute power. A vendor certifies what a chip is, the chip's own identity key says who claims it. White paper 2.4, eq. 3-9
 * (U2.4-POCI-2, U2.4-POCI-3); docs/spec/power.md.
 */
import type { CID } from 'multiformats/cid'
import { amountBytes, bytesAmount } from '../names/index.ts'
import { asArray, asBytes, asMap, asText, asUint, decode, digest, encode, type Cbor } from '../codec/index.ts'
import { UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/** Length of a chip's serial. */
export const SERIAL_BYTES = 16

/** The key that never leaves the chip: ed25519 (32 bytes), or P-256 as a compressed point (33 bytes; ECDSA over SHA-256, signatures r || s with the lower s). */
export interface IdentityKey {
  readonly alg: 'ed25519' | 'p256'
  readonly bytes: Uint8Array
}

/** What a vendor says of a chip. Level 0 is software, of which a bond stands in for the vendor: then vendor is null and the chip signs itself. */
export interface ChipCertificate {
  /** 16 bytes; of a chip without vendor `ownSerial(identity)`. */
  readonly serial: Uint8Array
  readonly identity: IdentityKey
  /** BLS12-381 key of the chip in G1, 48 bytes. */
  readonly bls: Uint8Array
  /** Attestation level, 0 to 3: software; a token with a non-exportable key; a platform module with a maker's certificate; a chip of a vendor. */
  readonly level: number
  /** ed25519 root key of the vendor; null for a chip that certifies itself. */
  readonly vendor: Uint8Array | null
  /** 64 bytes, over `chipCertificateMessage`, by the vendor or, without one, by the identity key. */
  readonly sig: Uint8Array
}

/** All that a registration shows. Its sender becomes the owner. */
export interface ChipRegistration {
  readonly certificate: ChipCertificate
  /** By the identity key over `chipClaimMessage`: 64 bytes. */
  readonly claim: Uint8Array
  /** Proof that the BLS key's secret is had, for this chip: a BLS signature of `chipPossessionMessage`, 96 bytes. */
  readonly pop: Uint8Array
  /** The BLS key's secret, wrapped under the chip's own key (eq. 4): PriKEnc. At most `LIMITS.chipWrappedBytes`; may be empty. */
  readonly wrapped: Uint8Array
}

/** Who has the say over a chip for a while; its owner stays. */
export interface ChipLease {
  /** Address of who may say which node the chip works for, 20 bytes. */
  readonly lessee: Uint8Array
  /** Last height of the lease. */
  readonly untilHeight: number
}

/** A chip that is for sale. */
export interface ChipOffer {
  /** In 10^-18 UNC. */
  readonly price: bigint
  /** Address of the one who may buy; null for anybody. */
  readonly to: Uint8Array | null
}

/** A chip in the off-chain trie, under `chip/<serial>`. It is never removed: its serial and keys are used once. */
export interface ChipRecord {
  readonly level: number
  readonly vendor: Uint8Array | null
  readonly identity: IdentityKey
  readonly bls: Uint8Array
  /** Address, 20 bytes. */
  readonly owner: Uint8Array
  /** Node key that it works for, or null. */
  readonly node: Uint8Array | null
  /** Its place among the node's seats; 0 without a node. */
  readonly seat: number
  readonly lease: ChipLease | null
  readonly offer: ChipOffer | null
  readonly retired: boolean
  /** Epoch of its registration. */
  readonly since: number
  /** How often it changed owner, lessee or node: what a node's consent is bound to. */
  readonly moves: number
  /** PriKEnc as it was claimed (U2.4-POCI-3). */
  readonly wrapped: Uint8Array
}

const LEVELS = 4

const identityCbor = (k: IdentityKey): Cbor => [k.alg, k.bytes]

function readIdentity(value: Cbor | undefined): IdentityKey {
  const list = asArray(value, 'identity key', 2)
  const alg = asText(list[0], 'algorithm of the identity key')
  if (alg !== 'ed25519' && alg !== 'p256')
    throw new UtnetError('core_not_canonical', `identity key of the unknown algorithm ${alg.slice(0, 20)}`)
  return { alg, bytes: asBytes(list[1], 'identity key', alg === 'ed25519' ? 32 : 33) }
}

function readLevel(value: Cbor | undefined): number {
  const level = asUint(value, 'level')
  if (level >= LEVELS) throw new UtnetError('core_not_canonical', `level ${level} is not known`)
  return level
}

const bytesOrNull = (value: Cbor | undefined, what: string, length: number): Uint8Array | null =>
  value === null ? null : asBytes(value, what, length)

/** The serial of a chip that certifies itself: nobody can take that of a vendor's chip, or another's. */
export function ownSerial(identity: IdentityKey): Uint8Array {
  return digest('chip-serial', encode(identityCbor(identity))).subarray(0, SERIAL_BYTES)
}

/** What the vendor signs: serial, identity key, BLS key, level, and phi = 1, the power that the chip brings. */
export function chipCertificateMessage(c: Pick<ChipCertificate, 'serial' | 'identity' | 'bls' | 'level'>): Uint8Array {
  return digest('chip-certificate', encode([1, c.serial, identityCbor(c.identity), c.bls, c.level, 1]))
}

/** What the identity key signs to bind the BLS key to the chip, and the chip to its first owner: nobody else can show the registration as its own. */
export function chipClaimMessage(chainId: CID, serial: Uint8Array, bls: Uint8Array, owner: Uint8Array): Uint8Array {
  return digest('chip-claim', encode([chainId, serial, bls, owner]))
}

/** What the chip's BLS key signs (against rogue keys). It names the serial, so that nobody can register another's key beforehand under a chip of its own. */
export function chipPossessionMessage(chainId: CID, serial: Uint8Array, bls: Uint8Array): Uint8Array {
  return digest('chip-possession', encode([chainId, serial, bls]))
}

/** What a node key signs to take a chip in from who controls it. `moves` is that of the chip's record. */
export function chipConsentMessage(chainId: CID, serial: Uint8Array, moves: number, node: Uint8Array, controller: Uint8Array): Uint8Array {
  return digest('chip-consent', encode([chainId, serial, moves, node, controller]))
}

/** What more than half of the power of the set of a height signs with its vote keys to add a vendor's root. */
export function vendorMessage(chainId: CID, height: number, name: string, key: Uint8Array): Uint8Array {
  return digest('vendor', encode([chainId, height, name, key]))
}

/** Canonical value of a certificate. */
export function chipCertificateCbor(c: ChipCertificate): Cbor {
  return { serial: c.serial, identity: identityCbor(c.identity), bls: c.bls, level: c.level, vendor: c.vendor, sig: c.sig }
}

/** The certificate of a decoded value. */
export function readChipCertificate(value: Cbor | undefined): ChipCertificate {
  const m = asMap(value, ['serial', 'identity', 'bls', 'level', 'vendor', 'sig'], 'chip certificate')
  return {
    serial: asBytes(m['serial'], 'serial', SERIAL_BYTES),
    identity: readIdentity(m['identity']),
    bls: asBytes(m['bls'], 'bls', 48),
    level: readLevel(m['level']),
    vendor: bytesOrNull(m['vendor'], 'vendor', 32),
    sig: asBytes(m['sig'], 'sig', 64),
  }
}

/** Canonical bytes of a chip's record. */
export function encodeChip(c: ChipRecord): Uint8Array {
  return encode([
    1,
    c.level,
    c.vendor,
    identityCbor(c.identity),
    c.bls,
    c.owner,
    c.node,
    c.seat,
    c.lease === null ? null : [c.lease.lessee, c.lease.untilHeight],
    c.offer === null ? null : [amountBytes(c.offer.price), c.offer.to],
    c.retired,
    c.since,
    c.moves,
    c.wrapped,
  ])
}

/** The record of its bytes. */
export function decodeChip(bytes: Uint8Array): ChipRecord {
  const l = asArray(decode(bytes, 'chip record', 1024 + LIMITS.chipWrappedBytes), 'chip record', 14)
  if (l[0] !== 1) throw new UtnetError('core_not_canonical', 'chip record of an unknown version')
  const lease = l[8] === null ? null : asArray(l[8], 'lease', 2)
  const offer = l[9] === null ? null : asArray(l[9], 'offer', 2)
  if (typeof l[10] !== 'boolean') throw new UtnetError('core_not_canonical', 'retired must be a boolean')
  return {
    level: readLevel(l[1]),
    vendor: bytesOrNull(l[2], 'vendor', 32),
    identity: readIdentity(l[3]),
    bls: asBytes(l[4], 'bls', 48),
    owner: asBytes(l[5], 'owner', 20),
    node: bytesOrNull(l[6], 'node', 32),
    seat: asUint(l[7], 'seat'),
    lease: lease === null ? null : { lessee: asBytes(lease[0], 'lessee', 20), untilHeight: asUint(lease[1], 'end of the lease') },
    offer: offer === null ? null : { price: bytesAmount(asBytes(offer[0], 'price'), 'price'), to: bytesOrNull(offer[1], 'to', 20) },
    retired: l[10],
    since: asUint(l[11], 'since'),
    moves: asUint(l[12], 'moves'),
    wrapped: asBytes(l[13], 'wrapped'),
  }
}
