/**
 * Functions of one f32 over all 2^32 bit patterns, or every n-th of them, against onnxruntime-web:
 * `node test/onnx/exhaustive.ts [--ops=Sigmoid,Tanh] [--step=1] [--from=0]`. Prints a line per function; ends with status 1 where a bit differs.
 */
import { parseArgs } from 'node:util'
import { FUNCTIONS, sweep } from './sweep.ts'

const { values } = parseArgs({ options: { ops: { type: 'string' }, step: { type: 'string' }, from: { type: 'string' } } })

let bad = 0
for (const op of values.ops?.split(',') ?? FUNCTIONS) {
  const { checked, differing, example } = await sweep(op, Number(values.step ?? 1), Number(values.from ?? 0))
  if (differing > 0) bad += 1
  process.stdout.write(`${op}: ${checked} values, ${differing} differ${example === '' ? '' : ` (${example})`}\n`)
}
process.exit(bad === 0 ? 0 : 1)
