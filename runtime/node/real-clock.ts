/** Real time, as the Clock port. */
import type { Clock } from '../core/index.ts'

export const realClock: Clock = {
  nowMs: () => Date.now(),
  // that of node:timers/promises makes an error with its stack for each early end
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const done = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal?.addEventListener('abort', done)
    }),
}
