/** The host: loads guests, runs contracts, functions and operators. */
import {
  atensor,
  awitValue,
  isUtnetError,
  UtnetError,
  type CID,
  type ContractExecutor,
  type ContractRun,
  type FileStore,
  type FunctionGas,
  type GuestInfo,
  type HostLog,
  type ModelUse,
  type NamedTensor,
  type RunOutcome,
  type RunStatus,
  type TensorBridge,
  LIMITS,
} from '../../core/index.ts'
import { finalHeaders, HttpRun, IncomingRequest, type HttpRequest, type HttpResponse, type RunContext } from '../http/index.ts'
import { GuestTrap, type Meter } from '../abi/index.ts'
import type { ContractState } from './contract-state.ts'
import { Execution, type Ending, type Watch, type RunState } from './execution.ts'
import { prepareGuest, type Entry, type PreparedGuest } from './prepared.ts'
import { canonicalNans, Inference, tensorOf, tensorValue } from './tensors.ts'

export interface HostOptions {
  readonly files: FileStore
  readonly tensors?: TensorBridge
  /** Of components and their compiled code; the least recently used leave first. */
  readonly maxCachedBytes?: number
  /** Runs the profiling variants: outcomes have `profile`. Results and gas are the same; it is slower. */
  readonly profile?: boolean
  /** Told of every stretch in a function. */
  readonly watch?: Watch
}

export interface InvokeRequest {
  readonly module: CID
  readonly request: HttpRequest
  readonly context: RunContext
  readonly gasLimit: bigint
  /** The log of an earlier run: host calls are answered from it. */
  readonly replay?: HostLog
}

export interface InvokeOutcome {
  readonly status: RunStatus
  readonly response: HttpResponse
  readonly gas: bigint
  readonly log: HostLog
  readonly models: readonly ModelUse[]
  readonly message?: string
  /** The function in which the run ended before its time, where it can be told. */
  readonly where?: string
  /** Gas by function, most first; the sum is `gas`. */
  readonly profile?: readonly FunctionGas[]
}

export interface OperatorOutcome extends RunOutcome {
  /** Named by their place: `0`, `1`, …; NaNs canonical. */
  readonly outputs: readonly NamedTensor[]
}

export interface Host {
  /** Fetches, validates, prepares and compiles, or finds it done. Throws `block_not_found`, `guest_invalid`. */
  load(module: CID): Promise<GuestInfo>
  /** The same for bytes at hand, which are kept ready. */
  admit(bytes: Uint8Array): Promise<GuestInfo>
  /** Runs contract exports of modules that are loaded. */
  readonly executor: ContractExecutor
  invoke(request: InvokeRequest): Promise<InvokeOutcome>
  runOperator(run: { readonly module: CID; readonly inputs: readonly NamedTensor[]; readonly gasLimit: bigint }): Promise<OperatorOutcome>
}

const CACHED_BYTES = 256 * 1024 * 1024

/** Prepared guests by module id; the last used stands last. */
class GuestCache {
  readonly #guests = new Map<string, PreparedGuest>()
  readonly #most: number
  #bytes = 0

  constructor(most: number) {
    this.#most = most
  }

  get(id: string): PreparedGuest | undefined {
    const found = this.#guests.get(id)
    if (found !== undefined) {
      this.#guests.delete(id)
      this.#guests.set(id, found)
    }
    return found
  }

