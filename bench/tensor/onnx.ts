/** How many of the ONNX node tests device `wasm` claims and passes, beside onnxruntime-web on the same files. */
import { missing } from '../../test/onnx/archive.ts'
import { countsOf, runSuite } from '../../test/onnx/runner.ts'
import { rowOf, type Row } from '../row.ts'

export async function onnxRows(emit: (row: Row) => void): Promise<void> {
  const why = missing()
  if (why !== undefined) {
    process.stderr.write(`the ONNX node tests were not run: ${why}\n`)
    return
  }
  const results = await runSuite({ web: true })
  const { kinds, passed, failed, unclaimed, webPassed, sameBits, otherBits } = countsOf(results)
  for (const r of results) if (r.ours === 'failed') process.stderr.write(`${r.name} fails: ${r.why}\n`)
  process.stderr.write(
    `ONNX node tests: ${passed} passed, ${failed} failed, ${unclaimed} not claimed on wasm; onnxruntime-web passes ${webPassed}; same bytes in ${sameBits}, other in ${otherBits}\n`,
  )
  emit(
    rowOf('tensor', {
      id: 'tensor.onnx.kinds',
      row: 'operator kinds with at least one passing ONNX node test on wasm',
      unit: 'kinds',
      values: [kinds.length],
      atLeast: 60,
    }),
  )
  emit(
    rowOf('tensor', {
      id: 'tensor.onnx.pass',
      row: 'ONNX node tests passed of those claimed on wasm',
      unit: 'share',
      values: [passed / (passed + failed)],
      atLeast: 1,
    }),
  )
}
