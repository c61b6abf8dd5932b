/**
 * `node test/host/spec/main.ts DIR [VALID]`: the WebAssembly specification's own tests, as `wasm-tools json-from-wast` writes them (folders with `test.json`
 * and modules), on modules as they came and as every scheme prepares them. What must not be taken is refused; what runs gives the results and traps that
 * the specification names, the same bits and the same gas under every scheme. VALID lists the modules (paths below DIR) that another validator accepts with
 * our features: we accept the same, but for what is over a limit.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { isUtnetError } from '../../../runtime/core/index.ts'
import { whitelistBytes } from '../../../runtime/host/validate/index.ts'
import type { Command } from './commands.ts'
import { Script, type Tally } from './script.ts'

const [folder, validFile] = process.argv.slice(2)
if (folder === undefined) {
  process.stderr.write('usage: node test/host/spec/main.ts DIR [VALID]\n')
  process.exit(2)
}

/** Rules of ours beside validity: what is over the table of limits, a segment that would trap, names of the host, a second table, arithmetic of constants. */
const OURS = new Set(['limit', 'segment-bounds', 'memory-minimum', 'import', 'multi-memory', 'const-expression'])
const valid = validFile === undefined ? undefined : new Set(readFileSync(validFile, 'utf8').split('\n'))
const tally: Tally = { counts: new Map(), red: [] }
const count = (what: string): void => void tally.counts.set(what, (tally.counts.get(what) ?? 0) + 1)

/** The rule by which a module is refused; undefined where it is accepted. */
function refusal(bytes: Uint8Array, place: string): string | undefined {
  try {
    whitelistBytes(bytes)
    return undefined
  } catch (error) {
    const details = isUtnetError(error, 'guest_invalid') ? error.details : undefined
    if (typeof details?.['rule'] === 'string' && typeof details['offset'] === 'number') return details['rule']
    tally.red.push(`${place}: refused without a rule: ${String(error)}`)
    return 'none'
  }
}

for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
  if (!file.endsWith('test.json')) continue
  const at = join(folder, file)
  const { commands } = JSON.parse(readFileSync(at, 'utf8')) as { commands: readonly Command[] }
  const script = new Script(tally, relative(folder, dirname(at)))
  for (const command of commands) {
    const { filename, module_type: form, type, line } = command
    const bytes = filename === undefined || form !== 'binary' ? undefined : new Uint8Array(readFileSync(join(dirname(at), filename)))
    const place = `${relative(folder, dirname(at))}:${line}`
    const rule = bytes === undefined ? undefined : refusal(bytes, place)
    if (bytes !== undefined) {
      const accepted = valid?.has(relative(folder, join(dirname(at), filename as string)))
      if (rule !== undefined) count(`refused: ${rule}`)
      if (accepted === true && rule !== undefined && !OURS.has(rule))
        tally.red.push(`${place}: ${filename} is refused by ${rule}, the other accepts it`)
      if (accepted === false && rule === undefined) tally.red.push(`${place}: ${filename} is accepted, the other refuses it`)
    }
    if (type === 'assert_invalid' || type === 'assert_malformed') {
      if (bytes === undefined) continue
      count(type)
      if (rule === undefined) tally.red.push(`${place}: ${type} ${command.text}: ${filename} is accepted`)
    } else script.run(command, rule === undefined ? bytes : undefined)
  }
}

const { counts, red } = tally
process.stdout.write(`${JSON.stringify({ ...Object.fromEntries([...counts].sort()), red: red.length }, null, 1)}\n`)
for (const line of red.slice(0, 100)) process.stdout.write(`RED ${line}\n`)
process.exitCode = red.length === 0 && counts.size > 0 ? 0 : 1
