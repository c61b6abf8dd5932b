/**
 * Nanoseconds a gas by class of instruction, against a chain of `i32.add`: of each class its worst member on its worst operands.
 * What costs over 3 times the reference is underpriced, and an attack.
 */
import { PARAMS } from '../../runtime/core/index.ts'
import { wat } from '../../runtime/host/testing/wat.ts'
import { ratioOf, rowOf, type Row } from '../row.ts'
import { ATTACKS } from './gas/attacks.ts'
import { chains, reference } from './gas/chains.ts'
import { freshLoopOf, loopOf, Warm } from './gas/clock.ts'
import { bytePrices } from './gas/byte-prices.ts'
import { withHostPrices, type HostPrice } from './gas/host-prices.ts'
import { withModelPrices } from './gas/model-price.ts'
import { publishPrices } from './gas/publish-price.ts'
import { crossing } from './gas/crossing.ts'

const AREA = 'host'
const BAR = 3
const ROUNDS = 7
/** About what a chain of loads takes for one pass over 16 MiB, and several over less. */
const PASS_MS = 12
/** Members of a class that are measured again, the worst of a first look. */
const FINALISTS = 3

interface Member {
  readonly name: string
  readonly warm: Warm
  /** Of a first look; times the reference. */
  readonly ratio: number
}

const slug = (name: string): string => name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)

/** Every price of the table; what is priced by how far a memory reaches once for each tier. */
function classNames(): readonly string[] {
  const { memory, ...classes } = PARAMS.wasm
  return [...Object.keys(classes), ...memory.flatMap(({ pages, ...prices }) => Object.keys(prices).map((name) => `${name}-${pages}`))]
}

/** The worst members of every class, at a first look. */
async function worst(base: Warm): Promise<ReadonlyMap<string, readonly Member[]>> {
  const classes = new Map<string, readonly Member[]>(classNames().map((name) => [name, []]))
  const look = async (name: string, what: string, make: () => Warm): Promise<void> => {
    const warm = await make().warm()
    const seen = [...(classes.get(name) ?? []), { name: what, warm, ratio: warm.best(3) / base.best(3) }]
    classes.set(name, seen.sort((a, b) => b.ratio - a.ratio).slice(0, FINALISTS))
  }
  for (const { name, price, bytes } of chains()) if (price !== 'free') await look(price, name, () => new Warm(loopOf(bytes)))
  for (const { class: of, name, text, fresh } of ATTACKS) {
    const bytes = await wat(text)
    const slice = of.startsWith('load-') ? PASS_MS : undefined
    await look(of, name, () => new Warm(fresh === undefined ? loopOf(bytes) : freshLoopOf(bytes, fresh), slice))
  }
  return classes
}

/** Of each price the candidate that is dearest at a first look. */
async function worstOf(prices: readonly HostPrice[]): Promise<readonly HostPrice[]> {
  const found = new Map<string, { readonly price: HostPrice; readonly perGas: number }>()
  for (const price of prices) {
    const { id, gas, ns } = price
    const perGas = Math.min(await ns(), await ns(), await ns()) / gas
    const before = found.get(id)
    if (before === undefined || perGas > before.perGas) found.set(id, { price, perGas })
  }
  return [...found.values()].map(({ price }) => price)
}

/** Measures every class in about two minutes. Throws where a class has no member: a price that nothing holds is a guess. */
export async function gasRows(emit: (row: Row) => void): Promise<void> {
  const base = await new Warm(loopOf(reference())).warm()
  const peer = 'a chain of i32.add'
  const nanoseconds: number[] = []
  for (const [name, members] of await worst(base)) {
    if (members.length === 0) throw new Error(`no instruction of the class ${name} was measured`)
    const rows = members.map((m) => {
      const ours: number[] = []
      const theirs: number[] = []
      for (let i = 0; i < ROUNDS; i++) {
        ours.push(m.warm.best(3))
        theirs.push(base.best(3))
      }
      nanoseconds.push(...theirs)
      return ratioOf(AREA, { id: `host.gas.${slug(name)}`, row: `ns a gas of ${m.name}`, peer, ours, theirs, atMost: BAR })
    })
    emit(rows.reduce((a, b) => (b.value > a.value ? b : a)))
  }
  const call = await crossing()
  const ours: number[] = []
  const theirs: number[] = []
  for (let i = 0; i < ROUNDS; i++) {
    ours.push(Math.min(await call(), await call(), await call()))
    theirs.push(base.best(3))
  }
  emit(ratioOf(AREA, { id: 'host.gas.host-call', row: 'ns a gas of a host call that does nothing else', peer, ours, theirs, atMost: BAR }))
  const priced = async (prices: readonly HostPrice[]): Promise<void> => {
    for (const { id, name, gas, aside, ns } of await worstOf(prices)) {
      const measured: number[] = []
      const beside: number[] = []
      for (let i = 0; i < ROUNDS; i++) {
        measured.push(Math.min(await ns(), await ns(), await ns(), await ns()) / gas)
        beside.push(base.best(3))
      }
      const bar = aside === true ? {} : { atMost: BAR }
      emit(ratioOf(AREA, { id: `host.gas.${id}`, row: `ns a gas of ${name}`, peer, ours: measured, theirs: beside, ...bar }))
    }
  }
  await withHostPrices(priced)
  await priced(bytePrices())
  await priced(await publishPrices())
  await withModelPrices(priced)
  emit(rowOf(AREA, { id: 'host.gas.reference', row: `ns a gas of ${peer}`, unit: 'ns', values: nanoseconds }))
}
