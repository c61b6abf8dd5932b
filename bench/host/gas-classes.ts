/**
 * Nanoseconds a gas by class of instruction, against a chain of `i32.add`: of each class its worst member on its worst operands.
 * What costs over 3 times the reference is underpriced, and an attack.
 */
import { PARAMS } from '../../runtime/core/index.ts'
import { wat } from '../../runtime/host/testing/wat.ts'
import { median, ratioOf, rowOf, type Row } from '../row.ts'
import { ATTACKS } from './gas/attacks.ts'
import { chains, reference } from './gas/chains.ts'
import { freshLoopOf, loopOf, Warm, type Loop } from './gas/clock.ts'
import { besideNeighbours } from './gas/neighbour.ts'
import { bytePrices } from './gas/byte-prices.ts'
import { fieldsPrices } from './gas/fields-price.ts'
import { withHostPrices, type HostPrice } from './gas/host-prices.ts'
import { withModelPrices } from './gas/model-price.ts'
import { withMountPrice } from './gas/mount-price.ts'
import { publishPrices } from './gas/publish-price.ts'
import { withRunPrices } from './gas/run-prices.ts'
import { crossing } from './gas/crossing.ts'

const AREA = 'host'
const BAR = 3
const ROUNDS = 7
/** Slices of a round; and of a first look. */
const SLICES = 9
/** What a growing memory takes cannot be cut shorter than one instance. */
const FRESH_SLICES = 3
/** Work of the host is no loop of ours: a slice of it takes a millisecond or more. */
const HOST_SLICES = 5
/** Members of a class that are measured again, the worst of a first look. */
const FINALISTS = 3
const peer = 'a chain of i32.add'

interface Member {
  readonly name: string
  readonly warm: Warm
  readonly slices: number
  /** Of a first look; times the reference. */
  readonly ratio: number
}

/** Nanoseconds a gas of ours and of the reference, medians of slices that take turns: what disturbs one disturbs the other. */
async function byTurns(slices: number, ours: () => number | Promise<number>, base: Warm): Promise<readonly [number, number]> {
  const taken: number[] = []
  const beside: number[] = []
  for (let i = 0; i < slices; i++) {
    beside.push(base.slice())
    taken.push(await ours())
  }
  return [median(taken), median(beside)]
}

/** The row of a price: `ROUNDS` of turns. */
async function rowOfTurns(
  id: string,
  row: string,
  slices: number,
  ours: () => number | Promise<number>,
  base: Warm,
  bar = true,
): Promise<{ readonly row: Row; readonly theirs: readonly number[] }> {
  const [measured, theirs]: [number[], number[]] = [[], []]
  for (let i = 0; i < ROUNDS; i++) {
    const [own, beside] = await byTurns(slices, ours, base)
    measured.push(own)
    theirs.push(beside)
  }
  const held = bar ? { atMost: BAR } : {}
  return { row: ratioOf(AREA, { id: `host.gas.${id}`, row: `ns a gas of ${row}`, peer, ours: measured, theirs, ...held }), theirs }
}

const slug = (name: string): string => name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)

/** Every price of the table; what is priced by reach once for each tier. */
function classNames(): readonly string[] {
  const { memory, code, ...classes } = PARAMS.wasm
  return [
    ...Object.keys(classes),
    ...memory.flatMap(({ pages, ...prices }) => Object.keys(prices).map((name) => `${name}-${pages}`)),
    ...code.flatMap(({ functions, bytes: _, ...prices }) => Object.keys(prices).map((name) => `${name}-${functions}`)),
  ]
}

/** The worst members of every class, at a first look. */
async function worst(base: Warm): Promise<ReadonlyMap<string, readonly Member[]>> {
  const classes = new Map<string, readonly Member[]>(classNames().map((name) => [name, []]))
  const look = async (name: string, what: string, loop: Loop, slices: number): Promise<void> => {
    const warm = await new Warm(loop).warm()
    const [own, beside] = await byTurns(slices, () => warm.slice(), base)
    const seen = [...(classes.get(name) ?? []), { name: what, warm, slices, ratio: own / beside }]
    classes.set(name, seen.sort((a, b) => b.ratio - a.ratio).slice(0, FINALISTS))
  }
  for (const { name, price, bytes } of chains()) if (price !== 'free') await look(price, name, loopOf(bytes), SLICES)
  for (const { class: of, name, text, fresh } of ATTACKS) {
    const bytes = typeof text === 'string' ? await wat(text) : text()
    if (fresh === undefined) await look(of, name, loopOf(bytes), SLICES)
    else await look(of, name, freshLoopOf(bytes, fresh), FRESH_SLICES)
  }
  return classes
}

/** Of each price the candidate that is dearest at a first look. */
async function worstOf(prices: readonly HostPrice[]): Promise<readonly HostPrice[]> {
  const found = new Map<string, { readonly price: HostPrice; readonly perGas: number }>()
  for (const price of prices) {
    const { id, gas, ns } = price
    const perGas = median([await ns(), await ns(), await ns()]) / gas
    const before = found.get(id)
    if (before === undefined || perGas > before.perGas) found.set(id, { price, perGas })
  }
  return [...found.values()].map(({ price }) => price)
}

/**
 * Measures every class in about two minutes, beside neighbours that use what processors share. Throws where a class has no member: a price that
 * nothing holds is a guess.
 */
export const gasRows = (emit: (row: Row) => void): Promise<void> => besideNeighbours(() => rows(emit))

async function rows(emit: (row: Row) => void): Promise<void> {
  const base = await new Warm(loopOf(reference())).warm()
  const nanoseconds: number[] = []
  const measure = async (...args: Parameters<typeof rowOfTurns>): Promise<Row> => {
    const { row, theirs } = await rowOfTurns(...args)
    nanoseconds.push(...theirs)
    return row
  }
  for (const [name, members] of await worst(base)) {
    if (members.length === 0) throw new Error(`no instruction of the class ${name} was measured`)
    const found: Row[] = []
    for (const m of members) found.push(await measure(slug(name), m.name, m.slices, () => m.warm.slice(), base))
    emit(found.reduce((a, b) => (b.value > a.value ? b : a)))
  }
  emit(await measure('host-call', 'a host call that does nothing else', SLICES, await crossing(), base))
  const priced = async (prices: readonly HostPrice[]): Promise<void> => {
    for (const { id, name, gas, aside, ns } of await worstOf(prices))
      emit(await measure(id, name, HOST_SLICES, async () => (await ns()) / gas, base, aside !== true))
  }
  await withHostPrices(priced)
  await priced(bytePrices())
  await priced(fieldsPrices())
  await withRunPrices(priced)
  await withMountPrice(priced)
  await priced(await publishPrices())
  await withModelPrices(priced)
  emit(rowOf(AREA, { id: 'host.gas.reference', row: `ns a gas of ${peer}`, unit: 'ns', values: nanoseconds }))
}
