/** The genesis, and block 0 that follows from it. */
import {
  abytes,
  aname,
  chainIdOf,
  compareBytes,
  genesisSeed,
  keyAddress,
  limitError,
  LIMITS,
  merkleRoot,
  paramsOf,
  powerRoot,
  PROTOCOL,
  totalPower,
  toHex,
  utf8,
  UtnetError,
  type Account,
  type Genesis,
  type Header,
  type StateRoots,
  type Validator,
} from '../../core/index.ts'
import { isEd25519Key } from '../../crypto/index.ts'
import { bloomDigest, makeBloom } from '../block/index.ts'
import { foundPower } from '../power/index.ts'
import { catDigest, NO_CAT, ROUND_OPERATORS, verdictsDigest } from '../cat/index.ts'
import type { ChainCrypto } from '../crypto-port.ts'
import { NO_ACCOUNT, WorkingState } from '../state/index.ts'

const EPOCH_BLOCKS = 600
/** Fourteen days of blocks of a second. */
const TRUSTING_BLOCKS = 14 * 24 * 3_600
/** Epochs that the trusting period has at least: power is fixed one epoch ahead, so a bond is at stake for two epochs after it was given up. */
const TRUSTING_EPOCHS = 3
const UNC = 10n ** 18n
/** White paper 4.6: there are never more than 10^10 UNC. */
const SUPPLY_CAP = 10n ** 10n * UNC
const BOND_PRICE = 1_000n * UNC
/** Per mille. */
const LEVEL0_SHARE = 100
/** Fewer seats than this do not hold against a quarter of the power (docs/spec/power.md). */
const SEATS_MIN = 1_000
const SEATS_MAX = 10_000
const MAX_AMOUNT = 1n << 128n
/** No chain lasts so long, in milliseconds since 1970 or in blocks: what is added to a height or time stays a number that is exact. */
const LAST_TIME = 2 ** 48
const LAST_HEIGHT = 2 ** 40

/** What is chosen when a chain is founded; the rest is of the protocol. */
export interface GenesisOptions {
  readonly name: string
  /** Milliseconds since 1970. */
  readonly time: number
  readonly dev: boolean
  /** Public data only: keys, proofs of possession, power. */
  readonly validators: readonly Validator[]
  readonly accounts: Genesis['accounts']
  /** Makes two chains of one key distinct. */
  readonly salt: Uint8Array
  readonly epochBlocks?: number
  readonly emission?: Genesis['emission']
  readonly vendors?: Genesis['vendors']
  readonly bondPrice?: bigint
  /** Per mille; all of it in a development chain, a tenth elsewhere. */
  readonly level0Share?: number
  readonly environment?: Genesis['environment']
  readonly operators?: Genesis['operators']
  /** In 10^-18 UNC; nothing without it. */
  readonly blockReward?: bigint
  readonly committeeSeats?: number
  readonly trustingBlocks?: number
}

/** A genesis in the present protocol version. Check it with `checkGenesis`; `openChain` does. */
export function createGenesis(options: GenesisOptions): Genesis {
  const { name, time, dev, accounts, salt } = options
  return {
    v: 1,
    name: aname(name, 'chain name'),
    protocol: PROTOCOL,
    time,
    dev,
    validators: [...options.validators].sort((a, b) => compareBytes(a.key, b.key)),
    accounts,
    epochBlocks: options.epochBlocks ?? EPOCH_BLOCKS,
    emission: options.emission ?? 'cycles',
    vendors: options.vendors ?? [],
    bondPrice: options.bondPrice ?? BOND_PRICE,
    level0Share: options.level0Share ?? (dev ? 1_000 : LEVEL0_SHARE),
    environment: options.environment ?? 'deferred',
    operators: options.operators ?? ROUND_OPERATORS,
    blockReward: options.blockReward ?? 0n,
    committeeSeats: options.committeeSeats ?? 0,
    trustingBlocks: options.trustingBlocks ?? TRUSTING_BLOCKS,
    salt: abytes(salt, undefined, 'salt'),
  }
}

/** Throws `chain_invalid` unless a chain can start from the genesis: known protocol, proven vote keys, distinct members and accounts. */
export function checkGenesis(genesis: Genesis, crypto: ChainCrypto): void {
  const refuse = (why: string) => new UtnetError('chain_invalid', `genesis: ${why}`)
  if (paramsOf(genesis.protocol) === undefined) throw refuse(`protocol ${genesis.protocol} is not known`)
  if (genesis.time > LAST_TIME) throw refuse(`a time of ${genesis.time} ms is later than there may be blocks`)
  if (genesis.epochBlocks < 1) throw refuse('an epoch must have at least one block')
  if (genesis.validators.length === 0) throw refuse('it names no validator')
  if (genesis.validators.length > LIMITS.powerNodes)
    throw limitError('chain_invalid', 'powerNodes', genesis.validators.length, LIMITS.powerNodes, 'validators of the genesis')
  const seen = new Set<string>()
  for (const v of genesis.validators) {
    for (const key of [toHex(v.key), toHex(v.bls)]) {
      if (seen.has(key)) throw refuse(`key ${key} stands in it twice`)
      seen.add(key)
    }
    if (!crypto.verifyValidator(v)) throw refuse(`validator ${toHex(v.key)} has no valid proof of its vote key`)
  }
  if (genesis.validators.some((v, i, all) => i > 0 && compareBytes((all[i - 1] as Validator).key, v.key) > 0))
    throw refuse('its validators are not in the order of their keys')
  const founding = totalPower(genesis.validators)
  if (founding > LIMITS.foundingPower)
    throw limitError('chain_invalid', 'foundingPower', founding, LIMITS.foundingPower, 'power of the genesis')
  if (supplyOf(genesis) > SUPPLY_CAP) throw refuse(`the balances are over the cap of ${SUPPLY_CAP / UNC} UNC`)
  checkPowerRules(genesis, refuse)
  checkWorkRules(genesis, refuse)
  for (const { address } of genesis.accounts) {
    const text = toHex(address)
    if (seen.has(text)) throw refuse(`account ${text} stands in it twice`)
    seen.add(text)
  }
}

