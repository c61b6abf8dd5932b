import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytes, division, externalTensor, graph, int, model, node, text, value } from '../../../test/compliance/onnx-models.ts'
import { concatBytes, isUtnetError, LIMITS, utf8 } from '../../core/index.ts'
import { checkModel } from './model-check.ts'

const io = [[value('x', 1, [1])], [value('y', 1, [1])]] as const
const withNodes = (...nodes: Uint8Array[]): Uint8Array => graph(nodes, ...io)
const relu = node('Relu', ['x'], ['y'])
/** AttributeProto holding a graph. */
const graphAttribute = (g: Uint8Array): Uint8Array => concatBytes(text(1, 'body'), bytes(6, g))
/** FunctionProto. */
const fn = (domain: string, name: string, ...nodes: Uint8Array[]): Uint8Array =>
  bytes(25, text(1, name), ...nodes.map((n) => bytes(7, n)), text(10, domain))
const repeat = (part: Uint8Array, n: number): Uint8Array => {
  const out = new Uint8Array(part.length * n)
  for (let i = 0; i < n; i++) out.set(part, i * part.length)
  return out
}
const refused = (why: RegExp) => expect.objectContaining({ code: 'model_invalid', message: expect.stringMatching(why) })

test('counts nodes, those of nested graphs and of functions as often as they are called', () => {
  expect(checkModel(division())).toEqual({ nodes: 1 })
  expect(checkModel(model(withNodes(node('If', ['c'], ['y'], '', graphAttribute(withNodes(relu, relu))))))).toEqual({ nodes: 3 })
  const calls = model(withNodes(node('F', ['x'], ['y'], 'own'), node('F', ['x'], ['y'], 'own')), fn('own', 'F', relu, relu, relu))
  expect(checkModel(calls)).toEqual({ nodes: 2 + 6 })
})

test('weights outside the file are refused wherever a tensor can stand', () => {
  const ext = externalTensor('w', 'keys/node.key', 32)
  const attribute = (field: number, ...parts: Uint8Array[]): Uint8Array => concatBytes(text(1, 'value'), bytes(field, ...parts))
  const places: readonly Uint8Array[] = [
    model(graph([relu], ...io, [ext])),
    model(concatBytes(withNodes(relu), bytes(15, bytes(1, ext)))),
    model(concatBytes(withNodes(relu), bytes(15, bytes(2, ext)))),
    ...[5, 10].map((f) => model(withNodes(node('Constant', [], ['y'], '', attribute(f, ext))))),
    ...[22, 23].map((f) => model(withNodes(node('Constant', [], ['y'], '', attribute(f, bytes(1, ext)))))),
    model(withNodes(node('If', ['c'], ['y'], '', graphAttribute(graph([relu], ...io, [ext]))))),
    model(withNodes(relu), fn('own', 'F', node('Constant', [], ['y'], '', attribute(5, ext)))),
    model(withNodes(relu), bytes(25, text(1, 'F'), bytes(11, attribute(5, ext)))),
    // a second graph field is merged into the first by protobuf
    model(withNodes(relu), bytes(7, bytes(5, ext))),
    // the location alone, without data_location
    model(graph([relu], ...io, [concatBytes(int(2, 1), bytes(13, text(1, 'location'), text(2, 'f')))])),
    model(graph([relu], ...io, [concatBytes(int(2, 1), int(14, 1))])),
  ]
  for (const place of places) expect(() => checkModel(place)).toThrow(refused(/outside its file/))
})

test('a name with a zero byte is refused wherever a value is named: runtimes in C would end it there', () => {
  const named = (input: string, taken: string, output: string, weight: string): Uint8Array =>
    model(
      graph(
        [node('Add', [taken, 'w'], [output])],
        [value(input, 1, [1])],
        [value('y', 1, [1])],
        [concatBytes(int(1, 1), int(2, 1), text(8, weight), bytes(9, new Uint8Array(4)))],
      ),
    )
  expect(checkModel(named('x', 'x', 'y', 'w')).nodes).toBe(1)
  for (const [input, taken, output, weight] of [
    ['x\0a', 'x', 'y', 'w'],
    ['x', 'x\0', 'y', 'w'],
    ['x', 'x', '\0y', 'w'],
    ['x', 'x', 'y', 'w\0v'],
  ] as const)
    expect(() => checkModel(named(input, taken, output, weight))).toThrow(refused(/zero byte/))
  expect(() => checkModel(model(graph([relu], [value('x', 1, [1])], [value('y\0', 1, [1])])))).toThrow(refused(/zero byte/))
})

