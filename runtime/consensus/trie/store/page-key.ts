/** Rows of the tries, and their keys. */
import { copyInto } from '../../../core/index.ts'
import { POSITION_BYTES, VERSION_BYTES, writeVersion } from '../bytes/index.ts'

export type Row = readonly [key: Uint8Array, value: Uint8Array]

const PAGE = 0x6e // n
const VALUE = 0x76 // v
const REST_AT = 2 + VERSION_BYTES

/**
 * Key of a page, a bucket or a branch: [n][trie][height 6][depth of its top 1][the bits above its top, filled up with zeros]. It is written once at its height and never
 * changed, so that the tries of older heights stay whole.
 */
export function pageKey(trie: number, version: number, depth: number, positions: Uint8Array, at: number): Uint8Array {
  const bytes = (depth + 7) >> 3
  const key = new Uint8Array(REST_AT + 1 + bytes)
  key[0] = PAGE
  key[1] = trie
  writeVersion(key, 2, version)
  key[REST_AT] = depth
  copyInto(key, REST_AT + 1, positions, at, bytes)
  if ((depth & 7) !== 0) key[REST_AT + bytes] = (key[REST_AT + bytes] as number) & (0xff00 >> (depth & 7))
  return key
}

/** Key of a value too large for its page. */
export function valueKey(trie: number, version: number, positions: Uint8Array, at: number): Uint8Array {
  const key = new Uint8Array(REST_AT + POSITION_BYTES)
  key[0] = VALUE
  key[1] = trie
  writeVersion(key, 2, version)
  copyInto(key, REST_AT, positions, at, POSITION_BYTES)
  return key
}
