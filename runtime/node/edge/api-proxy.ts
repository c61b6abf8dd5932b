/** The NodeApi port across threads: every method is asked of the thread that has the node; event streams are pulled one event at a time. */
import type { NodeApi, NodeEvent, StreamRequest } from '../../core/index.ts'
import type { Link } from './link.ts'

type Method = Exclude<keyof NodeApi, 'events'>

const METHODS: Readonly<Record<Method, true>> = {
  info: true,
  ready: true,
  deploy: true,
  putSourceMap: true,
  sourceMap: true,
  guests: true,
  guest: true,
  call: true,
  query: true,
  account: true,
  fund: true,
  submit: true,
  transaction: true,
  invoke: true,
  addFile: true,
  putModel: true,
  models: true,
  model: true,
  infer: true,
  receipt: true,
  receiptBytes: true,
  bundle: true,
  chain: true,
  verdict: true,
  attest: true,
  certify: true,
  chainEvents: true,
  block: true,
  epoch: true,
  power: true,
  genesis: true,
  ipfs: true,
  metrics: true,
}

interface Stream {
  readonly events: AsyncIterator<NodeEvent>
  readonly stop: AbortController
}

/** Opened when it is first read, so that a refusal is told to who reads. */
async function* opened(api: NodeApi, signal: AbortSignal, request: StreamRequest | undefined): AsyncGenerator<NodeEvent> {
  yield* api.events(signal, request)
}

export interface ApiHandlers {
  readonly 'api.call': (method: Method, args: readonly unknown[]) => Promise<unknown>
  readonly 'api.open': (stream: number, request: StreamRequest | undefined) => void
  readonly 'api.next': (stream: number) => Promise<IteratorResult<NodeEvent>>
  readonly 'api.stop': (stream: number) => void
  /** Ends all streams of a link that is gone. */
  readonly end: () => void
}

/** The side that has the node: handlers for its link. */
export function serveApi(api: NodeApi): ApiHandlers {
  const streams = new Map<number, Stream>()
  const stop = (stream: number): void => {
    const found = streams.get(stream)
    streams.delete(stream)
    found?.stop.abort()
    // A generator that stands at an event notices no signal.
    void found?.events.return?.()
  }
  return {
    'api.call': async (method, args) => {
      // The names come from `proxyApi` of this file, so only a method can be named.
      const call = api[method] as (...args: readonly unknown[]) => Promise<unknown>
      return call(...args)
    },
    'api.open': (stream, request) => {
      const abort = new AbortController()
      streams.set(stream, { events: opened(api, abort.signal, request), stop: abort })
    },
    'api.next': async (stream) => (await streams.get(stream)?.events.next()) ?? { done: true, value: undefined },
    'api.stop': stop,
    end: () => {
      for (const stream of streams.keys()) stop(stream)
    },
  }
}

/** The other side: a NodeApi that asks over the link. */
export function proxyApi(link: Link): NodeApi {
  let streams = 0
  async function* events(signal: AbortSignal, request?: StreamRequest): AsyncGenerator<NodeEvent> {
    if (signal.aborted) return
    const stream = ++streams
    link.note('api.open', stream, request)
    const stop = (): void => link.note('api.stop', stream)
    signal.addEventListener('abort', stop, { once: true })
    try {
      while (!signal.aborted) {
        const next = await link.ask<IteratorResult<NodeEvent, undefined>>('api.next', stream)
        if (next.done === true) return
        yield next.value
      }
    } finally {
      signal.removeEventListener('abort', stop)
      stop()
    }
  }
  const methods = Object.keys(METHODS).map((method) => [method, (...args: readonly unknown[]) => link.ask('api.call', method, args)])
  return { ...(Object.fromEntries(methods) as Omit<NodeApi, 'events'>), events }
}
