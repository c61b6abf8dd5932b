/** The host of all guests: those of our own shape run by `run`, every other component is linked. */
import {
  fileCid,
  limitError,
  LIMITS,
  UtnetError,
  type BucketStore,
  type Budgets,
  type CID,
  type Fetcher,
  type GuestInfo,
  type RunStatus,
} from '../../core/index.ts'
import { GuestTrap, type Meter } from '../abi/index.ts'
import type { HttpResponse } from '../http/index.ts'
import {
  createHost as createOwnHost,
  type Host as OwnHost,
  type HostOptions as OwnOptions,
  type InvokeOutcome,
  type InvokeRequest,
} from '../run/index.ts'
import { Inference } from '../run/imports/index.ts'
import { unsealed } from '../sealed/index.ts'
import { BroughtFiles } from './brought.ts'
import { Files, Outbound, Recorder, SAID_BYTES, scopedBuckets, WasiRun, type Outside } from '../wasi/index.ts'
import { callOf, fixedAnswer, type Call } from './calls.ts'
import type { LinkedEnding, LinkedExecution } from './execution.ts'
import { LinkedPool } from './pool.ts'
import { judge, prepareLinked, type LinkedGuest } from './prepared.ts'

/** What guests may reach beside what our own worlds have. */
export interface HostOptions extends OwnOptions {
  /** Without it every outbound request is denied. */
  readonly fetcher?: Fetcher
  /** Without it every bucket is empty and keeps nothing. */
  readonly buckets?: BucketStore
}

/** One request to a guest. */
export interface GuestInvocation extends InvokeRequest {
  /** Whose buckets are seen: the name under which the guest was called, so that they outlive an upgrade. The module's own where none is named. */
  readonly tenant?: string
}

/** How an invocation ended. */
export type GuestOutcome = InvokeOutcome

/** Of any component. */
export interface Host extends Omit<OwnHost, 'load' | 'invoke' | 'invokeNow'> {
  /** Fetches, validates, prepares and compiles, or finds it done. Throws `block_not_found`, `core_too_large`, `guest_invalid`. */
  load(module: CID): Promise<GuestInfo>
  /** Functions, commands and libraries. Throws `guest_world`, and for a library `guest_export_not_found`, `method_not_allowed`, `value_mismatch`. */
  invoke(request: GuestInvocation): Promise<GuestOutcome>
  /** The same at once, without a promise, of a function that is loaded and that nothing suspends; undefined for any other. */
  invokeNow(request: GuestInvocation): GuestOutcome | undefined
  /** Whether a guest is loaded: then `load` only says what it is. */
  loaded(module: CID): boolean
  /** Buckets that a loaded guest may use. */
  bucketsOf(module: CID): readonly string[]
}

/** The state of a run that may infer too. */
class LinkedState extends WasiRun {
  readonly tensors: Inference

  constructor(meter: Meter, request: InvokeRequest, outside: Outside, call: Call, tensors: Inference) {
    super(meter, request.context, outside, call.program)
    this.tensors = tensors
  }
}

const LINKED_BYTES = 384 * 1024 * 1024
/** Seven instances of componentize-js, and what they are set back by. */
const POOLED_BYTES = 76 * 1024 * 1024

/** Linked guests by module id, the last used last; ids of other guests are remembered as such. */
class LinkedCache {
  readonly #guests = new Map<string, LinkedGuest | null>()
  readonly #most: () => number
  #bytes = 0
  /** The one that stands last. */
  #last: string | undefined
  readonly #left: (guest: LinkedGuest) => void

  /** `left` is told of guests that are dropped. */
  constructor(most: () => number, left: (guest: LinkedGuest) => void) {
    this.#most = most
    this.#left = left
  }

  /** Null for a guest of our own shape, undefined for one that was not seen. */
  get(id: string): LinkedGuest | null | undefined {
    const found = this.#guests.get(id)
    if (found !== undefined && this.#last !== id) {
      this.#guests.delete(id)
      this.#guests.set(id, found)
      this.#last = id
    }
    return found
  }

