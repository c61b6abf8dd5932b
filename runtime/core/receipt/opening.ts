/** What the salted digests of a receipt are over: salts, openings, seeds, and headers that must never be stored. */
import {
  abytes,
  ARRAY,
  BYTES,
  digest,
  domain,
  encode,
  HEAD_MAX,
  putBytes,
  putHead,
  putLink,
  putRaw,
  putText,
  UINT,
  utf8,
  type Cbor,
  type CID,
} from '../codec/index.ts'
import type { TensorHead } from '../tensor/index.ts'

/** Salts of one receipt derive from one secret (at least 16 bytes): showing one opens no other. */
export type SaltName = 'input' | 'output' | 'log' | 'secret'

/** The salt of a part: H(secret, part), 32 bytes. */
export function saltOf(secret: Uint8Array, name: SaltName): Uint8Array {
  return digest('salt', encode([abytes(secret, undefined, 'salt'), name]))
}

/** Salted digest of an opening's canonical bytes: sha256(domain || salt || bytes), 32 bytes. */
export function openingDigest(name: SaltName, salt: Uint8Array, bytes: Uint8Array): Uint8Array {
  return digest(name, abytes(salt, 32, `${name} salt`), bytes)
}

/** The salt secret of a call, from its block: every validator has it (16 bytes of H("salt", tx id)). */
export function callSalt(tx: CID): Uint8Array {
  return digest('call-salt', tx.bytes).subarray(0, 16)
}

/** The seed of a call: H(seed of the block it stands in, tx id), so that every validator has it. */
export function callSeed(blockSeed: Uint8Array, tx: CID): Uint8Array {
  return digest('call-seed', blockSeed, tx.bytes)
}

/** The seed of a run: H(chain seed at the context's height, module, salted input digest, thread, seq). */
export function runSeed(chainSeed: Uint8Array, module: CID, input: Uint8Array, thread: number, seq: number): Uint8Array {
  return digest('run-seed', encode([chainSeed, module, input, thread, seq]))
}

/** Writes what `runSeed` hashes up to the input's digest; gives where its 32 bytes go. */
export function putRunSeedHead(into: Uint8Array, at: number, chainSeed: Uint8Array, module: CID): number {
  const to = putRaw(into, at, domain('run-seed'))
  return putHead(into, putLink(into, putBytes(into, putHead(into, to, ARRAY, 5), chainSeed), module), BYTES, 32)
}

/** Writes what `runSeed` hashes behind the input's digest; gives the position behind. */
export function putRunSeedTail(into: Uint8Array, at: number, thread: number, seq: number): number {
  return putHead(into, putHead(into, at, UINT, thread), UINT, seq)
}

/** Fields of a message in the order in which they came. */
export interface HttpHead {
  readonly headers: readonly (readonly [string, Uint8Array])[]
}

/** Openings stand one behind the other in a piece of memory, until it is full: an array of its own for each would cost as much as writing it. */
const ROOM = 16_384
/** Larger ones go by the general encoder. */
const OPENING_MAX = 4_096
const NO_DIGEST = new Uint8Array(32)
let room = new Uint8Array(ROOM)
let used = 0

/** Makes sure that an opening has its room. */
function reserve(): number {
  if (used + OPENING_MAX > ROOM) {
    room = new Uint8Array(ROOM)
    used = 0
  }
  return used
}

function taken(end: number): Uint8Array {
  const opening = room.subarray(used, end)
  used = end
  return opening
}

/** What headers and a digest behind them may take at most. */
function headBound(headers: HttpHead['headers'], bodySha256: Uint8Array): number {
  let bound = 2 * HEAD_MAX + bodySha256.length
  for (let i = 0; i < headers.length; i++) {
    const header = headers[i] as HttpHead['headers'][number]
    bound += 3 * HEAD_MAX + 3 * header[0].length + header[1].length
  }
  return bound
}

function putHeaders(into: Uint8Array, at: number, headers: HttpHead['headers']): number {
  let to = putHead(into, at, ARRAY, headers.length)
  for (let i = 0; i < headers.length; i++) {
    const header = headers[i] as HttpHead['headers'][number]
    to = putBytes(into, putText(into, putHead(into, to, ARRAY, 2), header[0]), header[1])
  }
  return to
}

