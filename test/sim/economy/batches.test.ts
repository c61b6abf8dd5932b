/** Anchored batches at the edges of their time, and nodes that are gone when a wrong leaf is found. Money is counted behind each block. */
import { beforeAll, describe, expect, test } from 'vitest'
import {
  cidOf,
  demandId,
  epochOf,
  lastHeightOf,
  RAW,
  ROLLUP,
  rollupState,
  type Claim,
  type TxPayload,
  utf8,
} from '../../../runtime/core/index.ts'
import { bftCrypto, encodeEvidence, voteEvidence, type Vote } from '../../../runtime/consensus/messages/index.ts'
import { crypto, UNC, type TestUser, type TestValidator } from '../../../runtime/consensus/testing/test-kit.ts'
import { makeBatch, shown, targetOf, type Anchored, type MadeBatch } from './batches.ts'
import { Ledger } from './ledger.ts'
import { unbondingOf } from './money.ts'
import { EPOCH_BLOCKS, TRUSTING_BLOCKS, World } from './world.ts'

crypto.useNativeHashes()

const BOND = 400n * UNC
/** Where the leaves are said to lie: nobody has it, and the chain does not look. */
const NOWHERE = cidOf(RAW, utf8('nobody has this'))
const [SHARE, REWARD] = [500n, 100n]

/** A world whose first node has a bond. */
class Town {
  readonly world: World
  readonly #ledger: Ledger
  readonly node: TestValidator
  readonly ann: TestUser
  #thread = 10

  private constructor(world: World) {
    this.world = world
    this.#ledger = new Ledger(world)
    this.node = world.nodes[0] as TestValidator
    this.ann = world.users[0] as TestUser
  }

  static async open(): Promise<Town> {
    const town = new Town(await World.open())
    await town.block([town.node, { kind: 'node', action: { op: 'bond', amount: BOND } }])
    if (town.stake !== BOND) throw new Error('the node has no bond')
    return town
  }

  get height(): number {
    return this.world.height
  }

  get stake(): bigint {
    const { chain } = this.world
    return chain.account(this.node.address).bond + unbondingOf(chain, this.node.address)
  }

  /** A block of these; gives how they ended. */
  async block(...txs: readonly (readonly [TestUser, TxPayload])[]): Promise<string[]> {
    const ids = txs.map(([user, payload]) => String(this.world.send(user, payload)))
    const outcomes = await this.world.block()
    this.#ledger.checkMoney()
    return ids.map((id) => {
      const outcome = outcomes.find((o) => o.id.toString() === id)
      return outcome?.status === 'ok' ? 'ok' : (outcome?.message ?? 'in no block')
    })
  }

  async to(height: number): Promise<void> {
    while (this.height < height) await this.block()
  }

