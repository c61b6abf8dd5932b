/** Runs of contracts: synchronous, since the chain executes blocks with them. */
import { awitValue, isUtnetError, UtnetError, type ContractRun, type RunOutcome } from '../../core/index.ts'
import { ContractState } from './contract-state.ts'
import type { PreparedGuest } from './prepared.ts'
import type { Runs } from './runs.ts'

/** Runs of the chain have no tenant: what a block holds is never refused for want of a place. */
const CHAIN = 'the chain'

/** Throws `host_fault` for a module that is not loaded, and whatever the chain's view throws. */
export function runContract(runs: Runs, guest: PreparedGuest | undefined, { module, entry, args, gasLimit, env }: ContractRun): RunOutcome {
  if (guest === undefined) throw new UtnetError('host_fault', `the module ${module.toString()} is not loaded`)
  const refused = (message: string): RunOutcome => ({ status: 'refused', result: null, gas: 0n, message })
  const found = guest.info.world === 'contract' ? guest.entries.get(entry) : undefined
  if (found === undefined) return refused(`the guest has no contract export ${JSON.stringify(entry)}`)
  const { params } = found.export.func
  if (params.length !== args.length) return refused(`${entry} takes ${params.length} arguments, got ${args.length}`)
  try {
    params.forEach((p, i) => awitValue(p.type, args[i], p.name))
  } catch (error) {
    if (isUtnetError(error, 'value_mismatch')) return refused(error.message)
    throw error
  }
  const run = runs.begin(guest, gasLimit, CHAIN, (meter) => new ContractState(meter, env))
  try {
    return run.instance.run(found, args)
  } finally {
    runs.end(run)
  }
}
