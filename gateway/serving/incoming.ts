/** Requests whose table of fields is made where somebody reads it. */
import { IncomingMessage } from 'node:http'
import type { Arrivals } from './arrivals.ts'

/** The fields that change how node:http treats a request before it hands it over: it makes the whole table to see whether they are there. */
const TREATED: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'expect', 'te'])
const LENGTHS: ReadonlySet<number> = new Set([...TREATED].map((name) => name.length))
const NONE: IncomingMessage['headers'] = Object.freeze({})

function isTreated(rawHeaders: readonly string[]): boolean {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (LENGTHS.has(name.length) && TREATED.has(name.toLowerCase())) return true
  }
  return false
}

const HANDED = Symbol('handed over')

class Lazy extends IncomingMessage {
  [HANDED] = false
}

const whole = Object.getOwnPropertyDescriptor(IncomingMessage.prototype, 'headers') as { readonly get: () => IncomingMessage['headers'] }
Object.defineProperty(Lazy.prototype, 'headers', {
  get(this: Lazy) {
    return this[HANDED] || isTreated(this.rawHeaders) ? whole.get.call(this) : NONE
  },
})

/** The request class of a server that reads `rawHeaders`: until `handOver`, `headers` is empty where none of the fields that node:http looks for is there. */
export const Incoming: typeof IncomingMessage = Lazy

/** The same of a server that bounds what is on its way. */
export function countedIncoming(arrivals: Arrivals): typeof IncomingMessage {
  return class extends Incoming {
    override push(chunk: Buffer | null): boolean {
      if (chunk === null) arrivals.whole(this.socket)
      else arrivals.came(this.socket, chunk.length)
      return super.push(chunk)
    }
  }
}

/** Before anybody else than node:http reads `headers`. */
export function handOver(incoming: IncomingMessage): void {
  if (incoming instanceof Lazy) incoming[HANDED] = true
}
