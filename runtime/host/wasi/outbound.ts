/** The outbound HTTP requests of one run: when they are sent, what is logged of them, and what they cost. */
import {
  asArray,
  asBytes,
  asText,
  asUint,
  isSecretHeader,
  joinBytes,
  LIMITS,
  PARAMS,
  sha256,
  type Cbor,
  type Fetcher,
  type OutboundRequest,
  type OutboundResponse,
} from '../../core/index.ts'
import { GuestTrap, type Meter } from '../abi/index.ts'
import { Fields, type Awaited, type Header, type Sink } from '../http/index.ts'
import type { Recorder } from './recorder.ts'

export class OutgoingRequest {
  readonly headers: Fields
  method = 'GET'
  path = '/'
  /** Undefined until it is set. */
  scheme: 'http:' | 'https:' | undefined
  authority = ''
  body: Sink | undefined

  constructor(headers: Fields) {
    this.headers = headers
  }
}

type Told = { readonly status: number; readonly headers: readonly Header[]; readonly body: Uint8Array } | { readonly error: string }

/** A request that was handed over; its answer comes when the guest waits for it. */
export class Exchange implements Awaited {
  readonly number: number
  readonly request: Omit<OutboundRequest, 'body'>
  readonly body: Sink | undefined
  readonly outbound: Outbound
  readonly meter: Meter
  told: Told | undefined
  taken = false
  sent: Promise<OutboundResponse> | undefined

  constructor(outbound: Outbound, meter: Meter, number: number, request: Omit<OutboundRequest, 'body'>, body: Sink | undefined) {
    this.meter = meter
    this.number = number
    this.request = request
    this.body = body
    this.outbound = outbound
  }

  get done(): boolean {
    return this.told !== undefined
  }

  wait(): Promise<void> | undefined {
    return this.outbound.answer(this)
  }
}

const charged = LIMITS.fetchBytes * PARAMS.host.byteOut

const head = (headers: readonly Header[]): Cbor => headers.map(([name, value]): Cbor => [name, isSecretHeader(name) ? null : value])

/** The outbound requests of one run. */
export class Outbound {
  readonly #hosts: readonly string[]
  readonly #fetcher: Fetcher | undefined
  readonly #recorder: Recorder
  readonly #waiting: Exchange[] = []
  #count = 0

  constructor(hosts: readonly string[], fetcher: Fetcher | undefined, recorder: Recorder) {
    this.#hosts = hosts
    this.#fetcher = fetcher
    this.#recorder = recorder
  }

  /** Takes a request over, or gives the case of `error-code` why not. */
  hand(meter: Meter, request: OutgoingRequest): Exchange | string {
    const { scheme = 'https:', authority, path, method, headers } = request
    if (!this.#hosts.includes(authority.toLowerCase())) return 'HTTP-request-denied'
    if (this.#count >= LIMITS.fetches) throw new GuestTrap(`more requests than the limit fetches of ${LIMITS.fetches}`)
    const exchange = new Exchange(
      this,
      meter,
      this.#count++,
      { method, url: `${scheme}//${authority.toLowerCase()}${path}`, headers: headers.entries, maxBytes: LIMITS.fetchBytes },
      request.body,
    )
    this.#waiting.push(exchange)
    return exchange
  }

  /** Sends all that were handed over so far, in their order: they are under way together. */
  #send(): void {
    for (const exchange of this.#waiting.splice(0)) {
      const { request, meter } = exchange
      const body = joinBytes(exchange.body?.chunks ?? [])
      // Paid for before it is sent, the largest answer included
      meter.charge(body.length * PARAMS.host.byteIn + charged)
      this.#recorder.entry('wasi.request', [exchange.number, request.method, request.url, head(request.headers), sha256(body)], () => [])
      exchange.sent = this.#recorder.replaying
        ? Promise.resolve({ error: 'internal-error' })
        : (this.#fetcher?.fetch({ ...request, body }) ?? Promise.resolve({ error: 'HTTP-request-denied' }))
      // Who waits for it sees the failure; nobody may
      exchange.sent.catch(() => undefined)
    }
  }

  answer(exchange: Exchange): Promise<void> | undefined {
    if (exchange.done) return undefined
    this.#send()
    return (exchange.sent as Promise<OutboundResponse>).then((got) => {
      const told = this.#recorder.entry('wasi.answer', [exchange.number], () => this.#record(got))
      exchange.told = this.#read(told)
      const used = 'error' in exchange.told ? 0 : exchange.told.body.length
      exchange.meter.charge(used * PARAMS.host.byteOut - charged)
    })
  }

  #record(got: OutboundResponse): readonly Cbor[] {
    if ('error' in got) return [got.error]
    if (got.body.length > LIMITS.fetchBytes || !this.#recorder.hasRoom(got.body.length)) return ['HTTP-response-incomplete']
    const plain = new Fields()
    const headers = got.headers.filter(([name, value]) => !isSecretHeader(name) && plain.refusal(name, [value]) === undefined)
    if (headers.reduce((n, [name, value]) => n + name.length + value.length, 0) > LIMITS.headerBytes) return ['HTTP-protocol-error']
    return [got.status, headers.map(([name, value]): Cbor => [name.toLowerCase(), value]), this.#recorder.keep(got.body)]
  }

  #read([first, headers, hash]: readonly Cbor[]): Told {
    if (typeof first === 'string') return { error: first }
    return {
      status: asUint(first, 'status'),
      headers: asArray(headers, 'headers').map((item) => {
        const [name, value] = asArray(item, 'header', 2)
        return [asText(name, 'name'), asBytes(value, 'value')] as const
      }),
      body: this.#recorder.body(asBytes(hash, 'body', 32)),
    }
  }
}
