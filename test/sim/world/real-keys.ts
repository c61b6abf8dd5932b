/** Keys in the place of simulated signatures: BLS12-381 votes by blst, ed25519 proposals by OpenSSL. */
import { cidOf, DAG_CBOR, sha256, utf8 } from '../../../runtime/core/index.ts'
import { bftCrypto, type BftCrypto, type Member } from '../../../runtime/consensus/messages/index.ts'
import * as crypto from '../../../runtime/crypto/native.ts'

const CHAIN = cidOf(DAG_CBOR, utf8('sim'))
const OTHER = cidOf(DAG_CBOR, utf8('other'))

/** The keys of the nodes of a run, the same in every run. */
export function realKeys(): (node: number) => {
  readonly crypto: BftCrypto
  readonly foreign: BftCrypto
  readonly member: Omit<Member, 'power'>
} {
  return (node) => {
    const secret = sha256(utf8(`node ${node}`))
    const blsSecret = crypto.blsKeygen(secret)
    const keys = {
      voter: { sign: (message: Uint8Array) => crypto.blsSign(message, blsSecret) },
      signNode: (message: Uint8Array) => crypto.signEd25519(message, secret),
    }
    return {
      crypto: bftCrypto(CHAIN, keys, crypto),
      foreign: bftCrypto(OTHER, keys, crypto),
      member: { key: crypto.publicKeyEd25519(secret), bls: crypto.blsPublicKey(blsSecret) },
    }
  }
}
