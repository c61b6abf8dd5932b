/** Endorsement-key certificates: whether a maker, under one of the roots that are trusted, says that a key was made in a TPM of its own (TCG EK credential profile). */
import { X509Certificate } from 'node:crypto'
import { LIMITS, UtnetError } from '../../core/index.ts'

/** tcg-kp-EKCertificate. */
const EK_CERTIFICATE = '2.23.133.8.1'

export type EndorsementKind = 'rsa' | 'ec'

export interface EndorsementRules {
  /** Roots of makers, self-signed, and the intermediate certificates between. Only these count: nobody who enrols brings its own. */
  readonly certificates: readonly X509Certificate[]
  /** Kinds of keys that are taken. A TPM may have one of each, both certified: to take both is to count such a machine twice. */
  readonly kinds: readonly EndorsementKind[]
  /** Milliseconds since 1970. */
  readonly nowMs: number
}

const refused = (why: string, cause?: unknown): UtnetError =>
  new UtnetError('chip_enrolment', `the endorsement certificate is refused: ${why}`, { cause })

/** A certificate of DER or PEM bytes; throws `chip_enrolment` naming `what`. */
export function readCertificate(bytes: Uint8Array, what: string): X509Certificate {
  if (bytes.length > LIMITS.chipX509Bytes) throw refused(`${what} is over ${LIMITS.chipX509Bytes} bytes`)
  try {
    return new X509Certificate(bytes)
  } catch (cause) {
    throw refused(`${what} is no X.509 certificate`, cause)
  }
}

const inTime = (c: X509Certificate, nowMs: number): boolean => c.validFromDate.getTime() <= nowMs && nowMs <= c.validToDate.getTime()

const issued = (c: X509Certificate, issuer: X509Certificate): boolean => issuer.ca && c.checkIssued(issuer) && c.verify(issuer.publicKey)

/** Whether a path leads from the certificate to a root, each link in time. No path is longer than the certificates are many. */
function reachesRoot(certificate: X509Certificate, rules: EndorsementRules, left: readonly X509Certificate[]): boolean {
  return left.some((issuer) => {
    if (!inTime(issuer, rules.nowMs) || !issued(certificate, issuer)) return false
    return (
      issued(issuer, issuer) ||
      reachesRoot(
        issuer,
        rules,
        left.filter((other) => other !== issuer),
      )
    )
  })
}

function kindOf(certificate: X509Certificate): EndorsementKind | undefined {
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey
  if (asymmetricKeyType === 'rsa' && asymmetricKeyDetails?.modulusLength === 2048 && asymmetricKeyDetails.publicExponent === 65_537n)
    return 'rsa'
  return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'ec' : undefined
}

/** Checks an endorsement-key certificate; throws `chip_enrolment` and says why it is refused. */
export function checkEndorsement(certificate: X509Certificate, rules: EndorsementRules): void {
  try {
    mustHold(certificate, rules)
  } catch (cause) {
    // OpenSSL reads a certificate's parts when they are asked for, and throws errors of its own.
    throw cause instanceof UtnetError ? cause : refused('it cannot be read', cause)
  }
}

function mustHold(certificate: X509Certificate, rules: EndorsementRules): void {
  if (certificate.ca) throw refused('it is a certificate of an authority')
  if (!(certificate.keyUsage ?? []).includes(EK_CERTIFICATE)) throw refused('it is not for an endorsement key')
  const kind = kindOf(certificate)
  if (kind === undefined) throw refused('its key is neither RSA with 2,048 bits nor EC over P-256')
  if (!rules.kinds.includes(kind)) throw refused(`${kind} keys are not taken here`)
  if (!inTime(certificate, rules.nowMs)) throw refused('it is not valid now')
  if (!reachesRoot(certificate, rules, rules.certificates)) throw refused('no trusted root of a maker stands behind it')
}
