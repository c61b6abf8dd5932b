/** Gas by source line of a component of one core module. */
import { chargedBy, pricesOf } from '../prepare/index.ts'
import { WORLDS } from '../run/worlds.ts'
import { validate } from '../validate/index.ts'
import { LIBRARY, type Range, type SourceMap } from './source-map.ts'

export interface LineGas {
  /** Undefined for functions that the compiler names no line of. */
  readonly file: string | undefined
  /** From 1; undefined for all lines of a file of a library together. */
  readonly line: number | undefined
  readonly gas: bigint
  /** How often its most frequent instruction ran, summed over the functions that the line was compiled into; 0 for all lines of a file together. */
  readonly executions: bigint
}

interface Sum {
  readonly file: string | undefined
  readonly line: number | undefined
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

/** Most gas first. `library` splits files of libraries by line, too. Throws `guest_invalid`. */
export function gasByLine(
  component: Uint8Array,
  probes: readonly bigint[],
  map: SourceMap,
  { library = false }: { readonly library?: boolean } = {},
): readonly LineGas[] {
  const { module } = validate(component, WORLDS).core
  const ranges = new Map(module.bodies.map(({ index, start, end }) => [index, [module.origin + start, module.origin + end] as const]))
  const sums = new Map<string, Sum>()
  for (const { index, at, gas, executions } of chargedBy(module, probes, pricesOf(module))) {
    const place = map.find(module.origin + at, ranges.get(index) as Range)
    const file = place?.file
    const line = file?.startsWith(LIBRARY) === true && !library ? undefined : place?.line
    const key = `${file ?? ''}\n${line ?? ''}`
    let sum = sums.get(key)
    if (sum === undefined) {
      sum = { file, line, gas: 0n, executions: 0n, index, most: 0n }
      sums.set(key, sum)
    }
    if (sum.index !== index) {
      settle(sum)
      sum.index = index
    }
    sum.gas += gas
    if (line !== undefined && executions > sum.most) sum.most = executions
  }
  const lines = [...sums.values()]
  lines.forEach(settle)
  return lines
    .map(({ file, line, gas, executions }) => ({ file, line, gas, executions }))
    .toSorted((a, b) => (a.gas === b.gas ? 0 : a.gas < b.gas ? 1 : -1))
}
