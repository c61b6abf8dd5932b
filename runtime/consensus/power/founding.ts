/** The power line's state of block 0: vendors and founding nodes of the genesis. */
import { encode, keyAddress, NO_KEYS, type Genesis } from '../../core/index.ts'
import type { WorkingState } from '../state/index.ts'
import { memberKey, MEMBERS_KEY, voteKeyKey } from './keys.ts'
import { writeNode } from './registry.ts'
import { addVendor } from './vendors.ts'

/** Puts vendors and founding nodes into the state; their power counts from epoch 0. */
export function foundPower(state: WorkingState, genesis: Pick<Genesis, 'validators' | 'vendors'>): void {
  for (const vendor of genesis.vendors) addVendor(state, vendor, 0)
  for (const [place, { key, bls, pop, power }] of genesis.validators.entries()) {
    state.set('offchain', memberKey(place), key)
    state.set('offchain', voteKeyKey(bls), key)
    const first = { from: 0, founding: power, certified: 0, software: 0, units: 0, aggregate: NO_KEYS, active: true }
    writeNode(state, key, { bls, pop, owner: keyAddress(key), slashed: null, place, powers: [first] })
  }
  state.set('offchain', MEMBERS_KEY, encode(genesis.validators.length))
}
