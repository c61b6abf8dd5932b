/** Files that someone made to hurt, or that broke on the way: each is refused with a code, in bounded time. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytes, externalTensor, graph, int, model, node, text, value } from '../../../test/compliance/onnx-models.ts'
import { concatBytes, isUtnetError, LIMITS, utf8 } from '../../core/index.ts'
import { fuse, readModel, writeModel } from './index.ts'

const x = [value('x', 1, [1, 1, 4])]
const y = [value('y', 1, [1, 1, 4])]
const floats = (...values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)
const weights = concatBytes(int(1, 1), int(1, 1), int(1, 1), int(2, 1), text(8, 'w'), bytes(9, floats(2)))
const branch = graph([node('Neg', ['c'], ['n'])], [], [value('n', 1, [])])
const attribute = (name: string, ...parts: Uint8Array[]): Uint8Array => concatBytes(text(1, name), ...parts)
/** A little of everything that a file can have. */
const small = model(
  graph(
    [
      node('Constant', [], ['flag'], '', attribute('value', bytes(5, int(2, 9), bytes(5, Uint8Array.of(1))), int(20, 4))),
      node('Conv', ['x', 'w'], ['c'], '', attribute('pads', bytes(8, Uint8Array.of(0, 0)), int(20, 7))),
      node(
        'If',
        ['flag'],
        ['n'],
        '',
        attribute('then_branch', bytes(6, branch), int(20, 5)),
        attribute('else_branch', bytes(6, branch), int(20, 5)),
      ),
      node('F', ['n'], ['y'], 'own'),
    ],
    x,
    y,
    [weights],
  ),
  bytes(8, text(1, 'own'), int(2, 1)),
  bytes(25, text(1, 'F'), text(4, 'a'), text(5, 'b'), bytes(7, node('Relu', ['a'], ['b'])), text(10, 'own')),
)
const CODES = ['model_invalid', 'core_too_large', 'operator_unsupported'] as const

/** Whether reading, rewriting and writing ends in a model or a coded refusal. */
function holds(file: Uint8Array): boolean {
  try {
    readModel(writeModel(fuse(readModel(file))))
    return true
  } catch (error) {
    if (CODES.some((code) => isUtnetError(error, code))) return true
    throw error
  }
}

test('the model that the others are made of is whole', () => {
  const read = readModel(small).graph
  expect(read.nodes.map((n) => n.op)).toEqual(['Conv', 'Neg', 'Relu'])
  expect([...read.constants.keys()]).toEqual(['w', 'flag'])
})

test('cut at every byte, it is refused or, where a field ends, another model: never another error', () => {
  for (let end = 0; end < small.length; end++) expect(holds(small.subarray(0, end)), `cut at ${end}`).toBe(true)
})

test('with any byte changed, added or taken away: a model or a coded refusal', () => {
  const edit = fc.tuple(fc.nat(small.length - 1), fc.nat(2), fc.nat(255)).map(([at, how, byte]) => {
    if (how === 0) return concatBytes(small.subarray(0, at), Uint8Array.of(byte), small.subarray(at + 1))
    if (how === 1) return concatBytes(small.subarray(0, at), Uint8Array.of(byte), small.subarray(at))
    return concatBytes(small.subarray(0, at), small.subarray(at + 1))
  })
  expect(() => fc.assert(fc.property(edit, holds), { numRuns: 3000 })).not.toThrow()
})

test('fields of any number, wire type and content, nested and out of place', () => {
  const field = fc.tuple(fc.integer({ min: 1, max: 26 }), fc.constantFrom(0, 1, 2, 5))
  const { message } = fc.letrec<{ message: Uint8Array; part: Uint8Array }>((tie) => ({
    message: fc.array(tie('part'), { maxLength: 6 }).map((parts) => concatBytes(...parts)),
    part: fc.oneof(
      { depthSize: 'small' },
      fc
        .tuple(field, fc.uint8Array({ minLength: 8, maxLength: 8 }))
        .map(([[number, wire], data]) =>
          wire === 0
            ? int(number, data[0] as number)
            : concatBytes(
                Uint8Array.of(...(number > 15 ? [((number * 8 + wire) & 127) | 128, (number * 8 + wire) >> 7] : [number * 8 + wire])),
                wire === 2 ? concatBytes(Uint8Array.of(8), data) : data.subarray(0, wire === 1 ? 8 : 4),
              ),
        ),
      fc.tuple(fc.integer({ min: 1, max: 26 }), tie('message')).map(([number, inner]) => bytes(number, inner)),
    ),
  }))
  const around = fc
    .tuple(message, message)
    .map(([g, m]) => concatBytes(model(concatBytes(graph([node('Relu', ['x'], ['y'])], x, y), g)), m))
  expect(() => fc.assert(fc.property(around, holds), { numRuns: 2000 })).not.toThrow()
})

const code = (file: Uint8Array): string | undefined => {
  try {
    readModel(file)
    return 'none'
  } catch (error) {
    return isUtnetError(error) ? error.code : String(error)
  }
}

