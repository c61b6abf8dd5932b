import { encode, type SourceMapSegment } from '@jridgewell/sourcemap-codec'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { GuestFrame, RunOutcome, WitValue } from '../../core/index.ts'
import { LIMITS } from '../../core/index.ts'
import { buildText } from '../build/testing/guests.ts'
import type { BuiltGuest } from '../build/index.ts'
import { createHost } from '../run/index.ts'
import { memoryFiles, simulatedEnv } from '../testing/host.ts'
import { readMappings } from './mappings.ts'
import { gasByLine, readSourceMap, sourceOf, type LineGas, type SourceMap } from './index.ts'

const CONTRACT = `import { StorageMap, add, revert } from '@utnet/sdk'
const counts = new StorageMap<string, u64>('c')
function work(n: u64): u64 {
  let sum: u64 = 0
  for (let i: u64 = 0; i < n; i++) {
    sum += i * i % 7
  }
  return sum
}
export function count(who: string, n: u64): u64 {
  counts.set(who, add(counts.get(who), work(n)))
  return counts.get(who)
}
export function spin(): void {
  let n: u64 = 0
  while (true) {
    n += work(n)
  }
}
function inner(n: u64): u64 {
  if (n == 0)
    unreachable()
  return n == 1 ? 1 : inner(n - 1) + 1
}
export function crash(n: u64): u64 {
  return inner(n) + 1
}
export function odd(n: u64): u64 {
  const text = String.fromCharCode(0xd800)
  if (n > 0) revert(text)
  return n
}
export function refuse(): void {
  throw new Error('no')
}`

let guest: BuiltGuest
let map: SourceMap
beforeAll(async () => {
  guest = await buildText('contract', { 'index.ts': CONTRACT }, 'count')
  map = readSourceMap(guest.sourceMap as string)
})

async function run(entry: string, args: readonly WitValue[], profile: boolean, gasLimit = 10_000_000n): Promise<RunOutcome> {
  const host = createHost({ files: memoryFiles(), profile })
  const { module } = await host.admit(guest.component)
  return host.executor.run({ module, entry, args, gasLimit, env: simulatedEnv() })
}

const linesOf = (probes: readonly bigint[], options = {}): readonly LineGas[] =>
  gasByLine(guest.component, probes, map, options) ?? expect.fail('there are no lines')
const sum = (lines: readonly { readonly gas: bigint }[]): bigint => lines.reduce((n, { gas }) => n + gas, 0n)
const at = (lines: readonly LineGas[], line: number): LineGas | undefined =>
  lines.find((l) => l.file === 'assembly/index.ts' && l.line === line)

test('U4.3-GAS-1: gas by source line and what the host charged are the gas of the run', async () => {
  const { gas, profile = [], probes = [] } = await run('count', ['ut1bob', 40], true)
  const lines = linesOf(probes)
  expect(sum(lines) + sum(profile.filter((line) => !line.own))).toBe(gas)
  expect(sum(lines)).toBe(sum(profile.filter((line) => line.own)))
  expect(lines).toEqual(lines.toSorted((a, b) => Number(b.gas - a.gas)))
  expect(at(lines, 6)?.executions).toBe(40n)
  expect(at(lines, 4)?.executions ?? 1n).toBe(1n)
  expect(at(lines, 6)?.gas).toBeGreaterThan(at(lines, 8)?.gas ?? 0n)
  // Files of the library are one line each, unless asked
  const libraries = lines.filter((l) => l.file?.startsWith('~lib/'))
  expect(libraries.length).toBeGreaterThan(0)
  expect(libraries.every((l) => l.line === undefined)).toBe(true)
  const all = linesOf(probes, { library: true })
  expect(all.filter((l) => l.file?.startsWith('~lib/')).every((l) => l.line !== undefined)).toBe(true)
  expect(sum(all)).toBe(sum(lines))
})

test('a run that stops has never more on its lines than it had', async () => {
  const { gas } = await run('count', ['ut1bob', 40], true)
  for (let budget = 0n; budget < gas; budget += gas / 25n) {
    const { profile, probes, message } = await run('count', ['ut1bob', 40], true, budget)
    if (profile === undefined || probes === undefined) {
      expect(message).toContain('does not pay for an instance')
      continue
    }
    const host = sum(profile.filter((line) => !line.own && line.name !== 'burnt'))
    expect(sum(linesOf(probes)) + host).toBeLessThanOrEqual(budget)
  }
})

async function places(entry: string, args: readonly WitValue[]): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = []
  for (const profile of [false, true]) {
    const { frames = [] } = await run(entry, args, profile)
    const place = sourceOf(guest.component, frames, map, profile)
    found.push(place && `${place.file}:${place.line}`)
  }
  return found
}

test('the line of a trap, of a refusal and of the end of the gas is told', async () => {
  expect(await places('crash', [0])).toEqual(['assembly/index.ts:22', 'assembly/index.ts:22'])
  // The limit of the stack is looked at where a function begins
  const deep = await run('crash', [1_000_000], true)
  expect(deep).toMatchObject({ limit: 'stackBytes', budgets: { stackBytes: { allowed: LIMITS.stackBytes } } })
  expect((await places('crash', [1_000_000]))[1]).toBe('assembly/index.ts:21')
  // What the host refuses is told at the author's line, not at the library's
  expect(await places('odd', [1])).toEqual(['assembly/index.ts:30', 'assembly/index.ts:30'])
  expect(await places('refuse', [])).toEqual(['assembly/index.ts:34', 'assembly/index.ts:34'])
  // A loop that runs dry is told in what runs for receipts, too
  for (const place of await places('spin', [])) expect(['assembly/index.ts:5', 'assembly/index.ts:6']).toContain(place)
})

