/** Header fields of wasi:http. The host is the only guard of what goes on the wire, so names and values are checked here. */
import { LIMITS, utf8 } from '../../core/index.ts'
import { GuestTrap } from '../abi/index.ts'

export type Header = readonly [string, Uint8Array]

/** header-error: cases of the variant. */
export const INVALID_SYNTAX = 0
export const FORBIDDEN = 1
export const IMMUTABLE = 2

/** What every field weighs beside its bytes (as RFC 9113, 6.5.2 counts). */
const FIELD_BYTES = 32
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** Fields of the connection, which belongs to the host. */
const HOP_BY_HOP = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const goodValue = (value: Uint8Array): boolean => value.every((byte) => byte === 9 || (byte >= 32 && byte !== 127))

export class Fields {
  /** Names in lower case, in the order of their making. */
  readonly #entries: Header[]
  readonly immutable: boolean
  #size: number

  constructor(entries: readonly Header[] = [], immutable = false) {
    this.#entries = entries.map(([name, value]) => [name.toLowerCase(), value])
    this.immutable = immutable
    this.#size = entries.reduce((n, [name, value]) => n + name.length + value.length + FIELD_BYTES, 0)
  }

  get entries(): readonly Header[] {
    return this.#entries
  }

  get(name: string): readonly Uint8Array[] {
    const lower = name.toLowerCase()
    return this.#entries.filter(([key]) => key === lower).map(([, value]) => value)
  }

  has(name: string): boolean {
    const lower = name.toLowerCase()
    return this.#entries.some(([key]) => key === lower)
  }

  /** The case of header-error that a change would meet; undefined when it is allowed. */
  refusal(name: string, values: readonly Uint8Array[]): number | undefined {
    if (this.immutable) return IMMUTABLE
    if (!TOKEN.test(name) || !values.every(goodValue)) return INVALID_SYNTAX
    return HOP_BY_HOP.has(name.toLowerCase()) ? FORBIDDEN : undefined
  }

  append(name: string, value: Uint8Array): void {
    this.#size += utf8(name).length + value.length + FIELD_BYTES
    if (this.#size > LIMITS.headerBytes) throw new GuestTrap(`header fields are over the limit headerBytes of ${LIMITS.headerBytes}`)
    this.#entries.push([name.toLowerCase(), value])
  }

  remove(name: string): void {
    const lower = name.toLowerCase()
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const [key, value] = this.#entries[i] as Header
      if (key !== lower) continue
      this.#size -= key.length + value.length + FIELD_BYTES
      this.#entries.splice(i, 1)
    }
  }
}
