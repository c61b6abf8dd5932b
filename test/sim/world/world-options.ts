/** What a world may be asked for, and what it tells. */
import type { BftCrypto, Member } from '../../../runtime/consensus/messages/index.ts'
import type { Monitor } from '../monitor.ts'
import type { Weather } from './world-weather.ts'

/** What a run may do without, to show that it is needed. */
export const DEFENCES = [
  'locks',
  'lock-proof',
  'signed-row',
  'phase',
  'height',
  'time',
  'leader-draw',
  'third',
  'rounds',
  /** Messages are sent once. */
  'resend',
  /** The power of members that cannot be heard does not count: each side of a cut goes on without the other. */
  'absent',
  /** An aggregate signature is checked. */
  'aggregate',
] as const
export type Defence = (typeof DEFENCES)[number]

export interface WorldOptions {
  readonly seed: number
  readonly nodes: number
  readonly heights: number
  /** Names of STRATEGIES for the Byzantine nodes, in turn; drawn from the seed where it is absent. */
  readonly strategies?: readonly string[]
  readonly without?: readonly Defence[]
  /** Keys in place of simulated signatures. */
  readonly keys?: (node: number) => { readonly crypto: BftCrypto; readonly foreign: BftCrypto; readonly member: Omit<Member, 'power'> }
  /** Stores on simulated disks: every commit is written, synced and torn by crashes. */
  readonly disks?: boolean
  /** Ends a run at its first conflict. */
  readonly untilConflict?: boolean
  /** The only weathers of the run; all of them without it, and calm where there is none. */
  readonly weather?: readonly Weather[]
  /** How long a leader works on a proposal before it leaves, milliseconds. */
  readonly proposeMs?: number
  /** How long nodes wait behind a block; with an odd seed a second, else nothing, unless told. */
  readonly pauseMs?: number
  /** Clocks of honest nodes run at half to twice the speed, and are set right each half second; in every third world, unless told. */
  readonly clocks?: boolean
}

export interface WorldReport {
  readonly seed: number
  readonly nodes: number
  readonly heights: number
  readonly byzantine: readonly string[]
  readonly byzantineShare: number
  readonly conflicts: Monitor['conflicts']
  readonly faults: readonly string[]
  /** Height at which the first conflict was seen. */
  readonly forkHeight: number | undefined
  readonly crashes: number
  readonly heals: number
  /** Most rounds that a heal took until every honest node had a new block. */
  readonly healRounds: number
  /** How many heals took no further round than the one at work, one more, and so on. */
  readonly healed: readonly number[]
  /** How many heights that began and ended in calm were decided in their first round, in their second, and so on. */
  readonly decided: readonly number[]
  readonly evidence: number
  readonly offences: number
  readonly txDelay: number
  readonly sigma: number
  readonly virtualMs: number
  /** The highest round that a committed certificate is of. */
  readonly rounds: number
  readonly events: number
  /** Digest of all that went through the network, and when: two runs with the same are the same run. */
  readonly trace: string
}
