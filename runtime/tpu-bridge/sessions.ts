/** Loaded models: created once however many ask at the same time, run one at a time each, least recently used ones closed over a byte budget. */
import type { CID } from '../core/index.ts'
import { isUtnetError } from '../core/index.ts'
import type { Device, LoadedModel } from './device.ts'

interface Entry {
  readonly loading: Promise<LoadedModel>
  /** Set when loaded. */
  model: LoadedModel | undefined
  /** The end of the last run: the next begins after it. */
  tail: Promise<void>
  dropped: boolean
}

export class SessionCache {
  readonly #maxBytes: number
  /** In order of use, the least recent first. */
  readonly #entries = new Map<string, Entry>()

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Keys of the sessions held, the least recently used first: `<device>/<model>`. */
  keys(): readonly string[] {
    return [...this.#entries.keys()]
  }

  /** Bytes of the sessions that are loaded, by the same keys. */
  held(): readonly (readonly [key: string, bytes: number])[] {
    return [...this.#entries].flatMap(([key, { model }]) => (model === undefined ? [] : [[key, model.bytes] as const]))
  }

  /**
   * Uses the session of a model on a device, loading it first if need be; uses of one session do not overlap, but for those that ask for it of a model that allows it.
   * A session whose device failed is dropped, and so is one whose device came down with another: the next use starts from the file.
   */
  async use<T>(
    device: Device,
    model: CID,
    read: () => Promise<Uint8Array>,
    work: (model: LoadedModel) => Promise<T>,
    together = false,
  ): Promise<T> {
    const key = `${device.id}/${model.toString()}`
    const known = this.#entries.get(key)
    const gone = known?.model?.gone?.() ?? false
    if (known !== undefined && gone) void this.#drop(key, known)
    const entry = known === undefined || gone ? this.#create(key, device, model, read) : known
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    const turn = entry.tail
    let finish = (): void => {}
    const done = new Promise<void>((resolve) => {
      finish = resolve
    })
    entry.tail = turn.then(() => done)
    try {
      const loaded = await entry.loading
      this.#evict()
      if (!together || loaded.together !== true) await turn
      return await work(loaded)
    } catch (error) {
      if (isUtnetError(error, 'device_failed')) void this.#drop(key, entry)
      throw error
    } finally {
      finish()
    }
  }

  /** Closes every session, each after its last run. */
  async close(): Promise<void> {
    const entries = [...this.#entries]
    await Promise.all(entries.map(([key, entry]) => this.#drop(key, entry)))
  }

  #create(key: string, device: Device, model: CID, read: () => Promise<Uint8Array>): Entry {
    const loading = read().then((bytes) => device.load(bytes, model))
    const entry: Entry = { loading, model: undefined, tail: Promise.resolve(), dropped: false }
    loading.then(
      (loaded) => {
        entry.model = loaded
      },
      () => {
        if (this.#entries.get(key) === entry) this.#entries.delete(key)
      },
    )
    return entry
  }

  #evict(): void {
    let bytes = 0
    for (const { model } of this.#entries.values()) bytes += model?.bytes ?? 0
    for (const [key, entry] of this.#entries) {
      if (bytes <= this.#maxBytes) return
      if (entry.model === undefined) continue
      bytes -= entry.model.bytes
      void this.#drop(key, entry)
    }
  }

  /** Takes a session out at once and closes it when the runs that already hold it are over. */
  async #drop(key: string, entry: Entry): Promise<void> {
    if (this.#entries.get(key) === entry) this.#entries.delete(key)
    if (entry.dropped) return
    entry.dropped = true
    const held = entry.tail
    const model = await entry.loading.catch(() => undefined)
    await held
    // a session of a device that came down is gone already; there is nothing left to report to anyone
    await model?.close().catch(() => {})
  }
}
