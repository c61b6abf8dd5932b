import { afterAll, expect, test } from 'vitest'
import { tensorRoot, type Tensor } from '../../../core/index.ts'
import { canonicaliseNaNs } from '../../nan.ts'
import { Hasher } from './index.ts'

const hasher = new Hasher()
afterAll(() => hasher.close())

const tensor = (length: number): Tensor => ({
  dtype: 'f32',
  shape: [length],
  data: new Uint8Array(Int32Array.from({ length }, (_, i) => Math.imul(i + 1, 0x9e37_79b9)).buffer),
})

test('the thread makes the roots that tensors with canonical NaNs have, and takes their memory', async () => {
  const lengths = [0, 1, 7, 20_000, 70_001]
  const given = lengths.map(tensor)
  const roots = await hasher.roots(given)
  const own = lengths.map(tensor)
  // among as many bit patterns there are NaNs
  expect(own.some((t) => new Float32Array(t.data.buffer as ArrayBuffer).some(Number.isNaN))).toBe(true)
  for (const t of own) canonicaliseNaNs(t)
  expect(roots.map((r) => Buffer.from(r).toString('hex'))).toEqual(own.map((t) => Buffer.from(tensorRoot(t)).toString('hex')))
  expect(given.map((t) => t.data.length)).toEqual(lengths.map(() => 0))
})

test('a thread that ended refuses', async () => {
  const other = new Hasher()
  await other.close()
  await expect(other.roots([tensor(4)])).rejects.toMatchObject({ code: 'device_failed' })
})