  /** A batch on a thread of its own, and the transaction that anchors it. */
  batch(size: number, wrong?: number): { readonly made: MadeBatch; readonly payload: TxPayload } {
    const made = makeBatch(this.world.chain, this.node, this.#thread++, size, wrong)
    return { made, payload: { kind: 'anchor', batches: [{ batch: made.batch, sig: made.sig }], data: NOWHERE } }
  }

  async anchored(size: number, wrong?: number): Promise<Anchored> {
    const { made, payload } = this.batch(size, wrong)
    const id = this.world.send(this.node, payload)
    await this.block()
    if (id === undefined || this.head(made).next !== size) throw new Error('the batch is not anchored')
    return { id, batches: [made] }
  }

  head({ batch: { node, thread } }: MadeBatch): ReturnType<World['chain']['batchHead']> {
    return this.world.chain.batchHead(node, thread)
  }
}

const only = ({ batches }: Anchored): MadeBatch => batches[0] as MadeBatch
const refute = (of: Anchored, claim: Claim): TxPayload => ({ kind: 'refute', target: targetOf(of, 0), claim })
const leaf = (of: Anchored, index: number): TxPayload => refute(of, { kind: 'leaf', ...shown(only(of), index) })
const ask = (of: Anchored, index: number): TxPayload => refute(of, { kind: 'unavailable', index })
const show = (of: Anchored, index: number): TxPayload => {
  const { leaf: bytes, path } = shown(only(of), index)
  return { kind: 'reveal', reveals: [{ demand: demandId(of.id, 0, index), leaf: bytes, path }] }
}

describe('U3.3-ROL-1 a wrong leaf', () => {
  test('at each index of a batch of each size up to six refutes it, and no other leaf does', async () => {
    const town = await Town.open()
    let stake = town.stake
    expect(stake).toBe(BOND)
    for (let size = 1; size <= 6; size++) {
      for (let wrong = 0; wrong < size; wrong++) {
        const of = await town.anchored(size, wrong)
        const right = Array.from({ length: size }, (_, i) => i).filter((i) => i !== wrong)
        for (const i of right) expect(await town.block([town.ann, leaf(of, i)])).toEqual(['the leaf breaks no rule'])
        // the wrong leaf under the number of each other
        for (const index of right) {
          const claim = { kind: 'leaf', ...shown(only(of), wrong), index } as const
          expect(await town.block([town.ann, refute(of, claim)])).toEqual(['the leaf is not that of its number in the batch'])
        }
        expect(town.stake).toBe(stake)
        expect(await town.block([town.ann, leaf(of, wrong)])).toEqual(['ok'])
        stake -= (stake * SHARE) / 1_000n
        expect([town.stake, town.head(only(of))]).toEqual([stake, { next: 0, root: new Uint8Array(32), closed: town.height }])
      }
    }
  })

  test('costs once: shown twice in one block, again in the next, and by the node itself, which gets its tenth and no more', async () => {
    const town = await Town.open()
    const [first, own] = [await town.anchored(2, 1), await town.anchored(2, 0)]
    expect(await town.block([town.ann, leaf(first, 1)], [town.node, leaf(first, 1)])).toEqual(['ok', 'the batch is void already'])
    expect(await town.block([town.ann, leaf(first, 1)])).toEqual(['the batch is void already'])
    expect(town.stake).toBe(BOND / 2n)
    const { chain } = town.world
    const [before, price] = [chain.account(town.node.address).balance, chain.baseFee()]
    expect(await town.block([town.node, leaf(own, 0)], [town.ann, leaf(own, 0)])).toEqual(['ok', 'the batch is void already'])
    const fee = (town.world.done.at(-2)?.outcome.gas ?? 0n) * price
    expect(chain.account(town.node.address).balance - before).toBe((BOND / 4n / 1_000n) * REWARD - fee)
    expect(town.stake).toBe(BOND / 4n)
  })

  test('in the block of its anchor counts behind it, and not before it', async () => {
    const town = await Town.open()
    const { made, payload } = town.batch(1, 0)
    const { chain } = town.world
    const id = town.world.send(town.node, payload)
    if (id === undefined) throw new Error('not sent')
    const of = { id, batches: [made] }
    const behind = await town.block([town.ann, leaf(of, 0)])
    expect(behind).toEqual(['ok'])
    expect(chain.batchHead(made.batch.node, made.batch.thread).closed).toBe(town.height)
    expect(await town.block([town.node, payload])).toEqual([expect.stringMatching(/was closed/)])
  })
})

describe('U3.3-ROL-1 the last heights of a batch', () => {
  let town: Town
  let anchored = 0
  let made: Record<'last' | 'out' | 'silent' | 'shown' | 'wrong' | 'late', Anchored>
  beforeAll(async () => {
    town = await Town.open()
    const one = (wrong?: number) => town.batch(2, wrong)
    const batches = { last: one(1), out: one(1), silent: one(), shown: one(), wrong: one(1), late: one() }
    const sent = Object.entries(batches).map(([name, { made: batch, payload }]) => {
      const id = town.world.send(town.node, payload)
      if (id === undefined) throw new Error('not sent')
      return [name, { id, batches: [batch] }] as const
    })
    await town.block()
    anchored = town.height
    made = Object.fromEntries(sent) as unknown as typeof made
    if (Object.values(made).some((of) => town.head(only(of)).next !== 2)) throw new Error('not all batches are anchored')
  })

  test('a leaf is refuted, and asked for, at the last height of the window, and no more at the next', async () => {
    const { windowBlocks } = ROLLUP
    await town.to(anchored + windowBlocks - 1)
    const ended = await town.block(
      [town.ann, leaf(made.last, 1)],
      [town.ann, ask(made.silent, 0)],
      [town.ann, ask(made.shown, 1)],
      [town.ann, ask(made.wrong, 1)],
    )
    expect([town.height - anchored, ended]).toEqual([windowBlocks, ['ok', 'ok', 'ok', 'ok']])
    const late = await town.block([town.ann, leaf(made.out, 1)], [town.ann, ask(made.late, 0)])
    expect(late).toEqual([expect.stringMatching(/its time is over/), expect.stringMatching(/its time is over/)])
  })

  test('what was asked for there is due at the last height before the batch is settled: shown it stands, wrong or silent it is refuted', async () => {
    const { windowBlocks, answerBlocks } = ROLLUP
    const settles = anchored + windowBlocks + answerBlocks
    await town.to(settles - 1)
    const state = (of: Anchored): string => rollupState(town.head(only(of)), 1, anchored, town.height)
    expect(['shown', 'wrong', 'silent', 'out'].map((name) => state(made[name as 'out']))).toEqual(['open', 'open', 'open', 'open'])
    expect(await town.block([town.ann, show(made.shown, 1)], [town.ann, show(made.wrong, 1)])).toEqual(['ok', 'ok'])
    expect([town.height, state(made.wrong), state(made.silent), state(made.shown), state(made.out)]).toEqual([
      settles,
      'refuted',
      'open',
      'open',
      'open',
    ])
    // the next block ends it before any transaction of its own
    expect(await town.block([town.ann, show(made.silent, 0)])).toEqual(['no leaf is one that is asked for'])
    expect([state(made.silent), state(made.shown), state(made.out), state(made.last)]).toEqual(['refuted', 'settled', 'settled', 'refuted'])
    // last, wrong and silent: half each time
    expect(town.stake).toBe(BOND / 8n)
  })
})

describe('U3.3-ROL-1 a wrong leaf of a node that is gone', () => {
  const unbond = (amount: bigint): TxPayload => ({ kind: 'node', action: { op: 'unbond', amount } })
  const withdraw: TxPayload = { kind: 'node', action: { op: 'withdraw' } }

  test('takes half of what it gave up as long as it is at stake, and nothing that it has withdrawn; the thread is closed all the same', async () => {
    const town = await Town.open()
    const [early, late] = [await town.anchored(1, 0), await town.anchored(1, 0)]
    expect(await town.block([town.node, unbond(BOND)])).toEqual(['ok'])
    expect(await town.block([town.node, { kind: 'node', action: { op: 'leave' } }])).toEqual(['ok'])
    expect(await town.block([town.ann, leaf(early, 0)])).toEqual(['ok'])
    expect(town.stake).toBe(BOND / 2n)
    await town.to(town.height + TRUSTING_BLOCKS + 3 * EPOCH_BLOCKS)
    expect(await town.block([town.node, withdraw])).toEqual(['ok'])
    expect(town.stake).toBe(0n)
    const { chain } = town.world
    const [burnt, price] = [chain.burnt(), chain.baseFee()]
    expect(await town.block([town.ann, leaf(late, 0)])).toEqual(['ok'])
    expect(town.head(only(late)).closed).toBe(town.height)
    expect(chain.burnt() - burnt).toBe((town.world.done.at(-1)?.outcome.gas ?? 0n) * price)
  })

  test('takes nothing of what is ripe, though it is withdrawn in the block of the refutation, before or behind it', async () => {
    for (const first of [true, false]) {
      const town = await Town.open()
      const of = await town.anchored(1, 0)
      expect(await town.block([town.node, unbond(BOND)])).toEqual(['ok'])
      const counts = lastHeightOf(epochOf(town.height, EPOCH_BLOCKS) + 1, EPOCH_BLOCKS)
      await town.to(counts + TRUSTING_BLOCKS - 1)
      const both = [
        [town.node, withdraw],
        [town.ann, leaf(of, 0)],
      ] as const
      const { chain, done } = town.world
      const [burnt, price] = [chain.burnt(), chain.baseFee()]
      expect(await town.block(...(first ? both : both.toReversed()))).toEqual(['ok', 'ok'])
      // all of it was paid out
      expect([town.stake, chain.burnt() - burnt]).toEqual([0n, done.slice(-2).reduce((sum, { outcome }) => sum + outcome.gas, 0n) * price])
    }
  })

  test('has nothing more to take of one that was punished', async () => {
    const town = await Town.open()
    const of = await town.anchored(1, 0)
    const { chain } = town.world
    const keys = { voter: town.node.voter, signNode: (m: Uint8Array) => crypto.signEd25519(m, town.node.secret) }
    const port = bftCrypto(chain.chainId, keys, crypto)
    const height = town.height
    const voter = chain.setAt(height).findIndex((v) => v.key.join() === town.node.key.join())
    const vote = (block: string): Vote => {
      const body = { height, round: 0, phase: 'prevote', block } as const
      return { kind: 'vote', ...body, voter, signature: port.signVote(body) }
    }
    const record = encodeEvidence(voteEvidence(vote('1'.repeat(64)), vote('2'.repeat(64))))
    expect(await town.block([town.ann, { kind: 'evidence', record }], [town.ann, leaf(of, 0)])).toEqual(['ok', 'ok'])
    expect([town.stake, town.head(only(of)).closed]).toEqual([0n, town.height])
  })
})
