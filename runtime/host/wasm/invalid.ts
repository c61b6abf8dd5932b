/** The one way in which a guest's bytes are refused: a rule, the place, and what is wrong. */
import { LIMITS, UtnetError, type LimitName } from '../../core/index.ts'

/** The rules of the validator; `details.rule` of a `guest_invalid` error is one of them. */
export type Rule =
  | 'format'
  | 'validation'
  | 'opcode'
  | 'threads'
  | 'shared-memory'
  | 'relaxed-simd'
  | 'memory64'
  | 'multi-memory'
  | 'gc'
  | 'exceptions'
  | 'tail-calls'
  | 'const-expression'
  | 'limit'
  | 'memory-minimum'
  | 'segment-bounds'
  | 'core-module'
  | 'component-shape'
  | 'component-type'
  | 'import'
  | 'grants'
  | 'world'

/** A `guest_invalid` error. `offset` counts from the start of the bytes that were handed in; `fn` is the index of a core function. */
export function invalid(rule: Rule, offset: number, message: string, fn?: number): UtnetError {
  const where = fn === undefined ? `at offset ${offset}` : `in function ${fn} at offset ${offset}`
  return new UtnetError('guest_invalid', `${message} (${where}; rule ${rule})`, {
    details: fn === undefined ? { rule, offset } : { rule, offset, function: fn },
  })
}

/** Throws `guest_invalid` with rule `limit` (or a narrower one) when `used` is over the limit, or over what is `allowed` of it here. */
export function atMost(
  limit: LimitName,
  used: number,
  offset: number,
  what: string,
  fn?: number,
  rule: Rule = 'limit',
  allowed: number = LIMITS[limit],
): void {
  if (used <= allowed) return
  const place = fn === undefined ? { rule, offset } : { rule, offset, function: fn }
  throw new UtnetError('guest_invalid', `${what}: ${used} is over the limit ${limit} of ${allowed} (at offset ${offset})`, {
    limit,
    used,
    allowed,
    details: place,
  })
}
