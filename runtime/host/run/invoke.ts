/** Guests that answer requests, by world: what is asked, what comes back, and who runs it. A world is one file and one line here. */
import type { CID, HostLog, ModelUse, TensorBridge, World } from '../../core/index.ts'
import type { Ending } from '../ending/index.ts'
import type { HttpRequest, HttpResponse, RunContext } from '../http/index.ts'
import type { Ticket } from '../pool/index.ts'
import type { PreparedGuest, Runs } from './instances/index.ts'

/** One request to a guest. */
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

/** How it ended, and what is answered. */
export interface InvokeOutcome extends Omit<Ending, 'result'> {
  readonly world: World
  /** What a receipt names the entry by: `handle` of a function, `run` of a command, `interface#function` of a library. */
  readonly entry: string
  /** The body is the receiver's: whole, and of no memory that anything else writes to. */
  readonly response: HttpResponse
  readonly log: HostLog
  readonly models: readonly ModelUse[]
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
