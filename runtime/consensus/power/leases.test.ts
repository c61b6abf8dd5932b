import { expect, test } from 'vitest'
import { lastHeightOf, SERIAL_BYTES } from '../../core/index.ts'
import { WorkingState } from '../state/index.ts'
import { AHEAD } from './by-epoch.ts'
import { leasesKey } from './keys.ts'
import { forgetLease, leaseReaches, noteLease } from './leases.ts'

const BLOCKS = 10
const HEIGHT = 5
/** The last height of the first epoch in which a chip counts that is assigned now. */
const LAST = lastHeightOf(AHEAD, BLOCKS)
const serial = new Uint8Array(SERIAL_BYTES).fill(1)

test('U2.5-PWR-1 a lease reaches an epoch that it covers to its last height, and not one that it leaves a block before', () => {
  expect([LAST - 1, LAST, LAST + 1].map((until) => leaseReaches(until, HEIGHT, BLOCKS))).toEqual([false, true, true])
})

test('a lease that ends too soon to count leaves no note that nobody takes away; one that counts leaves one, until it is forgotten', () => {
  const state = new WorkingState({ get: () => undefined })
  const noted = () =>
    Array.from({ length: 8 }, (_, epoch) => epoch).filter((epoch) => state.get('offchain', leasesKey(epoch)) !== undefined)
  expect(noteLease(state, serial, LAST - 1, HEIGHT, BLOCKS)).toBe(true)
  expect(noted()).toEqual([])
  expect(noteLease(state, serial, LAST, HEIGHT, BLOCKS)).toBe(true)
  expect(noted()).toHaveLength(1)
  forgetLease(state, serial, LAST, BLOCKS)
  expect(noted()).toEqual([])
})
