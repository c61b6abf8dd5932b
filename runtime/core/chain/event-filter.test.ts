import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  cidOf,
  endOf,
  fromHex,
  formatAddress,
  formatKey,
  formatMark,
  heightBehind,
  isBehind,
  isUtnetError,
  LIMITS,
  nodeRecord,
  parseFilter,
  parseMark,
  RAW,
  utf8,
} from '../index.ts'

const address = new Uint8Array(20).fill(7)
const key = new Uint8Array(32).fill(9)
const id = cidOf(RAW, utf8('x'))

test('each kind of criterion is read in its own form', () => {
  expect(parseFilter([`contract=${formatAddress(address)}`, 'contract=shop', 'event=a=b', `address=${formatAddress(address)}`])).toEqual([
    { kind: 'contract', contract: address },
    { kind: 'contract', contract: 'shop' },
    { kind: 'event', name: 'a=b' },
    { kind: 'address', address },
  ])
  expect(parseFilter([`tx=${id}`, `record=${id}`, `record=${formatKey(key)}`, `record=${formatKey(key)}/12`])).toMatchObject([
    { kind: 'tx' },
    { kind: 'record', item: id.bytes },
    { kind: 'record', item: key },
    { kind: 'record', item: nodeRecord(key, 12) },
  ])
  const variable = (value: string): string => {
    const [, found] = parseFilter(['contract=shop', `variable=${value}`])
    return found?.kind === 'variable' ? Buffer.from(found.key).toString('hex') : ''
  }
  expect(variable('ab')).toBe('0000026162')
  expect(variable('ab[c]')).toBe('010002616263')
  expect(variable('0x00ff')).toBe('00ff')
  expect(fromHex('00ff')).toHaveLength(2)
})

test('what is no criterion is refused, and so is one over a limit', () => {
  for (const bad of [
    '',
    '=',
    'event',
    'event=',
    'colour=red',
    'Event=x',
    'tx=shop',
    'address=shop',
    'record=ed25519:00',
    'contract=A',
    'variable=0xZ',
  ])
    expect(() => parseFilter([bad]), bad).toThrowError(expect.objectContaining({ code: 'request_invalid' }))
  expect(() => parseFilter(['variable=x'])).toThrow(/belongs to a contract/)
  expect(() => parseFilter([`record=${formatKey(key)}/01`])).toThrow(/record/)
  const many = Array.from({ length: LIMITS.filterCriteria }, () => 'event=x')
  expect(parseFilter(many)).toHaveLength(LIMITS.filterCriteria)
  expect(() => parseFilter([...many, 'event=x'])).toThrowError(expect.objectContaining({ limit: 'filterCriteria' }))
  expect(parseFilter([`event=${'x'.repeat(LIMITS.eventBytes)}`])).toHaveLength(1)
  expect(() => parseFilter([`event=${'x'.repeat(LIMITS.eventBytes + 1)}`])).toThrowError(expect.objectContaining({ limit: 'eventBytes' }))
  const longest = 'ff'.repeat(LIMITS.storageKeyBytes)
  expect(parseFilter(['contract=a', `variable=0x${longest}`])).toHaveLength(2)
  expect(() => parseFilter(['contract=a', `variable=0x${longest}ff`])).toThrowError(expect.objectContaining({ limit: 'storageKeyBytes' }))
})

test('any text is a filter or refused with a code; any mark survives its text and orders as it should', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 3 }), (texts) => {
      try {
        expect(parseFilter(texts)).toHaveLength(texts.length)
      } catch (error) {
        expect(isUtnetError(error, 'request_invalid')).toBe(true)
      }
    }),
  )
  const mark = fc.record({ height: fc.nat(), ordinal: fc.nat() })
  fc.assert(
    fc.property(mark, mark, (a, b) => {
      expect(parseMark(formatMark(a))).toEqual(a)
      expect(isBehind(a, b)).toBe(a.height > b.height || (a.height === b.height && a.ordinal > b.ordinal))
      expect(isBehind(a, endOf(b.height))).toBe(a.height > b.height)
      expect(isBehind(endOf(a.height), a)).toBe(true)
      expect(heightBehind(a)).toBe(a.height)
    }),
  )
  expect(parseMark('12')).toEqual(endOf(12))
  expect(heightBehind(endOf(12))).toBe(13)
  for (const bad of ['', '-1', '1.', '.1', '01', '1.01', '1.2.3', '1e3', '9'.repeat(17)])
    expect(() => parseMark(bad), bad).toThrowError(expect.objectContaining({ code: 'request_invalid' }))
})
