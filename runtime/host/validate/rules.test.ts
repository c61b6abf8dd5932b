/** Bytes that no text tool makes: the binary form itself, each fault refused by its rule, with its place. */
import { expect, test } from 'vitest'
import { isUtnetError, LIMITS } from '../../core/index.ts'
import { prepareModule } from '../prepare/index.ts'
import { readModule, Writer } from '../wasm/index.ts'
import { whitelistBytes } from './index.ts'

const module = (...sections: readonly (readonly [number, readonly number[]])[]): Uint8Array => {
  const w = new Writer().u8(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
  for (const [id, content] of sections) w.section(id, Uint8Array.from(content))
  return w.bytes()
}
const TYPE = [1, [1, 0x60, 0, 0]] as const
const FUNCTION = [3, [1, 0]] as const
const MEMORY = [5, [1, 0, 1]] as const
const code = (...instructions: readonly number[]): readonly [number, readonly number[]] => [
  10,
  [1, instructions.length + 2, 0, ...instructions, 0x0b],
]
const withCode = (...instructions: readonly number[]): Uint8Array => module(TYPE, FUNCTION, MEMORY, code(...instructions))

function details(bytes: Uint8Array): { rule: string; offset: number; function?: number } {
  try {
    whitelistBytes(bytes)
  } catch (error) {
    if (isUtnetError(error, 'guest_invalid')) return error.details as { rule: string; offset: number; function?: number }
    throw error
  }
  throw new Error('nothing was refused')
}

type Bad = readonly [rule: string, what: string, bytes: Uint8Array, fn?: number]
const BAD: readonly Bad[] = [
  // features
  ['threads', 'an atomic wait', withCode(0x41, 0, 0x41, 0, 0x42, 0, 0xfe, 0x01, 2, 0, 0x1a), 0],
  ['shared-memory', 'a shared memory', module([5, [1, 3, 1, 1]])],
  ['relaxed-simd', 'a relaxed instruction', withCode(0xfd, 0x80, 0x02), 0],
  ['memory64', 'a 64-bit memory', module([5, [1, 4, 1]])],
  ['format', 'a memory of another page size', module([5, [1, 8, 1, 0]])],
  ['multi-memory', 'two memories', module([5, [2, 0, 1, 0, 1]])],
  ['multi-memory', 'a load from a second memory', withCode(0x41, 0, 0x28, 0x42, 1, 0, 0x1a), 0],
  ['multi-memory', 'the size of a second memory', withCode(0x3f, 1, 0x1a), 0],
  ['multi-memory', 'data of a second memory', module(MEMORY, [11, [1, 2, 1, 0x41, 0, 0x0b, 0]])],
  ['multi-memory', 'elements of a second table', module([4, [2, 0x70, 0, 1, 0x70, 0, 1]], [9, [1, 2, 1, 0x41, 0, 0x0b, 0, 0]])],
  ['gc', 'a struct', module([1, [1, 0x5f, 0]])],
  ['gc', 'an array', module([1, [1, 0x5e, 0x7f, 0]])],
  ['gc', 'a group of types', module([1, [1, 0x4e, 0]])],
  ['gc', 'a final type', module([1, [1, 0x4f, 0, 0x60, 0, 0]])],
  ['gc', 'a reference to a type', module([1, [1, 0x60, 1, 0x64, 0, 0]])],
  ['gc', 'a string reference', module([1, [1, 0x60, 1, 0x67, 0]])],
  ['gc', 'an allocation', withCode(0xfb, 0, 0), 0],
  ['gc', 'a string constant', withCode(0xfb, 0x82, 0x01, 0), 0],
  ['gc', 'a call by reference', withCode(0x14, 0), 0],
  ['gc', 'a table with an initial value', module([4, [1, 0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x0b]])],
  ['exceptions', 'a tag', module(TYPE, [13, [1, 0, 0]])],
  ['exceptions', 'a throw', withCode(0x08, 0), 0],
  ['exceptions', 'a try', withCode(0x06, 0x40, 0x0b), 0],
  ['exceptions', 'a try table', withCode(0x1f, 0x40, 0, 0x0b), 0],
  ['exceptions', 'an exception reference', module([1, [1, 0x60, 1, 0x69, 0]])],
  ['tail-calls', 'a call that returns', withCode(0x12, 0), 0],
  ['tail-calls', 'an indirect call that returns', withCode(0x41, 0, 0x13, 0, 0), 0],
  ['opcode', 'wide arithmetic', withCode(0xfc, 19), 0],
  ['opcode', 'a discarded memory', withCode(0x41, 0, 0x41, 0, 0xfc, 18, 0), 0],
  ['opcode', 'a new continuation', withCode(0xe0, 0), 0],
  ['opcode', 'a resumed continuation', withCode(0xe3, 0, 0), 0],
  ['opcode', 'an instruction of no prefix', withCode(0xfc, 0xff, 0x7f), 0],
  ['relaxed-simd', 'an instruction behind the vectors', withCode(0xfd, 0xff, 0xff, 3), 0],
  ['memory64', 'a 64-bit table', module([4, [1, 0x70, 4, 1]])],
  ['shared-memory', 'a shared table', module([4, [1, 0x70, 3, 1, 1]])],
  ['gc', 'a continuation type', module([1, [1, 0x5d, 0]])],
  ['gc', 'a subtype', module([1, [1, 0x50, 0, 0x60, 0, 0]])],
  ['gc', 'a shared type', module([1, [1, 0x65, 0x60, 0, 0]])],
  ['gc', 'a type of a descriptor', module([1, [1, 0x4d, 0, 0x60, 0, 0]])],
  ['gc', 'a null of any reference', withCode(0xd0, 0x6e, 0x1a), 0],
  ['tail-calls', 'a call by reference that returns', withCode(0x15, 0), 0],
  ['exceptions', 'a rethrow', withCode(0x09, 0), 0],
  ['exceptions', 'a delegate', withCode(0x18, 0), 0],
  ['exceptions', 'a throw of a reference', withCode(0x0a), 0],
  ['import', 'the gas counter', module([2, [1, 5, 117, 116, 110, 101, 116, 3, 103, 97, 115, 3, 0x7e, 1]])],
  ['import', 'a name that is reserved', module(TYPE, [2, [1, 1, 97, 6, 117, 116, 110, 101, 116, 58, 0, 0]])],
  ['exceptions', 'an imported tag', module(TYPE, [2, [1, 1, 97, 1, 97, 4, 0, 0]])],
  ['format', 'a module that is a component', Uint8Array.of(0, 0x61, 0x73, 0x6d, 13, 0, 1, 0)],
  ['format', 'compact imports', module(TYPE, [2, [1, 1, 97, 0, 0x7f, 1, 1, 98, 0, 0]])],
  ['format', 'the size of a memory by a long zero', withCode(0x3f, 0x80, 0, 0x1a), 0],
  ['format', 'growth of a memory by a long zero', withCode(0x41, 0, 0x40, 0x80, 0x80, 0, 0x1a), 0],
  ['format', 'copying in a memory by a long zero', withCode(0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 10, 0, 0x80, 0), 0],
  ['opcode', 'an instruction that nobody knows', withCode(0x27), 0],
  ['const-expression', 'arithmetic in a constant', module([6, [1, 0x7f, 0, 0x41, 1, 0x41, 1, 0x6a, 0x0b]])],
  ['const-expression', 'a global that begins with another of the module', module([6, [2, 0x7f, 0, 0x41, 1, 0x0b, 0x7f, 0, 0x23, 0, 0x0b]])],
  [
    'const-expression',
    'data at a place that may change',
    module([2, [1, 1, 97, 1, 97, 3, 0x7f, 1]], MEMORY, [11, [1, 0, 0x23, 0, 0x0b, 0]]),
  ],
  // form
  ['format', 'an integer of six bytes', module([1, [0x81, 0x80, 0x80, 0x80, 0x80, 0]])],
  ['format', 'an integer over 32 bits', module([1, [0x80, 0x80, 0x80, 0x80, 0x10]])],
  ['validation', 'a constant over 32 bits', withCode(0x41, 0x80, 0x80, 0x80, 0x80, 0x40, 0x1a), 0],
  ['format', 'a constant of eleven bytes', withCode(0x42, ...Array.from({ length: 10 }, () => 0x80), 0, 0x1a), 0],
  ['format', 'a section longer than the file', Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 9, 0)],
  ['format', 'a section longer than its content', module([1, [1, 0x60, 0, 0, 0]])],
  ['format', 'bytes behind the last section', Uint8Array.of(...module(TYPE), 0x42)],
  ['format', 'a section twice', module(TYPE, TYPE)],
  ['format', 'sections out of order', module(MEMORY, TYPE)],
  ['format', 'a section that nobody knows', module([14, [0]])],
  ['format', 'a count of more than there is', module([1, [0xff, 0xff, 3]])],
  ['format', 'a function without a body', module(TYPE, FUNCTION)],
  ['format', 'a body without a function', module(TYPE, code())],
  ['format', 'bytes behind the end of a function', module(TYPE, FUNCTION, [10, [1, 4, 0, 0x0b, 0x01, 0x0b]]), 0],
  ['format', 'a function without its end', module(TYPE, FUNCTION, [10, [1, 2, 0, 0x01]]), 0],
  ['format', 'a name that is not UTF-8', module(TYPE, FUNCTION, [7, [1, 1, 0xff, 0, 0]], code())],
  ['format', 'a name over 1024 bytes', module(TYPE, FUNCTION, [7, [1, 0x81, 8, ...Array.from({ length: 1_025 }, () => 97), 0, 0]], code())],
  ['format', 'a custom section without a name', module([0, []])],
  ['format', 'a version of its own', Uint8Array.of(0, 0x61, 0x73, 0x6d, 2, 0, 0, 0)],
  ['format', 'an unknown value type', module([1, [1, 0x60, 1, 0x40, 0]])],
  ['format', 'an unknown type index', module([3, [1, 0]], code())],
  // what the engine's own validation finds
  ['validation', 'an export name twice', module(TYPE, FUNCTION, [7, [2, 1, 97, 0, 0, 1, 97, 0, 0]], code())],
  ['validation', 'an export of nothing', module([7, [1, 1, 97, 0, 5]])],
  ['validation', 'a start function of another type', module([1, [1, 0x60, 1, 0x7f, 0]], FUNCTION, [8, [0]], code())],
  ['validation', 'a data count that is wrong', module(MEMORY, [12, [2]], [11, [1, 1, 0]])],
  ['validation', 'an alignment over the natural one', withCode(0x41, 0, 0x28, 3, 0, 0x1a), 0],
  ['validation', 'a value that is missing', withCode(0x6a, 0x1a), 0],
  ['validation', 'a maximum under the minimum', module([5, [1, 1, 2, 1]])],
]

