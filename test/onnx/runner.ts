/** Runs the node tests on device `wasm` and on onnxruntime-web, and counts. */
import { fileCid, UtnetError, type Tensor } from '../../runtime/core/index.ts'
import { exactForTests } from '../../runtime/tpu-bridge/devices/testing/exact.ts'
import { onnxWeb, wasmDevice } from '../../runtime/tpu-bridge/devices/index.ts'
import type { Device } from '../../runtime/tpu-bridge/index.ts'
import { allNodes, readModel, type Model } from '../../runtime/tpu-bridge/graph/index.ts'
import { operatorKey } from '../../runtime/tpu-bridge/operators/index.ts'
import { openSuite, type OnnxCase, type Suite } from './archive.ts'
import { wrong } from './compare.ts'

/** `unclaimed`: an operator without kernels, a form or type that lowerings refuse as unsupported, or a model or tensors that no device is given (texts, 16-bit floats, loops). */
export type Outcome = 'passed' | 'failed' | 'unclaimed'

export interface CaseResult {
  readonly name: string
  /** Operators of the model, functions expanded. */
  readonly kinds: readonly string[]
  /** Version of the default operator set. */
  readonly opset: number
  /** Of inputs and outputs. */
  readonly dtypes: readonly string[]
  readonly ours: Outcome
  /** Why it is not passed. */
  readonly why: string | undefined
  readonly web: Outcome | 'not run'
  /** Whether our outputs are those of onnxruntime-web byte for byte; undefined where one of them gives none. */
  readonly sameBits: boolean | undefined
}

export interface RunOptions {
  /** Which cases; all where nothing is said. */
  readonly only?: (name: string) => boolean
  /** Runs them on onnxruntime-web too. */
  readonly web?: boolean
}

export async function runSuite({ only = () => true, web = false }: RunOptions = {}): Promise<readonly CaseResult[]> {
  const suite = openSuite()
  const wasm = wasmDevice({ exact: await exactForTests() })
  const peer = web ? onnxWeb() : undefined
  const results: CaseResult[] = []
  try {
    for (const name of suite.names) if (only(name)) results.push(await runCase(suite, name, wasm, peer))
  } finally {
    await Promise.all([wasm.close(), peer?.close()])
    suite.close()
  }
  return results
}

async function runCase(suite: Suite, name: string, wasm: Device, peer: Device | undefined): Promise<CaseResult> {
  const nothing = { name, kinds: [], opset: 0, dtypes: [], ours: 'unclaimed', web: 'not run', sameBits: undefined } as const
  let found: OnnxCase
  try {
    found = suite.load(name)
  } catch (error) {
    return { ...nothing, why: `its tensors: ${String(error)}` }
  }
  const theirs = peer === undefined ? undefined : await runOn(peer, found)
  const web = theirs?.outcome ?? 'not run'
  let model: Model
  try {
    model = readModel(found.model)
  } catch (error) {
    return { ...nothing, web, why: `its model: ${String(error)}` }
  }
  const { outcome: ours, why, outputs } = await runOn(wasm, found)
  return {
    name,
    kinds: [...new Set([...allNodes(model.graph)].map(operatorKey))],
    opset: model.opsets.get('') ?? 0,
    dtypes: [...new Set(found.sets.flatMap((s) => [...s.inputs, ...s.outputs].map((t) => t.dtype)))],
    ours,
    why,
    web,
    sameBits: outputs === undefined || theirs?.outputs === undefined ? undefined : equal(outputs, theirs.outputs),
  }
}

interface Ran {
  readonly outcome: Outcome
  readonly why?: string
  readonly outputs?: readonly Tensor[]
}

async function runOn(device: Device, { model, sets }: OnnxCase): Promise<Ran> {
  const all: Tensor[] = []
  try {
    const loaded = await device.load(model, fileCid(model))
    try {
      for (const set of sets) {
        const outputs = await loaded.run(set.inputs)
        const why = set.outputs.map((t, i) => wrong(outputs[i], t)).find((w) => w !== undefined)
        if (why !== undefined) return { outcome: 'failed', why, outputs }
        all.push(...outputs)
      }
    } finally {
      await loaded.close()
    }
  } catch (error) {
    // what onnxruntime refuses it refuses as a model that is wrong
    const refused =
      error instanceof UtnetError && (error.code === 'operator_unsupported' || (error.code === 'model_invalid' && device.id === 'onnx-web'))
    return { outcome: refused ? 'unclaimed' : 'failed', why: String(error) }
  }
  return { outcome: 'passed', outputs: all }
}

const equal = (a: readonly Tensor[], b: readonly Tensor[]): boolean =>
  a.length === b.length && a.every((t, i) => Buffer.compare(t.data, (b[i] as Tensor).data) === 0)

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly unclaimed: number
  readonly webPassed: number
  /** Cases whose bytes are those of onnxruntime-web, and those where they are not. */
  readonly sameBits: number
  readonly otherBits: number
  /** Operators that a passing case consists of alone. */
  readonly kinds: readonly string[]
}

export function countsOf(results: readonly CaseResult[]): Counts {
  const count = (holds: (r: CaseResult) => boolean): number => results.filter(holds).length
  const kinds = results.filter((r) => r.ours === 'passed' && r.kinds.length === 1).map((r) => r.kinds[0] as string)
  return {
    passed: count((r) => r.ours === 'passed'),
    failed: count((r) => r.ours === 'failed'),
    unclaimed: count((r) => r.ours === 'unclaimed'),
    webPassed: count((r) => r.web === 'passed'),
    sameBits: count((r) => r.sameBits === true),
    otherBits: count((r) => r.sameBits === false),
    kinds: [...new Set(kinds)].sort(),
  }
}
