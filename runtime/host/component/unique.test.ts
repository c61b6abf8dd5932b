import { expect, test } from 'vitest'
import { isUtnetError } from '../../core/index.ts'
import { readComponent } from './reader.ts'

/** Names as WebAssembly has them: their length before them. */
const name = (text: string): number[] => [text.length, ...Buffer.from(text)]
const section = (id: number, ...content: readonly number[]): number[] => [id, content.length, ...content]
const component = (...sections: readonly number[][]): Uint8Array => new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, ...sections.flat()])

const U8 = 0x7d
const type = (...content: readonly number[]): number[] => section(7, 1, ...content)
const MODULE = section(1, 0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
const IMPORT_TYPE = (text: string): number[] => [0, ...name(text), 3, 0, 0]

// [what, bytes by two names]
test.each([
  ['a field of a record', (a, b) => component(type(0x72, 2, ...name(a), U8, ...name(b), U8))],
  ['a case of a variant', (a, b) => component(type(0x71, 2, ...name(a), 0, 0, ...name(b), 0, 0))],
  ['a name of flags', (a, b) => component(type(0x6e, 2, ...name(a), ...name(b)))],
  ['a name of an enum', (a, b) => component(type(0x6d, 2, ...name(a), ...name(b)))],
  ['a parameter', (a, b) => component(type(0x40, 2, ...name(a), U8, ...name(b), U8, 0, U8))],
  ['an import', (a, b) => component(type(U8), section(10, 2, ...IMPORT_TYPE(a), ...IMPORT_TYPE(b)))],
  ['an item of an instance', (a, b) => component(type(U8), section(5, 1, 1, 2, 0, ...name(a), 3, 0, 0, ...name(b), 3, 0))],
  [
    'an item of a core instance',
    (a, b) =>
      component(
        MODULE,
        section(2, 1, 0, 0, 0),
        section(6, 1, 0, 0, 1, 0, ...name('f')),
        section(2, 1, 1, 2, ...name(a), 0, 0, ...name(b), 0, 0),
      ),
  ],
  ['an argument of a core instance', (a, b) => component(MODULE, section(2, 2, 1, 0, 0, 0, 2, ...name(a), 0x12, 0, ...name(b), 0x12, 0))],
] as const satisfies readonly (readonly [string, (a: string, b: string) => Uint8Array])[])('%s stands once', (_, of) => {
  const refusal = (a: string, b: string): string => {
    try {
      readComponent(of(a, b))
      return 'read'
    } catch (error) {
      if (isUtnetError(error, 'guest_invalid')) return error.message
      throw error
    }
  }
  expect(refusal('one', 'one')).toMatch(/twice/)
  expect(refusal('one', 'two')).toBe('read')
})

test('canonical options: each stands once, and a post-return with what is lifted only', () => {
  const core = section(
    1,
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    1,
    4,
    1,
    0x60,
    0,
    0,
    3,
    2,
    1,
    0,
    7,
    5,
    1,
    ...name('f'),
    0,
    0,
    10,
    4,
    1,
    2,
    0,
    0x0b,
  )
  const begin = [core, section(2, 1, 0, 0, 0), section(6, 1, 0, 0, 1, 0, ...name('f')), type(0x40, 0, 1, 0)]
  const lift = (...options: readonly number[]): number[] => section(8, 1, 0, 0, 0, ...options, 0)
  const lower = (...options: readonly number[]): number[] => section(8, 1, 1, 0, 0, ...options)
  const [none, utf8, utf16, postReturn] = [[0], [1, 0], [1, 1], [1, 5, 0]]
  for (const [options, taken] of [
    [none, utf8],
    [utf16, none],
    [postReturn, utf8],
  ] as const)
    readComponent(component(...begin, lift(...options), lower(...taken)))
  const twice = [
    [2, 0, 0],
    [2, 0, 1],
    [2, 5, 0, 5, 0],
  ]
  for (const options of twice) expect(() => readComponent(component(...begin, lift(...options)))).toThrow(/stands twice/)
  expect(() => readComponent(component(...begin, lift(...none), lower(...postReturn)))).toThrow(/not allowed here/)
  // Those of asynchronous functions and of garbage collection
  for (const option of [6, 7, 8, 9]) expect(() => readComponent(component(...begin, lift(1, option, 0)))).toThrow(/not allowed here/)
})

test('a label is in kebab case, word by word', () => {
  const read = (label: string): unknown => readComponent(component(type(0x71, 1, ...name(label), 0, 0)))
  for (const label of ['a', 'a-b2', 'HTTP-request', 'a-B', 'x-3-y']) expect(read(label), label).toBeDefined()
  for (const label of ['', 'aB', 'Ab', 'a-bC', '3a', 'a--b', 'a-', 'a b', 'a_b'])
    expect(() => read(label), label).toThrow(
      expect.objectContaining({ code: 'guest_invalid', message: expect.stringContaining('bad label') as string }),
    )
})
