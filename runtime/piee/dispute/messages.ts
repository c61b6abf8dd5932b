/** The four messages of a dispute: their bytes, their signatures. */
import {
  asArray,
  asBytes,
  asMap,
  asUint,
  concatBytes,
  decode,
  digest,
  domain,
  encode,
  limitError,
  LIMITS,
  UtnetError,
  type Cbor,
} from '../../core/index.ts'
import { claimDigest, type Claim } from '../claim.ts'
import { chunksCbor, readChunks, type Chunks } from '../opening.ts'
import { readReveal, revealCbor, type Reveal } from '../reveal.ts'
import type { SigningKey } from '../verdict.ts'

export type Party = 'challenger' | 'prover'

/** 1, the challenger: the commitment behind the receipt, its own where it has one, and the segment that it takes to be wrong. */
export interface Challenge {
  readonly commitment: Uint8Array
  /** Canonical bytes of the challenger's commitment; null where it could not make one that compares (another arithmetic). */
  readonly own: Uint8Array | null
  readonly segment: number
}

/** 3, the challenger: the operator and, in one chunk of one output, what is wrong. */
export interface Naming {
  readonly entry: number
  readonly output: number
  readonly chunk: number
  /** Of an exact entry the chunk as it should be, else null. */
  readonly data: Uint8Array | null
  /** Of a bounded entry the element, by its number in the output, that is out of bounds; else null. */
  readonly element: number | null
}

/** 4, the prover: its chunk of that output, and the chunks of operands that the referee needs; null for constants of the model and what is left out. */
export interface Opening {
  readonly data: Uint8Array
  readonly operands: readonly (Chunks | null)[]
}

/** Messages in their order, and who sends them. */
export const TURNS: readonly Party[] = ['challenger', 'prover', 'challenger', 'prover']

/** A message as it is sent. */
export interface SignedMessage {
  /** Canonical [dispute, number, payload]. */
  readonly body: Uint8Array
  /** ed25519 of who sent it, and its signature behind the domain `dispute-message`. */
  readonly key: Uint8Array
  readonly sig: Uint8Array
}

/** Name of a dispute, 32 bytes: there is one of each challenger about each claim. */
export const disputeId = (claim: Claim, challenger: Uint8Array): Uint8Array => digest('dispute', claimDigest(claim), challenger)

/** What is signed. */
export const messageToSign = (body: Uint8Array): Uint8Array => concatBytes(domain('dispute-message'), body)

/** Signs message `number` (1 to 4) of a dispute. */
export function signMessage(signer: SigningKey, dispute: Uint8Array, number: number, payload: Cbor): SignedMessage {
  const body = encode([dispute, number, encode(payload)])
  return { body, key: signer.key, sig: signer.sign(messageToSign(body)) }
}

/** Dispute, number and payload of a body. Throws `core_not_canonical`, `core_too_large`. */
export function readBody(body: Uint8Array): { readonly dispute: Uint8Array; readonly number: number; readonly payload: Uint8Array } {
  const what = 'message of a dispute'
  if (body.length > LIMITS.disputeMessageBytes)
    throw limitError('core_too_large', 'disputeMessageBytes', body.length, LIMITS.disputeMessageBytes, what)
  const [dispute, number, payload] = asArray(decode(body, what, LIMITS.disputeMessageBytes), what, 3)
  return { dispute: asBytes(dispute, 'dispute', 32), number: asUint(number, 'number'), payload: asBytes(payload, 'payload') }
}

const payloadOf = (bytes: Uint8Array): Cbor => decode(bytes, 'payload', LIMITS.disputeMessageBytes)

export const challengeCbor = ({ commitment, own, segment }: Challenge): Cbor => ({ commitment, own, segment })

export function readChallenge(bytes: Uint8Array): Challenge {
  const map = asMap(payloadOf(bytes), ['commitment', 'own', 'segment'], 'challenge')
  return {
    commitment: asBytes(map['commitment'], 'commitment'),
    own: map['own'] === null ? null : asBytes(map['own'], 'own commitment'),
    segment: asUint(map['segment'], 'segment'),
  }
}

export { revealCbor }

export const readRevealed = (bytes: Uint8Array): Reveal => readReveal(payloadOf(bytes))

export const namingCbor = ({ entry, output, chunk, data, element }: Naming): Cbor => ({ entry, output, chunk, data, element })

export function readNaming(bytes: Uint8Array): Naming {
  const map = asMap(payloadOf(bytes), ['entry', 'output', 'chunk', 'data', 'element'], 'naming')
  const naming: Naming = {
    entry: asUint(map['entry'], 'entry'),
    output: asUint(map['output'], 'output'),
    chunk: asUint(map['chunk'], 'chunk'),
    data: map['data'] === null ? null : asBytes(map['data'], 'data'),
    element: map['element'] === null ? null : asUint(map['element'], 'element'),
  }
  if ((naming.data === null) === (naming.element === null))
    throw new UtnetError('core_not_canonical', 'a naming has either the chunk as it should be or an element')
  return naming
}

export const openingCbor = ({ data, operands }: Opening): Cbor => ({
  data,
  operands: operands.map((chunks) => (chunks === null ? null : chunksCbor(chunks))),
})

export function readOpening(bytes: Uint8Array): Opening {
  const map = asMap(payloadOf(bytes), ['data', 'operands'], 'opening')
  return {
    data: asBytes(map['data'], 'data'),
    operands: asArray(map['operands'], 'operands').map((chunks) => (chunks === null ? null : readChunks(chunks, 'operand'))),
  }
}
