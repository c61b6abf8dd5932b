import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UtnetError } from '../../../core/index.ts'
import { difference, lowerCase, onOperatorWorld, onWeb, type NodeCase } from '../testing/node-case.ts'
import { constantOf, differences, float, int, ints, seed, tensorOf, text } from './testing/same-bits.ts'

const same = async (c: NodeCase): Promise<void> => {
  expect(await differences(c)).toEqual([])
}

const side = fc.integer({ min: 1, max: 14 })
const tap = fc.integer({ min: 1, max: 4 })
const step = fc.integer({ min: 1, max: 3 })
const pad = fc.integer({ min: 0, max: 2 })

/** Convolutions over `rank` sides whose windows fit into the image. */
const convolution = (rank: number) =>
  fc
    .record({
      images: fc.integer({ min: 1, max: 2 }),
      groups: fc.integer({ min: 1, max: 3 }),
      channels: fc.constantFrom(1, 2, 3, 16, 40),
      filters: fc.constantFrom(1, 2, 4, 5, 9, 30),
      sides: fc.array(side, { minLength: rank, maxLength: rank }),
      window: fc.array(tap, { minLength: rank, maxLength: rank }),
      strides: fc.array(step, { minLength: rank, maxLength: rank }),
      dilations: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: rank, maxLength: rank }),
      pads: fc.array(pad, { minLength: 2 * rank, maxLength: 2 * rank }),
      bias: fc.boolean(),
      special: fc.boolean(),
      seed,
    })
    .filter(({ sides, window, dilations, pads }) =>
      sides.every(
        (s, i) => s + (pads[i] as number) + (pads[rank + i] as number) >= ((window[i] as number) - 1) * (dilations[i] as number) + 1,
      ),
    )

type Drawn = Parameters<Parameters<ReturnType<typeof convolution>['filter']>[0]>[0]

const caseOf = (c: Drawn, op = 'Conv'): NodeCase => ({
  op,
  attributes: { group: int(c.groups), strides: ints(c.strides), dilations: ints(c.dilations), pads: ints(c.pads) },
  inputs: [
    tensorOf([c.images, c.channels * c.groups, ...c.sides], c.seed, c.special),
    constantOf(tensorOf([c.filters * c.groups, c.channels, ...c.window], c.seed + 1, c.special)),
    ...(c.bias ? [constantOf(tensorOf([c.filters * c.groups], c.seed + 2))] : []),
  ],
})

test.for([
  [1, 25],
  [2, 50],
  [3, 20],
] as const)('Conv over %i sides has the bits of onnxruntime-web', async ([rank, numRuns]: readonly [number, number]) => {
  expect.hasAssertions()
  await fc.assert(
    fc.asyncProperty(convolution(rank as number), (c) => same(caseOf(c))),
    { numRuns },
  )
})

test('Conv of one tap whose strides are odd, on images as large as what comes out', async () => {
  expect.hasAssertions()
  for (const [sides, strides, pads] of [
    [[2], [3], [0, 2]],
    [[2], [5], [0, 4]],
    [
      [2, 2],
      [3, 3],
      [0, 0, 2, 2],
    ],
    [
      [2, 3],
      [3, 1],
      [0, 0, 2, 0],
    ],
  ] as const)
    await same({
      op: 'Conv',
      attributes: { strides: ints(strides), pads: ints(pads) },
      inputs: [tensorOf([1, 2, ...sides], 1), constantOf(tensorOf([3, 2, ...sides.map(() => 1)], 2))],
    })
})

test('depthwise Conv slides over strides, dilations and uneven padding', async () => {
  expect.hasAssertions()
  await fc.assert(
    fc.asyncProperty(convolution(2), fc.integer({ min: 1, max: 6 }), (c, groups) =>
      same(caseOf({ ...c, channels: 1, filters: 1, groups })),
    ),
    { numRuns: 40 },
  )
})

