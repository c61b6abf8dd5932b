import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cidOf, decodeTx, encodeTx, isUtnetError, LIMITS, RAW, txId, txSigningBytes, utf8, type SignedTx, type TxPayload } from './index.ts'

const bytes = (n: number) => fc.uint8Array({ minLength: n, maxLength: n })
const cid = bytes(32).map((b) => cidOf(RAW, b))
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/)
const batch = fc.record({ node: bytes(32), thread: fc.nat(), first: fc.nat(), size: fc.nat(), prev: bytes(32), root: bytes(32) })
const path = fc.array(bytes(32), { maxLength: 4 })
const payload: fc.Arbitrary<TxPayload> = fc.oneof(
  fc.record({ kind: fc.constant('transfer' as const), to: bytes(20), value: fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }) }),
  fc.record({ kind: fc.constant('publish' as const), name, module: cid, world: fc.constant('contract'), size: fc.nat() }),
  fc.record({ kind: fc.constant('call' as const), to: bytes(20), export: name, args: fc.constant([1, 'x', utf8('y')]) }),
  fc.record({
    kind: fc.constant('operators' as const),
    stack: fc.array(fc.record({ module: cid, entry: name, inputs: fc.array(cid, { maxLength: 2 }) }), { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('route' as const), data: cid, to: bytes(20), size: fc.nat() }),
  fc.record({ kind: fc.constant('custom' as const), data: fc.uint8Array({ maxLength: 50 }) }),
  fc.record({
    kind: fc.constant('anchor' as const),
    batches: fc.array(fc.record({ batch, sig: bytes(64) }), { maxLength: 3 }),
    data: fc.option(cid),
  }),
  fc.record({
    kind: fc.constant('refute' as const),
    target: fc.record({ anchor: cid, at: fc.nat(), batch, sig: bytes(64), path }),
    claim: fc.oneof(
      fc.record({ kind: fc.constant('leaf' as const), index: fc.nat(), leaf: fc.uint8Array({ maxLength: 50 }), path }),
      fc.record({ kind: fc.constant('twice' as const), batch, sig: bytes(64) }),
      fc.record({
        kind: fc.constant('verdict' as const),
        index: fc.nat(),
        leaf: fc.uint8Array({ maxLength: 50 }),
        path,
        transcript: bytes(32),
        signers: fc.uint8Array({ maxLength: 4 }),
        signature: bytes(96),
      }),
      fc.record({ kind: fc.constant('unavailable' as const), index: fc.nat() }),
    ),
  }),
  fc.record({
    kind: fc.constant('reveal' as const),
    reveals: fc.array(fc.record({ demand: bytes(32), leaf: fc.uint8Array({ maxLength: 50 }), path }), { maxLength: 3 }),
  }),
)
const tx: fc.Arbitrary<SignedTx> = fc.record({
  body: fc.record({
    chainId: cid,
    sender: bytes(32),
    nonce: fc.nat(),
    expiry: fc.nat(),
    gasLimit: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    maxFeePerGas: fc.bigInt({ min: 0n, max: 2n ** 100n }),
    payload,
  }),
  sig: bytes(64),
})

test('U3.2-TX-1 a transaction of every kind (publish, operator call stack, data routing, custom bytes among them) survives its wire form', () => {
  fc.assert(
    fc.property(tx, (t) => {
      const wire = encodeTx(t)
      expect(encodeTx(decodeTx(wire))).toEqual(wire)
      expect(txId(decodeTx(wire).body).toString()).toBe(txId(t.body).toString())
    }),
  )
})

test('a mutated transaction is refused with a code, or is another one to sign', () => {
  fc.assert(
    fc.property(tx, fc.nat(), fc.integer({ min: 1, max: 255 }), (t, at, x) => {
      const wire = encodeTx(t)
      wire[at % wire.length] = (wire[at % wire.length] as number) ^ x
      try {
        const other = decodeTx(wire)
        const same = Buffer.compare(txSigningBytes(other.body), txSigningBytes(t.body)) === 0
        expect(same && Buffer.compare(other.sig, t.sig) === 0).toBe(false)
      } catch (error) {
        expect(isUtnetError(error)).toBe(true)
      }
    }),
    { numRuns: 1000 },
  )
})

test('a transaction one byte over the limit is refused', () => {
  expect(() => decodeTx(new Uint8Array(LIMITS.txBytes + 1))).toThrowError(/txBytes/)
})
