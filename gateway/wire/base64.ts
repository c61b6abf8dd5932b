/** Base64 at the engine's own speed where it has it (Node 25+, browsers of 2025), the portable form elsewhere. */
import { fromBase64, toBase64 } from '../../runtime/core/index.ts'

interface NativeBase64 {
  toBase64?: () => string
}

/** Padded base64 (RFC 4648 section 4). */
export function base64(bytes: Uint8Array): string {
  const native = bytes as Uint8Array & NativeBase64
  return typeof native.toBase64 === 'function' ? native.toBase64() : toBase64(bytes)
}

/** Bytes of canonical padded base64; throws `core_bad_text` naming `what`. */
export function bytesOfBase64(text: string, what: string): Uint8Array {
  return fromBase64(text, what)
}
