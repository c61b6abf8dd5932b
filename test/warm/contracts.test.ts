/** Contracts that the chain no longer keeps ready, on the real host: who pays for making them ready, and that whoever runs it again finds the same. */
import { beforeAll, describe, expect, test } from 'vitest'
import {
  decodeReceipt,
  encode,
  encodeAnswer,
  PARAMS,
  readyGas,
  type CallBody,
  type CallWitness,
  UtnetError,
  type CID,
  type ContractExecutor,
  type ReceiptBody,
} from '../../runtime/core/index.ts'
import { openChain, type CallNote, type TxOutcome } from '../../runtime/consensus/index.ts'
import { readTx } from '../../runtime/consensus/tx/index.ts'
import { simulatedKv, testGenesis, VALIDATOR } from '../../runtime/consensus/testing/test-kit.ts'
import * as crypto from '../../runtime/crypto/native.ts'
import { createHost } from '../../runtime/host/index.ts'
import { memoryFiles } from '../../runtime/host/testing/host.ts'
import { wat } from '../../runtime/host/testing/wat.ts'
import { reexecute } from '../../runtime/node/replay/index.ts'
import { ALICE, BOB, contractChain, type ContractChain } from '../../guest/sdk/testing/chain.ts'

const BANK = `
import { StorageValue, context } from '@utnet/sdk'
const held = new StorageValue<u64>('held')
export function put(amount: u64): u64 { const now = held.get() + amount; held.set(now); return now }
export function held_(): u64 { return held.get() }
`
const SHOP = `
import { Attempt, Contract, StorageValue } from '@utnet/sdk'
import { requestInference, takeAnswer } from '@utnet/sdk/inference'
declare class Bank extends Contract { put(amount: u64): u64; gone(): Attempt<u64> }
declare class Careful extends Contract { put(amount: u64): Attempt<u64> }
const sold = new StorageValue<u32>('sold')
export function rest(): u32 { return sold.get() }
export function buy(at: string): u64 { sold.set(sold.get() + 1); return new Bank(at).put(5) }
export function both(one: string, two: string): u64 { return new Bank(one).put(1) + new Bank(two).put(2) }
export function carefully(at: string, gas: u64): string { const done = new Careful(at, gas).put(1); return done.isOk ? 'paid' : done.error }
export function none(at: string): string { return new Bank(at).gone().error }
export function crash(at: string): void { new Bank(at).put(9); unreachable() }
export function ask(): u64 { return requestInference('m', [], 'told', 0, 100, 20000000) }
export function told(request: u64, answer: Uint8Array): void { takeAnswer(answer); sold.set(77) }
`
const HEIR = `
import { Contract } from '@utnet/sdk'
declare class Bank extends Contract { put(amount: u64): u64 }
export function init(): void { new Bank('bank').put(1000) }
`

/** As large as a block can publish, near enough, and quickly compiled. */
const LARGE = 165_000
const COUNT = Math.ceil(PARAMS.contracts.warmBytes / LARGE) + 1

const large = (n: number): Promise<Uint8Array> =>
  wat(`(component (core module $m (func (export "n${n}")) (func (export "run"))
    (func (param f32) (result f32) (local.get 0) ${'(f32.neg)'.repeat(LARGE)}))
    (core instance $i (instantiate $m)) (func (export "run") (canon lift (core func $i "run"))))`)

let c: ContractChain
let filling: readonly Uint8Array[]
const files = memoryFiles()
/** The host of the chain, which has room for one guest beside what the chain keeps ready. */
const host = createHost({ files, fileNow: files.fileNow, maxCachedBytes: 1 })

/** Publishes what the chain keeps ready from then on, and nothing else. Full blocks make gas dear: in between there are others. */
let pushed = 0
async function pushOut(): Promise<void> {
  for (const component of filling) {
    expect((await c.publishBytes(`f${pushed++}`, component)).status).toBe('ok')
    await c.fund(ALICE)
    await c.fund(ALICE)
  }
}

const moduleOf = (name: string): CID => c.chain.guest(name).module
const price = (name: string): bigint => readyGas(PARAMS.contracts, (c.components.get(moduleOf(name).toString()) as Uint8Array).length)
const readyGasOf = (name: string): bigint => c.chain.readyGas(c.chain.guest(name).address as Uint8Array)
const last = (): CallNote => c.notes.at(-1) as CallNote
const bodyOf = (id: CID | null): CallBody => decodeReceipt(c.chain.receiptBody(id as CID) as Uint8Array) as CallBody

/** What a transaction pays before anything runs. */
function intrinsic({ id }: TxOutcome): bigint {
  const found = c.chain.tx(id)
  if (found.state !== 'final') throw new Error('it stands in no block')
  return readTx(c.chain.blockAt(found.height).txs[found.index] as Uint8Array).intrinsicGas
}

