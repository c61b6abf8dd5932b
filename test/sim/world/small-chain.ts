/**
 * A small chain behind the port that agreement needs: blocks of numbers, linked by hash, with the seed chain and the draw of leaders of the real one
 * (`kappaOf`). Its VRF is simulated: a hash under the run's secret. What a block does is pure, so all nodes of a run share what was computed once.
 */
import {
  asArray,
  asBytes,
  asUint,
  concatBytes,
  decode,
  digest,
  encode,
  equalBytes,
  kappaOf,
  toHex,
  utf8,
} from '../../../runtime/core/index.ts'
import type { BlockApp } from '../../../runtime/consensus/bft/index.ts'
import type { BlockLabel, FinalNotice, HeightSetup, Member } from '../../../runtime/consensus/messages/index.ts'

/** How far a header's time may lie ahead of a validator's clock. */
export const DRIFT_MS = 3_000
export const EPOCH = 50
export const BLOCK_TXS = 64

export interface SmallBlock {
  readonly height: number
  readonly round: number
  readonly proposer: number
  readonly parent: Uint8Array
  readonly time: number
  readonly seed: Uint8Array
  readonly txs: readonly number[]
}

export interface SmallHead {
  readonly height: number
  readonly id: Uint8Array
  readonly time: number
  readonly seed: Uint8Array
}

export const GENESIS: SmallHead = { height: 0, id: digest('sim', utf8('genesis')), time: 0, seed: digest('sim', utf8('seed')) }

const encodeSmall = (b: SmallBlock): Uint8Array => encode([b.height, b.round, b.proposer, b.parent, b.time, b.seed, [...b.txs]])

function decodeSmall(bytes: Uint8Array): SmallBlock {
  const l = asArray(decode(bytes, 'block'), 'block', 7)
  return {
    height: asUint(l[0], 'height'),
    round: asUint(l[1], 'round'),
    proposer: asUint(l[2], 'proposer'),
    parent: asBytes(l[3], 'parent', 32),
    time: asUint(l[4], 'time'),
    seed: asBytes(l[5], 'seed', 32),
    txs: asArray(l[6], 'txs').map((t) => asUint(t, 'tx')),
  }
}

/** What is the same for all nodes of a run. */
export class SmallRules {
  readonly #blocks = new WeakMap<Uint8Array, { readonly block: SmallBlock; readonly label: BlockLabel; readonly hash: Uint8Array } | null>()
  readonly #leaders = new Map<string, number>()
  readonly #powers: (height: number) => readonly Member[]
  readonly #secret: Uint8Array
  readonly #fixedLeader: number | undefined

