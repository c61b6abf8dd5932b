import fc from 'fast-check'
import { create } from 'multiformats/hashes/digest'
import { expect, test } from 'vitest'
import {
  callLeaf,
  CallLayouts,
  cborCids,
  CID,
  cidOf,
  cidOfDigest,
  concatBytes,
  DAG_CBOR,
  DAG_PB,
  encodeReceipt,
  LIMITS,
  RAW,
  toHex,
  type CallBody,
} from '../index.ts'

const b32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const cid = b32.map((b) => cidOf(RAW, b))
const uint = fc.oneof(fc.constantFrom(0, 23, 24, 255, 256, 65_536, 2 ** 32, 2 ** 53 - 1), fc.maxSafeInteger().map(Math.abs))
const u64 = fc.oneof(uint.map(BigInt), fc.constantFrom(2n ** 53n, 2n ** 64n - 1n))
const use = fc.record({ model: cid, arithmetic: fc.constantFrom('exact:x', `exact:${'a'.repeat(64)}`), root: b32 })
const call: fc.Arbitrary<CallBody> = fc.record({
  v: fc.constant(1 as const),
  kind: fc.constant('call' as const),
  module: cid,
  world: fc.constant('contract'),
  entry: fc.oneof(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.constantFrom('a'.repeat(255), 'ä'.repeat(300))),
  input: b32,
  output: b32,
  status: fc.constantFrom('ok' as const, 'trap' as const, 'out-of-gas' as const, 'refused' as const),
  gas: u64,
  protocol: uint,
  log: fc.constant(null),
  context: fc.record({ chainId: cid, height: uint, time: uint, seed: b32 }),
  node: fc.constant(null),
  models: fc.array(use, { maxLength: 3 }),
  tx: cid,
  events: b32,
})

/** The leaf by its layout; the layouts are used again, as those of a chain are. */
function byLayout(layouts: CallLayouts, body: CallBody): Uint8Array {
  const { module, entry, status, protocol, gas, models, tx } = body
  const { chainId, height, time, seed } = body.context
  const layout = layouts.of({ module, entry, status, protocol, chainId })
  const fields = { tx, gas, models, height, time }
  const length = layout.measure(fields)
  const into = new Uint8Array(2 * LIMITS.receiptBytes).fill(0xa5)
  const end = layout.write(into, 3, fields)
  expect(end - 3).toBe(length)
  expect([into[2], into[end]]).toEqual([0xa5, 0xa5])
  into.set(body.input, 3 + layout.inputAt)
  into.set(body.output, 3 + layout.outputAt)
  into.set(body.events, 3 + layout.eventsAt)
  into.set(seed, 3 + layout.seedAt)
  expect(toHex(into.subarray(3 + layout.bodyAt, end))).toBe(toHex(encodeReceipt(body)))
  return into.slice(3, end)
}

test('a leaf by its layout is that of the general encoder, over all fields, or both are refused', () => {
  fc.assert(
    fc.property(
      call,
      fc.array(fc.record({ gas: u64, tx: cid, height: uint, time: uint, models: fc.array(use, { maxLength: 3 }) }), { maxLength: 6 }),
      (first, more) => {
        const layouts = new CallLayouts()
        for (const change of [{}, ...more]) {
          const { height, time, ...rest } = { ...first.context, ...first, ...change }
          const body: CallBody = { ...first, ...rest, context: { ...first.context, height, time } }
          let expected: Uint8Array | undefined
          try {
            expected = callLeaf(encodeReceipt(body))
          } catch {
            expect(() => byLayout(layouts, body)).toThrow(expect.objectContaining({ code: 'receipt_invalid' }) as Error)
          }
          if (expected !== undefined) expect(toHex(byLayout(layouts, body))).toBe(toHex(expected))
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('a body of 1 KB is laid out, one of a byte more is refused and spoils nothing; many forms of one module change places', () => {
  const [sample] = fc.sample(call, { numRuns: 1, seed: 3 }) as [CallBody]
  const short: CallBody = { ...sample, entry: 'x'.repeat(256), models: [] }
  const room = LIMITS.receiptBytes - encodeReceipt(short).length
  const layouts = new CallLayouts()
  const full = { ...short, entry: 'x'.repeat(256 + room) }
  for (const entry of ['x'.repeat(257 + room), 'x'.repeat(100_000)]) {
    expect(() => byLayout(layouts, { ...short, entry })).toThrow(expect.objectContaining({ code: 'receipt_invalid' }) as Error)
    expect(() => byLayout(layouts, { ...short, entry })).toThrow(expect.objectContaining({ code: 'receipt_invalid' }) as Error)
    expect(byLayout(layouts, full)).toEqual(callLeaf(encodeReceipt(full)))
  }
  for (const gas of [1n, 1_000n])
    for (let i = 0; i < 40; i++) {
      const body = { ...short, entry: `entry ${i}`, gas }
      expect(byLayout(layouts, body)).toEqual(callLeaf(encodeReceipt(body)))
    }
})

test('CIDs made from digests, together or one by one, are those of the library', () => {
  fc.assert(
    fc.property(fc.array(b32, { maxLength: 5 }), fc.constantFrom(RAW, DAG_PB, DAG_CBOR, 0x0129), (hashes, codec) => {
      const together = cborCids(concatBytes(...hashes))
      for (const [i, hash] of hashes.entries()) {
        for (const [made, of] of [
          [together[i] as CID, DAG_CBOR],
          [cidOfDigest(codec, hash), codec],
        ] as const) {
          const other = CID.createV1(of, create(0x12, hash))
          expect(made.equals(other) && other.equals(made)).toBe(true)
          expect([made.toString(), made.version, made.code, toHex(made.bytes)]).toEqual([other.toString(), 1, of, toHex(other.bytes)])
          const { code, size, digest, bytes } = made.multihash
          expect([code, size, toHex(digest), toHex(bytes)]).toEqual([0x12, 32, toHex(hash), toHex(other.multihash.bytes)])
        }
      }
    }),
  )
  expect(() => cidOfDigest(RAW, new Uint8Array(31))).toThrow(expect.objectContaining({ code: 'core_bad_argument' }) as Error)
})
