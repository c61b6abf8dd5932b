/** The worker of workerd.ts behind miniflare, in a process of its own. */
import { readFileSync } from 'node:fs'
import { Miniflare } from 'miniflare'
import { WORKER } from './workerd.ts'

const miniflare = new Miniflare({
  modules: [
    { type: 'ESModule', path: 'worker.js', contents: WORKER },
    { type: 'CompiledWasm', path: 'sha.wasm', contents: readFileSync(process.argv[2] as string) },
  ],
  host: '127.0.0.1',
  port: 0,
  compatibilityDate: '2025-01-01',
})
const url = await miniflare.ready
process.stdout.write(`${JSON.stringify({ url: url.origin })}\n`)
process.once('SIGTERM', () => void miniflare.dispose())
