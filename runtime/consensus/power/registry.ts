/** Chips, nodes and seats in the state: who has what, and since which epoch it counts. What may be done with them, `tx/power/apply-chip.ts` says. */
import {
  asArray,
  asBytes,
  asUint,
  decode,
  decodeChip,
  decodeNode,
  encode,
  encodeChip,
  encodeNode,
  equalBytes,
  latestPower,
  LIMITS,
  NO_KEYS,
  powerIn,
  seatsOf,
  SERIAL_BYTES,
  unitsIn,
  UtnetError,
  type ChipRecord,
  type NodePower,
  type NodeRecord,
} from '../../core/index.ts'
import type { ChainCrypto } from '../crypto-port.ts'
import type { StateReader, WorkingState } from '../state/index.ts'
import type { CatSeats } from './api.ts'
import { AHEAD, dated, type Dated } from './by-epoch.ts'
import { chipKey, memberKey, MEMBERS_KEY, nodeKey, seatKey } from './keys.ts'

type Reader = Pick<StateReader, 'get'>

/** Where a change stands in time, and what it needs of cryptography. */
export interface Moment {
  /** Epoch of the block that makes the change. */
  readonly epoch: number
  readonly crypto: Pick<ChainCrypto, 'blsChangeKeySum'>
}

/** The chip of a serial; undefined where none is registered. */
export function readChip(state: Reader, serial: Uint8Array): ChipRecord | undefined {
  const bytes = state.get('offchain', chipKey(serial))
  return bytes === undefined ? undefined : decodeChip(bytes)
}

/** Writes the record of a chip. */
export function writeChip(state: WorkingState, serial: Uint8Array, chip: ChipRecord): void {
  state.set('offchain', chipKey(serial), encodeChip(chip))
}

/** The record of a node key; undefined where none is registered. */
export function readNode(state: Reader, node: Uint8Array): NodeRecord | undefined {
  const bytes = state.get('offchain', nodeKey(node))
  return bytes === undefined ? undefined : decodeNode(bytes)
}

/** Writes the record of a node key. */
export function writeNode(state: WorkingState, node: Uint8Array, record: NodeRecord): void {
  state.set('offchain', nodeKey(node), encodeNode(record))
}

// Seats: a list of [from, serial | null], ascending.

interface Sitting extends Dated {
  readonly serial: Uint8Array | null
}

function readSeat(state: Reader, node: Uint8Array, index: number): readonly Sitting[] {
  const bytes = state.get('offchain', seatKey(node, index))
  if (bytes === undefined) return []
  return asArray(decode(bytes, 'seat', 256), 'seat').map((item) => {
    const [from, serial] = asArray(item, 'seat', 2)
    return { from: asUint(from, 'from'), serial: serial === null ? null : asBytes(serial, 'serial', SERIAL_BYTES) }
  })
}

function changeSeat(state: WorkingState, node: Uint8Array, index: number, serial: Uint8Array | null, epoch: number): void {
  const list = dated(readSeat(state, node, index), epoch, { from: epoch + AHEAD, serial })
  state.set('offchain', seatKey(node, index), encode(list.map((s) => [s.from, s.serial])))
}

const kindOf = (chip: Pick<ChipRecord, 'level'>): 'certified' | 'software' => (chip.level === 0 ? 'software' : 'certified')

/** What the node has with one more chip of this kind. */
export function withChip(record: NodeRecord, chip: Pick<ChipRecord, 'level'>): Partial<NodePower> {
  const kind = kindOf(chip)
  return { [kind]: latestPower(record)[kind] + 1 }
}

/** Seats a chip at a node. The caller has checked that it may be, and that it sits nowhere. Throws `chain_invalid` when no more nodes can be counted. */
export function seatChip(state: WorkingState, now: Moment, node: Uint8Array, serial: Uint8Array, chip: ChipRecord): void {
  const record = readNode(state, node) as NodeRecord
  const latest = latestPower(record)
  const index = seatsOf(latest)
  changeSeat(state, node, index, serial, now.epoch)
  writeChip(state, serial, { ...chip, node, seat: index, moves: chip.moves + 1 })
  const aggregate = now.crypto.blsChangeKeySum(latest.aggregate, chip.bls, 'add')
  changePower(state, node, record, now.epoch, { ...withChip(record, chip), aggregate })
}

