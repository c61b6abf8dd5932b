/** Transactions for a pool, which looks at no signature, and what it says of them. */
import { cidOf, encodeTx, isUtnetError, keyAddress, RAW, utf8 } from '../../../core/index.ts'
import { readTx, type ChainTx } from '../../tx/index.ts'

const CHAIN = cidOf(RAW, utf8('chain'))
const NOBODY = new Uint8Array(20)

/** The key of a sender by number. */
export function keyOf(n: number): Uint8Array {
  const key = new Uint8Array(32).fill((n + 1) & 255)
  new DataView(key.buffer).setUint32(0, n)
  return key
}

export const addressOf = (n: number): Uint8Array => keyAddress(keyOf(n))

export interface Wanted {
  readonly sender: number
  readonly nonce: number
  readonly fee: bigint
  readonly expiry: number
  readonly value: bigint
  /** Bytes beside. */
  readonly data?: number
}

/** A transaction that was read from its bytes. */
export function txOf({ sender, nonce, fee, expiry, value, data = 0 }: Wanted): ChainTx {
  const body = { chainId: CHAIN, sender: keyOf(sender), nonce, expiry, gasLimit: 1n, maxFeePerGas: fee }
  const payload = data > 0 ? ({ kind: 'custom', data: new Uint8Array(data) } as const) : ({ kind: 'transfer', to: NOBODY, value } as const)
  return readTx(encodeTx({ body: { ...body, payload }, sig: new Uint8Array(64) }))
}

/** The code with which a pool refuses; `taken` where it does not. */
export function codeOf(run: () => void): string {
  try {
    run()
    return 'taken'
  } catch (error) {
    if (isUtnetError(error)) return error.code
    throw error
  }
}
