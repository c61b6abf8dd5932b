/** Read-only runs of contracts on a final state: free, bounded, without a trace on the chain. */
import { isUtnetError, limitError, LIMITS, parseCid, UtnetError, type Cbor, type ContractEnv, type RunOutcome } from '../../core/index.ts'
import type { StateReader } from '../state/index.ts'
import { CallSession, seatAt, sessionState, type ContractSeat, type SessionState } from '../tx/index.ts'
import type { ChainCore } from './head/index.ts'
import { contractRecord, guestAt, headerAt, stateOf } from './reads/index.ts'

/** What is run, and on which height. */
export interface ChainQuery {
  /** Name or address of a contract. */
  readonly contract: string | Uint8Array
  readonly export: string
  /** Canonical WIT values. */
  readonly args: readonly Cbor[]
  /** Height; the head's without it. */
  readonly at?: number
  /** At most `LIMITS.queryGas`, which it is without it. */
  readonly gasLimit?: bigint
  /** Who asks, 20 bytes; zero bytes without it. */
  readonly caller?: Uint8Array
}

/** How it ended, and what a proof of it takes. */
export interface QueryOutcome {
  readonly outcome: RunOutcome
  readonly height: number
  /** Keys of the contracts trie that were read, in order: what a proof of the answer must show. */
  readonly reads: readonly Uint8Array[]
}

const NOBODY = new Uint8Array(20)

function addressOf(core: ChainCore, query: ChainQuery, at: number): Uint8Array {
  if (typeof query.contract !== 'string') return query.contract
  const guest = guestAt(core, query.contract, at)
  if (guest.address === null) throw new UtnetError('guest_world', `${guest.name} is a ${guest.world}, not a contract`)
  return guest.address
}

/** The state as a query's contracts see it; each key of the contracts trie that they need is noted. */
function notingReads(state: StateReader, reads: Uint8Array[]): SessionState {
  return sessionState({
    get: (trie, key) => {
      reads.push(key)
      return state.get(trie, key)
    },
  })
}

/** The environment of a contract and of those that it calls, in which nothing can be changed. */
function readOnly(env: ContractEnv, refuse: (what: string) => never): ContractEnv {
  return {
    caller: env.caller,
    signer: env.signer,
    contract: env.contract,
    owner: env.owner,
    version: env.version,
    height: env.height,
    time: env.time,
    chainId: env.chainId,
    get: (key) => env.get(key),
    checkpoint: () => env.checkpoint(),
    revert: (mark) => env.revert(mark),
    set: () => refuse('writes to storage'),
    emit: () => refuse('emits an event'),
    callee: (asked) => {
      const callee = env.callee(asked)
      return callee && { ...callee, env: readOnly(callee.env, refuse) }
    },
  }
}

/**
 * Which contracts a contract calls shows only when it runs: this runs again for each that turns out not to be ready, up to a limit. Blocks have no part in it:
 * what they run is made ready while they run.
 */
async function withModules<T>(core: ChainCore, run: () => T): Promise<T> {
  for (let loaded = 0; ; loaded++) {
    try {
      return run()
    } catch (error) {
      if (!isUtnetError(error, 'host_module_missing')) throw error
      if (loaded >= LIMITS.queryModules)
        throw limitError('host_busy', 'queryModules', loaded + 1, LIMITS.queryModules, 'contracts that a query has to have made ready')
      await core.loadModule(parseCid(String(error.details?.['module']), 'module'))
    }
  }
}

/** Runs a query. Throws `chain_height`, `chain_pruned`, `guest_not_found`, `guest_world`, `query_write`, `host_busy`, and what the executor throws. */
export async function runQuery(core: ChainCore, query: ChainQuery): Promise<QueryOutcome> {
  const height = query.at ?? core.head.header.height
  const { header } = headerAt(core, height)
  const state = stateOf(core, height)
  const address = addressOf(core, query, height)
  contractRecord(state, address)
  const seat = seatAt(state, address) as ContractSeat
  const most = BigInt(LIMITS.queryGas)
  const gasLimit = query.gasLimit === undefined || query.gasLimit > most ? most : query.gasLimit
  const context = { signer: query.caller ?? NOBODY, height, time: header.time, chainId: core.rules.chainId.toString() }
  return withModules(core, () => {
    let wrote: UtnetError | undefined
    const refuse = (what: string): never => {
      wrote = new UtnetError('query_write', `${query.export} ${what}, which a query must not`, { hint: 'send it as a call' })
      throw wrote
    }
    const reads: Uint8Array[] = []
    const { env } = new CallSession(notingReads(state, reads), context, seat)
    try {
      const outcome = core.executor.query({
        module: seat.module,
        entry: query.export,
        args: query.args,
        gasLimit,
        env: readOnly(env, refuse),
      })
      // an executor may turn what the environment throws into a trap of the guest
      if (wrote !== undefined) throw wrote
      return { outcome, height, reads }
    } catch (error) {
      throw wrote ?? error
    }
  })
}
