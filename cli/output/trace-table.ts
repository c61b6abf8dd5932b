/** A trace as a table, for people. */
import type { Replay } from '../../runtime/node/index.ts'

const SHOWN = 20

function table(title: string, rows: readonly (readonly [string, string, string, string])[]): string[] {
  const wide = [0, 1, 2].map((k) => Math.max(...rows.map((row) => (row[k] as string).length)))
  const line = ([gas, share, times, name]: readonly [string, string, string, string]): string =>
    `  ${gas.padStart(wide[0] as number)}  ${share.padStart(wide[1] as number)}  ${times.padStart(wide[2] as number)}  ${name}`
  return [title, ...rows.map(line)]
}

const percent = (part: string, whole: string): string => {
  const share = BigInt(whole) === 0n ? 0 : Number((BigInt(part) * 1_000n) / BigInt(whole)) / 10
  return `${share.toFixed(1)} %`
}

/** Budgets, functions, and lines where there is a source map; the first of each. */
export function traceTable({ status, message, gas, functions = [], lines, noLines, budgets = {} }: Replay): string {
  const out = [`${status}, ${gas} gas${message === undefined ? '' : `: ${message}`}`]
  if (functions.length > 0) {
    out.push(
      ...table('gas by function', [
        ['gas', 'share', 'calls', ''],
        ...functions.slice(0, SHOWN).map((f) => [f.gas, percent(f.gas, gas), String(f.calls), f.name] as const),
      ]),
    )
  }
  if (lines !== undefined) {
    out.push(
      ...table('gas by line', [
        ['gas', 'share', 'times', ''],
        ...lines.slice(0, SHOWN).map((l) => [l.gas, percent(l.gas, gas), l.executions === 0 ? '' : String(l.executions), l.at] as const),
      ]),
    )
  }
  if (noLines !== undefined) out.push(`no source lines: ${noLines}`)
  const spent = Object.entries(budgets).map(([name, { used, allowed }]) => [String(used), 'of', String(allowed), name] as const)
  if (spent.length > 0) out.push(...table('budgets', spent))
  return out.join('\n')
}
