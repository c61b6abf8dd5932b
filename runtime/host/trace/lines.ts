/** Gas by source line of a component. */
import { LIMITS } from '../../core/index.ts'
import { chargedBy, probeCount } from '../prepare/index.ts'
import { coresOf, type Core } from './cores.ts'
import { debugLines } from './debug-lines.ts'
import { LIBRARY, type Range, type SourceMap } from './places.ts'

/** What one source line was charged. */
export interface LineGas {
  /** Undefined for functions that the compiler names no line of. */
  readonly file: string | undefined
  /** From 1; undefined for all lines of a file of a library together. */
  readonly line: number | undefined
  /** Where no line is known and the component has several modules. */
  readonly function?: string
  readonly gas: bigint
  /** How often its most frequent instruction ran, summed over the functions that the line was compiled into; 0 for all lines of a file together. */
  readonly executions: bigint
}

interface Sum {
  readonly file: string | undefined
  readonly line: number | undefined
  readonly function?: string
  gas: bigint
  executions: bigint
  /** Of the function that is summed at present. */
  index: number
  most: bigint
}

function settle(sum: Sum): void {
  sum.executions += sum.most
  sum.most = 0n
}

/** Adds what the probes of one module counted. */
function addCore(
  { module, prices, nameOf }: Core,
  probes: readonly bigint[],
  map: SourceMap,
  library: boolean,
  sums: Map<string, Sum>,
): void {
  const ranges = new Map(module.bodies.map(({ index, start, end }) => [index, [module.origin + start, module.origin + end] as const]))
  for (const { index, at, gas, executions } of chargedBy(module, probes, prices)) {
    const place = map.find(module.origin + at, ranges.get(index) as Range)
    const file = place?.file
    const line = file?.startsWith(LIBRARY) === true && !library ? undefined : place?.line
    const name = file === undefined ? nameOf?.(index) : undefined
    const key = `${file ?? ''}\n${line ?? ''}\n${name ?? ''}`
    let sum = sums.get(key)
    if (sum === undefined) {
      sum = { file, line, ...(name === undefined ? {} : { function: name }), gas: 0n, executions: 0n, index, most: 0n }
      sums.set(key, sum)
    }
    if (sum.index !== index) {
      settle(sum)
      sum.index = index
    }
    sum.gas += gas
    if (line !== undefined && executions > sum.most) sum.most = executions
  }
}

/**
 * Most gas first. `library` splits files of libraries by line, too. Without a map the component's own line tables are read; undefined where there are none,
 * or where no module is counted by line. Throws `guest_invalid`.
 */
export function gasByLine(
  component: Uint8Array,
  probes: readonly bigint[],
  given: SourceMap | undefined,
  { library = false }: { readonly library?: boolean } = {},
): readonly LineGas[] | undefined {
  const cores = coresOf(component)
  const map = given ?? debugLines(cores)
  if (map === undefined) return undefined
  const sums = new Map<string, Sum>()
  let from = 0
  for (const core of cores) {
    const count = probeCount(core.module, core.prices)
    if (count > LIMITS.tracedProbes) continue
    const until = from + count
    addCore(core, probes.slice(from, until), map, library, sums)
    for (const sum of sums.values()) settle(sum)
    from = until
  }
  // One of the modules was not counted after all
  if (from !== probes.length) return undefined
  return [...sums.values()]
    .map(({ index: _, most: __, ...line }) => line)
    .toSorted((a, b) => (a.gas === b.gas ? 0 : a.gas < b.gas ? 1 : -1))
}
