/** Guests that answer requests, by world: what is asked, what comes back, and who runs it. A world is one file and one line here. */
import type { Budgets, CID, FunctionGas, GuestFrame, HostLog, ModelUse, RunStatus, TensorBridge, World } from '../../core/index.ts'
import type { HttpRequest, HttpResponse, RunContext } from '../http/index.ts'
import type { Ticket } from '../pool/index.ts'
import type { PreparedGuest } from './prepared.ts'
import type { Runs } from './runs.ts'

export interface InvokeRequest {
  readonly module: CID
  readonly request: HttpRequest
  readonly context: RunContext
  readonly gasLimit: bigint
  /** The log of an earlier run: host calls are answered from it. */
  readonly replay?: HostLog
  /** Whose caps count: an owner or the name of a guest. The module's own where none is named. */
  readonly tenant?: string
}

export interface InvokeOutcome {
  readonly world: World
  /** What a receipt names the entry by: `handle` of a function, `run` of a command, `interface#function` of a library. */
  readonly entry: string
  readonly status: RunStatus
  /** The body is the receiver's: whole, and of no memory that anything else writes to. */
  readonly response: HttpResponse
  readonly gas: bigint
  readonly log: HostLog
  readonly models: readonly ModelUse[]
  readonly budgets: Budgets
  readonly message?: string
  /** The function in which the run ended before its time, where it can be told. */
  readonly where?: string
  /** Where that was, innermost first. */
  readonly frames?: readonly GuestFrame[]
  /** The budget that was used up. */
  readonly limit?: keyof Budgets
  /** Gas by function, most first; the sum is `gas`. */
  readonly profile?: readonly FunctionGas[]
  /** What the probes of the profiling variant counted. */
  readonly probes?: readonly bigint[]
}

/** Runs a request in a guest of a world; at once and without a ticket where nothing suspends it. */
export type Invoked = (
  runs: Runs,
  tensors: TensorBridge | undefined,
  guest: PreparedGuest,
  request: InvokeRequest,
  tenant: string,
  ticket: Ticket | undefined,
) => InvokeOutcome | Promise<InvokeOutcome>
