/**
 * Guests that are made ready for who asks without paying: queries of contracts that the chain does not keep ready, descriptions, components whose transaction is not in a block
 * yet. It takes the thread that makes the blocks, from a third of a second to seconds each time, so one is made at a time, and between two the thread is left to all else for three times as long.
 */
import { fileCid, limitError, LIMITS, type CID, type Clock, type GuestInfo } from '../../core/index.ts'
import type { Host } from '../../host/index.ts'

/** Times the work that is waited behind it: at most a quarter of the thread goes to it. */
const REST = 3

export interface ColdLoads {
  /** What a guest is, ready. Throws `host_busy` where too many wait, and what the host's `load` throws. */
  load(module: CID): Promise<GuestInfo>
  /** The same of bytes at hand. */
  admit(component: Uint8Array): Promise<GuestInfo>
  /** Lets those that wait go on at once: what they need is closed, which they are told. */
  close(): void
}

export function createColdLoads(host: Pick<Host, 'load' | 'loaded' | 'admit'>, clock: Clock): ColdLoads {
  const closing = new AbortController()
  let turn: Promise<unknown> = Promise.resolve()
  let waiting = 0

  function inTurn(work: () => Promise<GuestInfo>): Promise<GuestInfo> {
    if (waiting >= LIMITS.coldLoads)
      return Promise.reject(limitError('host_busy', 'coldLoads', waiting + 1, LIMITS.coldLoads, 'guests that wait to be made ready'))
    waiting++
    let ms = 0
    const mine = turn.then(async () => {
      const began = clock.nowMs()
      try {
        return await work()
      } finally {
        ms = clock.nowMs() - began
        waiting--
      }
    })
    turn = mine.catch(() => {}).then(() => clock.sleep(REST * ms, closing.signal))
    return mine
  }

  const load = (module: CID): Promise<GuestInfo> => (host.loaded(module) ? host.load(module) : inTurn(() => host.load(module)))

  async function admit(component: Uint8Array): Promise<GuestInfo> {
    const module = fileCid(component)
    return host.loaded(module) ? host.load(module) : inTurn(() => host.admit(component))
  }

  return { load, admit, close: () => closing.abort() }
}