test('Conv takes the ways of MLAS: many filters on few pixels, one filter, windows as wide or as high as the image', async () => {
  const shapes: [number[], number[], number[]][] = [
    [
      [1, 96, 2, 2],
      [24, 96, 3, 3],
      [1, 1, 1, 1],
    ],
    [
      [1, 500, 1, 1],
      [24, 500, 1, 1],
      [0, 0, 0, 0],
    ],
    [
      [1, 700, 5, 7],
      [1, 700, 1, 1],
      [0, 0, 0, 0],
    ],
    [
      [1, 200, 5, 7],
      [1, 200, 3, 3],
      [1, 1, 1, 1],
    ],
    [
      [1, 200, 3, 3],
      [1, 200, 3, 3],
      [0, 0, 0, 0],
    ],
    [
      [1, 1, 300, 7],
      [1, 1, 3, 7],
      [0, 0, 0, 0],
    ],
    [
      [1, 1, 9, 70],
      [5, 1, 9, 1],
      [0, 0, 0, 0],
    ],
    [
      [1, 1, 9, 71],
      [1, 1, 9, 1],
      [0, 0, 0, 0],
    ],
    [
      [1, 96, 3, 5],
      [24, 96, 3, 3],
      [1, 1, 1, 1],
    ],
    [
      [1, 30, 40, 41],
      [17, 30, 1, 1],
      [0, 0, 0, 0],
    ],
  ]
  for (const [x, w, pads] of shapes)
    expect(
      await differences({
        op: 'Conv',
        attributes: { pads: ints(pads) },
        inputs: [tensorOf(x, 1), constantOf(tensorOf(w, 2)), constantOf(tensorOf([w[0] as number], 3))],
      }),
    ).toEqual([])
})

test('auto_pad says where the padding lies', async () => {
  for (const value of ['SAME_UPPER', 'SAME_LOWER', 'VALID'])
    expect(
      await differences({
        op: 'Conv',
        attributes: { auto_pad: text(value), strides: ints([2, 3]) },
        inputs: [tensorOf([1, 3, 10, 11], 1), constantOf(tensorOf([4, 3, 3, 4], 2))],
      }),
    ).toEqual([])
})

test('FusedConv adds, then the bias, then activates as MLAS does', async () => {
  const activation = fc.constantFrom<[string, number[]]>(
    ['', []],
    ['Relu', []],
    ['LeakyRelu', [0.1]],
    ['Clip', [0, 0.5]],
    ['Clip', [-0.25, 0.25]],
    ['HardSigmoid', [0.2, 0.5]],
    ['HardSwish', []],
    ['Sigmoid', []],
    ['Tanh', []],
  )
  await fc.assert(
    fc.asyncProperty(convolution(2), activation, fc.boolean(), async (c, [name, params], sum) => {
      const base = caseOf({ ...c, bias: true })
      const shape = lowerCase(base).outputs[0]?.shape as number[]
      expect(
        await differences({
          ...base,
          op: 'FusedConv',
          domain: 'com.microsoft',
          attributes: {
            ...base.attributes,
            ...(name === '' ? {} : { activation: text(name) }),
            ...(params.length === 0 ? {} : { activation_params: { kind: 'floats', value: params.map(Math.fround) } }),
          },
          inputs: [...base.inputs, ...(sum ? [tensorOf(shape, c.seed + 3, c.special)] : [])],
        }),
      ).toEqual([])
    }),
    { numRuns: 40 },
  )
})

