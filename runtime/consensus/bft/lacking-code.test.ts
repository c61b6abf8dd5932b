import { expect, test } from 'vitest'
import { fileCid, LIMITS, PARAMS, publishedGas, type CodeNeed } from '../../core/index.ts'
import { LackingCode } from './lacking-code.ts'

const fileOf = (n: number, bytes = 10): Uint8Array => new Uint8Array(bytes).fill(n & 255).fill(n >> 8, 0, 1)
const needOf = (n: number, bytes = 10): CodeNeed => ({ module: fileCid(fileOf(n, bytes)), bytes })
const NODES = [1, 2, 3, 4, 5, 6].map((n) => Uint8Array.of(n))

function setup() {
  const here = new Set<string>()
  const asked: { readonly needs: readonly CodeNeed[]; readonly nodes: readonly Uint8Array[] }[] = []
  const code = new LackingCode({
    holds: ({ module, bytes }) => here.has(`${module} ${bytes}`),
    ask: (needs, nodes) => asked.push({ needs, nodes }),
  })
  return { code, asked, came: ({ module, bytes }: CodeNeed) => here.add(`${module} ${bytes}`) }
}

test('the limits hold whatever a block can publish', () => {
  const gas = BigInt(LIMITS.blockGas)
  const least = publishedGas(PARAMS, 'contract', 0) + BigInt(PARAMS.tx.base)
  const most = Number(gas / least)
  expect(most).toBe(375)
  expect(LIMITS.codeModules).toBeGreaterThanOrEqual(most)
  const byte = publishedGas(PARAMS, 'contract', 1) - publishedGas(PARAMS, 'contract', 0)
  const bytes = Number((gas - least) / byte)
  expect(bytes).toBe(175_483)
  expect(LIMITS.codeBytes).toBeGreaterThanOrEqual(bytes)
  // one chunk: the name of a contract's file is the hash of its bytes, and says nothing of parts
  expect(bytes).toBeLessThan(LIMITS.fileChunkBytes)
})

test('others are asked at once, the likeliest alone; then once a second twice as many, until all are asked', () => {
  const { code, asked } = setup()
  code.add('a', needOf(1), [], NODES)
  expect(code.lacks('a')).toBe(true)
  expect(asked).toEqual([{ needs: [needOf(1)], nodes: NODES.slice(0, 1) }])
  for (let second = 0; second < 5; second++) {
    code.tick()
    for (let look = 0; look < 3; look++) expect(code.lacks('a')).toBe(true)
  }
  expect(asked.map(({ nodes }) => nodes.length)).toEqual([1, 2, 4, 6, 6, 6])
})

test('a block waits for what it could not be run without, and for nothing else that it names', () => {
  const { code, asked, came } = setup()
  const needs = [1, 2, 3].map((n) => needOf(n)) as [CodeNeed, CodeNeed, CodeNeed]
  came(needs[2])
  code.add('a', needs[0], [needs[0], needs[1], needs[2], needs[1], needOf(1, 9)], NODES)
  // each once, what is here not at all; of two sizes under one name it cannot be known here which is true
  expect(asked.map((a) => a.needs)).toEqual([[needs[0], needs[1], needOf(1, 9)]])
  came(needs[1])
  code.tick()
  expect(code.lacks('a')).toBe(true)
  expect(asked.at(-1)?.needs).toEqual([needs[0], needOf(1, 9)])
  came(needs[0])
  expect([code.lacks('a'), code.lacks('a'), code.lacks('b')]).toEqual([false, false, false])
})

test('what was not asked for is not looked at; what was is taken once, with the right bytes only', () => {
  const { code, came } = setup()
  const { module } = needOf(1)
  expect(code.wants(module, fileOf(1))).toBeUndefined()
  code.add('a', needOf(1), [needOf(2)], NODES)
  expect([code.wants(module, fileOf(1)), code.wants(needOf(2).module, fileOf(2))]).toEqual([true, true])
  expect(code.wants(module, fileOf(2))).toBe(false)
  // it may have been asked for under another size before: that is no offence
  expect(code.wants(module, fileOf(1, 11))).toBeUndefined()
  came(needOf(1))
  expect(code.wants(module, fileOf(1))).toBeUndefined()
  code.clear()
  expect(code.wants(needOf(2).module, fileOf(2))).toBeUndefined()
})

test('codeBlocks, codeModules, codeBytes: one over makes place, or is not asked for', () => {
  const { code, asked } = setup()
  const blocks = Array.from({ length: LIMITS.codeBlocks + 1 }, (_, n) => `${n}`)
  const [first, ...others] = blocks as [string, ...string[]]
  for (const block of blocks.slice(0, -1)) code.add(block, needOf(Number(block)), [], NODES)
  // who is looked at stays
  expect(code.lacks(first)).toBe(true)
  code.add(blocks.at(-1) as string, needOf(9), [], NODES)
  expect(blocks.map((block) => code.lacks(block))).toEqual([true, false, ...others.slice(1).map(() => true)])
  expect(code.wants(needOf(1).module, fileOf(1))).toBeUndefined()
  code.clear()

  asked.length = 0
  const many = Array.from({ length: LIMITS.codeModules }, (_, n) => needOf(n))
  code.add('many', many[0] as CodeNeed, many.slice(1), NODES)
  code.add('more', many[0] as CodeNeed, [...many.slice(1), needOf(4_097)], NODES)
  const large = needOf(7, LIMITS.codeBytes - 10)
  code.add('large', large, [needOf(1)], NODES)
  code.add('larger', large, [needOf(1, 11)], NODES)
  expect(asked.map(({ needs }) => needs.length)).toEqual([LIMITS.codeModules, 2])
  // and is not run at each look either
  expect([code.lacks('more'), code.lacks('larger')]).toEqual([true, true])
})
