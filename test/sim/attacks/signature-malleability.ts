import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import { createPublicKey, verify } from 'node:crypto'
import {
  concatBytes,
  encodeTx,
  fromHex,
  isUtnetError,
  keyAddress,
  toHex,
  txSigningBytes,
  type TxBody,
} from '../../../runtime/core/index.ts'
import { openChain, type Chain, type ChainOptions } from '../../../runtime/consensus/index.ts'
import { crypto, simulatedExecutor, simulatedKv, testGenesis, UNC, userOf, VALIDATOR } from '../../../runtime/consensus/testing/test-kit.ts'
import { sha512 } from '@noble/hashes/sha2.js'
import { broken, held, type Attack } from './attack.ts'

const { Point } = ed25519
const SPKI = fromHex('302a300506032b6570032100')

type Verify = (sig: Uint8Array, message: Uint8Array, key: Uint8Array) => boolean

/** What the two libraries say by themselves: OpenSSL without the cofactor, noble by ZIP 215. */
const openssl: Verify = (sig, message, key) => {
  try {
    return verify(null, message, createPublicKey({ key: Buffer.from(concatBytes(SPKI, key)), format: 'der', type: 'spki' }), sig)
  } catch {
    return false
  }
}
const zip215: Verify = (sig, message, key) => {
  try {
    return ed25519.verify(sig, message, key)
  } catch {
    return false
  }
}

/** A key with a part of order 8, and a signature that holds with the cofactor only. */
function mixed(seed: number): { readonly key: Uint8Array; sign(message: Uint8Array): Uint8Array } {
  const torsion = ED25519_TORSION_SUBGROUP.map((h) => Point.fromBytes(fromHex(h), true)).find((p) => !p.multiplyUnsafe(4n).is0())
  if (torsion === undefined) throw new Error('no point of order 8')
  const x = 123_456_789n + BigInt(seed)
  const key = Point.BASE.multiply(x).add(torsion).toBytes()
  return {
    key,
    sign: (message) => {
      for (let r = 1n; ; r++) {
        const R = Point.BASE.multiply(r).toBytes()
        const k = BigInt(`0x${toHex(sha512(concatBytes(R, key, message)).reverse())}`) % Point.Fn.ORDER
        const sig = concatBytes(R, Point.Fn.toBytes(Point.Fn.create(r + k * x)))
        if (zip215(sig, message, key) && !openssl(sig, message, key)) return sig
      }
    },
  }
}

const takes = async (work: () => unknown): Promise<boolean> => {
  try {
    await work()
    return true
  } catch (error) {
    if (!isUtnetError(error)) throw error
    return false
  }
}

/** Two validators' software on one real chain, one with each library; the attacker looks for a transaction on which they differ. */
export const signatureMalleability: Attack = {
  name: 'signature-malleability',
  of: '4.4',
  aim: 'a signature that one library takes and another refuses splits the chain; the same transaction goes round in other bytes',
  defences: { 'one-rule': 'both libraries are held to one written rule of validity (docs/spec/signatures.md)' },
  run: async (seed, without) => {
    const user = userOf(2)
    const odd = mixed(seed)
    const genesis = testGenesis({ accounts: [user.address, keyAddress(odd.key)].map((address) => ({ address, balance: UNC })) })
    const ruled: readonly Verify[] = [crypto.verifyEd25519, (await import('../../../runtime/crypto/index.ts')).verifyEd25519]
    const [left, right] = without.has('one-rule') ? [openssl, zip215] : (ruled as [Verify, Verify])
    const open = (verifyEd25519: Verify): Promise<Chain> => {
      const options: ChainOptions = { genesis, kv: simulatedKv(), executor: simulatedExecutor, crypto: { ...crypto, verifyEd25519 } }
      return openChain(options)
    }
    const [a, b] = [await open(left), await open(right)]
    const body = (sender: Uint8Array): TxBody => ({
      chainId: a.chainId,
      sender,
      nonce: 0,
      expiry: 9,
      gasLimit: 1_000_000n,
      maxFeePerGas: a.params.baseFee,
      payload: { kind: 'transfer', to: user.address, value: 1n },
    })
    // s + L under a plain key: no rule here takes it, but a library that reduces s would
    const plain = body(user.key)
    const sig = crypto.signEd25519(txSigningBytes(plain), user.secret)
    let s = Point.Fn.fromBytes(sig.subarray(32)) + Point.Fn.ORDER
    const bigger = sig.slice()
    for (let i = 32; i < 64; i++, s >>= 8n) bigger[i] = Number(s & 255n)
    for (const chain of [a, b])
      if (await takes(() => chain.submit(encodeTx({ body: plain, sig: bigger })))) return broken('one transaction has two signatures')
    const crafted = body(odd.key)
    const wire = encodeTx({ body: crafted, sig: odd.sign(txSigningBytes(crafted)) })
    const said = await Promise.all([a, b].map((chain) => takes(() => chain.submit(wire))))
    if (said[0] === said[1]) return held(`both ${said[0] === true ? 'take' : 'refuse'} what OpenSSL and ZIP 215 differ on`)
    // who takes it makes a block of it, which the other refuses: two validators of one chain part
    const [maker, other] = said[0] === true ? [a, b] : [b, a]
    await maker.produce({ timeMs: genesis.time + 1, proposer: VALIDATOR.proposer, voters: [VALIDATOR.voter] })
    const { header, txs, cat, verdicts, certificate } = maker.blockAt(1)
    const follows = await takes(async () => {
      if (certificate !== null) await other.commitBlock(other.executeBlock({ header, txs, cat, verdicts }), certificate)
    })
    return follows ? held('the other follows') : broken('a final block that half of the validators refuse')
  },
}
