/** Time comes in as an input: milliseconds since 1970, and timers. Real time is wired in `runtime/node`. */
export interface Clock {
  nowMs(): number
  /** Resolves after that many milliseconds, or early when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
