/** Where an audit begins, waits and ends: to the block, and nothing more once the node stops. */
import { expect, test, vi } from 'vitest'
import { asUint, cidOf, DAG_CBOR, decode, decodeTx, demandId, ROLLUP, UtnetError, utf8 } from '../../core/index.ts'
import { userOf } from '../../consensus/testing/test-kit.ts'
import type { Examined } from './examine.ts'
import { shownOf, targetOf } from './leaves.ts'
import { anchoredOf, closed, GAS, leaf, LIAR, net, some, steps, type Net } from './testing/net.ts'

const WRONG: Examined = { result: 'wrong', why: 'it gave another output' }
const headOf = ({ t }: Net): number => t.chain.head().header.height
/** The block up to which all is done, as a node that starts again reads it. */
const markOf = ({ t }: Net): number => asUint(decode(t.kv.get(utf8('audit/mark')) as Uint8Array, 'mark', 16), 'mark')
/** A block that the auditor is told of and not waited for. */
const tell = async (n: Net): Promise<void> => n.auditor.block((await n.t.produce()).header.height)

test('data may come in eight blocks; behind them its leaf is asked for', async () => {
  const n = await net()
  await n.anchor([some(n, 0)], { hide: true })
  await steps(n, 9)
  expect(n.auditor.state()).toMatchObject({ demands: 0, waiting: 1 })
  await n.step()
  expect(n.auditor.state()).toMatchObject({ demands: 1, waiting: 0 })
})

test('what others refute and ask for counts for nothing here, and takes nothing out of the line', async () => {
  const n = await net()
  const [good, bad] = [some(n, 0), [leaf(n, 1, 4)]]
  const ids = [await n.anchor([good], { hide: true, thread: 0 }), await n.anchor([bad], { hide: true, thread: 1 })]
  const [ofGood, ofBad] = ids.map((id) => targetOf(anchoredOf(n, id), 0))
  const say = (target: typeof ofGood, claim: object): unknown =>
    n.t.send(userOf(2), { kind: 'refute', target, claim } as Parameters<typeof n.t.send>[1], { gasLimit: GAS })
  say(ofGood, { kind: 'unavailable', index: 1 })
  say(ofBad, { kind: 'leaf', ...shownOf(bad, 0) })
  await n.step()
  expect([n.t.chain.demands().length, closed(n, 1) === null]).toEqual([1, false])
  expect(n.auditor.state()).toMatchObject({ refuted: 0, waiting: 2 })
})

test('a run for which there was no room comes back, though the work of its block goes on behind it', async () => {
  let asked = 0
  const n = await net({ examined: () => (asked++ < 2 ? Promise.reject(new UtnetError('host_busy', 'no')) : Promise.resolve(WRONG)) })
  await n.anchor([some(n, 0, 200), some(n, 1, 200)])
  await steps(n, 7)
  expect([asked, closed(n, 0), closed(n, 1)]).toEqual([4, expect.any(Number), expect.any(Number)])
})

test('a leaf that does not lead to the root is not the one that was asked for, whatever else its transaction shows', async () => {
  const n = await net({ examined: WRONG })
  const all = [some(n, 0), some(n, 1)]
  const ids = [
    await n.anchor([all[0] as Uint8Array[]], { hide: true, thread: 0 }),
    await n.anchor([all[1] as Uint8Array[]], { hide: true, thread: 1 }),
  ]
  while (n.t.chain.demands().length < 2) await n.step()
  const shown = ids.map((id, i) => {
    const { demand } = n.t.chain.demands().find((d) => d.demand.batch.thread === i) as ReturnType<typeof n.t.chain.demands>[number]
    const { index, leaf: body, path } = shownOf(all[i] as Uint8Array[], demand.index)
    return { demand: demandId(id, 0, index), leaf: body, path }
  })
  const [first, second] = shown as [(typeof shown)[0], (typeof shown)[0]]
  n.t.send(LIAR, { kind: 'reveal', reveals: [{ ...first, leaf: second.leaf }, second] }, { gasLimit: GAS })
  await n.step()
  expect(n.t.chain.demands()).toHaveLength(1)
  n.t.send(LIAR, { kind: 'reveal', reveals: [first] }, { gasLimit: GAS })
  for (const { leaf: body } of shown) n.blocks.set(cidOf(DAG_CBOR, body).toString(), body)
  await steps(n, 3)
  expect([n.t.chain.demands(), closed(n, 0)]).toEqual([[], expect.any(Number)])
})

test('what was asked for and lost to silence is done: who starts again need not look at it', async () => {
  const n = await net()
  await n.anchor([some(n, 0)], { hide: true })
  const anchored = headOf(n)
  while (n.t.chain.demands().length === 0) await n.step()
  await n.auditor.close()
  expect(markOf(n)).toBe(anchored - 1)
  n.reopen()
  while (closed(n, 0) === null) await n.step()
  await n.auditor.close()
  expect(markOf(n)).toBe(headOf(n))
})

test('a refutation that no block takes is sent again every eight, a demand is not, and both are done when it is too late for them', async () => {
  const n = await net()
  const hidden = some(n, 1)
  await n.anchor([[leaf(n, 0, 4)], hidden])
  for (const body of hidden) n.blocks.delete(cidOf(DAG_CBOR, body).toString())
  const anchored = headOf(n)
  // a mempool that loses all that it takes
  const submit = vi.spyOn(n.t.chain, 'submit').mockReturnValue({ id: n.t.chain.chainId, hash: '' })
  const sent = (kind: string): number =>
    submit.mock.calls.filter(([wire]) => {
      const { payload } = decodeTx(wire).body
      return payload.kind === 'refute' && payload.claim.kind === kind
    }).length
  await steps(n, 3)
  expect(n.findings).toMatchObject([{ done: 'sent' }])
  await steps(n, 24)
  expect([sent('leaf'), sent('unavailable')]).toEqual([4, 1])
  while (headOf(n) < anchored + ROLLUP.windowBlocks) await n.step()
  await n.auditor.close()
  expect(markOf(n)).toBe(headOf(n))
}, 30_000)

test('a node that stops takes note of no block, begins with no batch and weighs no run', async () => {
  let weighed = 0
  const examined = (): Promise<Examined> => Promise.resolve((weighed++, WRONG))
  const told = await net({ examined })
  await told.anchor([some(told, 0)])
  for (let i = 0; i < 4; i++) await told.t.produce()
  const { waiting } = told.auditor.state()
  await told.auditor.close()
  await told.anchor([some(told, 1)])
  expect([waiting, told.auditor.state()]).toMatchObject([1, { waiting: 1, batches: 0 }])

  const beginning = await net({ examined })
  await beginning.anchor([some(beginning, 0), some(beginning, 1)])
  await steps(beginning, 2)
  await tell(beginning)
  await beginning.auditor.close()
  // the first was begun with before it stopped
  expect(beginning.auditor.state()).toMatchObject({ waiting: 2, batches: 1 })

  const running = await net({ examined })
  await running.anchor([some(running, 0)])
  await steps(running, 2)
  await tell(running)
  while (running.auditor.state().batches === 0) await Promise.resolve()
  await running.auditor.close()
  expect([running.auditor.state().batches, weighed]).toEqual([1, 0])
})