function checkPowerRules(genesis: Genesis, refuse: (why: string) => UtnetError): void {
  const { vendors, bondPrice, level0Share, committeeSeats, trustingBlocks, epochBlocks } = genesis
  const seen = new Set<string>()
  for (const { name, key } of vendors) {
    const size = utf8(name).length
    if (size === 0) throw refuse('a vendor has no name')
    if (size > LIMITS.vendorNameBytes)
      throw limitError('chain_invalid', 'vendorNameBytes', size, LIMITS.vendorNameBytes, 'name of a vendor')
    if (!isEd25519Key(key)) throw refuse(`the root key of vendor ${name} is not valid`)
    for (const text of [`name ${name}`, `key ${toHex(key)}`]) {
      if (seen.has(text)) throw refuse(`a vendor with the ${text} stands in it twice`)
      seen.add(text)
    }
  }
  if (bondPrice < 1n) throw refuse('the bond of a unit of power is nothing')
  if (level0Share > 1_000) throw refuse(`a share of ${level0Share} per mille is more than all`)
  if (committeeSeats !== 0 && (committeeSeats < SEATS_MIN || committeeSeats > SEATS_MAX))
    throw refuse(`a committee has ${SEATS_MIN} to ${SEATS_MAX} seats, or 0 where everybody votes, not ${committeeSeats}`)
  if (trustingBlocks > LAST_HEIGHT) throw refuse(`a trusting period of ${trustingBlocks} blocks is longer than there may be blocks`)
  if (trustingBlocks < TRUSTING_EPOCHS * epochBlocks)
    throw refuse(`the trusting period of ${trustingBlocks} blocks is shorter than ${TRUSTING_EPOCHS} epochs`)
}

/** Blocks for which the greatest reward still fits the amounts: over a century of blocks of a second. */
const REWARDED_BLOCKS = 1n << 32n

function checkWorkRules(genesis: Genesis, refuse: (why: string) => UtnetError): void {
  const { operators, blockReward } = genesis
  if (operators.length === 0) throw refuse('it names no operator for the environment check')
  if (operators.length > LIMITS.roundOperators)
    throw limitError('chain_invalid', 'roundOperators', operators.length, LIMITS.roundOperators, 'operators of the genesis')
  for (const name of operators) {
    const size = utf8(name).length
    if (size === 0) throw refuse('an operator has no name')
    if (size > LIMITS.roundOperatorBytes)
      throw limitError('chain_invalid', 'roundOperatorBytes', size, LIMITS.roundOperatorBytes, 'name of an operator')
  }
  if (new Set(operators).size < operators.length) throw refuse('an operator stands in it twice')
  if (supplyOf(genesis) + blockReward * REWARDED_BLOCKS >= MAX_AMOUNT) throw refuse('the reward of a block is too large')
}

/** All that the genesis gives out, in 10^-18 UNC. */
export function supplyOf(genesis: Genesis): bigint {
  return genesis.accounts.reduce((sum, a) => sum + a.balance, 0n)
}

/** The accounts of block 0: those named, and each validator's node account with its key registered. */
export function genesisState(genesis: Genesis): WorkingState {
  const state = new WorkingState({ get: () => undefined })
  for (const { address, balance } of genesis.accounts) state.setAccount(address, { ...NO_ACCOUNT, balance })
  for (const { key } of genesis.validators) {
    const address = keyAddress(key)
    const account: Account = { ...state.account(address), node: { key, role: 'validator' } }
    state.setAccount(address, account)
  }
  foundPower(state, genesis)
  return state
}

/** The header of block 0. It is final by being the genesis: it has no proposer, proof or certificate. */
export function genesisHeader(genesis: Genesis, state: StateRoots): Header {
  const chainId = chainIdOf(genesis)
  const zero = new Uint8Array(32)
  const nothing = merkleRoot([])
  return {
    chainId,
    height: 0,
    round: 0,
    parent: zero,
    parentCertificate: zero,
    proposer: zero,
    kappa: 0,
    vrfProof: new Uint8Array(80),
    seed: genesisSeed(chainId),
    time: genesis.time,
    protocol: genesis.protocol,
    txRoot: nothing,
    receiptRoot: nothing,
    eventRoot: nothing,
    state,
    bloom: bloomDigest(makeBloom([])),
    cat: catDigest(NO_CAT),
    verdicts: verdictsDigest([]),
    power: powerRoot(genesis.validators),
  }
}
