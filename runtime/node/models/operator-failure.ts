/** What the caller is told of an operator's run that did not complete. */
import { LIMITS, UtnetError, type RunEnd } from '../../core/index.ts'
import type { OperatorOutcome } from '../../host/index.ts'

/** `at` is the function and `line` the author's line where it stopped, as far as they are known. */
export function failureOf(name: string, run: OperatorOutcome, { at, line }: Omit<RunEnd, 'status'>): UtnetError {
  const place = line === undefined ? '' : ` at ${line}`
  const details = { ...(at === undefined ? {} : { at }), ...(line === undefined ? {} : { line }) }
  if (run.status === 'out-of-gas') {
    return new UtnetError('host_out_of_gas', `${name} ran out of gas${at === undefined ? '' : ` in ${at}`}${place}`, {
      limit: 'invokeGas',
      used: run.gas,
      allowed: LIMITS.invokeGas,
      details,
    })
  }
  const code = run.status === 'refused' ? 'tensor_input' : 'guest_trap'
  return new UtnetError(code, `${name} ended as ${run.status}: ${run.message ?? 'no message'}${place}`, { details })
}
