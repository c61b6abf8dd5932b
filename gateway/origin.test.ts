import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createApp } from './app.ts'
import { checkOrigin, isKnownHost, originRules } from './http/index.ts'
import { simulatedNode } from './testing/simulated-node.ts'

const MUTATING: readonly (readonly [string, string])[] = [
  ['POST', '/v1/guests?name=c'],
  ['POST', '/v1/guests/c/calls'],
  ['POST', '/v1/guests/c/queries'],
  ['POST', '/v1/accounts/x/fund'],
  ['POST', '/v1/transactions'],
  ['POST', '/v1/files'],
  ['PUT', '/v1/models/m'],
  ['POST', '/v2/models/m/infer'],
]

const REFUSED = [
  'null',
  'https://evil.example',
  'http://localhost:1',
  'http://localhost:8787',
  'http://localhost.evil.example',
  'file://',
  'http://localhost, http://evil.example',
  '',
]

test.each(MUTATING)(
  '%s %s refuses a foreign or null Origin and an unknown Host, before it looks at anything else',
  async (method, path) => {
    const app = createApp(simulatedNode(), { hosts: ['node.example'], origins: ['https://console.example'] })
    const send = async (headers: Record<string, string>): Promise<{ status: number; code: string }> => {
      const response = await app.request(path, { method, headers, body: 'x' })
      return { status: response.status, code: ((await response.json()) as { code: string }).code }
    }
    for (const origin of REFUSED) expect(await send({ origin }), origin).toEqual({ status: 403, code: 'origin_refused' })
    for (const host of ['evil.example', 'localhost.evil.example', 'node.example.evil', '127.0.0.1.evil.example']) {
      expect(await send({ host }), host).toEqual({ status: 421, code: 'host_unknown' })
      // The page whose name points here is of the same origin as its own requests.
      expect(await send({ host, origin: `http://${host}` }), host).toEqual({ status: 421, code: 'host_unknown' })
    }
    // A target in absolute form counts before the field (RFC 9112, 3.2.2).
    const absolute = await app.request(`http://evil.example${path}`, { method, headers: { host: 'localhost' }, body: 'x' })
    expect(await absolute.json()).toMatchObject({ code: 'host_unknown' })
    for (const headers of [
      {},
      { origin: 'http://localhost' },
      { origin: 'https://console.example' },
      { host: 'node.example', origin: 'https://node.example' },
      { host: '127.0.0.1:8787', origin: 'http://127.0.0.1:8787' },
      { host: '[::1]:8787' },
      { host: 'node.example:443', origin: 'https://node.example' },
    ]) {
      expect(['origin_refused', 'host_unknown'], JSON.stringify(headers)).not.toContain((await send(headers)).code)
    }
  },
)

test('reading is open to any page that the browser lets read: no route grants that', async () => {
  const app = createApp(simulatedNode())
  for (const path of ['/v1/chain', '/v1/guests', '/healthz', '/openapi.json']) {
    const response = await app.request(path, { headers: { origin: 'https://evil.example' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  }
})

test('no host name that a stranger can register is known unless it was configured', () => {
  const rules = originRules({ hosts: ['Node.example'] })
  expect(isKnownHost('NODE.EXAMPLE:8787', rules)).toBe(true)
  fc.assert(
    fc.property(fc.domain(), fc.option(fc.nat(65535)), (name, port) => {
      const known = name.toLowerCase() === 'node.example' || name.toLowerCase().endsWith('.localhost')
      expect(isKnownHost(port === null ? name : `${name}:${port}`, rules)).toBe(known)
    }),
  )
})

test('an origin passes only where scheme, host and port are those of the request', () => {
  const rules = originRules({})
  const passes = (host: string, origin: string): boolean => {
    try {
      checkOrigin(new Request(`http://${host}/`, { headers: { host, origin } }), rules)
      return true
    } catch {
      return false
    }
  }
  fc.assert(
    fc.property(fc.nat(65535), fc.nat(65535), fc.constantFrom('http', 'https', 'ftp', 'ws'), (a, b, scheme) => {
      const origin = `${scheme}://10.0.0.1:${b}`
      let canonical: string
      try {
        canonical = new URL(origin).origin
      } catch {
        return
      }
      const web = scheme === 'http' || scheme === 'https'
      expect(passes(`10.0.0.1:${a}`, canonical)).toBe(web && a === b)
    }),
  )
})
