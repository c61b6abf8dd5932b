/**
 * Transactions that clients send, on their way into the pool. Those that come while others are checked are checked together, so that their signatures share
 * work and go to other threads at once; they are taken in the order in which they came.
 */
import { isUtnetError, limitError, LIMITS } from '../../core/index.ts'
import type { Chain, TakenTx } from '../../consensus/index.ts'

/** Transactions that are handed to the chain at once. */
const BATCH = 512
/** One batch is taken into the pool while the signatures of the next are checked. */
const BATCHES = 2

export interface SubmitQueue {
  /** Rejects with why it was not taken: what `submit` of the chain throws, or `mempool_full` where too many wait here. */
  take(wire: Uint8Array): Promise<TakenTx>
}

interface Waiting {
  readonly wire: Uint8Array
  readonly resolve: (taken: TakenTx) => void
  readonly reject: (error: unknown) => void
}

/** `taken` is told when transactions were taken. */
export function createSubmitQueue(chain: Pick<Chain, 'submitAll'>, taken: () => void): SubmitQueue {
  const waiting: Waiting[] = []
  let running = 0
  let scheduled = false
  let count = 0

  async function run(part: readonly Waiting[]): Promise<void> {
    try {
      const answers = await chain.submitAll(part.map(({ wire }) => wire))
      if (answers.some((answer) => !isUtnetError(answer))) taken()
      for (const [i, { resolve, reject }] of part.entries()) {
        const answer = answers[i]
        if (answer === undefined || isUtnetError(answer)) reject(answer)
        else resolve(answer)
      }
    } catch (error) {
      for (const { reject } of part) reject(error)
    } finally {
      running--
      count -= part.length
      schedule()
    }
  }

  function flush(): void {
    scheduled = false
    while (running < BATCHES && waiting.length > 0) {
      running++
      void run(waiting.splice(0, BATCH))
    }
  }

  /** At the end of the turn, so that what came in one read of the sockets goes together. */
  function schedule(): void {
    if (scheduled || running >= BATCHES || waiting.length === 0) return
    scheduled = true
    setImmediate(flush)
  }

  return {
    async take(wire) {
      if (count >= LIMITS.submitsWaiting)
        throw limitError('mempool_full', 'submitsWaiting', count + 1, LIMITS.submitsWaiting, 'transactions that wait to be checked')
      count++
      return new Promise<TakenTx>((resolve, reject) => {
        waiting.push({ wire, resolve, reject })
        schedule()
      })
    },
  }
}
