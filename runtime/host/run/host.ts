/** The host: loads guests and hands each run to the runner of its world. */
import {
  LIMITS,
  UtnetError,
  type CID,
  type ContractExecutor,
  type FileNow,
  type FileStore,
  type GuestInfo,
  type TensorBridge,
  type World,
} from '../../core/index.ts'
import { unsealed, type Opener } from '../sealed/index.ts'
import { Contracts, GuestCache, prepareGuest, type PreparedGuest, Runs, type Watch } from './instances/index.ts'
import { runContract } from './contract.ts'
import { invokeFunction } from './function.ts'
import type { Invoked, InvokeOutcome, InvokeRequest } from './invoke.ts'
import { runOperator, type OperatorOutcome, type OperatorRequest } from './operator.ts'
import type { Ticket } from '../pool/index.ts'
import { checkProcessor } from '../prepare/index.ts'

/** What guests run on. Sizes are bytes. */
export interface HostOptions extends Opener {
  readonly files: FileStore
  /** Where the contracts of a block are read while it runs. Without it a block finds only what was loaded. */
  readonly fileNow?: FileNow
  readonly tensors?: TensorBridge
  /** Of components and their compiled code, but for what the chain keeps ready; the least recently used leave first. */
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
  /** Guests that are ready, but for contracts of the chain. */
  readonly guests: number
  readonly guestBytes: number
  /** Contracts that the chain keeps ready, and those of the block at work. */
  readonly contracts: number
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
  /** Runs contracts for the chain: what its state keeps ready has a room of its own, which nothing else takes. */
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
  const cache = new GuestCache(maxCachedBytes, left)
  const contracts = new Contracts(options.fileNow, profile, (id) => cache.get(id), left)
  const loading = new Map<string, Promise<PreparedGuest>>()

  /** A guest has left one of the two: its instances go when it stands in neither. */
  function left(guest: PreparedGuest): void {
    const id = guest.info.module.toString()
    if (cache.peek(id) !== guest && contracts.get(id) !== guest) runs.pool.forget(guest)
  }

  const ready = (id: string): PreparedGuest | undefined => contracts.get(id) ?? cache.get(id)

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
    const guest = ready(id)
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
    load: async (module) => (ready(module.toString()) ?? (await loadGuest(module))).info,
    loaded: (module) => ready(module.toString()) !== undefined,
    admit: async (bytes) => {
      const guest = await guestFrom(bytes)
      return cache.put(guest.info.module.toString(), guest).info
    },
    executor: {
      run: (run) => runContract(runs, (module) => contracts.ready(module), run),
      query: (run) => runContract(runs, loadedGuest, run),
      has: (module, entry) => {
        const { info, entries } = contracts.ready(module)
        return info.world === 'contract' && entries.has(entry)
      },
      holds: (module, bytes) => contracts.holds(module, bytes),
      measures: (module, bytes) => contracts.measures(module, bytes),
      ready: (module) => void contracts.ready(module),
      keep: (modules) => contracts.keep(modules),
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
      contracts: contracts.count,
      idle: runs.pool.count,
      idleBytes: runs.pool.bytes,
      runs: runs.admission.runs,
    }),
  }
}
