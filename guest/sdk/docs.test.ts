import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { isUtnetError } from '../../runtime/core/index.ts'
import { buildText } from '../../runtime/host/build/testing/guests.ts'
import type { GuestWorld } from '../../runtime/host/build/index.ts'
import { BOB, contractChain, textOf, type ContractChain } from './testing/chain.ts'

interface Snippet {
  readonly file: string
  /** What stands behind the fence: `ts contract`, `ts refused contract "message"`, `rust`. */
  readonly info: string
  readonly text: string
}

const DOCS = new URL('../../docs/sdk/', import.meta.url)

function snippetsOf(file: string): Snippet[] {
  const text = readFileSync(new URL(file, DOCS), 'utf8')
  return [...text.matchAll(/^```(\S[^\n]*)\n([\s\S]*?)^```$/gm)].map(([, info = '', body = '']) => ({ file, info, text: body }))
}

const ALL = ['README.md', 'not-typescript.md', 'compare.md'].flatMap(snippetsOf)
const OURS = ALL.filter(({ info }) => /^ts (contract|function|operator)$/.test(info))
const REFUSED = ALL.filter(({ info }) => info.startsWith('ts refused '))

test('the pages have snippets, and every one of ours is named as what it is', () => {
  expect(OURS.length).toBeGreaterThanOrEqual(10)
  expect(REFUSED.length).toBeGreaterThanOrEqual(3)
  expect(ALL.filter(({ info }) => info.startsWith('ts'))).toHaveLength(OURS.length + REFUSED.length)
})

test.each(OURS.map((s, i) => [`${s.file} ${i}: ${s.info}`, s] as const))('%s compiles', async (_, { info, text }) => {
  expect((await buildText(info.slice(3) as GuestWorld, { 'index.ts': text })).component.length).toBeGreaterThan(0)
})

test.each(REFUSED.map((s) => [s.info, s] as const))('%s', async (_, { info, text }) => {
  const [, world, message] = /^ts refused (\w+) "(.*)"$/.exec(info) ?? []
  try {
    await buildText(world as GuestWorld, { 'index.ts': text })
  } catch (error) {
    if (!isUtnetError(error, 'guest_build')) throw error
    expect(`${error.message}\n${error.hint ?? ''}`).toContain(message)
    return
  }
  throw new Error('it compiles')
})

// the comparison

const codeLines = (text: string): number => text.split('\n').filter((line) => line.trim() !== '' && !/^\s*\/\//.test(line)).length
const LEDGERS = snippetsOf('compare.md')

test('ours is the shortest of the four ledgers, and the table says how long each is', () => {
  const page = readFileSync(new URL('compare.md', DOCS), 'utf8')
  const stated = [...page.matchAll(/^\| (utnet|Solidity 0.8|near-sdk-js|CosmWasm) \| (\d+) \|/gm)].map(([, , n]) => Number(n))
  expect(LEDGERS.map(({ text }) => codeLines(text))).toEqual(stated)
  expect(stated).toHaveLength(4)
  // as the formatter leaves it, which is run over the sources
  expect(LEDGERS[0]?.text).toBe(readFileSync(new URL('../contracts/ledger/assembly/index.ts', import.meta.url), 'utf8'))
  const [ours = 0, ...others] = stated
  expect(ours).toBeLessThan(Math.min(...others))
})

let c: ContractChain
beforeAll(async () => {
  c = await contractChain()
})

test('our ledger keeps its promises: owner mints, transfers, balances, supply, events, no overflow and no debt', async () => {
  const ledger = LEDGERS[0] as Snippet
  expect(await c.publish('ledger', ledger.text)).toMatchObject({ status: 'ok' })
  const [bob, max] = [textOf(BOB), (2n ** 128n - 1n).toString()]
  const minted = await c.call('ledger', 'mint', [bob, '100'])
  expect(minted).toMatchObject({ status: 'ok', events: [{ name: 'Transfer' }] })
  expect(await c.call('ledger', 'mint', [bob, '1'], BOB)).toMatchObject({ status: 'refused', message: 'only the owner may mint' })
  expect(await c.call('ledger', 'transfer', ['x', '40'], BOB)).toMatchObject({ status: 'ok', events: [{ name: 'Transfer' }] })
  expect(await c.call('ledger', 'transfer', ['x', '61'], BOB)).toMatchObject({ status: 'refused', message: 'insufficient: 60 - 61' })
  expect(await c.call('ledger', 'mint', ['x', max])).toMatchObject({ status: 'refused', message: `overflow: 100 + ${max}` })
  expect([await c.ask('ledger', 'balance', bob), await c.ask('ledger', 'balance', 'x'), await c.ask('ledger', 'supply')]).toEqual([
    '60',
    '40',
    '100',
  ])
})
