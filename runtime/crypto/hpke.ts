/** HPKE (RFC 9180) in base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. Wraps the keys of sealed guests for chips. */
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import { abytes, domain, UtnetError, type ChipKey, type WrappedKey } from '../core/index.ts'

const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })
/** The use of the key, as HPKE's `info`. */
const INFO = domain('chip-key')

/** The library takes views as what lies behind them: it gets bytes of their own. */
const own = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer

/** Wraps a key (32 bytes) for a chip under a fresh encapsulation. Throws `core_bad_argument` for a public key that is none (RFC 7748, section 6.1). */
export async function wrapKey(publicKey: Uint8Array, key: Uint8Array, bound: Uint8Array): Promise<WrappedKey> {
  try {
    const recipientPublicKey = await suite.kem.deserializePublicKey(own(abytes(publicKey, 32, 'chip key')))
    const { enc, ct } = await suite.seal({ recipientPublicKey, info: own(INFO) }, own(abytes(key, 32, 'content key')), own(bound))
    return { enc: new Uint8Array(enc), key: new Uint8Array(ct) }
  } catch (cause) {
    if (cause instanceof UtnetError) throw cause
    throw new UtnetError('core_bad_argument', 'the chip key is no X25519 key', { cause })
  }
}

/** A chip in software: its private key lies in this process's memory. `seed`, 32 bytes, is the input of DeriveKeyPair (RFC 9180, section 7.1.3). */
export async function openSoftwareChip(seed: Uint8Array): Promise<ChipKey> {
  const { privateKey, publicKey } = await suite.kem.deriveKeyPair(own(abytes(seed, 32, 'chip seed')))
  return {
    publicKey: new Uint8Array(await suite.kem.serializePublicKey(publicKey)),
    async unwrap(enc, wrapped, bound) {
      try {
        return new Uint8Array(await suite.open({ recipientKey: privateKey, enc: own(enc), info: own(INFO) }, own(wrapped), own(bound)))
      } catch {
        return undefined
      }
    },
  }
}
