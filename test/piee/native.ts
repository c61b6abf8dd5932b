/** Runs of real models on ONNX Runtimes of any version, level and number of threads, every value exposed. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { InferenceSession } from 'onnxruntime-web'
import type { GraphRun, NamedTensor, Tensor } from '../../runtime/core/index.ts'
import { valueNames, withValues } from '../../runtime/piee/index.ts'
import { openSession, runSession, type Ort } from '../../runtime/tpu-bridge/devices/ort-runtime.ts'
import { exposed, writeModel } from '../../runtime/tpu-bridge/graph/index.ts'
import { serialQueue } from '../../runtime/tpu-bridge/queue.ts'
import type { RealModel } from './models.ts'
import type { OldReply, OldRequest } from './old-runtime.ts'

export interface Variant {
  readonly name: string
  readonly arithmetic: string
  /** Package that has the runtime. */
  readonly runtime: 'onnxruntime-node' | 'onnxruntime-node-old' | 'onnxruntime-web'
  readonly threads: number
  readonly level: 'all' | 'disabled'
}

export const NATIVE: readonly Variant[] = [1, 2].flatMap((threads) =>
  (['disabled', 'all'] as const).map((level): Variant => {
    const arithmetic = `bounded:onnxruntime-node:opt=${level},threads=${threads}`
    return { name: `onnx-cpu ${level} ${threads}`, arithmetic, runtime: 'onnxruntime-node', threads, level }
  }),
)

export const WEB: Variant = {
  name: 'onnx-web',
  arithmetic: 'exact:onnxruntime-web',
  runtime: 'onnxruntime-web',
  threads: 1,
  level: 'disabled',
}

/** Another version of the native runtime, with other kernels. */
export const OLD: Variant = {
  name: 'onnx-cpu 1.22 all 1',
  arithmetic: 'bounded:onnxruntime-node@1.22.0:opt=all,threads=1',
  runtime: 'onnxruntime-node-old',
  threads: 1,
  level: 'all',
}

const turn = serialQueue()

/** A model that is open. */
interface Open {
  run(inputs: readonly NamedTensor[], names: readonly string[]): Promise<readonly NamedTensor[]>
  close(): Promise<void>
}

async function openHere(variant: Variant, model: Uint8Array, options: InferenceSession.SessionOptions): Promise<Open> {
  const ort = await runtimeOf(variant)
  const session = await openSession(ort, turn, model, options)
  return { run: (inputs, names) => runSession(ort, turn, session, inputs, names), close: () => turn(() => session.release()) }
}

/** In a process of its own. */
async function openApart(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<Open> {
  const child = fork(fileURLToPath(new URL('old-runtime.ts', import.meta.url)), { serialization: 'advanced' })
  const ask = (request: OldRequest): Promise<readonly NamedTensor[]> =>
    new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error('the process of the older runtime ended'))
      child.once('exit', ended)
      child.once('message', (reply: OldReply) => {
        child.off('exit', ended)
        if ('error' in reply) reject(new Error(reply.error))
        else resolve(reply.tensors.map((t) => ({ ...t, data: new Uint8Array(t.data) })))
      })
      child.send(request)
    })
  await ask({ kind: 'open', model, options })
  return {
    run: (inputs, names) => ask({ kind: 'run', inputs, names }),
    async close() {
      child.kill()
    },
  }
}

async function runtimeOf({ runtime }: Variant): Promise<Ort> {
  if (runtime === 'onnxruntime-web') {
    const web = await import('onnxruntime-web')
    web.env.wasm.numThreads = 1
    return web as unknown as Ort
  }
  const node = (await import('onnxruntime-node')) as { readonly default?: unknown }
  return (node.default ?? node) as Ort
}

/** Sessions of one model in one variant, by the values that they expose. */
export class Exposed {
  readonly #model: RealModel
  readonly #variant: Variant
  #open: { readonly names: string; readonly open: Open } | undefined

  constructor(model: RealModel, variant: Variant) {
    this.#model = model
    this.#variant = variant
  }

  /** The run of `outline` (whose names and order are the model's) on this runtime. */
  async run(outline: GraphRun, inputs: readonly NamedTensor[]): Promise<GraphRun> {
    const names = valueNames(outline).filter((name) => !inputs.some((t) => t.name === name))
    const results = await (await this.#opened(names)).run(inputs, names)
    const values = new Map<string, Tensor>([...inputs, ...results].map(({ name, ...tensor }) => [name, tensor]))
    return withValues(outline, values, this.#variant.arithmetic)
  }

  async #opened(names: readonly string[]): Promise<Open> {
    const key = names.join('\0')
    if (this.#open?.names === key) return this.#open.open
    await this.close()
    const { threads, level, runtime } = this.#variant
    const native = { executionProviders: ['cpu'], intraOpNumThreads: threads, interOpNumThreads: 1 }
    const options = { ...(runtime === 'onnxruntime-web' ? {} : native), graphOptimizationLevel: level, logSeverityLevel: 4 } as const
    const bytes = exposed(writeModel(this.#model.model), names)
    const open = runtime === 'onnxruntime-node-old' ? await openApart(bytes, options) : await openHere(this.#variant, bytes, options)
    this.#open = { names: key, open }
    return open
  }

  async close(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    await open?.open.close()
  }
}
