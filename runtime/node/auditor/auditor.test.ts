/** The auditor over a real chain of one validator, on which another node anchors. */
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  batchData,
  cidOf,
  concatBytes,
  DAG_CBOR,
  decodeVerdictRequest,
  demandId,
  LIMITS,
  RAW,
  ROLLUP,
  sha256,
  utf8,
  UtnetError,
} from '../../core/index.ts'
import { UNC, userOf, validatorOf, VALIDATOR } from '../../consensus/testing/test-kit.ts'
import type { Examined } from './examine.ts'
import { drawnLeaf, rankOf } from './draw.ts'
import { shownOf, targetOf } from './leaves.ts'
import { signVerdict } from './index.ts'
import { anchoredOf, BOND, bond, closed, GAS, leaf, LIAR, net, some, steps, ZERO } from './testing/net.ts'

test('U3.3-ROL-1 a wrong leaf of another node costs it its bond with nobody asking for it, and good batches beside it stay', async () => {
  const n = await net()
  const good = some(n, 0)
  await n.anchor([good, [leaf(n, 1, 0), leaf(n, 1, 5), leaf(n, 1, 2)]])
  await steps(n, 5)
  expect(closed(n, 0)).toBeNull()
  expect(closed(n, 1)).not.toBeNull()
  expect(bond(n)).toBe(BOND / 2n)
  expect(n.findings).toMatchObject([{ why: expect.stringMatching(/leaf 1: it has number 5/) as string, done: 'sent' }])
  expect(n.auditor.state()).toMatchObject({ batches: 2, leaves: 6, runs: 1, refuted: 1, demands: 0, waiting: 0 })
})

test('U3.3-ROL-1 a seed that does not follow from its block, or a time before it, takes a verdict: one with all the power convicts by it', async () => {
  const n = await net()
  const seed = [leaf(n, 0, 0, (b) => ({ context: { ...b.context, seed: ZERO } }))]
  const time = [leaf(n, 1, 0, (b) => ({ context: { ...b.context, time: b.context.time - 1 } }))]
  await n.anchor([seed, time])
  await steps(n, 5)
  expect([closed(n, 0), closed(n, 1)]).not.toContain(null)
  expect(n.findings.map((f) => f.why).toSorted()).toEqual([
    expect.stringMatching(/its seed/),
    expect.stringMatching(/its time lies before/),
  ])
})

test('U3.3-ROL-1 a run that gives something else when it is repeated is convicted by verdict, one that cannot be repeated is not', async () => {
  const wrong = await net({ examined: { result: 'wrong', why: 'it gave another output' } })
  await wrong.anchor([some(wrong, 0)])
  await steps(wrong, 5)
  expect(closed(wrong, 0)).not.toBeNull()
  expect(wrong.auditor.state()).toMatchObject({ runs: 1, refuted: 1 })
  const sealed = [leaf(wrong, 1, 0, () => ({ retention: 'sealed' }))]
  await wrong.anchor([sealed])
  await steps(wrong, 5)
  expect(closed(wrong, 1)).toBeNull()
  const unsure = await net({ examined: { result: 'unknown', why: 'no device' } })
  await unsure.anchor([some(unsure, 0)])
  await steps(unsure, 5)
  expect(closed(unsure, 0)).toBeNull()
  expect(unsure.auditor.state()).toMatchObject({ batches: 1, runs: 0, refuted: 0 })
})