  /** Of guests, and of ids of others. */
  get bytes(): number {
    return this.#bytes
  }

  /** Guests that are ready. */
  get count(): number {
    return [...this.#guests.values()].filter((guest) => guest !== null).length
  }

  put(id: string, guest: LinkedGuest | null): void {
    if (this.#guests.has(id)) return
    this.#guests.set(id, guest)
    this.#last = id
    this.#bytes += guest?.bytes ?? id.length
    for (const [oldest, old] of this.#guests) {
      if (this.#bytes <= this.#most() || oldest === id) break
      this.#guests.delete(oldest)
      this.#bytes -= old?.bytes ?? oldest.length
      if (old !== null) this.#left(old)
    }
  }
}

/** Makes a host over a file store. */
export function createHost(options: HostOptions): Host {
  const { files, tensors, fetcher, buckets, maxCachedBytes, maxPooledBytes, profile = false } = options
  const own = createOwnHost(options)
  // A limit that is given is one for both kinds of guests: those of our own shape may take all of it, linked ones what these leave
  const pool = maxPooledBytes === undefined ? new LinkedPool(POOLED_BYTES) : new LinkedPool(maxPooledBytes, () => own.usage().idleBytes)
  const cache = new LinkedCache(
    () => (maxCachedBytes === undefined ? LINKED_BYTES : maxCachedBytes - own.usage().guestBytes),
    (guest) => pool.forget(guest),
  )
  const loading = new Map<string, Promise<LinkedGuest | null>>()
  const brought = new BroughtFiles(files)
  let inFlight = 0
  let turn: Promise<unknown> = Promise.resolve()

  /** One at a time, its bytes and all: until it is ready a guest takes several times its size, and a node that starts asks for all of them at once. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work)
    turn = mine.catch(() => {})
    return mine
  }

  /** Null where the guest is of our own shape; then it is ready in the own host. */
  async function prepare(bytes: Uint8Array, id: string): Promise<LinkedGuest | null> {
    const { component, named } = await unsealed(bytes, options)
    const judged = judge(component)
    const guest = judged === undefined ? null : named(await prepareLinked(component, judged, profile))
    cache.put(id, guest)
    return guest
  }

  async function fetchGuest(module: CID, id: string): Promise<LinkedGuest | null> {
    const bytes = await files.getFile(module, LIMITS.guestBytes)
    if (!fileCid(bytes).equals(module)) throw new UtnetError('block_mismatch', `the file of ${id} has other bytes`)
    return prepare(bytes, id)
  }

  async function guestOf(module: CID): Promise<LinkedGuest | null> {
    const id = module.toString()
    const cached = cache.get(id)
    if (cached !== undefined) return cached
    // A contract that the chain keeps ready, say
    if (own.loaded(module)) {
      cache.put(id, null)
      return null
    }
    let job = loading.get(id)
    if (job === undefined) {
      job = inTurn(() => fetchGuest(module, id)).finally(() => loading.delete(id))
      loading.set(id, job)
    }
    return job
  }

  async function invoke(guest: LinkedGuest, request: GuestInvocation): Promise<GuestOutcome> {
    const call = callOf(guest, request.request)
    const inference = new Inference(tensors, request.replay)
    const recorder = new Recorder(inference, request.replay)
    const { grants } = guest
    const outside: Outside = {
      grants,
      recorder,
      // a replay takes them from its log
      files: new Files(request.replay === undefined ? await brought.all(grants.mounts) : grants.mounts, recorder),
      outbound: new Outbound(grants.hosts, fetcher, recorder),
      buckets: buckets && scopedBuckets(buckets, request.tenant ?? request.module.toString()),
    }
    const tenant = request.tenant ?? request.module.toString()
    const execution = pool.take(guest)
    try {
      const state = execution.begin(request.gasLimit, (meter) => new LinkedState(meter, request, outside, call, inference))
      const ended = await execution.run(call.entry, call.args)
      // what a run wrote stays, however it ended, and is on disk before anybody is told of the end
      if (state.bucketWrites > 0 && request.replay === undefined) await buckets?.written()
      return outcomeOf(guest, call, execution, state, ended)
    } finally {
      pool.give(execution, tenant)
    }
  }

  /** There is no queue but a refusal: runs that wait hold memory. */
  async function admitted<T>(run: () => Promise<T>): Promise<T> {
    if (inFlight >= LIMITS.linkedRuns)
      throw limitError('host_busy', 'linkedRuns', inFlight + 1, LIMITS.linkedRuns, 'runs of linked components in flight')
    inFlight++
    try {
      return await run()
    } finally {
      inFlight--
    }
  }

  return {
    ...own,
    usage: () => {
      const { guests, guestBytes, contracts, idle, idleBytes, runs } = own.usage()
      return {
        guests: guests + cache.count,
        guestBytes: guestBytes + cache.bytes,
        contracts,
        idle: idle + pool.count,
        idleBytes: idleBytes + pool.bytes,
        runs: runs + inFlight,
      }
    },
    bucketsOf: (module) => cache.get(module.toString())?.grants.buckets ?? [],
    load: async (module): Promise<GuestInfo> => (await guestOf(module))?.info ?? (await own.load(module)),
    admit: async (bytes) => (await inTurn(() => prepare(bytes, fileCid(bytes).toString())))?.info ?? own.admit(bytes),
    // What is loaded in the own host has our own shape.
    loaded: (module) => own.loaded(module) || (cache.get(module.toString()) ?? undefined) !== undefined,
    invoke: async (request) => {
      const now = own.invokeNow(request)
      if (now !== undefined) return now
      const guest = await guestOf(request.module)
      if (guest !== null) return admitted(() => invoke(guest, request))
      return own.invoke(request)
    },
  }
}

/** Controls and what else would not show. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]+/gu

/** A trap with what the guest wrote to stderr before it: its answer does not show that. */
function withLastWords(ending: LinkedEnding, { stderr }: LinkedState): LinkedEnding {
  const said = new TextDecoder().decode(stderr.end(SAID_BYTES)).replaceAll(UNSEEN, ' ').trim()
  return ending.status !== 'trap' || said === '' ? ending : { ...ending, message: `${ending.message ?? 'trap'}; stderr: ${said}` }
}

/** The outcome of a run that ended: its answer, or a fixed one. */
function outcomeOf(guest: LinkedGuest, call: Call, execution: LinkedExecution, state: LinkedState, ending: LinkedEnding): GuestOutcome {
  const { tensors: inference } = state
  const log = inference.finish()
  const finish = (last: LinkedEnding, response: HttpResponse): GuestOutcome => {
    const { result: _, exit: __, ...told } = last
    return {
      ...told,
      budgets: budgets(state, inference, last),
      response,
      log,
      models: inference.models,
      world: guest.world,
      entry: call.entry.id,
    }
  }
  if (ending.status !== 'ok') return finish(withLastWords(ending, state), fixedAnswer(guest, ending.status))
  try {
    return finish(ending, call.answer(state, ending))
  } catch (error) {
    if (!(error instanceof GuestTrap)) throw error
    return finish(execution.trapped(error.message), fixedAnswer(guest, 'trap' satisfies RunStatus))
  }
}

/** Every budget of a run, for people. */
function budgets({ output, stdout, stderr }: WasiRun, inference: Inference, { budgets }: LinkedEnding): Budgets {
  return {
    ...budgets,
    outputBytes: { used: output?.size ?? Math.max(stdout.size, stderr.size), allowed: LIMITS.outputBytes },
    logBytes: { used: inference.bytes, allowed: LIMITS.logBytes },
  }
}
