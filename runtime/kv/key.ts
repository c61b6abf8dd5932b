/** What both stores ask of keys and values, so that they accept alike. */
import { abytes, UtnetError } from '../core/index.ts'

/** Longest key: LMDB's own bound at 4 KiB pages is 1,978 bytes. */
const MAX_KEY_BYTES = 1_900

/** The key; throws `core_bad_argument` when it is empty or too long. */
export function checkKey(key: Uint8Array): Uint8Array {
  const { length } = abytes(key, undefined, 'key')
  if (length === 0 || length > MAX_KEY_BYTES)
    throw new UtnetError('core_bad_argument', `a key has 1 to ${MAX_KEY_BYTES} bytes, got ${length}`)
  return key
}

export type Change = readonly [Uint8Array, Uint8Array | undefined]

/** The changes of a commit, each checked before any is applied. */
export function checkChanges(changes: readonly Change[]): void {
  for (const [key, value] of changes) {
    checkKey(key)
    if (value !== undefined) abytes(value, undefined, 'value')
  }
}

/** The number of entries a range may yield. */
export function checkLimit(limit: number | undefined): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY
  if (!Number.isSafeInteger(limit) || limit < 0) throw new UtnetError('core_bad_argument', `limit must be a whole number, got ${limit}`)
  return limit
}
