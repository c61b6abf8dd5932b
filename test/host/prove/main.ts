/**
 * `npm run -s prove -- [--modules N] [--seed S] [--from I] [--out DIR]`: random modules against themselves; counts, and the seed of what is red.
 * `--in DIR`: modules of another maker instead, `*.wasm` of a folder.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { compare, emptyTally, prepared } from './compare.ts'
import { randomModule, withoutNans } from './random-module.ts'
import { SCHEMES } from './schemes.ts'
import { transcript, type Transcript } from './transcript.ts'

const { values } = parseArgs({
  options: {
    modules: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    in: { type: 'string' },
    out: { type: 'string' },
  },
})
const [count, seed, from] = [values.modules, values.seed, values.from].map(Number) as [number, number, number]
if (![count, seed, from].every((n) => Number.isSafeInteger(n) && n >= 0) || count === 0) {
  process.stderr.write('usage: prove [--modules N] [--seed S] [--from I] [--in DIR] [--out DIR]\n')
  process.exit(2)
}

function* given(folder: string): Generator<readonly [name: string, bytes: Uint8Array]> {
  for (const file of readdirSync(folder).sort()) {
    if (file.endsWith('.wasm')) yield [file, new Uint8Array(readFileSync(join(folder, file)))]
  }
}

function* random(): Generator<readonly [name: string, bytes: Uint8Array]> {
  for (let number = from; number < from + count; number++) yield [`${number}.wasm`, randomModule(seed, number)]
}

/** Binaryen does not read every module of others. */
function twinOf(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return withoutNans(bytes)
  } catch (error) {
    if (values.in === undefined) throw error
    return undefined
  }
}

const tally = emptyTally()
const transcripts: Record<string, Transcript> = {}
const strange = values.in !== undefined
for (const [name, bytes] of values.in === undefined ? random() : given(values.in)) {
  const { refused } = tally
  compare(bytes, strange ? name : `seed ${seed} module ${name}`, tally, { twin: twinOf, refusable: strange })
  if (values.out !== undefined && tally.refused === refused) {
    const subject = prepared(bytes)
    mkdirSync(values.out, { recursive: true })
    writeFileSync(join(values.out, name), subject.bytes)
    transcripts[name] = transcript(subject)
  }
}
if (values.out !== undefined) writeFileSync(join(values.out, 'transcripts.json'), JSON.stringify(transcripts))
const { red, ...counts } = tally
process.stdout.write(
  `${JSON.stringify({ seed, from, schemes: Object.keys(SCHEMES), ...counts, gas: String(counts.gas), red: red.length })}\n`,
)
for (const line of red.slice(0, 50)) process.stdout.write(`RED ${line}\n`)
process.exitCode = red.length === 0 ? 0 : 1
