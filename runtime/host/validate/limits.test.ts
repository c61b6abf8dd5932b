import { expect, test } from 'vitest'
import { isUtnetError, LIMITS, type LimitName } from '../../core/index.ts'
import { inspectGuest } from '../index.ts'
import { leb, moduleOfCode } from '../testing/code.ts'

const joined = (parts: readonly (readonly number[])[]): number[] => {
  const out: number[] = []
  for (const part of parts) for (const byte of part) out.push(byte)
  return out
}
const section = (id: number, content: readonly number[]): number[] => joined([[id], leb(content.length), content])
const repeat = (n: number, item: (i: number) => readonly number[]): number[] =>
  joined([leb(n), ...Array.from({ length: n }, (_, i) => item(i))])
const module = (...sections: readonly (readonly number[])[]): Uint8Array =>
  Uint8Array.from(joined([[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], ...sections]))
const text = (name: string): number[] => [name.length, ...Buffer.from(name)]

const TYPE = section(1, [1, 0x60, 0, 0])
const ONE_FUNCTION = section(3, [1, 0])
const body = (locals: readonly number[], code: readonly number[]): number[] => {
  const bytes = joined([locals, code, [0x0b]])
  return section(10, joined([[1], leb(bytes.length), bytes]))
}

/** A module that has `n` of what the limit counts, and nothing else to speak of. */
const WITH: Partial<Record<LimitName, (n: number) => Uint8Array>> = {
  moduleTypes: (n) =>
    module(
      section(
        1,
        repeat(n, () => [0x60, 0, 0]),
      ),
    ),
  moduleTypeParams: (n) => module(section(1, joined([[1, 0x60], repeat(n, () => [0x7f]), [0]]))),
  moduleTypeResults: (n) => module(section(1, joined([[1, 0x60, 0], repeat(n, () => [0x7f])]))),
  moduleImports: (n) =>
    module(
      TYPE,
      section(
        2,
        repeat(n, () => [...text('a'), ...text('b'), 0, 0]),
      ),
    ),
  moduleFunctions: (n) =>
    module(
      TYPE,
      section(
        3,
        repeat(n, () => [0]),
      ),
      section(
        10,
        repeat(n, () => [2, 0, 0x0b]),
      ),
    ),
  moduleGlobals: (n) =>
    module(
      section(
        6,
        repeat(n, () => [0x7f, 0, 0x41, 0, 0x0b]),
      ),
    ),
  moduleExports: (n) =>
    module(
      TYPE,
      ONE_FUNCTION,
      section(
        7,
        repeat(n, (i) => [...text(`e${i}`), 0, 0]),
      ),
      body([0], []),
    ),
  moduleElementSegments: (n) =>
    module(
      section(4, [1, 0x70, 0, 1]),
      section(
        9,
        repeat(n, () => [0, 0x41, 0, 0x0b, 0]),
      ),
    ),
  moduleDataSegments: (n) =>
    module(
      section(5, [1, 0, 1]),
      section(
        11,
        repeat(n, () => [0, 0x41, 0, 0x0b, 0]),
      ),
    ),
  moduleTableEntries: (n) => module(section(4, joined([[1, 0x70, 0], leb(n)]))),
  memoryPages: (n) => module(section(5, joined([[1, 0], leb(n)]))),
  moduleLocals: (n) => module(TYPE, ONE_FUNCTION, body(joined([[1], leb(n), [0x7f]]), [])),
  moduleFunctionBytes: (n) =>
    module(
      TYPE,
      ONE_FUNCTION,
      body(
        [0],
        Array.from({ length: n - 2 }, () => 0x01),
      ),
    ),
}

test.each(Object.entries(WITH))('%s: the limit itself passes, one over is refused by name', (name, make) => {
  const limit = LIMITS[name as LimitName]
  expect(inspectGuest(make(limit)).kind).toBe('module')
  let thrown: unknown
  try {
    inspectGuest(make(limit + 1))
  } catch (error) {
    thrown = error
  }
  expect(isUtnetError(thrown, 'guest_invalid')).toBe(true)
  expect(JSON.stringify(thrown, ['limit', 'message', 'details', 'rule'])).toContain(name)
})

test('componentCodeBytes: bodies of so many bytes pass, one byte more is refused by name', () => {
  const limit = LIMITS.componentCodeBytes
  expect(inspectGuest(moduleOfCode(limit)).limits['componentCodeBytes']).toEqual({ used: limit, allowed: limit })
  expect(() => inspectGuest(moduleOfCode(limit + 1))).toThrow(
    expect.objectContaining({ code: 'guest_invalid', limit: 'componentCodeBytes', used: limit + 1, allowed: limit }) as Error,
  )
})

test('moduleBlockDepth: nesting one over is refused', () => {
  const nested = (n: number): Uint8Array =>
    module(
      TYPE,
      ONE_FUNCTION,
      body([0], joined([...Array.from({ length: n }, () => [0x02, 0x40]), ...Array.from({ length: n }, () => [0x0b])])),
    )
  expect(inspectGuest(nested(LIMITS.moduleBlockDepth)).kind).toBe('module')
  expect(() => inspectGuest(nested(LIMITS.moduleBlockDepth + 1))).toThrowError(/moduleBlockDepth|nest|deep/)
})
