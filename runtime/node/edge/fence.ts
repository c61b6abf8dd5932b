/**
 * The second fence (gas is the first): a thread that stays in a guest for longer than the deadline is condemned by the main thread.
 * One shared word says where a thread is. It is even outside of guests, odd inside, another odd number each time; the watcher needs no clock of the
 * other thread. Condemning and leaving are each one compare-and-exchange on that word, so exactly one of them wins: a thread whose guest comes back
 * at the last moment either goes on unharmed, or never runs another instruction of ours and so never writes to a socket again.
 */
import type { Watch } from '../../host/index.ts'

const CONDEMNED = -1
const MASK = 0x3fff_ffff

/** The thread's side. */
export function runFence(word: Int32Array): Watch {
  let state = Atomics.load(word, 0)
  return {
    enter() {
      if (state % 2 !== 0) return
      state = (state + 1) & MASK
      Atomics.store(word, 0, state)
    },
    leave() {
      if (state % 2 === 0) return
      const next = (state + 1) & MASK
      if (Atomics.compareExchange(word, 0, state, next) === state) state = next
      // Condemned: the thread is ended from outside.
      else for (;;) Atomics.wait(word, 0, CONDEMNED)
    },
  }
}

export interface FenceWatch {
  /** Looks once; true when the thread has been in the same guest for the deadline, and is condemned from now on. */
  overdue(nowMs: number): boolean
}

/** The watcher's side; `nowMs` of a clock that only goes on. */
export function watchFence(word: Int32Array, deadlineMs: number): FenceWatch {
  let seen = 0
  let since = 0
  return {
    overdue(nowMs) {
      const state = Atomics.load(word, 0)
      if (state !== seen) {
        seen = state
        since = nowMs
        return false
      }
      if (state % 2 === 0 || nowMs - since < deadlineMs) return false
      return Atomics.compareExchange(word, 0, state, CONDEMNED) === state
    },
  }
}
