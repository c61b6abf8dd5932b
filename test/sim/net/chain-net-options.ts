/** What a net of validators is asked to run, and what it tells of the run. */
import type { TxPayload } from '../../../runtime/core/index.ts'
import type { Refusal, RoundWorkOptions } from '../../../runtime/consensus/bft/index.ts'
import type { BftCrypto, Message } from '../../../runtime/consensus/messages/index.ts'
import type { Chain, ChainCrypto, RewardRecord } from '../../../runtime/consensus/index.ts'
import type { signTx, testGenesis, TestUser, TestValidator } from '../../../runtime/consensus/testing/test-kit.ts'
import type { Monitor } from '../monitor.ts'
import type { ChainWeather } from './chain-weather.ts'
import type { ChainNetCode } from './net-code.ts'

/** What a validator sends to one peer in place of a message of its own. */
export interface ChainLiar {
  readonly index: number
  outgoing(message: Message, to: number, own: BftCrypto): readonly Message[]
  /** How much later than others' its messages come; none without it. */
  delayMs?(message: Message, to: number): number
}

/** The work of rounds: who has which chips, and how each validator does its part. */
export interface ChainNetWork {
  /** What a validator has in the first blocks. */
  firstPayloads(validator: TestValidator, chain: Chain): readonly Parameters<typeof signTx>[1]['payload'][]
  part(index: number, validator: TestValidator, chain: Chain): Pick<RoundWorkOptions, 'environment' | 'chips'>
}

/** What is run; all that is not said is calm and honest. */
export interface ChainNetOptions {
  readonly seed: number
  readonly heights: number
  /** Founding power of each validator; 1, 2, 3 and 4 without it. One of 0 is none of the genesis. */
  readonly powers?: readonly number[]
  /** Operation of the first node's disk at which it loses power. */
  readonly crashAt?: number
  /** Write or sync of the first node's disk that fails with an error, as on a full disk; the node is started again later. */
  readonly failAt?: { readonly write: number } | { readonly sync: number }
  /** Share of messages lost. */
  readonly drop?: number
  /** Messages that are lost beside. */
  readonly lose?: (message: Message, way: Way) => boolean
  /** Cuts, losses, delays and losses of power of these kinds, drawn from the seed, with calm between. */
  readonly weather?: readonly ChainWeather[]
  readonly liar?: ChainLiar
  /** Whoever sees evidence brings it onto the chain. */
  readonly report?: boolean
  /** Chips come to the validators while the chain runs, so that powers change from epoch to epoch. */
  readonly turnover?: boolean
  /** Nobody keeps the precommits by which it left a round (`before` of its row). */
  readonly forgetsBefore?: boolean
  /** Further choices of the genesis. */
  readonly genesis?: NonNullable<Parameters<typeof testGenesis>[0]>
  /** Called with the validators before any of them runs. */
  readonly begin?: (validators: readonly TestValidator[]) => Promise<void>
  /** Called once for each height that is reached first, with a chain that has it: transactions to send. Senders are validators, or none of them. */
  readonly act?: (height: number, chain: Chain, validators: readonly TestValidator[]) => readonly (readonly [TestUser, TxPayload])[]
  /** Validators that lose power when a height is reached first. */
  readonly falls?: Readonly<Record<number, readonly number[]>>
  /** Those that lose power at a time, milliseconds from the start. */
  readonly fallsAtMs?: Readonly<Record<number, readonly number[]>>
  /** Virtual time at which a run without all its heights is red; an hour without it. */
  readonly untilMs?: number
  readonly work?: ChainNetWork
  /** Contracts run on real hosts, and their code goes over the net; without it a simulated executor has all code. */
  readonly code?: ChainNetCode
  /** How long validators wait behind a block; nothing without it. */
  readonly pauseMs?: number
  /** What a validator checks signatures with in place of the true port. */
  readonly port?: (index: number, own: ChainCrypto) => ChainCrypto
  /** Each validator computes all for itself, as in a process of its own. */
  readonly apart?: boolean
}

/** Between which validators a message is on its way, and when: milliseconds from the start. */
export interface Way {
  readonly from: number
  readonly to: number
  readonly atMs: number
}

/** What became of a block's reward. */
export interface NetReward {
  readonly height: number
  readonly round: number
  /** Place of the proposer among the validators. */
  readonly proposer: number
  /** Undefined where there was none. */
  readonly record: RewardRecord | undefined
}

/** What became of it. */
export interface ChainNetReport {
  /** Hashes of the blocks by validator, from height 1. */
  readonly blocks: readonly (readonly string[])[]
  readonly stateRoots: readonly string[]
  readonly transactions: number
  readonly crashes: number
  readonly heals: number
  /** Most rounds that it took behind a blackout until each validator had a new block. */
  readonly healRounds: number
  /** Operations of the first node's disk, where it never lost power. */
  readonly operations: number
  /** Members that somebody has evidence against. */
  readonly accused: readonly number[]
  /** Validators whose vote keys the chain has marked. */
  readonly slashed: readonly number[]
  /** Offences of the liar that others saw, each kind once. */
  readonly offences: readonly Refusal[]
  /** Most messages and blocks that one validator held at once. */
  readonly held: number
  /** Two blocks of one height with certificates. */
  readonly conflicts: Monitor['conflicts']
  readonly faults: readonly string[]
  /** By running validator, for each height from 1: the powers of all validators. */
  readonly powers: readonly (readonly (readonly number[])[])[]
  /** By height from 1, as the first validator's last block has them. */
  readonly rewards: readonly NetReward[]
  readonly minted: bigint
  /** Contracts on the chain, and by running validator how many of those on its own chain it has no code of. */
  readonly contracts: number
  readonly lacking: readonly number[]
}
