/** The genesis, and block 0 that follows from it. */
import {
  abytes,
  aname,
  chainIdOf,
  digest,
  encode,
  genesisSeed,
  keyAddress,
  limitError,
  merkleRoot,
  paramsOf,
  powerRoot,
  PROTOCOL,
  totalPower,
  toHex,
  UtnetError,
  type Account,
  type Genesis,
  type Header,
  type StateRoots,
  type Validator,
} from '../../core/index.ts'
import { bloomDigest, makeBloom } from '../block/index.ts'
import type { ChainCrypto } from '../crypto-port.ts'
import { NO_ACCOUNT, WorkingState } from '../state/index.ts'

const EPOCH_BLOCKS = 600
const MAX_VALIDATORS = 10_000
const MAX_AMOUNT = 1n << 128n

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
}

/** A genesis in the present protocol version. Check it with `checkGenesis`; `openChain` does. */
export function createGenesis(options: GenesisOptions): Genesis {
  const { name, time, dev, validators, accounts, salt } = options
  return {
    v: 1,
    name: aname(name, 'chain name'),
    protocol: PROTOCOL,
    time,
    dev,
    validators,
    accounts,
    epochBlocks: options.epochBlocks ?? EPOCH_BLOCKS,
    emission: options.emission ?? 'cycles',
    salt: abytes(salt, undefined, 'salt'),
  }
}

/** Throws `chain_invalid` unless a chain can start from the genesis: known protocol, proven vote keys, distinct members and accounts. */
export function checkGenesis(genesis: Genesis, crypto: ChainCrypto): void {
  const refuse = (why: string) => new UtnetError('chain_invalid', `genesis: ${why}`)
  if (paramsOf(genesis.protocol) === undefined) throw refuse(`protocol ${genesis.protocol} is not known`)
  if (genesis.epochBlocks < 1) throw refuse('an epoch must have at least one block')
  if (genesis.validators.length === 0) throw refuse('it names no validator')
  if (genesis.validators.length > MAX_VALIDATORS)
    throw limitError('chain_invalid', 'validators', genesis.validators.length, MAX_VALIDATORS, 'validators of the genesis')
  const seen = new Set<string>()
  for (const v of genesis.validators) {
    for (const key of [toHex(v.key), toHex(v.bls)]) {
      if (seen.has(key)) throw refuse(`key ${key} stands in it twice`)
      seen.add(key)
    }
    if (!crypto.verifyValidator(v)) throw refuse(`validator ${toHex(v.key)} has no valid proof of its vote key`)
  }
  if (!Number.isSafeInteger(totalPower(genesis.validators))) throw refuse('the total power is too large')
  for (const { address } of genesis.accounts) {
    const text = toHex(address)
    if (seen.has(text)) throw refuse(`account ${text} stands in it twice`)
    seen.add(text)
  }
  if (supplyOf(genesis) >= MAX_AMOUNT) throw refuse('the balances are over 128 bits')
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
  return state
}

/** The header of block 0. It is final by being the genesis: it has no proposer, proof or certificate. */
export function genesisHeader(genesis: Genesis, state: StateRoots): Header {
  const chainId = chainIdOf(genesis)
  const zero = new Uint8Array(32)
  const nothing = merkleRoot([])
  const noProofs = encode([])
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
    cat: digest('cat', noProofs),
    verdicts: digest('verdicts', noProofs),
    power: powerRoot(genesis.validators),
  }
}
