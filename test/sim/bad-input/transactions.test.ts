import { expect, test } from 'vitest'
import {
  asArray,
  bytesAmount,
  chipCertificateMessage,
  chipClaimMessage,
  cidOf,
  concatBytes,
  contractAddress,
  decode,
  decodeAccount,
  domain,
  encode,
  encodeTxBody,
  isUtnetError,
  ownSerial,
  possessionMessage,
  RAW,
  sha256,
  toHex,
  utf8,
  type Cbor,
  type ChipAction,
  type CID,
  type NodeAction,
  type TxBody,
  type TxPayload,
} from '../../../runtime/core/index.ts'
import { bftCrypto, encodeEvidence, type Evidence } from '../../../runtime/consensus/bft/index.ts'
import { BURNT_KEY } from '../../../runtime/consensus/index.ts'
import { crypto, signBatch, testChain, testGenesis, UNC, userOf, VALIDATOR, type TestChain, type TestUser } from '../../../runtime/consensus/test-kit.ts'
import { spoiltBytes, spoiltValues } from './spoil.ts'

crypto.useNativeHashes()

const users = Array.from({ length: 250 }, (_, n): TestUser => {
  const secret = sha256(utf8(`user ${n}`))
  const key = crypto.publicKeyEd25519(secret)
  return { secret, key, address: crypto.publicKeyEd25519(secret).subarray(0, 20) }
})
