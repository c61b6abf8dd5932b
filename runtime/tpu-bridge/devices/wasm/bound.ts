/** A plan in the memory of its model: its records and what is known written out, every call an address. */
import type { Recording } from '../../trace/index.ts'
import { CALL_WORDS, type Lane } from './lane.ts'
import type { ModelMemory } from './memory.ts'
import { bytesOf, roomFor, type Pack, type Place, type Plan } from './plan.ts'

interface Block {
  readonly at: number
  readonly bytes: number
}

/** What stays in the memory as long as the model is loaded: constants where kernels take them, and what they were packed to. */
export class Residents {
  readonly #memory: ModelMemory
  readonly #constants = new Map<string, number>()
  readonly #packs = new Map<string, readonly number[]>()

  constructor(memory: ModelMemory) {
    this.#memory = memory
  }

  /** Address of a constant, which is put there on first use. */
  constant(name: string, recording: Recording): number {
    const found = this.#constants.get(name)
    if (found !== undefined) return found
    const { data } = recording.constants.get(name) as { data: Uint8Array }
    const at = this.#memory.take(data.length)
    this.#memory.view().set(data, at)
    this.#constants.set(name, at)
    return at
  }

  /** Addresses of what a pack writes, which it does on first use. What it takes lies in the arena meanwhile: once packed, nobody takes it again. */
  pack(pack: Pack, recording: Recording, lane: Lane): readonly number[] {
    const found = this.#packs.get(pack.key)
    if (found !== undefined) return found
    const temps = pack.temps.map((bytes) => this.#memory.take(bytes))
    const names = [...new Set(pack.steps.flatMap((s) => s.operands.flatMap((o) => (o !== null && 'constant' in o ? [o.constant] : []))))]
    const taken = names.map((name) => recording.constants.get(name) as { data: Uint8Array })
    const records = pack.steps.map((s) => [...s.operands, ...s.params])
    const words = records.reduce((n, r) => n + r.length, 0)
    const base = this.#memory.arena(taken.reduce((n, t) => n + roomFor(t.data.length), 0) + roomFor(words * 4))
    let at = base
    const view = this.#memory.view()
    const placed = new Map(
      taken.map((t, i) => {
        const from = at
        view.set(t.data, from)
        at += roomFor(t.data.length)
        return [names[i] as string, from] as const
      }),
    )
    const calls: number[] = []
    const into = new Int32Array(this.#memory.memory.buffer)
    pack.steps.forEach(({ kernel, operands, params }) => {
      calls.push(kernel, at, 0)
      const row = operands.map((o) => (o === null ? 0 : 'constant' in o ? (placed.get(o.constant) as number) : (temps[o.temp] as number)))
      into.set([...row, ...params], at / 4)
      at += (row.length + params.length) * 4
    })
    lane.alone(Int32Array.from(calls), 0, pack.steps.length)
    this.#packs.set(pack.key, temps)
    return temps
  }
}

export class BoundPlan {
  readonly plan: Plan
  readonly recording: Recording
  /** Words of the calls, as lanes walk over them. */
  readonly calls: Int32Array
  readonly #memory: ModelMemory
  readonly #residents: Residents
  readonly #packs: readonly (readonly number[])[]
  readonly #known = new Map<Place, Block>()
  readonly #records: Block
  #base = -1

  constructor(recording: Recording, plan: Plan, memory: ModelMemory, residents: Residents, lane: Lane) {
    this.plan = plan
    this.recording = recording
    this.#memory = memory
    this.#residents = residents
    this.#packs = plan.packs.map((pack) => residents.pack(pack, recording, lane))
    for (const { operands } of plan.steps) for (const place of operands) if (place !== undefined) this.#settle(place)
    const words = plan.steps.reduce((n, s) => n + s.operands.length + s.params.length, 0)
    this.#records = { at: memory.take(words * 4), bytes: words * 4 }
    this.calls = new Int32Array(new SharedArrayBuffer(plan.steps.length * CALL_WORDS * 4))
  }

  /** Readies the records for where the arena is now. To be called before a run. */
  ready(): void {
    const base = this.#memory.arena(this.plan.arenaBytes)
    if (base === this.#base) return
    this.#base = base
    const words = new Int32Array(this.#memory.memory.buffer)
    let at = this.#records.at
    this.plan.steps.forEach(({ kernel, operands, params, shared }, i) => {
      this.calls.set([kernel, at, shared ? 1 : 0], i * CALL_WORDS)
      for (const place of operands) {
        words[at / 4] = place === undefined ? 0 : this.#address(place)
        at += 4
      }
      words.set(params, at / 4)
      at += params.length * 4
    })
  }

  /** Where a value lies while its run lasts: its bytes, not a copy. */
  peek(name: string): Uint8Array {
    const place = this.plan.places.get(name) as Place
    if (place.in === 'known') return place.bytes
    if (place.in === 'constants') return (this.recording.constants.get(place.name) as { data: Uint8Array }).data
    const from = this.#address(place)
    return new Uint8Array(this.#memory.memory.buffer, from, this.bytes(name))
  }

  bytes(name: string): number {
    return bytesOf(this.plan.types.get(name) as Parameters<typeof bytesOf>[0])
  }

  /** Gives back what was taken for it alone. */
  release(): void {
    this.#memory.give(this.#records.at, this.#records.bytes)
    for (const { at, bytes } of this.#known.values()) this.#memory.give(at, bytes)
  }

  #settle(place: Place): void {
    if (place.in === 'constants') this.#residents.constant(place.name, this.recording)
    else if (place.in === 'known' && !this.#known.has(place)) {
      const at = this.#memory.take(place.bytes.length)
      this.#memory.view().set(place.bytes, at)
      this.#known.set(place, { at, bytes: place.bytes.length })
    }
  }

  #address(place: Place): number {
    if (place.in === 'arena') return this.#base + place.at
    if (place.in === 'constants') return this.#residents.constant(place.name, this.recording)
    if (place.in === 'packed') return (this.#packs[place.pack] as readonly number[])[place.index] as number
    return (this.#known.get(place) as Block).at
  }
}
