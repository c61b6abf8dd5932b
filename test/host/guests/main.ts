/**
 * `node test/host/guests/main.ts DIR` builds our guests into DIR, runs them under trace and writes down lines and traces;
 * `node test/host/guests/main.ts DIR --against` runs what is there again, on this engine and processor, and compares.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { arch } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { linesOf, scenario, type Line } from './scenario.ts'
import { traced, type TraceEvent } from './trace.ts'

const FOLDERS = { token: 'contracts/token', matmul: 'operators/matmul', readText: 'functions/read-text' } as const
type Name = keyof typeof FOLDERS
const NAMES = Object.keys(FOLDERS) as Name[]
const [folder, flag] = process.argv.slice(2)
if (folder === undefined || (flag !== undefined && flag !== '--against')) {
  process.stderr.write('usage: guests DIR [--against]\n')
  process.exit(2)
}
const at = (name: string): string => join(folder, name)
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(at(name)))
const guests = (): Record<Name, Uint8Array> => ({
  token: read('token.component'),
  matmul: read('matmul.component'),
  readText: read('readText.component'),
})

if (flag === undefined) {
  const { buildGuest } = await import('../../../runtime/host/build/index.ts')
  const { preparedModules } = await import('../../../runtime/host/index.ts')
  mkdirSync(folder, { recursive: true })
  for (const name of NAMES) {
    const { component } = await buildGuest({ dir: fileURLToPath(new URL(`../../../guest/${FOLDERS[name]}`, import.meta.url)) })
    writeFileSync(at(`${name}.component`), component)
    writeFileSync(at(`${name}.wasm`), preparedModules(component)[0] as Uint8Array)
  }
  writeFileSync(at('image.png'), readFileSync(new URL('../../../examples/images/clean.png', import.meta.url)))
  const components = guests()
  const value: Line[] = []
  // An instance serves many calls, and a guest whose call trapped has another for the next: one trace an instance
  const traces: { readonly guest: Name; readonly events: readonly TraceEvent[] }[] = []
  for (const guest of NAMES) {
    const ran = await traced(() => linesOf(guest, components[guest], read('image.png')))
    value.push(...ran.value)
    for (const events of ran.traces) traces.push({ guest, events })
  }
  const plain = await scenario(components, read('image.png'))
  if (JSON.stringify(plain) !== JSON.stringify(value)) throw new Error('the trace changes what it traces')
  writeFileSync(at('lines.json'), JSON.stringify(value))
  writeFileSync(at('traces.json'), JSON.stringify(traces))
  for (const l of value) process.stdout.write(`${l.run}: ${l.status}, gas ${l.gas}\n`)
} else {
  const before = JSON.parse(readFileSync(at('lines.json'), 'utf8')) as Line[]
  const now = await scenario(guests(), read('image.png'))
  const red = now.filter((l, i) => JSON.stringify(l) !== JSON.stringify(before[i]))
  process.stdout.write(
    `${JSON.stringify({ node: process.version, arch: arch(), flags: process.execArgv, runs: now.length, red: red.length })}\n`,
  )
  for (const l of red) process.stdout.write(`RED ${l.run}: ${l.status}, gas ${l.gas}\n`)
  process.exitCode = red.length === 0 && now.length === before.length && now.length > 0 ? 0 : 1
}
