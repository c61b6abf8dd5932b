/** What befalls the network of the real chain between two calm times; all of it is drawn from the seed. */
import type { Message } from '../../../runtime/consensus/messages/index.ts'

/** `power`: half of the validators lose power as it begins; `blackout`: nearly all of them as it ends. */
export const CHAIN_WEATHERS = ['halves', 'lossy', 'thirds', 'power', 'blackout'] as const
export type ChainWeather = (typeof CHAIN_WEATHERS)[number]

export interface Net {
  readonly spreadMs: number
  readonly drop: number
  /** Chance that a precommit or a final block is lost beside: then few decide, and the others go on. */
  readonly dropLast: number
  /** The one that hears every precommit and final block: it goes on alone. */
  readonly ear?: number
  /** Groups that hear each other; without it all do. */
  readonly groups?: readonly number[]
}

/** Chance of a validator to lose power, by weather. */
export const POWER_LOSS: Readonly<Partial<Record<ChainWeather, number>>> = { power: 0.5, blackout: 0.8 }

const groups = (random: () => number, nodes: number, parts: number): number[] =>
  Array.from({ length: nodes }, () => Math.floor(random() * parts))

/** The network of a kind of weather. */
export function badWeather(kind: ChainWeather, calm: Net, random: () => number, nodes: number): Net {
  switch (kind) {
    case 'halves':
      return { ...calm, groups: groups(random, nodes, 2) }
    case 'lossy':
      return { ...calm, spreadMs: 1_500, drop: random() * 0.4 }
    case 'thirds':
      return { ...calm, spreadMs: 200, drop: 0.1, groups: groups(random, nodes, 3) }
    case 'power':
      return { ...calm }
    case 'blackout':
      // one hears enough precommits to go on, few others do, and all lose what they heard
      return {
        ...calm,
        spreadMs: 50 + random() * 1_500,
        drop: random() * 0.4,
        dropLast: 0.3 + random() * 0.7,
        ear: Math.floor(random() * nodes),
      }
  }
}

/** Whether the network loses a message, or code and the asking for it, on its way between two validators. */
export function isLost(net: Net, random: () => number, from: number, to: number, message: Message | 'code'): boolean {
  const last = message !== 'code' && isLast(message)
  return (
    (random() < net.drop && !(last && to === net.ear)) ||
    (last && net.dropLast > 0 && to !== net.ear && random() < net.dropLast) ||
    (net.groups !== undefined && net.groups[from] !== net.groups[to])
  )
}

const isLast = (message: Message): boolean => message.kind === 'final' || (message.kind === 'vote' && message.phase === 'precommit')
