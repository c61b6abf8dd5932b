/** What a byte of a model takes where nothing but its weights is worked on: one row times a matrix, by the exact device on one thread. */
import { concatBytes, fileCid, PARAMS, type NamedTensor } from '../../../runtime/core/index.ts'
import { inferGas, wasmDevice } from '../../../runtime/tpu-bridge/index.ts'
import { bytes, graph, int, model, node, ONNX_TYPE, text, value } from '../../../test/compliance/onnx-models.ts'
import { exactGuest } from '../../tensor/exact.ts'
import { stopwatch } from './clock.ts'
import type { HostPrice } from './host-prices.ts'

const N = 1_024
/** Nodes of the model that is all graph. */
const NODES = 2_000

const ones = (name: string, shape: readonly number[]): NamedTensor => ({
  name,
  dtype: 'f32',
  shape,
  data: new Uint8Array(new Float32Array(shape.reduce((n, d) => n * d, 1)).fill(0.5).buffer),
})

function product(): Uint8Array {
  const { data } = ones('w', [N, N])
  const weights = concatBytes(int(1, N), int(1, N), int(2, ONNX_TYPE.f32), text(8, 'w'), bytes(9, data))
  return model(
    graph([node('MatMul', ['x', 'w'], ['y'])], [value('x', ONNX_TYPE.f32, [1, N])], [value('y', ONNX_TYPE.f32, [1, N])], [weights]),
  )
}

/** Small nodes one behind the other. */
function chain(): Uint8Array {
  const nodes = Array.from({ length: NODES }, (_, i) =>
    node(i % 2 === 0 ? 'Neg' : 'Abs', [i === 0 ? 'x' : `v${i}`], [i === NODES - 1 ? 'y' : `v${i + 1}`]),
  )
  return model(graph(nodes, [value('x', ONNX_TYPE.f32, [1])], [value('y', ONNX_TYPE.f32, [1])], []))
}

/** Measures with `use`, then frees the device. */
export async function withModelPrices<T>(use: (prices: readonly HostPrice[]) => Promise<T>): Promise<T> {
  const device = wasmDevice({ exact: await exactGuest() })
  try {
    const price = async (name: string, file: Uint8Array, inputs: readonly NamedTensor[]): Promise<HostPrice> => {
      const loaded = await device.load(file, fileCid(file))
      return {
        id: 'tensor-model-byte',
        name: `a byte of a model: ${name}`,
        gas: Number(inferGas(PARAMS, file.length, inputs, loaded.outputs)),
        ns: async () => {
          const watch = stopwatch()
          await loaded.run(inputs)
          return watch()
        },
      }
    }
    return await use([
      await price('one row times its weights', product(), [ones('x', [1, N])]),
      await price(`${NODES} nodes on one number`, chain(), [ones('x', [1])]),
    ])
  } finally {
    await device.close()
  }
}
