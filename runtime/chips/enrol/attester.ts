/**
 * Who certifies the chips of TPMs (level 2): the endorsement certificate leads to a maker's root, and a credential that only the TPM of that key opens,
 * and only where the identity key lies in it too, comes back opened (TPM 2.0 library part 1, section 24).
 */
import { timingSafeEqual, type X509Certificate } from 'node:crypto'
import { equalBytes, UtnetError, type ChipCertificate } from '../../core/index.ts'
import {
  makeCredential,
  type Credential,
  checkEndorsement,
  readCertificate,
  type EndorsementKind,
  areaOfIdentity,
  machineSerial,
  nameOfArea,
} from '../tpm2/index.ts'
import { checkOwnWord, type EnrolmentRequest } from './request.ts'
import { signCertificate, type VendorKey } from './vendor.ts'

/** Who certifies, whose TPMs it believes, and by which clock. */
export interface AttesterOptions {
  readonly vendor: VendorKey
  /** Makers' roots and the certificates below them. */
  readonly certificates: readonly X509Certificate[]
  /** RSA alone unless told: a TPM may have a certified key of each kind, and then counts twice. */
  readonly kinds?: readonly EndorsementKind[]
  /** Milliseconds since 1970. */
  readonly nowMs: () => number
  readonly random: (length: number) => Uint8Array
}

/** A credential that waits for its answer. */
export interface Challenge {
  readonly credential: Credential
  /** The certificate, for the secret of the credential, once. Throws `chip_enrolment` when it is another or comes too late. */
  settle(secret: Uint8Array): ChipCertificate
}

export const ATTESTATION_LEVEL = 2
const SECRET_BYTES = 32
const ANSWER_MS = 120_000

const refused = (why: string): UtnetError => new UtnetError('chip_enrolment', `the request is refused: ${why}`)

/** Answers requests with challenges. `challenge` throws `chip_enrolment` and says why a request is refused. */
export function attester(options: AttesterOptions): { challenge(request: EnrolmentRequest): Challenge } {
  return {
    challenge(request) {
      const { certificate: own, endorsement } = request
      checkOwnWord(request)
      if (endorsement === null) throw refused('it shows no endorsement key')
      const certificate = readCertificate(endorsement, 'it')
      checkEndorsement(certificate, { certificates: options.certificates, kinds: options.kinds ?? ['rsa'], nowMs: options.nowMs() })
      if (own.identity.alg !== 'p256') throw refused('its identity key is not of a TPM')
      const endorsementKey = Uint8Array.from(certificate.publicKey.export({ format: 'der', type: 'spki' }))
      if (!equalBytes(own.serial, machineSerial(endorsementKey))) throw refused('its serial is not the one of its endorsement key')
      // The name says what the key is: fixed to its TPM, made there, and no signer of the TPM's own words. A key that is anything else has another name.
      const name = nameOfArea(areaOfIdentity(own.identity.bytes))
      const secret = options.random(SECRET_BYTES)
      const until = options.nowMs() + ANSWER_MS
      let settled = false
      return {
        credential: makeCredential(certificate.publicKey, name, secret),
        settle(answer) {
          if (settled) throw refused('the challenge was answered before')
          settled = true
          if (options.nowMs() > until) throw refused(`the answer comes after more than ${ANSWER_MS / 1000} s`)
          if (answer.length !== SECRET_BYTES || !timingSafeEqual(answer, secret))
            throw refused('the TPM of the endorsement key does not hold the identity key')
          return signCertificate(options.vendor, { ...own, level: ATTESTATION_LEVEL })
        },
      }
    },
  }
}
