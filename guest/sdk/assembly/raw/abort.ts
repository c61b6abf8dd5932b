/** Where `throw`, `abort` and a failed `assert` end. */

import { revert } from './host-context'

/** Contracts: the message goes to the host, which ends the call; with the place, unless that is in the SDK. */
export function revertAbort(message: string | null, file: string | null, line: u32, column: u32): void {
  const place = file === null || file.startsWith('~lib/@utnet/') ? '' : ' (' + file + ':' + line.toString() + ':' + column.toString() + ')'
  revert((message === null ? 'aborted' : message) + place)
  unreachable()
}

/** Functions and operators: a trap. */
export function trapAbort(message: string | null, file: string | null, line: u32, column: u32): void {
  unreachable()
}
