import { expect, test } from 'vitest'
import { Arguments, UsageError } from './arguments.ts'

const OPTIONS = { seed: { type: 'string' }, chain: { type: 'boolean' }, without: { type: 'string', multiple: true } } as const

test('options are read as they are meant', () => {
  const args = new Arguments(['--seed', '7', '--chain', '--without', 'locks', '--without', 'time'], OPTIONS)
  expect([args.number('seed', 1, 0), args.has('chain'), args.values('without', ['time', 'locks'])]).toEqual([7, true, ['locks', 'time']])
  expect(new Arguments([], OPTIONS).number('seed', 1, 0)).toBe(1)
  expect(new Arguments(['--seed', '1000000'], OPTIONS).number('seed', 1, 0)).toBe(1_000_000)
})

test('a command line that would check nothing is refused', () => {
  for (const args of [['--colour'], ['--seed'], ['--seed', '--chain'], ['7']])
    expect(() => new Arguments(args, OPTIONS)).toThrow(UsageError)
  for (const text of ['x', '', '0', '1.5', '1e3', '1000001'])
    expect(() => new Arguments(['--seed', text], OPTIONS).number('seed', 1, 1)).toThrow(UsageError)
  expect(() => new Arguments(['--without', 'nothing'], OPTIONS).values('without', ['locks'])).toThrow(/there are locks/)
})
