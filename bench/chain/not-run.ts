/** The row of a comparison whose peer is not here. */
import type { Row } from '../row.ts'

export function notRun(emit: (row: Row) => void, id: string, peer: string, atLeast: number | undefined, why: unknown): void {
  const reason = why instanceof Error ? (why.message.split('\n')[0] ?? '') : String(why)
  emit({
    area: 'chain',
    id,
    row: `not run: ${reason}`,
    value: 0,
    unit: 'x',
    peer,
    bar: atLeast === undefined ? null : `>= ${atLeast}`,
    pass: null,
    runs: 0,
    spread: [0, 0],
  })
}
