import { gcm } from '@noble/ciphers/aes.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { expand, extract } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concatBytes, domain, fromHex, toHex, utf8 } from '../core/index.ts'
import { openSoftwareChip, wrapKey } from './native.ts'

/** RFC 9180 on its own feet: sections 4, 4.1, 5.1 and 7.1.3, on noble's primitives. */
const NONE = new Uint8Array(0)
const KEM = concatBytes(utf8('KEM'), Uint8Array.of(0, 0x20))
const HPKE = concatBytes(utf8('HPKE'), Uint8Array.of(0, 0x20, 0, 1, 0, 2))
const labeledExtract = (suite: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array =>
  extract(sha256, concatBytes(utf8('HPKE-v1'), suite, utf8(label), ikm), salt)
const labeledExpand = (suite: Uint8Array, prk: Uint8Array, label: string, info: Uint8Array, length: number): Uint8Array =>
  expand(sha256, prk, concatBytes(Uint8Array.of(0, length), utf8('HPKE-v1'), suite, utf8(label), info), length)

function deriveSecret(seed: Uint8Array): Uint8Array {
  return labeledExpand(KEM, labeledExtract(KEM, NONE, 'dkp_prk', seed), 'sk', NONE, 32)
}

function contextOf(dh: Uint8Array, enc: Uint8Array, publicKey: Uint8Array, info: Uint8Array): { key: Uint8Array; nonce: Uint8Array } {
  const prk = labeledExtract(KEM, NONE, 'eae_prk', dh)
  const shared = labeledExpand(KEM, prk, 'shared_secret', concatBytes(enc, publicKey), 32)
  const schedule = concatBytes(
    Uint8Array.of(0),
    labeledExtract(HPKE, NONE, 'psk_id_hash', NONE),
    labeledExtract(HPKE, NONE, 'info_hash', info),
  )
  const secret = labeledExtract(HPKE, shared, 'secret', NONE)
  return { key: labeledExpand(HPKE, secret, 'key', schedule, 32), nonce: labeledExpand(HPKE, secret, 'base_nonce', schedule, 12) }
}

test('the independent reading derives the recipient of RFC 9180, appendix A.1.1', () => {
  const seed = fromHex('6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037')
  const secret = deriveSecret(seed)
  expect(toHex(secret)).toBe('4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8')
  expect(toHex(x25519.getPublicKey(secret))).toBe('3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d')
})

test('what is wrapped here opens by an independent reading of RFC 9180, and the other way round', async () => {
  const bytes = (n: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: n, maxLength: n })
  await fc.assert(
    fc.asyncProperty(bytes(32), bytes(32), bytes(32), fc.uint8Array({ maxLength: 200 }), async (seed, ephemeral, key, bound) => {
      const chip = await openSoftwareChip(seed)
      const secret = deriveSecret(seed)
      expect(chip.publicKey).toEqual(x25519.getPublicKey(secret))

      const wrapped = await wrapKey(chip.publicKey, key, bound)
      const theirs = contextOf(x25519.getSharedSecret(secret, wrapped.enc), wrapped.enc, chip.publicKey, domain('chip-key'))
      expect(gcm(theirs.key, theirs.nonce, bound).decrypt(wrapped.key)).toEqual(key)

      const enc = x25519.getPublicKey(ephemeral)
      const ours = contextOf(x25519.getSharedSecret(ephemeral, chip.publicKey), enc, chip.publicKey, domain('chip-key'))
      expect(await chip.unwrap(enc, gcm(ours.key, ours.nonce, bound).encrypt(key), bound)).toEqual(key)
    }),
    { numRuns: 20 },
  )
})

test('C6 a wrapped key opens on its chip only, whole, unchanged and under what it was bound to', async () => {
  const [chip, other] = [await openSoftwareChip(new Uint8Array(32).fill(1)), await openSoftwareChip(new Uint8Array(32).fill(2))]
  const key = new Uint8Array(32).fill(9)
  const bound = utf8('policy')
  const { enc, key: wrapped } = await wrapKey(chip.publicKey, key, bound)
  expect(await chip.unwrap(enc, wrapped, bound)).toEqual(key)
  expect(await other.unwrap(enc, wrapped, bound)).toBeUndefined()
  expect(await chip.unwrap(enc, wrapped, utf8('policx'))).toBeUndefined()
  const flip = (b: Uint8Array, i: number): Uint8Array => b.map((byte, at) => (at === i ? byte ^ 1 : byte))
  for (let i = 0; i < wrapped.length; i++) expect(await chip.unwrap(enc, flip(wrapped, i), bound)).toBeUndefined()
  for (let i = 0; i < enc.length; i++) expect(await chip.unwrap(flip(enc, i), wrapped, bound)).toBeUndefined()
  expect(await chip.unwrap(enc, wrapped.subarray(1), bound)).toBeUndefined()
  // Points of small order give a shared secret of zeroes (RFC 7748, section 6.1)
  expect(await chip.unwrap(new Uint8Array(32), wrapped, bound)).toBeUndefined()
  await expect(wrapKey(new Uint8Array(32), key, bound)).rejects.toThrow(expect.objectContaining({ code: 'core_bad_argument' }))
  await expect(wrapKey(chip.publicKey.subarray(1), key, bound)).rejects.toThrow(expect.objectContaining({ code: 'core_bad_argument' }))
})
