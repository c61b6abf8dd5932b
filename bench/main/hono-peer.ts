/** The peer of an invocation: what the function template does, as a handler in plain Hono. No isolation, no limits, no receipt. */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const app = new Hono()
app.get('/fn/*', (c) => c.json({ hello: c.req.path.slice(c.req.path.indexOf('/', '/fn/'.length)) }))

const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`)
})
process.once('SIGTERM', () => {
  server.close()
  if ('closeAllConnections' in server) server.closeAllConnections()
})