test('U3.3-ROL-1 who has no power keeps what validators can be asked with, and a validator signs what it finds itself, and nothing else', async () => {
  const n = await net({ examined: { result: 'wrong', why: 'it gave another output' }, member: validatorOf(9) })
  await n.anchor([some(n, 0)])
  await steps(n, 5)
  expect(closed(n, 0)).toBeNull()
  const [finding] = n.findings
  expect(finding).toMatchObject({ done: 'signed' })
  const request = decodeVerdictRequest(finding?.request as Uint8Array)
  const options = (examined: Examined) => ({
    chain: n.t.chain,
    node: VALIDATOR.key,
    voter: VALIDATOR.voter,
    examiner: { examine: () => Promise.resolve(examined) },
  })
  const wrong = options({ result: 'wrong', why: 'another output' })
  expect(await signVerdict(wrong, request)).toMatchObject({ power: 1, total: 1, why: 'another output' })
  const { target, shown } = request
  const refused: readonly (readonly [RegExp, Parameters<typeof signVerdict>[0], typeof request])[] = [
    [/the receipt holds/, options({ result: 'right', why: 'same' }), request],
    [/no device/, options({ result: 'unknown', why: 'no device' }), request],
    [/no validator/, { ...wrong, node: LIAR.key }, request],
    [/no transaction/, wrong, { ...request, target: { ...target, anchor: cidOf(RAW, utf8('x')) } }],
    [/not number 1/, wrong, { ...request, target: { ...target, at: 1 } }],
    [/not number 0/, wrong, { ...request, target: { ...target, sig: new Uint8Array(64) } }],
    [/not that of its number/, wrong, { ...request, shown: { ...shown, index: (shown.index + 1) % 3 } }],
    [/context is that of its block/, wrong, { ...request, evidence: { kind: 'context', bytes: new Uint8Array(0) } }],
  ]
  for (const [why, from, asked] of refused) await expect(signVerdict(from, asked)).rejects.toThrow(why)
  // what the chain finds by itself needs nobody's word
  const bad = [leaf(n, 1, 3)]
  const id = await n.anchor([bad], { thread: 1 })
  const asked = { target: targetOf(anchoredOf(n, id), 0), shown: shownOf(bad, 0), evidence: request.evidence }
  await expect(signVerdict(wrong, asked)).rejects.toThrow(/the chain finds by itself/)
})

test('U3.3-ROL-1 what is not to be had, or does not lead to its root, is asked for, and silence loses', async () => {
  const n = await net()
  await n.anchor([some(n, 0)], { hide: true })
  await n.anchor([some(n, 1)], { data: null, thread: 1 })
  await n.anchor([some(n, 2)], { root: sha256(utf8('another')), thread: 2 })
  await n.anchor([some(n, 3)], { size: 5, thread: 3 })
  await steps(n, 5)
  expect(n.t.chain.demands()).toHaveLength(0)
  await steps(n, 10)
  expect(
    n.t.chain
      .demands()
      .map((d) => d.demand.batch.thread)
      .toSorted(),
  ).toEqual([0, 1, 2, 3])
  expect(n.auditor.state()).toMatchObject({ demands: 4, waiting: 0 })
  await steps(n, ROLLUP.answerBlocks + 1)
  expect([0, 1, 2, 3].map((thread) => closed(n, thread))).not.toContain(null)
})

test('a leaf that is shown on demand is held against its block and run again like any other; one that comes late but comes is never asked for', async () => {
  const n = await net({ examined: { result: 'wrong', why: 'it gave another output' } })
  const leaves = some(n, 0)
  const id = await n.anchor([leaves], { hide: true })
  const height = n.t.chain.head().header.height
  while (n.t.chain.demands().length === 0) await n.step()
  const [asked] = n.t.chain.demands()
  const index = asked?.demand.index ?? -1
  const { seed } = n.t.chain.headerAt(height + 3).header
  expect(index).toBe(drawnLeaf({ beacon: seed, auditor: VALIDATOR.key, anchor: id, at: 0 }, 3))
  n.blocks.set(cidOf(DAG_CBOR, leaves[index] as Uint8Array).toString(), leaves[index] as Uint8Array)
  const { leaf: body, path } = shownOf(leaves, index)
  n.t.send(LIAR, { kind: 'reveal', reveals: [{ demand: demandId(id, 0, index), leaf: body, path }] }, { gasLimit: GAS })
  await steps(n, 3)
  expect(n.t.chain.demands()).toEqual([])
  expect(closed(n, 0)).not.toBeNull()

  const late = await net()
  const later = some(late, 0)
  await late.anchor([later], { hide: true })
  await steps(late, 6)
  const links = batchData([concatBytes(...later.map((l) => sha256(l)))])
  for (const bytes of [links.bytes, ...later]) late.blocks.set(cidOf(DAG_CBOR, bytes).toString(), bytes)
  await steps(late, 12)
  expect(late.auditor.state()).toMatchObject({ demands: 0, batches: 1, waiting: 0 })
})

