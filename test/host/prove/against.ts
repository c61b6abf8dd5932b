/** `node [engine flags] test/host/prove/against.ts DIR`: what `prove --out DIR` wrote down, again on this engine and processor. */
import { readFileSync } from 'node:fs'
import { arch } from 'node:os'
import { join } from 'node:path'
import { callables, Recorder } from './subject.ts'
import { transcript, type Transcript } from './transcript.ts'
import { readModule } from '../../../runtime/host/wasm/index.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  process.stderr.write('usage: against DIR\n')
  process.exit(2)
}
const written = JSON.parse(readFileSync(join(folder, 'transcripts.json'), 'utf8')) as Record<string, Transcript>
const red: string[] = []
let calls = 0
for (const [name, before] of Object.entries(written)) {
  const bytes = new Uint8Array(readFileSync(join(folder, name)))
  const recorder = new Recorder(new WebAssembly.Module(bytes))
  const now = transcript({ bytes, calls: callables(readModule(bytes)), recorder })
  calls += now.calls.length
  now.calls.forEach((call, i) => {
    if (JSON.stringify(call) !== JSON.stringify(before.calls[i])) red.push(`${name} ${call.name}`)
  })
  if (now.calls.length !== before.calls.length) red.push(`${name}: another number of calls`)
}
process.stdout.write(
  `${JSON.stringify({ node: process.version, arch: arch(), flags: process.execArgv, modules: Object.keys(written).length, calls, red: red.length })}\n`,
)
for (const line of red.slice(0, 50)) process.stdout.write(`RED ${line}\n`)
process.exitCode = red.length === 0 && calls > 0 ? 0 : 1
