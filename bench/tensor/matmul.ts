/** One product of matrices, n = 1024, weights constant: our prepared guest against onnxruntime-web, one thread each. */
import { concatBytes, fileCid, type NamedTensor } from '../../runtime/core/index.ts'
import { wasmDevice } from '../../runtime/tpu-bridge/index.ts'
import { bytes, graph, int, model, node, ONNX_TYPE, text, value } from '../../test/compliance/onnx-models.ts'
import { ratioOf, type Row } from '../row.ts'
import { exactGuest } from './exact.ts'
import { webPeer } from './peers.ts'
import { rounds, told, type Variant } from './rounds.ts'

const N = 1024
const ROUNDS = 15

const matrix = (name: string, seed: number): NamedTensor => ({
  name,
  dtype: 'f32',
  shape: [N, N],
  data: new Uint8Array(Float32Array.from({ length: N * N }, (_, i) => Math.sin(i + seed)).buffer),
})

/** y = x w. */
function product(w: NamedTensor): Uint8Array {
  const shape = [N, N]
  const initializer = concatBytes(int(1, N), int(1, N), int(2, ONNX_TYPE.f32), text(8, w.name), bytes(9, w.data))
  return model(
    graph([node('MatMul', ['x', w.name], ['y'])], [value('x', ONNX_TYPE.f32, shape)], [value('y', ONNX_TYPE.f32, shape)], [initializer]),
  )
}

export async function matmulRows(emit: (row: Row) => void): Promise<void> {
  const file = product(matrix('w', 2))
  const inputs = [matrix('x', 1)]
  const device = wasmDevice({ exact: await exactGuest() })
  const ours = await device.load(file, fileCid(file))
  const theirs = await webPeer(file, 'disabled')
  const variants: readonly Variant[] = [
    { name: 'wasm', run: () => ours.run(inputs) },
    { name: 'web', run: () => theirs(inputs) },
  ]
  const times = await rounds(variants, ROUNDS, 3)
  told(`matmul ${N}`, variants, times)
  const speeds = times.map((ms) => ms.map((t) => (2 * N ** 3) / t / 1e6)) as [number[], number[]]
  emit(
    ratioOf('tensor', {
      id: 'tensor.matmul.vs-web',
      row: `f32 product, n = ${N}, weights constant: speed, one thread each`,
      peer: 'onnxruntime-web 1.30.0, one thread',
      ours: speeds[0],
      theirs: speeds[1],
      atLeast: 1.1,
    }),
  )
  await ours.close()
  await device.close()
}
