/** Runs the node tests on our kernels and on onnxruntime-web and counts, by operator kind. */
import { fileCid, UtnetError, type Tensor } from '../../runtime/core/index.ts'
import { allNodes, readModel, type Model } from '../../runtime/tpu-bridge/graph/index.ts'
import { onnxWeb } from '../../runtime/tpu-bridge/devices/index.ts'
import { hasKernels, operatorKey } from '../../runtime/tpu-bridge/operators/index.ts'
import { openSuite, type OnnxCase, type Suite } from './archive.ts'
import { wrong } from './compare.ts'
import { startExecutor, type Executor } from './executor.ts'

/** `unclaimed`: an operator without kernels, or a form or type that lowerings refuse as unsupported. */
export type Outcome = 'passed' | 'failed' | 'unclaimed'

export interface CaseResult {
  readonly name: string
  /** Operators of the model, functions expanded. */
  readonly kinds: readonly string[]
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
  const executor = await startExecutor()
  const device = web ? onnxWeb() : undefined
  const results: CaseResult[] = []
  try {
    for (const name of suite.names) if (only(name)) results.push(await runCase(suite, name, executor, device))
  } finally {
    await device?.close()
    suite.close()
  }
  return results
}

async function runCase(
  suite: Suite,
  name: string,
  executor: Executor,
  device: ReturnType<typeof onnxWeb> | undefined,
): Promise<CaseResult> {
  let kinds: readonly string[] = []
  const none = { name, web: 'not run', sameBits: undefined } as const
  let found: OnnxCase
  try {
    found = suite.load(name)
  } catch (error) {
    return { ...none, kinds, ours: 'unclaimed', why: `its tensors: ${String(error)}` }
  }
  const web = device === undefined ? undefined : await onWeb(device, found)
  const theirs = { web: web?.outcome ?? 'not run' } as const
  let model: Model
  try {
    model = readModel(found.model)
  } catch (error) {
    return { ...none, ...theirs, kinds, ours: 'unclaimed', why: `its model: ${String(error)}` }
  }
  kinds = [...new Set([...allNodes(model.graph)].map(operatorKey))]
  const without = [...allNodes(model.graph)].filter((node) => !hasKernels(node) && operatorKey(node) !== 'If')
  if (without.length > 0) {
    const names = [...new Set(without.map(operatorKey))].join(', ')
    return { ...none, ...theirs, kinds, ours: 'unclaimed', why: `no kernels for ${names}` }
  }
  const ours = onKernels(executor, model, found)
  const sameBits = ours.outputs === undefined || web?.outputs === undefined ? undefined : equal(ours.outputs, web.outputs)
  return { name, kinds, ours: ours.outcome, why: ours.why, ...theirs, sameBits }
}

interface Ran {
  readonly outcome: Outcome
  readonly why: string | undefined
  readonly outputs?: readonly Tensor[]
}

function judged(outputs: readonly Tensor[], reference: readonly Tensor[]): Ran {
  const why = reference.map((t, i) => wrong(outputs[i], t)).find((w) => w !== undefined)
  return { outcome: why === undefined ? 'passed' : 'failed', why, outputs }
}

function onKernels(executor: Executor, model: Model, { sets }: OnnxCase): Ran {
  let all: readonly Tensor[] = []
  for (const set of sets) {
    try {
      const ran = judged(executor.run(model, set.inputs), set.outputs)
      if (ran.outcome !== 'passed') return ran
      all = [...all, ...(ran.outputs ?? [])]
    } catch (error) {
      const refused = error instanceof UtnetError && error.code === 'operator_unsupported'
      return { outcome: refused ? 'unclaimed' : 'failed', why: String(error) }
    }
  }
  return { outcome: 'passed', why: undefined, outputs: all }
}

async function onWeb(device: ReturnType<typeof onnxWeb>, { model, sets }: OnnxCase): Promise<Ran> {
  let all: readonly Tensor[] = []
  try {
    const loaded = await device.load(model, fileCid(model))
    try {
      for (const set of sets) {
        const ran = judged(await loaded.run(set.inputs), set.outputs)
        if (ran.outcome !== 'passed') return ran
        all = [...all, ...(ran.outputs ?? [])]
      }
    } finally {
      await loaded.close()
    }
  } catch (error) {
    return { outcome: 'unclaimed', why: String(error) }
  }
  return { outcome: 'passed', why: undefined, outputs: all }
}

const equal = (a: readonly Tensor[], b: readonly Tensor[]): boolean =>
  a.length === b.length && a.every((t, i) => Buffer.compare(t.data, (b[i] as Tensor).data) === 0)

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly unclaimed: number
  readonly webPassed: number
  readonly sameBits: number
  readonly otherBits: number
  /** Operators that a passing case consists of alone. */
  readonly kinds: readonly string[]
}

export function countsOf(results: readonly CaseResult[]): Counts {
  const ours = (outcome: Outcome): number => results.filter((r) => r.ours === outcome).length
  const kinds = results.filter((r) => r.ours === 'passed' && r.kinds.length === 1).map((r) => r.kinds[0] as string)
  return {
    passed: ours('passed'),
    failed: ours('failed'),
    unclaimed: ours('unclaimed'),
    webPassed: results.filter((r) => r.web === 'passed').length,
    sameBits: results.filter((r) => r.sameBits === true).length,
    otherBits: results.filter((r) => r.sameBits === false).length,
    kinds: [...new Set(kinds)].sort(),
  }
}
