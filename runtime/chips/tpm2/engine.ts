/**
 * The chip of a machine with a TPM 2.0. S is the AES-128 key of a storage key of the TPM (made again at each opening from the TPM's own seed): what lies under
 * it outside (TPM2B_PRIVATE: encrypted and authenticated) is PriKEnc. The identity key is made in the TPM, cannot leave it, and signs only what is not
 * the TPM's own word; so it is an attestation key as well. One machine, one serial.
 */
import { createPublicKey } from 'node:crypto'
import {
  asArray,
  asBytes,
  concatBytes,
  decode,
  digest,
  encode,
  equalBytes,
  isUtnetError,
  toHex,
  UtnetError,
  type IdentityKey,
} from '../../core/index.ts'
import { lowerP256, verifyIdentity } from '../../crypto/native.ts'
import { ablsSecret, blsHandle } from '../bls-handle.ts'
import { adigest, closedChip, selfCertificate, unknownAlgorithm, wrongKey } from '../certify.ts'
import { labelled, unlabelled } from '../key-wrap.ts'
import type { ChipMaker, HeldChip, SecurityEngine } from '../port.ts'
import type { Credential } from './credential.ts'
import { openTools, type ToolBox, type TpmOptions } from './tools.ts'
import { identityOfArea, machineSerial, readEcdsa, SizedReader } from './wire.ts'

/** What only the chip of a TPM can do: show where it lies. */
export interface TpmEngine extends SecurityEngine {
  /** The endorsement key's certificate (DER) as the TPM's maker left it in the TPM. Throws `chip_engine` where there is none. */
  endorsementCertificate(): Promise<Uint8Array>
  /** The secret of a credential; throws `chip_key` when it was not made for this TPM and this identity key. */
  activate(credential: Credential): Promise<Uint8Array>
}

/** Makes and opens the chip of this machine's TPM. */
export interface TpmChips extends ChipMaker {
  /** The one serial that this machine's chip has. */
  readonly serial: Uint8Array
  open(held: HeldChip): Promise<TpmEngine>
}

/** NV index of the RSA-2048 endorsement certificate (TCG EK credential profile, 2.2.1.4). */
const EK_CERTIFICATE_INDEX = '0x01c00002'
const IDENTITY_ATTRIBUTES = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign'
/** Of the file that tpm2_activatecredential reads: magic number and version. */
const CREDENTIAL_FILE = Uint8Array.of(0xba, 0xdc, 0xc0, 0xde, 0, 0, 0, 1)

/**
 * Whether a response code is about what was handed over (part 2, 6.6.2): one of format 1 that names a parameter or a handle, not a session; or the tools'
 * own, that the bytes cannot be marshalled.
 */
const aboutTheBytes = (rc: number): boolean => rc >>> 16 === 9 || (rc < 0x1000 && (rc & 0x80) !== 0 && (rc & 0x840) !== 0x800)

async function ofThisTpm<T>(serial: Uint8Array, run: () => Promise<T>, foreign: (rc: number) => boolean = aboutTheBytes): Promise<T> {
  try {
    return await run()
  } catch (error) {
    const rc = isUtnetError(error, 'chip_engine') ? error.details?.['rc'] : undefined
    if (typeof rc === 'number' && foreign(rc)) throw wrongKey(serial, error)
    throw error
  }
}

/** TPM_RC_FAILURE: libtpms says it, and works on, when a seed was not encrypted to its endorsement key. */
const foreignCredential = (rc: number): boolean => aboutTheBytes(rc) || rc === 0x101

/** A key as the TPM gives it out: TPM2B_PUBLIC, TPM2B_PRIVATE. */
const sealedOf = (publicPart: Uint8Array, privatePart: Uint8Array): Uint8Array => encode([publicPart, privatePart])

function readSealed(
  serial: Uint8Array,
  sealed: Uint8Array,
): { readonly publicPart: Uint8Array; readonly privatePart: Uint8Array; readonly area: Uint8Array } {
  try {
    const list = asArray(decode(sealed, 'sealed key', 4_096), 'sealed key', 2)
    const [publicPart, privatePart] = [asBytes(list[0], 'public part'), asBytes(list[1], 'private part')]
    const area = wholeOf(publicPart)
    if (area !== undefined && wholeOf(privatePart) !== undefined) return { publicPart, privatePart, area }
  } catch (cause) {
    throw wrongKey(serial, cause)
  }
  throw wrongKey(serial)
}

/** What a buffer with its length holds; undefined unless that is all of it. */
function wholeOf(bytes: Uint8Array): Uint8Array | undefined {
  const reader = new SizedReader(bytes)
  const inner = reader.sized()
  return reader.ended() ? inner : undefined
}

