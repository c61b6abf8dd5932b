/** How long a step waits: 1 s x 1.5^round in whole milliseconds, at most a minute. */
const MAX_MS = 60_000

/** What was sent is sent again so often while a height is open. */
export const RESEND_MS = 1_000

/** So long a validator waits behind a block that it decided before it works on the next, unless told otherwise. */
export const PAUSE_MS = 1_000

/** A round beyond this is refused: it would be reached after two years of rounds of a minute. */
export const MAX_ROUND = 1_000_000

/** Milliseconds that a step of a round waits, `baseMs` in round 0. */
export function timeoutMs(baseMs: number, round: number): number {
  let ms = baseMs
  for (let i = 0; i < round && ms < MAX_MS; i++) ms = Math.floor((ms * 3) / 2)
  return Math.min(ms, MAX_MS)
}
