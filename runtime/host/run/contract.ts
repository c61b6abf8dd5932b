/** Runs contract exports, and those of the contracts that they call: synchronous, since the chain executes blocks with them. */
import {
  awitValue,
  CONTRACT_HOOKS,
  decode,
  isUtnetError,
  LIMITS,
  type CID,
  type ContractEnv,
  type ContractRun,
  type RunOutcome,
  type WitValue,
} from '../../core/index.ts'
import { ContractState, type CalleeRun } from './imports/index.ts'
import { unpaid, type Entry, type PreparedGuest, type Runs } from './instances/index.ts'

/** A module that is loaded; throws `host_module_missing`. */
export type GuestOf = (module: CID) => PreparedGuest

/** What the host's own frames between two guests take of the stack limit. */
const CROSSING_BYTES = 16 * 1024

/** Runs of the chain have no tenant: what a block holds is never refused for want of a place. */
const CHAIN = 'the chain'

/** What the contracts of one transaction share, and what the caller leaves. */
interface Above {
  readonly runs: Runs
  readonly guestOf: GuestOf
  readonly events: { count: number }
  readonly stack: readonly string[]
  /** Undefined: all that the limit allows. */
  readonly stackBytes: number | undefined
}

/** The export, if it is a contract's and a hook only where the chain calls one. */
function entryOf({ info, entries }: PreparedGuest, name: string, hook: boolean): Entry | undefined {
  const isHook = (CONTRACT_HOOKS as readonly string[]).includes(name)
  return info.world === 'contract' && isHook === hook ? entries.get(name) : undefined
}

/** Throws `value_mismatch` unless these are canonical values of the parameters. */
function checkArguments({ export: { func } }: Entry, args: readonly WitValue[]): void {
  func.params.forEach((p, i) => awitValue(p.type, args[i], p.name))
}

/** The chain hands the number of a request and the bytes of its answer. */
function isCallback(entry: Entry | undefined): boolean {
  const [number, answer, ...more] = entry?.export.func.params ?? []
  return number?.type.kind === 'u64' && answer?.type.kind === 'list' && answer.type.element.kind === 'u8' && more.length === 0
}

/** The arguments that another contract packed, where they fit. */
function unpack(entry: Entry, bytes: Uint8Array): readonly WitValue[] | undefined {
  try {
    const args = decode(bytes, 'arguments', LIMITS.callArgsBytes)
    if (!Array.isArray(args) || args.length !== entry.export.func.params.length) return undefined
    checkArguments(entry, args as readonly WitValue[])
    return args as readonly WitValue[]
  } catch (error) {
    if (isUtnetError(error)) return undefined
    throw error
  }
}

/** One contract at work, and those that it calls, which find less stack and a budget of their own. */
function runEntry(
  guest: PreparedGuest,
  entry: Entry,
  args: readonly WitValue[],
  gasLimit: bigint,
  env: ContractEnv,
  above: Above,
): RunOutcome {
  const ending = unpaid(guest, gasLimit)
  if (ending !== undefined) return ending
  const { runs, guestOf, events } = above
  const stack = [...above.stack, env.contract]
  const runCallee = ({ callee, asked, entry: name, args: packed, gasLimit: budget }: CalleeRun): RunOutcome | 'no-export' | 'arguments' => {
    const called = guestOf(callee.module)
    const found = entryOf(called, name, false)
    if (found === undefined) return 'no-export'
    const values = unpack(found, packed)
    if (values === undefined) return 'arguments'
    const stackBytes = run.instance.stackLeft - CROSSING_BYTES
    const outcome = runEntry(called, found, values, budget, callee.env, { runs, guestOf, events, stack, stackBytes })
    run.instance.called(asked, outcome)
    return outcome
  }
  const takesAnswer = (name: string): boolean => isCallback(entryOf(guest, name, false))
  const run = runs.begin(guest, gasLimit, CHAIN, (meter) => new ContractState(meter, { env, events, stack, takesAnswer, runCallee }))
  if (above.stackBytes !== undefined) run.instance.stackLeft = above.stackBytes
  try {
    return run.instance.run(entry, args)
  } finally {
    runs.end(run)
  }
}

/** Runs an export for the chain. What does not fit is refused without running. */
export function runContract(runs: Runs, guestOf: GuestOf, { module, entry, args, gasLimit, env, hook = false }: ContractRun): RunOutcome {
  const guest = guestOf(module)
  const refused = (message: string): RunOutcome => ({ status: 'refused', result: null, gas: 0n, message })
  const found = entryOf(guest, entry, hook)
  if (found === undefined) {
    const isHook = guest.entries.has(entry) && !hook
    return refused(isHook ? `${entry} is called by the chain alone` : `the guest has no contract export ${JSON.stringify(entry)}`)
  }
  const { params } = found.export.func
  if (params.length !== args.length) return refused(`${entry} takes ${params.length} arguments, got ${args.length}`)
  try {
    checkArguments(found, args)
  } catch (error) {
    if (isUtnetError(error, 'value_mismatch')) return refused(error.message)
    throw error
  }
  return runEntry(guest, found, args, gasLimit, env, { runs, guestOf, events: { count: 0 }, stack: [], stackBytes: undefined })
}
