/** A real chain of few accounts that do anything to each other, with all their keys at hand. Votes on its blocks are simulated: thousands of blocks are made, and none of their certificates matters here. */
import {
  concatBytes,
  contractAddress,
  cidOf,
  encodeRequest,
  isUtnetError,
  leaderOf,
  LIMITS,
  PARAMS,
  RAW,
  requestKey,
  sha256,
  utf8,
  type CID,
  type TxPayload,
} from '../../../runtime/core/index.ts'
import { openChain, type Block, type Chain, type TxOutcome } from '../../../runtime/consensus/index.ts'
import { chipOf, claimOf, nodeOf, type TestChip } from '../../../runtime/consensus/power/testing/chips.ts'
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
  type TestValidator,
} from '../../../runtime/consensus/testing/test-kit.ts'
import type { Anchored } from './batches.ts'
import { shownBy, verdictsOf } from './round-work.ts'

/** Founding powers; a node of none is none of the genesis. */
export const FOUNDING = [6, 3, 0, 0] as const
export const EPOCH_BLOCKS = 3
export const TRUSTING_BLOCKS = 12
export const BOND_PRICE = 5n * UNC
/** Per mille. */
export const LEVEL0_SHARE = 300
export const REWARD = UNC
export const CALLBACK_GAS = 50_000n

/** Refusals that a sender may earn; anything else that is thrown is a fault of the chain. */
const EARNED = [
  'tx_balance',
  'tx_invalid',
  'tx_gas',
  'tx_nonce',
  'mempool_full',
  'receipt_invalid',
  'name_taken',
  'guest_not_found',
  'guest_world',
]

/** As the simulated one, with an export that asks for an inference. */
const executor: typeof simulatedExecutor = {
  ...simulatedExecutor,
  run: (run) => {
    if (run.entry !== 'ask') return simulatedExecutor.run(run)
    const [number, callback] = run.args as readonly [number, string]
    const deadline = run.env.height + 4
    const request = { model: 'm', inputs: [], arithmetic: 'any', callback, deadline, gas: CALLBACK_GAS } as const
    run.env.set(requestKey(BigInt(number)), encodeRequest(request))
    return { status: 'ok', result: null, gas: 1_000n + CALLBACK_GAS }
  },
}

/** A simulated proof is its input, and so anybody's. */
const proofOf = (alpha: Uint8Array): Uint8Array => concatBytes(alpha, new Uint8Array(48))
const outputOf = (alpha: Uint8Array): Uint8Array => concatBytes(sha256(alpha), sha256(alpha))

const FULL_BYTES = 123_000
/** As many of these as are kept ready. */
export const FULL_NAMES = Array.from({ length: Math.floor(PARAMS.contracts.warmBytes / FULL_BYTES) }, (_, n) => `full-${n}`)
export const fullModule = (name: string): CID => cidOf(RAW, utf8(name))

export interface Sent {
  readonly user: TestUser
  readonly payload: TxPayload
  readonly nonce: number
}

export class World {
  readonly chain: Chain
  readonly users: readonly TestUser[]
  readonly nodes: readonly TestValidator[]
  readonly chips: readonly TestChip[]
  readonly vendors: readonly TestUser[]
  readonly shop: Uint8Array
  /** Everything that stood in blocks, with how it ended. */
  readonly done: (Sent & { readonly id: CID; readonly outcome: TxOutcome; readonly height: number })[] = []
  readonly anchors: Anchored[] = []
  /** What blocks have brought their proposers, by the verdicts that were said. */
  earned = 0n
  /** Heights on which the last block carried verdicts. */
  told: readonly number[] = []
  readonly #sent = new Map<string, Sent>()
  readonly #quorum: { on: boolean }
  readonly #again: () => Promise<Chain>

  private constructor(
    parts: Pick<World, 'chain' | 'users' | 'nodes' | 'chips' | 'vendors'>,
    quorum: { on: boolean },
    again: () => Promise<Chain>,
  ) {
    this.chain = parts.chain
    this.users = parts.users
    this.nodes = parts.nodes
    this.chips = parts.chips
    this.vendors = parts.vendors
    this.shop = contractAddress((parts.users[0] as TestUser).address, 0)
    this.#quorum = quorum
    this.#again = again
  }

  static async open(): Promise<World> {
    const nodes = FOUNDING.map((power, i) => validatorOf(11 + i, Math.max(1, power)))
    const users = [2, 3, 4].map(userOf)
    const vendors = [90, 91].map(userOf)
    const [vendor] = vendors as [TestUser]
    const chips = Array.from({ length: 6 }, (_, i) => chipOf(`economy ${i}`, i < 3 ? {} : { vendor }))
    const genesis = testGenesis({
      validators: nodes.filter((_, i) => (FOUNDING[i] as number) > 0).map((v) => v.validator),
      // the last user is poor
      accounts: [...users, ...nodes].map(({ address }, i) => ({ address, balance: i === 2 ? 3n * UNC : 1_000n * UNC })),
      vendors: [{ name: 'maker', key: vendor.key }],
      epochBlocks: EPOCH_BLOCKS,
      trustingBlocks: TRUSTING_BLOCKS,
      bondPrice: BOND_PRICE,
      level0Share: LEVEL0_SHARE,
      blockReward: REWARD,
    })
    const quorum = { on: false }
    const open = () =>
      openChain({
        executor,
        genesis,
        kv: simulatedKv(),
        crypto: {
          ...crypto,
          vrfVerify: (_key: Uint8Array, alpha: Uint8Array) => outputOf(alpha),
          vrfOutput: (proof: Uint8Array) => outputOf(proof.subarray(0, 32)),
          blsAggregate: () => new Uint8Array(96),
          blsFastAggregateVerify: (...args) => quorum.on || crypto.blsFastAggregateVerify(...args),
        },
      })
    const world = new World({ chain: await open(), users, nodes, chips, vendors }, quorum, open)
    await world.#begin()
    return world
  }