test('ConvTranspose has the bits of onnxruntime-web', async () => {
  await fc.assert(
    fc.asyncProperty(convolution(2), fc.boolean(), fc.boolean(), async (c, constant, more) => {
      const [height, width] = c.sides as [number, number]
      const reach = (i: number): number => ((c.window[i] as number) - 1) * (c.dilations[i] as number) + 1
      fc.pre((height - 1) * (c.strides[0] as number) + reach(0) > (c.pads[0] as number) + (c.pads[2] as number))
      fc.pre((width - 1) * (c.strides[1] as number) + reach(1) > (c.pads[1] as number) + (c.pads[3] as number))
      const over = c.strides.map((s, i) => (more ? Math.min(s, c.dilations[i] as number) - 1 : 0))
      expect(
        await differences({
          op: 'ConvTranspose',
          attributes: {
            group: int(c.groups),
            strides: ints(c.strides),
            dilations: ints(c.dilations),
            pads: ints(c.pads),
            output_padding: ints(over),
          },
          inputs: [
            tensorOf([c.images, c.channels * c.groups, height, width], c.seed),
            constantOf(tensorOf([c.channels * c.groups, c.filters, ...c.window], c.seed + 1), constant),
            ...(c.bias ? [tensorOf([c.filters * c.groups], c.seed + 2)] : []),
          ],
        }),
      ).toEqual([])
    }),
    { numRuns: 40 },
  )
  for (const [x, w, attributes] of [
    [[1, 300, 7], [300, 4, 5], { strides: ints([3]) }],
    [[1, 3, 4, 3, 5], [3, 2, 2, 3, 2], { strides: ints([1, 2, 2]) }],
    [[1, 3, 4, 5], [3, 2, 3, 3], { strides: ints([2, 2]), output_shape: ints([10, 11]) }],
    [[1, 3, 4, 5], [3, 2, 3, 3], { strides: ints([2, 2]), auto_pad: text('SAME_UPPER') }],
    [[1, 3, 4, 5], [3, 2, 3, 3], { strides: ints([2, 2]), auto_pad: text('SAME_LOWER') }],
  ] as const)
    expect(await differences({ op: 'ConvTranspose', attributes, inputs: [tensorOf(x, 1), constantOf(tensorOf(w, 2))] })).toEqual([])
})

test('a referee runs a convolution through the operator world and gets the same bits', async () => {
  const c: NodeCase = {
    op: 'Conv',
    attributes: { pads: ints([1, 1, 1, 1]) },
    inputs: [tensorOf([1, 3, 9, 11], 1), constantOf(tensorOf([5, 3, 3, 3], 2)), constantOf(tensorOf([5], 3))],
  }
  const [oracle] = await onWeb(c)
  const { outputs } = await onOperatorWorld(c)
  expect(difference(outputs[0] as never, oracle as never)).toBeUndefined()
})

test('shapes that do not fit, windows that do not fit and unknown activations are refused', () => {
  const conv = (x: number[], w: number[], attributes: NodeCase['attributes'] = {}, op = 'Conv', domain = ''): unknown =>
    lowerCase({ op, domain, attributes, inputs: [tensorOf(x, 1), constantOf(tensorOf(w, 2))] })
  const code = (run: () => unknown): string => {
    try {
      run()
    } catch (error) {
      if (error instanceof UtnetError) return error.code
    }
    return 'none'
  }
  expect(code(() => conv([1, 3, 5, 5], [2, 4, 3, 3]))).toBe('tensor_shape')
  expect(code(() => conv([1, 3, 5, 5], [2, 3, 3]))).toBe('tensor_shape')
  expect(code(() => conv([1, 3, 2, 2], [2, 3, 3, 3]))).toBe('tensor_shape')
  expect(code(() => conv([1, 3, 5, 5], [2, 3, 3, 3], { group: int(0) }))).toBe('tensor_shape')
  expect(code(() => conv([1, 3, 5, 5], [2, 3, 3, 3], { strides: ints([0, 1]) }))).toBe('model_invalid')
  expect(code(() => conv([1, 3, 5, 5], [2, 3, 3, 3], { pads: ints([-1, 0, 0, 0]) }))).toBe('model_invalid')
  expect(code(() => conv([1, 3, 5, 5], [2, 3, 3, 3], { auto_pad: text('SOME') }))).toBe('model_invalid')
  expect(code(() => conv([1, 3, 5, 5], [2, 3, 3, 3], { group: float(1) }))).toBe('model_invalid')
  expect(code(() => conv([1, 3, 5, 5], [2, 3, 3, 3], { activation: text('Elu') }, 'FusedConv', 'com.microsoft'))).toBe(
    'operator_unsupported',
  )
  expect(code(() => conv([1, 3, 5, 5], [2, 3, 3, 3], { activation: text('Clip') }, 'FusedConv', 'com.microsoft'))).toBe('model_invalid')
})
