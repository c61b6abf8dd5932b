/** The tensor bridge: models by name or CID, dispatched to a device of the arithmetic that is asked for, answered with a commitment. */
import type { ArithmeticClass, CID, FileStore, InferOutcome, Kv, ModelView, NamedTensor, TensorBridge } from '../core/index.ts'
import {
  abytes,
  aname,
  commitmentFile,
  commitmentRoot,
  fileCid,
  limitError,
  LIMITS,
  PARAMS,
  tensorHeads,
  UtnetError,
  type Commitment,
} from '../core/index.ts'
import type { BatchCounts } from './batching.ts'
import type { Device, LoadedModel, VerifiedRun } from './device.ts'
import { localDevices } from './devices/index.ts'
import { checkModel } from './graph/index.ts'
import { ModelRegistry } from './registry.ts'
import type { ModelRecord } from './registry.ts'
import { SessionCache } from './sessions.ts'
import { Placer, type DeviceCondition } from './placer.ts'
import { served, type BridgeWatch } from './served.ts'
import { checkInputs, inferGas } from './specs.ts'

/** What models run on, and what of the machine they may take. */
export interface BridgeOptions {
  readonly files: FileStore
  readonly kv: Kv
  /** In order of preference; the default is `localDevices()`. */
  readonly devices?: readonly Device[]
  /** Budget of loaded models, in bytes; the default is 512 MiB. */
  readonly maxSessionBytes?: number
  /** What a run costs on a device, by its id: a whole number from 1, in a unit of one's own; 1 where nothing is said. */
  readonly prices?: Readonly<Record<string, number>>
  /** Told of what devices do. */
  readonly watch?: BridgeWatch
  /** Milliseconds, from anywhere: what devices are timed by, and whether batches pay. */
  readonly now?: () => number
}

/** State of a device, for status pages. */
export interface DeviceState {
  readonly id: string
  readonly arithmetic: string
  /** Why it cannot be used; undefined when it can. */
  readonly problem: UtnetError | undefined
}

/** What a device is at. */
export interface DeviceServing {
  readonly id: string
  readonly arithmetic: string
  readonly condition: DeviceCondition
  /** Runs at its place that are not over. */
  readonly atWork: number
  /** Models that are loaded, and their bytes, as an estimate. */
  readonly sessions: number
  readonly bytes: number
}

/** What the bridge is at, for meters. Runs that were joined with others, and the batches that they made, since it began. */
export interface ServingState extends BatchCounts {
  readonly devices: readonly DeviceServing[]
}

/** The bridge of one node. */
export interface Bridge extends TensorBridge {
  /** As the port's, with all that can be told. */
  infer(model: string, inputs: readonly NamedTensor[], arithmetic: ArithmeticClass): Promise<Required<InferOutcome>>
  /**
   * Checks a model by loading it on every device, stores its file, and registers the name; durable when it resolves.
   * Throws `name_invalid`, `model_invalid`, or what kept the devices from loading it.
   */
  put(name: string, bytes: Uint8Array): Promise<ModelView>
  /** As the port's, at once. */
  gasOf(model: string, inputs: readonly NamedTensor[]): bigint
  /** By name or CID in text; throws `model_not_found`. */
  get(model: string): ModelView
  /** Every name, in order. */
  list(): readonly ModelView[]
  devices(): Promise<readonly DeviceState[]>
  /** Sessions held, the least recently used first, as `<device>/<model CID>`. */
  sessions(): readonly string[]
  /** What the devices are at, as it was last seen: nothing is asked of them. */
  serving(): ServingState
  /** Names that the model has, one that it is being given among them. */
  namesOf(model: CID): readonly string[]
  close(): Promise<void>
}

type Specs = Pick<LoadedModel, 'inputs' | 'outputs'>

const MIXED = 'wasm-mixed'

/** A run that nobody asked to be verified: it may be as fast as the device can, and tells of no checkpoints. */
async function plain(device: Device, loaded: LoadedModel, inputs: readonly NamedTensor[]): Promise<VerifiedRun> {
  return { arithmetic: device.arithmetic, outputs: await loaded.run(inputs), entries: 0, checkpoints: [], exceptions: [] }
}

const committed = ({ arithmetic, entries, checkpoints, exceptions }: Omit<VerifiedRun, 'outputs'>): Omit<VerifiedRun, 'outputs'> => ({
  arithmetic,
  entries,
  checkpoints,
  exceptions,
})

const SILENT: BridgeWatch = { timed() {}, replaced() {} }

