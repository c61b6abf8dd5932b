/** How many architectures of the zoo load, run and verify: on the native runtime within the zoo's bound, on the exact one byte for byte on a second device. */
import { apart, fromTorch, ZOO_BOUND } from '../../examples/zoo/distance.ts'
import { zooBytes, zooInputs, zooModels, type ZooModel } from '../../examples/zoo/index.ts'
import { equalBytes, fileCid, type NamedTensor } from '../../runtime/core/index.ts'
import { threaded } from '../../runtime/tpu-bridge/index.ts'
import { rowOf, type Row } from '../row.ts'

export async function zooRows(emit: (row: Row) => void): Promise<void> {
  const [native, exact, verifier] = [threaded('onnx-cpu'), threaded('onnx-web'), threaded('onnx-web')]
  const run = async (device: typeof native, model: ZooModel): Promise<readonly NamedTensor[]> => {
    const bytes = zooBytes(model)
    const loaded = await device.load(bytes, fileCid(bytes))
    try {
      return await loaded.run(zooInputs(model))
    } finally {
      await loaded.close()
    }
  }
  const good = new Set<string>()
  for (const model of zooModels()) {
    try {
      const [a, b, again] = [await run(native, model), await run(exact, model), await run(verifier, model)]
      const repeats = again.every((t, i) => equalBytes(t.data, (b[i] as NamedTensor).data))
      if (repeats && fromTorch(model, b) <= ZOO_BOUND && apart(a, again) <= ZOO_BOUND) good.add(model.architecture)
      else process.stderr.write(`${model.name} does not verify\n`)
    } catch (error) {
      process.stderr.write(`${model.name}: ${String(error)}\n`)
    }
  }
  await Promise.all([native, exact, verifier].map((d) => d.close()))
  emit(
    rowOf('tensor', {
      id: 'tensor.zoo',
      row: 'architectures exported by torch that load, run and verify on onnx-web and onnx-cpu',
      unit: 'models',
      values: [good.size],
      atLeast: 12,
    }),
  )
}