test('U3.3-ROL-1 work is bounded: leaves behind a block, demands in the time of an answer, batches that wait', async () => {
  const n = await net()
  await n.anchor([some(n, 0, LIMITS.auditLeaves), some(n, 1, 1)])
  let blocks = 0
  while (n.auditor.state().waiting > 0) {
    const { leaves } = n.auditor.state()
    await n.step()
    if (n.auditor.state().leaves > leaves) blocks++
    expect(n.auditor.state().leaves - leaves).toBeLessThanOrEqual(LIMITS.auditLeaves)
  }
  expect([blocks, n.auditor.state().leaves]).toEqual([2, LIMITS.auditLeaves + 1])
  const { runs } = n.auditor.state()
  await n.anchor(Array.from({ length: LIMITS.auditRuns + 1 }, (_, i) => some(n, 2 + i, 1)))
  await steps(n, 4)
  expect(n.auditor.state()).toMatchObject({ batches: 2 + LIMITS.auditRuns + 1, runs: runs + LIMITS.auditRuns })
  const many = LIMITS.auditDemands + 1
  await n.anchor(
    Array.from({ length: many }, (_, i) => some(n, 2 + LIMITS.auditRuns + 1 + i, 1)),
    { hide: true },
  )
  await steps(n, 14)
  expect(n.t.chain.demands()).toHaveLength(LIMITS.auditDemands)
  expect(n.auditor.state()).toMatchObject({ demands: LIMITS.auditDemands, waiting: 1 })
}, 30_000)

test('as many batches wait as the limit says, and the oldest of more are passed over', async () => {
  const n = await net()
  const each = 256
  const leaves = some(n, 0, 1)
  for (let i = 0; i < LIMITS.auditQueue / each; i++) {
    await n.anchor(
      Array.from({ length: each }, () => leaves),
      { data: null, hide: true },
    )
    // what was missed stays
    if (i === 0) expect(n.auditor.state()).toMatchObject({ waiting: each, passedOver: 0 })
  }
  const { waiting, demands, passedOver } = n.auditor.state()
  expect([waiting + demands, passedOver]).toEqual([LIMITS.auditQueue, 0])
  await n.anchor(
    Array.from({ length: demands + 1 }, () => leaves),
    { data: null, hide: true },
  )
  expect(n.auditor.state()).toMatchObject({ waiting: LIMITS.auditQueue, passedOver: 1 })
}, 30_000)

test('a source that is slow on purpose costs a batch, not the others: those that were missed come behind those that are new', async () => {
  const n = await net()
  const slow = some(n, 0, 2)
  n.slow.add(cidOf(DAG_CBOR, slow[1] as Uint8Array).toString())
  await n.anchor([slow])
  await steps(n, 5)
  expect(n.auditor.state()).toMatchObject({ batches: 0, waiting: 1 })
  await n.anchor([some(n, 1, LIMITS.auditLeaves)])
  await steps(n, 3)
  expect(n.auditor.state()).toMatchObject({ batches: 1, leaves: LIMITS.auditLeaves, waiting: 1 })
  n.slow.clear()
  await n.step()
  expect(n.auditor.state()).toMatchObject({ batches: 2, waiting: 0, demands: 0 })
}, 20_000)

test('what waits is found again by a node that starts again, and what was looked at is not looked at twice', async () => {
  const n = await net()
  await n.anchor([some(n, 0)])
  await steps(n, 4)
  expect(n.auditor.state()).toMatchObject({ batches: 1 })
  await n.anchor([[leaf(n, 1, 4)]], { thread: 1 })
  n.reopen()
  expect(n.auditor.state()).toMatchObject({ batches: 0, waiting: 1 })
  await steps(n, 5)
  expect(n.auditor.state()).toMatchObject({ batches: 1, refuted: 1 })
  expect(closed(n, 0)).toBeNull()
})

