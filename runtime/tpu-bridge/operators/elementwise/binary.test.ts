import { expect, test } from 'vitest'
import { difference, f32, onKernels, onOperatorWorld, onWeb } from '../testing/node-case.ts'

test('Add has the bits of onnxruntime-web, in one share and in three, and through the operator world', async () => {
  const n = 70_001
  const c = {
    op: 'Add',
    inputs: [
      f32(
        [n],
        Array.from({ length: n }, (_, i) => Math.sin(i) * 1e3),
      ),
      f32(
        [n],
        Array.from({ length: n }, (_, i) => 1 / (i - 7)),
      ),
    ],
  }
  const [oracle] = await onWeb(c)
  for (const parts of [1, 3]) {
    const [ours] = await onKernels(c, parts)
    expect(difference(ours as never, oracle as never)).toBeUndefined()
  }
  const { outputs } = await onOperatorWorld(c)
  expect(difference(outputs[0] as never, oracle as never)).toBeUndefined()
})
