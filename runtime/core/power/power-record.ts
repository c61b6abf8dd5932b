/**
 * Typed records of what happens to chips (U2.7-REC-1), in the off-chain trie under `record/<transaction id>`. There are four kinds: purchase, claim, and
 * the two phases of a rental. A lease that runs out is ended by no transaction: its record says when.
 */
import { amountBytes, bytesAmount } from '../names/index.ts'
import { asArray, asBytes, asUint, decode, encode, type Cbor } from '../codec/index.ts'
import { SERIAL_BYTES } from './chip.ts'
import { UtnetError } from '../errors.ts'

/** One record, by kind. */
export type PowerRecord =
  /** A chip went to another owner, for a price in 10^-18 UNC (0 for a gift). */
  | { readonly kind: 'purchase'; readonly serial: Uint8Array; readonly from: Uint8Array; readonly to: Uint8Array; readonly price: bigint }
  /** A chip was claimed by its first owner. */
  | { readonly kind: 'claim'; readonly serial: Uint8Array; readonly owner: Uint8Array; readonly level: number }
  /** A chip was let, up to and with a height. */
  | {
      readonly kind: 'lease'
      readonly serial: Uint8Array
      readonly owner: Uint8Array
      readonly lessee: Uint8Array
      readonly untilHeight: number
    }
  /** A chip was given back before its lease ran out. */
  | { readonly kind: 'return'; readonly serial: Uint8Array; readonly owner: Uint8Array; readonly lessee: Uint8Array }

const KINDS = { purchase: 0, claim: 1, lease: 2, return: 3 } as const

/** Canonical bytes. */
export function encodePowerRecord(r: PowerRecord): Uint8Array {
  const head = [1, KINDS[r.kind], r.serial]
  switch (r.kind) {
    case 'purchase':
      return encode([...head, r.from, r.to, amountBytes(r.price)])
    case 'claim':
      return encode([...head, r.owner, r.level])
    case 'lease':
      return encode([...head, r.owner, r.lessee, r.untilHeight])
    case 'return':
      return encode([...head, r.owner, r.lessee])
  }
}

const rental = (serial: Cbor | undefined, owner: Cbor | undefined, lessee: Cbor | undefined) => ({
  serial: asBytes(serial, 'serial', SERIAL_BYTES),
  owner: asBytes(owner, 'owner', 20),
  lessee: asBytes(lessee, 'lessee', 20),
})

/** The record of its bytes. */
export function decodePowerRecord(bytes: Uint8Array): PowerRecord {
  const list = asArray(decode(bytes, 'power record', 256), 'power record')
  if (list[0] !== 1) throw new UtnetError('core_not_canonical', 'power record of an unknown version')
  switch (list[1]) {
    case KINDS.purchase: {
      const [, , serial, from, to, price] = asArray(list, 'purchase', 6)
      return {
        kind: 'purchase',
        serial: asBytes(serial, 'serial', SERIAL_BYTES),
        from: asBytes(from, 'from', 20),
        to: asBytes(to, 'to', 20),
        price: bytesAmount(asBytes(price, 'price'), 'price'),
      }
    }
    case KINDS.claim: {
      const [, , serial, owner, level] = asArray(list, 'claim', 5)
      return {
        kind: 'claim',
        serial: asBytes(serial, 'serial', SERIAL_BYTES),
        owner: asBytes(owner, 'owner', 20),
        level: asUint(level, 'level'),
      }
    }
    case KINDS.lease: {
      const [, , serial, owner, lessee, untilHeight] = asArray(list, 'lease', 6)
      return { kind: 'lease', ...rental(serial, owner, lessee), untilHeight: asUint(untilHeight, 'height') }
    }
    case KINDS.return: {
      const [, , serial, owner, lessee] = asArray(list, 'return', 5)
      return { kind: 'return', ...rental(serial, owner, lessee) }
    }
    default:
      throw new UtnetError('core_not_canonical', 'power record of an unknown kind')
  }
}
