/** Header fields of wasi:http. The host is the only guard of what goes on the wire, so names and values are checked here. */
import { LIMITS } from '../../core/index.ts'
import { LimitTrap } from '../abi/index.ts'

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

/** A name as it is kept, and whether it may be set. */
interface Known {
  readonly lower: string
  /** The case of header-error that it meets by itself. */
  readonly refused: number | undefined
}

/** Names that guests have set: most set the same few. */
const KNOWN = new Map<string, Known>()
const KNOWN_MAX = 1_024
const KNOWN_LENGTH = 64

function known(name: string): Known {
  const found = KNOWN.get(name)
  if (found !== undefined) return found
  const lower = name.toLowerCase()
  const made = { lower, refused: !TOKEN.test(name) ? INVALID_SYNTAX : HOP_BY_HOP.has(lower) ? FORBIDDEN : undefined }
  if (KNOWN.size < KNOWN_MAX && name.length <= KNOWN_LENGTH) KNOWN.set(name, made)
  return made
}

/** Whether a field can stand in an answer at all. */
export const sendable = (name: string, value: Uint8Array): boolean => TOKEN.test(name) && goodValue(value)

export class Fields {
  /** Names in lower case, in the order of their making. */
  #entries: Header[]
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

  /** Bytes of all fields and of what each weighs beside: what a look through them is paid by. */
  get weight(): number {
    return this.#size
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
    const { refused } = known(name)
    return refused === INVALID_SYNTAX || !goodValues(values) ? INVALID_SYNTAX : refused
  }

  /** Appends a field, or gives the case of header-error that it meets. */
  tryAppend(name: string, value: Uint8Array): number | undefined {
    if (this.immutable) return IMMUTABLE
    const { lower, refused } = known(name)
    if (refused === INVALID_SYNTAX || !goodValue(value)) return INVALID_SYNTAX
    if (refused === undefined) this.#add(lower, value)
    return refused
  }

  /** Only what `refusal` lets pass: the name is a token, so a character is a byte. */
  append(name: string, value: Uint8Array): void {
    this.#add(name.toLowerCase(), value)
  }

  #add(name: string, value: Uint8Array): void {
    this.#size += name.length + value.length + FIELD_BYTES
    if (this.#size > LIMITS.headerBytes)
      throw new LimitTrap('headerBytes', `header fields are over the limit headerBytes of ${LIMITS.headerBytes}`)
    this.#entries.push([name, value])
  }

  /** The entries are shared: none of them ever changes. */
  clone(immutable: boolean): Fields {
    const copy = new Fields([], immutable, this.checked)
    copy.#entries = this.#entries.slice()
    copy.#size = this.#size
    return copy
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
