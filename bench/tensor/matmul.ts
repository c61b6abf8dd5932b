/** One product of matrices, n = 1024, weights constant: our prepared guest against onnxruntime-web, one thread each. */
import { concatBytes, fileCid, type NamedTensor } from '../../runtime/core/index.ts'
import { wasmDevice, type ExactGuest } from '../../runtime/tpu-bridge/index.ts'
import { MATMUL } from '../../runtime/tpu-bridge/operators/linear/matmul.ts'
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

/** Sides of a product that lies in the first cache with both of its operands, and how often it makes up the large one. */
const TILE = { m: 16, k: 256, n: 16 } as const
const TILES = N ** 3 / (TILE.m * TILE.k * TILE.n)

/**
 * The processor's bound: as many multiplications and additions by the same kernel, over and over on operands that stay in the first cache. No order of sums in vectors
 * of 128 bits is faster than that.
 */
function bound({ compiled, minPages, maxPages }: ExactGuest): () => Promise<void> {
  const memory = new WebAssembly.Memory({ initial: minPages + 2, maximum: maxPages, shared: true })
  const exports = new WebAssembly.Instance(compiled, { utnet: { memory } }).exports as unknown as {
    readonly 'utnet:gas': WebAssembly.Global
    kernel(id: number, record: number, part: number, parts: number): number
  }
  const { m, k, n } = TILE
  const record = minPages * 65_536
  const a = record + 64
  const b = a + 4 * m * k
  const out = b + 4 * k * n
  new Float32Array(memory.buffer, a, m * k + k * n).fill(0.5)
  new Int32Array(memory.buffer, record, 10).set([a, b, out, m, k, n, k, new Int32Array(Float32Array.of(1).buffer)[0] as number, 0, 0])
  return async () => {
    exports['utnet:gas'].value = 1n << 62n
    for (let i = 0; i < TILES; i++) if (exports.kernel(MATMUL, record, 0, 1) !== 0) throw new Error('the kernel refused')
  }
}

export async function matmulRows(emit: (row: Row) => void): Promise<void> {
  const file = product(matrix('w', 2))
  const inputs = [matrix('x', 1)]
  const exact = await exactGuest()
  const device = wasmDevice({ exact })
  const ours = await device.load(file, fileCid(file))
  const theirs = await webPeer(file, 'disabled')
  const variants: readonly Variant[] = [
    { name: 'wasm', run: () => ours.run(inputs) },
    { name: 'web', run: () => theirs(inputs) },
    { name: 'bound', run: bound(exact) },
  ]
  const times = await rounds(variants, ROUNDS, 3)
  told(`matmul ${N}`, variants, times)
  const speeds = times.map((ms) => ms.map((t) => (2 * N ** 3) / t / 1e6)) as [number[], number[], number[]]
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
  emit(
    ratioOf('tensor', {
      id: 'tensor.matmul.bound-vs-web',
      row: 'as many multiplications and additions from the first cache, which no product in vectors of 128 bits can beat',
      peer: 'onnxruntime-web 1.30.0, one thread',
      ours: speeds[2],
      theirs: speeds[1],
    }),
  )
  await ours.close()
  await device.close()
}
