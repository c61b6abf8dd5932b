/** SHA-256 by node:crypto for core. */
import { createHash, hash } from 'node:crypto'
import { useSha256 } from '../core/index.ts'

/** From here the 64 hash steps outweigh the way in and out. */
const LARGE = 4096

function sha256(bytes: Uint8Array): Uint8Array {
  if (bytes.length >= LARGE) return Uint8Array.from(createHash('sha256').update(bytes).digest())
  // A latin-1 string is the cheapest way out of node:crypto; a Buffer costs more than the hash itself.
  const text = hash('sha256', bytes, 'latin1')
  const out = new Uint8Array(32)
  for (let i = 0; i < 32; i++) out[i] = text.charCodeAt(i)
  return out
}

/** Makes core's sha256 use node:crypto. Call once at the start of a process. */
export function useNativeHashes(): void {
  useSha256(sha256)
}
