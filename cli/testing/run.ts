/** Runs the command line as a user does: a process, its two streams, its exit code. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** The documents of a run with `--json`. */
  readonly documents: readonly Record<string, unknown>[]
}

export interface RunOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The command in this checkout. */
export const SOURCE: readonly string[] = [process.execPath, fileURLToPath(new URL('../main.ts', import.meta.url))]

export function documentsOf(stdout: string): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

type Child = ChildProcessByStdio<null, Readable, Readable>

export function start(command: readonly string[], args: readonly string[], options: RunOptions): Child {
  const [program, ...first] = command as readonly [string, ...string[]]
  return spawn(program, [...first, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Runs to the end. */
export async function run(command: readonly string[], args: readonly string[], options: RunOptions): Promise<Ran> {
  const child = start(command, args, options)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  return { code, stdout, stderr, documents: args.includes('--json') ? documentsOf(stdout) : [] }
}

export interface DevProcess {
  /** The first line of stdout. */
  readonly ready: Readonly<Record<string, string>>
  readonly stderr: () => string
  /** Resolves when stderr holds the text. */
  readonly says: (text: string) => Promise<void>
  /** Sends the signal, waits for the end, gives the exit code and all that stdout carried. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<{ code: number | null; stdout: string }>
}

/** Starts `utnet dev --json --port 0` and waits for its first line. */
export async function startDev(command: readonly string[], args: readonly string[], options: RunOptions): Promise<DevProcess> {
  const child = start(command, ['dev', '--json', '--port', '0', ...args], options)
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  let stdout = ''
  let stderr = ''
  const heard: (() => void)[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    for (const look of heard) look()
  })
  const first = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      stdout += `${line}\n`
      resolve(line)
    })
    void ended.then((code) => reject(new Error(`dev ended with ${code} before it was ready: ${stderr}`)))
  })
  return {
    ready: JSON.parse(first) as Record<string, string>,
    stderr: () => stderr,
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stderr.includes(text)) resolve()
        }
        heard.push(look)
        look()
        void ended.then(() => reject(new Error(`dev ended before it said ${JSON.stringify(text)}: ${stderr}`)))
      }),
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      return { code: await ended, stdout }
    },
  }
}
