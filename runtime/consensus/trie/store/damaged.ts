/** The refusal of what the disk gives back. */
import { UtnetError } from '../../../core/index.ts'

/** `data_corrupt`, with what was found. */
export function damaged(what: string): UtnetError {
  return new UtnetError('data_corrupt', what, { hint: 'restore the data folder from a copy, or start from a new one' })
}
