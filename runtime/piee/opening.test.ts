import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CHUNK_BYTES, decode, encode, tensorRoot, type Box, type Dtype, type Tensor } from '../core/index.ts'
import {
  boxOfChunks,
  boxShape,
  chunksCbor,
  chunksFit,
  chunksOf,
  leavedCbor,
  leavedOf,
  openBox,
  readChunks,
  readLeaved,
  rootOfLeaved,
  takeBox,
} from './opening.ts'

const sizes = { u8: 1, f32: 4, f64: 8 } as const

const tensors = fc
  .tuple(fc.constantFrom<keyof typeof sizes>('u8', 'f32', 'f64'), fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 4 }), fc.nat())
  .map(([dtype, shape, seed]): Tensor => {
    const bytes = shape.reduce((n, side) => n * side, 1) * sizes[dtype]
    return { dtype: dtype as Dtype, shape, data: Uint8Array.from({ length: bytes }, (_, i) => (i * 31 + (i >> 8) * 17 + seed) & 255) }
  })

const boxes = tensors.chain((tensor) =>
  fc
    .tuple(...tensor.shape.map((side) => fc.tuple(fc.nat(side), fc.nat(side)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)))
    .map((box) => [tensor, box as Box] as const),
)

/** Element by element. */
function slow(tensor: Tensor, box: Box): Uint8Array {
  const size = sizes[tensor.dtype as keyof typeof sizes]
  const out: number[] = []
  const walk = (axis: number, at: number): void => {
    if (axis === box.length) for (let b = 0; b < size; b++) out.push(tensor.data[at * size + b] as number)
    else
      for (let i = (box[axis] as [number, number])[0]; i < (box[axis] as [number, number])[1]; i++)
        walk(axis + 1, at * (tensor.shape[axis] as number) + i)
  }
  walk(0, 0)
  return Uint8Array.from(out)
}

test('a box out of opened chunks is the box of the tensor', () => {
  fc.assert(
    fc.property(boxes, ([tensor, box]) => {
      const leaved = leavedOf(tensor)
      const chunks = openBox(tensor, box)
      expect(chunksFit(leaved, chunks)).toBe(true)
      const got = boxOfChunks(leaved, box, chunks)
      expect(got?.shape).toEqual(boxShape(box))
      expect(got?.data).toEqual(slow(tensor, box))
      expect(takeBox(tensor, box).data).toEqual(slow(tensor, box))
    }),
    { numRuns: 300 },
  )
})

test('only chunks that hold the box are opened; without one of them there is no box; a changed byte does not fit', () => {
  const tensor: Tensor = { dtype: 'f32', shape: [100, 1000], data: Uint8Array.from({ length: 400_000 }, (_, i) => i & 255) }
  const leaved = leavedOf(tensor)
  const box: Box = [
    [17, 18],
    [0, 1000],
  ]
  // row 17 lies in bytes 68,000 to 72,000, the second chunk
  expect(chunksOf(tensor, box)).toEqual([1])
  const column: Box = [
    [0, 100],
    [3, 4],
  ]
  expect(chunksOf(tensor, column)).toEqual([0, 1, 2, 3, 4, 5, 6])
  const chunks = new Map(openBox(tensor, column))
  chunks.delete(3)
  expect(boxOfChunks(leaved, column, chunks)).toBeUndefined()
  const bent = (chunks.get(2) as Uint8Array).slice()
  bent[5] = 1
  expect(chunksFit(leaved, new Map([[2, bent]]))).toBe(false)
  expect(chunksFit(leaved, new Map([[9, bent]]))).toBe(false)
  expect((chunks.get(2) as Uint8Array).length).toBe(CHUNK_BYTES)
})

test('leaves lead to the root of core; their bytes are canonical', () => {
  fc.assert(
    fc.property(tensors, (tensor) => {
      const leaved = leavedOf(tensor)
      expect(rootOfLeaved(leaved)).toEqual(tensorRoot(tensor))
      expect(readLeaved(decode(encode(leavedCbor(leaved))), 'x')).toEqual(leaved)
      const chunks = new Map([[0, tensor.data.subarray(0, CHUNK_BYTES)]])
      expect(readChunks(decode(encode(chunksCbor(chunks))), 'x')).toEqual(chunks)
    }),
  )
})

test('refusals', () => {
  const bad = { code: 'core_not_canonical' }
  const leaf = new Uint8Array(32)
  expect(() => readLeaved(['f32', [3], []], 'x')).toThrow(expect.objectContaining(bad))
  expect(() => readLeaved(['f33', [3], [leaf]], 'x')).toThrow(expect.objectContaining(bad))
  expect(() => readLeaved(['f32', [3], [leaf.slice(1)]], 'x')).toThrow(expect.objectContaining(bad))
  expect(() => readLeaved(['f32', [1 << 30, 1 << 30], [leaf]], 'x')).toThrow(expect.objectContaining({ code: 'tensor_shape' }))
  expect(() =>
    readChunks(
      [
        [1, leaf],
        [1, leaf],
      ],
      'x',
    ),
  ).toThrow(expect.objectContaining(bad))
  expect(() => readChunks([[0, new Uint8Array(CHUNK_BYTES + 1)]], 'x')).toThrow(expect.objectContaining(bad))
  expect(readChunks([[0, new Uint8Array(CHUNK_BYTES)]], 'x').size).toBe(1)
})
