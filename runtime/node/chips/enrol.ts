/** Enrolment of a node's chips: makes them, has them certified, and gives what the chain is to be told. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  certifyChip,
  pkcs11Chips,
  registrationOf,
  softwareChips,
  tpmChips,
  tpmRequestOf,
  vendorKey,
  type ChipFile,
  type ChipMaker,
  type Pkcs11Options,
  type SecurityEngine,
  type TpmEngine,
  type VendorKey,
} from '../../chips/index.ts'
import {
  chipConsentMessage,
  equalBytes,
  formatKey,
  limitError,
  LIMITS,
  UtnetError,
  type ChipRegistration,
  type Genesis,
  type IdentityKey,
  type CID,
  type NodeApi,
} from '../../core/index.ts'
import { blsKeygen, signEd25519 } from '../../crypto/native.ts'
import { nodeKeys } from '../folder/index.ts'
import { heldAccount, type HeldAccount } from '../parts.ts'
import { realClock } from '../real-clock.ts'
import { localAttester, remoteAttester, type DeskOptions, type TpmAttester } from './attester.ts'
import { openEnrolmentNotes, type EnrolmentNotes } from './enrolment-notes.ts'
import { chipFolder, type ChipFolder } from './folder.ts'
import { makersCertificates } from './roots.ts'

/** What a vendor's word for a token is worth: nobody can see from outside that a key lies in one. */
const TOKEN_LEVEL = 1

/** Which chips, for which node of which chain. */
export interface EnrolOptions {
  /** Data folder of the node that the chips are to work for. */
  readonly data: string
  readonly chainId: CID
  readonly genesis: Genesis
  /** Key of the node that the chain is told through: that of the folder, or no chip is made. */
  readonly node?: string
  /** Address of who is to own them, 20 bytes. */
  readonly owner: Uint8Array
  /** How many chips; a TPM is one. At most `LIMITS.chipsPerEnrolment`. */
  readonly count: number
  /** Chips of a PKCS#11 token in the place of software. */
  readonly token?: Pkcs11Options
  /** The chip of this machine's TPM in the place of software. */
  readonly tpm?: {
    /** Folder with the certificates of TPM makers, where this node certifies; or the node elsewhere that does. */
    readonly by: { readonly roots: string } | { readonly attester: Pick<NodeApi, 'attest' | 'certify'> }
    /** Where the TPM is, as tpm2-tools write it. */
    readonly tcti?: string
  }
}

/** What the chain takes of one chip. */
export interface EnrolledChip {
  readonly registration: ChipRegistration
  /** The node's consent (64 bytes) to take the chip in as it is right after its registration. */
  readonly consent: Uint8Array
}

/** Chips that are made and certified, and that the chain does not know yet. */
export interface Enrolment {
  readonly chips: readonly EnrolledChip[]
  /** The node's own account. */
  readonly node: HeldAccount
  /** What is not done yet: `finish` once the chain has taken all, `release` in any case. */
  readonly notes: EnrolmentNotes
}

/** A new BLS key under the chip, the chip's word for it. */
async function keyed(engine: SecurityEngine): Promise<Pick<ChipFile, 'wrapped' | 'certificate'>> {
  const secret = blsKeygen(randomBytes(32))
  const wrapped = await engine.wrap(secret)
  secret.fill(0)
  const handle = await engine.unwrapToHandle(wrapped)
  try {
    return { wrapped, certificate: await engine.certify(handle.key) }
  } finally {
    handle.close()
  }
}

type Register = (engine: SecurityEngine, file: ChipFile) => Promise<EnrolledChip>

/** Where chips lie, what is noted of them, and what the chain is told of each. */
interface Desk {
  readonly folder: ChipFolder
  readonly notes: EnrolmentNotes
  readonly register: Register
}

/** A new chip of a maker, certified by itself or, of a token, by the vendor's word for the token. */
async function newChip(maker: ChipMaker, { folder, notes, register }: Desk, vendor: VendorKey | undefined): Promise<EnrolledChip> {
  const held = await maker.make(maker.algorithms[0] as IdentityKey['alg'])
  const engine = await maker.open(held)
  try {
    const { wrapped, certificate: own } = await keyed(engine)
    const certificate = vendor === undefined ? own : certifyChip(vendor, { certificate: own, endorsement: null }, TOKEN_LEVEL)
    const file: ChipFile = { held, wrapped, certificate }
    notes.made(held.serial)
    folder.write(file)
    return await register(engine, file)
  } finally {
    await engine.close()
  }
}

/** The chips that an enrolment made before it was cut off. One whose file was not written is none: nobody has been told of it. */
async function chipsMade(maker: ChipMaker, { folder, notes, register }: Desk): Promise<EnrolledChip[]> {
  const chips: EnrolledChip[] = []
  for (const serial of notes.serials()) {
    const file = folder.read(serial)
    if (file === undefined) {
      notes.drop(serial)
      continue
    }
    const engine = await maker.open(file.held)
    try {
      chips.push(await register(engine, file))
    } finally {
      await engine.close()
    }
  }
  return chips
}

