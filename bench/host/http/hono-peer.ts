/** The peer: the kernel in one kept instance, called without metering by a handler in plain Hono. No isolation, no limits, no receipt. */
import { readFileSync } from 'node:fs'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const PREFIX = '/fn/sha'.length
const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(process.argv[2] as string)), {})
const kernel = instance.exports as unknown as { memory: WebAssembly.Memory; input(): number; output(): number; run(length: number): void }
const bytes = Buffer.from(kernel.memory.buffer)

const app = new Hono()
app.get('/fn/*', (c) => {
  kernel.run(bytes.write(c.req.path.slice(PREFIX), kernel.input(), 32, 'latin1'))
  return c.text(bytes.toString('latin1', kernel.output(), kernel.output() + 64))
})

const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`)
})
process.once('SIGTERM', () => {
  server.close()
  if ('closeAllConnections' in server) server.closeAllConnections()
})
