/** A trace in the words of the author: source lines, as `replay` shows them. */
import { LIMITS, type GuestFrame } from '../../core/index.ts'
import { gasByLine, sourceOf, type LineGas, type SourceMap } from '../../host/index.ts'

/** What was charged to one function, or for one host import, in a traced run. */
export interface TracedFunction {
  readonly name: string
  /** Decimal. */
  readonly gas: string
  readonly calls: number
}

/** A run as its lines are told from it. */
export interface TracedRun {
  /** Of the whole run. */
  readonly gas: bigint
  /** Where it ended in the prepared module (its profiling variant with a trace), innermost first. */
  readonly frames?: readonly GuestFrame[]
  /** Gas by function, most first, `host: <import>`, `instance`, `abi` and `burnt` among them: the sum is `gas`; with a trace only. */
  readonly functions?: readonly TracedFunction[]
  /** The same by probe of the profiling variant, where it has them; with a trace only. */
  readonly probes?: readonly bigint[]
  /** The lines of `functions` that no probe counts. */
  readonly charges?: readonly TracedFunction[]
}

/** What one line was charged. */
export interface TracedLine {
  /**
   * `file:line`, a file of a library, `no source line` for what the compiler made, or a line of `functions`: a charge of the host, and in a component of
   * several modules a function that no line is known of.
   */
  readonly at: string
  /** Decimal. */
  readonly gas: string
  /** Percent of the run's gas. */
  readonly share: number
  /** How often it ran, or a host function was called; 0 where lines are summed. */
  readonly executions: number
}

/** The gas of a run by line. */
export interface LineTrace {
  /** Most gas first; the sum is `gas`. */
  readonly lines?: readonly TracedLine[]
  /** Why there are none although there is a map. */
  readonly noLines?: string
}

const BURNT = 'burnt'
const NO_LINE = 'no source line'

function nameOf({ file, line, function: name = NO_LINE }: LineGas): string {
  if (file === undefined) return name
  return line === undefined ? file : `${file}:${line}`
}

/** The gas of a traced run by source line, by the map or the component's own line tables; nothing where it has neither. */
export function linesOf(
  component: Uint8Array,
  { functions, charges = [], probes, gas }: TracedRun,
  map: SourceMap | undefined,
  library: boolean,
): LineTrace {
  if (functions === undefined) return {}
  const counted = probes && gasByLine(component, probes, map, { library })
  if (counted === undefined)
    return map === undefined ? {} : { noLines: `lines are counted in modules with at most ${LIMITS.tracedProbes} straight lines of code` }
  const share = (part: bigint): number => (gas === 0n ? 0 : Number((part * 10_000n) / gas) / 100)
  const all = [
    ...counted.map((line) => ({
      at: nameOf(line),
      gas: line.gas,
      executions: Number(line.executions),
    })),
    ...charges.filter((c) => c.name !== BURNT).map((c) => ({ at: c.name, gas: BigInt(c.gas), executions: c.calls })),
  ]
  // A line on credit was charged and not entered: what is burnt differs from that of the trace by function
  const burnt = gas - all.reduce((sum, line) => sum + line.gas, 0n)
  if (burnt > 0n) all.push({ at: BURNT, gas: burnt, executions: 0 })
  const lines = all.toSorted((a, b) => (a.gas === b.gas ? 0 : a.gas < b.gas ? 1 : -1))
  return { lines: lines.map((line) => ({ ...line, gas: line.gas.toString(), share: share(line.gas) })) }
}

/** `file:line:column` in which a run ended, by the map or the component's own line tables; undefined where that cannot be told. */
export function placeOf(
  component: Uint8Array,
  { frames = [] }: Pick<TracedRun, 'frames'>,
  map: SourceMap | undefined,
  profiled: boolean,
): string | undefined {
  const place = sourceOf(component, frames, map, profiled)
  return place && `${place.file}:${place.line}:${place.column}`
}
