import { expect, test } from 'vitest'
import { FUNCTIONS, sweep } from './sweep.ts'

// `node test/onnx/exhaustive.ts` goes through all 2^32
test.each(FUNCTIONS)('%s has the bits of onnxruntime-web at a million bit patterns, evenly spread', async (op) => {
  const { checked, differing, example } = await sweep(op, 4093)
  expect(checked).toBeGreaterThan(1_000_000)
  expect(example).toBe('')
  expect(differing).toBe(0)
})
