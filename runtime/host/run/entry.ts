/** The one export that a world is run by. */
import { UtnetError, type World } from '../../core/index.ts'
import type { Entry, PreparedGuest } from './instances/index.ts'

/** Throws `guest_world` for a guest of another world. */
export function entryOf(guest: PreparedGuest, world: World, name: string): Entry {
  const entry = guest.entries.get(name)
  if (guest.info.world !== world || entry === undefined) {
    throw new UtnetError('guest_world', `${guest.info.module.toString()} is a ${guest.info.world}, not a ${world}`)
  }
  return entry
}
