/** Guests that may not be there. */
import { isUtnetError } from '../../core/index.ts'
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
