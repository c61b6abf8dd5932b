/** The little of the TPM's wire format that is read and written here (TPM 2.0 library, part 2): big-endian numbers, buffers with 16 bits of length. */
import { concatBytes, digest, encode, UtnetError } from '../../core/index.ts'
import { createHash, ECDH } from 'node:crypto'

export const TPM_ALG_SHA256 = 0x000b

export const u16 = (n: number): Uint8Array => Uint8Array.of(n >> 8, n & 255)
export const u32 = (n: number): Uint8Array => Uint8Array.of(n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255)

/** A buffer with its length (TPM2B). */
export const sized = (bytes: Uint8Array): Uint8Array => concatBytes(u16(bytes.length), bytes)

/** Reads buffers with lengths off bytes; undefined where they do not hold what their length says. */
export class SizedReader {
  readonly #bytes: Uint8Array
  #at = 0
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }
  u16(): number | undefined {
    const [high, low] = [this.#bytes[this.#at], this.#bytes[this.#at + 1]]
    if (high === undefined || low === undefined) return undefined
    this.#at += 2
    return (high << 8) | low
  }
  sized(): Uint8Array | undefined {
    const length = this.u16()
    if (length === undefined || this.#at + length > this.#bytes.length) return undefined
    this.#at += length
    return this.#bytes.slice(this.#at - length, this.#at)
  }
  ended(): boolean {
    return this.#at === this.#bytes.length
  }
}

/** fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign: made in the TPM, bound to it, signs nothing that looks like the TPM's own word. */
const IDENTITY_ATTRIBUTES = 0x00050072

/**
 * The public area (TPMT_PUBLIC) that an identity key has, and no other: ECDSA over P-256 with SHA-256, restricted and of the TPM's own making. What is
 * left open are the coordinates, 32 bytes each.
 */
export function identityArea(x: Uint8Array, y: Uint8Array): Uint8Array {
  return concatBytes(
    u16(0x0023), // TPM_ALG_ECC
    u16(TPM_ALG_SHA256), // of the name
    u32(IDENTITY_ATTRIBUTES),
    sized(new Uint8Array(0)), // no policy
    u16(0x0010), // no symmetric algorithm
    u16(0x0018), // TPM_ALG_ECDSA
    u16(TPM_ALG_SHA256),
    u16(0x0003), // TPM_ECC_NIST_P256
    u16(0x0010), // no key derivation
    sized(x),
    sized(y),
  )
}

const COORDINATE_BYTES = 32
/** Where the first coordinate's length stands. */
const COORDINATES_AT = identityArea(new Uint8Array(0), new Uint8Array(0)).length - 4

/** The identity key (33 bytes, compressed) of a public area; undefined unless the area is that of an identity key. */
export function identityOfArea(area: Uint8Array): Uint8Array | undefined {
  const points = new SizedReader(area.subarray(COORDINATES_AT))
  const [x, y] = [points.sized(), points.sized()]
  if (x?.length !== COORDINATE_BYTES || y?.length !== COORDINATE_BYTES || !points.ended()) return undefined
  const expected = identityArea(x, y)
  if (expected.length !== area.length || !expected.every((byte, i) => byte === area[i])) return undefined
  return concatBytes(Uint8Array.of(2 + ((y[31] as number) & 1)), x)
}

/** The public area that a TPM has of an identity key (33 bytes, compressed). Throws where it is no point of the curve. */
export function areaOfIdentity(key: Uint8Array): Uint8Array {
  const point = Uint8Array.from(ECDH.convertKey(key, 'prime256v1', undefined, undefined, 'uncompressed') as Buffer)
  return identityArea(point.subarray(1, 33), point.subarray(33))
}

/** The name of an object: what a credential is made for (part 1, section 16). */
export function nameOfArea(area: Uint8Array): Uint8Array {
  return concatBytes(u16(TPM_ALG_SHA256), createHash('sha256').update(area).digest())
}

/** An ECDSA signature (64 bytes, r || s) of a TPMT_SIGNATURE. Throws `chip_engine`. */
export function readEcdsa(bytes: Uint8Array): Uint8Array {
  const reader = new SizedReader(bytes)
  const [alg, hash, r, s] = [reader.u16(), reader.u16(), reader.sized(), reader.sized()]
  if (alg !== 0x0018 || hash !== TPM_ALG_SHA256 || r === undefined || s === undefined || r.length > 32 || s.length > 32 || !reader.ended())
    throw new UtnetError('chip_engine', 'the TPM gives a signature that is no ECDSA signature')
  const out = new Uint8Array(64)
  out.set(r, 32 - r.length)
  out.set(s, 64 - s.length)
  return out
}

/** The serial (16 bytes) of a machine's chip: it follows from the endorsement key (SubjectPublicKeyInfo in DER), so a machine has one however often it enrols. */
export function machineSerial(endorsementKey: Uint8Array): Uint8Array {
  return digest('tpm-serial', encode([endorsementKey])).subarray(0, 16)
}
