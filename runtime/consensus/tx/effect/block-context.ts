import type { CallWitness, Cbor, CID, ContractExecutor, Params, RunOutcome, Validator } from '../../../core/index.ts'
import type { ChainCrypto } from '../../crypto-port.ts'
import type { PowerRules } from '../../power/index.ts'

/** A run of a contract's export in a block that is being made. */
export interface CallNote {
  readonly entry: string
  readonly args: readonly Cbor[]
  readonly witness: CallWitness
  /** What of it is for people may differ between nodes. */
  readonly outcome: RunOutcome
}

/** What a transaction may know of the block that it runs in. */
export interface BlockContext {
  readonly chainId: CID
  readonly height: number
  readonly time: number
  /** Seed of the block's header. */
  readonly seed: Uint8Array
  readonly params: Params
  /** What its transactions pay per gas, in 10^-18 UNC. */
  readonly baseFee: bigint
  readonly executor: ContractExecutor
  readonly crypto: ChainCrypto
  readonly power: PowerRules
  /** The set that votes at a height: of this one and those of the trusting period; undefined for all others. */
  readonly setAt: (height: number) => readonly Validator[] | undefined
  /** Told of each run, so that its node can show later what it saw. Nothing on the chain depends on it. */
  readonly onCall?: ((note: CallNote) => void) | undefined
}
