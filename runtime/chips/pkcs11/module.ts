/** The PKCS#11 binding (npm pkcs11js, an optional peer: it is compiled when it is installed). Only what is used of it is typed here. */
import { createRequire } from 'node:module'
import { UtnetError } from '../../core/index.ts'

/** A handle of a session, an object or a slot. */
export type Handle = Buffer

export interface Attribute {
  readonly type: number
  readonly value?: number | boolean | string | Buffer
}

export interface Mechanism {
  readonly mechanism: number
}

/** The calls of PKCS#11 2.40 that chips need; they throw an error with the return value as `code`. */
export interface Pkcs11 {
  load(library: string): void
  C_Initialize(): void
  C_Finalize(): void
  C_GetSlotList(withToken: boolean): Handle[]
  C_GetTokenInfo(slot: Handle): { readonly label: string }
  C_OpenSession(slot: Handle, flags: number): Handle
  C_CloseSession(session: Handle): void
  C_Login(session: Handle, user: number, pin: string): void
  C_GenerateRandom(session: Handle, into: Buffer): Buffer
  C_GenerateKey(session: Handle, mechanism: Mechanism, template: readonly Attribute[]): Handle
  C_GenerateKeyPair(
    session: Handle,
    mechanism: Mechanism,
    publicTemplate: readonly Attribute[],
    privateTemplate: readonly Attribute[],
  ): { readonly publicKey: Handle; readonly privateKey: Handle }
  C_CreateObject(session: Handle, template: readonly Attribute[]): Handle
  C_DestroyObject(session: Handle, object: Handle): void
  C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void
  C_FindObjects(session: Handle, most: number): Handle[]
  C_FindObjectsFinal(session: Handle): void
  C_GetAttributeValue(session: Handle, object: Handle, template: readonly Attribute[]): { readonly value: Buffer }[]
  C_WrapKey(session: Handle, mechanism: Mechanism, wrapping: Handle, key: Handle, into: Buffer): Buffer
  C_UnwrapKey(session: Handle, mechanism: Mechanism, unwrapping: Handle, wrapped: Buffer, template: readonly Attribute[]): Handle
  C_SignInit(session: Handle, mechanism: Mechanism, key: Handle): void
  C_Sign(session: Handle, data: Buffer, into: Buffer): Buffer
}

const PACKAGE = 'pkcs11js'

/** As CommonJS finds it: beside this package, or under `NODE_PATH`. */
function binding(): { readonly PKCS11: new () => Pkcs11 } {
  try {
    return createRequire(import.meta.url)(PACKAGE) as { readonly PKCS11: new () => Pkcs11 }
  } catch (cause) {
    throw new UtnetError('chip_engine', `chips in PKCS#11 tokens need the package ${PACKAGE}, which is not installed`, {
      hint: `npm install ${PACKAGE}@2.1.7 (it is compiled then: a C++ compiler and Python must be there)`,
      cause,
    })
  }
}

/** A process initialises a library once, however many makers use it. */
const loaded = new Map<string, { readonly module: Pkcs11; users: number }>()

/** The library, initialised; `release` gives it back. Throws `chip_engine`. */
export function loadPkcs11(library: string): { readonly module: Pkcs11; release(): void } {
  const { PKCS11 } = binding()
  let entry = loaded.get(library)
  if (entry === undefined) {
    const module = new PKCS11()
    try {
      module.load(library)
      module.C_Initialize()
    } catch (cause) {
      throw new UtnetError('chip_engine', `the PKCS#11 library ${library} cannot be loaded`, {
        hint: 'name the library of the token',
        cause,
      })
    }
    entry = { module, users: 0 }
    loaded.set(library, entry)
  }
  const used = entry
  used.users++
  let released = false
  return {
    module: used.module,
    release() {
      if (released) return
      released = true
      if (--used.users > 0) return
      loaded.delete(library)
      used.module.C_Finalize()
    },
  }
}
