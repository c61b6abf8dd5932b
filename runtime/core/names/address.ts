/** Keys and addresses in text, amounts in bytes. */
import { bech32m } from '@scure/base'
import { abytes, byteString, digest, encode, fromHex, toHex } from '../codec/index.ts'
import { UtnetError } from '../errors.ts'

const PREFIX = 'ut'
const ED25519 = Uint8Array.of(0x01)
const CONTRACT = Uint8Array.of(0x02)

/** Address of an ed25519 key (32 bytes): the last 20 bytes of sha256(`utnet/addr/1\0` || type || key), 20 bytes. */
export function keyAddress(key: Uint8Array): Uint8Array {
  return digest('addr', ED25519, abytes(key, 32, 'key')).subarray(12)
}

/** Address of a contract: the same over (deployer's address, nonce of the transaction that published it). */
export function contractAddress(deployer: Uint8Array, nonce: number): Uint8Array {
  return digest('addr', CONTRACT, encode([abytes(deployer, 20, 'deployer'), nonce])).subarray(12)
}

/** Texts made before: a call names four addresses, mostly the same ones. */
const texts = new Map<string, string>()
const TEXTS = 8_192

/** Text form of an address: bech32m with prefix `ut`. */
export function formatAddress(address: Uint8Array): string {
  const id = byteString(abytes(address, 20, 'address'))
  let text = texts.get(id)
  if (text === undefined) {
    text = bech32m.encode(PREFIX, bech32m.toWords(address))
    if (texts.size >= TEXTS) texts.clear()
    texts.set(id, text)
  }
  return text
}

/** Bytes of an address in text; throws `core_bad_text` naming `what`. */
export function parseAddress(text: string, what = 'address'): Uint8Array {
  try {
    const { prefix, words } = bech32m.decode(text as `${string}1${string}`)
    const bytes = bech32m.fromWords(words)
    if (prefix === PREFIX && bytes.length === 20 && formatAddress(bytes) === text) return bytes
  } catch {
    // falls through to the one error below
  }
  throw new UtnetError('core_bad_text', `${what} is not an address (bech32m with prefix ${PREFIX}): ${String(text).slice(0, 80)}`)
}

/** Text form of a public key: `ed25519:<hex>`. */
export function formatKey(key: Uint8Array): string {
  return `ed25519:${toHex(abytes(key, 32, 'key'))}`
}

/** Bytes of a public key in text. */
export function parseKey(text: string, what = 'key'): Uint8Array {
  if (typeof text !== 'string' || !/^ed25519:[0-9a-f]{64}$/.test(text)) {
    throw new UtnetError('core_bad_text', `${what} must be ed25519:<64 hex digits>`)
  }
  return fromHex(text.slice(8))
}

/** Text form of a chip's X25519 key: `x25519:<hex>`. */
export function formatChipKey(key: Uint8Array): string {
  return `x25519:${toHex(abytes(key, 32, 'chip key'))}`
}

/** Bytes of a chip's key in text. */
export function parseChipKey(text: string, what = 'chip key'): Uint8Array {
  if (typeof text !== 'string' || !/^x25519:[0-9a-f]{64}$/.test(text)) {
    throw new UtnetError('core_bad_text', `${what} must be x25519:<64 hex digits>`, { hint: 'a node shows its own: GET /v1/node' })
  }
  return fromHex(text.slice(7))
}

const roomBytes = new Uint8Array(16)
const room = new DataView(roomBytes.buffer)
const WORD = (1n << 64n) - 1n

/** Amounts are in 10^-18 UNC; in dag-cbor they are big-endian bytes without leading zeros, at most 16. */
export function amountBytes(amount: bigint): Uint8Array {
  if (typeof amount !== 'bigint' || amount < 0n || amount >= 1n << 128n)
    throw new UtnetError('core_bad_argument', 'amount must be an unsigned 128-bit integer')
  room.setBigUint64(0, amount >> 64n)
  room.setBigUint64(8, amount & WORD)
  let from = 0
  while (from < 16 && roomBytes[from] === 0) from++
  return roomBytes.slice(from)
}

/** The amount of its bytes; throws `core_not_canonical` on leading zeros or over 16 bytes. */
export function bytesAmount(bytes: Uint8Array, what = 'amount'): bigint {
  if (bytes.length > 16 || bytes[0] === 0)
    throw new UtnetError('core_not_canonical', `${what} must be at most 16 bytes without leading zeros`)
  roomBytes.fill(0, 0, 16 - bytes.length)
  roomBytes.set(bytes, 16 - bytes.length)
  const low = room.getBigUint64(8)
  return bytes.length <= 8 ? low : (room.getBigUint64(0) << 64n) | low
}