/** How this process certifies TPMs whose makers' certificates lie in a folder. */
export function deskOptions(vendor: VendorKey, roots: string): DeskOptions {
  return {
    vendor,
    certificates: makersCertificates(roots),
    nowMs: () => realClock.nowMs(),
    random: (n) => Uint8Array.from(randomBytes(n)),
  }
}

/** The attester of a development chain is the node itself: its genesis has the key as a vendor's. */
export function devVendor(genesis: Genesis, secret: Uint8Array): VendorKey {
  const vendor = vendorKey(secret)
  if (genesis.vendors.some(({ key }) => equalBytes(key, vendor.key))) return vendor
  throw new UtnetError('chip_enrolment', 'this node is no vendor of its chain: only a development node certifies its own TPM or token', {
    hint: 'start a development chain in a folder of its own: utnet dev --data DIR',
  })
}

async function tpmFile(engine: TpmEngine, by: TpmAttester, held: ChipFile['held']): Promise<ChipFile> {
  const { wrapped, certificate } = await keyed(engine)
  const request = await tpmRequestOf(engine, certificate.bls)
  return { held, wrapped, certificate: await by.certified(request, (credential) => engine.activate(credential)) }
}

/** The chip that this folder has of the TPM, or a new one: a machine has one serial, and a second identity key would be refused under it. */
async function tpmChip(
  { folder, notes, register }: Desk,
  { tcti }: NonNullable<EnrolOptions['tpm']>,
  by: TpmAttester,
): Promise<EnrolledChip> {
  const maker = await tpmChips(tcti === undefined ? {} : { tcti })
  try {
    const known = folder.read(maker.serial)
    const held = known?.held ?? (await maker.make('p256'))
    const engine = await maker.open(held)
    const file = known ?? (await tpmFile(engine, by, held))
    notes.made(maker.serial)
    if (known === undefined) folder.write(file)
    return await register(engine, file)
  } finally {
    await maker.close()
  }
}

/** Makes what is asked for, behind what was made before. */
async function makeChips({ genesis, count, token, tpm }: EnrolOptions, desk: Desk, vendorSecret: Uint8Array): Promise<EnrolledChip[]> {
  if (tpm !== undefined) {
    const by =
      'attester' in tpm.by
        ? remoteAttester(tpm.by.attester, genesis)
        : localAttester(deskOptions(devVendor(genesis, vendorSecret), tpm.by.roots))
    return [await tpmChip(desk, tpm, by)]
  }
  const vendor = token === undefined ? undefined : devVendor(genesis, vendorSecret)
  const maker = token === undefined ? softwareChips(desk.folder.fuses) : await pkcs11Chips(token)
  try {
    const chips = await chipsMade(maker, desk)
    while (chips.length < count) chips.push(await newChip(maker, desk, vendor))
    return chips
  } finally {
    await maker.close()
  }
}

/**
 * Makes chips and keeps them in the node's folder, which may belong to a node at work; or goes on with an enrolment that was cut off. Throws `chip_engine`, `chip_key`,
 * `chip_enrolment` and says why; `data_locked` while another enrolment is at work.
 * A TPM that was enrolled before gives its old registration again: the chain refuses the second.
 */
export async function enrolChips(options: EnrolOptions): Promise<Enrolment> {
  const { data, chainId, owner, count, token, tpm } = options
  if (!Number.isSafeInteger(count) || count < 1 || count > LIMITS.chipsPerEnrolment)
    throw limitError('core_bad_argument', 'chipsPerEnrolment', count, LIMITS.chipsPerEnrolment, 'chips')
  if (!existsSync(join(data, 'keys', 'node.json')))
    throw new UtnetError('chip_enrolment', `${data} is not the data folder of a node`, {
      hint: 'name it: --data DIR; make one: utnet dev --data DIR',
    })
  const keys = nodeKeys(join(data, 'keys'))
  const node = heldAccount(keys.identity)
  if (options.node !== undefined && options.node !== formatKey(node.key))
    throw new UtnetError('chip_enrolment', `the node that answers is ${options.node}, not the one of ${data}`, {
      hint: 'name both: --node URL --data DIR',
    })
  const folder = chipFolder(data)
  const backend = tpm !== undefined ? 'tpm2' : token !== undefined ? 'pkcs11' : 'software'
  const notes = openEnrolmentNotes(folder.path, { chainId, owner, backend, count })
  const register: Register = async (engine, { certificate, wrapped }) => ({
    registration: await registrationOf(engine, { chainId, owner, certificate, wrapped }),
    consent: signEd25519(chipConsentMessage(chainId, certificate.serial, 0, node.key, owner), node.secret),
  })
  try {
    return { node, notes, chips: await makeChips(options, { folder, notes, register }, keys.vendor) }
  } catch (error) {
    // nothing to go on with
    if (notes.serials().length === 0) notes.finish()
    notes.release()
    throw error
  }
}
