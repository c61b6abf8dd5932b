/** A node that begins makes ready what the chain keeps so, the last used first, while it serves: a block that comes before is right too, and takes longer once. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { isUtnetError, type CID, type ContractExecutor } from '../../core/index.ts'

export interface WarmUp {
  /** Resolves when all are ready, or it was stopped. */
  readonly done: Promise<void>
  stop(): Promise<void>
}

/** Makes modules ready, one in each turn of the event loop. One whose bytes are not here is left to who calls it. */
export function warmUp(modules: readonly CID[], executor: Pick<ContractExecutor, 'ready'>): WarmUp {
  let stopped = false
  async function run(): Promise<void> {
    for (const module of modules) {
      await nextTurn()
      if (stopped) return
      try {
        executor.ready(module)
      } catch (error) {
        if (!isUtnetError(error)) throw error
      }
    }
  }
  const done = run()
  return {
    done,
    stop() {
      stopped = true
      return done
    },
  }
}
