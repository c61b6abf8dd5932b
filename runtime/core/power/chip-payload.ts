/** Payloads of the transactions that make power: of chips, nodes and vendors. */
import { amountBytes, bytesAmount } from '../names/index.ts'
import { asBytes, asMap, asText, asUint, type Cbor } from '../codec/index.ts'
import { chipCertificateCbor, readChipCertificate, SERIAL_BYTES, type ChipRegistration } from './chip.ts'
import { limitError, UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/** What is done with a chip. `serial` is 16 bytes, addresses 20, node keys 32. */
export type ChipAction =
  /** Claims a chip for the sender. */
  | ({ readonly op: 'register' } & ChipRegistration)
  /** Gives it to another owner. */
  | { readonly op: 'transfer'; readonly serial: Uint8Array; readonly to: Uint8Array }
  /** Offers it for sale, to one or (null) to anybody; a null price takes the offer back. */
  | { readonly op: 'offer'; readonly serial: Uint8Array; readonly price: bigint | null; readonly to: Uint8Array | null }
  /** Buys it at the price offered. */
  | { readonly op: 'buy'; readonly serial: Uint8Array; readonly price: bigint }
  /** Lets another say which node it works for, up to and with a height. */
  | { readonly op: 'lease'; readonly serial: Uint8Array; readonly lessee: Uint8Array; readonly untilHeight: number }
  /** The lessee gives it back before its time. */
  | { readonly op: 'endLease'; readonly serial: Uint8Array }
  /** Lets it work for a node, which consents (`chipConsentMessage`, 64 bytes), or (both null) for none. */
  | { readonly op: 'assign'; readonly serial: Uint8Array; readonly node: Uint8Array | null; readonly consent: Uint8Array | null }
  /** Takes it out of use for ever. */
  | { readonly op: 'retire'; readonly serial: Uint8Array }

/** What a node does; the sender is its node key. */
export type NodeAction =
  /** Becomes a node that may have power, with its one vote key; again after it left. */
  | {
      readonly op: 'register'
      readonly bls: Uint8Array
      /** `possessionMessage(bls)` signed by the vote key, 96 bytes. */
      readonly pop: Uint8Array
      /** `voteKeyMessage` signed by the vote key, 96 bytes: nobody can show another's key and proof as its own. */
      readonly bind: Uint8Array
      readonly owner: Uint8Array
    }
  | { readonly op: 'bond'; readonly amount: bigint }
  /** Takes bond back: it no longer counts, and stays at stake for the trusting period. */
  | { readonly op: 'unbond'; readonly amount: bigint }
  /** Pays out what was unbonded and is no longer at stake. */
  | { readonly op: 'withdraw' }
  /** Gives up founding power and takes part no more. */
  | { readonly op: 'leave' }

/** A root added to those that may certify chips, by more than half of the power of the set of a height. */
export interface VendorProposal {
  readonly name: string
  /** ed25519 root key. */
  readonly key: Uint8Array
  /** The set of this height signs. */
  readonly height: number
  /** Bit i (least significant first) is member i of the set. */
  readonly signers: Uint8Array
  /** Aggregate of the members' BLS signatures of `vendorMessage`, 96 bytes. */
  readonly signature: Uint8Array
}

/** Canonical value of a chip's action. */
export function chipActionCbor(a: ChipAction): Cbor {
  switch (a.op) {
    case 'register':
      return { op: a.op, certificate: chipCertificateCbor(a.certificate), claim: a.claim, pop: a.pop, wrapped: a.wrapped }
    case 'transfer':
      return { op: a.op, serial: a.serial, to: a.to }
    case 'offer':
      return { op: a.op, serial: a.serial, price: a.price === null ? null : amountBytes(a.price), to: a.to }
    case 'buy':
      return { op: a.op, serial: a.serial, price: amountBytes(a.price) }
    case 'lease':
      return { op: a.op, serial: a.serial, lessee: a.lessee, untilHeight: a.untilHeight }
    case 'assign':
      return { op: a.op, serial: a.serial, node: a.node, consent: a.consent }
    case 'endLease':
    case 'retire':
      return { op: a.op, serial: a.serial }
  }
}

function opOf(value: Cbor | undefined): Cbor | undefined {
  return (value as { readonly op?: Cbor } | null | undefined)?.op
}

const orNull = <T>(value: Cbor | undefined, read: (v: Cbor | undefined) => T): T | null => (value === null ? null : read(value))
const address = (value: Cbor | undefined): Uint8Array => asBytes(value, 'address', 20)
const amount = (value: Cbor | undefined): bigint => bytesAmount(asBytes(value, 'amount'), 'amount')

/** The chip's action of a decoded value. */
export function readChipAction(value: Cbor | undefined): ChipAction {
  const op = opOf(value)
  const fields = (...names: string[]) => asMap(value, ['op', ...names], 'chip action')
  const serialOf = (m: { readonly [key: string]: Cbor }): Uint8Array => asBytes(m['serial'], 'serial', SERIAL_BYTES)
  switch (op) {
    case 'register': {
      const m = fields('certificate', 'claim', 'pop', 'wrapped')
      const wrapped = asBytes(m['wrapped'], 'wrapped')
      if (wrapped.length > LIMITS.chipWrappedBytes)
        throw limitError('tx_invalid', 'chipWrappedBytes', wrapped.length, LIMITS.chipWrappedBytes, 'wrapped key')
      return {
        op,
        certificate: readChipCertificate(m['certificate']),
        claim: asBytes(m['claim'], 'claim', 64),
        pop: asBytes(m['pop'], 'pop', 96),
        wrapped,
      }
    }
    case 'transfer': {
      const m = fields('serial', 'to')
      return { op, serial: serialOf(m), to: address(m['to']) }
    }
    case 'offer': {
      const m = fields('serial', 'price', 'to')
      return { op, serial: serialOf(m), price: orNull(m['price'], amount), to: orNull(m['to'], address) }
    }
    case 'buy': {
      const m = fields('serial', 'price')
      return { op, serial: serialOf(m), price: amount(m['price']) }
    }
    case 'lease': {
      const m = fields('serial', 'lessee', 'untilHeight')
      return { op, serial: serialOf(m), lessee: address(m['lessee']), untilHeight: asUint(m['untilHeight'], 'untilHeight') }
    }
    case 'assign': {
      const m = fields('serial', 'node', 'consent')
      const node = orNull(m['node'], (v) => asBytes(v, 'node', 32))
      const consent = orNull(m['consent'], (v) => asBytes(v, 'consent', 64))
      if ((node === null) !== (consent === null)) throw new UtnetError('tx_invalid', 'a node and its consent go together')
      return { op, serial: serialOf(m), node, consent }
    }
    case 'endLease':
    case 'retire':
      return { op, serial: serialOf(fields('serial')) }
    default:
      throw new UtnetError('tx_invalid', 'the action of a chip is not known')
  }
}

/** Canonical value of a node's action. */
export function nodeActionCbor(a: NodeAction): Cbor {
  switch (a.op) {
    case 'register':
      return { op: a.op, bls: a.bls, pop: a.pop, bind: a.bind, owner: a.owner }
    case 'bond':
    case 'unbond':
      return { op: a.op, amount: amountBytes(a.amount) }
    case 'withdraw':
    case 'leave':
      return { op: a.op }
  }
}

/** The node's action of a decoded value. */
export function readNodeAction(value: Cbor | undefined): NodeAction {
  const op = opOf(value)
  const fields = (...names: string[]) => asMap(value, ['op', ...names], 'node action')
  switch (op) {
    case 'register': {
      const m = fields('bls', 'pop', 'bind', 'owner')
      return {
        op,
        bls: asBytes(m['bls'], 'bls', 48),
        pop: asBytes(m['pop'], 'pop', 96),
        bind: asBytes(m['bind'], 'bind', 96),
        owner: address(m['owner']),
      }
    }
    case 'bond':
    case 'unbond':
      return { op, amount: amount(fields('amount')['amount']) }
    case 'withdraw':
    case 'leave':
      fields()
      return { op }
    default:
      throw new UtnetError('tx_invalid', 'the action of a node is not known')
  }
}

/** Canonical value of a proposal. */
export function vendorCbor(v: VendorProposal): Cbor {
  return { name: v.name, key: v.key, height: v.height, signers: v.signers, signature: v.signature }
}

/** The proposal of a decoded value. */
export function readVendor(value: Cbor | undefined): VendorProposal {
  const m = asMap(value, ['name', 'key', 'height', 'signers', 'signature'], 'vendor')
  return {
    name: asText(m['name'], 'name'),
    key: asBytes(m['key'], 'key', 32),
    height: asUint(m['height'], 'height'),
    signers: asBytes(m['signers'], 'signers'),
    signature: asBytes(m['signature'], 'signature', 96),
  }
}
