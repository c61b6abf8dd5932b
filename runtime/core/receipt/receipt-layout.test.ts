import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  cborCidText,
  cidOf,
  cidOfDigest,
  concatBytes,
  DAG_CBOR,
  digest,
  domain,
  encode,
  encodeBatch,
  encodeReceipt,
  headLength,
  LIMITS,
  modelsField,
  putBytes,
  putHead,
  putLink,
  putRunSeedHead,
  putRunSeedTail,
  putText,
  putU64,
  RAW,
  ReceiptLayouts,
  requestOpening,
  responseOpening,
  runSeed,
  saltOf,
  sha256,
  toHex,
  utf8,
  withoutSecrets,
  type ModelUse,
  type RunBody,
} from '../index.ts'

const b32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const cid = b32.map((b) => cidOf(RAW, b))
/** Integers around every width of a head, and any other. */
const edges = [0, 1, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]
const uint = fc.oneof(fc.constantFrom(...edges), fc.maxSafeInteger().map(Math.abs))
const u64 = fc.oneof(uint.map(BigInt), fc.constantFrom(2n ** 53n, 2n ** 64n - 1n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }).filter((t) => t.isWellFormed()),
  fc.constantFrom('a'.repeat(23), 'a'.repeat(24), 'b'.repeat(255), 'b'.repeat(256), 'b'.repeat(257), 'ä'.repeat(130)),
)
const put = (write: (into: Uint8Array, at: number) => number): string => {
  const into = new Uint8Array(4096)
  return toHex(into.subarray(7, write(into, 7)))
}

test('what is put straight into memory is what the general encoder gives', () => {
  fc.assert(
    fc.property(uint, u64, text, fc.uint8Array({ maxLength: 300 }), cid, (n, big, words, bytes, link) => {
      expect(put((into, at) => putHead(into, at, 0, n))).toBe(toHex(encode(n)))
      expect(headLength(n)).toBe(encode(n).length)
      expect(put((into, at) => putU64(into, at, big))).toBe(toHex(encode(big)))
      expect(put((into, at) => putText(into, at, words))).toBe(toHex(encode(words)))
      expect(put((into, at) => putBytes(into, at, bytes))).toBe(toHex(encode(bytes)))
      expect(put((into, at) => putLink(into, at, link))).toBe(toHex(encode(link)))
    }),
    { numRuns: 500 },
  )
  for (const n of edges) expect(put((into, at) => putHead(into, at, 0, n))).toBe(toHex(encode(n)))
})

test('what no integer or text is, is refused', () => {
  const into = new Uint8Array(64)
  for (const bad of [-1, 0.5, 23.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY])
    expect(() => putHead(into, 0, 0, bad)).toThrow(expect.objectContaining({ code: 'core_bad_argument' }) as Error)
  for (const bad of [-1n, 2n ** 64n])
    expect(() => putU64(into, 0, bad)).toThrow(expect.objectContaining({ code: 'core_bad_argument' }) as Error)
  expect(() => putText(into, 0, 'a\ud800')).toThrow(expect.objectContaining({ code: 'core_bad_argument' }) as Error)
})

const use: fc.Arbitrary<ModelUse> = fc.record({ model: cid, arithmetic: fc.constantFrom('exact:x', `exact:${'a'.repeat(64)}`), root: b32 })
const run = fc.record({
  v: fc.constant(1 as const),
  kind: fc.constantFrom('invoke' as const, 'infer' as const),
  module: cid,
  world: text,
  entry: text,
  input: b32,
  output: b32,
  status: fc.constantFrom('ok' as const, 'trap' as const, 'out-of-gas' as const, 'refused' as const),
  gas: u64,
  protocol: uint,
  log: fc.option(b32),
  context: fc.record({ chainId: cid, height: uint, time: uint, seed: b32 }),
  node: b32,
  thread: uint,
  seq: uint,
  retention: fc.constantFrom('public' as const, 'sealed' as const, 'none' as const),
  models: fc.array(use, { maxLength: 5 }).map(modelsField),
})

/** The body by its layout; the layouts are used again, as those of a node are. */
function byLayout(layouts: ReceiptLayouts, body: RunBody): Uint8Array {
  const { kind, module, world, entry, status, protocol, retention, gas, log, models, thread, seq } = body
  const { chainId, height, time, seed } = body.context
  const layout = layouts.of({ kind, module, world, entry, status, protocol, chainId, retention })
  const fields = { gas, logged: log !== null, models, thread, seq, height, time }
  const length = layout.measure(fields)
  const into = new Uint8Array(LIMITS.receiptBytes + 8).fill(0xa5)
  const end = layout.write(into, 3, fields)
  expect(end - 3).toBe(length)
  expect([into[2], into[end]]).toEqual([0xa5, 0xa5])
  into.set(body.input, 3 + layout.inputAt)
  into.set(body.output, 3 + layout.outputAt)
  into.set(seed, 3 + layout.seedAt)
  if (log !== null) into.set(log, 3 + layout.logAt)
  return into.slice(3, end)
}