/** Runs a note again from what a stranger would have of it. */
async function again({ entry, args, witness, outcome }: CallNote, module: CID, over: Partial<CallWitness> = {}) {
  const bytes = (of: CID): Uint8Array => c.components.get(of.toString()) as Uint8Array
  const empty = { opening: encode([entry, [...args]]), files: new Map() }
  const run = await reexecute({
    body: { kind: 'call', world: 'contract', module } as ReceiptBody,
    module: bytes(module),
    callees: witness.callees.map((callee) => bytes(callee.module)),
    input: empty as never,
    output: empty as never,
    log: null,
    witness: { ...witness, ...over },
    models: [],
    context: undefined as never,
  })
  return { ...run, same: run.gas === outcome.gas && run.status === outcome.status }
}

beforeAll(async () => {
  filling = await Promise.all(Array.from({ length: COUNT }, (_, n) => large(n)))
  c = await contractChain({ executor: host.executor, loadModule: (module) => host.load(module), files })
  await c.publish('bank', BANK)
  await c.publishBytes('twin', c.components.get(moduleOf('bank').toString()) as Uint8Array)
  await c.publish('shop', SHOP)
  // a first write of a variable has another price than those behind it
  await c.ok('shop', 'buy', 'bank')
  await c.ok('shop', 'both', 'bank', 'twin')
}, 120_000)

describe('U4.3-GAS-1: code that the chain does not keep ready is paid for by who runs it', () => {
  test('a contract that is called by another pays out of what it is given; the receipt and the run again have that gas', async () => {
    const warm = await c.call('shop', 'buy', ['bank'])
    const { gas } = bodyOf(warm.receipt)
    await pushOut()
    expect([readyGasOf('bank'), readyGasOf('shop')]).toEqual([price('bank'), price('shop')])

    const first = await c.call('shop', 'buy', ['bank'])
    expect(first.status).toBe('ok')
    // its own code is the transaction's to pay, that of the callee the run's
    expect(intrinsic(first)).toBe(first.gas - bodyOf(first.receipt).gas - price('shop'))
    expect(bodyOf(first.receipt).gas).toBe(gas + price('bank'))
    expect(last().witness.callees.map((callee) => callee.ready)).toEqual([price('bank')])
    expect(await again(last(), moduleOf('shop'))).toMatchObject({ same: true, gas: gas + price('bank') })

    const second = await c.call('shop', 'buy', ['bank'])
    expect(bodyOf(second.receipt).gas).toBe(gas)
    expect(intrinsic(second)).toBe(second.gas - gas)
    expect(last().witness.callees.map((callee) => callee.ready)).toEqual([0n])
    expect(await again(last(), moduleOf('shop'))).toMatchObject({ same: true })
    // a witness that tells another price leads elsewhere
    const callees = last().witness.callees.map((callee) => ({ ...callee, ready: 5n }))
    expect(await again(last(), moduleOf('shop'), { callees })).toMatchObject({ same: false, gas: gas + 5n })
  })

  test('a callee that is given too little is told so: nothing is made ready or charged, and its caller goes on', async () => {
    await pushOut()
    await c.call('shop', 'rest')
    const given = price('bank') - 1n
    const short = await c.call('shop', 'carefully', ['bank', given])
    expect(short).toMatchObject({ status: 'ok', result: `bank is not ready, and making it so costs ${price('bank')} gas` })
    expect(short.gas).toBeLessThan(price('bank'))
    expect(readyGasOf('bank')).toBe(price('bank'))
    expect(last().witness.callees.map((callee) => callee.ready)).toEqual([price('bank')])
    expect(await again(last(), moduleOf('shop'))).toMatchObject({ same: true })

    // exactly its price leaves it nothing to run with
    const nothing = await c.call('shop', 'carefully', ['bank', price('bank')])
    expect(nothing).toMatchObject({ status: 'ok', result: 'bank ran out of gas' })
    expect(readyGasOf('bank')).toBe(0n)
    expect(await again(last(), moduleOf('shop'))).toMatchObject({ same: true })
  })

  test('one module under two names is made ready once, and an export that it has not does not make that free', async () => {
    await pushOut()
    await c.call('shop', 'rest')
    const both = await c.call('shop', 'both', ['bank', 'twin'])
    expect(last().witness.callees.map((callee) => callee.ready)).toEqual([price('bank'), 0n])
    expect(await again(last(), moduleOf('shop'))).toMatchObject({ same: true })
    const repeated = await c.call('shop', 'both', ['bank', 'twin'])
    expect(bodyOf(both.receipt).gas - bodyOf(repeated.receipt).gas).toBe(price('bank'))

    await pushOut()
    await c.call('shop', 'rest')
    const none = await c.call('shop', 'none', ['bank'])
    expect(none.result).toBe('bank has no export gone')
    expect(none.gas).toBeGreaterThan(price('bank'))
    expect(readyGasOf('bank')).toBe(0n)
  })

  test('a call that fails has made ready what it ran', async () => {
    await pushOut()
    const failed = await c.call('shop', 'crash', ['bank'])
    expect(failed.status).toBe('trap')
    expect([readyGasOf('bank'), readyGasOf('shop')]).toEqual([0n, 0n])
    expect(await again(last(), moduleOf('shop'))).toMatchObject({ same: true })
  })

  test('a hook pays for what it calls, and a publication has made its own ready', async () => {
    await pushOut()
    // of what it has left it cannot pay for that
    const published = await c.publish('heir', HEIR, BOB)
    expect(published).toMatchObject({ status: 'refused', message: expect.stringContaining('bank is not ready') as string })
    expect(readyGasOf('bank')).toBe(price('bank'))
    await c.call('bank', 'held_')
    expect((await c.publish('heir', HEIR, BOB)).status).toBe('ok')
    expect(readyGasOf('heir')).toBe(0n)
  })

  test('who answers a request pays for making the contract ready, not the callback', async () => {
    const number = BigInt((await c.ok('shop', 'ask')) as number)
    await pushOut()
    const answer = encodeAnswer({ kind: 'refused', message: 'no such model' })
    await c.fund(VALIDATOR)
    const few = await c.answer('shop', number, answer, { gasLimit: 25_000_000n })
    expect(few).toMatchObject({ status: 'refused', message: expect.stringContaining('must leave 20000000') as string })
    expect(c.openRequest('shop', number)).toBeDefined()
    const done = await c.answer('shop', number, answer)
    expect(done.status).toBe('ok')
    expect(done.gas).toBeGreaterThan(price('shop'))
    expect(bodyOf(done.receipt).gas).toBeLessThan(20_000_000n)
    expect(await c.ok('shop', 'rest')).toBe(77)
  })

  test('queries make ready beside the chain: they push out nothing that it keeps, and make nothing cheaper', async () => {
    await pushOut()
    await c.call('shop', 'rest')
    const { contracts } = host.usage()
    for (let n = 0; n < 2; n++) for (const name of ['bank', 'twin', 'heir']) await c.query(name, name === 'heir' ? 'nothing' : 'held_')
    expect(host.usage().contracts).toBe(contracts)
    expect([readyGasOf('bank'), readyGasOf('shop')]).toEqual([price('bank'), 0n])
    const kept = c.chain.warm()
    const noFiles = (): never => {
      throw new Error('what the chain keeps ready is read again')
    }
    const { fileNow } = files
    Object.assign(files, { fileNow: noFiles })
    for (const module of kept) host.executor.ready(module)
    Object.assign(files, { fileNow })
  })
})

