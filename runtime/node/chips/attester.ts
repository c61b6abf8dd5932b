/** Certificates for TPMs of other machines: the node's side of the two requests of an enrolment, and the side of the machine that asks. docs/spec/chips.md */
import type { X509Certificate } from 'node:crypto'
import { attester, decodeRequest, encodeRequest, type Challenge, type EnrolmentRequest, type VendorKey } from '../../chips/index.ts'
import {
  chipCertificateCbor,
  chipCertificateMessage,
  decode,
  encode,
  equalBytes,
  fromBase64,
  limitError,
  LIMITS,
  readChipCertificate,
  toBase64,
  toHex,
  UtnetError,
  type ChallengeView,
  type ChipCertificate,
  type Genesis,
  type NodeApi,
} from '../../core/index.ts'
import { verifyEd25519 } from '../../crypto/native.ts'

const MINUTE_MS = 60_000
/** As long as the attester itself takes an answer. */
const ANSWER_MS = 120_000
const ID_BYTES = 16

export interface DeskOptions {
  readonly vendor: VendorKey
  /** Makers' roots and the certificates below them. */
  readonly certificates: readonly X509Certificate[]
  readonly nowMs: () => number
  readonly random: (length: number) => Uint8Array
}

/** What a node that certifies does for whoever asks. */
export interface Desk {
  /** Takes the bytes of a request; throws `chip_enrolment` and says why it is refused, `core_not_canonical`, or `host_busy` over a limit. */
  attest(request: Uint8Array): ChallengeView
  /** Canonical bytes of the certificate, once, for the secret of the credential; throws `chip_enrolment`. */
  certify(id: string, secret: Uint8Array): Uint8Array
}

/** At most `LIMITS.attesterChallenges` wait for an answer at a time, at most `LIMITS.attesterPerMinute` begin in a minute: each costs an RSA encryption and a path of certificates. */
export function openDesk(options: DeskOptions): Desk {
  const { nowMs, random } = options
  const asked = attester(options)
  const open = new Map<string, { readonly challenge: Challenge; readonly until: number }>()
  let begun: number[] = []

  function mustHaveRoom(now: number): void {
    for (const [id, { until }] of open) if (until < now) open.delete(id)
    begun = begun.filter((at) => at > now - MINUTE_MS)
    if (open.size >= LIMITS.attesterChallenges)
      throw limitError('host_busy', 'attesterChallenges', open.size + 1, LIMITS.attesterChallenges, 'challenges that wait for an answer')
    if (begun.length >= LIMITS.attesterPerMinute)
      throw limitError('host_busy', 'attesterPerMinute', begun.length + 1, LIMITS.attesterPerMinute, 'challenges in a minute')
  }

  return {
    attest(bytes) {
      const now = nowMs()
      mustHaveRoom(now)
      const request = decodeRequest(bytes)
      begun.push(now)
      const challenge = asked.challenge(request)
      const id = toHex(random(ID_BYTES))
      const until = now + ANSWER_MS
      open.set(id, { challenge, until })
      const { blob, secret } = challenge.credential
      return { id, blob: toBase64(blob), secret: toBase64(secret), until }
    },
    certify(id, secret) {
      const found = open.get(id)
      open.delete(id)
      if (found === undefined)
        throw new UtnetError('chip_enrolment', 'the request is refused: there is no such challenge, or it was answered before')
      return encode(chipCertificateCbor(found.challenge.settle(secret)))
    },
  }
}

/** The desk of a node that certifies nobody. */
export const NO_DESK: Desk = {
  attest: () => {
    throw new UtnetError('chip_enrolment', 'this node certifies no chips', { hint: 'start an attester: utnet dev --attester-roots DIR' })
  },
  certify: () => {
    throw new UtnetError('chip_enrolment', 'this node certifies no chips')
  },
}

/** Where a TPM is certified, here or elsewhere. */
export interface TpmAttester {
  /** `activate` opens a credential with the TPM. */
  certified(request: EnrolmentRequest, activate: (credential: Challenge['credential']) => Promise<Uint8Array>): Promise<ChipCertificate>
}

/** This process certifies. */
export function localAttester(options: DeskOptions): TpmAttester {
  return {
    async certified(request, activate) {
      const challenge = attester(options).challenge(request)
      return challenge.settle(await activate(challenge.credential))
    },
  }
}

/** A node elsewhere certifies; what it gives must be by a vendor of the genesis, for the very keys that were shown. */
export function remoteAttester(api: Pick<NodeApi, 'attest' | 'certify'>, genesis: Pick<Genesis, 'vendors'>): TpmAttester {
  return {
    async certified(request, activate) {
      const { id, blob, secret } = await api.attest(encodeRequest(request))
      const opened = await activate({ blob: fromBase64(blob), secret: fromBase64(secret) })
      const certificate = readChipCertificate(decode(await api.certify(id, opened), 'certificate', LIMITS.chipX509Bytes))
      const { serial, identity, bls } = request.certificate
      const same =
        equalBytes(certificate.serial, serial) &&
        certificate.identity.alg === identity.alg &&
        equalBytes(certificate.identity.bytes, identity.bytes) &&
        equalBytes(certificate.bls, bls)
      if (!same) throw new UtnetError('chip_enrolment', 'the attester certified another chip than the one that asked')
      const { vendor, sig } = certificate
      const known = vendor !== null && genesis.vendors.some(({ key }) => equalBytes(key, vendor))
      if (!known || !verifyEd25519(sig, chipCertificateMessage(certificate), vendor))
        throw new UtnetError('chip_enrolment', 'the attester is no vendor of this chain', { hint: 'ask one whose key the genesis names' })
      return certificate
    },
  }
}
