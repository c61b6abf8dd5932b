/** What a light client takes to be true: a final header and the set that certifies the blocks behind it, from the genesis or from a checkpoint on. */
import {
  asArray,
  asBytes,
  asUint,
  chainIdOf,
  compareBytes,
  decode,
  decodeHeader,
  encode,
  encodeHeader,
  epochOf,
  equalBytes,
  headerHash,
  LIMITS,
  powerRoot,
  readValidator,
  toHex,
  UtnetError,
  validatorCbor,
  type CID,
  type Genesis,
  type Header,
  type Validator,
} from '../../core/index.ts'
import { verifyValidator } from '../../crypto/index.ts'

/** Target of the time between two blocks, milliseconds: by it a period in blocks is one of time. */
const BLOCK_MS = 1_000

/** What a genesis fixes of how its chain is followed. */
export interface LightRules {
  readonly chainId: CID
  readonly epochBlocks: number
  /** Heights after which whoever was in a set may have taken its bond away. */
  readonly trustingBlocks: number
  /** Milliseconds since 1970. */
  readonly genesisTime: number
  readonly dev: boolean
}

/** A point of the chain that is trusted. */
export interface Trusted {
  readonly height: number
  /** Of the header, milliseconds since 1970. */
  readonly time: number
  /** The header; null of the genesis, of which its set and time are all that counts. */
  readonly header: Header | null
  /** Hash of the header, 32 bytes; the digest of the chain id's CID of the genesis. */
  readonly hash: Uint8Array
  /** Epoch that the set certifies: that of the next height. */
  readonly epoch: number
  /** Members in the order of their node keys. */
  readonly set: readonly Validator[]
  /** `powerRoot(set)`: the header's commitment. */
  readonly power: Uint8Array
}

/** A point as people name it to each other: what there is to see at it must hash to this. */
export interface Checkpoint {
  readonly chainId: CID
  readonly height: number
  /** Hash of the header, 32 bytes. */
  readonly hash: Uint8Array
  /** Root of the set that certifies the next block, 32 bytes. */
  readonly power: Uint8Array
}

/** The error of something shown that does not hold. */
export function refuse(why: string, details?: Readonly<Record<string, unknown>>): UtnetError {
  return new UtnetError('light_invalid', why, details === undefined ? {} : { details })
}

/** The rules of a chain. */
export function lightRules(genesis: Genesis): LightRules {
  const { epochBlocks, trustingBlocks, time, dev } = genesis
  return { chainId: chainIdOf(genesis), epochBlocks, trustingBlocks, genesisTime: time, dev }
}

/** The trusting period of a chain in milliseconds, at the pace that its blocks are meant to have. */
export function trustingPeriodOf(rules: Pick<LightRules, 'trustingBlocks'>): number {
  return rules.trustingBlocks * BLOCK_MS
}

/** Throws `light_invalid` unless the list can be a set: not empty, in the order of node keys, no vote key twice, power above zero and countable. */
export function mustBeSet(set: readonly Validator[]): void {
  if (set.length === 0) throw refuse('the validator set is empty')
  if (set.length > LIMITS.powerNodes) throw refuse(`a set of ${set.length} members is over the limit powerNodes of ${LIMITS.powerNodes}`)
  const votes = new Set<string>()
  let total = 0
  for (const [i, member] of set.entries()) {
    const before = set[i - 1]
    if (before !== undefined && compareBytes(before.key, member.key) >= 0)
      throw refuse('members of the validator set are not in the order of their node keys, or one stands in it twice')
    if (!Number.isSafeInteger(member.power) || member.power < 1) throw refuse('a member of the validator set has no power')
    votes.add(toHex(member.bls))
    total += member.power
  }
  if (votes.size !== set.length) throw refuse('a vote key stands in the validator set twice')
  if (!Number.isSafeInteger(total)) throw refuse('the power of the validator set cannot be counted')
}

/**
 * The genesis as a point: the set that it names certifies block 1. Throws `light_invalid` for a set that is none, or a member whose proof of possession does
 * not hold (`verify`: the check of a crypto door; a tenth of a second each on the portable one).
 */
export function trustGenesis(genesis: Genesis, verify: (v: Validator) => boolean = verifyValidator): Trusted {
  const set = genesis.validators
  if (genesis.epochBlocks < 1) throw refuse('the genesis has epochs without blocks')
  mustBeSet(set)
  if (!set.every(verify)) throw refuse('a validator of the genesis has a bad key or no proof of possession')
  return { height: 0, time: genesis.time, header: null, hash: chainIdOf(genesis).multihash.digest, epoch: 0, set, power: powerRoot(set) }
}

/** A header with the set that it commits to as a point. Throws `light_invalid` where it commits to another. Whether the header is final is the caller's to know. */
export function pointAt(rules: LightRules, header: Header, set: readonly Validator[]): Trusted {
  if (!header.chainId.equals(rules.chainId)) throw refuse('the header is of another chain')
  if (header.height < 1) throw refuse('a point of height 0 is the genesis itself')
  mustBeSet(set)
  const power = powerRoot(set)
  if (!equalBytes(power, header.power)) throw refuse('the header commits to another validator set')
  const epoch = epochOf(header.height + 1, rules.epochBlocks)
  return { height: header.height, time: header.time, header, hash: headerHash(header), epoch, set, power }
}

/** A point that somebody named: header and set may come from anywhere. Throws `light_invalid` where they are not what was named. */
export function trustCheckpoint(rules: LightRules, named: Checkpoint, header: Header, set: readonly Validator[]): Trusted {
  const point = pointAt(rules, header, set)
  if (!named.chainId.equals(rules.chainId)) throw refuse('the checkpoint is of another chain')
  if (named.height !== point.height || !equalBytes(named.hash, point.hash)) throw refuse('the header is not that of the checkpoint')
  if (!equalBytes(named.power, point.power)) throw refuse('the validator set is not that of the checkpoint')
  return point
}

/** How a point is named. Of the genesis there is none: its chain id is its name. */
export function checkpointOf(rules: LightRules, { height, hash, power }: Trusted): Checkpoint {
  return { chainId: rules.chainId, height, hash, power }
}

/** Canonical bytes of a set. */
export function encodeSet(set: readonly Validator[]): Uint8Array {
  return encode(set.map(validatorCbor))
}

/** The set of its bytes; `mustBeSet` says whether it is one. */
export function decodeSet(bytes: Uint8Array): Validator[] {
  return asArray(decode(bytes, 'validator set', LIMITS.powerDeltaBytes), 'validator set').map(readValidator)
}

/** Canonical bytes of a point that is not the genesis: all that is needed to go on from it. */
export function encodeTrusted(point: Trusted): Uint8Array {
  if (point.header === null) throw new UtnetError('core_bad_argument', 'the genesis is a point by itself')
  return encode([1, encodeHeader(point.header), encodeSet(point.set)])
}

/** The point of its bytes; throws `light_invalid` or `core_not_canonical`. That it is worth trust is up to whoever kept it. */
export function decodeTrusted(rules: LightRules, bytes: Uint8Array): Trusted {
  const list = asArray(decode(bytes, 'trusted point', LIMITS.powerDeltaBytes + 8_192), 'trusted point', 3)
  if (asUint(list[0], 'version') !== 1) throw refuse('a trusted point of an unknown version')
  return pointAt(rules, decodeHeader(asBytes(list[1], 'header')), decodeSet(asBytes(list[2], 'validator set')))
}
