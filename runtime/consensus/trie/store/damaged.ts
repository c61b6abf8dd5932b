/** The refusal of what the disk gives back. */
import { UtnetError, type ErrorExtra } from '../../../core/index.ts'

const HINT =
  'restore the data folder from a copy, or start from a new one; a validator among others must not vote there before its chain is past where this one stopped'

/** `data_corrupt`, with what was found. */
export function damaged(what: string, extra: ErrorExtra = {}): UtnetError {
  return new UtnetError('data_corrupt', what, { hint: HINT, ...extra })
}
