/** An account of a test: a key of its own, and transactions signed with it. */
import { createHash } from 'node:crypto'
import {
  encodeTx,
  formatAddress,
  keyAddress,
  LIMITS,
  PARAMS,
  parseCid,
  txSigningBytes,
  type NodeApi,
  type TxBody,
  type TxPayload,
} from '../../../runtime/core/index.ts'
import { publicKeyEd25519, signEd25519 } from '../../../runtime/crypto/native.ts'

export interface TestAccount {
  readonly key: Uint8Array
  readonly raw: Uint8Array
  readonly address: string
  /** Wire bytes of a transaction with the account's next nonce; `changes` replaces fields before it is signed. */
  readonly sign: (api: NodeApi, payload: TxPayload, changes?: Partial<TxBody>) => Promise<Uint8Array>
}

/** The account of a name; the same name gives the same key. */
export function testAccount(name: string): TestAccount {
  const secret = Uint8Array.from(createHash('sha256').update(`e2e ${name}`).digest())
  const key = publicKeyEd25519(secret)
  const raw = keyAddress(key)
  const address = formatAddress(raw)
  return {
    key,
    raw,
    address,
    async sign(api, payload, changes = {}) {
      const { nonce } = await api.account(address)
      const { chainId, height } = await api.chain()
      const body: TxBody = {
        chainId: parseCid(chainId, 'chain id'),
        sender: key,
        nonce,
        expiry: height + 1_000,
        gasLimit: BigInt(LIMITS.callGas),
        maxFeePerGas: PARAMS.baseFee,
        payload,
        ...changes,
      }
      return encodeTx({ body, sig: signEd25519(txSigningBytes(body), secret) })
    },
  }
}
