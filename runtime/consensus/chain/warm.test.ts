import { expect, test } from 'vitest'
import {
  cidOf,
  contractAddress,
  LIMITS,
  PARAMS,
  publishGas,
  RAW,
  readyGas,
  utf8,
  UtnetError,
  verifyTrieProof,
  type CID,
  type ContractExecutor,
  type TxPayload,
} from '../../core/index.ts'
import { WARM_KEY } from '../state/index.ts'
import { readTx } from '../tx/index.ts'
import { simulatedExecutor, testChain, userOf, type TestChain } from '../testing/test-kit.ts'

const ann = userOf(2)
const bob = userOf(3)
const MOST = BigInt(LIMITS.blockGas)

const moduleOf = (name: string): CID => cidOf(RAW, utf8(name))
/** As large as one block's gas can publish, near enough. */
const LARGE = 170_000
/** So many of them are as much as stays ready. */
const FULL = Math.ceil(PARAMS.contracts.warmBytes / LARGE)
const price = (size: number): bigint => readyGas(PARAMS.contracts, size)

const publish = (name: string, size: number): TxPayload => ({ kind: 'publish', name, module: moduleOf(name), world: 'contract', size })
const call = (to: Uint8Array, entry: string, ...args: string[]): TxPayload => ({ kind: 'call', to, export: entry, args })

/** A chain with a contract that was pushed out by others, and how to push out again. */
async function pushedOut(size = 10_000, executor: ContractExecutor = simulatedExecutor) {
  const t = await testChain({ executor })
  t.send(ann, publish('shop', size), { gasLimit: publishGas('contract', size) })
  const shop = contractAddress(ann.address, 0)
  await t.produce()
  let made = 0
  async function push(): Promise<void> {
    for (let n = 0; n < FULL; n++) {
      t.send(ann, publish(`large ${made++}`.replaceAll(' ', '-'), LARGE), { gasLimit: MOST })
      const { outcomes } = await t.produce()
      expect(outcomes.map((o) => o.status)).toEqual(['ok'])
    }
  }
  await push()
  return { ...t, shop, push }
}

const gasOf = async (t: TestChain): Promise<readonly (readonly [string, bigint])[]> =>
  (await t.produce()).outcomes.map((o) => [o.status, o.gas] as const)

test('U4.3-GAS-1: a call of a contract that the chain no longer keeps ready pays for making it so; those behind it in the block, and in the next, do not', async () => {
  const t = await pushedOut()
  expect(t.chain.readyGas(t.shop)).toBe(price(10_000))
  for (const user of [ann, bob, ann]) t.send(user, call(t.shop, 'put', 'k', 'v'), { gasLimit: 50_000_000n })
  const [first, second, third] = await gasOf(t)
  expect(first?.[1]).toBe((second?.[1] as bigint) + price(10_000))
  expect(third).toEqual(second)
  expect(t.chain.readyGas(t.shop)).toBe(0n)
  t.send(bob, call(t.shop, 'put', 'k', 'v'))
  expect(await gasOf(t)).toEqual([second])
  await t.push()
  expect(t.chain.readyGas(t.shop)).toBe(price(10_000))
})

test('what is called in every block stays, whatever is published beside it', async () => {
  const t = await pushedOut()
  t.send(bob, call(t.shop, 'get', 'k'), { gasLimit: 50_000_000n })
  await t.produce()
  for (let n = 0; n < 2 * FULL; n++) {
    t.send(bob, call(t.shop, 'get', 'k'))
    t.send(ann, publish(`other-${n}`, LARGE), { gasLimit: MOST - 1_000_000n })
    const { outcomes } = await t.produce()
    expect(outcomes.map((o) => o.status)).toEqual(['ok', 'ok'])
    expect(t.chain.readyGas(t.shop)).toBe(0n)
  }
})

test('a gas limit that does not pay for it: nothing is made ready, and the transaction pays what it costs without a run', async () => {
  const t = await pushedOut()
  const id = t.send(bob, call(t.shop, 'get', 'k'))
  const { outcomes } = await t.produce()
  const wire = t.chain.blockAt(t.chain.head().header.height).txs[0] as Uint8Array
  expect(outcomes[0]).toMatchObject({ id, status: 'refused', receipt: null, gas: readTx(wire).intrinsicGas })
  expect(outcomes[0]?.message).toContain(`making it so costs ${price(10_000)} gas`)
  expect(t.chain.readyGas(t.shop)).toBe(price(10_000))
  // one short of it, and just enough for it and nothing else
  const base = outcomes[0]?.gas as bigint
  t.send(bob, call(t.shop, 'get', 'k'), { gasLimit: base + price(10_000) - 1n })
  t.send(bob, call(t.shop, 'get', 'k'), { gasLimit: base + price(10_000) })
  const [short, enough] = await gasOf(t)
  expect(short?.[0]).toBe('refused')
  expect(enough?.[0]).toBe('out-of-gas')
  expect(t.chain.readyGas(t.shop)).toBe(0n)
})

