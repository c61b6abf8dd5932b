/** Leases: which height ends one, from when it counts for nobody, and the list of those to let go at an epoch's end. */
import {
  asArray,
  asBytes,
  decode,
  encode,
  epochOf,
  equalBytes,
  lastHeightOf,
  LIMITS,
  SERIAL_BYTES,
  type ChipRecord,
} from '../../core/index.ts'
import type { StateReader, WorkingState } from '../state/index.ts'
import { AHEAD } from './by-epoch.ts'
import { leasesKey } from './keys.ts'
import { readChip, unseatChip, type Moment } from './registry.ts'

/** The lessee's lease as it stands at a height; null after its end. */
export function leaseAt(chip: ChipRecord, height: number): ChipRecord['lease'] {
  return chip.lease !== null && height <= chip.lease.untilHeight ? chip.lease : null
}

/** True when a chip that is assigned now would count in an epoch that lies wholly within the lease. */
export function leaseReaches(untilHeight: number, height: number, epochBlocks: number): boolean {
  return untilHeight >= lastHeightOf(epochOf(height, epochBlocks) + AHEAD, epochBlocks)
}

/** The epoch at whose end the chip leaves the lessee's node, so that it counts there in no epoch that the lease does not cover to its last height. */
function releaseEpoch(untilHeight: number, epochBlocks: number): number {
  return epochOf(untilHeight + 1, epochBlocks) - AHEAD
}

function readList(state: Pick<StateReader, 'get'>, epoch: number): Uint8Array[] {
  const bytes = state.get('offchain', leasesKey(epoch))
  return bytes === undefined ? [] : asArray(decode(bytes, 'leases', 64 * 1024), 'leases').map((s) => asBytes(s, 'serial', SERIAL_BYTES))
}

function writeList(state: WorkingState, epoch: number, serials: readonly Uint8Array[]): void {
  state.set('offchain', leasesKey(epoch), serials.length === 0 ? undefined : encode([...serials]))
}

/** Notes when a lease must be let go; false when too many end in that epoch. One that ends too soon to count ever needs no note. */
export function noteLease(state: WorkingState, serial: Uint8Array, untilHeight: number, height: number, epochBlocks: number): boolean {
  if (!leaseReaches(untilHeight, height, epochBlocks)) return true
  const epoch = releaseEpoch(untilHeight, epochBlocks)
  const list = readList(state, epoch)
  if (list.length >= LIMITS.leasesPerEpoch) return false
  writeList(state, epoch, [...list, serial])
  return true
}

/** Takes the note back, when a lease ends before its time. */
export function forgetLease(state: WorkingState, serial: Uint8Array, untilHeight: number, epochBlocks: number): void {
  const epoch = releaseEpoch(untilHeight, epochBlocks)
  const list = readList(state, epoch)
  const left = list.filter((s) => !equalBytes(s, serial))
  if (left.length < list.length) writeList(state, epoch, left)
}

/** At an epoch's end: chips whose lease will not last leave the nodes of their lessees. */
export function releaseLeases(state: WorkingState, now: Moment): void {
  const serials = readList(state, now.epoch)
  for (const serial of serials) unseatChip(state, now, serial, readChip(state, serial) as ChipRecord)
  writeList(state, now.epoch, [])
}
