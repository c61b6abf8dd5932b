/** The genesis: what a chain starts from. Its CID is the chain id. */
import { amountBytes, bytesAmount } from '../names/index.ts'
import { asArray, asBytes, asMap, asText, asUint, cidOf, DAG_CBOR, decode, digest, encode, type CID } from '../codec/index.ts'
import { shown, UtnetError } from '../errors.ts'
import { readValidator, type Validator, validatorCbor } from '../power/index.ts'

/** How the environment check (U5.2-ENV) is done: verdict votes follow the block, or come before it is voted for. */
export type EnvironmentCheck = 'deferred' | 'before-vote'

/** Who may certify chips: an ed25519 root key under a name. */
export interface Vendor {
  readonly name: string
  readonly key: Uint8Array
}

/** All that a chain starts from. `time` is in milliseconds since 1970. */
export interface Genesis {
  readonly v: 1
  readonly name: string
  readonly protocol: number
  readonly time: number
  /** True for a development chain: its dev account and cheats exist only there. */
  readonly dev: boolean
  /** In the order of their node keys. Their power is founding power: it counts until they leave or are slashed. */
  readonly validators: readonly Validator[]
  readonly accounts: readonly { readonly address: Uint8Array; readonly balance: bigint }[]
  readonly epochBlocks: number
  readonly emission: 'cycles' | 'halving' | 'tiers'
  readonly vendors: readonly Vendor[]
  /** Bond of one unit of power of level 0, in 10^-18 UNC. */
  readonly bondPrice: bigint
  /** The most that all of level 0 has of all power, per mille. */
  readonly level0Share: number
  readonly environment: EnvironmentCheck
  /** Operators that the environment check draws from, at least one (docs/spec/cat.md). */
  readonly operators: readonly string[]
  /** What the proposer of a block is given once its work is verified, in 10^-18 UNC. */
  readonly blockReward: bigint
  /** Seats of the committee that is drawn each epoch where there are more than 300 nodes; 0: nobody is left out. */
  readonly committeeSeats: number
  /** Blocks for which a proof under an old set is believed, evidence is taken, and a bond that was given up stays at stake. */
  readonly trustingBlocks: number
  /** Makes two chains of one key distinct. */
  readonly salt: Uint8Array
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
    vendors: g.vendors.map((v) => ({ name: v.name, key: v.key })),
    bondPrice: amountBytes(g.bondPrice),
    level0Share: g.level0Share,
    environment: g.environment,
    operators: [...g.operators],
    blockReward: amountBytes(g.blockReward),
    committeeSeats: g.committeeSeats,
    trustingBlocks: g.trustingBlocks,
    salt: g.salt,
  })
}

/** The chain id. */
export function chainIdOf(genesis: Genesis): CID {
  return cidOf(DAG_CBOR, encodeGenesis(genesis))
}

const FIELDS: readonly (keyof Genesis)[] = [
  'v',
  'name',
  'protocol',
  'time',
  'dev',
  'validators',
  'accounts',
  'epochBlocks',
  'emission',
  'vendors',
  'bondPrice',
  'level0Share',
  'environment',
  'operators',
  'blockReward',
  'committeeSeats',
  'trustingBlocks',
  'salt',
]

/** The genesis of its bytes. */
export function decodeGenesis(bytes: Uint8Array): Genesis {
  const m = asMap(decode(bytes, 'genesis', 16 * 1024 * 1024), FIELDS, 'genesis')
  if (m['v'] !== 1) throw new UtnetError('chain_invalid', `genesis version ${shown(m['v'])} is not known`)
  if (typeof m['dev'] !== 'boolean') throw new UtnetError('core_not_canonical', 'dev must be a boolean')
  const emission = asText(m['emission'], 'emission')
  if (emission !== 'cycles' && emission !== 'halving' && emission !== 'tiers')
    throw new UtnetError('chain_invalid', `emission ${emission} is not known`)
  const environment = asText(m['environment'], 'environment')
  if (environment !== 'deferred' && environment !== 'before-vote')
    throw new UtnetError('chain_invalid', `environment check ${environment} is not known`)
  return {
    v: 1,
    name: asText(m['name'], 'name'),
    protocol: asUint(m['protocol'], 'protocol'),
    time: asUint(m['time'], 'time'),
    dev: m['dev'],
    validators: asArray(m['validators'], 'validators').map(readValidator),
    accounts: asArray(m['accounts'], 'accounts').map((item) => {
      const a = asMap(item, ['address', 'balance'], 'account')
      return { address: asBytes(a['address'], 'address', 20), balance: bytesAmount(asBytes(a['balance'], 'balance'), 'balance') }
    }),
    epochBlocks: asUint(m['epochBlocks'], 'epochBlocks'),
    emission,
    vendors: asArray(m['vendors'], 'vendors').map((item) => {
      const v = asMap(item, ['name', 'key'], 'vendor')
      return { name: asText(v['name'], 'name'), key: asBytes(v['key'], 'key', 32) }
    }),
    bondPrice: bytesAmount(asBytes(m['bondPrice'], 'bondPrice'), 'bondPrice'),
    level0Share: asUint(m['level0Share'], 'level0Share'),
    environment,
    operators: asArray(m['operators'], 'operators').map((item) => asText(item, 'operator')),
    blockReward: bytesAmount(asBytes(m['blockReward'], 'blockReward'), 'blockReward'),
    committeeSeats: asUint(m['committeeSeats'], 'committeeSeats'),
    trustingBlocks: asUint(m['trustingBlocks'], 'trustingBlocks'),
    salt: asBytes(m['salt'], 'salt'),
  }
}

/** The seed before block 1. */
export function genesisSeed(chainId: CID): Uint8Array {
  return digest('genesis-seed', chainId.bytes)
}
