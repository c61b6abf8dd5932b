/** Memory of one batch: a draft lies there until it is kept, so that a batch that comes to nothing leaves nothing behind. */
import { Memory } from '../bytes/index.ts'

const PIECE_BYTES = 1 << 18
/** Of a cache. */
const LINE_BYTES = 64

/** Memory that batches use by turns: what was used a moment ago is quicker than new. */
export class Pieces {
  readonly #free: Memory[] = []
  readonly #most: number

  constructor(maxBytes: number) {
    this.#most = Math.floor(maxBytes / PIECE_BYTES)
  }

  take(): Memory | undefined {
    return this.#free.pop()
  }

  /** Takes back pieces of which nothing is needed any more. */
  giveBack(pieces: readonly Memory[]): void {
    for (const piece of pieces) if (piece.bytes.length === PIECE_BYTES && this.#free.length < this.#most) this.#free.push(piece)
  }
}

/** Few large pieces. */
export class Room {
  memory: Memory = new Memory(0)
  readonly #pieces: Pieces
  readonly #used: Memory[] = []
  #next = 0
  #piece = 1 << 12

  constructor(pieces: Pieces) {
    this.#pieces = pieces
  }

  /** Where in `memory`, at the beginning of a cache line, so many bytes are free, with whatever lies in them. */
  take(size: number): number {
    if (this.#next + size > this.memory.bytes.length) this.#more(size)
    const at = this.#next
    this.#next += Math.ceil(size / LINE_BYTES) * LINE_BYTES
    return at
  }

  #more(size: number): void {
    this.memory = (size <= PIECE_BYTES ? this.#pieces.take() : undefined) ?? new Memory(Math.max(size, this.#piece))
    this.#used.push(this.memory)
    this.#piece = Math.min(PIECE_BYTES, this.#piece * 4)
    this.#next = 0
  }

  /** Gives all memory back. */
  end(): void {
    this.#pieces.giveBack(this.#used)
    this.#used.length = 0
  }
}
