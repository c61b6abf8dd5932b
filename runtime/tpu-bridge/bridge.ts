/** The tensor bridge: models by name or CID, dispatched to a device of the arithmetic that is asked for, answered with a commitment. */
import type { ArithmeticClass, FileStore, InferOutcome, Kv, ModelView, NamedTensor, TensorBridge } from '../core/index.ts'
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
import type { Device, DeviceClass, LoadedModel, VerifiedRun } from './device.ts'
import { localDevices } from './devices/index.ts'
import { checkModel } from './model-check.ts'
import { ModelRegistry } from './registry.ts'
import type { ModelRecord } from './registry.ts'
import { SessionCache } from './sessions.ts'
import { checkInputs, inferGas } from './specs.ts'

export interface BridgeOptions {
  readonly files: FileStore
  readonly kv: Kv
  /** In order of preference; the default is `localDevices()`. */
  readonly devices?: readonly Device[]
  /** Budget of loaded models, in bytes; the default is 512 MiB. */
  readonly maxSessionBytes?: number
}

/** State of a device, for status pages. */
export interface DeviceState {
  readonly id: string
  readonly arithmetic: string
  /** Why it cannot be used; undefined when it can. */
  readonly problem: UtnetError | undefined
}

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
  close(): Promise<void>
}

const MIXED = 'wasm-mixed'

const ACCEPTS: Readonly<Record<ArithmeticClass, readonly DeviceClass[]>> = {
  any: ['exact', 'bounded', 'unchecked'],
  bounded: ['exact', 'bounded'],
  exact: ['exact'],
}

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

/** Whether another device may do what this one could not: load the model, run a form of an operator, stay alive. What else a run says is the answer. */
function elsewhere({ code }: UtnetError, loaded: boolean): boolean {
  return code === 'operator_unsupported' || code === 'core_too_large' || code === 'device_failed' || (code === 'model_invalid' && !loaded)
}

/** The tensor bridge of a node. */
export function createBridge(options: BridgeOptions): Bridge {
  const { files, kv } = options
  const devices = options.devices ?? localDevices()
  const registry = new ModelRegistry(kv)
  const sessions = new SessionCache(options.maxSessionBytes ?? 512 * 1024 * 1024)

  /** Runs `work` on the first usable device of the class that can load the model. */
  async function dispatch<T>(
    record: Pick<ModelRecord, 'model'>,
    arithmetic: ArithmeticClass,
    read: () => Promise<Uint8Array>,
    work: (device: Device, model: LoadedModel) => Promise<T>,
  ): Promise<T> {
    if (!Object.hasOwn(ACCEPTS, arithmetic))
      throw new UtnetError('core_bad_argument', `arithmetic must be any, bounded or exact, got ${String(arithmetic).slice(0, 40)}`)
    const fit = devices.filter((d) => ACCEPTS[arithmetic].includes(d.class))
    let problem: UtnetError | undefined
    for (const device of fit) {
      const state = await device.available()
      if (state !== true) {
        problem ??= state
        continue
      }
      let loaded = false
      try {
        return await sessions.use(device, record.model, read, (model) => {
          loaded = true
          return work(device, model)
        })
      } catch (error) {
        if (!(error instanceof UtnetError) || !elsewhere(error, loaded)) throw error
        if (problem === undefined || error.fault === 'caller') problem = error
      }
    }
    throw (
      problem ??
      new UtnetError('device_missing', `this node has no device with ${arithmetic} arithmetic`, {
        hint: `its devices: ${devices.map((d) => d.id).join(', ') || 'none'}`,
      })
    )
  }

  function view(name: string, record: ModelRecord): ModelView {
    const ids = devices.map((d) => d.id).filter((id) => record.devices.includes(id))
    return { name, model: record.model.toString(), inputs: record.inputs, outputs: record.outputs, devices: ids }
  }

  return {
    async put(name, bytes) {
      aname(name, 'model name')
      abytes(bytes, undefined, 'model')
      if (bytes.length > LIMITS.modelBytes) throw limitError('core_too_large', 'modelBytes', bytes.length, LIMITS.modelBytes, 'model')
      checkModel(bytes)
      const own = new Uint8Array(bytes)
      const model = fileCid(own)
      const able: string[] = []
      let specs: Pick<LoadedModel, 'inputs' | 'outputs'> | undefined
      let problem: UtnetError | undefined
      for (const device of devices) {
        // what mixes devices is asked for nothing that one of its class can do alone
        if (device.id === MIXED && devices.some((d) => d.class === device.class && able.includes(d.id))) continue
        const state = await device.available()
        if (state !== true) {
          problem ??= state
          continue
        }
        try {
          const found = await sessions.use(
            device,
            model,
            async () => own,
            async ({ inputs, outputs }) => ({ inputs, outputs }),
          )
          specs ??= found
          able.push(device.id)
        } catch (error) {
          if (!(error instanceof UtnetError)) throw error
          // the last word is that of who can do most
          if (problem === undefined || error.fault === 'caller') problem = error
        }
      }
      if (specs === undefined) throw problem ?? new UtnetError('device_missing', 'this node has no device')
      const stored = await files.putFile(own)
      if (stored.toString() !== model.toString())
        throw new UtnetError('node_internal', `the file store gave ${stored.toString()} for the model ${model.toString()}`)
      const record: ModelRecord = { model, bytes: own.length, inputs: specs.inputs, outputs: specs.outputs, devices: able }
      await registry.put(name, record)
      return view(name, record)
    },

    get: (model) => view(model, registry.get(model)),

    list: () => registry.list().map(([name, record]) => view(name, record)),

    async infer(model, inputs, arithmetic): Promise<Required<InferOutcome>> {
      const record = registry.get(model)
      checkInputs(record.inputs, inputs)
      const read = (): Promise<Uint8Array> => files.getFile(record.model, LIMITS.modelBytes)
      return dispatch(record, arithmetic, read, async (device, loaded) => {
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
      })
    },

    gasOf(model: string, inputs: readonly NamedTensor[]): bigint {
      const record = registry.get(model)
      checkInputs(record.inputs, inputs)
      return inferGas(PARAMS, record.bytes, inputs, record.outputs)
    },

    devices: () =>
      Promise.all(
        devices.map(async (d) => {
          const state = await d.available()
          return { id: d.id, arithmetic: d.arithmetic, problem: state === true ? undefined : state }
        }),
      ),

    sessions: () => sessions.keys(),

    async close() {
      await sessions.close()
      await Promise.all(devices.map((d) => d.close()))
    },
  }
}
