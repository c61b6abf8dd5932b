/**
 * Bloom filter of a block: addresses, contracts, their variables and results, off-chain records and event names (U3.1-BLM-1, docs/spec/events.md).
 *
 * What is filtered are fingerprints, the first 8 bytes of an item's digest: they also lie beside the block, so that who finds a block by its filter finds
 * the transaction exactly, and so that the filters of many blocks can be joined to one. 10 bits an item and 7 probes: no false negative, and less than one
 * false positive in a hundred (0.0082 by (1 - e^(-7/10))^7).
 */
import { concatBytes, copyInto, digest, domain, LIMITS, Messages, utf8 } from '../../core/index.ts'
import type { TouchedItem } from '../tx/index.ts'

const BITS_PER_ITEM = 10
const PROBES = 7
const LEAST_BYTES = 32
const FINGERPRINT_BYTES = 8

/** Kinds of items; each has a domain of its own, so that no item of one kind matches another. */
export type BloomKind = 'address' | 'contract' | 'variable' | 'result' | 'record' | 'event'

/** An item of a block, before it is hashed; the kind is a `BloomKind`. */
export type BloomItem = readonly [kind: string, item: Uint8Array]

const prefixes = new Map<string, Uint8Array>()

/** `digest('bloom-item', kind, '/', item)` is over this and the item. */
function prefixOf(kind: string): Uint8Array {
  let prefix = prefixes.get(kind)
  if (prefix === undefined) {
    prefix = concatBytes(domain('bloom-item'), utf8(`${kind}/`))
    prefixes.set(kind, prefix)
  }
  return prefix
}

/** What stands for an item: 8 bytes. */
export function fingerprint(item: BloomItem): Uint8Array {
  return fingerprints([item])
}

/** The fingerprints of items, one behind the other. */
export function fingerprints(items: readonly BloomItem[]): Uint8Array {
  return fingerprintsOf([items])[0] as Uint8Array
}

const roomOf = (part: Uint8Array | string): number => (typeof part === 'string' ? 3 * part.length : part.length)

function write(messages: Messages, part: Uint8Array | string): void {
  if (typeof part === 'string') messages.text(part)
  else messages.raw(part)
}

/** The same of many lists, each its own. */
export function fingerprintsOf(lists: readonly (readonly TouchedItem[])[]): Uint8Array[] {
  const messages = new Messages(16_384)
  /** By kind the item written last, and of each item where its hash stands: calls of one contract touch much the same, one after another. */
  const last = new Map<string, { readonly part: unknown; readonly more: unknown; readonly at: number }>()
  const places: number[] = []
  let count = 0
  for (const items of lists) {
    for (const [kind, part, more] of items) {
      const before = last.get(kind)
      if (before !== undefined && before.part === part && before.more === more) {
        places.push(before.at)
        continue
      }
      const at = 32 * count++
      last.set(kind, { part, more, at })
      places.push(at)
      const prefix = prefixOf(kind)
      messages.reserve(prefix.length + roomOf(part) + (more === undefined ? 0 : roomOf(more)))
      messages.raw(prefix)
      write(messages, part)
      if (more !== undefined) write(messages, more)
      messages.end()
    }
  }
  const hashes = messages.hash()
  let next = 0
  return lists.map((items) => {
    const out = new Uint8Array(items.length * FINGERPRINT_BYTES)
    for (let i = 0; i < items.length; i++) copyInto(out, i * FINGERPRINT_BYTES, hashes, places[next++] as number, FINGERPRINT_BYTES)
    return out
  })
}

const word = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0

/** Probe i of a fingerprint [a, b] is (a + i * b) modulo the bits (Kirsch and Mitzenmacher 2006); b is odd, so that probes differ. */
const bitOf = (a: number, b: number, probe: number, bits: number): number => (a + probe * ((b | 1) >>> 0)) % bits

/** Distinct fingerprints of those that lie one behind the other in each of the parts, as numbers [a, b]. */
function distinct(parts: Iterable<Uint8Array>): readonly (readonly [a: number, b: number])[] {
  const known = new Map<number, number | number[]>()
  const out: (readonly [number, number])[] = []
  for (const part of parts) {
    for (let at = 0; at < part.length; at += FINGERPRINT_BYTES) {
      const a = word(part, at)
      const b = word(part, at + 4)
      const others = known.get(a)
      if (others === undefined) known.set(a, b)
      else if (typeof others === 'number') {
        if (others === b) continue
        known.set(a, [others, b])
      } else {
        if (others.includes(b)) continue
        others.push(b)
      }
      out.push([a, b])
    }
  }
  return out
}

/**
 * The filter over fingerprints. Its size follows their number, up to a limit beyond which it only grows less sharp; their order, and repeats, do not
 * matter.
 */
export function makeBloom(parts: Iterable<Uint8Array>, most: number = LIMITS.bloomBytes): Uint8Array {
  const items = distinct(parts)
  const filter = new Uint8Array(Math.min(most, Math.max(LEAST_BYTES, Math.ceil((items.length * BITS_PER_ITEM) / 8))))
  const bits = filter.length * 8
  for (const [a, b] of items) {
    for (let i = 0; i < PROBES; i++) {
      const bit = bitOf(a, b, i, bits)
      filter[bit >> 3] = (filter[bit >> 3] as number) | (1 << (bit & 7))
    }
  }
  return filter
}

/** False only when the item of the fingerprint is surely not in the filter. */
export function mayContain(filter: Uint8Array, print: Uint8Array): boolean {
  const bits = filter.length * 8
  const a = word(print, 0)
  const b = word(print, 4)
  for (let i = 0; i < PROBES; i++) {
    const bit = bitOf(a, b, i, bits)
    if ((((filter[bit >> 3] as number) >> (bit & 7)) & 1) === 0) return false
  }
  return true
}

/** True when the fingerprint is among those that lie one behind the other. */
export function holdsPrint(prints: Uint8Array, print: Uint8Array): boolean {
  for (let at = 0; at < prints.length; at += FINGERPRINT_BYTES) {
    let same = 0
    while (same < FINGERPRINT_BYTES && prints[at + same] === print[same]) same++
    if (same === FINGERPRINT_BYTES) return true
  }
  return false
}

/** The filter's digest, as the header names it. */
export function bloomDigest(filter: Uint8Array): Uint8Array {
  return digest('bloom', filter)
}
