/** The host: loads guests and hands each run to the runner of its world. */
import {
  LIMITS,
  UtnetError,
  type CID,
  type ContractExecutor,
  type FileStore,
  type GuestInfo,
  type TensorBridge,
  type World,
} from '../../core/index.ts'
import { unsealed, type Opener } from '../sealed/index.ts'
import { GuestCache, prepareGuest, type PreparedGuest, Runs, type Watch } from './instances/index.ts'
import { runContract } from './contract.ts'
import { invokeFunction } from './function.ts'
import type { Invoked, InvokeOutcome, InvokeRequest } from './invoke.ts'
import { runOperator, type OperatorOutcome, type OperatorRequest } from './operator.ts'
import type { Ticket } from '../pool/index.ts'
import { checkProcessor } from '../prepare/index.ts'

/** What guests run on. Sizes are bytes. */
export interface HostOptions extends Opener {
  readonly files: FileStore
  readonly tensors?: TensorBridge
  /** Of components and their compiled code; the least recently used leave first. */
  readonly maxCachedBytes?: number
  /** Of idle instances that wait for the next call; 0 makes a new one for each. */
  readonly maxPooledBytes?: number
  /** Runs the profiling variants: outcomes have `profile`. Results and gas are the same; it is slower. */
  readonly profile?: boolean
  /** Told when guests hold the thread, for who ends threads that are stuck. */
  readonly watch?: Watch
}

/** What a host holds now. */
export interface HostUsage {
  /** Guests that are ready. */
  readonly guests: number
  readonly guestBytes: number
  /** Instances that wait for the next call. */
  readonly idle: number
  readonly idleBytes: number
  /** Runs in flight that wait for something. */
  readonly runs: number
}

/** Of guests of our own shape. */
export interface Host {
  /** Fetches, validates, prepares and compiles, or finds it done. Throws `block_not_found`, `guest_invalid`. */
  load(module: CID): Promise<GuestInfo>
  /** Whether a guest is loaded. */
  loaded(module: CID): boolean
  /** The same for bytes at hand, which are kept ready. */
  admit(bytes: Uint8Array): Promise<GuestInfo>
  /** Runs contract exports of modules that are loaded. */
  readonly executor: ContractExecutor
  /** Throws `guest_world`, `host_busy`, `host_fault` and what `load` throws. */
  invoke(request: InvokeRequest): Promise<InvokeOutcome>
  /** The same at once, without a promise, of a guest that is loaded and that nothing suspends; undefined for any other. */
  invokeNow(request: InvokeRequest): InvokeOutcome | undefined
  /** Throws as `invoke` does, and `tensor_*`. */
  runOperator(request: OperatorRequest): Promise<OperatorOutcome>
  usage(): HostUsage
}

const CACHED_BYTES = 256 * 1024 * 1024
const POOLED_BYTES = 128 * 1024 * 1024

/** Who answers requests, by world. */
const INVOKED: Readonly<Partial<Record<World, Invoked>>> = { function: invokeFunction }

function invokedOf({ info: { module, world } }: PreparedGuest): Invoked {
  const invoked = INVOKED[world]
  if (invoked === undefined) throw new UtnetError('guest_world', `${module.toString()} is a ${world}, which is not invoked`)
  return invoked
}

/** Makes a host over a file store. Without `tensors` a function that infers fails with `device_missing`. Throws `host_fault` on a processor that guests may not run on. */
export function createHost(options: HostOptions): Host {
  checkProcessor()
  const { files, tensors, maxCachedBytes = CACHED_BYTES, maxPooledBytes = POOLED_BYTES, profile = false } = options
  const runs = new Runs(maxPooledBytes, options.watch)
  const cache = new GuestCache(maxCachedBytes, (guest) => runs.pool.forget(guest))
  const loading = new Map<string, Promise<PreparedGuest>>()

  async function guestFrom(bytes: Uint8Array): Promise<PreparedGuest> {
    const { component, named } = await unsealed(bytes, options)
    return named(await prepareGuest(component, profile))
  }

  async function fetchGuest(module: CID): Promise<PreparedGuest> {
    const guest = await guestFrom(await files.getFile(module, LIMITS.guestBytes))
    if (guest.info.module.toString() !== module.toString())
      throw new UtnetError('block_mismatch', `the file of ${module.toString()} has other bytes`)
    return cache.put(module.toString(), guest)
  }

  function loadGuest(module: CID): Promise<PreparedGuest> {
    const id = module.toString()
    let job = loading.get(id)
    if (job === undefined) {
      job = fetchGuest(module).finally(() => loading.delete(id))
      loading.set(id, job)
    }
    return job
  }

  function loadedGuest(module: CID): PreparedGuest {
    const id = module.toString()
    const guest = cache.get(id)
    if (guest === undefined) throw new UtnetError('host_module_missing', `the module ${id} is not loaded`, { details: { module: id } })
    return guest
  }

  /** What waits, for a guest or within one, is in flight meanwhile. */
  async function admitted<T>(tenant: string, run: (ticket: Ticket) => Promise<T>): Promise<T> {
    const ticket = runs.admission.enter(tenant)
    try {
      return await run(ticket)
    } finally {
      runs.admission.leave(ticket)
    }
  }

  function invokeNow(request: InvokeRequest): InvokeOutcome | undefined {
    const id = request.module.toString()
    const ready = cache.get(id)
    if (ready === undefined || ready.suspends) return undefined
    // Without a ticket there is nothing to wait for.
    return invokedOf(ready)(runs, tensors, ready, request, request.tenant ?? id, undefined) as InvokeOutcome
  }

  return {
    load: async (module) => (cache.get(module.toString()) ?? (await loadGuest(module))).info,
    loaded: (module) => cache.get(module.toString()) !== undefined,
    admit: async (bytes) => {
      const guest = await guestFrom(bytes)
      return cache.put(guest.info.module.toString(), guest).info
    },
    executor: {
      run: (run) => runContract(runs, loadedGuest, run),
      has: (module, entry) => {
        const { info, entries } = loadedGuest(module)
        return info.world === 'contract' && entries.has(entry)
      },
      measures: (module, bytes) => loadedGuest(module).size === bytes,
    },
    invoke: async (request) => {
      const now = invokeNow(request)
      if (now !== undefined) return now
      const id = request.module.toString()
      const tenant = request.tenant ?? id
      return admitted(tenant, async (ticket) => {
        const guest = cache.get(id) ?? (await loadGuest(request.module))
        return invokedOf(guest)(runs, tensors, guest, request, tenant, ticket)
      })
    },
    invokeNow,
    runOperator: async (request) => {
      const id = request.module.toString()
      const ready = cache.get(id)
      if (ready !== undefined) return runOperator(runs, ready, request)
      return admitted(request.tenant ?? id, async () => runOperator(runs, await loadGuest(request.module), request))
    },
    usage: () => ({
      guests: cache.count,
      guestBytes: cache.bytes,
      idle: runs.pool.count,
      idleBytes: runs.pool.bytes,
      runs: runs.admission.runs,
    }),
  }
}
