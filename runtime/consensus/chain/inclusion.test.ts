import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cidOf, contractAddress, equalBytes, kappaOf, LIMITS, ownerOf, RAW, totalPower, utf8, type TxPayload } from '../../core/index.ts'
import { seededRandom } from '../../kv/index.ts'
import { useNativeHashes } from '../../crypto/native.ts'
import type { ChainTx } from '../tx/index.ts'
import {
  crypto,
  signTx,
  simulatedExecutor,
  simulatedKv,
  testGenesis,
  UNC,
  userOf,
  validatorOf,
  type TestUser,
} from '../testing/test-kit.ts'
import { openChain, type Chain } from './index.ts'

useNativeHashes()

const VICTIM = userOf(7)
const FLOOD = [2, 3, 4].map(userOf)
const BLOCK_GAS = BigInt(LIMITS.blockGas)
/** Four of power 1: one of them may be Byzantine. */
const VALIDATORS = [11, 12, 13, 14].map((n) => validatorOf(n))
const CENSOR = 3

type Order = (waiting: readonly ChainTx[]) => readonly ChainTx[]

/** Validators with chains and mempools of their own; the last one leaves out what the victim sends. */
class Net {
  readonly chains: readonly Chain[]
  readonly #order: Order
  readonly #random: () => number
  readonly #nonces = new Map<TestUser, number>()
  readonly contract = contractAddress((FLOOD[0] as TestUser).address, 0)

  private constructor(chains: readonly Chain[], seed: number, order: Order) {
    this.chains = chains
    this.#random = seededRandom(seed)
    this.#order = order
  }

  static async open(seed: number, order: Order): Promise<Net> {
    const genesis = testGenesis({
      validators: VALIDATORS.map((v) => v.validator),
      accounts: [...FLOOD, VICTIM].map(({ address }) => ({ address, balance: 1_000_000n * UNC })),
      salt: utf8(`inclusion ${seed}`),
    })
    const chains: Chain[] = []
    for (const _ of VALIDATORS) chains.push(await openChain({ genesis, kv: simulatedKv(), executor: simulatedExecutor, crypto }))
    const net = new Net(chains, seed, order)
    net.send([
      [FLOOD[0] as TestUser, { kind: 'publish', name: 'spinner', module: cidOf(RAW, utf8('s')), world: 'contract', size: 100 }, 2_000_000n],
    ])
    await net.block()
    return net
  }

