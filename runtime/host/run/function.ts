/** Runs of functions: a request in, an answer out, over wasi:http. */
import { LIMITS, utf8, type Budgets, type RunStatus } from '../../core/index.ts'
import { GuestTrap, type Meter } from '../abi/index.ts'
import { finalHeaders, HttpRun, IncomingRequest, type HttpResponse, type RunContext } from '../http/index.ts'
import type { Ending } from './ending.ts'
import { entryOf } from './entry.ts'
import type { RunState } from './state.ts'
import type { Invoked, InvokeOutcome } from './invoke.ts'
import { Inference } from './tensors.ts'

class FunctionState extends HttpRun implements RunState {
  readonly tensors: Inference

  constructor(meter: Meter, context: RunContext, tensors: Inference) {
    super(meter, context)
    this.tensors = tensors
  }

  drop(resource: string, handle: number): void {
    this.handles.take(handle >>> 0, resource)
  }

  budgets(): Budgets {
    return {
      outputBytes: { used: this.output?.size ?? 0, allowed: LIMITS.outputBytes },
      logBytes: { used: this.tensors.bytes, allowed: LIMITS.logBytes },
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

export const invokeFunction: Invoked = (runs, tensors, guest, { request, context, gasLimit, replay }, tenant, ticket) => {
  const entry = entryOf(guest, 'function', 'handle')
  const inference = new Inference(tensors, replay)
  const run = runs.begin(guest, gasLimit, tenant, (meter) => new FunctionState(meter, context, inference), ticket)
  const { instance, state } = run

  const outcomeOf = (ending: Ending, response: HttpResponse): InvokeOutcome => {
    const { status, gas, budgets } = ending
    const outcome = { status, response, gas, log: inference.finish(), models: inference.models, budgets }
    return status === 'ok' && ending.profile === undefined ? outcome : { ...outcome, ...toldOf(ending) }
  }

  const finish = (ending: Ending): InvokeOutcome => {
    if (ending.status !== 'ok') return outcomeOf(ending, fixed(ending.status))
    let response: HttpResponse
    try {
      response = responseOf(state)
    } catch (error) {
      if (!(error instanceof GuestTrap)) throw error
      return outcomeOf(instance.trapped(error.message), fixed('trap'))
    }
    return outcomeOf(ending, response)
  }

  let waits = false
  try {
    const handles = [state.handles.add('incoming-request', new IncomingRequest(request)), state.handles.add('response-outparam', null)]
    if (!guest.suspends) return finish(instance.run(entry, handles))
    waits = true
    return instance
      .runSuspending(entry, handles)
      .then(finish)
      .finally(() => runs.end(run))
  } finally {
    if (!waits) runs.end(run)
  }
}
