/**
 * Memory of the pages that are kept: cells of a few sizes in chunks, since many arrays of their own cost the garbage collector more than all that is done with them.
 * A cell is a number; 0 is none. What is in use is found by marking: `mark` from the roots, then `sweep` frees the rest.
 */
import { BRANCH_CELL_BYTES } from './branch.ts'
import { BUCKET_BYTES } from './bucket.ts'

export const CHUNK_BYTES = 65_536
const UNIT = 64
/** Cells of a chunk have numbers below this. */
const CELLS = 1 << 10

const MARKED = 1
const USED = 2

/** The largest cell. */
const MOST = Math.max(BUCKET_BYTES, BRANCH_CELL_BYTES)

/** Sizes of cells: steps of about an eighth. */
const SIZES: number[] = [UNIT]
while ((SIZES.at(-1) as number) < MOST) {
  const last = SIZES.at(-1) as number
  SIZES.push(last + Math.max(UNIT, Math.floor(last / 8 / UNIT) * UNIT))
}

/** By size in units: which of the sizes holds it. */
const SIZE_OF: readonly number[] = Array.from({ length: (SIZES.at(-1) as number) / UNIT + 1 }, (_, units) =>
  SIZES.findIndex((size) => size >= units * UNIT),
)

interface Chunk {
  readonly bytes: Uint8Array
  /** Bytes of its cells. */
  readonly size: number
  /** Of each cell: whether it was marked, and whether it was used since the last sweep. */
  readonly states: Uint8Array
}

const NO_CHUNK: Chunk = { bytes: new Uint8Array(0), size: 0, states: new Uint8Array(0) }

export class Arena {
  #chunks: Chunk[] = [NO_CHUNK]
  #free: number[][] = SIZES.map(() => [])
  /** Numbers of chunks that were given back. */
  #gone: number[] = []

  /** Bytes of all chunks. */
  get size(): number {
    return (this.#chunks.length - 1 - this.#gone.length) * CHUNK_BYTES
  }

  bytes(cell: number): Uint8Array {
    return (this.#chunks[Math.floor(cell / CELLS)] as Chunk).bytes
  }

  at(cell: number): number {
    return (cell % CELLS) * (this.#chunks[Math.floor(cell / CELLS)] as Chunk).size
  }

  /** A cell of at least so many bytes, with whatever lies in it. */
  take(size: number): number {
    const index = SIZE_OF[Math.ceil(size / UNIT)] as number
    const free = this.#free[index] as number[]
    if (free.length === 0) this.#addChunk(SIZES[index] as number, free)
    const cell = free.pop() as number
    this.use(cell)
    return cell
  }

  #addChunk(size: number, free: number[]): void {
    const chunk = this.#gone.pop() ?? this.#chunks.length
    const cells = Math.floor(CHUNK_BYTES / size)
    this.#chunks[chunk] = { bytes: new Uint8Array(CHUNK_BYTES), size, states: new Uint8Array(cells) }
    for (let i = cells - 1; i >= 0; i--) free.push(chunk * CELLS + i)
  }

  #states(cell: number): Uint8Array {
    return (this.#chunks[Math.floor(cell / CELLS)] as Chunk).states
  }

  /** Says that a cell was read. */
  use(cell: number): void {
    const states = this.#states(cell)
    states[cell % CELLS] = (states[cell % CELLS] as number) | USED
  }

  wasUsed(cell: number): boolean {
    return ((this.#states(cell)[cell % CELLS] as number) & USED) !== 0
  }

  /** Marks a cell; false when it was marked before. */
  mark(cell: number): boolean {
    const states = this.#states(cell)
    const state = states[cell % CELLS] as number
    states[cell % CELLS] = state | MARKED
    return (state & MARKED) === 0
  }

  /** Bytes of the cells that are marked. */
  marked(): number {
    let sum = 0
    for (const { size, states } of this.#chunks) for (const state of states) if ((state & MARKED) !== 0) sum += size
    return sum
  }

  /** Takes all marks back. */
  unmark(): void {
    for (const { states } of this.#chunks) for (let i = 0; i < states.length; i++) states[i] = (states[i] as number) & ~MARKED
  }

  /** Frees all cells that are not marked. Those that are marked are so no more, and not yet used. */
  sweep(): void {
    for (const free of this.#free) free.length = 0
    for (let chunk = 1; chunk < this.#chunks.length; chunk++) {
      const { size, states } = this.#chunks[chunk] as Chunk
      if (size === 0) continue
      if (states.every((state) => (state & MARKED) === 0)) {
        this.#chunks[chunk] = NO_CHUNK
        this.#gone.push(chunk)
        continue
      }
      const free = this.#free[SIZE_OF[size / UNIT] as number] as number[]
      for (let i = states.length - 1; i >= 0; i--) {
        if (((states[i] as number) & MARKED) === 0) free.push(chunk * CELLS + i)
        states[i] = 0
      }
    }
  }
}