  below(n: number): number {
    return Math.floor(this.#random() * n)
  }

  /** Every validator gets them, each in an order of its own. Gives the first one's id. */
  send(txs: readonly (readonly [TestUser, TxPayload, bigint])[]): string {
    const [any] = this.chains as readonly [Chain]
    const wires = txs.map(([user, payload, gasLimit]) => {
      const nonce = this.#nonces.get(user) ?? 0
      this.#nonces.set(user, nonce + 1)
      return signTx(user, { chainId: any.chainId, nonce, expiry: 1_000, gasLimit, maxFeePerGas: 10n ** 12n, payload })
    })
    let first = ''
    for (const chain of this.chains) {
      const left = [...wires.keys()]
      while (left.length > 0) {
        const [at] = left.splice(this.below(left.length), 1) as [number]
        const { hash } = chain.submit(wires[at] as Uint8Array)
        if (at === 0) first = hash
      }
    }
    return first
  }

  /** All that any honest validator has waiting. */
  ahead(): readonly ChainTx[] {
    const known = new Map<string, ChainTx>()
    for (const [i, chain] of this.chains.entries()) if (i !== CENSOR) for (const tx of waitingOf(chain)) known.set(tx.id.toString(), tx)
    return [...known.values()]
  }

  /** One block by whoever leads; true when that is an honest validator. */
  async block(): Promise<{ readonly honest: boolean; readonly ids: readonly string[] }> {
    const [any] = this.chains as readonly [Chain]
    const { header } = any.head()
    const set = any.genesis.validators
    const owner = ownerOf(kappaOf(header.seed, 0, totalPower(set)), set)
    const leader = VALIDATORS.findIndex((v) => equalBytes(v.key, owner.key))
    const chain = this.chains[leader] as Chain
    const honest = leader !== CENSOR
    const options = { timeMs: header.time + 1_000, round: 0, proposer: (VALIDATORS[leader] as (typeof VALIDATORS)[0]).proposer }
    const waiting = waitingOf(chain)
    const txs = honest ? this.#order(waiting) : waiting.filter((tx) => !equalBytes(tx.address, VICTIM.address))
    const { executed } = chain.buildBlock({ ...options, txs })
    const certificate = await chain.certify(
      executed,
      VALIDATORS.map((v) => v.voter),
    )
    for (const each of this.chains) await each.commitBlock(each === chain ? executed : each.executeBlock(executed.block), certificate)
    return { honest, ids: executed.execution.txs.map((tx) => tx.id.toString()) }
  }
}

/** What a validator has waiting, in the order in which it proposes. */
const waitingOf = (chain: Chain): readonly ChainTx[] => [...chain.candidates()]

/** Blocks of honest leaders until the victim's transaction is in one, under a flood that fills every block with calls of a half to a `parts + 1`th; with the bound, or undefined after `most`. */
async function wait(
  seed: number,
  order: Order,
  most: number,
  parts = 4,
): Promise<{ readonly leaders: number; readonly bound: number; readonly in: boolean }> {
  const net = await Net.open(seed, order)
  const flood = (n: number) =>
    Array.from({ length: n }, () => {
      const gasLimit = BLOCK_GAS / BigInt(2 + net.below(parts))
      return [FLOOD[net.below(3)] as TestUser, { kind: 'call', to: net.contract, export: 'spin', args: [] }, gasLimit] as const
    })
  net.send(flood(4 + net.below(8)))
  await net.block()
  const limit = BLOCK_GAS / BigInt(3 + net.below(300))
  const id = net.send([[VICTIM, { kind: 'transfer', to: VICTIM.address, value: 1n }, limit], ...flood(net.below(4))])
  const gas = net.ahead().reduce((sum, tx) => (tx.id.toString() === id ? sum : sum + tx.body.gasLimit), 0n)
  const bound = 1 + Number(gas / (BLOCK_GAS - limit))
  for (let leaders = 0; leaders < most;) {
    // it never stops
    net.send(flood(3))
    const { honest, ids } = await net.block()
    leaders += honest ? 1 : 0
    if (ids.includes(id)) return { leaders, bound, in: true }
  }
  return { leaders: most, bound, in: false }
}

const asTheyWait: Order = (waiting) => waiting

test('W-SEQ-1 what honest validators have seen is in a block within k honest leaders, whatever floods them and whoever censors', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(1_000_000), async (seed) => {
      const { leaders, bound, in: included } = await wait(seed, asTheyWait, 40)
      expect(included).toBe(true)
      expect(leaders).toBeLessThanOrEqual(bound)
    }),
    { numRuns: 3 },
  )
}, 60_000)

test('W-SEQ-1 without the order of arrival the same flood keeps it out', async () => {
  // the greatest first, as a proposer would who wants full blocks
  const greedy: Order = (waiting) =>
    waiting.toSorted((a, b) => (a.body.gasLimit > b.body.gasLimit ? -1 : a.body.gasLimit < b.body.gasLimit ? 1 : 0))
  const { leaders, bound, in: included } = await wait(1, greedy, 14, 1)
  expect([included, leaders > bound]).toEqual([false, true])
}, 60_000)

test('W-SEQ-1 no proposer can change the order of one sender', async () => {
  const net = await Net.open(2, asTheyWait)
  const pay = (value: bigint) => [VICTIM, { kind: 'transfer', to: VICTIM.address, value }, 2_000_000n] as const
  net.send([pay(1n), pay(2n), pay(3n)])
  const chain = net.chains[0] as Chain
  const txs = waitingOf(chain)
  expect(txs.map((tx) => tx.body.nonce)).toEqual([0, 1, 2])
  const { header } = chain.head()
  const set = chain.genesis.validators
  const { proposer } = VALIDATORS.find((v) =>
    equalBytes(v.key, ownerOf(kappaOf(header.seed, 0, totalPower(set)), set).key),
  ) as (typeof VALIDATORS)[0]
  const { executed } = chain.buildBlock({ timeMs: header.time + 1_000, round: 0, proposer, txs })
  expect(executed.block.txs).toHaveLength(3)
  expect(() => chain.executeBlock({ ...executed.block, txs: executed.block.txs.toReversed() })).toThrow(
    expect.objectContaining({ code: 'chain_invalid', message: expect.stringContaining('nonce') as string }) as Error,
  )
})
