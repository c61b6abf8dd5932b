import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  callInputOpening,
  callLeaf,
  CallLayouts,
  callOutputOpening,
  callSalt,
  callSeed,
  cidOf,
  DAG_CBOR,
  encode,
  encodeEvent,
  encodeReceipt,
  eventLeaf,
  merkleRoot,
  openingDigest,
  PARAMS,
  RAW,
  receiptId,
  saltOf,
  toHex,
  type CallBody,
  type Cbor,
} from '../../../core/index.ts'
import type { BlockContext } from '../effect/block-context.ts'
import type { CallDraft } from '../calls/call-draft.ts'
import { changesRoot } from '../calls/changes-root.ts'
import type { TxEffect } from '../effect/outcome.ts'
import { eventRoot, sealCalls, sortChanges } from './seal-calls.ts'

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const address = fc.constantFrom(...[1, 2, 3].map((n) => new Uint8Array(20).fill(n)))
const change = fc.record({
  // not the same arrays, as two contracts' records give them
  contract: address.map((a) => a.slice()),
  key: fc.uint8Array({ maxLength: 40 }),
  value: fc.option(fc.uint8Array({ maxLength: 80 }), { nil: undefined }),
})
const event = fc.record({ contract: address, name: fc.string({ unit: 'grapheme', maxLength: 12 }), data: fc.uint8Array({ maxLength: 60 }) })
const run = fc.record({
  tx: bytes(32).map((h) => cidOf(DAG_CBOR, h)),
  contract: address,
  entry: fc.constantFrom('transfer', 'pay', 'ä'),
  status: fc.constantFrom('ok' as const, 'trap' as const, 'refused' as const),
  args: fc.array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.uint8Array({ maxLength: 60 }), fc.maxSafeInteger())),
  result: fc.oneof(fc.constant<Cbor>(null), fc.maxSafeInteger(), fc.uint8Array({ maxLength: 30 })),
  gas: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  changes: fc.uniqueArray(change, { maxLength: 9, selector: (c) => `${toHex(c.contract)}/${toHex(c.key)}` }),
  events: fc.array(event, { maxLength: 5 }),
})

const module = cidOf(RAW, Uint8Array.of(1))
const chainId = cidOf(DAG_CBOR, Uint8Array.of(2))

/** What `effect` gives of a run, where only the calls matter. */
function effectOf(r: typeof run extends fc.Arbitrary<infer T> ? T : never, layouts: CallLayouts, noted: string[]): TxEffect {
  const { tx, contract, entry, status, args, result, gas, changes, events } = r
  const layout = layouts.of({ module, entry, status, protocol: 1, chainId })
  const call: CallDraft = {
    tx,
    contract,
    args,
    result: encode([result]).subarray(1),
    gas,
    models: [],
    changes: sortChanges(contract, [...changes]),
    events,
    layout,
    note: (root) => noted.push(toHex(root)),
  }
  const outcome = { id: tx, kind: 'call', sender: contract, status, gas, result, message: null, receipt: null, events }
  return { outcome, leaves: [], prepaid: 0n, call, batches: [], names: [], touched: [] }
}

test('receipts made together are those of each call alone, byte by byte, in whatever block; effects without a call stay as they are', () => {
  const plain: TxEffect = {
    ...effectOf(fc.sample(run, { numRuns: 1, seed: 1 })[0] as never, new CallLayouts(), []),
    call: null,
    leaves: [],
  }
  fc.assert(
    fc.property(fc.array(run, { maxLength: 12 }), fc.integer({ min: 1, max: 20 }), bytes(32), fc.nat(), (some, times, seed, height) => {
      // as many as go over the calls of one chunk now and then
      const runs = Array.from({ length: times }, () => some).flat()
      const block = { chainId, height, time: 1_700_000_000_000 + height, seed, params: PARAMS } as unknown as BlockContext
      const noted: string[] = []
      const layouts = new CallLayouts()
      const sealed = sealCalls(block, [plain, ...runs.map((r) => effectOf(r, layouts, noted)), plain])
      expect(sealed.length).toBe(runs.length + 2)
      expect([sealed[0], sealed.at(-1)]).toEqual([plain, plain])
      runs.forEach(({ tx, contract, entry, status, args, result, gas, changes, events }, i) => {
        const secret = callSalt(tx)
        const root = changesRoot(contract, changes)
        const body: CallBody = {
          v: 1,
          kind: 'call',
          module,
          world: 'contract',
          entry,
          input: openingDigest('input', saltOf(secret, 'input'), callInputOpening(entry, args)),
          output: openingDigest('output', saltOf(secret, 'output'), callOutputOpening(result, root)),
          status,
          gas,
          protocol: 1,
          log: null,
          models: [],
          context: { chainId, height, time: block.time, seed: callSeed(seed, tx) },
          node: null,
          tx,
          events: merkleRoot(events.map(encodeEvent)),
        }
        const { outcome, leaves, call } = sealed[i + 1] as TxEffect
        expect(leaves.map(toHex)).toEqual([toHex(callLeaf(encodeReceipt(body)))])
        expect(outcome.receipt?.toString()).toBe(receiptId(encodeReceipt(body)).toString())
        expect(call).toBeNull()
        expect(noted[i]).toBe(toHex(root))
      })
      const leaves = sealed.flatMap(({ outcome }) => outcome.events.map((e) => eventLeaf(outcome.id, e)))
      expect(toHex(eventRoot(sealed))).toBe(toHex(merkleRoot(leaves)))
    }),
    { numRuns: 30 },
  )
})
