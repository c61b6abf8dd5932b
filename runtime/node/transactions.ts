/** Transactions of accounts whose keys the node holds. */
import { encodeSignedTx, LIMITS, offeredFee, type TxPayload } from '../core/index.ts'
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
