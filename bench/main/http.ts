/** Requests over one kept connection, with little of the client's own work between. */
import { Agent, request, type IncomingHttpHeaders } from 'node:http'

export interface Answered {
  /** From the call to the last byte of the answer. */
  readonly ms: number
  readonly body: Buffer
  readonly headers: IncomingHttpHeaders
}

export interface Client {
  /** GET without a body, POST with one; rejects unless the answer is 2xx. */
  ask(url: string, body?: Uint8Array, headers?: Readonly<Record<string, string>>): Promise<Answered>
  close(): void
}

/** A client that keeps one connection open. */
export function keptClient(): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    ask: (url, body, headers = {}) =>
      new Promise((resolve, reject) => {
        const began = performance.now()
        const length = body === undefined ? {} : { 'content-length': String(body.length) }
        const asked = request(url, { agent, method: body === undefined ? 'GET' : 'POST', headers: { ...headers, ...length } }, (answer) => {
          const chunks: Buffer[] = []
          answer.on('data', (chunk: Buffer) => chunks.push(chunk))
          answer.once('error', reject)
          answer.once('end', () => {
            const ms = performance.now() - began
            const whole = Buffer.concat(chunks)
            const status = answer.statusCode ?? 0
            if (status >= 200 && status < 300) resolve({ ms, body: whole, headers: answer.headers })
            else reject(new Error(`${url} answered ${status}: ${whole.toString('utf8').slice(0, 500)}`))
          })
        })
        asked.once('error', reject)
        asked.end(body)
      }),
    close: () => agent.destroy(),
  }
}
