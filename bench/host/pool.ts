/** What an instance costs: new, set back, and around a call. All of it in one process, the variants in turn. */
import { createHost, type Host, type HostOptions } from '../../runtime/host/index.ts'
import { MemoryImage, newMemory } from '../../runtime/host/pool/index.ts'
import { COUNTER_MODULE, LENT_MEMORY } from '../../runtime/host/prepare/index.ts'
import { GuestInstance } from '../../runtime/host/run/instances/instance.ts'
import { prepareGuest, type PreparedGuest } from '../../runtime/host/run/instances/prepared.ts'
import { simulatedEnv } from '../../runtime/host/testing/host.ts'
import { rowOf, type Row } from '../row.ts'
import { built, GREET, HELLO } from './guests-built.ts'
import { fnRequest, invokeContext, noFiles } from './inputs.ts'

const ROUNDS = 15
const SAMPLES = 400
/** Short calls are timed this many at a time. */
const BATCH = 20
const AREA = 'host'
const NAME = 'Nicéphore'
const DATA = new Uint8Array(64).fill(3)
const GAS = 100_000_000n

const env = simulatedEnv('ut1caller')

/** The middle one of `SAMPLES` timings of a call, in microseconds. */
function p50(call: () => unknown, batch: number, between: () => void = () => undefined): number {
  const times = new Float64Array(SAMPLES)
  for (let s = 0; s < SAMPLES; s++) {
    const from = performance.now()
    for (let i = 0; i < batch; i++) call()
    times[s] = ((performance.now() - from) * 1_000) / batch
    between()
  }
  return times.sort()[SAMPLES >> 1] as number
}

/** The same export without host: arguments lie in the guest's memory already, gas is set once. */
function bare(guest: PreparedGuest): { readonly call: () => unknown; readonly rewind: () => void } {
  const { exports } = new WebAssembly.Instance(guest.compiled, idleImports(guest))
  const core = exports as Record<string, (...args: number[]) => number>
  const entry = guest.entries.get('greet')
  if (entry === undefined) throw new Error('the guest has no greet')
  const greet = core[entry.export.core] as (...args: number[]) => number
  const realloc = core[guest.realloc as string] as (...args: number[]) => number
  let place: readonly number[] = []
  const rewind = (): void => {
    ;(exports['utnet:gas'] as WebAssembly.Global<'i64'>).value = 1n << 60n
    core['utnet:reset']?.()
    core['utnet:start']?.()
    const memory = (exports[guest.memory as string] as WebAssembly.Memory).buffer
    const name = realloc(0, 0, 2, NAME.length * 2)
    new Uint16Array(memory, name, NAME.length).set([...NAME].map((c) => c.charCodeAt(0)))
    const data = realloc(0, 0, 1, DATA.length)
    new Uint8Array(memory, data, DATA.length).set(DATA)
    place = [name, NAME.length, data, DATA.length]
  }
  rewind()
  return { call: () => greet(...place), rewind }
}

/** Imports of a guest that answer nothing: what is left is the engine's own part of an instance. */
function idleImports(guest: PreparedGuest): WebAssembly.Imports {
  const modules: Record<string, Record<string, WebAssembly.ImportValue>> = {}
  for (const { module, name } of guest.imports) (modules[module] ??= {})[name] = () => 0
  if (guest.lent !== undefined) modules[COUNTER_MODULE] = { [LENT_MEMORY]: newMemory(guest.lent) }
  return modules
}

async function hostWith(components: readonly Uint8Array[], options: Omit<HostOptions, 'files'>): Promise<Host> {
  const host = createHost({ files: noFiles, ...options })
  for (const component of components) await host.admit(component)
  return host
}

export async function poolRows(emit: (row: Row) => void): Promise<void> {
  const greet = await built('contract', 'greet', GREET)
  const hello = await built('function', 'hello', HELLO)
  const [contract, fn] = await Promise.all([prepareGuest(greet), prepareGuest(hello)])
  const pooled = await hostWith([greet, hello], {})
  const cold = await hostWith([greet, hello], { maxPooledBytes: 0 })
  const call = (host: Host) => (): unknown =>
    host.executor.run({ module: contract.info.module, entry: 'greet', args: [NAME, DATA], gasLimit: GAS, env })
  // As the edge threads run a function that nothing suspends.
  const invoke = (host: Host) => (): unknown =>
    host.invokeNow({ module: fn.info.module, request: fnRequest, context: invokeContext, gasLimit: GAS })
  for (const host of [pooled, cold]) {
    const told = host.executor.run({ module: contract.info.module, entry: 'greet', args: [NAME, DATA], gasLimit: GAS, env })
    if (told.status !== 'ok' || (told.result as Uint8Array)[0] !== NAME.length) throw new Error(`the contract ended as ${told.message}`)
    const answered = host.invokeNow({ module: fn.info.module, request: fnRequest, context: invokeContext, gasLimit: GAS })
    if (answered?.response.status !== 200) throw new Error(`the function ended as ${answered?.message}`)
  }
  const raw = bare(contract)
  const memory = new Uint8Array(new ArrayBuffer(65_536))
  new GuestInstance(fn).bytes.forEach((byte, i) => (memory[i] = byte))
  const image = MemoryImage.of(memory)

  const idle = idleImports(fn)

  const runs = {
    bare: [] as number[],
    pooled: [] as number[],
    over: [] as number[],
    cold: [] as number[],
    coldCall: [] as number[],
    warm: [] as number[],
    engine: [] as number[],
    instance: [] as number[],
    reset: [] as number[],
  }
  for (let round = -3; round < ROUNDS; round++) {
    const bareUs = p50(raw.call, BATCH, raw.rewind)
    const pooledUs = p50(call(pooled), BATCH)
    const coldUs = p50(invoke(cold), 1)
    const coldCallUs = p50(call(cold), 1)
    const warmUs = p50(invoke(pooled), 1)
    const engineUs = p50(() => new WebAssembly.Instance(fn.compiled, idle), 1)
    const instanceUs = p50(() => new GuestInstance(fn), 1)
    const resetUs = p50(() => image.restore(memory), BATCH)
    // The first rounds warm up
    if (round < 0) continue
    runs.bare.push(bareUs)
    runs.pooled.push(pooledUs)
    runs.over.push(pooledUs - bareUs)
    runs.cold.push(coldUs)
    runs.coldCall.push(coldCallUs)
    runs.warm.push(warmUs)
    runs.engine.push(engineUs)
    runs.instance.push(instanceUs)
    runs.reset.push(resetUs)
  }
  const us = (id: string, row: string, values: readonly number[], atMost?: number): void =>
    emit(rowOf(AREA, { id, row, unit: 'us', values, ...(atMost === undefined ? {} : { atMost }) }))
  us('host.cold.us', 'cold invoke of a function over wasi:http: instance, glue and call, full determinism set, p50', runs.cold, 35)
  us('host.cold.engine-us', "the engine's part of it: the same module as a bare instance, imports that do nothing, p50", runs.engine)
  us('host.pooled.us', 'pooled call (text and bytes in, bytes out) over the bare export, p50', runs.over, 5)
  us('host.instance.us', 'a new instance of that function with its imports, p50', runs.instance)
  us('host.reset.us', 'a memory of one page set back, p50', runs.reset)
  us('host.bare-call.us', 'the bare export, arguments in memory, p50', runs.bare)
  us('host.cold-call.us', 'cold call of a contract, p50', runs.coldCall)
  us('host.pooled-invoke.us', 'pooled invoke of the function over wasi:http, whole, p50', runs.warm)
}
