/** Chips in software (attestation level 0): S lies in a file, the private key exists in the clear only while it signs. */
import { randomBytes } from 'node:crypto'
import { abytes, equalBytes, ownSerial, toHex, UtnetError, type IdentityKey } from '../../core/index.ts'
import { publicKeyEd25519, publicKeyP256, signEd25519, signP256 } from '../../crypto/native.ts'
import { ablsSecret, blsHandle } from '../bls-handle.ts'
import { adigest, closedChip, selfCertificate, unknownAlgorithm, wrongKey } from '../certify.ts'
import { CHIP_KEY_BYTES, unwrapSecret, wrapSecret } from '../key-wrap.ts'
import type { ChipMaker, HeldChip, SecurityEngine } from '../port.ts'
import { openFuses, type Fuses } from './fuses.ts'

interface Curve {
  readonly publicKey: (secret: Uint8Array) => Uint8Array
  readonly sign: (message: Uint8Array, secret: Uint8Array) => Uint8Array
}

const CURVES: Readonly<Record<IdentityKey['alg'], Curve>> = {
  ed25519: { publicKey: publicKeyEd25519, sign: signEd25519 },
  p256: { publicKey: publicKeyP256, sign: signP256 },
}

/** The chip of a record under a key S. Throws `chip_key` unless S opens it and it gives the key that the record names. */
export function openSoftwareEngine(chipKey: Uint8Array, record: HeldChip): SecurityEngine {
  const { serial, identity } = record
  const curve = CURVES[identity.alg]
  const s = Uint8Array.from(abytes(chipKey, CHIP_KEY_BYTES, 'chip key'))
  let open = true
  /** Eq. 5: the private key, for as long as `use` runs. */
  const withIdentity = <T>(use: (secret: Uint8Array) => T): T => {
    if (!open) throw closedChip(serial)
    const secret = unwrapSecret(s, 'identity', record.sealed)
    if (secret === undefined) throw wrongKey(serial)
    try {
      return use(secret)
    } finally {
      secret.fill(0)
    }
  }
  if (
    record.backend !== 'software' ||
    !equalBytes(serial, ownSerial(identity)) ||
    !equalBytes(withIdentity(curve.publicKey), identity.bytes)
  )
    throw wrongKey(serial)
  const sign = async (message: Uint8Array): Promise<Uint8Array> => withIdentity((secret) => curve.sign(adigest(message), secret))
  return {
    backend: 'software',
    serial,
    publicKey: () => identity,
    sign,
    async wrap(secret) {
      ablsSecret(secret)
      if (!open) throw closedChip(serial)
      return wrapSecret(s, 'bls', secret)
    },
    async unwrapToHandle(wrapped) {
      if (!open) throw closedChip(serial)
      const secret = unwrapSecret(s, 'bls', wrapped)
      if (secret === undefined) throw wrongKey(serial)
      return blsHandle(secret)
    },
    certify: (bls) => selfCertificate(serial, identity, bls, sign),
    async close() {
      open = false
      s.fill(0)
    },
  }
}

/** A new chip: S, and a record of its identity key under it (eq. 3, 4). */
function makeChip(alg: IdentityKey['alg']): { readonly chipKey: Uint8Array; readonly record: HeldChip } {
  const curve = CURVES[alg]
  const chipKey = Uint8Array.from(randomBytes(CHIP_KEY_BYTES))
  for (;;) {
    const secret = Uint8Array.from(randomBytes(32))
    try {
      const identity: IdentityKey = { alg, bytes: curve.publicKey(secret) }
      const record = {
        backend: 'software',
        serial: ownSerial(identity),
        identity,
        sealed: wrapSecret(chipKey, 'identity', secret),
      } as const
      return { chipKey, record }
    } catch (error) {
      // One in 2^32 random strings is no scalar of P-256.
      if (alg !== 'p256' || !(error instanceof UtnetError)) throw error
    } finally {
      secret.fill(0)
    }
  }
}

/** Makes software chips; their keys S lie in a folder. */
export function softwareChips(folder: string): ChipMaker {
  const fuses: Fuses = openFuses(folder)
  return {
    backend: 'software',
    algorithms: ['ed25519', 'p256'],
    async make(alg) {
      if (!Object.hasOwn(CURVES, alg)) throw unknownAlgorithm(alg, 'software')
      const { chipKey, record } = makeChip(alg)
      fuses.burn(record.serial, chipKey)
      chipKey.fill(0)
      return record
    },
    async open(record) {
      const chipKey = fuses.read(record.serial)
      if (chipKey === undefined)
        throw new UtnetError('chip_key', `this machine has no key of chip ${toHex(record.serial)}`, {
          hint: 'start the node on the machine that has the chip',
        })
      try {
        return openSoftwareEngine(chipKey, record)
      } finally {
        chipKey.fill(0)
      }
    },
    async close() {},
  }
}
