/**
 * Ours and anvil by turns, each behind its own HTTP server on loopback: the same client, one signed transaction a request, as many kept connections, as many transactions of each
 * sender before the clock and behind it, each server held to processor 0, the clock until the last is final. Anvil as it starts by default has the bar, as what the bar was taken from;
 * with a block each tenth of a second, and fresh, when it is quickest, it stands beside.
 */
import { ratioOf, rowOf, type Row } from '../../row.ts'
import { notRun } from '../not-run.ts'
import { submitToPeer, type Mode } from '../peers/anvil-single.ts'
import type { EthSender } from '../peers/ethereum.ts'
import { ON_ONE_CORE } from '../pinned.ts'

/** Those with which anvil was quickest in its default mode, of 8 to 64. */
export const CONNECTIONS = 64
const ROUNDS = 3
/** Transactions of each sender before the clock starts, and while it runs. What runs once a call is compiled by then (bench/README.md has the curve). */
export const WARM = 20
export const TIMED = 10
/** Of those before, the peer's first ones are timed, too. */
const FRESH = 5

export interface Sides {
  /** Transactions a second of a node that is started, made ready and stopped. */
  readonly ours: () => Promise<number>
  readonly peer: {
    readonly from: readonly EthSender[]
    /** Rounds of raw transactions, one of each sender: `WARM` and `TIMED`. */
    readonly rounds: readonly (readonly string[])[]
    /** What makes it ready for them. */
    readonly before: readonly (readonly string[])[]
  }
}

export interface Names {
  /** `chain.transfers` */
  readonly ids: string
  /** `anvil`, `erc20` */
  readonly peer: string
  readonly what: string
  readonly against: string
}

export async function loopbackRows(emit: (row: Row) => void, { ids, peer, what, against }: Names, sides: Sides): Promise<void> {
  const ours: number[] = []
  const theirs: Readonly<Record<Mode, number[]>> = { automine: [], interval: [] }
  const fresh: number[] = []
  let missing: unknown
  const { from, rounds, before } = sides.peer
  const parts = [rounds.slice(0, FRESH), rounds.slice(FRESH, WARM), rounds.slice(WARM)].map((part) => part.flat())
  const round = async (mode: Mode): Promise<void> => {
    const rates = await submitToPeer(mode, from, parts, CONNECTIONS, before)
    theirs[mode].push(rates.at(-1) as number)
    if (mode === 'automine') fresh.push(rates[0] as number)
  }
  for (let i = 0; i < ROUNDS; i++) {
    ours.push(await sides.ours())
    if (missing !== undefined) continue
    try {
      await round('automine')
      await round('interval')
    } catch (error) {
      missing = error
    }
  }
  const how = `${what}, one a request on ${CONNECTIONS} kept connections over loopback, until the last is in a final block, behind ${WARM} of each sender; ${ON_ONE_CORE}`
  emit(rowOf('chain', { id: `${ids}.loopback-per-s`, row: how, unit: '1/s', values: ours }))
  if (missing !== undefined) return notRun(emit, `${ids}.vs-${peer}`, 'anvil', 5, missing)
  const ratio = (id: string, mode: string, rates: readonly number[], bar: { readonly atLeast?: number }): void =>
    emit(
      ratioOf('chain', { id, row: `${how}; against ${against} ${mode}, by the same client`, peer: 'anvil', ours, theirs: rates, ...bar }),
    )
  ratio(`${ids}.vs-${peer}`, 'as it starts by default', theirs.automine, { atLeast: 5 })
  ratio(`${ids}.vs-${peer}-fresh`, `as it starts by default, by its first ${FRESH} of each sender`, fresh, {})
  ratio(`${ids}.vs-${peer}-interval`, 'with a block each 0.1 s', theirs.interval, {})
}
