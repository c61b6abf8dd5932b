/** Roots under which chips are certified: those of the genesis, and those that the validators added. */
import { encode, type Vendor } from '../../core/index.ts'
import type { StateReader, WorkingState } from '../state/index.ts'
import { vendorKey, vendorNameKey } from './keys.ts'

/** True when the key is a vendor's root. */
export function isVendor(state: Pick<StateReader, 'get'>, key: Uint8Array): boolean {
  return state.get('offchain', vendorKey(key)) !== undefined
}

/** True when a vendor has this name. */
export function isVendorName(state: Pick<StateReader, 'get'>, name: string): boolean {
  return state.get('offchain', vendorNameKey(name)) !== undefined
}

/** Adds a root; both name and key are new. */
export function addVendor(state: WorkingState, { name, key }: Vendor, height: number): void {
  state.set('offchain', vendorKey(key), encode([name, height]))
  state.set('offchain', vendorNameKey(name), key)
}
