/** The validator on hostile bytes, against the engine's own. */
import { isUtnetError } from '../../../runtime/core/index.ts'
import { prepareModule } from '../../../runtime/host/prepare/index.ts'
import { whitelistBytes } from '../../../runtime/host/validate/index.ts'

export interface Judged {
  /** `accepted`, or the rule. */
  readonly rule: string
  /** What must not be: empty where all is well. */
  readonly red: string
}

const valid = (bytes: Uint8Array): boolean => WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)

/** Judges bytes. Red: another error than ours, no place, accepted against the engine, or refused as malformed where the engine reads it. */
export function judge(bytes: Uint8Array): Judged {
  try {
    const { module } = whitelistBytes(bytes)
    if (!valid(bytes)) return { rule: 'accepted', red: 'accepted, and the engine refuses it' }
    return { rule: 'accepted', red: valid(prepareModule(module)) ? '' : 'the engine refuses what was prepared' }
  } catch (error) {
    if (!isUtnetError(error, 'guest_invalid')) return { rule: 'thrown', red: `threw ${String(error)}` }
    const { rule, offset } = error.details as { rule: string; offset: number }
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > bytes.length)
      return { rule, red: `refused at ${offset} of ${bytes.length} bytes` }
    return { rule, red: rule === 'format' && valid(bytes) ? `refused as malformed, and the engine takes it: ${error.message}` : '' }
  }
}
