/** Who is behind, or ahead, at one height: a peer is asked, or helped, once until what was said is said again. */
import type { Peer } from './events.ts'

export class Stragglers {
  readonly #asked = new Set<Peer>()
  readonly #helped = new Set<Peer>()
  /** The highest round in which a peer has shown a vote or proposal at this height. */
  readonly #rounds = new Map<Peer, number>()

  /** A height begins. */
  reset(): void {
    this.again()
    this.#rounds.clear()
  }

  /** What was asked and sent may have been lost. */
  again(): void {
    this.#asked.clear()
    this.#helped.clear()
  }

  /** A peer showed a message of a round. */
  seenIn(peer: Peer, round: number): void {
    if (round > (this.#rounds.get(peer) ?? -1)) this.#rounds.set(peer, round)
  }

  /** True the first time that a peer is ahead by a height: it can be asked for the final block. */
  ask(peer: Peer): boolean {
    return firstOf(this.#asked, peer)
  }

  /** True the first time that a peer needs what leads into the present round: it has not been seen there. */
  help(peer: Peer, present: number): boolean {
    return (this.#rounds.get(peer) ?? 0) < present && firstOf(this.#helped, peer)
  }
}

function firstOf(peers: Set<Peer>, peer: Peer): boolean {
  if (peers.has(peer)) return false
  peers.add(peer)
  return true
}