/** Takes a chip from its node; the last one takes its seat. Gives its record as it then is. */
export function unseatChip(state: WorkingState, now: Moment, serial: Uint8Array, chip: ChipRecord): ChipRecord {
  const { node, seat } = chip
  if (node === null) return chip
  const record = readNode(state, node) as NodeRecord
  const latest = latestPower(record)
  const last = seatsOf(latest) - 1
  if (seat !== last) {
    const moved = readSeat(state, node, last).at(-1)?.serial as Uint8Array
    changeSeat(state, node, seat, moved, now.epoch)
    writeChip(state, moved, { ...(readChip(state, moved) as ChipRecord), seat })
  }
  changeSeat(state, node, last, null, now.epoch)
  const kind = kindOf(chip)
  const aggregate = now.crypto.blsChangeKeySum(latest.aggregate, chip.bls, 'subtract')
  changePower(state, node, record, now.epoch, { [kind]: latest[kind] - 1, aggregate })
  const free: ChipRecord = { ...chip, node: null, seat: 0, moves: chip.moves + 1 }
  writeChip(state, serial, free)
  return free
}

/** The seats of a node as they count in an epoch: this one, the one before, or the two to come, at the height of the state. */
export function catSeatsOf(state: Reader, node: Uint8Array, epoch: number): CatSeats {
  const record = readNode(state, node)
  const power = record === undefined ? undefined : powerIn(record, epoch)
  const count = power === undefined ? 0 : seatsOf(power)
  return {
    count,
    aggregate: power?.aggregate ?? NO_KEYS,
    seat: (index) => {
      if (!Number.isSafeInteger(index) || index < 0 || index >= count)
        throw new UtnetError('core_bad_argument', `seat ${index} of ${count}`)
      const serial = readSeat(state, node, index).findLast((s) => s.from <= epoch)?.serial as Uint8Array
      return { ...(readChip(state, serial) as ChipRecord), serial }
    },
  }
}

// The nodes that are counted at an epoch's end.

/** How many nodes are counted. */
export function membersOf(state: Reader): number {
  const bytes = state.get('offchain', MEMBERS_KEY)
  return bytes === undefined ? 0 : asUint(decode(bytes, 'members', 16), 'members')
}

/** Node key at a place. */
export function memberAt(state: Reader, place: number): Uint8Array {
  return state.get('offchain', memberKey(place)) as Uint8Array
}

/** True when the node can be counted with this change: it is already, has no power still, or one more can be. */
export function hasRoom(state: Reader, record: NodeRecord, change: Partial<NodePower>): boolean {
  return record.place !== null || unitsIn({ ...latestPower(record), ...change }) === 0 || membersOf(state) < LIMITS.powerNodes
}

/** True when nothing of the node counts in the two epochs behind this one, which are fixed. */
export function isIdle(record: NodeRecord, epoch: number): boolean {
  if (record.slashed !== null) return true
  for (let e = epoch + 1; e <= epoch + AHEAD; e++) {
    const power = powerIn(record, e)
    if (power !== undefined && unitsIn(power) > 0) return false
  }
  return true
}

/**
 * Writes a node with its power changed; it counts two epochs on. Only one that has power is counted, and only as long: else nodes that cost nothing, or a chip that
 * is moved about, would fill the places of all. Throws `chain_invalid` when as many are counted as may be.
 */
export function changePower(state: WorkingState, node: Uint8Array, record: NodeRecord, epoch: number, change: Partial<NodePower>): void {
  const changed = { ...record, powers: dated(record.powers, epoch, { ...latestPower(record), ...change, from: epoch + AHEAD }) }
  if (isIdle(changed, epoch)) strike(state, node, changed)
  else enrol(state, node, changed)
}

/** Writes a node, with a place among those that are counted. */
function enrol(state: WorkingState, node: Uint8Array, record: NodeRecord): void {
  if (record.place !== null) {
    writeNode(state, node, record)
    return
  }
  const place = membersOf(state)
  if (place >= LIMITS.powerNodes) throw new UtnetError('chain_invalid', 'no more nodes can have power')
  state.set('offchain', memberKey(place), node)
  state.set('offchain', MEMBERS_KEY, encode(place + 1))
  writeNode(state, node, { ...record, place })
}

/** Writes a node, taken out of those that are counted; the last one takes its place. */
export function strike(state: WorkingState, node: Uint8Array, record: NodeRecord): void {
  const { place } = record
  if (place === null) {
    writeNode(state, node, record)
    return
  }
  const last = membersOf(state) - 1
  const mover = memberAt(state, last)
  if (!equalBytes(mover, node)) {
    state.set('offchain', memberKey(place), mover)
    writeNode(state, mover, { ...(readNode(state, mover) as NodeRecord), place })
  }
  state.set('offchain', memberKey(last), undefined)
  state.set('offchain', MEMBERS_KEY, encode(last))
  writeNode(state, node, { ...record, place: null })
}
