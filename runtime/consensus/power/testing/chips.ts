/** Chips for tests: real keys that lie open, certified by a vendor or by themselves. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import {
  chipCertificateMessage,
  chipClaimMessage,
  chipConsentMessage,
  chipPossessionMessage,
  digest,
  ownSerial,
  utf8,
  voteKeyMessage,
  type ChipAction,
  type ChipCertificate,
  type CID,
  type IdentityKey,
  type NodeAction,
} from '../../../core/index.ts'
import { crypto, type TestUser, type TestValidator } from '../../testing/test-kit.ts'

export interface TestChip {
  readonly serial: Uint8Array
  readonly identity: IdentityKey
  readonly sign: (message: Uint8Array) => Uint8Array
  readonly bls: Uint8Array
  readonly blsSecret: Uint8Array
  readonly certificate: ChipCertificate
}

const seedOf = (text: string): Uint8Array => digest('test-chip', utf8(text))

function ed25519Identity(name: string): Pick<TestChip, 'identity' | 'sign'> {
  const secret = seedOf(`identity ${name}`)
  return { identity: { alg: 'ed25519', bytes: crypto.publicKeyEd25519(secret) }, sign: (m) => crypto.signEd25519(m, secret) }
}

/** Compressed point of a P-256 key: its SubjectPublicKeyInfo ends in 04 || x || y. */
function pointOf(key: KeyObject): Uint8Array {
  const point = Uint8Array.from(key.export({ format: 'der', type: 'spki' }).subarray(-65))
  return Uint8Array.of(2 + ((point[64] as number) & 1), ...point.subarray(1, 33))
}

/** Drawn anew in every run: no test may hang on its bytes. */
function p256Identity(): Pick<TestChip, 'identity' | 'sign'> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const secret = createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }))
  return {
    identity: { alg: 'p256', bytes: pointOf(createPublicKey(privateKey)) },
    sign: (m) => crypto.lowerP256(Uint8Array.from(sign('sha256', m, { key: secret, dsaEncoding: 'ieee-p1363' }))),
  }
}

export interface ChipOptions {
  /** Who certifies it; without one it is a chip of level 0 that certifies itself. */
  readonly vendor?: TestUser
  readonly level?: number
  readonly alg?: IdentityKey['alg']
  readonly serial?: Uint8Array
}

/** A chip of a name: another name, another chip. */
export function chipOf(name: string, options: ChipOptions = {}): TestChip {
  const { vendor, level = vendor === undefined ? 0 : 1 } = options
  const id = options.alg === 'p256' ? p256Identity() : ed25519Identity(name)
  const blsSecret = crypto.blsKeygen(seedOf(`bls ${name}`))
  const bls = crypto.blsPublicKey(blsSecret)
  const serial = options.serial ?? (vendor === undefined ? ownSerial(id.identity) : seedOf(`serial ${name}`).subarray(0, 16))
  const body = { serial, identity: id.identity, bls, level }
  const message = chipCertificateMessage(body)
  const sig = vendor === undefined ? id.sign(message) : crypto.signEd25519(message, vendor.secret)
  return { ...id, serial, bls, blsSecret, certificate: { ...body, vendor: vendor?.key ?? null, sig } }
}

export type Register = Extract<ChipAction, { readonly op: 'register' }>

/** The claim of a chip by an owner. */
export function claimOf(chip: TestChip, chainId: CID, owner: Uint8Array): Register {
  return {
    op: 'register',
    certificate: chip.certificate,
    claim: chip.sign(chipClaimMessage(chainId, chip.serial, chip.bls, owner)),
    pop: crypto.blsSign(chipPossessionMessage(chainId, chip.serial, chip.bls), chip.blsSecret),
    wrapped: utf8('wrapped'),
  }
}

/** The assignment of a chip, with the node's consent. */
export function assignOf(chip: Pick<TestChip, 'serial'>, chainId: CID, moves: number, node: TestUser, controller: Uint8Array): ChipAction {
  const message = chipConsentMessage(chainId, chip.serial, moves, node.key, controller)
  return { op: 'assign', serial: chip.serial, node: node.key, consent: crypto.signEd25519(message, node.secret) }
}

/** The registration of a node with its vote key. */
export function nodeOf(v: TestValidator, chainId: CID): NodeAction {
  const { key, bls, pop } = v.validator
  return { op: 'register', bls, pop, bind: v.voter.sign(voteKeyMessage(chainId, key, bls)), owner: v.address }
}
