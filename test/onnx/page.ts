/** Writes docs/operators.md: which operators device `wasm` has, and what the node tests say of each. `node test/onnx/page.ts` */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { operatorKinds } from '../../runtime/tpu-bridge/operators/index.ts'
import { countsOf, runSuite, type CaseResult } from './runner.ts'

const PAGE = fileURLToPath(new URL('../../docs/operators.md', import.meta.url))

export const readPage = (): string => readFileSync(PAGE, 'utf8')

/** Versions as ranges: 13-18, 22. */
function versions(opsets: readonly number[]): string {
  const sorted = [...new Set(opsets)].sort((a, b) => a - b)
  return sorted.length === 0 ? '' : sorted.length === 1 ? String(sorted[0]) : `${sorted[0]}-${sorted.at(-1)}`
}

/** What stands in the page of one operator, from cases that it takes part in. */
function line(operator: string, results: readonly CaseResult[]): string {
  const own = results.filter((r) => r.ours === 'passed' && r.kinds.includes(operator))
  const dtypes = [...new Set(own.filter((r) => r.kinds.length === 1).flatMap((r) => r.dtypes))].sort()
  const alone = own.filter((r) => r.kinds.length === 1)
  const compared = alone.filter((r) => r.sameBits !== undefined)
  const same = compared.filter((r) => r.sameBits === true).length
  const bits = compared.length === 0 ? '' : same === compared.length ? 'same' : `${same} of ${compared.length}`
  return `| ${operator} | ${versions(own.map((r) => r.opset))} | ${dtypes.join(', ')} | ${own.length} | ${bits} |`
}

async function write(): Promise<void> {
  const results = await runSuite({ web: true })
  const { passed, failed, unclaimed, webPassed, sameBits, otherBits } = countsOf(results)
  const other = results.filter((r) => r.sameBits === false).map((r) => r.name)
  const text = [
    '# Operators of device `wasm`',
    '',
    'Made by `node test/onnx/page.ts` from the ONNX backend node tests (onnx/onnx, Apache-2.0); a test holds the list of operators against the device.',
    'An operator runs on kernels of `guest/operators/exact`, whose bits are meant to be those of onnxruntime-web 1.30.0, one thread, nothing fused. The property tests',
    'beside the lowerings (`runtime/tpu-bridge/operators`) compare them on random shapes and values; this page says what the cases of the standard say.',
    '',
    `Cases: ${passed} passed, ${failed} failed, ${unclaimed} not claimed (operators without kernels; texts, sequences, 16-bit and 8-bit floats; operator sets beyond 26; random results; loops).`,
    `onnxruntime-web passes ${webPassed} of the same files. Where both give outputs they are byte-identical in ${sameBits} cases and not in ${otherBits}.`,
    '',
    '"Operator sets" and "types" are those of cases that pass; "bits" counts cases of the operator alone whose outputs are those of onnxruntime-web byte for byte (empty: it has no such case).',
    '',
    '| operator | operator sets | types | cases passed | bits |',
    '| --- | --- | --- | --- | --- |',
    ...operatorKinds().map((operator) => line(operator, results)),
    '',
    '## Own arithmetic',
    '',
    other.length === 0
      ? 'No case has other bits.'
      : 'Cases whose bits are not those of onnxruntime-web; their results are within the tolerance of the suite:',
    ...(other.length === 0 ? [] : ['', other.map((name) => `\`${name}\``).join(', '), '']),
    '',
    '## Refused on purpose',
    '',
    'Resize by `align_corners`, `tf_crop_and_resize` (and `pytorch_half_pixel` down to one element) with scales that give no whole sides: the reference of ONNX and onnxruntime disagree.',
    'Dropout in training. Linear Resize of 8-bit integers with channels last, antialias with `tf_crop_and_resize`.',
    '',
  ]
  writeFileSync(PAGE, text.join('\n'))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await write()
