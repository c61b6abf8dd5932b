/**
 * Memory of the pages that are kept: cells of a few sizes in chunks, since many arrays of their own cost the garbage collector more than all that is done with them.
 * A cell is a number; 0 is none. Of each it is known when it was used last: in which stretch of time between two sweeps. What is in use is found by marking: `mark` from the roots, then `sweep` frees the rest.
 */
import { Branch, BRANCH_BYTES, Bucket, BUCKET_BYTES } from '../pages/index.ts'
import { Memory } from '../bytes/index.ts'

const CHUNK_BYTES = 65_536
/** The largest chunk. */
const MOST_CHUNK_BYTES = 1 << 20
/** Of much memory a chunk is the larger: no less than half of this share of it. What is known of many small ones would lie in no near cache. */
const SHARE = 64
const UNIT = 64
/** Cells of a chunk have numbers below this. */
const CELL_BITS = 10
const CELLS = 1 << CELL_BITS

/** Numbers of stretches of time. */
const TIMES = 250

/** The largest cell. */
const MOST = Math.max(BUCKET_BYTES, BRANCH_BYTES)

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

/** Bytes of the next chunk where so many are taken. */
export function chunkBytes(taken: number): number {
  let bytes = CHUNK_BYTES
  while (bytes < MOST_CHUNK_BYTES && bytes * 2 * SHARE <= taken) bytes *= 2
  return bytes
}

interface Chunk {
  readonly memory: Memory
  /** Bytes of its cells. */
  readonly size: number
  /** Of each cell: when it was used. Not in the cell: to write there would wait for memory that is far. */
  readonly times: Uint8Array
  /** Of each cell: whether it was marked. */
  readonly marks: Uint8Array
}

const NO_CHUNK: Chunk = { memory: new Memory(0), size: 0, times: new Uint8Array(0), marks: new Uint8Array(0) }

export class Arena {
  #chunks: Chunk[] = [NO_CHUNK]
  #free: number[][] = SIZES.map(() => [])
  /** Numbers of chunks that were given back. */
  #gone: number[] = []
  #time = 1
  #size = 0

  /** Bytes of all chunks. */
  get size(): number {
    return this.#size
  }

  #chunk(cell: number): Chunk {
    return this.#chunks[cell >>> CELL_BITS] as Chunk
  }

  branch(cell: number): Branch {
    const { memory, size } = this.#chunk(cell)
    return new Branch(memory, (cell & (CELLS - 1)) * size)
  }

  bucket(cell: number): Bucket {
    const { memory, size } = this.#chunk(cell)
    return new Bucket(memory, (cell & (CELLS - 1)) * size)
  }

  memory(cell: number): Memory {
    return this.#chunk(cell).memory
  }

  at(cell: number): number {
    return (cell & (CELLS - 1)) * this.#chunk(cell).size
  }

  /** A cell of at least so many bytes, with whatever lies in it. */
  take(size: number): number {
    const index = SIZE_OF[Math.ceil(size / UNIT)] as number
    const free = this.#free[index] as number[]
    if (free.length === 0) this.#addChunk(SIZES[index] as number, free)
    return free.pop() as number
  }

  #addChunk(size: number, free: number[]): void {
    const chunk = this.#gone.pop() ?? this.#chunks.length
    const cells = Math.min(CELLS, Math.floor(chunkBytes(this.#size) / size))
    const memory = new Memory(cells * size)
    this.#chunks[chunk] = { memory, size, times: new Uint8Array(cells), marks: new Uint8Array(cells) }
    this.#size += memory.bytes.length
    for (let i = cells - 1; i >= 0; i--) free.push(chunk * CELLS + i)
  }

  /** Says that a cell is read or written. */
  use(cell: number): void {
    this.#chunk(cell).times[cell & (CELLS - 1)] = this.#time
  }

  /** Says that cells are read, and reads where each begins, two lines of memory; gives something of it. There is so little between the reads that they go on side by side. */
  glance(cells: Int32Array, count: number): number {
    const [chunks, time] = [this.#chunks, this.#time]
    let sum = 0
    for (let i = 0; i < count; i++) {
      const cell = cells[i] as number
      const { memory, size, times } = chunks[cell >>> CELL_BITS] as Chunk
      const index = cell & (CELLS - 1)
      times[index] = time
      sum += (memory.bytes[index * size] as number) + (memory.bytes[index * size + UNIT] as number)
    }
    return sum
  }

  wasUsed(cell: number): boolean {
    return this.#chunk(cell).times[cell & (CELLS - 1)] === this.#time
  }

  /** Marks a cell; false when it was marked before. */
  mark(cell: number): boolean {
    const { marks } = this.#chunk(cell)
    const i = cell & (CELLS - 1)
    const was = marks[i]
    marks[i] = 1
    return was === 0
  }

  /** Bytes of the cells that are marked. */
  marked(): number {
    let sum = 0
    for (const { size, marks } of this.#chunks) for (const mark of marks) sum += mark * size
    return sum
  }

  /** Takes all marks back. */
  unmark(): void {
    for (const { marks } of this.#chunks) marks.fill(0)
  }

  /** Frees all cells that are not marked. Those that are marked are so no more, and not yet used. */
  sweep(): void {
    this.#time = (this.#time % TIMES) + 1
    for (const free of this.#free) free.length = 0
    for (let chunk = 1; chunk < this.#chunks.length; chunk++) {
      const { memory, size, marks } = this.#chunks[chunk] as Chunk
      if (size === 0) continue
      if (!marks.includes(1)) {
        this.#size -= memory.bytes.length
        this.#chunks[chunk] = NO_CHUNK
        this.#gone.push(chunk)
        continue
      }
      const free = this.#free[SIZE_OF[size / UNIT] as number] as number[]
      for (let i = marks.length - 1; i >= 0; i--) if (marks[i] === 0) free.push(chunk * CELLS + i)
      marks.fill(0)
    }
  }
}
