import { beforeAll, expect, test } from 'vitest'
import { decodeReceipt, type CallBody } from '../../runtime/core/index.ts'
import type { TxOutcome } from '../../runtime/consensus/index.ts'
import { ALICE, BOB, contractChain, textOf, type ContractChain } from './testing/chain.ts'

const version = (body: string): string => `
import { StorageValue, context, emit, require, revert } from '@utnet/sdk'
const count = new StorageValue<u64>('count')
const label = new StorageValue<string>('label')
@event class Upgraded { constructor(public from: u32) {} }
export function add(): u64 { return count.add(1) }
export function show(): string { return label.get() + ' ' + count.get().toString() + ' v' + context.version().toString() + ' ' + context.owner() }
${body}`

const FIRST = version(
  `export function init(): void { require(context.caller() == context.owner(), 'not the owner'); label.set('begun by ' + context.caller()) }`,
)
const SECOND = version(
  `export function migrate(from: u32): void { label.set('moved from ' + from.toString()); count.set(count.get() * 10); emit(new Upgraded(from)) }`,
)
const TRAPPING = version(`export function migrate(from: u32): void { count.set(0); emit(new Upgraded(from)); unreachable() }`)
const REFUSING = version(`export function migrate(from: u32): void { count.set(0); revert('not from ' + from.toString()) }`)
const SPINNING = version(`export function migrate(from: u32): void { count.set(0); while (true) {} }`)
const PLAIN = version(`export function three(): u32 { return 3 }`)

let c: ContractChain
beforeAll(async () => {
  c = await contractChain()
})

const receiptOf = (outcome: TxOutcome): CallBody => decodeReceipt(c.chain.receiptAt(outcome.receipt as never).bodyBytes) as CallBody

test('init runs once, with the first publication and in its transaction; nobody else can call it', async () => {
  const outcome = await c.publish('counter', FIRST)
  expect(outcome).toMatchObject({ status: 'ok', kind: 'publish' })
  expect(receiptOf(outcome)).toMatchObject({ entry: 'init', status: 'ok' })
  const owner = textOf(ALICE)
  expect(await c.ask('counter', 'show')).toBe(`begun by ${owner} 0 v1 ${owner}`)
  for (const entry of ['init', 'migrate']) {
    expect(await c.call('counter', entry, entry === 'init' ? [] : [0])).toMatchObject({ status: 'refused' })
    expect((await c.query('counter', entry)).outcome.status).toBe('refused')
  }
  expect((await c.call('counter', 'init')).message).toBe('init is called by the chain alone')
})

test('an upgrade keeps address and state, runs migrate with the number of the version before, and counts', async () => {
  const before = c.address('counter')
  for (let i = 0; i < 3; i++) await c.ok('counter', 'add')
  const outcome = await c.publish('counter', SECOND)
  expect(outcome).toMatchObject({ status: 'ok' })
  expect(outcome.events).toMatchObject([{ name: 'Upgraded' }])
  expect(receiptOf(outcome)).toMatchObject({ entry: 'migrate', status: 'ok' })
  expect(c.address('counter')).toBe(before)
  expect(await c.ask('counter', 'show')).toBe(`moved from 1 30 v2 ${textOf(ALICE)}`)
  expect(c.chain.guest('counter')).toMatchObject({ version: 2 })
  expect(c.chain.guest('counter').versions).toHaveLength(2)
})

test.each([
  ['traps', TRAPPING, 'trap'],
  ['reverts', REFUSING, 'refused'],
  ['ends without gas', SPINNING, 'out-of-gas'],
])('an upgrade whose migrate %s is refused: name, version, module and state stay', async (_, text, status) => {
  const before = { guest: c.chain.guest('counter'), shown: await c.ask('counter', 'show') }
  const outcome = await c.publish('counter', text)
  expect(outcome).toMatchObject({ status, events: [] })
  expect(receiptOf(outcome)).toMatchObject({ entry: 'migrate', status })
  expect(c.chain.guest('counter')).toEqual(before.guest)
  expect(await c.ask('counter', 'show')).toBe(before.shown)
  if (status === 'refused') expect(outcome.message).toBe('not from 2')
})

test('a new name whose init fails is not taken', async () => {
  expect(await c.publish('stillborn', version(`export function init(): void { revert('no') }`))).toMatchObject({
    status: 'refused',
    message: 'no',
  })
  expect(() => c.chain.guest('stillborn')).toThrow('no guest is named')
  expect(await c.publish('stillborn', PLAIN, BOB)).toMatchObject({ status: 'ok', receipt: null })
})

test('only the owner upgrades; a version without migrate keeps the state as it is', async () => {
  await expect(c.publish('counter', PLAIN, BOB)).rejects.toMatchObject({ code: 'name_taken' })
  const outcome = await c.publish('counter', PLAIN)
  expect(outcome).toMatchObject({ status: 'ok', receipt: null })
  expect(await c.ask('counter', 'show')).toBe(`moved from 1 30 v3 ${textOf(ALICE)}`)
  expect(await c.ask('counter', 'three')).toBe(3)
})
