import { expect, test } from 'vitest'
import { encode, LIMITS, type Cbor } from '../../core/index.ts'
import { decodeBlockVerdict, encodeBlockVerdict } from './verdict.ts'

const verdict = { height: 7, ok: true, result: new Uint8Array(32), signers: Uint8Array.of(1), signature: new Uint8Array(96) }

test('a verdict reads back; each field of another type or length, one more and one less are refused, and so is one that is too long', () => {
  expect(decodeBlockVerdict(encodeBlockVerdict(verdict))).toEqual(verdict)
  const { height, ok, result, signers, signature } = verdict
  const fields: readonly Cbor[] = [height, ok, result, signers, signature]
  const changed = (at: number, value: Cbor): Uint8Array => encode(fields.map((field, i) => (i === at ? value : field)))
  for (const bytes of [
    changed(0, -1),
    changed(1, 1),
    changed(1, null),
    changed(2, new Uint8Array(31)),
    changed(3, 'x'),
    changed(4, new Uint8Array(95)),
    encode(fields.slice(1)),
    encode([...fields, 0]),
  ])
    expect(() => decodeBlockVerdict(bytes)).toThrow(expect.objectContaining({ code: 'core_not_canonical' }))
  const head = encodeBlockVerdict({ ...verdict, signers: new Uint8Array(0) }).length
  const long = (n: number): Uint8Array => encodeBlockVerdict({ ...verdict, signers: new Uint8Array(n) })
  // a length of two bytes takes two more
  const most = LIMITS.blockVerdictBytes - head - 2
  expect(decodeBlockVerdict(long(most)).signers.length).toBe(most)
  expect(() => decodeBlockVerdict(long(most + 1))).toThrow(expect.objectContaining({ code: 'core_too_large' }))
})
