/** The built component's core module behind just enough of wasi:http for one request at a time. */

import { Instance } from './instance.ts'
import { callWaiting, put } from './models.ts'

export interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']
const READ_BYTES = 65536

export class Component extends Instance {
  private method = 'GET'
  private body: Uint8Array = new Uint8Array(0)
  private status = 200
  private headers: Record<string, string> = {}
  private written: Uint8Array[] = []

  constructor(module: WebAssembly.Module) {
    super()
    let handles = 0
    const handle = (): number => ++handles
    const nothing = (): void => undefined
    /** result<own<..>>: ok with a new handle. */
    const opened = (_: number, area: number): void => {
      this.view.setUint8(area, 0)
      this.view.setInt32(area + 4, handle(), true)
    }
    const ok = (area: number): void => this.view.setUint8(area, 0)
    const text = (at: number, units: number): string => new TextDecoder('utf-16le').decode(new Uint8Array(this.buffer, at, 2 * units))
    const write = (_: number, at: number, size: number, area: number): void => {
      this.written.push(this.memory.slice(at, at + size))
      ok(area)
    }
    this.start(module, {
      'wasi:http/types@0.2.3': {
        '[constructor]fields': handle,
        /** A list of names and values, each a pointer and a length. */
        '[static]fields.from-list': (list: number, count: number, area: number) => {
          for (let i = 0; i < count; i++) {
            const [name, nameLength, value, size] = new Uint32Array(this.buffer, list + 16 * i, 4) as unknown as [
              number,
              number,
              number,
              number,
            ]
            this.headers[text(name, nameLength)] = Buffer.from(this.buffer, value, size).toString('latin1')
          }
          opened(0, area)
        },
        '[resource-drop]fields': nothing,
        '[method]incoming-request.method': (_: number, area: number) => this.view.setUint8(area, METHODS.indexOf(this.method)),
        '[method]incoming-request.consume': opened,
        '[resource-drop]incoming-request': nothing,
        '[method]incoming-body.stream': opened,
        '[resource-drop]incoming-body': nothing,
        '[constructor]outgoing-response': handle,
        '[method]outgoing-response.set-status-code': (_: number, status: number) => {
          this.status = status
          return 0
        },
        '[method]outgoing-response.body': opened,
        '[method]outgoing-body.write': opened,
        '[static]outgoing-body.finish': (_: number, __: number, ___: number, area: number) => ok(area),
        '[static]response-outparam.set': nothing,
      },
      'wasi:io/streams@0.2.3': {
        '[method]input-stream.blocking-read': (_: number, __: bigint, area: number) => this.read(area),
        '[resource-drop]input-stream': nothing,
        '[method]output-stream.check-write': (_: number, area: number) => {
          ok(area)
          this.view.setBigUint64(area + 8, 1n << 20n, true)
        },
        '[method]output-stream.write': write,
        '[method]output-stream.blocking-write-and-flush': write,
        '[resource-drop]output-stream': nothing,
      },
    })
  }

  private read(area: number): void {
    const part = this.body.subarray(0, READ_BYTES)
    this.body = this.body.subarray(part.length)
    if (part.length === 0) {
      this.view.setUint8(area, 1)
      this.view.setUint8(area + 4, 1) // stream-error closed
      return
    }
    const at = put(this, part, 1)
    this.view.setUint8(area, 0)
    this.view.setUint32(area + 4, at, true)
    this.view.setUint32(area + 8, part.length, true)
  }

  /** One request. Needs `canWait`. */
  async request(method: string, body: Uint8Array = new Uint8Array(0)): Promise<Answer> {
    Object.assign(this, { method, body, status: 200, headers: {}, written: [] })
    await callWaiting(this.exports['wasi:http/incoming-handler@0.2.3#handle'], 1, 2)
    return { status: this.status, headers: this.headers, body: Buffer.concat(this.written).toString('utf8') }
  }
}
