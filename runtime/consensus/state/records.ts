/** Values of the contracts and offchain tries. */
import { asArray, asBytes, asCid, asText, asUint, decode, encode, type CID, type Cbor } from '../../core/index.ts'

/** A contract, by its address. */
export interface ContractRecord {
  readonly module: CID
  readonly world: string
  readonly name: string
  /** Address, 20 bytes. */
  readonly owner: Uint8Array
  /** Which version of the name this is, from 1. */
  readonly version: number
}

/** A published name, of any world. */
export interface NameRecord {
  /** Address, 20 bytes. */
  readonly owner: Uint8Array
  readonly world: string
  /** Address of the contract's state; null for the other worlds. */
  readonly address: Uint8Array | null
  /** How many versions were published; version i stands under `versionKey(name, i)`. */
  readonly versions: number
}

/** One version of a name: its module, and the height that published it. */
export interface VersionRecord {
  readonly module: CID
  readonly height: number
}

const LIMIT = 4096

/** Canonical bytes of a contract record. */
export function encodeContract(r: ContractRecord): Uint8Array {
  return encode([r.module, r.world, r.name, r.owner, r.version])
}

/** The contract record of its bytes. */
export function decodeContract(bytes: Uint8Array): ContractRecord {
  const list = asArray(decode(bytes, 'contract record', LIMIT), 'contract record', 5)
  return {
    module: asCid(list[0], 'module'),
    world: asText(list[1], 'world'),
    name: asText(list[2], 'name'),
    owner: asBytes(list[3], 'owner', 20),
    version: asUint(list[4], 'version'),
  }
}

/** Canonical bytes of a name record. */
export function encodeName(r: NameRecord): Uint8Array {
  return encode([r.owner, r.world, r.address, r.versions])
}

const addressOrNull = (value: Cbor | undefined): Uint8Array | null => (value === null ? null : asBytes(value, 'address', 20))

/** The name record of its bytes. */
export function decodeName(bytes: Uint8Array): NameRecord {
  const list = asArray(decode(bytes, 'name record', LIMIT), 'name record', 4)
  return {
    owner: asBytes(list[0], 'owner', 20),
    world: asText(list[1], 'world'),
    address: addressOrNull(list[2]),
    versions: asUint(list[3], 'versions'),
  }
}

/** Bytes of a published module, by its record `[size, height]`. */
export function moduleSize(record: Uint8Array): number {
  return asUint(asArray(decode(record, 'module record', LIMIT), 'module record', 2)[0], 'size')
}

/** Canonical bytes of a version. */
export function encodeVersion(r: VersionRecord): Uint8Array {
  return encode([r.module, r.height])
}

/** The version of its bytes. */
export function decodeVersion(bytes: Uint8Array): VersionRecord {
  const list = asArray(decode(bytes, 'version record', LIMIT), 'version record', 2)
  return { module: asCid(list[0], 'module'), height: asUint(list[1], 'height') }
}