test('a node that begins with nothing ready, and has room for another number of guests, judges every block as the one that made it', async () => {
  const other = createHost({ files, fileNow: files.fileNow })
  const chain = await openChain({ executor: other.executor, crypto, genesis: testGenesis(), kv: simulatedKv() })
  // twice everything leaves, and comes back
  const heights = 7 * COUNT
  for (let h = 1; h <= heights; h++) {
    const { header, txs, cat, verdicts } = c.chain.blockAt(h)
    const { certificate } = c.chain.headerAt(h)
    const executed = await chain.runBlock({ header, txs, cat, verdicts }, c.chain.headerAt(h - 1).certificate)
    await chain.commitBlock(executed, certificate as NonNullable<typeof certificate>)
    // what is held is what the chain keeps ready, and what the block made so
    expect(other.usage().contracts).toBeLessThanOrEqual(chain.warm().length + 3)
  }
  expect(chain.head().header).toEqual(c.chain.headerAt(heights).header)
}, 60_000)

test('U2.4-POCI a contract that calls one whose code this node lost does not trap: the call stands in no block of it, and is the same as ever when the code is back', async () => {
  const lost = new Set<string>()
  const own = memoryFiles()
  const files = {
    ...own,
    fileNow: (cid: CID, most: number) => {
      if (lost.has(cid.toString())) throw new UtnetError('block_not_found', `no file ${cid.toString()}`)
      return own.fileNow(cid, most)
    },
  }
  let now = createHost({ files, fileNow: files.fileNow })
  const executor: ContractExecutor = {
    run: (run) => now.executor.run(run),
    query: (run) => now.executor.query(run),
    ready: (module) => now.executor.ready(module),
    has: (module, entry) => now.executor.has(module, entry),
    holds: (module, bytes) => now.executor.holds(module, bytes),
    measures: (module, bytes) => now.executor.measures(module, bytes),
    keep: (modules) => now.executor.keep(modules),
  }
  const d = await contractChain({ files, executor })
  await d.publish('bank', BANK)
  await d.publish('shop', SHOP)
  const bank = d.address('bank')
  // the first one writes what was not there
  await d.call('shop', 'carefully', [bank, 5_000_000])
  const whole = await d.call('shop', 'carefully', [bank, 5_000_000])
  const { state } = d.chain.head().header
  // as behind a restart: nothing is ready
  now = createHost({ files, fileNow: files.fileNow })
  const module = d.chain.guest('bank').module.toString()
  lost.add(module)
  for (const [entry, args] of [
    ['buy', [bank]],
    ['carefully', [bank, 5_000_000]],
  ] as const)
    await expect(d.call('shop', entry, args)).rejects.toMatchObject({ code: 'host_module_missing', details: { module } })
  expect(d.chain.head().header.state.contracts).toEqual(state.contracts)
  lost.clear()
  expect(await d.call('shop', 'carefully', [bank, 5_000_000])).toMatchObject({ status: 'ok', result: 'paid', gas: whole.gas })
})
