import { expect, test } from 'vitest'
import type { z } from 'zod'
import { cborBlock, UtnetError, type NodeApi } from '../../runtime/core/index.ts'
import { v1Routes } from './app.ts'

/** What people and scripts send for a number. */
const EDGES: readonly string[] = [
  ...[1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n].flatMap((n) => [`${n - 1n}`, `${n}`, `${n + 1n}`]),
  '60000',
  '60001',
  '-1',
  '-0',
  '+1',
  '01',
  '1e3',
  '0x10',
  '1.0',
  '',
  ' ',
  ' 1',
  '1 ',
  'NaN',
  'Infinity',
  '１',
  '9'.repeat(400),
]

const CID = cborBlock('any').cid.toString()
const reached = new UtnetError('node_not_ready', 'the request reached the node')
let asked: unknown[] = []
const node = new Proxy({} as NodeApi, {
  get:
    () =>
    (...given: unknown[]) => {
      asked = given
      throw reached
    },
})
const routes = v1Routes({ node, page: () => undefined, dev: () => undefined as never, heartbeatMs: 1_000, onError: () => undefined })

/** Parameters that take a number and no word, by their schemas: one that a route gets tomorrow is here, too. */
const NUMBERS = routes.flatMap((route) =>
  (['params', 'query'] as const).flatMap((where) =>
    Object.entries(route[where]?.shape ?? {}).flatMap(([name, schema]) =>
      schema.safeParse('1').success && !schema.safeParse('word').success ? [{ route, where, name, id: route.id }] : [],
    ),
  ),
)

test('some parameters of the path and of the query are numbers', () => {
  expect(NUMBERS.filter(({ where }) => where === 'query').length).toBeGreaterThan(6)
  expect(NUMBERS.filter(({ where }) => where === 'params').length).toBeGreaterThan(1)
})

const isIn = (value: unknown, text: string): boolean =>
  typeof value === 'object' && value !== null ? Object.values(value).some((inner) => isIn(inner, text)) : String(value) === text

test.each(NUMBERS)('$id: $name of the $where reaches the node as it was sent, or is refused by name', async ({ route, where, name }) => {
  let accepted = 0
  for (const text of EDGES) {
    asked = []
    const params: Record<string, string> = {}
    for (const key of Object.keys(route.params?.shape ?? {}))
      params[key] = NUMBERS.some((n) => n.route === route && n.name === key) ? '1' : CID
    const given = { params, query: {} as Record<string, string> }
    given[where][name] = text
    const thrown = await route.run({ request: new Request('http://h/'), closing: undefined, ...given }).catch((error: unknown) => error)
    if (thrown === reached) {
      accepted++
      expect([text, isIn(asked, text)]).toEqual([text, true])
    } else
      expect([text, thrown]).toEqual([
        text,
        expect.objectContaining({ code: 'request_invalid', message: expect.stringContaining(` ${name}: `) }),
      ])
  }
  expect(accepted).toBeGreaterThan(0)
})

/** Fields of JSON bodies that take a number and no word, each as the text of a JSON string and, where it is one, as a JSON number. */
const IN_BODIES = routes.flatMap((route) => {
  const schema = route.body?.schema as z.ZodObject | null | undefined
  if (schema?.shape === undefined) return []
  const needed = (schema.safeParse({}).error?.issues ?? []).map(({ path }) => [String(path[0]), 'x'] as const)
  return Object.entries(schema.shape).flatMap(([name, field]) =>
    field.safeParse(1).success && !field.safeParse('word').success && !field.safeParse([]).success
      ? [{ route, name, needed, id: route.id }]
      : [],
  )
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

test('some fields of bodies are numbers', () => {
  expect(IN_BODIES.map(({ id, name }) => `${id} ${name}`).toSorted()).toEqual(['callGuest gasLimit', 'queryGuest at'])
})

test.each(IN_BODIES)('$id: $name of the body reaches the node as it was sent, or is refused by name', async ({ route, name, needed }) => {
  const accepted = { string: 0, number: 0 }
  for (const text of EDGES)
    for (const form of ['string', 'number'] as const) {
      if (form === 'number' && !isJson(text)) continue
      asked = []
      const others = needed.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)},`).join('')
      const body = `{${others}${JSON.stringify(name)}:${form === 'string' ? JSON.stringify(text) : text}}`
      const request = new Request('http://h/', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      const params = Object.fromEntries(Object.keys(route.params?.shape ?? {}).map((key) => [key, 'name']))
      const thrown = await route.run({ request, closing: undefined, params, query: {} }).catch((error: unknown) => error)
      if (thrown === reached) {
        accepted[form]++
        if (/^\d+$/.test(text)) expect([text, BigInt(text) < 2n ** 64n]).toEqual([text, true])
        // of a JSON number other spellings are the same one: 1.0, 1e3
        expect([body, isIn(asked, form === 'string' || /^\d+$/.test(text) ? text : String(Number(text)))]).toEqual([body, true])
      } else
        expect([body, thrown]).toEqual([
          body,
          expect.objectContaining({ code: 'request_invalid', message: expect.stringContaining(` ${name}: `) }),
        ])
    }
  expect(accepted.string).toBeGreaterThan(0)
  expect(accepted.number).toBeGreaterThan(0)
})
