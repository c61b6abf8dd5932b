/**
 * Drives the chain: when to make a block. On a dev chain a transaction gets its block at once where the last began 100 ms ago; sooner, those that come share a block, when
 * none has come for 20 ms, or at the 100 ms. They follow a full one at once where enough wait to fill another. Receipts that wait for an anchor get one within a second, and
 * a heartbeat of 5 s moves height and seed on when nothing happens.
 */
import { asUtnetError, LIMITS, type Clock, UtnetError } from '../../core/index.ts'
import type { Chain, ProducedBlock, Proposer, Voter } from '../../consensus/index.ts'

const BATCH_MS = 100
/** Who sends one transaction after another waits for each block: nothing is gained by waiting for others where none come. */
const QUIET_MS = 20
const ANCHOR_MS = 1_000
const HEARTBEAT_MS = 5_000
/** From here on what is left of a block's gas holds hardly a transaction. */
const FULL_GAS = (BigInt(LIMITS.blockGas) * 9n) / 10n

export interface ProducerOptions {
  readonly chain: Chain
  readonly clock: Clock
  readonly proposer: Proposer
  readonly voters: readonly Voter[]
  /** Puts anchor transactions into the mempool, right before a block is made. */
  readonly beforeBlock: () => Promise<void>
  /** What the node's chips and its judgement put into the next block. */
  readonly work: () => Promise<{ readonly cat: Uint8Array; readonly verdicts: readonly Uint8Array[] } | undefined>
  readonly onBlock: (block: ProducedBlock) => Promise<void>
  readonly onFailure: (error: UtnetError) => void
}

export interface Producer {
  /** A transaction waits: a block is due at once, or with what comes within 20 ms of each other, up to 100 ms after the last began. */
  transactionWaits(): void
  /** Receipts wait for their anchor. */
  receiptsWait(): void
  /** No block may be older than a run that was given its time. */
  noteTime(ms: number): void
  /** Resolves at the first block above a height, when the time is over, or when the signal aborts. Throws `node_stopping` once the node stops. */
  waitForBlock(after: number, ms: number, signal?: AbortSignal): Promise<void>
  start(): Promise<void>
  /** Finishes the block in progress and makes no more. */
  stop(): Promise<void>
}

/** A driver that does nothing until it is started. */
export function createProducer(options: ProducerOptions): Producer {
  const { chain, clock } = options
  /** When the making of the last block began. */
  let lastBlockMs = 0
  let latestRunMs = 0
  /** When transactions came last, where some wait for a block that they share. */
  let cameMs: number | undefined
  let dueMs = Number.POSITIVE_INFINITY
  let stopping = false
  let wake = new AbortController()
  let loop: Promise<void> = Promise.resolve()
  const waiters = new Set<{ readonly after: number; readonly done: () => void }>()

  const due = (ms: number): void => {
    if (ms >= dueMs) return
    dueMs = ms
    wake.abort()
  }

  const share = (): void => {
    // where some wait already, whoever drives looks again by itself
    if (cameMs === undefined) wake.abort()
    cameMs = clock.nowMs()
  }

  const nextMs = (): number =>
    Math.min(
      dueMs,
      lastBlockMs + HEARTBEAT_MS,
      cameMs === undefined ? Number.POSITIVE_INFINITY : Math.min(lastBlockMs + BATCH_MS, cameMs + QUIET_MS),
    )

  /** Makes a block; gives whether another is as good as full already. */
  const make = async (): Promise<boolean> => {
    lastBlockMs = clock.nowMs()
    await options.beforeBlock()
    const timeMs = Math.max(clock.nowMs(), latestRunMs)
    const block = await chain.produce({ timeMs, proposer: options.proposer, voters: options.voters, ...(await options.work()) })
    await options.onBlock(block)
    for (const waiter of waiters) if (block.header.height > waiter.after) waiter.done()
    const gas = block.outcomes.reduce((sum, o) => sum + o.gas, 0n)
    return gas >= FULL_GAS && chain.waiting() >= block.outcomes.length
  }

  const run = async (): Promise<void> => {
    while (!stopping) {
      const wait = nextMs() - clock.nowMs()
      if (wait > 0) {
        wake = new AbortController()
        await clock.sleep(wait, wake.signal)
        continue
      }
      dueMs = Number.POSITIVE_INFINITY
      cameMs = undefined
      let full: boolean
      try {
        full = await make()
      } catch (error) {
        // A chain that cannot commit must not go on: the node says why and has to be started again.
        options.onFailure(asUtnetError(error))
        return
      }
      // where another is full nothing is gained by waiting for more
      if (full) due(lastBlockMs)
      else if (chain.waiting() > 0) share()
    }
  }

  return {
    transactionWaits: share,
    receiptsWait: () => due(Math.max(clock.nowMs() + BATCH_MS, lastBlockMs + ANCHOR_MS)),
    noteTime(ms) {
      latestRunMs = Math.max(latestRunMs, ms)
    },
    async waitForBlock(after, ms, signal) {
      if (chain.head().header.height > after || signal?.aborted === true) return
      // who waits in a loop would keep the process from ending
      if (stopping) throw new UtnetError('node_stopping', 'the node is stopping')
      const timer = new AbortController()
      await new Promise<void>((resolve) => {
        const waiter = { after, done: resolve }
        waiters.add(waiter)
        const over = signal === undefined ? timer.signal : AbortSignal.any([timer.signal, signal])
        void clock.sleep(ms, over).then(() => {
          waiters.delete(waiter)
          resolve()
        })
      })
      timer.abort()
    },
    async start() {
      // A receipt names a certified block, so there is one before the first request.
      if (chain.head().header.height === 0) await make()
      else lastBlockMs = clock.nowMs()
      loop = run()
    },
    async stop() {
      stopping = true
      wake.abort()
      await loop
      for (const waiter of waiters) waiter.done()
    },
  }
}
