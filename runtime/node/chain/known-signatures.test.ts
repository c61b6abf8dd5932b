import { expect, test, vi } from 'vitest'
import { sha256, utf8 } from '../../core/index.ts'
import { openSigner, verifyEd25519 } from '../../crypto/native.ts'
import { knownSignatures } from './known-signatures.ts'

const signer = openSigner(new Uint8Array(32).fill(7))
const other = openSigner(new Uint8Array(32).fill(8))
const message = utf8('a batch')
const sig = signer.sign(message)
const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((b, i) => (i === 3 ? b ^ 1 : b))

function counted(most?: number) {
  const verify = vi.fn(verifyEd25519)
  return { verify, known: knownSignatures(verify, most) }
}

test('a good signature is checked once, an own one never', () => {
  const { verify, known } = counted()
  expect([known.verify(sig, message, signer.key), known.verify(sig, message, signer.key)]).toEqual([true, true])
  expect(verify).toHaveBeenCalledTimes(1)
  const own = other.sign(message)
  known.note(own, message, other.key)
  expect(known.verify(own, message, other.key)).toBe(true)
  expect(verify).toHaveBeenCalledTimes(1)
})

test('nothing else passes because one does: signature, message and key all count', () => {
  const { known } = counted()
  known.note(sig, message, signer.key)
  expect(known.verify(flipped(sig), message, signer.key)).toBe(false)
  expect(known.verify(sig, flipped(message), signer.key)).toBe(false)
  expect(known.verify(sig, message, other.key)).toBe(false)
  // The same bytes, cut at other places.
  expect(known.verify(sig.subarray(1), message, signer.key)).toBe(false)
  expect(known.verify(sig, message.subarray(0, 6), Uint8Array.of(message[6] as number, ...signer.key))).toBe(false)
})

test('a long message is remembered by its hash, which is no message that the signature is good for', () => {
  const { verify, known } = counted()
  const long = new Uint8Array(513).fill(7)
  const good = signer.sign(long)
  known.note(good, long, signer.key)
  expect(known.verify(good, long, signer.key)).toBe(true)
  expect(verify).not.toHaveBeenCalled()
  expect(known.verify(good, sha256(long), signer.key)).toBe(false)
  expect(known.verify(good, flipped(long), signer.key)).toBe(false)
  // What is remembered are bytes of its own.
  const short = utf8('shared')
  known.note(signer.sign(short), short, signer.key)
  const sig = signer.sign(short)
  short[0] = 0
  expect(known.verify(sig, short, signer.key)).toBe(false)
})

test('a bad signature is not remembered; the oldest good ones are forgotten', () => {
  const { verify, known } = counted(2)
  expect([known.verify(flipped(sig), message, signer.key), known.verify(flipped(sig), message, signer.key)]).toEqual([false, false])
  expect(verify).toHaveBeenCalledTimes(2)
  const messages = ['1', '2', '3'].map(utf8)
  for (const m of messages) known.note(signer.sign(m), m, signer.key)
  for (const m of messages.toReversed()) expect(known.verify(signer.sign(m), m, signer.key)).toBe(true)
  expect(verify).toHaveBeenCalledTimes(3)
})
