/** SHA-256 with domain separation. Every hash of a structure and every signature carries a domain `utnet/<use>/1\0`. */
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8 } from './bytes.ts'

type Sha256 = (bytes: Uint8Array) => Uint8Array

let backend: Sha256 = nobleSha256

/** SHA-256 (FIPS 180-4), 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return backend(bytes)
}

/** Replaces the portable SHA-256 by a faster one with equal output; the node's entry point hands in node:crypto's. */
export function useSha256(fn: Sha256): void {
  backend = fn
}

/** Digests of messages of `length` bytes that lie one behind another, in that order: 32 bytes each. */
type Sha256Rows = (messages: Uint8Array, length: number) => Uint8Array

let rowsBackend: Sha256Rows = (messages, length) => {
  const count = messages.length / length
  const out = new Uint8Array(count * 32)
  for (let i = 0; i < count; i++) out.set(backend(messages.subarray(i * length, (i + 1) * length)), i * 32)
  return out
}

/** SHA-256 of each of many messages of one length that lie one behind another; 32 bytes each. */
export function sha256Rows(messages: Uint8Array, length: number): Uint8Array {
  return rowsBackend(messages, length)
}

/** Replaces the portable form by a faster one with equal output. */
export function useSha256Rows(fn: Sha256Rows): void {
  rowsBackend = fn
}

/** Longer messages are hashed one by one: there is little to gain. */
const ROW_BYTES = 512

/** SHA-256 of each of many messages, in their order; those of one length are hashed together. */
export function sha256All(messages: readonly Uint8Array[]): Uint8Array[] {
  const out: Uint8Array[] = Array.from({ length: messages.length })
  const lengths = new Map<number, number[]>()
  for (const [i, { length }] of messages.entries()) {
    const same = lengths.get(length)
    if (same === undefined) lengths.set(length, [i])
    else same.push(i)
  }
  for (const [length, places] of lengths) {
    if (places.length < 4 || length > ROW_BYTES || length === 0) {
      for (const i of places) out[i] = backend(messages[i] as Uint8Array)
      continue
    }
    const rows = new Uint8Array(places.length * length)
    for (const [k, i] of places.entries()) rows.set(messages[i] as Uint8Array, k * length)
    const hashes = rowsBackend(rows, length)
    for (const [k, i] of places.entries()) out[i] = hashes.subarray(k * 32, k * 32 + 32)
  }
  return out
}

const domains = new Map<string, Uint8Array>()

/** The domain prefix of a use: the bytes of `utnet/<use>/1\0`. */
export function domain(use: string): Uint8Array {
  let prefix = domains.get(use)
  if (prefix === undefined) {
    prefix = utf8(`utnet/${use}/1\0`)
    domains.set(use, prefix)
  }
  return prefix
}

/** `sha256(utnet/<use>/1\0 || parts...)`, 32 bytes. Parts of varying length must be framed by the caller. */
export function digest(use: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return backend(concatBytes(domain(use), ...parts))
}
