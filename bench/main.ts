/** `npm run bench [-- AREA] [--only=PART] [--json]`: runs an area's measurements, or some of its parts, and prints its rows. */
import { chainArea } from './chain-area.ts'
import { hostArea } from './host-area.ts'
import { mainArea } from './main-area.ts'
import { tensorArea } from './tensor-area.ts'
import type { Row } from './row.ts'

const AREAS: Readonly<Record<string, (emit: (row: Row) => void, only: readonly string[]) => Promise<void>>> = {
  main: mainArea,
  host: hostArea,
  tensor: tensorArea,
  chain: chainArea,
}

const json = process.argv.includes('--json')
const only = process.argv.flatMap((a) => (a.startsWith('--only=') ? a.slice('--only='.length).split(',') : []))
const names = process.argv.slice(2).filter((a) => !a.startsWith('--'))
const wrong = names.find((name) => !Object.hasOwn(AREAS, name))
if (wrong !== undefined) {
  process.stderr.write(`there is no area ${wrong}; there is ${Object.keys(AREAS).join(', ')}\n`)
  process.exitCode = 2
} else {
  for (const name of names.length === 0 ? Object.keys(AREAS) : names) {
    await AREAS[name]?.((row) => {
      if (json) process.stdout.write(`${JSON.stringify(row)}\n`)
      else {
        const verdict = row.pass === null ? '' : row.pass ? '  pass' : '  MISSED'
        process.stdout.write(
          `${row.id.padEnd(28)} ${String(row.value).padStart(9)} ${row.unit.padEnd(6)} [${row.spread.join(' .. ')}] of ${row.runs}${row.peer === null ? '' : `, against ${row.peer}`}${row.bar === null ? '' : `, bar ${row.bar}`}${verdict}\n    ${row.row}\n`,
        )
      }
    }, only)
  }
}