test('weights outside the file, text that is no UTF-8, deep nesting, and lengths that lie are refused', () => {
  expect(code(model(graph([node('Relu', ['x'], ['y'])], x, y, [externalTensor('w', 'keys/node.key', 4)])))).toBe('model_invalid')
  expect(code(model(graph([concatBytes(bytes(1, Uint8Array.of(0xff)), text(2, 'y'), text(4, 'Relu'))], x, y)))).toBe('model_invalid')
  expect(
    code(model(graph([node('Relu', ['x'], ['y'], '', concatBytes(text(1, 's'), bytes(4, Uint8Array.of(0xc3)), int(20, 3)))], x, y))),
  ).toBe('model_invalid')
  let nested = graph([node('Relu', ['x'], ['r'])], [], [value('r', 1, [1])])
  for (let i = 0; i < LIMITS.modelDepth + 1; i++)
    nested = graph([node('If', ['x'], ['r'], '', attribute('then_branch', bytes(6, nested)))], [], [value('r', 1, [1])])
  expect(code(model(graph([node('If', ['x'], ['y'], '', attribute('then_branch', bytes(6, nested)))], x, y)))).toBe('model_invalid')
  // a field of 4 GiB in a file of 40 bytes
  expect(code(concatBytes(small.subarray(0, 20), Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f)))).toBe('model_invalid')
  // groups, which nothing uses and some readers recurse into
  expect(code(concatBytes(small, Uint8Array.of(0x0b)))).toBe('model_invalid')
  expect(code(concatBytes(utf8('not a model'), new Uint8Array(100)))).toBe('model_invalid')
})

test('a tensor under another wire type hides nothing from the check: both walk the file with the same code', () => {
  const outside = concatBytes(int(2, 1), text(8, 'w'), int(14, 1))
  const file = model(concatBytes(graph([node('Relu', ['x'], ['y'])], x, y), Uint8Array.of(5 << 3, outside.length), outside))
  const read = code(file)
  expect(['none', 'model_invalid']).toContain(read)
  if (read === 'none') expect(readModel(file).graph.constants.size).toBe(0)
})

const repeated = (part: Uint8Array, n: number): Uint8Array => {
  const out = new Uint8Array(part.length * n)
  for (let i = 0; i < n; i++) out.set(part, i * part.length)
  return out
}

test('as many nodes as there may be are read; small messages by the million, and functions that multiply, are refused before they cost memory', () => {
  const chain = Array.from({ length: LIMITS.modelNodes }, (_, i) =>
    node('Relu', [i === 0 ? 'x' : `v${i}`], [i === LIMITS.modelNodes - 1 ? 'y' : `v${i + 1}`]),
  )
  expect(readModel(model(graph(chain, x, y))).graph.nodes).toHaveLength(LIMITS.modelNodes)
  const relu = node('Relu', ['x'], ['y'])
  // empty attributes: a general reader makes 1.5 GiB of objects of 8 MiB of them
  const limited = (file: Uint8Array) =>
    expect(() => readModel(file)).toThrow(expect.objectContaining({ code: 'model_invalid', limit: 'modelItems' }))
  limited(model(graph([concatBytes(relu, repeated(bytes(5), 1 << 21))], x, y)))
  limited(model(concatBytes(graph([relu], x, y), repeated(bytes(5, int(2, 1)), 1 << 21))))
  // 2^23 elements in a list for a tensor of one
  expect(code(model(graph([relu], x, y, [concatBytes(int(1, 1), int(2, 7), text(8, 'w'), bytes(7, new Uint8Array(1 << 23)))])))).toBe(
    'model_invalid',
  )
  // a body of constants, called until it would be millions
  const constants = Array.from({ length: 3000 }, (_, i) => bytes(5, int(2, 1), text(8, `k${i}`), bytes(9, floats(1))))
  const inner = concatBytes(graph([node('Relu', ['a'], ['r'])], [], [value('r', 1, [1])]), ...constants)
  const fn = bytes(
    25,
    text(1, 'F'),
    text(4, 'a'),
    text(5, 'b'),
    bytes(7, node('If', ['a'], ['b'], '', attribute('then_branch', bytes(6, inner)))),
    text(10, 'own'),
  )
  const calls = Array.from({ length: 20_000 }, (_, i) => node('F', ['x'], [`c${i}`], 'own'))
  limited(model(graph([...calls, relu], x, y), bytes(8, text(1, 'own'), int(2, 1)), fn))
})

test('a model whose repeated constants would make too large a file is not written', () => {
  const big = { dtype: 'u8', shape: [LIMITS.tensorElements], data: new Uint8Array(LIMITS.tensorElements) } as const
  const read = readModel(small)
  const constants = new Map([...read.graph.constants, ...Array.from({ length: 4 }, (_, i) => [`big${i}`, big] as const)])
  expect(() => writeModel({ ...read, graph: { ...read.graph, constants } })).toThrow(
    expect.objectContaining({ code: 'core_too_large', limit: 'modelBytes' }),
  )
})
