/** Real time, as the Clock port. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../core/index.ts'

export const realClock: Clock = {
  nowMs: () => Date.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal })
    } catch {
      // An abort is an early end, not an error.
    }
  },
}
