/** The peer anvil (`@foundry-rs/anvil`) on loopback. `sendRaw` is the quickest client found for it: raw transactions in batches over kept connections. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { Agent, request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'

export interface Call {
  readonly method: string
  readonly params: readonly unknown[]
}

export interface Anvil {
  readonly pid: number
  readonly port: number
  /** Results of the calls, sent as one batch; throws where one fails. */
  batch(calls: readonly Call[]): Promise<readonly unknown[]>
  /** Sends raw transactions (hex), `size` to a request; those of a `lane` go over one connection in order. Resolves when all are taken. */
  sendRaw(lanes: readonly (readonly string[])[], size: number): Promise<void>
  stop(): Promise<void>
}

/** The binary that npm installed for this platform; throws where there is none. */
function binary(): string {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64' | 'arm64']
  const name = process.platform === 'win32' ? 'anvil.exe' : 'anvil'
  const require = createRequire(import.meta.url)
  return require.resolve(`@foundry-rs/anvil-${process.platform}-${arch}/bin/${name}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

interface Reply {
  readonly id: number
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

/** Starts anvil with options beside port and silence; `prefix` is a command before it (taskset). Throws where it cannot be had. */
export async function startAnvil(options: readonly string[], prefix: readonly string[] = []): Promise<Anvil> {
  const port = await freePort()
  const args = ['--port', String(port), '--quiet', '--no-cors', '--no-request-size-limit', ...options]
  const [command = '', ...rest] = [...prefix, binary(), ...args]
  const child = spawn(command, rest, { stdio: ['ignore', 'ignore', 'pipe'] })
  const end = (): void => void child.kill()
  process.once('exit', end)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const agent = new Agent({ keepAlive: true })

  const post = (body: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const req = request(
        { port, host: '127.0.0.1', method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': body.length } },
        (res) => {
          const parts: Buffer[] = []
          res.on('data', (part: Buffer) => parts.push(part)).on('end', () => resolve(Buffer.concat(parts).toString('latin1')))
        },
      )
      req.on('error', reject).end(body)
    })
  const bodyOf = (calls: readonly Call[]): string => JSON.stringify(calls.map((call, id) => ({ jsonrpc: '2.0', id, ...call })))
  const check = (text: string, count: number): readonly unknown[] => {
    const replies = JSON.parse(text) as readonly Reply[]
    const bad = replies.find((r) => r.error !== undefined)
    if (bad !== undefined) throw new Error(`anvil: ${bad.error?.message}`)
    if (replies.length !== count) throw new Error(`anvil answered ${replies.length} of ${count} calls`)
    return [...replies].sort((a, b) => a.id - b.id).map((r) => r.result)
  }
  const batch = async (calls: readonly Call[]): Promise<readonly unknown[]> => check(await post(bodyOf(calls)), calls.length)

  for (let tries = 0; ; tries++) {
    try {
      await batch([{ method: 'eth_chainId', params: [] }])
      break
    } catch (error) {
      if (tries > 100 || child.exitCode !== null) throw new Error(`anvil does not answer: ${said.slice(-500)}`, { cause: error })
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  return {
    pid: child.pid as number,
    port,
    batch,
    async sendRaw(lanes, size) {
      await Promise.all(
        lanes.map(async (lane) => {
          for (let at = 0; at < lane.length; at += size) {
            const part = lane.slice(at, at + size)
            check(await post(bodyOf(part.map((raw) => ({ method: 'eth_sendRawTransaction', params: [raw] })))), part.length)
          }
        }),
      )
    },
    async stop() {
      process.off('exit', end)
      agent.destroy()
      if (child.exitCode !== null) return
      child.kill()
      await once(child, 'exit')
    },
  }
}
