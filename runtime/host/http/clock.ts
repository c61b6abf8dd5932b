/** A clock that no machine moves, and what a guest can wait for. */

const LOOK = 1_000
/** The end of time. */
export const LAST = 0xffff_ffff_ffff_ffffn

/** What a pollable waits for; null is ready always. */
export type Pollable = null | { readonly kind: 'timer'; readonly at: bigint } | { readonly kind: 'answer'; readonly answer: Awaited }

/** Something under way outside. */
export interface Awaited {
  readonly done: boolean
  /** Resolves when it is done. */
  wait(): Promise<void> | undefined
}

export class Clock {
  /** Nanoseconds. */
  now = 0n

  look(): bigint {
    const { now } = this
    this.now = this.after(BigInt(LOOK))
    return now
  }

  /** Time `nanoseconds` from now, at most the end of time. */
  after(nanoseconds: bigint): bigint {
    const at = this.now + nanoseconds
    return at > LAST ? LAST : at
  }
}
