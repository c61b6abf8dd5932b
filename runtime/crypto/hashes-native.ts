/** SHA-256 for core: by node:crypto, but for the shortest messages. */
import { createHash, hash } from 'node:crypto'
import { createRequire } from 'node:module'
import { copyInto, useSha256, useSha256Each, useSha256Pairs } from '../core/index.ts'
import { HashArena, SHA_ROOM } from './sha256x4/index.ts'

/** From here the 64 hash steps outweigh the way in and out. */
const LARGE = 4096

/** A message of one block, padding included. */
const ONE_BLOCK = 55

let arena: HashArena | undefined

/** By the lanes of the SIMD hash, one of them used: less work than the way in and out of node:crypto. */
function short(bytes: Uint8Array): Uint8Array {
  arena ??= new HashArena()
  const { start } = arena
  arena.bytes.set(bytes, start)
  arena.hash(start, bytes.length, start + 128)
  arena.run()
  return arena.bytes.slice(start + 128, start + 160)
}

/** SHA-256. */
export function sha256(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= ONE_BLOCK) return short(bytes)
  if (bytes.length >= LARGE) return Uint8Array.from(createHash('sha256').update(bytes).digest())
  // A latin-1 string is the cheapest way out of node:crypto; a Buffer costs more than the hash itself.
  const text = hash('sha256', bytes, 'latin1')
  const out = new Uint8Array(32)
  for (let i = 0; i < 32; i++) out[i] = text.charCodeAt(i)
  return out
}

/** Up to here a copy byte by byte is quicker than a view. */
const FEW_BYTES = 128

/** Messages that lie in the arena at once. */
const AT_ONCE = 256

/** SHA-256 of each of many messages, four at a time where they are short. */
export function sha256Each(messages: Uint8Array, ends: readonly number[]): Uint8Array {
  const out = new Uint8Array(ends.length * 32)
  arena ??= new HashArena()
  const digests = arena.start
  let from = 0
  for (let first = 0; first < ends.length; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, ends.length - first)
    let at = digests + AT_ONCE * 32
    arena.reserve(at + ((ends[first + count - 1] as number) - from) + AT_ONCE * SHA_ROOM)
    for (let i = 0; i < count; i++) {
      const end = ends[first + i] as number
      const length = end - from
      if (length < LARGE) {
        if (length <= FEW_BYTES) copyInto(arena.bytes, at, messages, from, length)
        else arena.bytes.set(messages.subarray(from, end), at)
        arena.hash(at, length, digests + i * 32)
        at += length + SHA_ROOM
      } else arena.bytes.set(sha256(messages.subarray(from, end)), digests + i * 32)
      from = end
    }
    arena.run()
    out.set(arena.bytes.subarray(digests, digests + count * 32), first * 32)
  }
  return out
}

/** By SIMD of WASM, where there is no native library for the machine. */
export function sha256PairsPortable(pairs: Uint8Array, count: number, out: Uint8Array): void {
  arena ??= new HashArena()
  for (let first = 0; first < count; first += AT_ONCE) {
    const end = Math.min(count, first + AT_ONCE)
    const digests = arena.pairs(pairs.subarray(first * 64, end * 64))
    out.set(arena.bytes.subarray(digests, digests + (end - first) * 32), first * 32)
  }
}

/** hashtree: SHA instructions, or AVX of up to 16 lanes. There are platforms for which it is not built. */
function hashtree(): typeof import('@chainsafe/hashtree').hashInto | undefined {
  try {
    return (createRequire(import.meta.url)('@chainsafe/hashtree') as typeof import('@chainsafe/hashtree')).hashInto
  } catch {
    return undefined
  }
}

const hashInto = hashtree()

function sha256Pairs(pairs: Uint8Array, count: number, out: Uint8Array): void {
  if (hashInto === undefined) return sha256PairsPortable(pairs, count, out)
  hashInto(pairs.subarray(0, count * 64), out.subarray(0, count * 32))
}

/** Makes core's sha256 use node:crypto and SIMD. Call once at the start of a process. */
export function useNativeHashes(): void {
  useSha256(sha256)
  useSha256Each(sha256Each)
  useSha256Pairs(sha256Pairs)
}
