/**
 * The one error of the project: a code, whose fault it is, and what to do next.
 * The gateway maps `fault` and code to an HTTP status, the network to accept, ignore or reject.
 */

export type Fault = 'caller' | 'guest' | 'peer' | 'node'

/** Every error code: `area_reason`. The HTTP status stands beside the fault so that both stay in one table. */
export const ERRORS = {
  // core
  core_bad_argument: ['caller', 400],
  core_bad_text: ['caller', 400],
  core_not_canonical: ['peer', 400],
  core_too_large: ['caller', 413],
  // guests
  guest_invalid: ['caller', 400],
  guest_not_found: ['caller', 404],
  guest_world: ['caller', 400],
  guest_export_not_found: ['caller', 404],
  guest_build: ['caller', 400],
  guest_trap: ['guest', 500],
  guest_bad_answer: ['guest', 500],
  seal_broken: ['caller', 400],
  seal_not_authorised: ['caller', 403],
  name_invalid: ['caller', 400],
  name_taken: ['caller', 403],
  value_mismatch: ['caller', 400],
  // host
  host_out_of_gas: ['guest', 500],
  host_refused: ['guest', 500],
  host_fault: ['node', 503],
  host_module_missing: ['node', 503], // details: {module}, and {bytes} where it is looked for by its size
  host_busy: ['node', 503],
  host_restarted: ['node', 503],
  // tensors
  tensor_shape: ['caller', 400],
  tensor_dtype: ['caller', 400],
  tensor_input: ['caller', 400],
  model_invalid: ['caller', 400],
  model_not_found: ['caller', 404],
  operator_unsupported: ['caller', 400], // details: {operators: [{operator, count, nodes}]}
  device_missing: ['node', 501],
  device_failed: ['node', 503],
  device_memory: ['node', 503],
  // chain
  tx_invalid: ['caller', 400],
  tx_signature: ['caller', 400],
  tx_chain: ['caller', 400],
  tx_nonce: ['caller', 409],
  tx_balance: ['caller', 402],
  tx_gas: ['caller', 400],
  tx_expired: ['caller', 409],
  tx_dropped: ['caller', 410], // waited and is gone; details: {reason: 'replaced' | 'evicted' | 'unpaid'}
  tx_not_found: ['caller', 404],
  chain_height: ['caller', 404],
  chain_pruned: ['caller', 410],
  chain_invalid: ['peer', 400],
  light_invalid: ['peer', 400],
  light_future: ['peer', 400],
  light_gap: ['caller', 409],
  light_expired: ['caller', 400],
  light_conflict: ['peer', 409],
  query_write: ['caller', 400],
  mempool_full: ['node', 503],
  events_lagging: ['caller', 429],
  // receipts and proofs
  receipt_not_found: ['caller', 404],
  receipt_invalid: ['caller', 400],
  receipt_withheld: ['caller', 403],
  receipt_not_anchored: ['caller', 409],
  bundle_invalid: ['caller', 400],
  verify_failed: ['caller', 400],
  trust_unknown: ['caller', 400],
  replay_mismatch: ['node', 500],
  // evidence and disputes
  evidence_invalid: ['peer', 400],
  evidence_unsupported: ['caller', 400],
  dispute_refused: ['peer', 400],
  transcript_invalid: ['caller', 400],
  verdict_refused: ['caller', 403],
  // store and data folder
  block_not_found: ['caller', 404],
  block_mismatch: ['peer', 400],
  data_locked: ['node', 503],
  port_in_use: ['node', 503],
  data_version: ['node', 503],
  data_corrupt: ['node', 503],
  disk_failed: ['node', 503],
  // chips
  chip_engine: ['node', 503],
  chip_key: ['node', 503],
  chip_enrolment: ['caller', 403],
  // gateway and CLI
  request_invalid: ['caller', 400],
  request_too_large: ['caller', 413],
  request_media_type: ['caller', 415],
  request_precondition: ['caller', 412],
  request_range: ['caller', 416],
  not_acceptable: ['caller', 406],
  route_not_found: ['caller', 404],
  method_not_allowed: ['caller', 405],
  origin_refused: ['caller', 403],
  host_unknown: ['caller', 421],
  auth_required: ['caller', 403],
  node_stopping: ['node', 503],
  node_not_ready: ['node', 503],
  node_unreachable: ['node', 503],
  node_internal: ['node', 500],
  usage: ['caller', 400],
} as const satisfies Record<string, readonly [Fault, number]>

