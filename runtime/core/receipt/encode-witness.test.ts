import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cidOf, DAG_CBOR, decodeWitness, encode, encodeWitness, utf8, type CallWitness } from '../index.ts'

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.string({ maxLength: 300 }))
const bytes = fc.uint8Array({ maxLength: 300 })
const reads = fc.array(fc.tuple(bytes, fc.option(bytes)), { maxLength: 4 })
const callee = fc.record({
  asked: fc.array(text, { maxLength: 3 }),
  contract: text,
  owner: text,
  version: fc.maxSafeNat(),
  module: bytes.map((b) => cidOf(DAG_CBOR, b)),
  ready: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
  reads,
})
const witness: fc.Arbitrary<CallWitness> = fc.record({
  caller: text,
  contract: text,
  owner: text,
  version: fc.maxSafeNat(),
  height: fc.maxSafeNat(),
  time: fc.maxSafeNat(),
  chainId: text,
  gasLimit: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
  hook: fc.boolean(),
  reads,
  callees: fc.array(callee, { maxLength: 2 }),
  changes: fc.uint8Array({ minLength: 32, maxLength: 32 }),
})

test('the layout of a witness is its canonical form, and reads back', () => {
  fc.assert(
    fc.property(witness, (w) => {
      const written = encodeWitness(w)
      const plain = {
        ...w,
        reads: w.reads.map(([key, value]) => [key, value]),
        callees: w.callees.map((c) => ({ ...c, asked: [...c.asked], reads: c.reads.map(([key, value]) => [key, value]) })),
      }
      expect(written).toEqual(encode(plain))
      expect(decodeWitness(written)).toEqual(w)
    }),
  )
})

test('a witness of many reads leaves the next one as it is', () => {
  const w: CallWitness = {
    caller: 'ut1caller',
    contract: 'ut1contract',
    owner: 'ut1owner',
    version: 1,
    height: 7,
    time: 5,
    chainId: 'b',
    gasLimit: 9n,
    hook: true,
    reads: [[utf8('n'), null]],
    callees: [],
    changes: new Uint8Array(32),
  }
  const before = encodeWitness(w)
  const large = encodeWitness({ ...w, reads: Array.from({ length: 40 }, (_, i) => [Uint8Array.of(i), new Uint8Array(65_536)] as const) })
  expect(decodeWitness(large).reads).toHaveLength(40)
  expect(encodeWitness(w)).toEqual(before)
})
