/** One product of matrices, n = 1024, weights constant: our prepared guest against onnxruntime-web, one thread each. */
import { fileCid, type Tensor } from '../../runtime/core/index.ts'
import { wasmDevice } from '../../runtime/tpu-bridge/index.ts'
import { f32, modelOfCase } from '../../runtime/tpu-bridge/operators/testing/node-case.ts'
import { ratioOf, type Row } from '../row.ts'
import { exactGuest } from './exact.ts'
import { webPeer } from './peers.ts'
import { rounds, told, type Variant } from './rounds.ts'

const N = 1024
const ROUNDS = 15

const matrix = (seed: number): Tensor =>
  f32(
    [N, N],
    Array.from({ length: N * N }, (_, i) => Math.sin(i + seed)),
  )

export async function matmulRows(emit: (row: Row) => void): Promise<void> {
  const model = modelOfCase({ op: 'MatMul', inputs: [matrix(1), { ...matrix(2), constant: true }] })
  const inputs = [{ name: 'i0', ...matrix(1) }]
  const device = wasmDevice({ exact: await exactGuest() })
  const ours = await device.load(model, fileCid(model))
  const theirs = await webPeer(model, 'disabled')
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
