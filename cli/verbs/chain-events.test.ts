import { beforeEach, expect, test } from 'vitest'
import { simulatedComponent, simulatedNode, type SimulatedNode } from '../../gateway/testing/simulated-node.ts'
import type { ChainEntry } from '../../runtime/core/index.ts'
import type { VerbContext } from '../verb.ts'
import { printEvents } from './chain-events.ts'

let node: SimulatedNode
beforeEach(async () => {
  node = simulatedNode()
  await node.deploy({ name: 'counter', component: simulatedComponent('contract') })
  for (let i = 0; i < 5; i++) await add()
})
const add = () => node.call({ name: 'counter', export: 'add', args: [1] })

async function run(flags: VerbContext['flags'], act: (printed: readonly ChainEntry[]) => void = () => {}) {
  const printed: ChainEntry[] = []
  const said: string[] = []
  const context: VerbContext = {
    args: ['events'],
    flags,
    json: true,
    node: () => node,
    nodeUrl: 'http://simulated',
    print(document) {
      printed.push(document as ChainEntry)
      act(printed)
    },
    write: () => {},
    say: (text) => said.push(text),
  }
  const code = await printEvents(context)
  return { code, counts: printed.map((e) => (e.type === 'event' ? (e.data as { count: string }).count : '')), printed, said }
}

test('all pages are printed up to the limit, and stderr says where it stopped', async () => {
  expect((await run({})).counts).toEqual(['1', '2', '3', '4', '5'])
  expect((await run({ filter: ['event=added'], from: '4' })).counts).toEqual(['3', '4', '5'])
  expect((await run({ to: '3' })).counts).toEqual(['1', '2'])
  const { counts, said } = await run({ limit: '2' })
  expect(counts).toEqual(['1', '2'])
  expect(said[0]).toMatch(/more lies behind 3\.1/)
  expect((await run({ proof: true, limit: '1' })).printed[0]).toHaveProperty('proof')
  const none = await run({ filter: ['event=other'] })
  expect(none.counts).toEqual([])
  expect(none.said[0]).toMatch(/^nothing up to block \d+$/)
})

test('--follow prints what comes, behind what was searched, and stops at the limit', async () => {
  const { counts, code } = await run({ follow: true, from: '5', limit: '4' }, (printed) => {
    // the next call comes when everything that was there is printed
    if (printed.length >= 2) setTimeout(() => void add(), 5)
  })
  expect([code, counts]).toEqual([0, ['4', '5', '6', '7']])
  const later = run({ follow: true, limit: '1' })
  setTimeout(() => void add(), 5)
  expect((await later).counts).toHaveLength(1)
})

test('wrong flags are named', async () => {
  for (const [flags, what] of [
    [{ from: '4', to: '3' }, /--from 4 lies behind --to 3/],
    [{ follow: true, to: '3' }, /no end/],
    [{ follow: true, proof: true }, /no proofs/],
    [{ filter: ['colour=red'] }, /KIND=VALUE/],
  ] as const)
    await expect(run(flags)).rejects.toThrow(what)
})