  put(id: string, guest: PreparedGuest): void {
    if (this.#guests.has(id)) return
    this.#guests.set(id, guest)
    this.#bytes += guest.bytes
    for (const [oldest, old] of this.#guests) {
      if (this.#bytes <= this.#most || oldest === id) break
      this.#guests.delete(oldest)
      this.#bytes -= old.bytes
    }
  }
}

class FunctionState extends HttpRun implements RunState {
  readonly tensors: Inference

  constructor(meter: Meter, context: RunContext, tensors: Inference) {
    super(meter, context)
    this.tensors = tensors
  }

  drop(resource: string, handle: number): void {
    this.handles.take(handle >>> 0, resource)
  }
}

function plain(text: string): HttpResponse {
  return { status: 500, headers: [['content-type', new TextEncoder().encode('text/plain')]], body: new TextEncoder().encode(`${text}\n`) }
}

/** The answers of runs without one of their own; part of the protocol, since receipts bind them. */
const FIXED: Readonly<Record<RunStatus, HttpResponse>> = {
  ok: plain('the function answered with an error'),
  trap: plain('the function trapped'),
  'out-of-gas': plain('the function ran out of gas'),
  refused: plain('the function was refused'),
}

/** The answer that a function set. Throws GuestTrap where there is none that can be sent. */
function responseOf({ answer }: FunctionState): HttpResponse {
  if (answer === undefined) throw new GuestTrap('the function set no response')
  if ('error' in answer) return FIXED.ok
  const { status, headers, body } = answer.response
  const bytes = new Uint8Array(body?.size ?? 0)
  let at = 0
  for (const chunk of body?.chunks ?? []) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return { status, headers: finalHeaders(headers), body: bytes }
}

function entryOf(guest: PreparedGuest, world: string, name: string): Entry {
  const entry = guest.entries.get(name)
  if (guest.info.world !== world || entry === undefined) {
    throw new UtnetError('guest_world', `${guest.info.module.toString()} is a ${guest.info.world}, not a ${world}`)
  }
  return entry
}

function runContract(guest: PreparedGuest | undefined, { module, entry, args, gasLimit, env }: ContractRun): RunOutcome {
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
  const execution = new Execution<ContractState>(guest, gasLimit, (meter) => ({ meter, env, events: 0 }))
  return execution.run(found, args)
}

/** Makes a host over a file store. Without `tensors` a function that infers fails with `device_missing`. */
export function createHost({ files, tensors, maxCachedBytes = CACHED_BYTES, profile = false, watch }: HostOptions): Host {
  const cache = new GuestCache(maxCachedBytes)
  const loading = new Map<string, Promise<PreparedGuest>>()

  async function fetchGuest(module: CID): Promise<PreparedGuest> {
    const guest = await prepareGuest(await files.getFile(module, LIMITS.componentBytes), profile)
    if (guest.info.module.toString() !== module.toString())
      throw new UtnetError('block_mismatch', `the file of ${module.toString()} has other bytes`)
    cache.put(module.toString(), guest)
    return guest
  }

  function guestOf(module: CID): Promise<PreparedGuest> {
    const id = module.toString()
    const cached = cache.get(id)
    if (cached !== undefined) return Promise.resolve(cached)
    let job = loading.get(id)
    if (job === undefined) {
      job = fetchGuest(module).finally(() => loading.delete(id))
      loading.set(id, job)
    }
    return job
  }

  async function invoke({ module, request, context, gasLimit, replay }: InvokeRequest): Promise<InvokeOutcome> {
    const guest = await guestOf(module)
    const entry = entryOf(guest, 'function', 'handle')
    const inference = new Inference(tensors, replay)
    const execution = new Execution(guest, gasLimit, (meter) => new FunctionState(meter, context, inference), watch)
    const { state } = execution
    const handles = [state.handles.add('incoming-request', new IncomingRequest(request)), state.handles.add('response-outparam', null)]
    const ending = guest.suspends ? await execution.runSuspending(entry, handles) : execution.run(entry, handles)
    const log = inference.finish()
    const finish = ({ result: _, ...ending }: Ending, response: HttpResponse): InvokeOutcome => ({
      ...ending,
      response,
      log,
      models: inference.models,
    })
    if (ending.status !== 'ok') return finish(ending, FIXED[ending.status])
    try {
      return finish(ending, responseOf(state))
    } catch (error) {
      if (!(error instanceof GuestTrap)) throw error
      return finish(execution.trapped(error.message), FIXED.trap)
    }
  }

  return {
    load: async (module) => (await guestOf(module)).info,
    admit: async (bytes) => {
      const guest = await prepareGuest(bytes, profile)
      cache.put(guest.info.module.toString(), guest)
      return guest.info
    },
    executor: { run: (run) => runContract(cache.get(run.module.toString()), run) },
    invoke,
    runOperator: async ({ module, inputs, gasLimit }) => {
      const guest = await guestOf(module)
      const entry = entryOf(guest, 'operator', 'run')
      inputs.forEach((t, i) => atensor(t, `input ${i}`))
      const execution = new Execution(guest, gasLimit, (meter) => ({ meter }))
      return operatorOutcome(execution.run(entry, [inputs.map(tensorValue)]), execution)
    },
  }
}

/** An operator's error is its refusal; outputs that are no tensors are a trap. */
function operatorOutcome(ending: Ending, execution: Execution<RunState>): OperatorOutcome {
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
    return { ...execution.trapped(error.message), outputs: [] }
  }
}
