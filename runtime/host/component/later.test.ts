/** What WASI 0.3 and later versions of the component model are made of is refused by its name, so that an author knows what to build without. */
import { expect, test } from 'vitest'
import { readComponent } from './reader.ts'

const section = (id: number, ...content: readonly number[]): Uint8Array =>
  new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, id, content.length, ...content])

test.each([
  ['an async function', section(7, 1, 0x43, 0, 1, 0)],
  ['a map', section(7, 1, 0x63, 0x73, 0x7d)],
  ['an error-context', section(7, 1, 0x64)],
  ['a future', section(7, 1, 0x65, 0)],
  ['a stream', section(7, 1, 0x66, 1, 0x7d)],
  ['a list of fixed length', section(7, 1, 0x67, 0x7d, 4)],
  ['async functions or threads', section(8, 1, 0x24)],
  ['core types', section(3, 1, 0x60, 0, 0)],
  ['a start function', section(9, 0, 0, 0)],
  ['values', section(12, 0)],
])('%s', (what, bytes) => {
  expect(() => readComponent(bytes)).toThrow(
    expect.objectContaining({ code: 'guest_invalid', message: expect.stringContaining(what) as string }),
  )
})