test('a transaction that fails has made it ready; one that does not stand in the block has not', async () => {
  const t = await pushedOut()
  // this node cannot run it: it stands in no block, and so pays for nobody
  t.send(bob, call(t.shop, 'fault'), { gasLimit: 50_000_000n })
  t.send(ann, call(t.shop, 'fail', 'k', 'v'), { gasLimit: 50_000_000n })
  const { outcomes, dropped } = await t.produce()
  expect([outcomes.map((o) => o.status), dropped.length]).toEqual([['trap'], 1])
  expect(outcomes[0]?.gas).toBe(50_000_000n)
  expect(t.chain.readyGas(t.shop)).toBe(0n)
  t.send(bob, call(t.shop, 'get', 'k'))
  expect((await gasOf(t)).map(([status]) => status)).toEqual(['ok'])

  await t.push()
  t.send(bob, call(t.shop, 'fault'), { gasLimit: 50_000_000n })
  t.send(ann, call(t.shop, 'get', 'k'), { gasLimit: 50_000_000n })
  const [paid] = await gasOf(t)
  expect(paid?.[1]).toBeGreaterThan(price(10_000))
})

test('a contract is paid by the size that was measured, whatever another world was published with before', async () => {
  const t = await testChain()
  t.send(ann, { kind: 'publish', name: 'page', module: moduleOf('shop'), world: 'function', size: 1 })
  await t.produce()
  t.send(ann, publish('shop', 10_000), { gasLimit: publishGas('contract', 10_000) })
  await t.produce()
  t.send(ann, { kind: 'publish', name: 'leaf', module: moduleOf('shop'), world: 'function', size: 1 })
  const shop = contractAddress(ann.address, 1)
  await t.produce()
  for (let n = 0; n < FULL; n++) {
    t.send(ann, publish(`large-${n}`, LARGE), { gasLimit: MOST })
    await t.produce()
  }
  expect(t.chain.readyGas(shop)).toBe(price(10_000))
})

test('the list lies in the state: proven to a header, there after a restart, and a node that has nothing ready finds the same', async () => {
  const kept: (readonly CID[])[] = []
  const executor: ContractExecutor = { ...simulatedExecutor, keep: (modules) => void kept.push(modules) }
  const t = await pushedOut(10_000, executor)
  const { value, proof, header } = t.chain.prove('offchain', WARM_KEY)
  expect(verifyTrieProof(header.state.offchain, WARM_KEY, value, proof)).toBe(true)
  const again = await testChain({ genesis: t.genesis, kv: t.kv.copy() })
  expect(again.chain.warm().map(String)).toEqual(t.chain.warm().map(String))
  expect(again.chain.warm()).toHaveLength(FULL - 1)
  // one that runs the same block over a store of its own
  t.send(ann, call(t.shop, 'put', 'k', 'v'), { gasLimit: 50_000_000n })
  t.send(bob, call(t.shop, 'put', 'k', 'v'), { gasLimit: 50_000_000n })
  const { executed } = t.chain.buildBlock({ timeMs: t.chain.head().header.time + 1_000, round: 0, proposer: t.validator.proposer })
  // a block is built on what its parent keeps ready, and on nothing that was made ready since
  expect(kept.at(-1)?.map(String)).toEqual(t.chain.warm().map(String))
  const seen = again.chain.executeBlock(executed.block)
  expect(seen.hash).toEqual(executed.hash)
  expect(seen.execution.gasUsed).toBe(executed.execution.gasUsed)
  expect(executed.execution.gasUsed).toBeGreaterThan(price(10_000))
})

test('the limit queryModules: a query has as many contracts made ready, and one more is host_busy; no block waits for that', async () => {
  const loaded: string[] = []
  let lacking = 0
  const executor: ContractExecutor = {
    ...simulatedExecutor,
    query: (run) => {
      if (loaded.length >= lacking) return simulatedExecutor.run(run)
      throw new UtnetError('host_module_missing', 'not ready', { details: { module: moduleOf(`lacking ${loaded.length}`).toString() } })
    },
  }
  const t = await testChain({ executor, loadModule: (module) => Promise.resolve(loaded.push(module.toString())) })
  t.send(ann, publish('shop', 100))
  await t.produce()
  const ask = () => t.chain.query({ contract: 'shop', export: 'get', args: ['k'] })
  for (lacking of [0, 1, LIMITS.queryModules]) {
    loaded.length = 0
    expect((await ask()).outcome.status).toBe('ok')
    expect(loaded).toEqual(Array.from({ length: lacking }, (_, n) => moduleOf(`lacking ${n}`).toString()))
  }
  lacking = LIMITS.queryModules + 1
  loaded.length = 0
  await expect(ask()).rejects.toMatchObject({ code: 'host_busy', limit: 'queryModules' })
  expect(loaded).toHaveLength(LIMITS.queryModules)
})
