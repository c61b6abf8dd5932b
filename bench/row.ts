/** One row of a bench table, and the statistics behind it. */

export interface Row {
  readonly area: string
  /** Stable, e.g. `main.ready-s`. */
  readonly id: string
  readonly row: string
  /** The median. */
  readonly value: number
  readonly unit: string
  /** What it is measured against in the same run, or null. */
  readonly peer: string | null
  readonly bar: string | null
  /** Null where no bar is set. */
  readonly pass: boolean | null
  readonly runs: number
  /** Least and greatest run. */
  readonly spread: readonly [number, number]
}

/** Takes a row as soon as it is measured. */
export type Emit = (row: Row) => void

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

export interface Measured {
  readonly id: string
  readonly row: string
  readonly unit: string
  readonly values: readonly number[]
  /** Given in the place of the median where that is not the median of the runs, e.g. a ratio of two medians. */
  readonly value?: number
  readonly peer?: string
  /** The greatest value that passes. */
  readonly atMost?: number
  /** The least value that passes. */
  readonly atLeast?: number
}

/** A peer measured alternately with ours: run `i` of both stand side by side. */
export interface Against {
  readonly id: string
  readonly row: string
  readonly peer: string
  readonly ours: readonly number[]
  readonly theirs: readonly number[]
  readonly atMost?: number
  readonly atLeast?: number
}

const round = (x: number): number => Number(x.toPrecision(4))

/** The row of a ratio: median by median; the spread is that of the ratios run by run. */
export function ratioOf(area: string, { ours, theirs, ...m }: Against): Row {
  if (ours.length !== theirs.length) throw new RangeError(`${m.id}: ${ours.length} runs against ${theirs.length} of the peer`)
  const values = ours.map((value, i) => value / (theirs[i] as number))
  return rowOf(area, { ...m, unit: 'x', values, value: median(ours) / median(theirs) })
}

/** The row of repeated measurements. Throws RangeError where nothing was measured. */
export function rowOf(area: string, m: Measured): Row {
  if (m.values.length === 0 || !m.values.every(Number.isFinite)) throw new RangeError(`${m.id}: there is no figure in every run`)
  const value = round(m.value ?? median(m.values))
  const bar = m.atMost !== undefined ? `<= ${m.atMost}` : m.atLeast !== undefined ? `>= ${m.atLeast}` : null
  const pass = m.atMost !== undefined ? value <= m.atMost : m.atLeast !== undefined ? value >= m.atLeast : null
  return {
    area,
    id: m.id,
    row: m.row,
    value,
    unit: m.unit,
    peer: m.peer ?? null,
    bar,
    pass,
    runs: m.values.length,
    spread: [round(Math.min(...m.values)), round(Math.max(...m.values))],
  }
}