test.each(BAD.map(([rule, what, bytes, fn]) => ({ rule, what, bytes, fn })))(
  '$rule: $what is refused with its place',
  ({ rule, bytes, fn }) => {
    const found = details(bytes)
    expect(found.rule).toBe(rule)
    expect(found.offset).toBeGreaterThanOrEqual(0)
    expect(found.offset).toBeLessThanOrEqual(bytes.length)
    expect(found.function).toBe(fn)
  },
)

test('places count from the beginning of what was handed in', () => {
  try {
    whitelistBytes(withCode(0xfe, 3, 0), 1_000)
    expect.unreachable()
  } catch (error) {
    expect((error as { details: { offset: number } }).details.offset).toBeGreaterThan(1_000)
  }
})

test('custom sections, branch hints among them, are neither judged nor kept', () => {
  const hint = new Writer().name('metadata.code.branch_hint').u8(1, 0, 1, 2, 1, 1).bytes()
  const bytes = module(TYPE, FUNCTION, [0, [...hint]], code(), [0, [1, 97, 0xff]])
  const { module: read } = whitelistBytes(bytes)
  expect(readModule(prepareModule(read)).sections.filter((s) => s.id === 0)).toEqual([])
})

test('a missing memory maximum is set, a greater one is cut, a smaller one stays', () => {
  const leb = (n: number): number[] => [...new Writer().u32(n).bytes()]
  const max = (content: readonly number[]): number | undefined =>
    readModule(prepareModule(whitelistBytes(module([5, content])).module)).memories[0]?.max
  expect(max([1, 0, 1])).toBe(LIMITS.memoryPages)
  expect(max([1, 1, 1, ...leb(65_536)])).toBe(LIMITS.memoryPages)
  expect(max([1, 1, 1, ...leb(LIMITS.memoryPages)])).toBe(LIMITS.memoryPages)
  expect(max([1, 1, 1, 7])).toBe(7)
  expect(details(module([5, [1, 0, ...leb(LIMITS.memoryPages + 1)]]))).toMatchObject({ rule: 'memory-minimum' })
})
