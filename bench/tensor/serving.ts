/** Serving: eight requests at once, joined against one after the other; no bar, since it hangs on model and threads whether it pays. */
import { fileCid } from '../../runtime/core/index.ts'
import { batched, type BatchCounts } from '../../runtime/tpu-bridge/batching.ts'
import { onnxCpu } from '../../runtime/tpu-bridge/index.ts'
import { ratioOf, type Row } from '../row.ts'
import { ocr } from './inputs.ts'
import { rounds, told, type Variant } from './rounds.ts'

const AREA = 'tensor'
const AT_ONCE = 8
const ROUNDS = { cls: 25, rec: 9 } as const

export async function servingRows(emit: (row: Row) => void): Promise<void> {
  for (const threads of [1, 2]) {
    const device = onnxCpu({ threads })
    for (const name of ['cls', 'rec'] as const) {
      const model = ocr(name)
      const loaded = await device.load(model.bytes, fileCid(model.bytes))
      const counts: BatchCounts = { joined: 0, batches: 0 }
      // a clock that stands: joined always, whether it pays is what is measured
      const together = batched(loaded, counts, () => 0)
      const inputs = Array.from({ length: AT_ONCE }, (_, i) => model.random(i + 1))
      const variants: readonly Variant[] = [
        { name: 'joined', run: () => Promise.all(inputs.map((input) => together.run(input))) },
        { name: 'one by one', run: () => Promise.all(inputs.map((input) => loaded.run(input))) },
      ]
      const [ours, theirs] = (await rounds(variants, ROUNDS[name], 3)) as [readonly number[], readonly number[]]
      told(
        `${name}, ${AT_ONCE} at once, onnx-cpu with ${threads} threads, ${counts.joined} runs joined in ${counts.batches} batches`,
        variants,
        [ours, theirs],
      )
      const row = `${name}, ${AT_ONCE} requests at once on onnx-cpu, ${threads} threads: time joined`
      emit(ratioOf(AREA, { id: `tensor.serving.${name}.${threads}`, row, peer: 'the same one by one', ours, theirs }))
      await together.close()
    }
    await device.close()
  }
}
