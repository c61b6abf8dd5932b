/**
 * Typed records of what happens to chips (U2.7-REC-1), in the off-chain trie under `record/<transaction id>`. There are four kinds: purchase, claim, and
 * the two phases of an inference order; the last two (kinds 2 and 3) have no form yet.
 */
import { amountBytes, bytesAmount } from '../names/index.ts'
import { asArray, asBytes, asUint, decode, encode } from '../codec/index.ts'
import { SERIAL_BYTES } from './chip.ts'
import { UtnetError } from '../errors.ts'

/** One record, by kind. */
export type PowerRecord =
  /** A chip went to another owner, for a price in 10^-18 UNC (0 for a gift). */
  | { readonly kind: 'purchase'; readonly serial: Uint8Array; readonly from: Uint8Array; readonly to: Uint8Array; readonly price: bigint }
  /** A chip was claimed by its first owner. */
  | { readonly kind: 'claim'; readonly serial: Uint8Array; readonly owner: Uint8Array; readonly level: number }

const KINDS = { purchase: 0, claim: 1 } as const

/** Canonical bytes. */
export function encodePowerRecord(r: PowerRecord): Uint8Array {
  return r.kind === 'purchase'
    ? encode([1, KINDS.purchase, r.serial, r.from, r.to, amountBytes(r.price)])
    : encode([1, KINDS.claim, r.serial, r.owner, r.level])
}

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
    default:
      throw new UtnetError('core_not_canonical', 'power record of an unknown kind')
  }
}
