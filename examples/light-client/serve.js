/** `node serve.js URL [PORT]`: the page, and the node's API beside it, since a node answers no page of another origin. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

const [url, port = '8080'] = process.argv.slice(2)
const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const FILES = {
  '/': [here('page.html'), 'text/html'],
  '/check.js': [here('check.js'), 'text/javascript'],
  '/light.js': [fileURLToPath(import.meta.resolve('utnet/light')), 'text/javascript'],
}

const server = createServer(async (request, response) => {
  const file = FILES[request.url]
  if (file !== undefined) return response.setHeader('content-type', file[1]).end(readFileSync(file[0]))
  if (request.method !== 'GET' || !request.url.startsWith('/v1/')) return response.writeHead(404).end()
  const answer = await fetch(new URL(request.url, url)).catch(() => undefined)
  if (answer === undefined) return response.writeHead(502).end()
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
  response.end(Buffer.from(await answer.arrayBuffer()))
})
server.listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`))
