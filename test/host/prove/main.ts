/** `npm run -s prove -- [--modules N] [--seed S] [--from I] [--out DIR]`: random modules against themselves; counts, and the seed of what is red. */
import { mkdirSync, writeFileSync } from 'node:fs'
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
    out: { type: 'string' },
  },
})
const [count, seed, from] = [values.modules, values.seed, values.from].map(Number) as [number, number, number]
if (![count, seed, from].every((n) => Number.isSafeInteger(n) && n >= 0) || count === 0) {
  process.stderr.write('usage: prove [--modules N] [--seed S] [--from I] [--out DIR]\n')
  process.exit(2)
}

const tally = emptyTally()
const transcripts: Record<string, Transcript> = {}
for (let number = from; number < from + count; number++) {
  const bytes = randomModule(seed, number)
  const { refused } = tally
  compare(bytes, `seed ${seed} module ${number}`, tally, { twin: withoutNans })
  if (values.out !== undefined && tally.refused === refused) {
    const subject = prepared(bytes)
    mkdirSync(values.out, { recursive: true })
    writeFileSync(join(values.out, `${number}.wasm`), subject.bytes)
    transcripts[`${number}.wasm`] = transcript(subject)
  }
}
if (values.out !== undefined) writeFileSync(join(values.out, 'transcripts.json'), JSON.stringify(transcripts))
const { red, ...counts } = tally
process.stdout.write(
  `${JSON.stringify({ seed, from, schemes: Object.keys(SCHEMES), ...counts, gas: String(counts.gas), red: red.length })}\n`,
)
for (const line of red.slice(0, 50)) process.stdout.write(`RED ${line}\n`)
process.exitCode = red.length === 0 ? 0 : 1
