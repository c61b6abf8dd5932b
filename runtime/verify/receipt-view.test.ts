import { expect, test } from 'vitest'
import { encodeCertificate, encodeHeader, receiptView } from '../core/index.ts'
import { callParts, invokeParts } from './testing/bundles.ts'
import { genesis } from './testing/chain.ts'
import { verifyReceiptView, type ReceiptViewOptions } from './index.ts'

const kinds = [
  ['invoke', invokeParts()],
  ['call', callParts()],
] as const
const viewOf = (p: (typeof kinds)[number][1]): unknown => JSON.parse(JSON.stringify(receiptView(p.body, p.attestation, p.anchor)))
const optionsOf = (p: (typeof kinds)[number][1]): ReceiptViewOptions => ({
  trust: [genesis],
  header: encodeHeader(p.anchorHeader),
  certificate: encodeCertificate(p.anchorCertificate),
})
const failing = (view: unknown, options: ReceiptViewOptions) => {
  const { valid, checks } = verifyReceiptView(view, options)
  const bad = checks.filter((c) => !c.ok).map((c) => c.name)
  expect(valid).toBe(bad.length === 0)
  return bad
}

/** All copies of a JSON value with one leaf changed, removed, or one member added. */
function* changes(value: unknown, at = ''): Generator<[string, unknown]> {
  if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const put = (next: unknown): unknown => (Array.isArray(value) ? value.with(Number(key), next) : { ...value, [key]: next })
      for (const [path, next] of changes(item, `${at}.${key}`)) yield [path, put(next)]
      yield [
        `${at}.${key} removed`,
        Array.isArray(value) ? value.toSpliced(Number(key), 1) : Object.fromEntries(Object.entries(value).filter(([k]) => k !== key)),
      ]
    }
    yield [`${at} extra`, Array.isArray(value) ? [...value, 'x'] : { ...value, extra: 1 }]
  } else if (typeof value === 'string') {
    const last = value.slice(-1)
    yield [at, value.slice(0, -1) + (last === '0' ? '1' : '0')]
    yield [`${at} upper`, value.toUpperCase() === value ? `${value} ` : value.toUpperCase()]
  } else if (typeof value === 'number') {
    yield [at, value + 1]
  } else {
    yield [at, 'x']
    yield [at, {}]
  }
}

test.each(kinds)('the JSON view of an %s holds with its header and certificate', (_kind, parts) => {
  expect(failing(viewOf(parts), optionsOf(parts))).toEqual([])
})

test.each(kinds)('without them the anchor of an %s is not shown', (_kind, parts) => {
  expect(failing(viewOf(parts), { trust: [genesis] })).toEqual(['header', 'certificate', 'anchor'])
})

test.each(kinds)('any change of the view of an %s is found', (_kind, parts) => {
  const view = viewOf(parts)
  let count = 0
  for (const [what, next] of changes(view)) {
    expect(failing(next, optionsOf(parts)).length, what).toBeGreaterThan(0)
    count++
  }
  expect(count).toBeGreaterThan(60)
})

test.each([null, 5, 'x', [], {}, { body: {} }, { body: { kind: 'call' } }])('%j is no receipt', (view) => {
  expect(failing(view, { trust: [genesis] })).toContain('receipt')
})