  /** A contract, a node that is none of the genesis, and some chips, so that few steps lead far. */
  async #begin(): Promise<void> {
    const { chainId } = this.chain
    const [ann, bob] = this.users as [TestUser, TestUser]
    const node = this.nodes[2] as TestValidator
    this.send(ann, { kind: 'publish', name: 'shop', module: cidOf(RAW, Uint8Array.of(0)), world: 'contract', size: 1 })
    this.send(node, { kind: 'node', action: nodeOf(node, chainId) })
    for (const [i, chip] of this.chips.slice(1, 5).entries()) {
      const owner = i % 2 === 0 ? ann : bob
      this.send(owner, { kind: 'chip', action: claimOf(chip, chainId, owner.address) })
    }
    await this.block()
    // all that the chain keeps ready: whatever runs next is made ready, and pushes out what was used least recently
    for (const name of FULL_NAMES) {
      this.send(bob, { kind: 'publish', name, module: fullModule(name), world: 'contract', size: FULL_BYTES }, BigInt(LIMITS.blockGas))
      await this.block()
    }
  }

  get height(): number {
    return this.chain.head().header.height
  }

  get actors(): readonly TestUser[] {
    return [...this.users, ...this.nodes]
  }

  get waiting(): number {
    return this.#sent.size
  }

  /** Lets a transaction wait; gives its id, or undefined where the pool refuses it for what it is. */
  send(user: TestUser, payload: TxPayload, gasLimit = 80_000_000n): CID | undefined {
    const { chain } = this
    const nonce = chain.nextNonce(user.address)
    try {
      const { id } = chain.submit(
        signTx(user, {
          chainId: chain.chainId,
          nonce,
          expiry: this.height + 1,
          gasLimit,
          maxFeePerGas: chain.baseFee(),
          payload,
        }),
      )
      this.#sent.set(id.toString(), { user, payload, nonce })
      return id
    } catch (error) {
      if (isUtnetError(error) && EARNED.includes(error.code)) return undefined
      throw error
    }
  }

  /** Makes a block of what waits, in a round that follows from the seed, with what its proposer shows of its chips and what the others say of earlier blocks. */
  async block(): Promise<readonly TxOutcome[]> {
    const { chain } = this
    const { seed } = chain.head().header
    const set = chain.setAt(this.height + 1)
    const round = (seed[0] as number) % 3
    const { key } = set[leaderOf(seed, round, set)] as (typeof set)[0]
    const [cat, said] = [await shownBy(this, key, seed), verdictsOf(this, seed)]
    const { executed, skipped } = chain.buildBlock({
      timeMs: chain.head().header.time + 1_000,
      round,
      proposer: { key, vrfProve: proofOf },
      cat,
      verdicts: said.map(({ bytes }) => bytes),
    })
    if (skipped.length > 0) throw new Error('a transaction could not be run', { cause: skipped[0]?.error })
    this.#quorum.on = true
    const voters = set.map(({ bls }) => ({ bls, sign: () => new Uint8Array(96) }))
    await chain.commitBlock(executed, await chain.certify(executed, voters))
    this.#quorum.on = false
    this.told = said.map(({ height }) => height)
    // a round that passed halves what its block brings
    for (const { height, ok } of said) if (ok) this.earned += REWARD >> BigInt(chain.headerAt(height).header.round)
    const outcomes = executed.execution.effects.map(({ outcome }) => outcome)
    for (const outcome of outcomes) this.#ended(outcome)
    // what found no place has expired with the block
    this.#sent.clear()
    return outcomes
  }

  #ended(outcome: TxOutcome): void {
    const sent = this.#sent.get(outcome.id.toString())
    if (sent === undefined) throw new Error('a block holds what nobody sent')
    this.done.push({ ...sent, id: outcome.id, outcome, height: this.height })
  }

  /** A second chain that ran all the blocks. */
  async replayed(): Promise<Chain> {
    const other = await this.#again()
    for (let height = 1; height <= this.height; height++) {
      const { header, txs, cat, verdicts } = this.chain.blockAt(height)
      const { certificate } = this.chain.headerAt(height)
      const block: Block = { header, txs, cat, verdicts }
      const executed = other.executeBlock(block)
      this.#quorum.on = true
      await other.commitBlock(executed, certificate as NonNullable<typeof certificate>)
      this.#quorum.on = false
    }
    return other
  }
}

export const NAMES = ['shop', 'till'] as const
/** Keys that calls set, and callbacks: these by the number of their request. */
export const STORED = ['a', 'b', '0', '1', '2'].map(utf8)