/** The tensor bridge of a node. */
export function createBridge(options: BridgeOptions): Bridge {
  const { files, kv } = options
  const watch = options.watch ?? SILENT
  const now = options.now ?? (() => performance.now())
  const batches: BatchCounts = { joined: 0, batches: 0 }
  const devices = (options.devices ?? localDevices()).map((device) => served(device, watch, batches, now))
  const registry = new ModelRegistry(kv)
  const sessions = new SessionCache(options.maxSessionBytes ?? 512 * 1024 * 1024)
  const placer = new Placer({ devices, sessions, watch, prices: options.prices ?? {}, now })
  /** Names that are being put, by model. */
  const naming = new Map<string, string>()

  function view(name: string, record: ModelRecord): ModelView {
    const ids = devices.map((d) => d.id).filter((id) => record.devices.includes(id))
    return { name, model: record.model.toString(), platform: 'onnx', inputs: record.inputs, outputs: record.outputs, devices: ids }
  }

  /** Loads a model on every device. Throws what kept all of them from it. */
  async function loadEverywhere(model: CID, bytes: Uint8Array): Promise<{ readonly specs: Specs; readonly able: readonly string[] }> {
    const able: string[] = []
    let specs: Specs | undefined
    /** What a server says of the model gives way to what a device here has read. */
    let sure = false
    let problem: UtnetError | undefined
    for (const device of devices) {
      // what mixes devices is asked for nothing that one of its class can do alone
      if (device.id === MIXED && devices.some((d) => d.class === device.class && able.includes(d.id))) continue
      const state = await placer.available(device)
      if (state !== true) {
        problem ??= state
        continue
      }
      try {
        const read = async (): Promise<Uint8Array> => bytes
        const found = await sessions.use(device, model, read, async ({ inputs, outputs }) => ({ inputs, outputs }))
        if (!sure) specs = specs === undefined || device.class !== 'unchecked' ? found : specs
        sure ||= device.class !== 'unchecked'
        able.push(device.id)
        placer.learnt(device, model, undefined)
      } catch (error) {
        if (!(error instanceof UtnetError)) throw error
        placer.learnt(device, model, error)
        // the last word is that of who can do most
        if (problem === undefined || error.fault === 'caller') problem = error
      }
    }
    if (specs === undefined) throw problem ?? new UtnetError('device_missing', 'this node has no device')
    return { specs, able }
  }

  return {
    async put(name, bytes) {
      aname(name, 'model name')
      abytes(bytes, undefined, 'model')
      if (bytes.length > LIMITS.modelBytes) throw limitError('core_too_large', 'modelBytes', bytes.length, LIMITS.modelBytes, 'model')
      checkModel(bytes)
      const own = new Uint8Array(bytes)
      const model = fileCid(own)
      naming.set(model.toString(), name)
      try {
        const { specs, able } = await loadEverywhere(model, own)
        const stored = await files.putFile(own)
        if (stored.toString() !== model.toString())
          throw new UtnetError('node_internal', `the file store gave ${stored.toString()} for the model ${model.toString()}`)
        const record: ModelRecord = { model, bytes: own.length, inputs: specs.inputs, outputs: specs.outputs, devices: able }
        await registry.put(name, record)
        return view(name, record)
      } finally {
        naming.delete(model.toString())
      }
    },

    get: (model) => view(model, registry.get(model)),

    list: () => registry.list().map(([name, record]) => view(name, record)),

    async infer(model, inputs, arithmetic): Promise<Required<InferOutcome>> {
      const record = registry.get(model)
      checkInputs(record.inputs, inputs)
      const read = (): Promise<Uint8Array> => files.getFile(record.model, LIMITS.modelBytes)
      const work = async (device: Device, loaded: LoadedModel): Promise<Required<InferOutcome>> => {
        // the device copies the inputs before it yields, so these heads are of what it computes on, whatever the caller does later
        const running = arithmetic === 'any' ? plain(device, loaded, inputs) : loaded.verified(inputs)
        const asked = tensorHeads(inputs)
        const { outputs, ...ran } = await running
        const size = outputs.reduce((n, o) => n + o.data.length, 0)
        if (size > LIMITS.outputBytes) throw limitError('tensor_shape', 'outputBytes', size, LIMITS.outputBytes, 'outputs of the model')
        const heads = { inputs: asked, outputs: tensorHeads(outputs) }
        const commitment: Commitment = { v: 1, model: record.model, ...heads, ...committed(ran) }
        const file = commitmentFile(commitment)
        return { model: record.model, arithmetic: ran.arithmetic, outputs, root: commitmentRoot(commitment), commitment: file, heads }
      }
      return placer.run({ model: record.model, arithmetic, read, work })
    },

    gasOf(model: string, inputs: readonly NamedTensor[]): bigint {
      const record = registry.get(model)
      checkInputs(record.inputs, inputs)
      return inferGas(PARAMS, record.bytes, inputs, record.outputs)
    },

    devices: () =>
      Promise.all(
        devices.map(async (d) => {
          const state = await placer.available(d)
          return { id: d.id, arithmetic: d.arithmetic, problem: state === true ? undefined : state }
        }),
      ),

    sessions: () => sessions.keys(),

    serving() {
      const held = sessions.held()
      return {
        ...batches,
        devices: devices.map((d) => {
          const own = held.filter(([key]) => key.startsWith(`${d.id}/`))
          const bytes = own.reduce((n, [, size]) => n + size, 0)
          return {
            id: d.id,
            arithmetic: d.arithmetic,
            condition: placer.condition(d),
            atWork: placer.atWork(d),
            sessions: own.length,
            bytes,
          }
        }),
      }
    },

    namesOf(model) {
      const text = model.toString()
      const known = registry.list().flatMap(([name, record]) => (record.model.toString() === text ? [name] : []))
      const put = naming.get(text)
      return put === undefined ? known : [put, ...known]
    },

    async close() {
      await sessions.close()
      await Promise.all(devices.map((d) => d.close()))
    },
  }
}
