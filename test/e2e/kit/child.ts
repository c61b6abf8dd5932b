/** `utnet dev` as a process of its own, to be killed or watched. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface ChildNode {
  readonly url: string
  readonly chainId: string
  readonly process: ChildProcess
  /** SIGKILL, and waits until the process is gone. */
  readonly kill: () => Promise<void>
  /** SIGTERM, and waits for its exit code. */
  readonly stop: () => Promise<number | null>
}

const main = fileURLToPath(new URL('../../../cli/main.ts', import.meta.url))

/** Starts a node over a data folder; `home` holds the user's key and trust. `wrapper` runs in front of it, e.g. strace and its flags. */
export async function startChild(data: string, home: string, wrapper: readonly string[] = []): Promise<ChildNode> {
  const line = [...wrapper, process.execPath, '--disable-warning=ExperimentalWarning', main, 'dev', '--json', '--port', '0', '--data', data]
  const child = spawn(line[0] as string, line.slice(1), { env: { ...process.env, UTNET_HOME: home }, stdio: ['ignore', 'pipe', 'pipe'] })
  const gone = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  let talk = ''
  child.stderr.on('data', (chunk: Buffer) => (talk += chunk.toString()))
  const first = await Promise.race([
    new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve)),
    gone.then((code) => {
      throw new Error(`utnet dev ended with ${code}: ${talk}`)
    }),
  ])
  const { url, chainId } = JSON.parse(first) as { url: string; chainId: string }
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> => {
    child.kill(signal)
    return gone
  }
  return { url, chainId, process: child, kill: async () => void (await end('SIGKILL')), stop: () => end('SIGTERM') }
}
