/** Messages of heights to come, few of each peer: nothing of them can be checked yet. */
import type { Peer } from './events.ts'
import { heightOf, type FinalNotice, type Message } from '../messages/index.ts'

/** Messages kept of one peer. */
const PER_PEER = 64
/** Bytes of payloads behind which no more is kept of one peer: as much as it is given of final blocks at once. */
const BYTES_OF_PEER = 16 * 1024 * 1024
/** Heights ahead that are kept. */
const HEIGHTS = 8

const bytesOf = (message: Message): number => ('payload' in message ? message.payload.length : 0)

export class Inbox {
  readonly #held = new Map<Peer, Message[]>()

  get size(): number {
    let n = 0
    for (const list of this.#held.values()) n += list.length
    return n
  }

  /** False when the message is not kept. */
  add(from: Peer, message: Message, present: number): boolean {
    if (heightOf(message) > present + HEIGHTS) return false
    const list = this.#held.get(from)
    if (list === undefined) this.#held.set(from, [message])
    else if (list.length < PER_PEER && list.reduce((n, m) => n + bytesOf(m), 0) <= BYTES_OF_PEER) list.push(message)
    else return false
    return true
  }

  /** Whether there is a final block of a height that holds. Those that do not are forgotten; gives who told them. */
  hasFinal(height: number, holds: (final: FinalNotice) => boolean): { readonly found: boolean; readonly liars: readonly Peer[] } {
    const liars: Peer[] = []
    for (const [from, list] of this.#held) {
      for (let at = list.length - 1; at >= 0; at--) {
        const message = list[at] as Message
        if (message.kind !== 'final' || heightOf(message) !== height) continue
        if (holds(message)) return { found: true, liars }
        list.splice(at, 1)
        liars.push(from)
      }
    }
    return { found: false, liars }
  }

  /** Takes out what is of a height, and forgets what is older. */
  take(height: number): { readonly from: Peer; readonly message: Message }[] {
    const out: { from: Peer; message: Message }[] = []
    for (const [from, list] of this.#held) {
      const left: Message[] = []
      for (const message of list) {
        const of = heightOf(message)
        if (of === height) out.push({ from, message })
        else if (of > height) left.push(message)
      }
      if (left.length === 0) this.#held.delete(from)
      else this.#held.set(from, left)
    }
    return out
  }
}
