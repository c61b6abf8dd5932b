import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  cidOf,
  concatBytes,
  DAG_CBOR,
  digest,
  encodeReceipt,
  inclusionPath,
  leafHash,
  openingDigest,
  RAW,
  ReceiptLayouts,
  runSeed,
  saltOf,
  sha256,
  toHex,
  utf8,
} from '../core/index.ts'
import type { IssuedReceipt } from './issued.ts'
import { ALL_LANES, Lanes, Run, type RunContext } from './lanes.ts'
import { ReceiptIndex, type Spot } from './receipt-index.ts'
import { Sealer } from './sealer.ts'

const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 900, maxLength: 1200 }))
const one = fc.record({
  input: bytes,
  output: bytes,
  log: fc.option(bytes),
  asks: fc.boolean(),
  alone: fc.boolean(),
  module: fc.nat(2),
  chainSeed: fc.nat(2),
  held: fc.boolean(),
  gas: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
})
const modules = [0, 1, 2].map((i) => cidOf(i === 0 ? RAW : DAG_CBOR, Uint8Array.of(i)))
const seeds = [0, 1, 2].map((i) => digest('test-seed', Uint8Array.of(i)))
const node = digest('test-node')
const chainId = cidOf(DAG_CBOR, utf8('chain'))

test('bodies, digests, leaves and trees of any mix of runs are those of the general functions', () => {
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 70 }), (mix) => {
      const sealer = new Sealer((fn) => fn())
      const issued: IssuedReceipt[] = []
      const context: RunContext = {
        lanes: new Lanes(ALL_LANES),
        sealer,
        layouts: new ReceiptLayouts(node),
        ready() {},
        queued: (receipt) => void issued.push(receipt),
        hurry() {},
      }
      const expected: Uint8Array[] = []
      for (const [i, m] of mix.entries()) {
        const salt = digest('test-salt', Uint8Array.of(i)).subarray(0, 16)
        const module = modules[m.module] as (typeof modules)[number]
        const chainSeed = seeds[m.chainSeed] as Uint8Array
        const run = new Run(context, { module, chainSeed, input: m.input }, salt)
        const input = openingDigest('input', saltOf(salt, 'input'), m.input)
        const seed = runSeed(chainSeed, module, input, run.lane.thread, run.seq)
        expect(run.secretSalt).toEqual(saltOf(salt, 'secret'))
        if (m.asks) expect(toHex(run.seed)).toBe(toHex(seed))
        const common = { kind: 'invoke', world: 'function', entry: 'handle', status: 'ok', protocol: 1, retention: 'none' } as const
        const body = encodeReceipt({
          ...common,
          v: 1,
          module,
          input,
          output: openingDigest('output', saltOf(salt, 'output'), m.output),
          gas: m.gas,
          log: m.log === null ? null : openingDigest('log', saltOf(salt, 'log'), m.log),
          models: [],
          context: { chainId, height: i, time: i * 100, seed },
          node,
          thread: run.lane.thread,
          seq: run.seq,
        })
        // A run that is still there holds its lane: the next has another thread number.
        if (m.held) {
          continue
        }
        expected.push(body)
        const { gas, output, log } = m
        const receipt = run.finish({ ...common, gas, output, log, models: [], context: { chainId, height: i, time: i * 100 }, files: [] })
        if (m.alone) expect(receipt.idText).toBe(cidOf(DAG_CBOR, body).toString())
      }
      const { tree, digests } = sealer.batch(issued)
      expect(issued.map(({ sealed, bodyAt, length }) => toHex((sealed as Uint8Array).subarray(bodyAt, bodyAt + length)))).toEqual(
        expected.map(toHex),
      )
      expect(toHex(digests)).toBe(toHex(concatBytes(...expected.map((b) => Uint8Array.from(createHash('sha256').update(b).digest())))))
      const leaves = expected.map(leafHash)
      for (let i = 0; i < leaves.length; i++) expect(tree.path(i).map(toHex)).toEqual(inclusionPath(leaves, i).map(toHex))
    }),
    { numRuns: 60 },
  )
})

test('the index finds every receipt among those whose digests begin alike, and none that is not there', () => {
  const index = new ReceiptIndex()
  const digests = Array.from({ length: 5_000 }, (_, i) => {
    const hash = sha256(Uint8Array.of(i, i >> 8))
    // Every tenth begins as the one before it does.
    if (i % 10 === 9) hash.set(sha256(Uint8Array.of(i - 1, (i - 1) >> 8)).subarray(0, 8))
    return hash
  })
  const spots: Spot[] = digests.map((_, i) => ({ record: i * 3, batch: i % 65_536, index: 65_535 - i }))
  digests.forEach((hash, i) => index.add(concatBytes(utf8('xy'), hash), 2, spots[i] as Spot))
  expect(index.size).toBe(5_000)
  digests.forEach((hash, i) => {
    const found = [...index.find(hash)]
    expect(found).toContainEqual(spots[i])
    expect(found).toHaveLength(i % 10 >= 8 ? 2 : 1)
  })
  expect([...index.find(sha256(utf8('not there')))]).toEqual([])
})
