/** Keys at positions of choice, which stand for an attacker who can find any beginning. */
import { useSha256, useSha256Each, utf8 } from '../../../core/index.ts'
import { sha256, sha256Each } from '../../../crypto/hashes-native.ts'

const CHOSEN = utf8('position of choice: ')
const KEY_BYTES = CHOSEN.length + 32

const isChosen = (bytes: Uint8Array): boolean => bytes.length === KEY_BYTES && CHOSEN.every((byte, i) => bytes[i] === byte)

/** From now on the hash of a key of choice is the position in it; all other hashes are SHA-256. */
export function choosePositions(): void {
  useSha256((bytes) => (isChosen(bytes) ? bytes.slice(CHOSEN.length) : sha256(bytes)))
  useSha256Each((messages, ends) => {
    const out = sha256Each(messages, ends)
    for (const [i, end] of ends.entries()) {
      const message = messages.subarray(ends[i - 1] ?? 0, end)
      if (isChosen(message)) out.set(message.subarray(CHOSEN.length), i * 32)
    }
    return out
  })
}

/** The key at a position. */
export function keyAt(position: Uint8Array): Uint8Array {
  const key = new Uint8Array(KEY_BYTES)
  key.set(CHOSEN)
  key.set(position, CHOSEN.length)
  return key
}

/** A position with `count` bits from `depth` on set to a number, the most significant first. */
export function withBits(position: Uint8Array, depth: number, count: number, bits: number): Uint8Array {
  const out = position.slice()
  for (let i = 0; i < count; i++) {
    const at = depth + i
    const bit = 0x80 >> (at & 7)
    const byte = out[at >> 3] as number
    out[at >> 3] = ((bits >> (count - 1 - i)) & 1) === 1 ? byte | bit : byte & ~bit
  }
  return out
}
