/** Runs of functions: a request in, an answer out, over wasi:http. */
import { LIMITS, utf8, type Budgets, type HostLog, type ModelUse, type RunStatus, type TensorBridge } from '../../core/index.ts'
import { GuestTrap, type Meter } from '../abi/index.ts'
import { finalHeaders, HttpRun, IncomingRequest, type HttpResponse, type RunContext } from '../http/index.ts'
import type { Ending } from '../ending/index.ts'
import { type CommonBudgets, type RunState, Inference } from './imports/index.ts'
import { entryOf } from './entry.ts'
import type { Invoked, InvokeOutcome } from './invoke.ts'
import type { Run } from './instances/index.ts'

const NO_LOG: HostLog = { entries: [], files: new Map() }
const NO_MODELS: readonly ModelUse[] = []

class FunctionState extends HttpRun implements RunState {
  readonly #bridge: TensorBridge | undefined
  readonly #replay: HostLog | undefined
  #inference: Inference | undefined

  constructor(meter: Meter, context: RunContext, bridge: TensorBridge | undefined, replay: HostLog | undefined) {
    super(meter, context)
    this.#bridge = bridge
    this.#replay = replay
    // A replay that infers nothing must have an empty log
    if (replay !== undefined) this.#inference = new Inference(bridge, replay)
  }

  get tensors(): Inference {
    return (this.#inference ??= new Inference(this.#bridge, this.#replay))
  }

  log(): HostLog {
    return this.#inference?.finish() ?? NO_LOG
  }

  get models(): readonly ModelUse[] {
    return this.#inference?.models ?? NO_MODELS
  }

  drop(resource: string, handle: number): void {
    this.handles.take(handle >>> 0, resource)
  }

  budgets({ gas, memoryPages, hostCalls }: CommonBudgets): Budgets {
    return {
      gas,
      memoryPages,
      hostCalls,
      outputBytes: { used: this.output?.size ?? 0, allowed: LIMITS.outputBytes },
      logBytes: { used: this.#inference?.bytes ?? 0, allowed: LIMITS.logBytes },
    }
  }
}

const TEXT = utf8('text/plain')

/** The answers of runs without one of their own; part of the protocol, since receipts bind them. */
const FIXED: Readonly<Record<RunStatus, string>> = {
  ok: 'the function answered with an error',
  trap: 'the function trapped',
  'out-of-gas': 'the function ran out of gas',
  refused: 'the function was refused',
}

const fixed = (status: RunStatus): HttpResponse => ({ status: 500, headers: [['content-type', TEXT]], body: utf8(`${FIXED[status]}\n`) })

/** The answer that a function set. Throws GuestTrap where there is none that can be sent. */
function responseOf({ answer }: FunctionState): HttpResponse {
  if (answer === undefined) throw new GuestTrap('the function set no response')
  if ('error' in answer) return fixed('ok')
  const { status, headers, body } = answer.response
  return { status, headers: finalHeaders(headers), body: body?.whole() ?? new Uint8Array(0) }
}

/** What is told of a run beside its answer. */
function toldOf({
  message,
  where,
  frames,
  limit,
  profile,
  probes,
}: Ending): Pick<InvokeOutcome, 'message' | 'where' | 'frames' | 'limit' | 'profile' | 'probes'> {
  return {
    ...(message === undefined ? {} : { message }),
    ...(where === undefined ? {} : { where }),
    ...(frames === undefined ? {} : { frames }),
    ...(limit === undefined ? {} : { limit }),
    ...(profile === undefined ? {} : { profile }),
    ...(probes === undefined ? {} : { probes }),
  }
}

function outcomeOf(state: FunctionState, ending: Ending, response: HttpResponse): InvokeOutcome {
  const { status, gas, budgets } = ending
  const outcome: InvokeOutcome = {
    world: 'function',
    entry: 'handle',
    status,
    response,
    gas,
    log: state.log(),
    models: state.models,
    budgets,
  }
  return status === 'ok' && ending.profile === undefined ? outcome : { ...outcome, ...toldOf(ending) }
}

function finish({ instance, state }: Run<FunctionState>, ending: Ending): InvokeOutcome {
  if (ending.status !== 'ok') return outcomeOf(state, ending, fixed(ending.status))
  let response: HttpResponse
  try {
    response = responseOf(state)
  } catch (error) {
    if (!(error instanceof GuestTrap)) throw error
    return outcomeOf(state, instance.trapped(error.message), fixed('trap'))
  }
  return outcomeOf(state, ending, response)
}

export const invokeFunction: Invoked = (runs, bridge, guest, { request, context, gasLimit, replay }, tenant, ticket) => {
  const entry = entryOf(guest, 'function', 'handle')
  const run = runs.begin(guest, gasLimit, tenant, (meter) => new FunctionState(meter, context, bridge, replay), ticket)
  const { instance, state } = run
  let waits = false
  try {
    const handles = [state.handles.add('incoming-request', new IncomingRequest(request)), state.handles.add('response-outparam', null)]
    if (!guest.suspends) return finish(run, instance.run(entry, handles))
    waits = true
    return instance
      .runSuspending(entry, handles)
      .then((ending) => finish(run, ending))
      .finally(() => runs.end(run))
  } finally {
    if (!waits) runs.end(run)
  }
}
