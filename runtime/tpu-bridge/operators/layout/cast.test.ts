import { expect, test } from 'vitest'
import type { Dtype, Tensor } from '../../../core/index.ts'
import { difference, onKernels, onWeb } from '../testing/node-case.ts'
import { ONNX_TYPE } from '../../../../test/compliance/onnx-models.ts'

const FLOATS = [
  0,
  -0,
  0.49,
  -0.5,
  0.5,
  1.5,
  -1.5,
  127.5,
  128,
  255.9,
  256,
  300,
  -129,
  32_768,
  40_000,
  65_535.9,
  70_000.5,
  2 ** 31,
  -(2 ** 31),
  3e9,
  2 ** 32,
]
const ODD = [5e9, -5e9, 9.3e18, -9.3e18, 1.9e19, 1e30, -1e30, 1e-40, 1e300, NaN, Infinity, -Infinity]
const INTEGERS = [
  0n,
  1n,
  -1n,
  127n,
  128n,
  -128n,
  255n,
  256n,
  32_767n,
  65_535n,
  16_777_217n,
  2n ** 31n,
  -(2n ** 31n),
  2n ** 32n - 1n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
]

const MAKERS: Readonly<Record<Dtype, () => ArrayBufferView>> = {
  f32: () => Float32Array.from([...FLOATS, ...ODD]),
  f64: () => Float64Array.from([...FLOATS, ...ODD]),
  u8: () => Uint8Array.from(INTEGERS.map((v) => Number(BigInt.asUintN(8, v)))),
  s8: () => Int8Array.from(INTEGERS.map((v) => Number(BigInt.asIntN(8, v)))),
  u16: () => Uint16Array.from(INTEGERS.map((v) => Number(BigInt.asUintN(16, v)))),
  s16: () => Int16Array.from(INTEGERS.map((v) => Number(BigInt.asIntN(16, v)))),
  u32: () => Uint32Array.from(INTEGERS.map((v) => Number(BigInt.asUintN(32, v)))),
  s32: () => Int32Array.from(INTEGERS.map((v) => Number(BigInt.asIntN(32, v)))),
  u64: () => BigUint64Array.from(INTEGERS.map((v) => BigInt.asUintN(64, v))),
  s64: () => BigInt64Array.from(INTEGERS),
  boolean: () => Uint8Array.from([0, 1, 1, 0]),
}

const DTYPE_LIST = Object.keys(MAKERS) as Dtype[]

test.each(DTYPE_LIST)('Cast from %s has the bits of onnxruntime-web, whatever the value', async (from) => {
  const view = MAKERS[from]()
  const data = new Uint8Array(view.buffer)
  const t: Tensor = { dtype: from, shape: [(view as Uint8Array).length], data }
  for (const to of DTYPE_LIST) {
    const c = { op: 'Cast', attributes: { to: { kind: 'int', value: ONNX_TYPE[to] } as const }, inputs: [t] }
    const [oracle] = await onWeb(c)
    for (const parts of [1, 3])
      expect(difference((await onKernels(c, parts))[0] as Tensor, oracle as Tensor), `${from} to ${to}`).toBeUndefined()
  }
})
