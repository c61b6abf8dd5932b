import type { CID, ContractExecutor, Params } from '../../core/index.ts'
import type { ChainCrypto } from '../crypto-port.ts'

/** What a transaction may know of the block that it runs in. */
export interface BlockContext {
  readonly chainId: CID
  readonly height: number
  readonly time: number
  /** Seed of the block's header. */
  readonly seed: Uint8Array
  readonly params: Params
  readonly executor: ContractExecutor
  readonly crypto: ChainCrypto
}
