/** Runs whose values are at hand: nothing runs again where they are asked for. */
import type { GraphRun, Tensor } from '../core/index.ts'

/** Names of all values of a run, constants not among them. */
export const valueNames = (run: Pick<GraphRun, 'trace' | 'inputs'>): string[] =>
  [...new Set([...run.inputs.map((t) => t.name), ...run.trace.flatMap((entry) => entry.outputs)])].filter((name) => name !== '')

/** A run with these values instead of its own: what another device has, or one that lies. What is not among them is asked of `base`. */
export function withValues(base: GraphRun, values: ReadonlyMap<string, Tensor>, arithmetic = base.arithmetic): GraphRun {
  return {
    ...base,
    arithmetic,
    inputs: base.inputs.map((t) => ({ ...t, ...values.get(t.name) })),
    outputs: base.outputs.map((t) => ({ ...t, ...values.get(t.name) })),
    async values(names) {
      const missing = names.filter((name) => !values.has(name))
      const found = new Map(missing.length === 0 ? [] : (await base.values(missing)).map((t, i) => [missing[i] as string, t]))
      return names.map((name) => (values.get(name) ?? found.get(name)) as Tensor)
    },
  }
}

/** All values of a run, by name. */
export async function valuesOf(run: GraphRun): Promise<Map<string, Tensor>> {
  const names = valueNames(run)
  return new Map((await run.values(names)).map((tensor, i) => [names[i] as string, tensor]))
}

/** The run with all its values kept. */
export const keptRun = async (run: GraphRun): Promise<GraphRun> => withValues(run, await valuesOf(run))