/** Canonical bytes of a request as the guest saw it: [method, path and query, headers, sha256 of the body]. */
export function requestOpening(method: string, path: string, headers: HttpHead['headers'], bodySha256: Uint8Array): Uint8Array {
  if (headBound(headers, bodySha256) + 3 * HEAD_MAX + 3 * (method.length + path.length) > OPENING_MAX)
    return encode([method, path, headers.map(([k, v]) => [k, v]), bodySha256])
  const from = reserve()
  const at = putText(room, putText(room, putHead(room, from, ARRAY, 4), method), path)
  return taken(putBytes(room, putHeaders(room, at, headers), bodySha256))
}

/** Canonical bytes of an answer: [status, headers, sha256 of the body]. */
export function responseOpening(status: number, headers: HttpHead['headers'], bodySha256: Uint8Array): Uint8Array {
  if (headBound(headers, bodySha256) + 2 * HEAD_MAX > OPENING_MAX) return encode([status, headers.map(([k, v]) => [k, v]), bodySha256])
  const from = reserve()
  const at = putHead(room, putHead(room, from, ARRAY, 3), UINT, status)
  return taken(putBytes(room, putHeaders(room, at, headers), bodySha256))
}

/** The request of an opening whose values are latin-1 text. */
export interface TextHead {
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
}

/** Bytes that `putRequestOpening` writes at most. */
export function requestOpeningBound({ method, path, headers }: TextHead): number {
  let bound = 5 * HEAD_MAX + 32 + 3 * (method.length + path.length)
  for (let i = 0; i < headers.length; i++) {
    const header = headers[i] as TextHead['headers'][number]
    bound += 3 * HEAD_MAX + 3 * header[0].length + header[1].length
  }
  return bound
}

/** The opening of a request straight into memory but for the digest of its body, the last 32 bytes of it; gives the position behind. */
export function putRequestOpening(into: Uint8Array, at: number, { method, path, headers }: TextHead): number {
  let to = putText(into, putText(into, putHead(into, at, ARRAY, 4), method), path)
  to = putHead(into, to, ARRAY, headers.length)
  for (let i = 0; i < headers.length; i++) {
    const header = headers[i] as TextHead['headers'][number]
    const value = header[1]
    const { length } = value
    to = putHead(into, putText(into, putHead(into, to, ARRAY, 2), header[0]), BYTES, length)
    for (let k = 0; k < length; k++) into[to + k] = value.charCodeAt(k)
    to += length
  }
  return putHead(into, to, BYTES, 32) + 32
}

/** Bytes that `putResponseOpening` writes at most. */
export function responseOpeningBound(headers: HttpHead['headers']): number {
  return headBound(headers, NO_DIGEST) + 2 * HEAD_MAX
}

/** The opening of an answer in the same way. */
export function putResponseOpening(into: Uint8Array, at: number, status: number, headers: HttpHead['headers']): number {
  const to = putHeaders(into, putHead(into, putHead(into, at, ARRAY, 3), UINT, status), headers)
  return putHead(into, to, BYTES, 32) + 32
}

/** Canonical bytes of a call's input: [export, arguments in their canonical form]. */
export function callInputOpening(entry: string, args: Cbor): Uint8Array {
  return encode([entry, args])
}

/** Canonical bytes of a call's output: [return value or null when it did not complete, root of the state changes]. */
export function callOutputOpening(result: Cbor, changes: Uint8Array): Uint8Array {
  return encode([result, changes])
}

/** Canonical bytes of an inference's output: [heads of the outputs, root of its commitment]. The commitment is a file that the root names. */
export function inferOutputOpening(outputs: readonly TensorHead[], root: Uint8Array): Uint8Array {
  return encode([outputs, root])
}

/** Header names that never enter a log or an opening. */
const SECRET_HEADERS = new Set(['authorization', 'cookie', 'set-cookie', 'proxy-authorization'])

/** True for a header whose value stands in an opening only as a digest. */
export function isSecretHeader(name: string): boolean {
  return SECRET_HEADERS.has(name.toLowerCase())
}

/** Headers as an opening holds them: the values of secret ones are replaced by nothing but their digest under the salt, which is made only for them. */
export function withoutSecrets(headers: HttpHead['headers'], salt: () => Uint8Array): HttpHead['headers'] {
  if (!headers.some(([name]) => isSecretHeader(name))) return headers
  return headers.map(([name, value]) =>
    isSecretHeader(name) ? ([name, digest('secret-header', salt(), utf8(name), value)] as const) : ([name, value] as const),
  )
}
