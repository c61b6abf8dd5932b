import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  anchorCbor,
  attestationCbor,
  callSalt,
  cidOf,
  decode,
  decodeReceipt,
  DAG_CBOR,
  encode,
  encodeReceipt,
  LIMITS,
  modelsField,
  openingDigest,
  RAW,
  readAnchor,
  readAttestation,
  receiptId,
  receiptView,
  saltOf,
  toHex,
  withoutSecrets,
  utf8,
  type ModelUse,
  type ReceiptBody,
} from '../index.ts'

const b32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const cid = b32.map((b) => cidOf(RAW, b))
const base = {
  v: fc.constant(1 as const),
  module: cid,
  world: fc.constantFrom('function', 'operator'),
  entry: fc.constant('handle'),
  input: b32,
  output: b32,
  status: fc.constantFrom('ok' as const, 'trap' as const, 'out-of-gas' as const, 'refused' as const),
  gas: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  protocol: fc.constant(1),
  log: fc.option(b32),
  context: fc.record({ chainId: cid, height: fc.nat(), time: fc.maxSafeInteger().map(Math.abs), seed: b32 }),
}
const use: fc.Arbitrary<ModelUse> = fc.record({
  model: cid,
  arithmetic: fc.constantFrom(
    'exact:x',
    `exact:onnxruntime-web@1.30.0:${'a'.repeat(64)}`,
    'bounded:onnxruntime-node@1.30.0:cpu:opt=all,threads=2',
  ),
  root: b32,
})
const body: fc.Arbitrary<ReceiptBody> = fc.oneof(
  fc.record({ ...base, kind: fc.constant('call' as const), node: fc.constant(null), models: fc.constant([]), tx: cid, events: b32 }),
  fc.record({
    ...base,
    kind: fc.constantFrom('invoke' as const, 'infer' as const),
    node: b32,
    thread: fc.nat(9),
    seq: fc.nat(),
    retention: fc.constantFrom('public' as const, 'sealed' as const, 'none' as const),
    models: fc.array(use, { maxLength: 5 }).map(modelsField),
  }),
)

test('a receipt survives its bytes, stays under 1 KB and is named by them', () => {
  fc.assert(
    fc.property(body, (r) => {
      const bytes = encodeReceipt(r)
      expect(bytes.length).toBeLessThanOrEqual(LIMITS.receiptBytes)
      expect(encodeReceipt(decodeReceipt(bytes))).toEqual(bytes)
      expect(receiptView(r, null, null).id).toBe(cidOf(DAG_CBOR, bytes).toString())
    }),
  )
})

test('a changed byte gives another id or is refused', () => {
  fc.assert(
    fc.property(body, fc.nat(), fc.integer({ min: 1, max: 255 }), (r, at, x) => {
      const bytes = encodeReceipt(r)
      const id = receiptId(bytes).toString()
      bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ x
      expect(receiptId(bytes).toString()).not.toBe(id)
      try {
        expect(encodeReceipt(decodeReceipt(bytes))).toEqual(bytes)
      } catch (error) {
        expect((error as { code?: string }).code).toMatch(/^(core|receipt)_/)
      }
    }),
    { numRuns: 500 },
  )
})

test('showing one salt opens no other part, and equal inputs under two salts have two digests', () => {
  const secret = new Uint8Array(16).fill(7)
  const salts = (['input', 'output', 'log', 'secret'] as const).map((name) => toHex(saltOf(secret, name)))
  expect(new Set(salts).size).toBe(4)
  const pin = utf8('1234')
  expect(openingDigest('input', saltOf(secret, 'input'), pin)).not.toEqual(openingDigest('input', saltOf(new Uint8Array(16), 'input'), pin))
  expect(openingDigest('input', saltOf(secret, 'input'), pin)).not.toEqual(openingDigest('output', saltOf(secret, 'input'), pin))
  expect(callSalt(cidOf(RAW, pin))).toHaveLength(16)
})

test('authorization and cookie headers leave only a digest under a salt of their own', () => {
  const kept = withoutSecrets(
    [
      ['Cookie', utf8('s=hunter2')],
      ['accept', utf8('*/*')],
      ['authorization', utf8('Bearer hunter2')],
    ],
    () => saltOf(new Uint8Array(16), 'secret'),
  )
  expect(kept.map(([name, value]) => [name, value.length])).toEqual([
    ['Cookie', 32],
    ['accept', 3],
    ['authorization', 32],
  ])
  expect(Buffer.from(encode(kept.map(([k, v]) => [k, v]))).includes('hunter2')).toBe(false)
})

test('attestation and anchor survive their bytes', () => {
  fc.assert(
    fc.property(
      b32,
      b32,
      fc.nat(),
      fc.array(b32, { maxLength: 20 }),
      fc.uint8Array({ minLength: 64, maxLength: 64 }),
      (node, root, n, path, sig) => {
        const attestation = { batch: { node, thread: 0, first: n, size: n + 1, prev: root, root }, index: n, path, sig }
        expect(readAttestation(decode(encode(attestationCbor(attestation))))).toEqual(attestation)
        const anchor = { height: n, index: n, path }
        const again = () => readAnchor(decode(encode(anchorCbor(anchor))))
        if (n >= 2 ** path.length) expect(again).toThrowError(/more bits/)
        else expect(again()).toEqual(anchor)
      },
    ),
  )
})

test('models of more than 512 bytes stand as their root only: a list of them is no receipt', () => {
  const listed = body.map((r) => ({ ...r, world: 'function', gas: 0n, log: null }))
  fc.assert(
    fc.property(listed, fc.array(use, { minLength: 1, maxLength: 3 }), (r, uses) => {
      const bytes = encodeReceipt({ ...r, models: uses } as ReceiptBody)
      if (modelsField(uses) === uses) expect(encodeReceipt(decodeReceipt(bytes))).toEqual(bytes)
      else expect(() => decodeReceipt(bytes)).toThrow('receiptModelBytes')
    }),
  )
})
