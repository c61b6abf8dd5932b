/**
 * ed25519 checks for keys met before, by tables in WebAssembly: about a quarter of the work of a check that knows nothing of its key. The rule is that of
 * ed25519-rule.ts: bytes are judged before these functions are asked, and what they compute is its point 2, R = s B - k A byte for byte.
 */
import { hash } from 'node:crypto'
import { byteString, copyInto, UtnetError, type SignatureCheck } from '../../core/index.ts'
import { newInstance, type Exports } from './instance.ts'

export { timesPoint } from './times.ts'

/** Checks that share one inversion, at most what the module's working room holds. */
const BATCH = 256
const PAGE = 65_536
/** A longer message costs more to hash than its equation: nothing is gained by a table. */
const LONG = 65_536
// Places in an item (assembly/ed25519-tables.ts).
const HASH = 40
const R = 104
const TABLE = 136
const ANSWER = 140

/** A table costs less than a check without one, so it is made when a key is met for the second time. */
const MET = 1

/** Tables of at most so many keys; 4,096 take 42 MB. It forgets those used longest ago. */
export class KeyTables {
  readonly #exports: Exports
  readonly #items: number
  readonly #tables: number
  readonly #most: number
  /** Keys by their bytes as text: how often they were met, or where their table lies. */
  readonly #met = new Map<string, number>()
  readonly #at = new Map<string, number>()
  /** Places of tables that nobody has. */
  readonly #free: number[] = []
  #places = 0
  #bytes: Uint8Array
  #view: DataView
  #message = new Uint8Array(1_024)

  constructor(most = 4_096) {
    // the checks of a batch must not take each other's tables
    if (most < BATCH) throw new UtnetError('core_bad_argument', `there must be room for ${BATCH} tables, not ${most}`)
    this.#exports = newInstance()
    this.#items = (this.#exports.base() + 15) & ~15
    this.#tables = (this.#items + BATCH * this.#exports.itemBytes() + 15) & ~15
    this.#most = most
    this.#bytes = new Uint8Array(this.#exports.memory.buffer)
    this.#view = new DataView(this.#bytes.buffer)
    this.#reserve(this.#tables)
  }

  #reserve(end: number): void {
    const missing = end - this.#bytes.length
    if (missing <= 0) return
    // doubled: each time is a new array over the memory
    const pages = Math.ceil(Math.max(missing, this.#bytes.length) / PAGE)
    try {
      this.#exports.memory.grow(pages)
    } catch (cause) {
      throw new UtnetError('core_too_large', `no memory for ${end} bytes of key tables`, { cause })
    }
    this.#bytes = new Uint8Array(this.#exports.memory.buffer)
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** Where the key's table lies; undefined for a key met for the first time, or one that is no point. */
  #tableOf(key: Uint8Array): number | undefined {
    const id = byteString(key)
    const known = this.#at.get(id)
    if (known !== undefined) {
      if (this.#places < this.#most) return known
      // used now: it moves behind all others
      this.#at.delete(id)
      this.#at.set(id, known)
      return known
    }
    const met = this.#met.get(id) ?? 0
    this.#met.delete(id)
    if (met < MET) {
      this.#met.set(id, met + 1)
      if (this.#met.size > this.#most) this.#met.delete(this.#met.keys().next().value as string)
      return undefined
    }
    const at = this.#place()
    this.#bytes.set(key, this.#items)
    if (this.#exports.prepare(at, this.#items) === 0) {
      this.#free.push(at)
      return undefined
    }
    this.#at.set(id, at)
    return at
  }

  /** Room for a table. Where there are enough it is that of the key used longest ago. */
  #place(): number {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#places < this.#most) {
      const size = this.#exports.tableBytes()
      const at = this.#tables + this.#places++ * size
      this.#reserve(at + size)
      return at
    }
    const [oldest, at] = this.#at.entries().next().value as [string, number]
    this.#at.delete(oldest)
    return at
  }

  #write(item: number, { signature, message, key }: SignatureCheck, table: number): void {
    const length = 64 + message.length
    if (this.#message.length < length) this.#message = new Uint8Array(length * 2)
    copyInto(this.#message, 0, signature, 0, 32)
    this.#message.set(key, 32)
    this.#message.set(message, 64)
    const k = hash('sha512', this.#message.subarray(0, length), 'latin1')
    copyInto(this.#bytes, item, signature, 32, 32)
    for (let i = 0; i < 64; i++) this.#bytes[item + HASH + i] = k.charCodeAt(i)
    copyInto(this.#bytes, item + R, signature, 0, 32)
    this.#view.setUint32(item + TABLE, table, true)
  }

  /** For each check, its lengths and bytes acceptable (ed25519-rule.ts), whether its equation holds; undefined where nothing is said here: the key was not met before or is no point, or the message is long. */
  check(checks: readonly SignatureCheck[]): (boolean | undefined)[] {
    const answers: (boolean | undefined)[] = Array.from({ length: checks.length })
    const size = this.#exports.itemBytes()
    for (let from = 0; from < checks.length; from += BATCH) {
      const part = checks.slice(from, from + BATCH)
      // all tables first: the room where a key is read is that of the items
      const tables = part.map(({ key, message }) => (message.length > LONG ? undefined : this.#tableOf(key)))
      let count = 0
      for (let i = 0; i < part.length; i++) {
        const table = tables[i]
        if (table !== undefined) this.#write(this.#items + count++ * size, part[i] as SignatureCheck, table)
      }
      if (count > 0) this.#exports.run(this.#items, count)
      let at = this.#items + ANSWER
      for (let i = 0; i < part.length; i++) {
        if (tables[i] === undefined) continue
        answers[from + i] = this.#view.getUint32(at, true) === 1
        at += size
      }
    }
    return answers
  }
}
