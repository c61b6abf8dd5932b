/** Keys of the power line in the off-chain trie. */
import { concatBytes, utf8, type IdentityKey } from '../../core/index.ts'

const CHIP = utf8('chip/')
const NODE = utf8('node/')
const SEAT = utf8('seat/')
const MEMBER = utf8('member/')
const IDENTITY = utf8('chip-identity/')
const CHIP_BLS = utf8('chip-bls/')
const VOTE_KEY = utf8('vote-key/')
const VENDOR = utf8('vendor/')
const VENDOR_NAME = utf8('vendor-name/')
const LEASES = utf8('lease-end/')
const UNBONDING = utf8('unbond/')

/** How many nodes are counted at the end of an epoch. */
export const MEMBERS_KEY: Uint8Array = utf8('members')

/** A chip. */
export const chipKey = (serial: Uint8Array): Uint8Array => concatBytes(CHIP, serial)
/** A node that may have power. */
export const nodeKey = (node: Uint8Array): Uint8Array => concatBytes(NODE, node)
/** The chip on a node's seat. */
export const seatKey = (node: Uint8Array, index: number): Uint8Array => concatBytes(SEAT, node, utf8(`/${index}`))
/** Node key at a place among those that are counted. */
export const memberKey = (place: number): Uint8Array => concatBytes(MEMBER, utf8(String(place)))
/** Serial of the chip that has this identity key. */
export const identityKeyKey = (k: IdentityKey): Uint8Array => concatBytes(IDENTITY, utf8(`${k.alg}/`), k.bytes)
/** Serial of the chip that has this BLS key. */
export const chipBlsKey = (bls: Uint8Array): Uint8Array => concatBytes(CHIP_BLS, bls)
/** Node key that has this vote key. */
export const voteKeyKey = (bls: Uint8Array): Uint8Array => concatBytes(VOTE_KEY, bls)
/** A vendor's root: `[name, height from which it counts]`. */
export const vendorKey = (key: Uint8Array): Uint8Array => concatBytes(VENDOR, key)
/** Root key of the vendor of this name. */
export const vendorNameKey = (name: string): Uint8Array => concatBytes(VENDOR_NAME, utf8(name))
/** Serials whose lease no longer counts after the end of an epoch. */
export const leasesKey = (epoch: number): Uint8Array => concatBytes(LEASES, utf8(String(epoch)))
/** What an account unbonded and that is still at stake. */
export const unbondingKey = (address: Uint8Array): Uint8Array => concatBytes(UNBONDING, address)
