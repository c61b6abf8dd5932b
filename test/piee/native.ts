/** Runs of real models on ONNX Runtimes of any version, level and number of threads, every value exposed. */
import type { InferenceSession } from 'onnxruntime-web'
import type { GraphRun, NamedTensor, Tensor } from '../../runtime/core/index.ts'
import { valueNames, withValues } from '../../runtime/piee/index.ts'
import { openSession, runSession, type Ort } from '../../runtime/tpu-bridge/devices/ort-runtime.ts'
import { exposed, writeModel } from '../../runtime/tpu-bridge/graph/index.ts'
import { serialQueue } from '../../runtime/tpu-bridge/queue.ts'
import type { RealModel } from './models.ts'

export interface Variant {
  readonly name: string
  readonly arithmetic: string
  /** Package that has the runtime. */
  readonly runtime: 'onnxruntime-node' | 'onnxruntime-web'
  readonly threads: number
  readonly level: 'all' | 'disabled'
}

export const NATIVE: readonly Variant[] = [1, 2].flatMap((threads) =>
  (['disabled', 'all'] as const).map((level): Variant => {
    const arithmetic = `bounded:onnxruntime-node:opt=${level},threads=${threads}`
    return { name: `onnx-cpu ${level} ${threads}`, arithmetic, runtime: 'onnxruntime-node', threads, level }
  }),
)

export const WEB: Variant = { name: 'onnx-web', arithmetic: 'exact:onnxruntime-web', runtime: 'onnxruntime-web', threads: 1, level: 'disabled' }

const turn = serialQueue()

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
  #session: { readonly names: string; readonly ort: Ort; readonly session: InferenceSession } | undefined

  constructor(model: RealModel, variant: Variant) {
    this.#model = model
    this.#variant = variant
  }

  /** The run of `outline` (whose names and order are the model's) on this runtime. */
  async run(outline: GraphRun, inputs: readonly NamedTensor[]): Promise<GraphRun> {
    const names = valueNames(outline).filter((name) => !inputs.some((t) => t.name === name))
    const { ort, session } = await this.#open(names)
    const results = await runSession(ort, turn, session, inputs, names)
    const values = new Map<string, Tensor>([...inputs, ...results].map(({ name, ...tensor }) => [name, tensor]))
    return withValues(outline, values, this.#variant.arithmetic)
  }

  async #open(names: readonly string[]): Promise<{ readonly ort: Ort; readonly session: InferenceSession }> {
    const key = names.join('\0')
    if (this.#session?.names === key) return this.#session
    await this.close()
    const { threads, level } = this.#variant
    const ort = await runtimeOf(this.#variant)
    const session = await openSession(ort, turn, exposed(writeModel(this.#model.model), names), {
      ...(this.#variant.runtime === 'onnxruntime-node' ? { executionProviders: ['cpu'], intraOpNumThreads: threads, interOpNumThreads: 1 } : {}),
      graphOptimizationLevel: level,
      logSeverityLevel: 4,
    })
    this.#session = { names: key, ort, session }
    return this.#session
  }

  async close(): Promise<void> {
    const open = this.#session
    this.#session = undefined
    if (open !== undefined) await turn(() => open.session.release())
  }
}
