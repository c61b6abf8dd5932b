/** Names of guests and models. */
import { shown, UtnetError } from '../errors.ts'

const NAME = /^[a-z][a-z0-9-]{0,62}$/

/** Returns the name when it is one (`^[a-z][a-z0-9-]{0,62}$`); throws `name_invalid` otherwise. */
export function aname(value: unknown, what = 'name'): string {
  if (typeof value === 'string' && NAME.test(value)) return value
  throw new UtnetError('name_invalid', `${what} must match ${NAME.source}: ${shown(value)}`, {
    hint: 'use lower-case letters, digits and dashes, a letter first',
  })
}
