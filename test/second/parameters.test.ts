/** The numbers of docs/spec against the code: those of the page of parameters, and limits that another page names with their value. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LIMITS, PARAMS } from '../../runtime/core/index.ts'
import { FC, FD, opcodeOf } from '../../runtime/host/wasm/index.ts'

const SPEC = new URL('../../docs/spec/', import.meta.url)
const pageOf = (name: string): string => readFileSync(new URL(name, SPEC), 'utf8')
const page = pageOf('parameters.md')

/** Rows of the page's tables, by the words of their heads. Code marks are left out. */
const tables = new Map(
  [...page.matchAll(/^\| (.*) \|\n\| [-| ]+ \|\n((?:\| .* \|\n)+)/gm)].map(([, head = '', body = '']) => [
    head.replaceAll('`', '').split(' | ')[0] ?? '',
    body
      .trim()
      .split('\n')
      .map((row) => row.replaceAll('`', '').slice(2, -2).split(' | ')),
  ]),
)
const rows = (head: string): string[][] => tables.get(head) ?? []
const numberOf = (text: string | undefined): number => Number((text ?? '').replaceAll(',', ''))
const named = (head: string): Record<string, number> => Object.fromEntries(rows(head).map(([name = '', value]) => [name, numberOf(value)]))

test('prices of instructions, host calls, transactions, the rollup and fees are those of the code, none is missing', () => {
  const { memory, code, ...wasm } = PARAMS.wasm
  expect(named('wasm')).toEqual(wasm)
  expect(rows('pages').map((row) => row.map(numberOf))).toEqual(memory.map((tier) => Object.values(tier)))
  expect(rows('functions').map((row) => row.map(numberOf))).toEqual(code.map((tier) => Object.values(tier)))
  expect(named('host')).toEqual(PARAMS.host)
  expect(named('instance')).toEqual(PARAMS.instance)
  expect(named('tx')).toEqual(PARAMS.tx)
  expect(named('contracts')).toEqual(PARAMS.contracts)
  expect(named('rollup')).toEqual(PARAMS.rollup)
  expect(named('fees')).toEqual({ baseFee: Number(PARAMS.baseFee), ...PARAMS.fees })
})

test('the class of each opcode is that of the code', () => {
  const told = rows('class').flatMap(([name = '', codes = '']) =>
    codes.split(', ').flatMap((range) => {
      const [, prefix, first = '', last = first] = /^(?:(f[cd]) )?(\w\w)(?:-(\w\w))?$/.exec(range) ?? []
      const page = prefix === undefined ? 0 : Number.parseInt(prefix, 16) << 8
      const from = Number.parseInt(first, 16)
      return Array.from({ length: Number.parseInt(last, 16) - from + 1 }, (_, i) => [page + from + i, name] as const)
    }),
  )
  const all = [0, FC, FD].flatMap((prefix) => Array.from({ length: 256 }, (_, i) => prefix + i))
  const real = all.flatMap((code) => {
    const price = opcodeOf(code)?.price
    return price === undefined ? [] : [[code, price] as const]
  })
  expect(told.length).toBe(new Map(told).size)
  expect(new Map(told)).toEqual(new Map(real))
})

test('limits that a page of docs/spec names with a value have that value', () => {
  const limits: Readonly<Record<string, number>> = LIMITS
  expect(rows('limits').length).toBeGreaterThan(40)
  for (const [name, value] of Object.entries(named('limits'))) expect([name, value]).toEqual([name, limits[name]])
  let seen = 0
  for (const file of readdirSync(SPEC)) {
    for (const [, name = '', value, unit] of pageOf(file).matchAll(/`(\w+)` \(([\d,]+)(?: (KiB|MiB))?[,;)]/g)) {
      if (!Object.hasOwn(limits, name)) continue
      seen++
      expect([file, name, numberOf(value) * (unit === 'MiB' ? 1 << 20 : unit === 'KiB' ? 1 << 10 : 1)]).toEqual([file, name, limits[name]])
    }
  }
  expect(seen).toBeGreaterThan(2)
})