  /** `fixedLeader` takes the draw of leaders away. */
  constructor(seed: number, powers: (epoch: number) => readonly Member[], fixedLeader?: number) {
    this.#secret = utf8(`vrf ${seed}`)
    this.#fixedLeader = fixedLeader
    const sets = new Map<number, readonly Member[]>()
    this.#powers = (height) => {
      const epoch = Math.floor(height / EPOCH)
      let set = sets.get(epoch)
      if (set === undefined) {
        set = powers(epoch)
        sets.set(epoch, set)
      }
      return set
    }
  }

  members(height: number): readonly Member[] {
    return this.#powers(height)
  }

  read(payload: Uint8Array) {
    let known = this.#blocks.get(payload)
    if (known === undefined) {
      known = null
      try {
        const block = decodeSmall(payload)
        const hash = digest('sim', payload)
        known = { block, hash, label: { id: toHex(hash), height: block.height, round: block.round } }
      } catch {
        // no block
      }
      this.#blocks.set(payload, known)
    }
    return known ?? undefined
  }

  leader(head: SmallHead, round: number): number {
    if (this.#fixedLeader !== undefined) return this.#fixedLeader
    const id = `${toHex(head.seed)}/${round}`
    let leader = this.#leaders.get(id)
    if (leader === undefined) {
      const set = this.members(head.height + 1)
      let at = kappaOf(
        head.seed,
        round,
        set.reduce((n, m) => n + m.power, 0),
      )
      leader = set.findIndex((m) => {
        const here = at < m.power
        at -= m.power
        return here
      })
      if (this.#leaders.size > 4_096) this.#leaders.clear()
      this.#leaders.set(id, leader)
    }
    return leader
  }

  seedAfter(head: SmallHead, proposer: number): Uint8Array {
    return digest('sim', this.#secret, Uint8Array.of(proposer), encode(head.height), head.seed)
  }

  make(head: SmallHead, round: number, proposer: number, time: number, txs: readonly number[]): Uint8Array {
    const seed = this.seedAfter(head, proposer)
    return encodeSmall({ height: head.height + 1, round, proposer, parent: head.id, time: Math.max(time, head.time + 1), seed, txs })
  }

  valid(head: SmallHead, block: SmallBlock): boolean {
    return (
      block.height === head.height + 1 &&
      equalBytes(block.parent, head.id) &&
      block.time > head.time &&
      block.txs.length <= BLOCK_TXS &&
      block.proposer === this.leader(head, block.round) &&
      equalBytes(block.seed, this.seedAfter(head, block.proposer))
    )
  }

  after(payload: Uint8Array): SmallHead {
    const read = this.read(payload)
    if (read === undefined) throw new RangeError('no block')
    return { height: read.block.height, id: read.hash, time: read.block.time, seed: read.block.seed }
  }
}

/** What survives a crash. */
export interface SmallStore {
  finals: FinalNotice[]
  /** Keeps a block behind the last; durable when it resolves. */
  append(final: FinalNotice): void | Promise<void>
}

export interface SmallAppOptions {
  readonly rules: SmallRules
  readonly store: SmallStore
  readonly self: number
  /** The node's own clock, milliseconds. */
  readonly clock: () => number
  /** Waiting transactions. */
  readonly pool: Set<number>
  readonly onCommit?: (final: FinalNotice, block: SmallBlock) => void
  /** Told of each block that is run, with its height. */
  readonly onCheck?: (height: number) => void
  /** Takes the check of the header's time away. */
  readonly anyTime?: boolean
  /** Takes the power of all others out of the count. */
  readonly heard?: (member: number) => boolean
}

export class SmallApp implements BlockApp {
  readonly options: SmallAppOptions
  head: SmallHead

  constructor(options: SmallAppOptions) {
    this.options = options
    const last = options.store.finals.at(-1)
    this.head = last === undefined ? GENESIS : options.rules.after(last.payload)
  }

  setup(): HeightSetup {
    const { rules, self } = this.options
    const { heard } = this.options
    const head = this.head
    const all = rules.members(head.height + 1)
    const members = heard === undefined ? all : all.map((m, i) => (heard(i) ? m : { ...m, power: 0 }))
    return { height: head.height + 1, members, self, leaderOf: (round) => rules.leader(head, round) }
  }

  build(height: number, round: number): Uint8Array | undefined {
    if (height !== this.head.height + 1) return undefined
    const { rules, self, clock, pool } = this.options
    return rules.make(this.head, round, self, clock(), [...pool].slice(0, BLOCK_TXS))
  }

  check(payload: Uint8Array): { readonly valid: boolean; readonly timely: boolean } {
    const { rules, clock, anyTime, onCheck } = this.options
    const block = rules.read(payload)?.block
    if (block === undefined) return { valid: false, timely: false }
    onCheck?.(block.height)
    return { valid: rules.valid(this.head, block), timely: anyTime === true || block.time <= clock() + DRIFT_MS }
  }

  async commit(final: FinalNotice): Promise<void> {
    const { rules, store, pool, onCommit } = this.options
    await store.append(final)
    this.head = rules.after(final.payload)
    const block = rules.read(final.payload)?.block as SmallBlock
    for (const tx of block.txs) pool.delete(tx)
    onCommit?.(final, block)
  }

  finalAt(height: number): FinalNotice | undefined {
    return this.options.store.finals[height - 1]
  }

  /** The seed after a block of this node. */
  ownSeed(): Uint8Array {
    return this.options.rules.seedAfter(this.head, this.options.self)
  }

  /** Bytes of a block, with the parts that a liar would change. */
  forge(payload: Uint8Array, over: Partial<SmallBlock>): Uint8Array {
    const block = this.options.rules.read(payload)?.block as SmallBlock
    return encodeSmall({ ...block, ...over })
  }
}

/** Random bytes for a liar. */
export const noise = (random: () => number, length: number): Uint8Array =>
  concatBytes(...Array.from({ length }, () => Uint8Array.of(Math.floor(random() * 256))))
