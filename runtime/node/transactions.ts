/** Transactions of accounts whose keys the node holds. */
import { encodeSignedTx, isUtnetError, LIMITS, offeredFee, type TxPayload } from '../core/index.ts'
import type { Chain } from '../consensus/index.ts'
import { signEd25519 } from '../crypto/native.ts'
import type { HeldAccount } from './parts.ts'

const EXPIRY_BLOCKS = 1_000

/** Wire bytes of the account's next transaction, those that wait counted. */
export function signedTx(
  chain: Pick<Chain, 'chainId' | 'head' | 'nextNonce' | 'baseFee'>,
  account: HeldAccount,
  payload: TxPayload,
  gasLimit: bigint = BigInt(LIMITS.callGas),
): Uint8Array {
  const body = {
    chainId: chain.chainId,
    sender: account.key,
    nonce: chain.nextNonce(account.address),
    expiry: chain.head().header.height + EXPIRY_BLOCKS,
    gasLimit,
    maxFeePerGas: offeredFee(chain.baseFee()),
    payload,
  }
  return encodeSignedTx(body, (message) => signEd25519(message, account.secret))
}

/**
 * Offers more for what waits of the account and no longer pays the base fee. It would keep all behind it out of the blocks for as long as somebody keeps the fee up, and
 * the time to show a leaf is short.
 */
export function payBaseFee(chain: Pick<Chain, 'waitingOf' | 'baseFee' | 'submit'>, account: HeldAccount): void {
  const fee = chain.baseFee()
  for (const { body } of chain.waitingOf(account.address)) {
    if (body.maxFeePerGas >= fee) continue
    try {
      chain.submit(encodeSignedTx({ ...body, maxFeePerGas: offeredFee(fee) }, (message) => signEd25519(message, account.secret)))
    } catch (error) {
      // the account cannot pay for it, or the pool is full: it stays as it is
      if (isUtnetError(error)) return
      throw error
    }
  }
}
