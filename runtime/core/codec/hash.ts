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

/** Digests of messages that lie one behind another and end at `ends`: 32 bytes each, in that order. */
type Sha256Each = (messages: Uint8Array, ends: readonly number[]) => Uint8Array

let eachBackend: Sha256Each = (messages, ends) => {
  const out = new Uint8Array(ends.length * 32)
  let from = 0
  for (const [i, end] of ends.entries()) {
    out.set(backend(messages.subarray(from, end)), i * 32)
    from = end
  }
  return out
}

/** SHA-256 of each of many messages that lie one behind another and end at `ends`; 32 bytes each, one behind another. */
export function sha256Each(messages: Uint8Array, ends: readonly number[]): Uint8Array {
  return eachBackend(messages, ends)
}

/** Replaces the portable form by a faster one with equal output. */
export function useSha256Each(fn: Sha256Each): void {
  eachBackend = fn
}

/** Digests of each of the first `count` pairs of 32 bytes, put into `out`, 32 bytes each. */
type Sha256Pairs = (pairs: Uint8Array, count: number, out: Uint8Array) => void

let pairsBackend: Sha256Pairs = (pairs, count, out) => {
  for (let i = 0; i < count; i++) out.set(backend(pairs.subarray(i * 64, i * 64 + 64)), i * 32)
}

/** SHA-256 of each of the first `count` pairs of 32 bytes: of many nodes of a Merkle tree at once. Puts 32 bytes each into `out`, in their order. */
export function sha256Pairs(pairs: Uint8Array, count: number, out: Uint8Array): void {
  pairsBackend(pairs, count, out)
}

/** Replaces the portable form by a faster one with equal output. */
export function useSha256Pairs(fn: Sha256Pairs): void {
  pairsBackend = fn
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
