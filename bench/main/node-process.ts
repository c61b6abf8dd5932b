/** Processes under measurement: `utnet dev` as a user starts it, and peers. Each runs apart from the one that measures. */
import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

export interface Served {
  readonly url: string
  readonly pid: number
  /** From the start of the process to a 200 on its ready path, in seconds. */
  readonly readySeconds: number
  stop(): Promise<void>
}

/** The first line of a process's stdout; rejects with what it said on stderr when it ends before. */
function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = ''
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out += text
      const end = out.indexOf('\n')
      if (end >= 0) resolve(out.slice(0, end))
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the process ended with code ${code}: ${said.slice(-2_000)}`)))
  })
}

function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}

/** Starts a process whose first line is JSON with its `url`, and waits until it is ready. `prefix` is a command before it (taskset). */
export async function startServed(
  args: readonly string[],
  readyPath: string,
  env: NodeJS.ProcessEnv,
  prefix: readonly string[] = [],
): Promise<Served> {
  const began = performance.now()
  const [command = '', ...rest] = [...prefix, process.execPath, ...args]
  const child = spawn(command, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  // A measurement that fails must not leave a server behind.
  const end = (): void => void child.kill()
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
  try {
    const { url } = JSON.parse(await firstLine(child)) as { url: string }
    const answer = await fetch(`${url}${readyPath}`)
    await answer.arrayBuffer()
    if (answer.status !== 200) throw new Error(`${url}${readyPath} answered ${answer.status}`)
    const readySeconds = (performance.now() - began) / 1000
    return { url, pid: child.pid as number, readySeconds, stop: () => stopped(child) }
  } catch (error) {
    await stopped(child)
    throw error
  }
}

/** `utnet dev` on a data folder. */
export function startNode(
  data: string,
  env: NodeJS.ProcessEnv,
  nodeOptions: readonly string[] = [],
  prefix: readonly string[] = [],
): Promise<Served> {
  return startServed([...nodeOptions, CLI, 'dev', '--json', '--port', '0', '--data', data], '/readyz', env, prefix)
}

/** The Hono server of hono-peer.ts. */
export function startHono(): Promise<Served> {
  return startServed([fileURLToPath(new URL('hono-peer.ts', import.meta.url))], '/fn/ready', process.env)
}

/** Runs one command line to its end; gives its stdout. */
export function runUtnet(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return runNode([CLI, ...args], env)
}

/** Runs a script to its end; gives its stdout. */
export function runNode(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  return runProgram(process.execPath, args, env)
}

/** The same for any program. */
export function runProgram(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.once('error', reject)
    child.once('close', (code) => (code === 0 ? resolve(out) : reject(new Error(`${args.join(' ')} ended with ${code}: ${said}`))))
  })
}
