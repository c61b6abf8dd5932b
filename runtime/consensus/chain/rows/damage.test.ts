import { expect, test } from 'vitest'
import { concatBytes, toHex, utf8, UtnetError, type Kv } from '../../../core/index.ts'
import { simulatedKv } from '../../testing/test-kit.ts'
import { mayContain } from '../../block/index.ts'
import { deleted, namedRows, unlessDamaged } from './damage.ts'
import { encodeList, printsKey } from './rows.ts'
import { windowRows } from './windows.ts'

const row = (letter: string): Uint8Array => concatBytes(utf8(letter), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 3))
const of = (key: Uint8Array, code: 'data_corrupt' | 'node_internal' = 'data_corrupt'): UtnetError =>
  new UtnetError(code, 'it', { details: { row: toHex(key) } })
const thrower = (error: unknown) => (): never => {
  throw error
}

test('only damage is done without: whatever else a store throws goes on to whoever asks', () => {
  const others = [of(row('t'), 'node_internal'), new Error('closed')]
  for (const error of others) {
    expect(() => unlessDamaged(thrower(error), undefined)).toThrow(error)
    expect(() => deleted(thrower(error))).toThrow(error)
    const kv = namedRows({ ...simulatedKv(), get: thrower(error) } as Kv)
    expect(() => kv.get(row('t'))).toThrow(error)
  }
  expect(unlessDamaged(thrower(of(row('t'))), 'instead')).toBe('instead')
  expect(deleted(thrower(of(row('t'))))).toEqual([[row('t'), undefined]])
  const unnamed = new UtnetError('data_corrupt', 'damaged')
  expect(() => deleted(thrower(unnamed))).toThrow(unnamed)
})

test.each([
  ['n', 'a page of the state'],
  ['v', 'a value of the state'],
  ['m', 'the mark of the head'],
  ['R', 'a row of state roots'],
  ['S', 'the set of an epoch'],
  ['l', 'the note of what was signed'],
  ['p', 'the block that was voted for'],
  ['?', 'a row of the chain'],
])('a damaged row %s is told as %s, whether it is looked up or passed', async (letter, name) => {
  const key = row(letter)
  const kv = simulatedKv()
  await kv.commit([[key, Uint8Array.of(1)]])
  const named = namedRows({ ...kv, get: thrower(of(key)), range: thrower(of(key)) } as Kv)
  const told = expect.objectContaining({
    code: 'data_corrupt',
    message: `${name} is damaged on the disk`,
    details: { row: toHex(key) },
  }) as Error
  expect(() => named.get(key)).toThrow(told)
  expect(() => [...named.range(key, utf8('~'))]).toThrow(told)
})

test('fingerprints of one block that are damaged: its window has no filter, which could pass over what is there', async () => {
  const kv = simulatedKv()
  const print = (height: number): Uint8Array => Uint8Array.of(0, 1, 2, 3, 4, 5, 6, height)
  await kv.commit(Array.from({ length: 63 }, (_, height) => [printsKey(height), encodeList([print(height)])] as const))
  const [[, filter]] = windowRows(kv, 63, [print(63)]) as [[Uint8Array, Uint8Array]]
  for (let height = 0; height < 64; height++) expect(mayContain(filter, print(height))).toBe(true)
  const damaged = { get: (key: Uint8Array) => (toHex(key) === toHex(printsKey(20)) ? thrower(of(key))() : kv.get(key)) }
  expect(windowRows(damaged, 63, [print(63)])).toEqual([])
})
