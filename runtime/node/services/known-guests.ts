/** Guests that may not be there. */
import { formatAddress, isUtnetError } from '../../core/index.ts'
import type { GuestRecord } from '../../consensus/index.ts'
import type { Parts } from '../parts.ts'

type Chain = Pick<Parts, 'chain'>

/** The guest of a name at the head. */
export function findGuest({ chain }: Chain, name: string): GuestRecord | undefined {
  try {
    return chain.guest(name)
  } catch (error) {
    if (isUtnetError(error, 'guest_not_found')) return undefined
    throw error
  }
}

/** The contract at an address, as text, at the head. */
export function findContract({ chain }: Chain, contract: string): GuestRecord | undefined {
  return chain.guests().find(({ address }) => address !== null && formatAddress(address) === contract)
}
