/** A node that lies, for developers: one inference in so many has a wrong operator, and everything behind it follows from that. Only under a dev genesis. */
import {
  commitmentFile,
  commitmentRoot,
  commitRun,
  DTYPES,
  equalBytes,
  isUtnetError,
  parseCid,
  tensorHeads,
  toHex,
  UtnetError,
  type GraphRun,
  type NamedTensor,
  type OperatorRunner,
  type Tensor,
} from '../../core/index.ts'
import { drawOperators, valuesOf, withValues } from '../../piee/index.ts'
import type { Bridge } from '../../tpu-bridge/index.ts'
import type { ExactModels } from './exact-models.ts'

/** How many operators are tried for a lie that shows in what is committed to. */
const TRIES = 16
/** Lies that are remembered, to be defended. */
const KEPT = 16

export interface Lie {
  /** What the device has, wrong values and all. */
  readonly run: GraphRun
  /** The operator that does not give what it should. */
  readonly entry: number
}

export interface Cheat {
  /** The bridge that lies each `every`th time. */
  readonly bridge: Bridge
  /** The lie behind a commitment's root. */
  lieOf(root: Uint8Array): Lie | undefined
}

/** Lies in one of `every` inferences that kernels can run. `random` gives so many random bytes. */
export function cheating(bridge: Bridge, models: ExactModels, every: number, random: (length: number) => Uint8Array): Cheat {
  if (!Number.isSafeInteger(every) || every < 1)
    throw new UtnetError('core_bad_argument', `a node lies once in a number of times, not in ${every}`)
  const lies = new Map<string, Lie>()
  let asked = 0

  async function lie(model: string, inputs: readonly NamedTensor[]): Promise<Lie | undefined> {
    const cid = parseCid(bridge.get(model).model, 'model')
    const honest = await models.runner.run(cid, inputs)
    const root = commitmentRoot(await commitRun(honest))
    const beacon = random(32)
    for (const entry of drawOperators(
      beacon,
      cid,
      honest.trace.map(({ cost }) => cost),
      TRIES,
    )) {
      const run = await wrongAt(honest, entry, models.operators)
      if (run !== undefined && !equalBytes(commitmentRoot(await commitRun(run)), root)) return { run, entry }
    }
    return undefined
  }

  return {
    bridge: {
      ...bridge,
      async infer(model, inputs, arithmetic) {
        if (++asked % every !== 0) return bridge.infer(model, inputs, arithmetic)
        let found: Lie | undefined
        try {
          found = await lie(model, inputs)
        } catch (error) {
          // no kernels for it: then it is answered like any other
          if (!isUtnetError(error, 'operator_unsupported') && !isUtnetError(error, 'device_missing')) throw error
        }
        if (found === undefined) return bridge.infer(model, inputs, arithmetic)
        const { run } = found
        const commitment = await commitRun(run)
        const root = commitmentRoot(commitment)
        lies.set(toHex(root), found)
        for (const old of lies.keys()) if (lies.size > KEPT) lies.delete(old)
        const heads = { inputs: tensorHeads(run.inputs), outputs: tensorHeads(run.outputs) }
        return { model: run.model, arithmetic: run.arithmetic, outputs: run.outputs, root, commitment: commitmentFile(commitment), heads }
      },
    },
    lieOf: (root) => lies.get(toHex(root)),
  }
}

/** A run in which one element of what an entry gives is another one; what takes it is run again. Undefined for an entry without floats. */
async function wrongAt(honest: GraphRun, entry: number, operators: OperatorRunner): Promise<GraphRun | undefined> {
  const values = await valuesOf(honest)
  const name = honest.trace[entry]?.outputs.find((output) => values.get(output)?.dtype === 'f32')
  const right = name === undefined ? undefined : values.get(name)
  if (name === undefined || right === undefined || right.data.length === 0) return undefined
  const wrong: Tensor = { ...right, data: new Uint8Array(right.data) }
  const element = Math.floor(right.data.length / DTYPES.f32 / 2)
  const view = new DataView(wrong.data.buffer)
  view.setFloat32(element * 4, view.getFloat32(element * 4, true) + 1, true)
  values.set(name, wrong)
  const changed = new Set([name])
  for (const later of honest.trace.slice(entry + 1)) {
    if (!later.inputs.some((input) => changed.has(input))) continue
    const operands = later.inputs.map((input) => values.get(input))
    const outputs = await operators.run(honest.model, later.path, operands)
    later.outputs.forEach((output, i) => {
      if (output === '') return
      values.set(output, outputs[i] as Tensor)
      changed.add(output)
    })
  }
  return withValues(honest, values)
}
