/** Fields that come only where asked for: Content-Digest (RFC 9530), X-Request-Id, and the preferences of RFC 7240. */
import { sha256, UtnetError, type Retention } from '../../runtime/core/index.ts'
import { base64 } from '../wire/index.ts'

/** True when Want-Content-Digest names sha-256 with a weight over 0. */
export function wantsDigest(field: string | null | undefined): boolean {
  if (field === null || field === undefined) return false
  return field.split(',').some((part) => /^\s*sha-256\s*(=\s*([1-9]|10)\s*)?$/.test(part))
}

/** The value of Content-Digest for a body's sha256. */
export function contentDigest(bodySha256: Uint8Array): string {
  return `sha-256=:${base64(bodySha256)}:`
}

/** The id to echo: one that was sent in and is harmless in a log; undefined otherwise. */
export function requestId(field: string | null | undefined): string | undefined {
  return field !== null && field !== undefined && /^[A-Za-z0-9._~:+/=-]{1,128}$/.test(field) ? field : undefined
}

/** What `Prefer` (RFC 7240) asks for: the answer before its receipt is durable, and what is kept of the run. */
export interface Preferences {
  readonly later?: true
  readonly retention?: Retention
}

/** Fields that have come, since most clients say one thing. */
const known = new Map<string, Preferences>()
const KNOWN_MAX = 256
const KNOWN_LENGTH = 64

/** `Prefer: receipt=later, retention=none`; other preferences are ignored, as RFC 7240 asks. */
export function preferences(field: string | null | undefined): Preferences {
  if (field === null || field === undefined) return {}
  const found = known.get(field)
  if (found !== undefined) return found
  const made = preferencesOf(field)
  if (known.size < KNOWN_MAX && field.length <= KNOWN_LENGTH) known.set(field, made)
  return made
}

function preferencesOf(field: string): Preferences {
  let out: Preferences = {}
  for (const part of field.split(',')) {
    const [name, value = ''] = part.split('=').map((p) => p.trim().toLowerCase())
    if (name === 'receipt' && value === 'later') out = { ...out, later: true }
    if (name === 'retention') {
      if (value !== 'public' && value !== 'sealed' && value !== 'none') {
        throw new UtnetError('request_invalid', `Prefer: retention must be public, sealed or none, not ${value.slice(0, 40)}`)
      }
      out = { ...out, retention: value }
    }
  }
  return out
}

/** What a request asked for beside its answer, as the fields came. */
export interface Asked {
  readonly requestId: string | null | undefined
  readonly wantDigest: string | null | undefined
}

/** Adds to `headers` what the request asked for; the digest is made here only for the node's own answers. */
export function addAsked(asked: Asked, headers: Record<string, string>, body: string | Uint8Array | ReadableStream | null): void {
  const id = requestId(asked.requestId)
  if (id !== undefined) headers['x-request-id'] = id
  if (body instanceof ReadableStream || !wantsDigest(asked.wantDigest)) return
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : (body ?? new Uint8Array(0))
  headers['content-digest'] = contentDigest(sha256(bytes))
}
