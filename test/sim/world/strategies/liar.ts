/** What a Byzantine node is to its strategy: the honest machine, its own keys, and a hand on everything that it sends and hears. */
import { Bft } from '../../../../runtime/consensus/bft/index.ts'
import {
  heightOf,
  type BftCrypto,
  type LockNotice,
  type Message,
  type Proposal,
  type Vote,
} from '../../../../runtime/consensus/messages/index.ts'
import { bitsOf, toHex } from '../../../../runtime/core/index.ts'
import { noise, type SmallApp } from '../small-chain.ts'

/** The machine that votes as if it were never locked. */
export class UnlockedBft extends Bft {
  protected override lockAllows(): boolean {
    return true
  }
}

/** The machine without any memory of earlier rounds, neither to vote nor to propose by: all that a lock is. */
export class ForgetfulBft extends UnlockedBft {
  protected override proposesAgain(): boolean {
    return false
  }
}

/** The machine that believes any justification of an old block. */
export class CredulousBft extends Bft {
  protected override justified(): boolean {
    return true
  }
}

export interface Memory {
  readonly seen: Message[]
  readonly other: Map<string, Proposal>
  lock: LockNotice | undefined
  /** The height for which early blocks were sent. */
  early: number
  /** The first block of its own at a height. */
  first: Proposal | undefined
}

export const newMemory = (): Memory => ({ seen: [], other: new Map(), lock: undefined, early: 0, first: undefined })

export interface Liar {
  readonly index: number
  readonly nodes: number
  readonly crypto: BftCrypto
  /** The same key on another chain. */
  readonly foreign: BftCrypto
  readonly random: () => number
  readonly app: SmallApp
  /** Sends by itself. */
  say(message: Message, to: number, delayMs?: number): void
  /** Groups of a cut network, while it is cut. */
  groups(): readonly number[] | undefined
  /** Goes down and comes back. */
  restart(): void
  readonly memory: Memory
}

export interface Strategy {
  /** A machine in place of the honest one. */
  readonly machine?: typeof Bft
  /** What goes to one peer in place of a message of its own. */
  readonly outgoing?: (liar: Liar, message: Message, to: number) => readonly Message[]
  /** Sees what arrives. */
  readonly seen?: (liar: Liar, message: Message, from: number) => void
  /** Two copies run with one key, each with half of the others. */
  readonly twins?: boolean
  /** It comes back without the row of what it signed. */
  readonly forgets?: boolean
  /** No cut of the network is one for it. */
  readonly bridges?: boolean
}

export const sideOf = (liar: Liar, to: number): boolean => (to + liar.index) % 2 === 0

export function signedVote(liar: Liar, like: Pick<Vote, 'height' | 'round' | 'phase'>, block: string | null): Vote {
  const body = { height: like.height, round: like.round, phase: like.phase, block }
  return { kind: 'vote', ...body, voter: liar.index, signature: liar.crypto.signVote(body) }
}

export function signedProposal(liar: Liar, like: Proposal, payload: Uint8Array, validRound = like.validRound, lock = like.lock): Proposal {
  const id = liar.app.options.rules.read(payload)?.label.id ?? like.block
  const body = { height: like.height, round: like.round, validRound, block: id }
  return { kind: 'proposal', ...body, proposer: liar.index, payload, lock, signature: liar.crypto.signProposal(body) }
}

/** A block that somebody proposed at this height, other than the given one. */
export function otherBlock(liar: Liar, height: number, block: string | null): string | null {
  for (const m of liar.memory.seen) if (m.kind === 'proposal' && m.height === height && m.block !== block) return m.block
  for (const p of liar.memory.other.values()) if (p.height === height && p.block !== block) return p.block
  return null
}

export function everyone(liar: Liar, message: Message): void {
  for (let to = 0; to < liar.nodes; to++) if (to !== liar.index) liar.say(message, to)
}

/** Everybody is said to have signed. */
export const forgedQuorum = (liar: Liar) => ({
  block: toHex(noise(liar.random, 32)),
  signers: bitsOf(Array.from({ length: liar.nodes }).keys(), liar.nodes),
  signature: noise(liar.random, 96),
})

/** Whether a place is of the height that is open for the liar. */
export const isOpen = (liar: Liar, message: Message): boolean => heightOf(message) === liar.app.head.height + 1

/** Remembers what passed, within bounds. */
export function remember(liar: Liar, message: Message): void {
  const { seen } = liar.memory
  if (message.kind === 'lock') liar.memory.lock = message
  if (message.kind === 'want' || message.kind === 'final') return
  if (seen.length >= 128) seen[Math.floor(liar.random() * seen.length)] = message
  else seen.push(message)
}
