/** Signed Ethereum transactions for the peers: keys, addresses, raw bytes. */
import { createCustomCommon, Hardfork, Mainnet, type Common } from '@ethereumjs/common'
import { createLegacyTx } from '@ethereumjs/tx'
import { bytesToHex, createAddressFromPrivateKey, type Address } from '@ethereumjs/util'

export const CHAIN_ID = 31_337
export const RICH = 10n ** 21n
const GAS_PRICE = 2_000_000_000n

export interface EthSender {
  readonly secret: Uint8Array
  readonly address: Address
}

export function ethCommon(): Common {
  return createCustomCommon({ chainId: CHAIN_ID }, Mainnet, { hardfork: Hardfork.Cancun })
}

/** Senders whose keys are the same in every run. */
export function ethSenders(count: number): EthSender[] {
  return Array.from({ length: count }, (_, i) => {
    const secret = new Uint8Array(32).fill(1)
    new DataView(secret.buffer).setUint32(28, i + 1)
    return { secret, address: createAddressFromPrivateKey(secret) }
  })
}

export interface EthCall {
  readonly nonce: number
  /** Hex. Absent: a contract is made. */
  readonly to?: string
  readonly value?: bigint
  readonly data?: string
  readonly gasLimit: number
}

/** Raw bytes, hex, of a signed legacy transaction. */
export function rawTx(from: EthSender, call: EthCall, common: Common): `0x${string}` {
  const { nonce, to, value = 0n, data = '0x', gasLimit } = call
  const fields = {
    nonce,
    gasPrice: GAS_PRICE,
    gasLimit,
    value,
    data: data as `0x${string}`,
    ...(to === undefined ? {} : { to: to as `0x${string}` }),
  }
  return bytesToHex(createLegacyTx(fields, { common }).sign(from.secret).serialize())
}

/** Transfers of one wei by every sender, a list for each nonce. */
export function rawTransfers(from: readonly EthSender[], nonces: number, common: Common): `0x${string}`[][] {
  return Array.from({ length: nonces }, (_, nonce) =>
    from.map((sender, i) =>
      rawTx(
        sender,
        { nonce, to: (from[(i * 7 + nonce + 1) % from.length] as EthSender).address.toString(), value: 1n, gasLimit: 21_000 },
        common,
      ),
    ),
  )
}
