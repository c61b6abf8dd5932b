/** `node test/host/mutations/main.ts N SEED [DIR]`: random modules, each mutated 50 times; counts by rule. What is accepted goes to DIR for other engines. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomModule } from '../prove/random-module.ts'
import { judge } from './judge.ts'
import { mutated, numbers } from './mutate.ts'

const [count, seed, folder] = process.argv.slice(2)
const [modules, first] = [Number(count), Number(seed)]
if (!(modules > 0) || !Number.isSafeInteger(first)) {
  process.stderr.write('usage: mutations N SEED [DIR]\n')
  process.exit(2)
}
const rules: Record<string, number> = {}
const red: string[] = []
let slowest = 0
if (folder !== undefined) mkdirSync(folder, { recursive: true })
for (let number = 0; number < modules; number++) {
  const original = randomModule(first, number)
  const below = numbers(first * 1_000_003 + number)
  for (let i = 0; i < 50; i++) {
    const bytes = mutated(i % 5 === 4 ? mutated(original, below) : original, below)
    const from = performance.now()
    const verdict = judge(bytes)
    slowest = Math.max(slowest, performance.now() - from)
    rules[verdict.rule] = (rules[verdict.rule] ?? 0) + 1
    if (verdict.red !== '') red.push(`seed ${first} module ${number} mutation ${i}: ${verdict.red}`)
    if (verdict.rule === 'accepted' && folder !== undefined) writeFileSync(join(folder, `${number}-${i}.wasm`), bytes)
  }
}
process.stdout.write(`${JSON.stringify({ modules, seed: first, rules, slowestMs: Math.round(slowest), red: red.length })}\n`)
for (const line of red.slice(0, 50)) process.stdout.write(`RED ${line}\n`)
process.exitCode = red.length === 0 ? 0 : 1
