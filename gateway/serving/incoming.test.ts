import { createServer, IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { handOver, Incoming } from './incoming.ts'
import { raw } from '../testing/raw-http.ts'

/** A server that tells of each request what it was, its fields and its body; and whether the table of its fields was made before that. */
function telling(type: typeof IncomingMessage): { readonly server: Server; readonly early: number[] } {
  const early: number[] = []
  const server = createServer({ IncomingMessage: type, optimizeEmptyRequests: true, requireHostHeader: false }, (incoming, outgoing) => {
    early.push(Object.keys(incoming.headers).length)
    handOver(incoming)
    const { method, url, httpVersion, headers, rawHeaders } = incoming
    let body = ''
    const tell = (): void => void outgoing.end(JSON.stringify({ method, url, httpVersion, headers, rawHeaders, body }))
    if (!('content-length' in headers) && !('transfer-encoding' in headers)) return tell()
    incoming.setEncoding('latin1').on('data', (text: string) => (body += text))
    incoming.on('end', tell)
    return undefined
  })
  return { server, early }
}

const lazy = telling(Incoming)
const plain = telling(IncomingMessage)
const portOf = ({ server }: { readonly server: Server }): number => (server.address() as AddressInfo).port

beforeAll(() =>
  Promise.all([lazy, plain].map(({ server }) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve())))),
)
afterAll(() => [lazy, plain].forEach(({ server }) => server.close()))

const field = fc.tuple(
  fc.constantFrom(
    'Host',
    'Accept',
    'accept',
    'Cookie',
    'Prefer',
    'X-Same',
    'x-same',
    'Set-Cookie',
    'Referer',
    'TE',
    'te',
    'Transfer-Lengthy',
  ),
  fc.stringMatching(/^[a-z]{1,8}$/),
)
const sent = fc.record({
  fields: fc.array(field, { maxLength: 6 }),
  body: fc.constantFrom(
    '',
    '',
    'Content-Length: 3\r\n\r\nabc',
    'content-length: 0\r\n\r\n',
    'CONTENT-LENGTH: 1\r\n\r\nx',
    'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    'transfer-encoding: Chunked\r\n\r\n0\r\n\r\n',
    'Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
    'expect: something\r\n\r\n',
    'TE: chunked\r\n\r\n',
  ),
  version: fc.constantFrom('1.1', '1.1', '1.0'),
})

test(
  'requests are treated, read and told as by the class of node:http; no table of fields is made before where nothing asks for it',
  { timeout: 60_000 },
  async () => {
    const same = (answers: string): string => answers.replaceAll(/\r\nDate: [^\r]*/g, '\r\nDate: now')
    await fc.assert(
      fc.asyncProperty(fc.array(sent, { minLength: 1, maxLength: 4 }), async (list) => {
        const text = list
          .map(({ fields, body, version }, i) => {
            const all = fields.map(([name, value]) => `${name}: ${value}\r\n`)
            const kept = i === list.length - 1 ? 'Connection: close\r\n' : 'Connection: keep-alive\r\n'
            return `POST /${i} HTTP/${version}\r\n${all.join('')}${kept}${body === '' ? '\r\n' : body}`
          })
          .join('')
        const [mine, theirs] = await Promise.all([lazy, plain].map((side) => raw(portOf(side), text)))
        expect(same(mine as string), text).toBe(same(theirs as string))
        expect(mine).toContain('HTTP/1.1')
      }),
      { numRuns: 300 },
    )
    expect(lazy.early.length).toBe(plain.early.length)
    expect(lazy.early.filter((fields) => fields === 0).length).toBeGreaterThan(30)
    expect(plain.early.filter((fields) => fields === 0).length).toBe(0)
  },
)