test('random, unbounded and outside operators are refused by name, at any depth', () => {
  for (const op of ['RandomUniform', 'RandomNormalLike', 'Multinomial', 'Bernoulli', 'Loop', 'EPContext']) {
    const n = node(op, ['x'], ['y'])
    for (const m of [
      model(withNodes(n)),
      model(withNodes(node('If', ['c'], ['y'], '', graphAttribute(withNodes(n))))),
      model(withNodes(relu), fn('own', 'F', n)),
    ]) {
      expect(() => checkModel(m)).toThrow(refused(new RegExp(op)))
    }
  }
})

test('functions that call themselves, or blow up when expanded, are refused before a runtime expands them', () => {
  const call = (name: string, domain = 'own') => node(name, ['x'], ['y'], domain)
  expect(() => checkModel(model(withNodes(call('A')), fn('own', 'A', call('B')), fn('own', 'B', call('A'))))).toThrow(
    refused(/calls itself/),
  )
  const laughs = Array.from({ length: 30 }, (_, i) => fn('own', `L${i}`, call(`L${i + 1}`), call(`L${i + 1}`)))
  expect(() => checkModel(model(withNodes(call('L0')), ...laughs, fn('own', 'L30', relu)))).toThrow(
    expect.objectContaining({ limit: 'modelNodes' }),
  )
  // both spellings of the default domain are one
  expect(() => checkModel(model(withNodes(call('A', '')), fn('ai.onnx', 'A', call('A', ''))))).toThrow(refused(/calls itself/))
  expect(() => checkModel(model(withNodes(relu), fn('own', 'A', relu), fn('own', 'A', relu)))).toThrow(refused(/twice/))
})

test('limits hold one over, and not before', () => {
  let nested = withNodes(relu)
  for (let i = 0; i < LIMITS.modelDepth; i++) nested = withNodes(node('If', ['c'], ['y'], '', graphAttribute(nested)))
  expect(checkModel(model(nested)).nodes).toBe(LIMITS.modelDepth + 1)
  expect(() => checkModel(model(withNodes(node('If', ['c'], ['y'], '', graphAttribute(nested)))))).toThrow(
    expect.objectContaining({ limit: 'modelDepth' }),
  )
  const many = (n: number): Uint8Array => model(concatBytes(withNodes(relu), repeat(bytes(1, relu), n - 1)))
  expect(checkModel(many(LIMITS.modelNodes)).nodes).toBe(LIMITS.modelNodes)
  expect(() => checkModel(many(LIMITS.modelNodes + 1))).toThrow(expect.objectContaining({ limit: 'modelNodes' }))
  expect(() => checkModel(new Uint8Array(LIMITS.modelBytes + 1))).toThrow(expect.objectContaining({ limit: 'modelBytes' }))
})

test('training graphs, the ORT format, foreign domains and files without a graph are refused', () => {
  expect(() => checkModel(model(withNodes(relu), bytes(20, bytes(1, withNodes(relu)))))).toThrow(refused(/training/))
  expect(() => checkModel(concatBytes(Uint8Array.of(24, 0, 0, 0), utf8('ORTM'), new Uint8Array(40)))).toThrow(refused(/ORT format/))
  expect(() => checkModel(model(withNodes(node('Poly', ['x'], ['y'], 'com.example'))))).toThrow(refused(/com.example:Poly/))
  expect(() => checkModel(int(1, 8))).toThrow(refused(/no graph/))
})

test('arbitrary and mutated bytes give a summary or model_invalid, never another error', () => {
  const valid = model(withNodes(node('If', ['c'], ['y'], '', graphAttribute(withNodes(relu)))), fn('own', 'F', relu))
  const mutated = fc.tuple(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length)).map(([at, to, end]) => {
    const copy = valid.slice(0, Math.max(end, at + 1))
    copy[at] = to
    return copy
  })
  const property = fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (m) => {
    try {
      return checkModel(m).nodes >= 0
    } catch (error) {
      return isUtnetError(error, 'model_invalid')
    }
  })
  expect(() => fc.assert(property, { numRuns: 2000 })).not.toThrow()
})
