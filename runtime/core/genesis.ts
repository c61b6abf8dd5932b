/** The genesis: what a chain starts from. Its CID is the chain id. */
import { amountBytes, bytesAmount } from './address.ts'
import { type CID, cidOf, DAG_CBOR } from './cid.ts'
import { asArray, asBytes, asMap, asText, asUint, decode, encode } from './codec.ts'
import { UtnetError } from './errors.ts'
import { digest } from './hash.ts'
import { type Validator, validatorCbor } from './validator.ts'

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
