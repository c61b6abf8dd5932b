/** Pages of guests share no rights with the API, and neither do pages of strangers: by headers, and in a real browser. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startNode, type RealNode } from './kit/node.ts'
import { refusal } from './kit/problem.ts'

const CHROMIUM = '/usr/bin/chromium'
const MUTATING: readonly (readonly [string, string])[] = [
  ['POST', '/v1/guests?name=stolen'],
  ['POST', '/v1/guests/ledger/calls'],
  ['POST', '/v1/guests/ledger/queries'],
  ['POST', '/v1/transactions'],
  ['POST', '/v1/files'],
  ['PUT', '/v1/models/stolen'],
  ['POST', '/v2/models/stolen/infer'],
]

let node: RealNode

beforeAll(async () => {
  node = await startNode(['probe', 'ledger'])
})
afterAll(() => node.close())

test("a guest's page comes sandboxed, and its own headers cannot loosen that", async () => {
  const page = await fetch(`${node.url}/fn/probe/page`)
  expect(page.headers.get('content-type')).toBe('text/html')
  // The guest set `default-src *`.
  expect(page.headers.get('content-security-policy')).toBe('sandbox')
  expect(page.headers.get('x-content-type-options')).toBe('nosniff')
  expect(page.headers.get('access-control-allow-origin')).toBeNull()
  const { module } = await node.api.guest('probe')
  const file = await fetch(`${node.url}/ipfs/${module}`)
  expect(file.headers.get('content-security-policy')).toBe('sandbox')
  expect(file.headers.get('x-content-type-options')).toBe('nosniff')
  expect((await fetch(`${node.url}/v1/guests`)).headers.get('access-control-allow-origin')).toBeNull()
})

test.each(MUTATING)(
  '%s %s refuses pages of another or no origin, and names that a stranger may have pointed here',
  async (method, path) => {
    const { port } = new URL(node.url)
    for (const origin of ['null', 'https://evil.example', 'http://127.0.0.1:1', `http://localhost.evil.example:${port}`]) {
      const response = await fetch(node.url + path, { method, headers: { origin, 'content-type': 'application/json' }, body: '{}' })
      await refusal(response, 'origin_refused', new RegExp(origin.slice(0, 12)))
    }
    const { status, body } = await new Promise<{ status: number; body: string }>((resolve, reject) => {
      const request = httpRequest(
        node.url + path,
        { method, headers: { host: 'evil.example', 'content-type': 'application/json' } },
        (response) => {
          let text = ''
          response.on('data', (chunk: Buffer) => (text += chunk.toString()))
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
        },
      )
      request.on('error', reject)
      request.end('{}')
    })
    expect(status).toBe(421)
    expect(JSON.parse(body)).toMatchObject({ code: 'host_unknown', detail: expect.stringContaining('evil.example') as string })
    expect((await node.api.guests()).map((g) => g.name)).not.toContain('stolen')
  },
)

describe.skipIf(!existsSync(CHROMIUM))(`in a browser (needs ${CHROMIUM})`, () => {
  let browser: BrowserContext
  const profile = mkdtempSync(join(tmpdir(), 'utnet-e2e-browser-'))
  beforeAll(async () => {
    browser = await chromium.launchPersistentContext(profile, {
      executablePath: CHROMIUM,
      headless: true,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
  })
  afterAll(async () => {
    await browser.close()
    rmSync(profile, { recursive: true, force: true })
  })

  const NAMES = ['read', 'deploy', 'fund']

  test('the script of a guest page does not run, and what is asked in its name is refused', async () => {
    const page = await browser.newPage()
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await page.goto(`${node.url}/fn/probe/page`)
    expect(await page.title()).toBe('page')
    expect(asked.filter((path) => path.startsWith('/v1'))).toEqual([])
    // Even with a script slipped in, the page has an origin of its own: nothing can be read, and what arrives is refused.
    const tries = await page.evaluate(async () => {
      const go = (path: string, init: RequestInit): Promise<string> =>
        fetch(new URL(path, location.href), init).then(
          (r) => `${r.type} ${r.status}`,
          () => 'refused',
        )
      return [
        self.origin,
        await go('/v1/guests', {}),
        await go('/v1/node', { credentials: 'include' }),
        await go('/v1/guests?name=stolen', { method: 'POST', body: 'x', headers: { 'content-type': 'application/wasm' } }),
        await go('/v1/guests/ledger/calls', { method: 'POST', mode: 'no-cors', body: '{"export":"trap","args":["x"]}' }),
      ]
    })
    expect(tries).toEqual(['null', 'refused', 'refused', 'refused', 'opaque 0'])
    expect((await node.api.guests()).map((g) => g.name).sort()).toEqual(['ledger', 'probe'])
    await page.close()
  })

  test('a page of a stranger runs its script, and gets nothing from the node', async () => {
    const html = (await (await fetch(`${node.url}/fn/probe/page`)).text()).replace('<script>', `<script>window.API = '${node.url}';`)
    const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html))
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    try {
      const page = await browser.newPage()
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
      // The control of the test above: the same page, served without a sandbox, does run.
      await page.waitForFunction(() => document.title.includes('fund:'))
      expect(await page.title()).toBe(NAMES.map((name) => `${name}:refused`).join(' '))
      await page.close()
    } finally {
      server.close()
    }
    expect((await node.api.guests()).map((g) => g.name).sort()).toEqual(['ledger', 'probe'])
  })

  test('the console of the node may read the API from its own origin', async () => {
    const page = await browser.newPage()
    await page.goto(node.url)
    expect(await page.evaluate(() => fetch('/v1/guests').then((r) => r.status))).toBe(200)
    await page.close()
  })
})
