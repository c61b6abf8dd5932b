/**
 * A disk in memory that loses power. It keeps, for each file, what the last sync made durable beside what was written since; a crash leaves each
 * 512-byte sector that was written but not synced with probability one half (torn writes, in any order), and a length between the two.
 * Seeded: the same calls after the same seed give the same bytes.
 */
import { concatBytes, UtnetError, type Disk, type LogFile } from '../core/index.ts'

const SECTOR = 512

/** What befalls the disk, and the seed of what chance decides. */
export interface SimulatedDiskOptions {
  readonly seed?: number
  /** Loses power at this operation (1 is the first append, truncate or sync); the operation itself may be half done. */
  readonly crashAt?: number
  /** This sync fails (1 is the first). */
  readonly failSyncAt?: number
  /** Syncs succeed and keep nothing: a control, by which a test shows that it can fail. */
  readonly lies?: boolean
}

interface Content {
  durable: Uint8Array
  current: Uint8Array
  size: number
}

/** Small seeded generator (mulberry32), numbers in [0, 1). */
export function seededRandom(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = a
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export class SimulatedDisk implements Disk {
  readonly #files = new Map<string, Content>()
  readonly #random: () => number
  #options: SimulatedDiskOptions
  #generation = 0
  #down = false
  #operations = 0
  #syncs = 0

  constructor(options: SimulatedDiskOptions = {}) {
    this.#options = options
    this.#random = seededRandom(options.seed ?? 1)
  }

  /** Operations done so far: appends, truncations and syncs. */
  get operations(): number {
    return this.#operations
  }

  /** True between the loss of power and `crash`. */
  get down(): boolean {
    return this.#down
  }

  open(name: string): LogFile {
    this.#alive()
    let content = this.#files.get(name)
    if (content === undefined) {
      content = { durable: new Uint8Array(0), current: new Uint8Array(0), size: 0 }
      this.#files.set(name, content)
    }
    return this.#log(content)
  }

  list(): readonly string[] {
    this.#alive()
    return [...this.#files.keys()].sort()
  }

  remove(name: string): void {
    this.#alive()
    this.#files.delete(name)
  }

  /** Loses power (now, unless it is already down), settles what survived, and comes back with new faults or none. Open files are dead. */
  crash(options: SimulatedDiskOptions = {}): void {
    for (const content of this.#files.values()) this.#settle(content)
    this.#options = options
    this.#generation++
    this.#down = false
    this.#operations = 0
    this.#syncs = 0
  }

  /** The bytes of a file as a thief of the disk would read them. */
  bytes(name: string): Uint8Array {
    const content = this.#files.get(name)
    return content === undefined ? new Uint8Array(0) : content.current.slice(0, content.size)
  }

  /** Replaces the bytes of a file, durably: what a tamperer does. */
  overwrite(name: string, bytes: Uint8Array): void {
    this.#files.set(name, { durable: Uint8Array.from(bytes), current: Uint8Array.from(bytes), size: bytes.length })
  }

  #alive(): void {
    if (this.#down) throw new UtnetError('disk_failed', 'simulated loss of power')
  }

  /** Counts an operation; the one named by `crashAt` loses power after `half` of its work. */
  #operation(half: () => void): void {
    this.#alive()
    this.#operations++
    if (this.#operations !== this.#options.crashAt) return
    half()
    this.#down = true
    this.#alive()
  }

  #settle(content: Content): void {
    const { durable } = content
    const lengths = [durable.length, content.size]
    const between = Math.min(...lengths) + Math.floor(this.#random() * (Math.abs(content.size - durable.length) + 1))
    const length = [...lengths, between][Math.floor(this.#random() * 3)] as number
    const kept = new Uint8Array(length)
    kept.set(durable.subarray(0, length))
    for (let at = 0; at < content.size; at += SECTOR) {
      const end = Math.min(at + SECTOR, content.size)
      const written = content.current.subarray(at, end)
      const same = end <= durable.length && written.every((b, i) => b === durable[at + i])
      if (same || this.#random() < 0.5 || at >= length) continue
      kept.set(written.subarray(0, Math.min(end, length) - at), at)
    }
    content.durable = kept
    content.current = Uint8Array.from(kept)
    content.size = length
  }

  #log(content: Content): LogFile {
    const generation = this.#generation
    let failed = false
    const alive = () => {
      this.#alive()
      if (failed || generation !== this.#generation) throw new UtnetError('disk_failed', 'simulated file must not be used any more')
    }
    /** Begins a sync; gives what it makes durable. */
    const started = (): Uint8Array => {
      alive()
      this.#operation(() => undefined)
      if (++this.#syncs === this.#options.failSyncAt) {
        failed = true
        throw new UtnetError('disk_failed', 'simulated failure of a sync')
      }
      return content.current.slice(0, content.size)
    }
    return {
      size: () => content.size,
      read: (at, length) => {
        alive()
        if (at < 0 || length < 0 || at + length > content.size)
          throw new UtnetError('core_bad_argument', `${length} bytes at ${at} are beyond ${content.size}`)
        return content.current.slice(at, at + length)
      },
      append: (...parts) => {
        alive()
        const bytes = concatBytes(...parts)
        this.#operation(() => append(content, bytes))
        append(content, bytes)
      },
      truncate: (length) => {
        alive()
        this.#operation(() => undefined)
        content.size = Math.min(content.size, length)
      },
      sync: async () => {
        const now = started()
        await Promise.resolve()
        alive()
        if (this.#options.lies !== true) content.durable = now
      },
      syncNow: () => {
        const now = started()
        if (this.#options.lies !== true) content.durable = now
      },
      // It keeps no room: nothing of it shows but in time.
      makeRoom: alive,
      close: async () => {
        failed = true
      },
    }
  }
}

function append(content: Content, bytes: Uint8Array): void {
  const size = content.size + bytes.length
  if (size > content.current.length) {
    const grown = new Uint8Array(Math.max(size, content.current.length * 2))
    grown.set(content.current.subarray(0, content.size))
    content.current = grown
  }
  content.current.set(bytes, content.size)
  content.size = size
}
