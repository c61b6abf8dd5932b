/** Runs of operators: tensors in, tensors out, nothing else. */
import { atensor, isUtnetError, LIMITS, UtnetError, type CID, type NamedTensor, type RunOutcome } from '../../core/index.ts'
import type { Ending } from '../ending/index.ts'
import { canonicalNans, tensorOf, tensorValue } from './imports/index.ts'
import { entryOf } from './entry.ts'
import { unpaid, type GuestInstance, type PreparedGuest, type Runs } from './instances/index.ts'

/** One run of an operator, within `gasLimit`. */
export interface OperatorRequest {
  readonly module: CID
  readonly inputs: readonly NamedTensor[]
  readonly gasLimit: bigint
  /** Whose share of the pool its instances take; the module's own where none is named. */
  readonly tenant?: string
}

/** How it ended, and what it gave. */
export interface OperatorOutcome extends RunOutcome {
  /** Named by their place: `0`, `1`, …; NaNs canonical. */
  readonly outputs: readonly NamedTensor[]
}

/** Throws `guest_world` and `tensor_*`. */
export function runOperator(runs: Runs, guest: PreparedGuest, { module, inputs, gasLimit, tenant }: OperatorRequest): OperatorOutcome {
  const entry = entryOf(guest, 'operator', 'run')
  inputs.forEach((t, i) => atensor(t, `input ${i}`))
  const ending = unpaid(guest, gasLimit)
  if (ending !== undefined) return { ...ending, outputs: [] }
  const run = runs.begin(guest, gasLimit, tenant ?? module.toString(), (meter) => ({ meter }))
  try {
    return outcomeOf(run.instance.run(entry, [inputs.map(tensorValue)]), run.instance)
  } finally {
    runs.end(run)
  }
}

/** An operator's error is its refusal; outputs that are no tensors are a trap. */
function outcomeOf(ending: Ending, instance: GuestInstance): OperatorOutcome {
  if (ending.status !== 'ok') return { ...ending, outputs: [] }
  const [tag, value] = ending.result as unknown as readonly [number, unknown]
  if (tag === 1) return { ...ending, status: 'refused', message: value as string, outputs: [] }
  try {
    const outputs = (value as readonly (readonly unknown[])[]).map((v, i) => ({
      name: String(i),
      ...canonicalNans(tensorOf(v as never, `output ${i}`)),
    }))
    if (outputs.length > LIMITS.tensorsPerCall)
      throw new UtnetError('tensor_shape', `${outputs.length} outputs are over the limit tensorsPerCall of ${LIMITS.tensorsPerCall}`)
    return { ...ending, outputs }
  } catch (error) {
    if (!isUtnetError(error)) throw error
    return { ...instance.trapped(error.message), outputs: [] }
  }
}
