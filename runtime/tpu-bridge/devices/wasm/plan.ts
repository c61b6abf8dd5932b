/** Where the values of a recording lie, and which calls run it: everything but addresses. The same recording gives the same plan. */
import { DTYPES, UtnetError } from '../../../core/index.ts'
import type { TensorType } from '../../../core/index.ts'
import type { Lowered, Operand, Step } from '../../operators/index.ts'
import type { Guard, RecordedEntry, Recording } from '../../trace/index.ts'
import { FreeList } from './free-list.ts'

/** Kernels may read so many bytes behind an operand. */
const SLACK = 64
const ALIGN = 16

/** Room that an operand of so many bytes takes. */
export const roomFor = (bytes: number): number => Math.ceil((bytes + SLACK) / ALIGN) * ALIGN

/** Bytes of a tensor of this type. */
export const bytesOf = ({ dtype, shape }: TensorType): number => shape.reduce((n, side) => n * side, DTYPES[dtype])

export type Place =
  /** In the arena, that far from its begin. */
  | { readonly in: 'arena'; readonly at: number }
  /** A constant of the model. */
  | { readonly in: 'constants'; readonly name: string }
  /** Bytes that are known without a run. */
  | { readonly in: 'known'; readonly bytes: Uint8Array }
  /** A temporary that steps on constants alone have written: which, among those of `pack`. */
  | { readonly in: 'packed'; readonly pack: number; readonly index: number }

export interface PlannedStep {
  readonly kernel: number
  /** Undefined for one left out. */
  readonly operands: readonly (Place | undefined)[]
  readonly params: readonly number[]
  readonly shared: boolean
}

/** What constants become once where a model stays loaded. */
export interface Pack {
  /** Equal for equal contents. */
  readonly key: string
  readonly temps: readonly number[]
  readonly steps: readonly { readonly kernel: number; readonly operands: readonly PackOperand[]; readonly params: readonly number[] }[]
}

export type PackOperand = { readonly constant: string } | { readonly temp: number } | null

/** Something to do before the step of that number. */
export type Stop =
  | { readonly before: number; readonly kind: 'check'; readonly name: string; readonly bytes: Uint8Array }
  | { readonly before: number; readonly kind: 'foreign'; readonly entry: RecordedEntry }

export interface Plan {
  readonly places: ReadonlyMap<string, Place>
  readonly types: ReadonlyMap<string, TensorType>
  readonly steps: readonly PlannedStep[]
  readonly packs: readonly Pack[]
  readonly stops: readonly Stop[]
  /** For each boundary that was asked for the number of steps before it. */
  readonly marks: readonly number[]
  readonly arenaBytes: number
  /** What shared steps cost. */
  readonly sharedCost: number
}

export interface PlanOptions {
  /** The entries that run; all where nothing is said. Their inputs are constants, of the graph, or made by one of them. */
  readonly entries?: readonly RecordedEntry[]
  /** Values that must lie unharmed when the run is over. */
  readonly keep: readonly string[]
  /** Boundaries (numbers of entries) whose steps are asked for, in order. */
  readonly boundaries?: readonly number[]
}

/** Memory that one or more values share. */
interface Room {
  readonly place: Place | undefined
  readonly bytes: number
  /** Entry behind which nobody takes it. */
  last: number
  at: number
}

/** Plans the run of a recording's entries. */
export function plan(recording: Recording, options: PlanOptions): Plan {
  return new Planner(recording, options).plan()
}

class Planner {
  readonly #recording: Recording
  readonly #entries: readonly RecordedEntry[]
  readonly #keep: ReadonlySet<string>
  readonly #boundaries: readonly number[]
  readonly #guards: ReadonlyMap<string, Guard>
  readonly #rooms = new Map<string, Room>()
  readonly #arena = new FreeList()
  readonly #steps: PlannedStep[] = []
  readonly #packs: Pack[] = []
  readonly #stops: Stop[] = []
  readonly #marks: number[] = []
  /** The last entry that takes a value. */
  readonly #uses = new Map<string, number>()
  /** Rooms to be given back behind an entry. */
  readonly #over = new Map<number, Room[]>()
  #sharedCost = 0

