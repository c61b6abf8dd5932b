/**
 * Nodes that vote, in the off-chain trie under `node/<node key>`. What a node has is kept by the epoch from which it counts: a change in epoch e counts
 * from e + 2 on, so the power of an epoch was fixed before its seed was known (eq. 15-17, fixed one epoch ahead).
 */
import { type Cbor, asArray, asBytes, asUint, decode, encode } from '../codec/index.ts'
import { UtnetError } from '../errors.ts'

/** What a node has from an epoch on, until the next entry. */
export interface NodePower {
  /** First epoch in which it counts. */
  readonly from: number
  /** Power given by the genesis. */
  readonly founding: number
  /** Chips of level 1 and more: a unit each. */
  readonly certified: number
  /** Chips of level 0: a unit each as far as the bond reaches. */
  readonly software: number
  /** Whole units that the node's bond pays for. */
  readonly units: number
  /** Sum of the BLS keys of all its chips, 48 bytes; the point at infinity (0xc0, zeros) of none. */
  readonly aggregate: Uint8Array
  /** False after the node left: then nothing of it counts. */
  readonly active: boolean
}

/** The record of one node. */
export interface NodeRecord {
  /** BLS vote key, 48 bytes: the only one that this node key ever has. */
  readonly bls: Uint8Array
  readonly pop: Uint8Array
  /** Address of who is paid, 20 bytes. */
  readonly owner: Uint8Array
  /** Height of the block that took evidence against it; null before. From the next epoch on it has no power, for ever. */
  readonly slashed: number | null
  /** Its place among the nodes that are counted at an epoch's end; null while it has nothing. */
  readonly place: number | null
  /** Ascending by `from`; at least one, at most four. */
  readonly powers: readonly NodePower[]
}

/** The sum of no keys: the point at infinity, compressed. It is a value of a sum, never a key. */
export const NO_KEYS: Uint8Array = Uint8Array.of(0xc0, ...new Uint8Array(47))

const POWERS_MAX = 4

/** What counts in an epoch; undefined before the first entry. */
export function powerIn(record: Pick<NodeRecord, 'powers'>, epoch: number): NodePower | undefined {
  return record.powers.findLast((p) => p.from <= epoch)
}

/** The newest entry: what the node has now. */
export function latestPower(record: Pick<NodeRecord, 'powers'>): NodePower {
  return record.powers.at(-1) as NodePower
}

/** Chips that sit at the node: what its CAT answers for. */
export function seatsOf(power: Pick<NodePower, 'certified' | 'software'>): number {
  return power.certified + power.software
}

/** Power before all of level 0 is cut to its share: a unit for each of the founding power and each certified chip, and for each of level 0 as far as the bond reaches. */
export function unitsIn({ active, founding, certified, software, units }: NodePower): number {
  return active ? founding + certified + Math.min(software, units) : 0
}

const powerCbor = (p: NodePower): Cbor => [p.from, p.founding, p.certified, p.software, p.units, p.aggregate, p.active]

function readPower(value: Cbor | undefined): NodePower {
  const l = asArray(value, 'power of a node', 7)
  if (typeof l[6] !== 'boolean') throw new UtnetError('core_not_canonical', 'active must be a boolean')
  return {
    from: asUint(l[0], 'from'),
    founding: asUint(l[1], 'founding'),
    certified: asUint(l[2], 'certified'),
    software: asUint(l[3], 'software'),
    units: asUint(l[4], 'units'),
    aggregate: asBytes(l[5], 'aggregate', 48),
    active: l[6],
  }
}

/** Canonical bytes of a node's record. */
export function encodeNode(n: NodeRecord): Uint8Array {
  return encode([1, n.bls, n.pop, n.owner, n.slashed, n.place, n.powers.map(powerCbor)])
}

/** The record of its bytes. */
export function decodeNode(bytes: Uint8Array): NodeRecord {
  const l = asArray(decode(bytes, 'node record', 2048), 'node record', 7)
  if (l[0] !== 1) throw new UtnetError('core_not_canonical', 'node record of an unknown version')
  const powers = asArray(l[6], 'powers').map(readPower)
  const ordered = powers.every((p, i) => i === 0 || (powers[i - 1] as NodePower).from < p.from)
  if (powers.length === 0 || powers.length > POWERS_MAX || !ordered)
    throw new UtnetError('core_not_canonical', 'powers of a node record are none, too many or out of order')
  const uintOrNull = (value: Cbor | undefined, what: string): number | null => (value === null ? null : asUint(value, what))
  return {
    bls: asBytes(l[1], 'bls', 48),
    pop: asBytes(l[2], 'pop', 96),
    owner: asBytes(l[3], 'owner', 20),
    slashed: uintOrNull(l[4], 'slashed'),
    place: uintOrNull(l[5], 'place'),
    powers,
  }
}
