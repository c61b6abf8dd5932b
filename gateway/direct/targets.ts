/** Targets of requests, taken apart and remembered: most requests are to the same few. */
import { targetOf, type FunctionTarget } from '../routes/index.ts'

/** Targets that a URL parser (WHATWG URL 4.4) leaves as they are: no dot segment, escaped ones included, follows. */
const PLAIN = /^\/fn\/[\w\-.~!$&()*+,;=:@%/?]*$/
const DOTS = /\/\.|\/%2e/i

const KNOWN_MAX = 1_024
const KNOWN_LENGTH = 128

const known = new Map<string, FunctionTarget>()

/** Whether a target is plain. */
export const plainTarget = (target: string): boolean => known.has(target) || (PLAIN.test(target) && !DOTS.test(target))

/** Name and path of a plain target. Throws `route_not_found`, `name_invalid`. */
export function knownTarget(target: string): FunctionTarget {
  const found = known.get(target)
  if (found !== undefined) return found
  const made = targetOf(target)
  if (known.size < KNOWN_MAX && target.length <= KNOWN_LENGTH) known.set(target, made)
  return made
}