  constructor(recording: Recording, { entries, keep, boundaries }: PlanOptions) {
    this.#recording = recording
    this.#entries = entries ?? recording.entries
    this.#keep = new Set(keep)
    this.#boundaries = boundaries ?? []
    this.#guards = new Map(recording.guards.map((guard) => [guard.name, guard]))
  }

  plan(): Plan {
    const { constants, inputs, types } = this.#recording
    this.#entries.forEach((entry, i) => {
      for (const name of entry.inputs) this.#uses.set(name, i)
    })
    for (const name of constants.keys()) this.#rooms.set(name, { place: { in: 'constants', name }, bytes: 0, last: 0, at: 0 })
    for (const name of inputs) if (types.has(name) && !constants.has(name)) this.#give(name, this.#fresh(bytesOf(this.#type(name))))
    for (const name of inputs) this.#guard(name)
    // what nobody takes is still written where a run begins: its room is free at once behind the first entry
    for (const name of inputs) this.#settle(name, 0)
    this.#entries.forEach((entry, i) => this.#entry(entry, i))
    while (this.#marks.length < this.#boundaries.length) this.#marks.push(this.#steps.length)
    const places = new Map([...this.#rooms].map(([name, room]) => [name, this.#placeOf(room)]))
    const { end } = this.#arena
    return {
      places,
      types,
      steps: this.#steps,
      packs: this.#packs,
      stops: this.#stops,
      marks: this.#marks,
      arenaBytes: end,
      sharedCost: this.#sharedCost,
    }
  }

  #type(name: string): TensorType {
    return this.#recording.types.get(name) as TensorType
  }

  #placeOf(room: Room): Place {
    return room.place ?? { in: 'arena', at: room.at }
  }

  #fresh(bytes: number): Room {
    const room = roomFor(bytes)
    return { place: undefined, bytes: room, last: -1, at: this.#arena.take(room) }
  }

  #give(name: string, room: Room): void {
    this.#rooms.set(name, room)
    const last = this.#keep.has(name) ? Number.POSITIVE_INFINITY : (this.#uses.get(name) ?? -1)
    if (last > room.last) room.last = last
  }

  /** Notes behind which entry the room of a value that entry `now` gave (or the run began with) is free. */
  #settle(name: string, now: number): void {
    const room = this.#rooms.get(name)
    if (room === undefined || room.place !== undefined || room.last === Number.POSITIVE_INFINITY) return
    const at = Math.max(room.last, now)
    this.#over.set(at, [...(this.#over.get(at) ?? []), room])
  }

  #guard(name: string): void {
    const guard = this.#guards.get(name)
    if (guard !== undefined) this.#stops.push({ before: this.#steps.length, kind: 'check', ...guard })
  }

  #entry(entry: RecordedEntry, i: number): void {
    // boundaries count entries of the whole recording
    while (this.#boundaries[this.#marks.length] === i) this.#marks.push(this.#steps.length)
    const { lowered } = entry
    if (lowered === undefined) this.#foreign(entry)
    else this.#kernels(entry, lowered, i)
    for (const name of entry.outputs) if (name !== '') this.#guard(name)
    for (const name of entry.outputs) if (name !== '') this.#settle(name, i)
    const rooms = new Set(this.#over.get(i) ?? [])
    for (const room of rooms) {
      // an alias may have made it last longer since
      if (room.last > i) continue
      room.last = Number.POSITIVE_INFINITY
      this.#arena.give(room.at, room.bytes)
    }
    this.#over.delete(i)
  }

  #foreign(entry: RecordedEntry): void {
    entry.outputs.forEach((name, o) => name !== '' && this.#give(name, this.#fresh(bytesOf(entry.types[o] as TensorType))))
    this.#stops.push({ before: this.#steps.length, kind: 'foreign', entry })
  }

  #kernels(entry: RecordedEntry, lowered: Lowered, i: number): void {
    const pack = this.#pack(entry, lowered)
    const temps = lowered.temps.map((bytes, t): Room => {
      const index = pack?.temps.indexOf(t) ?? -1
      if (index >= 0) return { place: { in: 'packed', pack: pack?.number as number, index }, bytes: 0, last: 0, at: 0 }
      return this.#fresh(bytes)
    })
    const outputs = lowered.outputs.map((type, o) => this.#output(entry, lowered, o, type, i))
    const room = (operand: Operand): Room | undefined => {
      if (operand === null) return undefined
      if (operand.of === 'temp') return temps[operand.index]
      if (operand.of === 'output') return outputs[operand.index]
      const name = entry.inputs[operand.index] ?? ''
      return name === '' ? undefined : this.#rooms.get(name)
    }
    for (const step of lowered.steps) {
      if (step.once === true) continue
      const operands = step.operands.map((operand) => {
        const found = room(operand)
        return found === undefined ? undefined : this.#placeOf(found)
      })
      this.#steps.push({ kernel: step.kernel, operands, params: step.params, shared: step.shared })
    }
    if (lowered.steps.some((step) => step.shared)) this.#sharedCost += lowered.cost
    for (const temp of temps) if (temp.place === undefined) this.#arena.give(temp.at, temp.bytes)
    // outputs that nobody names have a room for the steps that write them, and for those only
    outputs.forEach((output, o) => {
      const named = (entry.outputs[o] ?? '') !== ''
      if (!named && output.place === undefined && output.last < 0) this.#arena.give(output.at, output.bytes)
    })
  }

  #output(entry: RecordedEntry, lowered: Lowered, o: number, type: TensorType, i: number): Room {
    const name = entry.outputs[o] ?? ''
    const known = lowered.known?.get(o)
    const alias = lowered.aliases?.find(([output]) => output === o)
    const found =
      known !== undefined
        ? { place: { in: 'known', bytes: known } as const, bytes: 0, last: 0, at: 0 }
        : alias !== undefined
          ? (this.#rooms.get(entry.inputs[alias[1]] as string) as Room)
          : (this.#inPlace(entry, lowered, o, i) ?? this.#fresh(bytesOf(type)))
    if (name !== '') this.#give(name, found)
    return found
  }

  /** Room of an input in which the output may lie: the input is at its end, and nothing else of the node looks at it. */
  #inPlace(entry: RecordedEntry, lowered: Lowered, o: number, i: number): Room | undefined {
    for (const [output, input] of lowered.inPlace ?? []) {
      if (output !== o) continue
      const name = entry.inputs[input] ?? ''
      const room = this.#rooms.get(name)
      if (room === undefined || room.place !== undefined || room.last > i) continue
      const alone = entry.inputs.every((other, at) => at === input || other === '' || this.#rooms.get(other) !== room)
      const free = !entry.outputs.some((other) => other !== '' && this.#rooms.get(other) === room)
      if (alone && free) return room
    }
    return undefined
  }

  /** The steps of a node that take constants only, as a pack of their own; `temps` are the numbers of the temporaries that they write. */
  #pack(entry: RecordedEntry, { steps, temps }: Lowered): { readonly number: number; readonly temps: readonly number[] } | undefined {
    const once = steps.filter((step) => step.once === true)
    if (once.length === 0) return undefined
    const numbers = [...new Set(once.flatMap((s) => s.operands.flatMap((o) => (o !== null && o.of === 'temp' ? [o.index] : []))))]
    const packed = once.map(({ kernel, operands, params }: Step) => ({
      kernel,
      operands: operands.map((operand): PackOperand => {
        if (operand === null) return null
        if (operand.of === 'temp') return { temp: numbers.indexOf(operand.index) }
        const constant = operand.of === 'input' ? (entry.inputs[operand.index] ?? '') : ''
        if (constant === '' && operand.of === 'input') return null
        if (!this.#recording.constants.has(constant))
          throw new UtnetError('node_internal', `a step of ${entry.operator} that runs once takes what is no constant`)
        return { constant }
      }),
      params,
    }))
    const sizes = numbers.map((t) => temps[t] as number)
    const number = this.#packs.push({ key: JSON.stringify([packed, sizes]), temps: sizes, steps: packed }) - 1
    return { number, temps: numbers }
  }
}
