/** SHA-256 of many short messages, four at once by WASM SIMD: below about five blocks each 2 to 4 times as fast as node:crypto, which a call costs more than the hash. */
import { UtnetError } from '../../core/index.ts'
import { SHA256X4_WASM } from './wasm.ts'

interface Exports {
  readonly memory: WebAssembly.Memory
  run(jobs: number, count: number): void
  pairs(from: number, count: number, out: number): void
  base(): number
}

/** Bytes behind a message that its padding is written over. */
export const SHA_ROOM = 72
/** Bytes of a pair of digests. */
const PAIR = 64
/** Pairs that are hashed together. */
const LANES = 4
/** Jobs that wait at most before they are done. */
const MAX_JOBS = 256
const PAGE = 65_536

let module: WebAssembly.Module | undefined

function instantiate(): Exports {
  module ??= new WebAssembly.Module(Buffer.from(SHA256X4_WASM, 'base64'))
  return new WebAssembly.Instance(module).exports as unknown as Exports
}

/** Memory in which messages lie, are hashed, and their digests put into other messages, without a copy. Not shared: one per user. */
export class HashArena {
  /** All of the memory; another array after `reserve`. */
  bytes: Uint8Array
  /** The first byte for messages. */
  readonly start: number
  readonly #exports = instantiate()
  readonly #jobs: number
  #words: Uint32Array
  #count = 0

  constructor() {
    const { memory, base } = this.#exports
    this.bytes = new Uint8Array(memory.buffer)
    this.#words = new Uint32Array(memory.buffer)
    this.#jobs = (base() + 15) & ~15
    this.start = this.#jobs + MAX_JOBS * 16
  }

  /** Makes room up to an address. */
  reserve(end: number): void {
    const missing = end + SHA_ROOM - this.bytes.length
    if (missing <= 0) return
    try {
      this.#exports.memory.grow(Math.ceil(missing / PAGE))
    } catch (cause) {
      throw new UtnetError('core_too_large', `no memory for ${end} bytes of messages`, { cause })
    }
    this.bytes = new Uint8Array(this.#exports.memory.buffer)
    this.#words = new Uint32Array(this.#exports.memory.buffer)
  }

  /**
   * Asks for the digest of `length` bytes at `at`, to be put at `out` and, unless 0, at `also`. The `SHA_ROOM` bytes behind the message are written
   * over. It is done by `run` at the latest, in any order with the other jobs: a message must be whole when it is asked for.
   */
  hash(at: number, length: number, out: number, also = 0): void {
    if (this.#count === MAX_JOBS) this.run()
    const word = (this.#jobs >> 2) + this.#count++ * 4
    this.#words[word] = at
    this.#words[word + 1] = length
    this.#words[word + 2] = out
    this.#words[word + 3] = also
  }

  /** Does what was asked for. */
  run(): void {
    if (this.#count > 0) this.#exports.run(this.#jobs, this.#count)
    this.#count = 0
  }

  /** Digests of pairs, which are copied to the start of the memory; gives where the digests lie. What lies there is written over. */
  pairs(pairs: Uint8Array): number {
    const { start } = this
    const count = pairs.length / PAIR
    const whole = Math.ceil(count / LANES) * LANES
    const out = start + whole * PAIR
    this.reserve(out + whole * 32)
    this.bytes.set(pairs, start)
    this.#exports.pairs(start, count, out)
    return out
  }
}
