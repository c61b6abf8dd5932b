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
