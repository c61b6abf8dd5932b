/** One run of a function: its request, its answer so far, its resources, its sources of time and chance. */
import { concatBytes, digest, LIMITS } from '../../core/index.ts'
import { LimitTrap, type Meter } from '../abi/index.ts'
import { Clock } from './clock.ts'
import { Fields, type Header } from './fields.ts'
import { Handles } from './handles.ts'

export interface HttpRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: readonly Header[]
  readonly body: Uint8Array
}

export interface HttpResponse {
  readonly status: number
  readonly headers: readonly Header[]
  readonly body: Uint8Array
}

export interface RunContext {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly seed: Uint8Array
  readonly height: number
}

/** The resources of wasi:io and wasi:http, as the host holds them. */
export class InputStream {
  readonly bytes: Uint8Array
  at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** Exactly min(length, left) bytes; undefined at the end. */
  read(length: number): Uint8Array | undefined {
    if (this.at === this.bytes.length) return undefined
    const from = this.at
    this.at = Math.min(this.bytes.length, from + length)
    return this.bytes.subarray(from, this.at)
  }
}

export class Sink {
  readonly chunks: Uint8Array[] = []
  /** A sink that keeps nothing counts only, or knows what came last. */
  readonly keeps: boolean
  closed = false
  size = 0
  readonly #last: number
  #kept = 0

  /** `last`: bytes that are known, at least, of one that does not keep all. */
  constructor(keeps: boolean, last = 0) {
    this.keeps = keeps
    this.#last = last
  }

  write(bytes: Uint8Array): void {
    this.size += bytes.length
    if (this.size > LIMITS.outputBytes)
      throw new LimitTrap('outputBytes', `the output is over the limit outputBytes of ${LIMITS.outputBytes}`)
    if (bytes.length === 0) return
    if (this.keeps) this.chunks.push(bytes)
    else if (this.#last > 0) this.#note(bytes)
  }

  #note(bytes: Uint8Array): void {
    this.chunks.push(bytes.length > this.#last ? bytes.slice(-this.#last) : bytes)
    this.#kept += Math.min(bytes.length, this.#last)
    for (let [first] = this.chunks; first !== undefined && this.#kept - first.length >= this.#last; [first] = this.chunks) {
      this.#kept -= first.length
      this.chunks.shift()
    }
  }

  /** The end of what was written: at most `most` bytes, of which as many are known as this keeps. */
  end(most: number): Uint8Array {
    const parts: Uint8Array[] = []
    let left = most
    for (let i = this.chunks.length - 1; i >= 0 && left > 0; i--) {
      const part = (this.chunks[i] as Uint8Array).slice(-left)
      parts.unshift(part)
      left -= part.length
    }
    return concatBytes(...parts)
  }

  /** All that was written, as one: itself where it came at once. */
  whole(): Uint8Array {
    const [first] = this.chunks
    if (this.chunks.length === 1) return first as Uint8Array
    const out = new Uint8Array(this.size)
    let at = 0
    for (const chunk of this.chunks) {
      out.set(chunk, at)
      at += chunk.length
    }
    return out
  }
}

export class IncomingRequest {
  readonly request: HttpRequest
  consumed = false
  #headers: Fields | undefined
  #host: readonly Uint8Array[] | undefined

  constructor(request: HttpRequest) {
    this.request = request
  }

  get headers(): Fields {
    this.#headers ??= new Fields(this.request.headers, true)
    return this.#headers
  }

  /** The field `host`, looked for once. */
  get host(): Uint8Array | undefined {
    this.#host ??= this.headers.get('host')
    return this.#host[0]
  }

  /** Its body, once. */
  consume(): IncomingBody | undefined {
    if (this.consumed) return undefined
    this.consumed = true
    return new IncomingBody(this.request.body)
  }
}

export class IncomingBody {
  readonly bytes: Uint8Array
  taken = false

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** Its stream, once. */
  stream(): InputStream | undefined {
    if (this.taken) return undefined
    this.taken = true
    return new InputStream(this.bytes)
  }
}

/** Final answers only: 1xx and what HTTP/1.1 cannot say are refused (RFC 9110, 15). */
export const finalStatus = (status: number): boolean => status >= 200 && status <= 599

export class OutgoingResponse {
  readonly headers: Fields
  status = 200
  body: Sink | undefined

  constructor(headers: Fields) {
    this.headers = headers
  }
}

export class OutgoingBody {
  readonly sink: Sink
  taken = false

  constructor(sink: Sink) {
    this.sink = sink
  }

  /** Its stream, once. */
  write(): Sink | undefined {
    if (this.taken) return undefined
    this.taken = true
    return this.sink
  }
}

export type Answer = { readonly response: OutgoingResponse } | { readonly error: number }

const NOTHING = new Uint8Array(0)

/** A stream of bytes from a seed: sha256 of domain, seed and a counter, 32 bytes a step. */
class SeedStream {
  readonly #context: RunContext
  #left = NOTHING
  #counter = 0n

  /** The seed is read when the guest first asks: where a receipt's run makes it on demand, most guests never have it made. */
  constructor(context: RunContext) {
    this.#context = context
  }

  take(length: number): Uint8Array {
    const out = new Uint8Array(length)
    let at = 0
    while (at < length) {
      if (this.#left.length === 0) {
        const counter = new Uint8Array(8)
        new DataView(counter.buffer).setBigUint64(0, this.#counter++)
        this.#left = new Uint8Array(digest('guest-random', this.#context.seed, counter))
      }
      const part = this.#left.subarray(0, length - at)
      out.set(part, at)
      at += part.length
      this.#left = this.#left.subarray(part.length)
    }
    return out
  }
}

export class HttpRun {
  readonly handles = new Handles()
  readonly meter: Meter
  readonly context: RunContext
  readonly random: SeedStream
  readonly clock = new Clock()
  answer: Answer | undefined
  /** The body that was opened last. */
  output: Sink | undefined

  constructor(meter: Meter, context: RunContext) {
    this.meter = meter
    this.context = context
    this.random = new SeedStream(context)
  }

  /** The body of a response, once. */
  openBody(response: OutgoingResponse): OutgoingBody | undefined {
    if (response.body !== undefined) return undefined
    const sink = new Sink(true)
    response.body = sink
    this.output = sink
    return new OutgoingBody(sink)
  }
}
