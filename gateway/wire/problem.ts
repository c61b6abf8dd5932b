/** Errors on the wire: problem documents of RFC 9457, and back. */
import { ERRORS, UtnetError, type ErrorCode, type ErrorExtra } from '../../runtime/core/index.ts'
import { hintOf } from './hints.ts'

export const PROBLEM_TYPE = 'application/problem+json'

/** A problem document with our members: `status` follows from `code`; counts beyond 2^53 are decimal text. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  readonly hint: string
  readonly limit?: string
  readonly used?: number | string
  readonly allowed?: number | string
  /** Extension members: the error's details. */
  readonly [member: string]: unknown
}

const RESERVED = new Set(['type', 'title', 'status', 'detail', 'code', 'hint', 'limit', 'used', 'allowed', 'error', 'instance'])

const numeral = (n: number | bigint): number | string =>
  typeof n === 'number' || Number.isSafeInteger(Number(n)) ? Number(n) : n.toString()

/** The problem document of an error. What the node did not expect shows no message of its own: it may name paths or secrets. */
export function problemOf(error: UtnetError): Problem {
  const { code, status, limit, used, allowed, details } = error
  return {
    ...details,
    type: `urn:utnet:error:${code}`,
    title: code.replaceAll('_', ' '),
    status,
    detail: code === 'node_internal' ? 'the node failed while it worked on this request' : error.message,
    code,
    hint: error.hint ?? hintOf(code),
    ...(limit === undefined ? {} : { limit }),
    ...(used === undefined ? {} : { used: numeral(used) }),
    ...(allowed === undefined ? {} : { allowed: numeral(allowed) }),
  }
}

function count(value: unknown): number | bigint | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  return typeof value === 'string' && /^-?[0-9]{1,40}$/.test(value) ? BigInt(value) : undefined
}

/** The error of a problem document with the same fields; undefined where it is none of ours. */
export function errorOf(document: unknown): UtnetError | undefined {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return undefined
  const { code, detail, hint, limit, used, allowed, ...rest } = document as Record<string, unknown>
  if (typeof code !== 'string' || !Object.hasOwn(ERRORS, code)) return undefined
  const details = Object.fromEntries(Object.entries(rest).filter(([name]) => !RESERVED.has(name)))
  const from = count(used)
  const to = count(allowed)
  const extra: ErrorExtra = {
    ...(typeof hint === 'string' ? { hint } : {}),
    ...(typeof limit === 'string' ? { limit } : {}),
    ...(from === undefined ? {} : { used: from }),
    ...(to === undefined ? {} : { allowed: to }),
    ...(Object.keys(details).length === 0 ? {} : { details }),
  }
  return new UtnetError(code as ErrorCode, typeof detail === 'string' ? detail : code, extra)
}
