/** What must not reach the disk does not: the whole data folder is searched, after the receipts are anchored and the node is stopped. */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startNode, temporaryFolder, ticketOf, type RealNode } from './kit/node.ts'

const data = temporaryFolder()
afterAll(() => rmSync(data, { recursive: true, force: true }))

/** Words that nothing else on a disk says. */
const word = (what: string): string => `planted-${what}-3f9c1e7ab25d`

/** Files of the folder that hold a word: as it is, in UTF-16, in base64 at any alignment, or in hex. */
function filesWith(text: string): string[] {
  const raw = Buffer.from(text)
  // The first and last characters of a base64 text depend on its neighbours; what lies between does not.
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), raw])
      .toString('base64')
      .slice(4, -4),
  )
  const needles = [raw, Buffer.from(text, 'utf16le'), ...base64.map((b) => Buffer.from(b)), Buffer.from(raw.toString('hex'))]
  return readdirSync(data, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => join(e.parentPath, e.name))
    .filter((file) => {
      const bytes = readFileSync(file)
      return needles.some((needle) => bytes.includes(needle))
    })
}

async function send(node: RealNode, retention: string, method: 'GET' | 'POST' = 'POST'): Promise<string> {
  const response = await fetch(`${node.url}/fn/probe/${word(`path-${retention}`)}?q=${word(`query-${retention}`)}`, {
    method,
    headers: {
      prefer: `retention=${retention}`,
      authorization: `Bearer ${word(`token-${retention}`)}`,
      cookie: `session=${word(`cookie-${retention}`)}`,
      'proxy-authorization': `Basic ${word(`proxy-${retention}`)}`,
      'x-plain': word(`header-${retention}`),
    },
    ...(method === 'GET' ? {} : { body: `body ${word(`body-${retention}`)} body` }),
  })
  expect(response.status).toBe(200)
  expect(await response.text()).toContain('planted-')
  return ticketOf(response).id
}

test('secret headers never reach the disk, and under sealed or none nothing of a run does', async () => {
  const node = await startNode(['probe'], { data })
  const ids: string[] = []
  for (const retention of ['public', 'sealed', 'none']) {
    ids.push(await send(node, retention), await send(node, retention, 'GET'))
    // A guest's own cookie is a secret too, on the way out.
    const session = await fetch(`${node.url}/fn/probe/session`, {
      headers: { prefer: `retention=${retention}`, authorization: word(`issued-${retention}`) },
    })
    expect(session.headers.get('set-cookie')).toBe(word(`issued-${retention}`))
    ids.push(ticketOf(session).id)
  }
  for (const id of ids) expect((await node.api.receipt(id, 20_000)).anchor).not.toBeNull()
  await node.stop()

  // The control: what is kept in the open is found, so the search does find.
  for (const what of ['body', 'path', 'query', 'header']) expect(filesWith(word(`${what}-public`)), what).not.toEqual([])

  for (const retention of ['public', 'sealed', 'none']) {
    for (const what of ['token', 'cookie', 'proxy', 'issued'])
      expect(filesWith(word(`${what}-${retention}`)), `${what} ${retention}`).toEqual([])
  }
  for (const retention of ['sealed', 'none']) {
    for (const what of ['body', 'path', 'query', 'header'])
      expect(filesWith(word(`${what}-${retention}`)), `${what} ${retention}`).toEqual([])
  }
})
