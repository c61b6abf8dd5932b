/**
 * Chips in a PKCS#11 token. S is an AES key of the token that cannot be extracted. A P-256 identity key is made in the token, wrapped there under S
 * (CKM_AES_KEY_WRAP) and destroyed; to work it is unwrapped there again. An ed25519 identity key, which tokens do not wrap, stays in the token as an object.
 */
import { createHash } from 'node:crypto'
import {
  asArray,
  asBytes,
  concatBytes,
  decode,
  digest,
  encode,
  equalBytes,
  ownSerial,
  UtnetError,
  type IdentityKey,
} from '../../core/index.ts'
import { lowerP256, verifyIdentity } from '../../crypto/native.ts'
import { ablsSecret, blsHandle } from '../bls-handle.ts'
import { adigest, closedChip, selfCertificate, unknownAlgorithm, wrongKey } from '../certify.ts'
import { CHIP_KEY_BYTES, labelled, unlabelled } from '../key-wrap.ts'
import type { ChipMaker, HeldChip, SecurityEngine } from '../port.ts'
import { CK, CKA, CKR, EC_PARAMS } from './constants.ts'
import { loadPkcs11, type Attribute, type Handle, type Pkcs11 } from './module.ts'

/** Which token, and what opens it. */
export interface Pkcs11Options {
  /** Path of the token's library. */
  readonly library: string
  /** Label of the token. */
  readonly token: string
  readonly pin: string
}

const LABEL = 'utnet chip'
const ID_BYTES = 16
/** What fails when S is another or the wrapped bytes were changed; tokens do not agree on one of them. */
const NOT_WRAPPED_HERE: ReadonlySet<number> = new Set([
  CKR.generalError,
  CKR.functionFailed,
  CKR.encryptedDataInvalid,
  CKR.encryptedDataLenRange,
  CKR.wrappedKeyInvalid,
  CKR.wrappedKeyLenRange,
])

const codeOf = (error: unknown): number | undefined => (error as { readonly code?: number }).code

