/** Header fields of wasi:http. The host is the only guard of what goes on the wire, so names and values are checked here. */
import { LIMITS } from '../../core/index.ts'
import { GuestTrap } from '../abi/index.ts'

export type Header = readonly [string, Uint8Array]

/** header-error: cases of the variant. */
const INVALID_SYNTAX = 0
const FORBIDDEN = 1
const IMMUTABLE = 2

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

/** RFC 9110, 5.5: no control but the tab. */
function goodValue(value: Uint8Array): boolean {
  for (let i = 0; i < value.length; i++) {
    const byte = value[i] as number
    if ((byte < 32 && byte !== 9) || byte === 127) return false
  }
  return true
}

const goodValues = (values: readonly Uint8Array[]): boolean => {
  for (const value of values) if (!goodValue(value)) return false
  return true
}

/** Whether a field can stand in an answer at all. */
export const sendable = (name: string, value: Uint8Array): boolean => TOKEN.test(name) && goodValue(value)

export class Fields {
  /** Names in lower case, in the order of their making. */
  readonly #entries: Header[]
  readonly immutable: boolean
  /** Every field has passed `refusal`: what is appended has. */
  readonly checked: boolean
  #size = 0

  constructor(entries: readonly Header[] = [], immutable = false, checked = entries.length === 0) {
    this.#entries = []
    this.immutable = immutable
    this.checked = checked
    for (const [name, value] of entries) {
      this.#entries.push([name.toLowerCase(), value])
      this.#size += name.length + value.length + FIELD_BYTES
    }
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
    if (!TOKEN.test(name) || !goodValues(values)) return INVALID_SYNTAX
    return HOP_BY_HOP.has(name.toLowerCase()) ? FORBIDDEN : undefined
  }

  /** Only what `refusal` lets pass: the name is a token, so a character is a byte. */
  append(name: string, value: Uint8Array): void {
    this.#size += name.length + value.length + FIELD_BYTES
    if (this.#size > LIMITS.headerBytes) throw new GuestTrap(`header fields are over the limit headerBytes of ${LIMITS.headerBytes}`)
    this.#entries.push([name.toLowerCase(), value])
  }

  clone(immutable: boolean): Fields {
    return new Fields(this.#entries, immutable, this.checked)
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