test('U3.3-ROL-1 neither a crash nor a stop loses a run at work: a node that starts again begins it anew', async () => {
  for (const end of ['crash', 'stop'] as const) {
    const first = Promise.withResolvers<Examined>()
    let runs = 0
    const n = await net({
      onStop: () => first.reject(new UtnetError('node_stopping', 'the node is stopping')),
      examined: () => (runs++ === 0 ? first.promise : Promise.resolve({ result: 'wrong', why: 'it gave another output' })),
    })
    await n.anchor([some(n, 0)])
    for (let i = 0; i < 6; i++) {
      n.auditor.block((await n.t.produce()).header.height)
      await setImmediate()
    }
    expect([n.auditor.state().batches, runs]).toEqual([1, 1])
    // a stop does not wait for the run
    if (end === 'stop') await n.auditor.close()
    n.reopen()
    await steps(n, 3)
    expect([end, runs, closed(n, 0)]).not.toContain(null)
    expect(runs).toBe(2)
  }
})

test('U3.3-ROL-1 a run for which there was no room comes back, one of a node that fails otherwise does not', async () => {
  for (const [code, runs] of [
    ['host_busy', 2],
    ['verdict_refused', 1],
  ] as const) {
    let asked = 0
    const n = await net({
      examined: () =>
        asked++ === 0 ? Promise.reject(new UtnetError(code, 'no')) : Promise.resolve({ result: 'wrong', why: 'it gave another output' }),
    })
    await n.anchor([some(n, 0)])
    await steps(n, 7)
    expect([code, asked, closed(n, 0) !== null]).toEqual([code, runs, runs === 2])
  }
})

test('U3.3-ROL-1 a refutation that reached no block, and a leaf that was asked for, are found again by a node that starts again', async () => {
  const poor = validatorOf(11)
  const n = await net({ member: poor })
  await n.anchor([[leaf(n, 0, 4)]])
  await steps(n, 5)
  expect([n.findings.map(({ done }) => done), closed(n, 0)]).toEqual([['sent'], null])
  n.t.send(userOf(2), { kind: 'transfer', to: poor.address, value: UNC })
  await n.step()
  n.reopen()
  await steps(n, 3)
  expect(closed(n, 0)).not.toBeNull()

  const m = await net({ examined: { result: 'wrong', why: 'it gave another output' } })
  const leaves = some(m, 0)
  const id = await m.anchor([leaves], { hide: true })
  while (m.t.chain.demands().length === 0) await m.step()
  const { leaf: body, path, index } = shownOf(leaves, m.t.chain.demands()[0]?.demand.index ?? -1)
  m.blocks.set(cidOf(DAG_CBOR, body).toString(), body)
  m.reopen()
  expect(m.auditor.state()).toMatchObject({ waiting: 0 })
  m.t.send(LIAR, { kind: 'reveal', reveals: [{ demand: demandId(id, 0, index), leaf: body, path }] }, { gasLimit: GAS })
  await steps(m, 3)
  expect([m.auditor.state().demands, closed(m, 0) === null]).toEqual([0, false])
})

test('the draw follows from beacon, auditor and batch alone, lies in the batch, and is another for another auditor', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.integer({ min: 1, max: LIMITS.batchReceipts }),
      fc.nat(255),
      (beacon, auditor, size, at) => {
        const draw = { beacon, auditor, anchor: cidOf(RAW, auditor), at }
        const drawn = drawnLeaf(draw, size)
        expect(drawn).toBe(drawnLeaf({ ...draw }, size))
        expect(drawn).toBeLessThan(size)
        expect(drawn).toBeGreaterThanOrEqual(0)
        const other = { ...draw, auditor: sha256(auditor) }
        expect(rankOf(other)).not.toEqual(rankOf(draw))
        expect(rankOf({ ...draw, at: at + 1 })).not.toEqual(rankOf(draw))
      },
    ),
  )
  const counts = Array.from({ length: 8 }, () => 0)
  for (let i = 0; i < 4_000; i++) {
    const draw = { beacon: sha256(utf8(String(i))), auditor: ZERO, anchor: cidOf(RAW, ZERO), at: 0 }
    counts[drawnLeaf(draw, 8)] = (counts[drawnLeaf(draw, 8)] as number) + 1
  }
  for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(120)
})
