/** workerd as a peer: the kernel in a worker, by the binary itself, and behind miniflare. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Served } from '../../main/node-process.ts'

const BINARY = fileURLToPath(new URL('../../../node_modules/@cloudflare/workerd-linux-64/bin/workerd', import.meta.url))

/** The worker; also what miniflare runs. */
export const WORKER = `import module from './sha.wasm'
const kernel = new WebAssembly.Instance(module, {}).exports
const bytes = new Uint8Array(kernel.memory.buffer)
const encoder = new TextEncoder()
const decoder = new TextDecoder()
export default {
  fetch(request) {
    const path = new URL(request.url).pathname.slice('/fn/sha'.length)
    const { written } = encoder.encodeInto(path, bytes.subarray(kernel.input(), kernel.input() + 32))
    kernel.run(written)
    const at = kernel.output()
    return new Response(decoder.decode(bytes.subarray(at, at + 64)), { headers: { 'content-type': 'text/plain' } })
  },
}
`

// Cap'n Proto takes `=.w` for one sign: there has to be a space.
const config = (port: number): string => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .w)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const w :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js"), (name = "sha.wasm", wasm = embed "sha.wasm")],
  compatibilityDate = "2025-01-01"
);
`

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise<void>((resolve) => probe.close(() => resolve()))
  return port
}

/** workerd over a folder that holds sha.wasm. */
export async function startWorkerd(folder: string): Promise<Served> {
  const port = await freePort()
  writeFileSync(join(folder, 'worker.js'), WORKER)
  writeFileSync(join(folder, 'config.capnp'), config(port))
  const child = spawn(BINARY, ['serve', join(folder, 'config.capnp')], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const end = (): void => void child.kill()
  process.once('exit', end)
  const url = `http://127.0.0.1:${port}`
  const began = performance.now()
  for (;;) {
    if (child.exitCode !== null) throw new Error(`workerd ended with ${child.exitCode}: ${said}`)
    if (
      await fetch(`${url}/fn/sha/`).then(
        (r) => r.ok,
        () => false,
      )
    )
      break
    if (performance.now() - began > 10_000) throw new Error(`workerd does not answer: ${said}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    url,
    pid: child.pid as number,
    readySeconds: (performance.now() - began) / 1000,
    async stop() {
      process.off('exit', end)
      child.kill('SIGTERM')
      await gone
    },
  }
}