/** Runs a call of the token; what it throws becomes `chip_engine`. */
function asked<T>(what: string, call: () => T): T {
  try {
    return call()
  } catch (cause) {
    if (cause instanceof UtnetError) throw cause
    throw new UtnetError('chip_engine', `the PKCS#11 token failed: ${what}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
}

const own = (bytes: Uint8Array): Buffer => Buffer.from(bytes)

/** The objects of a token in one session. */
class Token {
  readonly module: Pkcs11
  readonly session: Handle
  constructor(module: Pkcs11, session: Handle) {
    this.module = module
    this.session = session
  }

  find(kind: number, id: Uint8Array): Handle | undefined {
    const { module, session } = this
    return asked('find', () => {
      module.C_FindObjectsInit(session, [
        { type: CKA.class, value: kind },
        { type: CKA.label, value: LABEL },
        { type: CKA.id, value: own(id) },
      ])
      try {
        return module.C_FindObjects(session, 1)[0]
      } finally {
        module.C_FindObjectsFinal(session)
      }
    })
  }

  /** The 128-bit key S: made in the token, never out of it, good for wrapping and nothing else. */
  makeChipKey(id: Uint8Array): Handle {
    return asked('generate S', () =>
      this.module.C_GenerateKey(this.session, { mechanism: CK.aesKeyGen }, [
        { type: CKA.class, value: CK.secretKey },
        { type: CKA.token, value: true },
        { type: CKA.private, value: true },
        { type: CKA.label, value: LABEL },
        { type: CKA.id, value: own(id) },
        { type: CKA.valueLen, value: CHIP_KEY_BYTES },
        { type: CKA.sensitive, value: true },
        { type: CKA.extractable, value: false },
        { type: CKA.modifiable, value: false },
        { type: CKA.wrap, value: true },
        { type: CKA.unwrap, value: true },
        { type: CKA.encrypt, value: false },
        { type: CKA.decrypt, value: false },
        { type: CKA.sign, value: false },
        { type: CKA.verify, value: false },
      ]),
    )
  }

  /** A key pair of the token; `kept` under an id it cannot be extracted, else it is there to be wrapped and destroyed. */
  makePair(alg: IdentityKey['alg'], kept: Uint8Array | undefined): { readonly publicKey: Handle; readonly privateKey: Handle } {
    const named: Attribute[] =
      kept === undefined
        ? []
        : [
            { type: CKA.label, value: LABEL },
            { type: CKA.id, value: own(kept) },
            { type: CKA.modifiable, value: false },
          ]
    return asked('generate the identity key', () =>
      this.module.C_GenerateKeyPair(
        this.session,
        { mechanism: alg === 'p256' ? CK.ecKeyPairGen : CK.edwardsKeyPairGen },
        [
          { type: CKA.class, value: CK.publicKey },
          { type: CKA.token, value: false },
          { type: CKA.verify, value: true },
          { type: CKA.ecParams, value: EC_PARAMS[alg] },
        ],
        [
          { type: CKA.class, value: CK.privateKey },
          { type: CKA.token, value: kept !== undefined },
          { type: CKA.private, value: true },
          { type: CKA.sensitive, value: true },
          { type: CKA.extractable, value: kept === undefined },
          { type: CKA.sign, value: true },
          ...named,
        ],
      ),
    )
  }

  publicOf(alg: IdentityKey['alg'], key: Handle): Uint8Array {
    const point = this.attribute(key, CKA.ecPoint)
    // A DER octet string around the point: 04 20 || 32 bytes, or 04 41 || 04 x y.
    if (alg === 'ed25519' && point.length === 34 && point[0] === 4 && point[1] === 32) return Uint8Array.from(point.subarray(2))
    if (alg === 'p256' && point.length === 67 && point[0] === 4 && point[1] === 65 && point[2] === 4)
      return concatBytes(Uint8Array.of(2 + ((point[66] as number) & 1)), point.subarray(3, 35))
    throw new UtnetError('chip_engine', `the PKCS#11 token gives a point of ${point.length} bytes for ${alg}`)
  }

  attribute(object: Handle, type: number): Buffer {
    return asked(
      'read an attribute',
      () => (this.module.C_GetAttributeValue(this.session, object, [{ type }])[0] as { readonly value: Buffer }).value,
    )
  }

  wrap(chipKey: Handle, key: Handle): Uint8Array {
    return Uint8Array.from(
      asked('wrap', () => this.module.C_WrapKey(this.session, { mechanism: CK.aesKeyWrap }, chipKey, key, Buffer.alloc(256))),
    )
  }

  /** The object of wrapped bytes; undefined when S did not wrap them. */
  unwrap(chipKey: Handle, wrapped: Uint8Array, template: readonly Attribute[]): Handle | undefined {
    return asked('unwrap', () => {
      try {
        return this.module.C_UnwrapKey(this.session, { mechanism: CK.aesKeyWrap }, chipKey, own(wrapped), template)
      } catch (error) {
        if (NOT_WRAPPED_HERE.has(codeOf(error) ?? -1)) return undefined
        throw error
      }
    })
  }

  sign(alg: IdentityKey['alg'], key: Handle, message: Uint8Array): Uint8Array {
    const data = alg === 'p256' ? createHash('sha256').update(message).digest() : own(message)
    const sig = asked('sign', () => {
      this.module.C_SignInit(this.session, { mechanism: alg === 'p256' ? CK.ecdsa : CK.eddsa }, key)
      return this.module.C_Sign(this.session, data, Buffer.alloc(64))
    })
    return alg === 'p256' ? lowerP256(Uint8Array.from(sig)) : Uint8Array.from(sig)
  }

  destroy(object: Handle): void {
    asked('destroy', () => this.module.C_DestroyObject(this.session, object))
  }
}

const IDENTITY_AT_WORK: readonly Attribute[] = [
  { type: CKA.class, value: CK.privateKey },
  { type: CKA.keyType, value: CK.typeEc },
  { type: CKA.token, value: false },
  { type: CKA.private, value: true },
  { type: CKA.sensitive, value: true },
  { type: CKA.extractable, value: false },
  { type: CKA.sign, value: true },
]

/** A BLS secret passes through the token for wrapping only: no token signs with it. */
const BLS_IN_PASSING: readonly Attribute[] = [
  { type: CKA.class, value: CK.secretKey },
  { type: CKA.keyType, value: CK.typeGenericSecret },
  { type: CKA.token, value: false },
  { type: CKA.private, value: true },
  { type: CKA.sensitive, value: false },
  { type: CKA.extractable, value: true },
]

/** [id of S in the token, wrapped identity key; none where it is an object of the token]. */
function readSealed(record: HeldChip): { readonly id: Uint8Array; readonly wrapped: Uint8Array } {
  try {
    const list = asArray(decode(record.sealed, 'sealed key', 1_024), 'sealed key', 2)
    return { id: asBytes(list[0], 'id', ID_BYTES), wrapped: asBytes(list[1], 'wrapped key') }
  } catch (cause) {
    throw wrongKey(record.serial, cause)
  }
}

function openEngine(token: Token, record: HeldChip): SecurityEngine {
  const { serial, identity } = record
  const { id, wrapped } = readSealed(record)
  const chipKey = token.find(CK.secretKey, id)
  const inToken = identity.alg === 'ed25519'
  if (record.backend !== 'pkcs11' || chipKey === undefined || inToken !== (wrapped.length === 0)) throw wrongKey(serial)
  if (!equalBytes(serial, ownSerial(identity))) throw wrongKey(serial)
  const key = inToken ? token.find(CK.privateKey, id) : token.unwrap(chipKey, wrapped, IDENTITY_AT_WORK)
  if (key === undefined) throw wrongKey(serial)
  let open = true
  const using = <T>(use: () => T): T => {
    if (!open) throw closedChip(serial)
    return use()
  }
  const sign = async (message: Uint8Array): Promise<Uint8Array> => using(() => token.sign(identity.alg, key, adigest(message)))
  const engine: SecurityEngine = {
    backend: 'pkcs11',
    serial,
    publicKey: () => identity,
    sign,
    async wrap(secret) {
      ablsSecret(secret)
      return using(() => {
        const plain = own(labelled('bls', secret))
        try {
          const object = asked('take the BLS secret', () =>
            token.module.C_CreateObject(token.session, [...BLS_IN_PASSING, { type: CKA.value, value: plain }]),
          )
          try {
            return token.wrap(chipKey, object)
          } finally {
            token.destroy(object)
          }
        } finally {
          plain.fill(0)
        }
      })
    },
    unwrapToHandle: async (bytes) =>
      using(() => {
        const object = token.unwrap(chipKey, bytes, BLS_IN_PASSING)
        if (object === undefined) throw wrongKey(serial)
        try {
          const plain = token.attribute(object, CKA.value)
          const secret = unlabelled('bls', plain)
          plain.fill(0)
          if (secret === undefined) throw wrongKey(serial)
          return blsHandle(secret)
        } finally {
          token.destroy(object)
        }
      }),
    certify: (bls) => selfCertificate(serial, identity, bls, sign),
    async close() {
      if (!open) return
      open = false
      if (!inToken) token.destroy(key)
    },
  }
  // The token gives no public half of a private key: it shows by a signature that it has the key on record.
  const shown = digest('chip-open', serial)
  if (!verifyIdentity(token.sign(identity.alg, key, shown), shown, identity)) {
    if (!inToken) token.destroy(key)
    throw wrongKey(serial)
  }
  return engine
}

function openSession(module: Pkcs11, options: Pkcs11Options): Handle {
  return asked('open a session', () => {
    const slot = module.C_GetSlotList(true).find((s) => module.C_GetTokenInfo(s).label.trimEnd() === options.token)
    if (slot === undefined)
      throw new UtnetError('chip_engine', `there is no PKCS#11 token labelled ${options.token}`, {
        hint: 'see the tokens: pkcs11-tool -L, or softhsm2-util --show-slots',
      })
    const session = module.C_OpenSession(slot, CK.serialSession | CK.rwSession)
    try {
      module.C_Login(session, CK.user, options.pin)
    } catch (error) {
      // The process is logged in once for all its sessions.
      if (codeOf(error) !== CKR.userAlreadyLoggedIn) {
        module.C_CloseSession(session)
        throw error
      }
    }
    return session
  })
}

/** Makes chips in a token. Throws `chip_engine` where the binding, the library or the token is missing, or the PIN is wrong. */
export async function pkcs11Chips(options: Pkcs11Options): Promise<ChipMaker> {
  const { module, release } = loadPkcs11(options.library)
  let token: Token
  try {
    token = new Token(module, openSession(module, options))
  } catch (error) {
    release()
    throw error
  }
  return {
    backend: 'pkcs11',
    algorithms: ['p256', 'ed25519'],
    async make(alg) {
      if (!Object.hasOwn(EC_PARAMS, alg)) throw unknownAlgorithm(alg, 'pkcs11')
      const id = Uint8Array.from(asked('draw an id', () => module.C_GenerateRandom(token.session, Buffer.alloc(ID_BYTES))))
      const chipKey = token.makeChipKey(id)
      const { publicKey, privateKey } = token.makePair(alg, alg === 'ed25519' ? id : undefined)
      const identity: IdentityKey = { alg, bytes: token.publicOf(alg, publicKey) }
      token.destroy(publicKey)
      let wrapped = new Uint8Array(0)
      if (alg === 'p256') {
        wrapped = Uint8Array.from(token.wrap(chipKey, privateKey))
        token.destroy(privateKey)
      }
      return { backend: 'pkcs11', serial: ownSerial(identity), identity, sealed: encode([id, wrapped]) }
    },
    open: async (record) => openEngine(token, record),
    async close() {
      asked('close the session', () => module.C_CloseSession(token.session))
      release()
    },
  }
}
