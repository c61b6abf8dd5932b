import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  cidOf,
  DAG_CBOR,
  decodeReceipt,
  decodeWitness,
  encodeWitness,
  readBundleFile,
  writeBundle,
  type CallResult,
} from '../../core/index.ts'
import { buildText } from '../../host/build/testing/guests.ts'
import { verifyBundle } from '../../verify/index.ts'
import { reexecute } from './reexecute.ts'
import { replayBundle } from './replay.ts'
import { startTestNode, type TestNode } from '../testing.ts'

const VAULT = `
import { StorageMap, StorageValue, context, emit, require } from '@utnet/sdk'
const held = new StorageMap<string, u64>('held')
const owner = new StorageValue<string>('owner')
@event class Held { constructor(public who: string, public amount: u64) {} }
export function init(): void { owner.set(context.caller()) }
export function put(amount: u64): u64 { emit(new Held(context.caller(), amount)); return held.add(context.caller(), amount) }
export function take(amount: u64): u64 { held.set('trace', 1); return held.sub(context.caller(), amount) }
export function facts(): string { return owner.get() + context.owner() + context.signer() + context.version().toString() }
`
const VAULT2 = `${VAULT}
export function migrate(from: u32): void { owner.set(owner.get() + '/' + from.toString()) }`

const USER = `
import { Attempt, Contract, StorageValue } from '@utnet/sdk'
declare class Vault extends Contract {
  put(amount: u64): u64
  take(amount: u64): Attempt<u64>
  facts(): string
  gone(): Attempt<u64>
}
const seen = new StorageValue<string>('seen')
export function use(at: string): string {
  const vault = new Vault('vault')
  const first = vault.put(5)
  const taken = vault.take(9)
  const again = new Vault(at).put(2)
  const self = new Vault('user').take(1)
  const none = new Vault('nobody').take(1)
  const gone = vault.gone()
  seen.set(vault.facts())
  return [first.toString(), taken.error, again.toString(), self.error, none.error, gone.error].join(' | ')
}
export function failing(): void { const vault = new Vault('vault'); vault.put(1); unreachable() }
`

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
  for (const [name, text] of [
    ['vault', VAULT],
    ['user', USER],
  ] as const) {
    await node.api.deploy({ name, component: (await buildText('contract', { 'index.ts': text }, name)).component })
  }
}, 60_000)
afterAll(() => node.close())

/** Checks the bundle of a receipt without the node, running everything again; gives the file. */
async function checked(receipt: string): Promise<Uint8Array> {
  await node.api.receipt(receipt, 20_000)
  const car = await node.api.bundle(receipt)
  const genesis = await node.api.genesis()
  const verdict = await verifyBundle(car, { trust: [genesis], reexecute })
  expect(verdict.checks.filter((c) => !c.ok)).toEqual([])
  expect(verdict.checks.find((c) => c.name === 'reexecution')?.ok).toBe(true)
  expect(await replayBundle(car, { trace: true })).toMatchObject({ equal: true })
  return car
}

const told = ({ receipt, status, message }: CallResult): string => `${receipt} ${status} ${message ?? ''}`

test('a call that calls other contracts is run again from its bundle alone, whatever came of them', async () => {
  const address = (await node.api.guest('vault')).address as string
  const done = await node.call('user', 'use', address)
  expect(done.status, told(done)).toBe('ok')
  expect(done.result).toBe('5 | insufficient: 5 - 9 | 7 | user is at work already | no contract is nobody | vault has no export gone')
  expect(done.events.map((e) => e.name)).toEqual(['Held', 'Held'])
  const car = await checked(done.receipt)

  const { root, get } = readBundleFile(car)
  const witness = decodeWitness(get(root.witness as NonNullable<typeof root.witness>))
  expect(witness.callees.map((c) => c.asked)).toEqual([['vault', address], ['user']])
  expect(root.callees).toHaveLength(2)
  expect(decodeReceipt(get(root.receipt)).gas.toString()).toBe(done.gas)

  // a witness that tells another story of what the called contract read leads elsewhere
  const lying = {
    ...witness,
    callees: witness.callees.map((c) => ({ ...c, reads: c.reads.map(([key]) => [key, new Uint8Array(8).fill(1)] as const) })),
  }
  const bytes = encodeWitness(lying)
  const cid = cidOf(DAG_CBOR, bytes)
  const forged = await writeBundle({ ...root, witness: cid }, (asked) => (asked.equals(cid) ? bytes : get(asked)))
  const verdict = await verifyBundle(forged, { trust: [await node.api.genesis()], reexecute })
  expect(verdict.checks.filter((c) => !c.ok).map((c) => c.name)).toEqual(['reexecution'])
  // and without the module of the called contract there is nothing to run
  const poorer = await writeBundle({ ...root, callees: root.callees.slice(1) }, get)
  const short = await verifyBundle(poorer, { trust: [await node.api.genesis()], reexecute })
  expect(short.checks.filter((c) => !c.ok).map((c) => c.name)).toEqual(['witness', 'reexecution'])
})

test('a call that fails after calling another is run again, too; of what both did nothing stays', async () => {
  const before = (await node.query('vault', 'facts')).result
  const failed = await node.call('user', 'failing')
  expect(failed).toMatchObject({ status: 'trap', events: [] })
  await checked(failed.receipt)
  expect((await node.query('vault', 'facts')).result).toBe(before)
})

test('a call of a hook, which the chain refuses, is refused again', async () => {
  const refused = await node.call('vault', 'init')
  expect(refused).toMatchObject({ status: 'refused', gas: '0' })
  await checked(refused.receipt)
})

test('the hooks of a publication have receipts that are run again as any other', async () => {
  const component = (await buildText('contract', { 'index.ts': VAULT2 }, 'vault')).component
  const deployed = await node.api.deploy({ name: 'vault', component })
  const { version, versions } = await node.api.guest('vault')
  expect([version, versions.length]).toEqual([2, 2])
  const { height } = versions[1] as { height: number }
  const { receipts } = await node.api.block(height)
  expect(receipts).toHaveLength(1)
  expect(receipts[0]).toBe(deployed.receipt)
  await checked(receipts[0] as string)
  const first = await node.api.block((versions[0] as { height: number }).height)
  await checked(first.receipts[0] as string)
  expect((await node.query('vault', 'facts')).result).toMatch(/\/1ut1.*2$/)
})

test('a publication whose hook fails is refused with its message, and the version before goes on', async () => {
  const bad = "import { revert } from '@utnet/sdk'\nexport function migrate(from: u32): void { revert('not from ' + from.toString()) }"
  const { component } = await buildText('contract', { 'index.ts': bad }, 'vault')
  await expect(node.api.deploy({ name: 'vault', component })).rejects.toMatchObject({
    code: 'guest_trap',
    message: expect.stringContaining('not from 2'),
  })
  expect((await node.api.guest('vault')).version).toBe(2)
  expect((await node.query('vault', 'facts')).result).toMatch(/2$/)
})