/** A code of the table. */
export type ErrorCode = keyof typeof ERRORS

/** What an error says beside its code and message. */
export interface ErrorExtra {
  /** The next thing to do, as a sentence or a command. */
  readonly hint?: string
  /** Name of the limit in `limits.ts` that broke, with what was used and what is allowed. */
  readonly limit?: string
  readonly used?: number | bigint
  readonly allowed?: number | bigint
  /** Further members for problem+json; JSON-safe values only. */
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** Characters of a message that are kept: it may quote a model, a request or a guest, and goes into answers and logs. */
export const MESSAGE_MAX = 16_384

export class UtnetError extends Error {
  override readonly name = 'UtnetError'
  readonly code: ErrorCode
  readonly fault: Fault
  readonly status: number
  readonly hint: string | undefined
  readonly limit: string | undefined
  readonly used: number | bigint | undefined
  readonly allowed: number | bigint | undefined
  readonly details: Readonly<Record<string, unknown>> | undefined

  constructor(code: ErrorCode, message: string, extra: ErrorExtra = {}) {
    super(
      message.length > MESSAGE_MAX ? `${message.slice(0, MESSAGE_MAX).toWellFormed()}...` : message,
      extra.cause === undefined ? undefined : { cause: extra.cause },
    )
    const [fault, status] = ERRORS[code]
    this.code = code
    this.fault = fault
    this.status = status
    this.hint = extra.hint
    this.limit = extra.limit
    this.used = extra.used
    this.allowed = extra.allowed
    this.details = extra.details
  }
}

/** True for a UtnetError, of the given code if one is named. */
export function isUtnetError(error: unknown, code?: ErrorCode): error is UtnetError {
  return error instanceof UtnetError && (code === undefined || error.code === code)
}

/** The error of a broken limit: names it, what was used and what is allowed. */
export function limitError(code: ErrorCode, limit: string, used: number | bigint, allowed: number | bigint, what: string): UtnetError {
  return new UtnetError(code, `${what}: ${used} is over the limit ${limit} of ${allowed}`, { limit, used, allowed })
}

/** How an error names a value that was sent, whatever it is: an object that came with a `toString` of its own cannot be made text. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40))
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

/** What anything thrown is as a UtnetError: itself, or `node_internal` around it. */
export function asUtnetError(error: unknown): UtnetError {
  if (error instanceof UtnetError) return error
  return new UtnetError('node_internal', error instanceof Error ? error.message : String(error), { cause: error })
}

/** A UtnetError as plain data: classes do not survive the way between threads. */
export interface PlainError {
  readonly code: ErrorCode
  readonly message: string
  readonly extra: ErrorExtra
}

/** Anything thrown as plain data. */
export function plainError(thrown: unknown): PlainError {
  const { code, message, hint, limit, used, allowed, details } = asUtnetError(thrown)
  const extra: ErrorExtra = {
    ...(hint === undefined ? {} : { hint }),
    ...(limit === undefined ? {} : { limit }),
    ...(used === undefined ? {} : { used }),
    ...(allowed === undefined ? {} : { allowed }),
    ...(details === undefined ? {} : { details }),
  }
  return { code, message, extra }
}

/** The error again. */
export function errorOfPlain({ code, message, extra }: PlainError): UtnetError {
  return new UtnetError(code, message, extra)
}
