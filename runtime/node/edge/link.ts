/** Calls between two threads over a message port: requests answered by handlers of the other side, errors with their codes, and notes without an answer. */
import type { Transferable } from 'node:worker_threads'
import { errorOfPlain, plainError, UtnetError, type PlainError } from '../../core/index.ts'

/** What both ends of a MessageChannel, a Worker and a worker's `parentPort` have in common. */
export interface Port {
  postMessage(message: unknown, transfer?: readonly Transferable[]): void
  on(event: 'message', listener: (message: unknown) => void): unknown
}

type Message =
  | { readonly kind: 'ask'; readonly id: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly kind: 'told'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: PlainError }
  | { readonly kind: 'note'; readonly method: string; readonly args: readonly unknown[] }

// The arguments are those of the method's own type on the other side; the port carries them unchanged.
type Handler = (...args: never[]) => unknown

export interface Link {
  /** Asks the other side; rejects with its error, or with `host_restarted` when the link ends first. */
  ask<T>(method: string, ...args: readonly unknown[]): Promise<T>
  /** Tells the other side, in order with everything else. */
  note(method: string, ...args: readonly unknown[]): void
  /** The other side is gone: what was asked of it fails. */
  end(): void
}

/** Answers one message of the other side, for a thread that looks at its port by itself; its handlers answer at once. */
export function answerNow(port: Port, handlers: Readonly<Record<string, Handler>>, raw: unknown): void {
  const message = raw as Message
  if (message.kind !== 'ask' && message.kind !== 'note') return
  let reply: Message
  try {
    const found = Object.hasOwn(handlers, message.method) ? handlers[message.method] : undefined
    if (found === undefined) throw unknown(message.method)
    const value = found(...(message.args as never[]))
    if (message.kind === 'note') return
    reply = { kind: 'told', id: message.id, value }
  } catch (error) {
    if (message.kind === 'note') throw error
    reply = { kind: 'failed', id: message.id, error: plainError(error) }
  }
  port.postMessage(reply)
}

/** A note, as the other side's link takes it. */
export const noteOf = (method: string, ...args: readonly unknown[]): unknown => ({ kind: 'note', method, args }) satisfies Message

const unknown = (method: string): UtnetError => new UtnetError('node_internal', `the other thread asks for ${method}, which is not there`)

/** A link over a port; `handlers` answer what the other side asks or notes. */
export function openLink(port: Port, handlers: Readonly<Record<string, Handler>>): Link {
  const asked = new Map<number, { readonly resolve: (value: unknown) => void; readonly reject: (error: UtnetError) => void }>()
  let last = 0
  let ended = false
  const gone = (): UtnetError => new UtnetError('host_restarted', 'the thread that worked on this was ended')
  const handler = (method: string): Handler => {
    const found = Object.hasOwn(handlers, method) ? handlers[method] : undefined
    if (found === undefined) throw unknown(method)
    return found
  }
  const answer = async (id: number, method: string, args: readonly unknown[]): Promise<void> => {
    let reply: Message
    try {
      reply = { kind: 'told', id, value: await handler(method)(...(args as never[])) }
    } catch (error) {
      reply = { kind: 'failed', id, error: plainError(error) }
    }
    if (!ended) port.postMessage(reply)
  }
  port.on('message', (raw) => {
    const message = raw as Message
    if (message.kind === 'ask') return void answer(message.id, message.method, message.args)
    if (message.kind === 'note') return void handler(message.method)(...(message.args as never[]))
    const waiting = asked.get(message.id)
    asked.delete(message.id)
    if (message.kind === 'told') waiting?.resolve(message.value)
    else waiting?.reject(errorOfPlain(message.error))
  })
  return {
    ask<T>(method: string, ...args: readonly unknown[]) {
      return new Promise<T>((resolve, reject) => {
        if (ended) return reject(gone())
        const id = ++last
        asked.set(id, { resolve: resolve as (value: unknown) => void, reject })
        port.postMessage({ kind: 'ask', id, method, args } satisfies Message)
      })
    },
    note(method, ...args) {
      if (!ended) port.postMessage({ kind: 'note', method, args } satisfies Message)
    },
    end() {
      ended = true
      for (const { reject } of asked.values()) reject(gone())
      asked.clear()
    },
  }
}
