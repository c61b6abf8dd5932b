/** Where the latest calls of the chain ended that did not complete: for people, on the node that ran them, as long as it runs. */
import type { CallNote } from '../../consensus/index.ts'
import { encode, sha256, toHex } from '../../core/index.ts'
import type { CallName } from './call-recorder.ts'
import { Latest } from '../latest.ts'
import type { EndedRun } from '../source-lines/index.ts'

export interface EndedCalls {
  /** Takes a run of the chain. */
  readonly note: (note: CallNote) => void
  /** How the call of this name ended, where it is still known. */
  find(name: CallName): EndedRun | undefined
}

const REMEMBERED = 1_024

function keyOf({ height, contract, caller, entry, args }: CallName): string {
  return toHex(sha256(encode([height, contract, caller, entry, args])))
}

/** Nothing of it is on disk. */
export function createEndedCalls(): EndedCalls {
  const ended = new Latest<EndedRun>(REMEMBERED)
  return {
    note({ entry, args, witness: { height, contract, caller }, outcome: { status, where, frames } }) {
      if (status === 'ok' || frames === undefined) return
      ended.set(keyOf({ height, contract, caller, entry, args: [...args] }), { status, frames, ...(where === undefined ? {} : { where }) })
    },
    find: (name) => ended.get(keyOf(name)),
  }
}
