/** How a node that runs until told is told. */
import { whenParentIsGone } from './parent.ts'

/** Signals this close to the first are the same wish: a terminal and a parent process both pass Ctrl-C on. */
const SAME_WISH_MS = 1_000

/** Resolves at the first SIGINT, SIGTERM or SIGHUP, or when the process that launched this one is gone; a later signal ends the process at once. */
export function askedToStop(): Promise<void> {
  return new Promise((resolve) => {
    let first: number | undefined
    const asked = (): void => {
      if (first === undefined) {
        first = performance.now()
        resolve()
      } else if (performance.now() - first > SAME_WISH_MS) process.exit(1)
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, asked)
    process.on('disconnect', asked)
    whenParentIsGone(asked)
    // The channel to the launcher must not keep the process alive.
    process.channel?.unref()
  })
}