async function openEngine(box: ToolBox, held: HeldChip, serial: Uint8Array): Promise<TpmEngine> {
  const { identity } = held
  const { publicPart, privatePart, area } = readSealed(held.serial, held.sealed)
  const key = identityOfArea(area)
  if (
    held.backend !== 'tpm2' ||
    identity.alg !== 'p256' ||
    key === undefined ||
    !equalBytes(key, identity.bytes) ||
    !equalBytes(serial, held.serial)
  )
    throw wrongKey(held.serial)
  const context = `${toHex(identity.bytes)}.ctx`
  await box.alone(async (tools) => {
    await tools.write('identity.pub', publicPart)
    await tools.write('identity.priv', privatePart)
    await ofThisTpm(serial, () =>
      tools.run('load', ['-Q', '-C', 'storage.ctx', '-u', 'identity.pub', '-r', 'identity.priv', '-c', context]),
    )
  })
  let open = true
  const using: ToolBox['alone'] = (use) => {
    if (!open) return Promise.reject(closedChip(serial))
    return box.alone(use)
  }
  const sign = async (message: Uint8Array): Promise<Uint8Array> => {
    const said = adigest(message)
    return using(async (tools) => {
      // The TPM hashes the message itself: a restricted key signs no digest that it has not made.
      await tools.run('sign', ['-Q', '-c', context, '-g', 'sha256', '-s', 'ecdsa', '-f', 'tss', '-o', 'signature'], said)
      return lowerP256(readEcdsa(await tools.read('signature')))
    })
  }
  const shown = digest('chip-open', serial)
  if (!verifyIdentity(await sign(shown), shown, identity)) throw wrongKey(serial)
  return {
    backend: 'tpm2',
    serial,
    publicKey: () => identity,
    sign,
    async wrap(secret) {
      ablsSecret(secret)
      return using(async (tools) => {
        const plain = labelled('bls', secret)
        try {
          await tools.run('create', ['-Q', '-C', 'storage.ctx', '-i', '-', '-u', 'wrapped.pub', '-r', 'wrapped.priv'], plain)
        } finally {
          plain.fill(0)
        }
        return sealedOf(await tools.read('wrapped.pub'), await tools.read('wrapped.priv'))
      })
    },
    unwrapToHandle: (wrapped) =>
      using(async (tools) => {
        const parts = readSealed(serial, wrapped)
        await tools.write('unwrapped.pub', parts.publicPart)
        await tools.write('unwrapped.priv', parts.privatePart)
        const plain = await ofThisTpm(serial, async () => {
          await tools.run('load', ['-Q', '-C', 'storage.ctx', '-u', 'unwrapped.pub', '-r', 'unwrapped.priv', '-c', 'unwrapped.ctx'])
          return tools.run('unseal', ['-c', 'unwrapped.ctx'])
        })
        const secret = unlabelled('bls', plain)
        plain.fill(0)
        if (secret === undefined) throw wrongKey(serial)
        return blsHandle(secret)
      }),
    certify: (bls) => selfCertificate(serial, identity, bls, sign),
    endorsementCertificate: () =>
      using(async (tools) => {
        try {
          return await tools.run('nvread', [EK_CERTIFICATE_INDEX])
        } catch (cause) {
          throw new UtnetError('chip_engine', `the TPM holds no certificate of an RSA endorsement key (${EK_CERTIFICATE_INDEX})`, {
            hint: 'see what it holds: tpm2_getcap handles-nv-index',
            cause,
          })
        }
      }),
    activate: (credential) =>
      using(async (tools) => {
        await tools.write('credential', concatBytes(CREDENTIAL_FILE, credential.blob, credential.secret))
        await tools.run('startauthsession', ['-Q', '--policy-session', '-S', 'session.ctx'])
        try {
          await tools.run('policysecret', ['-Q', '-S', 'session.ctx', '-c', 'e'])
          const activation = ['-Q', '-c', context, '-C', 'endorsement.ctx', '-i', 'credential', '-o', 'secret', '-P', 'session:session.ctx']
          await ofThisTpm(serial, () => tools.run('activatecredential', activation), foreignCredential)
        } finally {
          await tools.run('flushcontext', ['session.ctx'])
        }
        return tools.read('secret')
      }),
    async close() {
      open = false
    },
  }
}

/** Makes and opens the chip of this machine's TPM. Throws `chip_engine` where the tools are missing or no TPM answers. */
export async function tpmChips(options: TpmOptions = {}): Promise<TpmChips> {
  const box = await openTools(options)
  let serial: Uint8Array
  try {
    serial = await box.alone(async (tools) => {
      // Both keys follow from seeds that the TPM keeps: they are the same ones each time.
      await tools.run('createprimary', ['-Q', '-C', 'o', '-g', 'sha256', '-G', 'ecc256:aes128cfb', '-c', 'storage.ctx'])
      await tools.run('createek', ['-Q', '-G', 'rsa', '-c', 'endorsement.ctx', '-f', 'pem', '-u', 'endorsement.pem'])
      return machineSerial(publicKeyBytes(await tools.read('endorsement.pem')))
    })
  } catch (error) {
    await box.close()
    throw error
  }
  return {
    backend: 'tpm2',
    serial,
    algorithms: ['p256'],
    async make(alg) {
      if (alg !== 'p256') throw unknownAlgorithm(alg, 'tpm2')
      const sealed = await box.alone(async (tools) => {
        const kind = ['-G', 'ecc256:ecdsa-sha256:null', '-a', IDENTITY_ATTRIBUTES]
        await tools.run('create', ['-Q', '-C', 'storage.ctx', ...kind, '-u', 'made.pub', '-r', 'made.priv'])
        return sealedOf(await tools.read('made.pub'), await tools.read('made.priv'))
      })
      const key = identityOfArea(readSealed(serial, sealed).area)
      if (key === undefined) throw new UtnetError('chip_engine', 'the TPM made another key than it was asked for')
      const identity: IdentityKey = { alg: 'p256', bytes: key }
      return { backend: 'tpm2', serial, identity, sealed }
    },
    open: (held) => openEngine(box, held, serial),
    close: () => box.close(),
  }
}

/** SubjectPublicKeyInfo in DER of a key in PEM. */
function publicKeyBytes(pem: Uint8Array): Uint8Array {
  return Uint8Array.from(createPublicKey(Buffer.from(pem)).export({ format: 'der', type: 'spki' }))
}