test('frames that are of no function, or of no instruction, are told as nothing', () => {
  const of = (frame: GuestFrame): unknown => sourceOf(guest.component, [frame], map, false)
  expect(of({ index: 0, at: 100 })).toBeUndefined()
  expect(of({ index: 1_000_000, at: 100 })).toBeUndefined()
  expect(of({ index: 20, at: 0 })).toBeUndefined()
})

test('a source map is text of anyone: what is no map is refused, names show no controls', () => {
  for (const text of ['', '[]', 'null', '7', '{"version":2,"sources":[],"mappings":""}', '{"version":3,"sources":{},"mappings":""}'])
    expect(() => readSourceMap(text), text).toThrow(expect.objectContaining({ code: 'core_bad_argument' }) as Error)
  const all = [0, 1_000] as const
  const empty = readSourceMap('{"version":3,"sources":[],"mappings":""}')
  expect([empty.find(5, all), empty.author(5, all)]).toEqual([undefined, undefined])
  // Bytes 0 and 10 are named, 20 has no place, 30 is of a source that is not there
  const odd = readSourceMap('{"version":3,"sources":["a\\n\\u202e",7],"mappings":"AAAA,UCCC,U,UCAA"}')
  expect(odd.find(3, all)).toEqual({ file: 'a??', line: 1, column: 1 })
  expect(odd.find(3, [1, 10])).toBeUndefined()
  expect(odd.find(3, [1, 11])).toEqual({ file: '?', line: 2, column: 2 })
  expect(odd.find(25, all)).toEqual({ file: '?', line: 2, column: 2 })
  expect(odd.find(35, all)).toBeUndefined()
})

test('code of a library within a function of the author has the place of the author before it', () => {
  const inlined = readSourceMap('{"version":3,"sources":["mine.ts","~lib/x.ts","utnet-entry.ts"],"mappings":"AAAA,UCAA,UCAA,UDAA"}')
  const all = [0, 1_000] as const
  expect(inlined.author(35, all)).toEqual({ file: 'mine.ts', line: 1, column: 1 })
  expect(inlined.author(35, [5, 1_000])).toBeUndefined()
  expect(inlined.find(35, all)?.file).toBe('~lib/x.ts')
  expect(inlined.find(25, all)?.file).toBe('utnet-entry.ts')
})

test('a map of anyone costs no more than its limits: numbers in order, segments counted before they are read', () => {
  const of = (mappings: string): SourceMap => readSourceMap(JSON.stringify({ version: 3, sources: ['a.ts'], mappings }))
  const all = [0, 2 ** 31 - 1] as const
  const last = { file: 'a.ts', line: 1, column: 1 }
  // 2^31 - 1 is the last number; a segment behind a semicolon is of another line, and not read
  expect(of('+/////DAAA').find(2 ** 31 - 1, [0, 2 ** 31])).toEqual(last)
  expect(of('AAAA;!').find(0, all)).toEqual(last)
  expect(of('').find(0, all)).toBeUndefined()
  for (const mappings of ['AA', 'AAA', 'AAAAAA', '!', 'A,AAAg', 'gggggggB', 'ggggggE', 'AAAA,D', 'ADAA', 'AADA', 'AAAD', 'é'])
    expect(() => of(mappings), mappings).toThrow(expect.objectContaining({ code: 'core_bad_argument' }) as Error)
  const many = (n: number): string => ',AAAA'.repeat(n)
  expect(of(many(LIMITS.sourceMapSegments - 1)).find(0, all)).toEqual(last)
  expect(() => of(many(LIMITS.sourceMapSegments))).toThrow(
    expect.objectContaining({ code: 'core_too_large', limit: 'sourceMapSegments' }) as Error,
  )
})

test('mappings are read as an independent reader has them', () => {
  const segment = fc.tuple(fc.nat(2 ** 20), fc.nat(5), fc.nat(2 ** 30), fc.nat(2 ** 30), fc.option(fc.nat(9)))
  fc.assert(
    fc.property(fc.array(fc.oneof({ weight: 4, arbitrary: segment }, fc.tuple(fc.nat(2 ** 20))), { maxLength: 40 }), (given) => {
      const line = given.map((s) => s.filter((n) => n !== null) as unknown as SourceMapSegment).toSorted((a, b) => a[0] - b[0])
      const { offsets, sources, lines, columns } = readMappings(encode([line]))
      const read = [...offsets].map((offset, i) => [offset, sources[i], lines[i], columns[i]])
      expect(read).toEqual(line.filter((s) => s.length > 1).map((s) => s.slice(0, 4)))
    }),
    { numRuns: 100 },
  )
})

test('a map that is too large is refused', () => {
  expect(() => readSourceMap(' '.repeat(LIMITS.sourceMapBytes))).toThrow('is not JSON')
  expect(() => readSourceMap(' '.repeat(LIMITS.sourceMapBytes + 1))).toThrow(
    expect.objectContaining({ code: 'core_too_large', limit: 'sourceMapBytes' }) as Error,
  )
  expect(() => readSourceMap(' '.repeat(LIMITS.deployedMapBytes), 'deployedMapBytes')).toThrow('is not JSON')
  expect(() => readSourceMap(' '.repeat(LIMITS.deployedMapBytes + 1), 'deployedMapBytes')).toThrow(
    expect.objectContaining({ code: 'core_too_large', limit: 'deployedMapBytes' }) as Error,
  )
})
