/**
 * Ours and anvil by turns, each behind its own HTTP server on loopback: the same client, one signed transaction a request, as many kept connections, each server held to
 * processor 0, the clock until the last is final. Anvil as it starts by default has the bar, as what the bar was taken from; with a block each tenth of a second it stands beside.
 */
import { ratioOf, rowOf, type Row } from '../../row.ts'
import { notRun } from '../not-run.ts'
import { submitToPeer, type Mode } from '../peers/anvil-single.ts'
import type { EthSender } from '../peers/ethereum.ts'
import { ON_ONE_CORE } from '../pinned.ts'

/** Those with which anvil was quickest in its default mode, of 8 to 64. */
export const CONNECTIONS = 64
const ROUNDS = 3

export interface Sides {
  /** Transactions a second of a node that is started, made ready and stopped. */
  readonly ours: () => Promise<number>
  readonly peer: {
    readonly from: readonly EthSender[]
    /** Rounds of raw transactions; of the slower mode fewer are sent. */
    readonly rounds: readonly (readonly string[])[]
    /** Automine, which was sent a share of them, goes on with the others and is measured again by the last of them. */
    readonly sustained?: boolean
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

/** Automine takes a block each: fewer say as much. */
const SHARE: Readonly<Record<Mode, number>> = { automine: 0.25, interval: 1 }

export async function loopbackRows(emit: (row: Row) => void, { ids, peer, what, against }: Names, sides: Sides): Promise<void> {
  const ours: number[] = []
  const theirs: Readonly<Record<Mode, number[]>> = { automine: [], interval: [] }
  const sustained: number[] = []
  let missing: unknown
  const { from, rounds, before } = sides.peer
  const round = async (mode: Mode): Promise<void> => {
    const timed = Math.ceil(rounds.length * SHARE[mode])
    const again = sides.peer.sustained === true && timed < rounds.length
    const parts = [rounds.slice(0, timed), ...(again ? [rounds.slice(timed, -timed), rounds.slice(-timed)] : [])]
    const rates = await submitToPeer(
      mode,
      from,
      parts.map((part) => part.flat()),
      CONNECTIONS,
      before,
    )
    theirs[mode].push(rates[0] as number)
    if (again) sustained.push(rates.at(-1) as number)
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
  const how = `${what}, one a request on ${CONNECTIONS} kept connections over loopback, until the last is in a final block; ${ON_ONE_CORE}`
  emit(rowOf('chain', { id: `${ids}.loopback-per-s`, row: how, unit: '1/s', values: ours }))
  if (missing !== undefined) return notRun(emit, `${ids}.vs-${peer}`, 'anvil', 5, missing)
  const ratio = (id: string, mode: string, rates: readonly number[], bar: { readonly atLeast?: number }): void =>
    emit(
      ratioOf('chain', { id, row: `${how}; against ${against} ${mode}, by the same client`, peer: 'anvil', ours, theirs: rates, ...bar }),
    )
  ratio(`${ids}.vs-${peer}`, 'as it starts by default', theirs.automine, { atLeast: 5 })
  if (sustained.length > 0) ratio(`${ids}.vs-${peer}-sustained`, 'as it starts by default, some seconds later', sustained, {})
  ratio(`${ids}.vs-${peer}-interval`, 'with a block each 0.1 s', theirs.interval, {})
}
