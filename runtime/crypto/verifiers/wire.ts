/** Signatures on their way to a thread and back: one buffer each way, which changes hands without a copy. */
import type { SignatureCheck } from '../../core/index.ts'

export interface VerifyRequest {
  readonly id: number
  /** One after the other: signature 64, key 32, length of the message 4, message. */
  readonly checks: Uint8Array<ArrayBuffer>
  readonly count: number
}

export interface VerifyReply {
  readonly id: number
  /** 1 for each valid signature, in their order. */
  readonly valid: Uint8Array<ArrayBuffer>
}

const HEAD = 100

/** The checks in one buffer of their own. Signatures have 64 bytes, keys 32. */
export function packChecks(checks: readonly SignatureCheck[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(checks.reduce((n, c) => n + HEAD + c.message.length, 0))
  const view = new DataView(out.buffer)
  let at = 0
  for (const { signature, message, key } of checks) {
    out.set(signature, at)
    out.set(key, at + 64)
    view.setUint32(at + 96, message.length)
    out.set(message, at + HEAD)
    at += HEAD + message.length
  }
  return out
}

/** The checks of a buffer, as views of it. */
export function unpackChecks(bytes: Uint8Array, count: number): SignatureCheck[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  return Array.from({ length: count }, () => {
    const from = at + HEAD
    const end = from + view.getUint32(at + 96)
    const check = { signature: bytes.subarray(at, at + 64), key: bytes.subarray(at + 64, at + 96), message: bytes.subarray(from, end) }
    at = end
    return check
  })
}
