/**
 * Bloom filter of a block: addresses, contracts, their variables and results, off-chain records and event names (U3.1-BLM-1).
 * About 10 bits an item and 7 probes: one false positive in a hundred, no false negative.
 */
import { digest, utf8 } from '../../core/index.ts'

const BITS_PER_ITEM = 10
const PROBES = 7
const LEAST_BYTES = 32

export type BloomKind = 'address' | 'contract' | 'variable' | 'result' | 'record' | 'event'

/** Hash of an item: the probes are its first 7 words. */
function probesOf(kind: string, item: Uint8Array): Uint8Array {
  return digest('bloom-item', utf8(`${kind}/`), item)
}

function bitOf(hash: Uint8Array, probe: number, bits: number): number {
  const at = probe * 4
  const word =
    (hash[at] as number) * 0x1000000 + ((hash[at + 1] as number) << 16) + ((hash[at + 2] as number) << 8) + (hash[at + 3] as number)
  return word % bits
}

/** The filter over items; its size follows their number. The order of the items, and repeats, do not matter. */
export function makeBloom(items: Iterable<readonly [kind: string, item: Uint8Array]>): Uint8Array {
  const hashes = new Map<string, Uint8Array>()
  for (const [kind, item] of items) {
    const text = `${kind}/${String.fromCharCode(...item)}`
    if (!hashes.has(text)) hashes.set(text, probesOf(kind, item))
  }
  const filter = new Uint8Array(Math.max(LEAST_BYTES, Math.ceil((hashes.size * BITS_PER_ITEM) / 8)))
  const bits = filter.length * 8
  for (const hash of hashes.values()) {
    for (let i = 0; i < PROBES; i++) {
      const bit = bitOf(hash, i, bits)
      filter[bit >> 3] = (filter[bit >> 3] as number) | (1 << (bit & 7))
    }
  }
  return filter
}

/** False only when the item is surely not in the filter. */
export function mayContain(filter: Uint8Array, kind: BloomKind, item: Uint8Array): boolean {
  const hash = probesOf(kind, item)
  const bits = filter.length * 8
  for (let i = 0; i < PROBES; i++) {
    const bit = bitOf(hash, i, bits)
    if ((((filter[bit >> 3] as number) >> (bit & 7)) & 1) === 0) return false
  }
  return true
}

/** The filter's digest, as the header names it. */
export function bloomDigest(filter: Uint8Array): Uint8Array {
  return digest('bloom', filter)
}
