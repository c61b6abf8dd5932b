/** Prints how the node tests go: `node test/onnx/main.ts [part of a name]`. */
import { countsOf, runSuite } from './runner.ts'

const [part = ''] = process.argv.slice(2)
const results = await runSuite({ only: (name) => name.includes(part), web: true })
for (const r of results) {
  if (r.ours === 'failed') console.log(`FAILED     ${r.name}: ${r.why} (onnxruntime-web: ${r.web})`)
  if (r.ours === 'unclaimed') console.log(`unclaimed  ${r.name}: ${r.why} (onnxruntime-web: ${r.web})`)
  if (r.sameBits === false) console.log(`other bits ${r.name}`)
}
const { kinds, ...counts } = countsOf(results)
console.log(JSON.stringify(counts))
console.log(`${kinds.length} kinds: ${kinds.join(', ')}`)