test('a body by its layout is that of the general encoder, over all fields, or both are refused', () => {
  let refused = 0
  fc.assert(
    fc.property(
      run,
      fc.array(fc.record({ gas: u64, seq: uint, thread: uint, log: fc.option(b32), height: uint, time: uint }), { maxLength: 6 }),
      (first, more) => {
        const layouts = new ReceiptLayouts(first.node)
        for (const change of [{}, ...more]) {
          const { height, time, ...rest } = { ...first.context, ...first, ...change }
          const body: RunBody = { ...first, ...rest, context: { ...first.context, height, time } }
          let expected: Uint8Array | undefined
          try {
            expected = encodeReceipt(body)
          } catch {
            refused++
          }
          if (expected === undefined)
            expect(() => byLayout(layouts, body)).toThrow(expect.objectContaining({ code: 'receipt_invalid' }) as Error)
          else expect(toHex(byLayout(layouts, body))).toBe(toHex(expected))
        }
      },
    ),
    { numRuns: 300 },
  )
  expect(refused).toBeGreaterThan(0)
})

test('a body of 1 KB is laid out, one of a byte more is refused; many forms of one module change places', () => {
  const [sample] = fc.sample(run, { numRuns: 1, seed: 3 }) as [RunBody]
  const short: RunBody = { ...sample, world: 'function', entry: 'x'.repeat(256), models: [], log: null }
  const room = LIMITS.receiptBytes - encodeReceipt(short).length
  const layouts = new ReceiptLayouts(sample.node)
  const full = { ...short, entry: 'x'.repeat(256 + room) }
  expect(byLayout(layouts, full)).toEqual(encodeReceipt(full))
  for (const entry of ['x'.repeat(257 + room), 'x'.repeat(100_000)])
    expect(() => byLayout(layouts, { ...short, entry })).toThrow(expect.objectContaining({ code: 'receipt_invalid' }) as Error)
  for (const round of [0, 1])
    for (let i = 0; i < 40; i++) {
      const body = { ...short, entry: `entry ${i}`, seq: round }
      expect(byLayout(layouts, body)).toEqual(encodeReceipt(body))
    }
})

test('openings, seeds, statements and the text of ids are those of the general encoder', () => {
  const header = fc.tuple(fc.oneof(text, fc.constant('cookie')), fc.uint8Array({ maxLength: 60 }))
  const headers = fc.array(header, { maxLength: 8 })
  fc.assert(
    fc.property(text, text, headers, b32, uint, cid, (method, path, list, hash, n, module) => {
      const pairs = list.map(([k, v]) => [k, v] as const)
      expect(toHex(requestOpening(method, path, pairs, hash))).toBe(toHex(encode([method, path, pairs.map(([k, v]) => [k, v]), hash])))
      expect(toHex(responseOpening(n % 1000, pairs, hash))).toBe(toHex(encode([n % 1000, pairs.map(([k, v]) => [k, v]), hash])))
      const salt = saltOf(hash.subarray(0, 16), 'secret')
      const shown = pairs.map(([k, v]) => [k, k === 'cookie' ? digest('secret-header', salt, utf8(k), v) : v])
      expect(withoutSecrets(pairs, () => salt)).toEqual(shown)
      const into = new Uint8Array(256)
      const inputAt = putRunSeedHead(into, 0, hash, module)
      into.set(hash, inputAt)
      const end = putRunSeedTail(into, inputAt + 32, n, 7)
      expect(sha256(into.subarray(0, end))).toEqual(sha256(concatBytes(domain('run-seed'), encode([hash, module, hash, n, 7]))))
      expect(sha256(into.subarray(0, end))).toEqual(runSeed(hash, module, hash, n, 7))
      const batch = { node: hash, thread: n, first: n, size: 3, prev: hash, root: hash }
      expect(encodeBatch(batch)).toEqual(encode({ ...batch }))
      expect(cborCidText(concatBytes(hash, hash), 32)).toBe(cidOfDigest(DAG_CBOR, hash).toString())
    }),
    { numRuns: 300 },
  )
  const long = [['a', new Uint8Array(20_000)] as const]
  expect(requestOpening('GET', '/', long, sha256(utf8('')))).toEqual(
    encode(['GET', '/', [['a', new Uint8Array(20_000)]], sha256(utf8(''))]),
  )
  expect(responseOpening(200, long, sha256(utf8('')))).toEqual(encode([200, [['a', new Uint8Array(20_000)]], sha256(utf8(''))]))
  let asked = 0
  withoutSecrets([['accept', utf8('*/*')]], () => (asked++, new Uint8Array(32)))
  expect(asked).toBe(0)
})
