/** tpm2-tools as processes: no shell, one at a time, files in a private folder that goes with them. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UtnetError } from '../../core/index.ts'

export interface TpmOptions {
  /** Where the TPM is, as tpm2-tools write it (`device:/dev/tpmrm0`, `swtpm:path=SOCKET`); `TPM2TOOLS_TCTI` or the tools' own default unless told. */
  readonly tcti?: string
}

const TIMEOUT_MS = 30_000
const OUTPUT_BYTES = 1 << 20

/** The tools and their folder, for one that has them alone. */
export interface Tools {
  /** Runs `tpm2_NAME ARGS` with `input` on its standard input; gives its standard output. Throws `chip_engine`, with the TPM's response code in `details.rc`. */
  run(name: string, args: readonly string[], input?: Uint8Array): Promise<Uint8Array>
  read(name: string): Promise<Uint8Array>
  write(name: string, bytes: Uint8Array): Promise<void>
}

export interface ToolBox {
  /** Runs `use` when all that asked before are done: the TPM's slots and the folder's files are its own so long. */
  alone<T>(use: (tools: Tools) => Promise<T>): Promise<T>
  /** Waits for what is running and removes the folder. */
  close(): Promise<void>
}

/** The response code that the tools print last in parentheses, e.g. `(0x1DF)`. */
function responseCode(text: string): number | undefined {
  const found = [...text.matchAll(/\(0x([0-9A-Fa-f]{1,8})\)/g)].at(-1)?.[1]
  return found === undefined ? undefined : Number.parseInt(found, 16)
}

/** The tools over a TPM; whether one is there shows at the first run. */
export async function openTools(options: TpmOptions): Promise<ToolBox> {
  const folder = await mkdtemp(join(tmpdir(), 'utnet-tpm-'))
  const env = { ...process.env, ...(options.tcti === undefined ? {} : { TPM2TOOLS_TCTI: options.tcti }) }
  // Behind a resource manager every tool has the TPM to itself; without one it leaves what it loaded, of which a TPM takes three.
  const managed = /^(device:\/dev\/tpmrm|tabrmd)/.test(env['TPM2TOOLS_TCTI'] ?? 'device:/dev/tpmrm0')

  const exec = (name: string, args: readonly string[], input?: Uint8Array): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      const child = execFile(
        `tpm2_${name}`,
        [...args],
        { cwd: folder, env, encoding: 'buffer', timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES, killSignal: 'SIGKILL' },
        (error, stdout, stderr) => {
          if (error === null) return resolve(Uint8Array.from(stdout))
          const missing = error.code === 'ENOENT'
          const text = stderr.toString('utf8')
          const rc = responseCode(text)
          const said =
            text
              .trim()
              .split('\n')
              .findLast((line) => line.includes('0x')) ??
            text.trim().split('\n').at(-1) ??
            ''
          reject(
            new UtnetError(
              'chip_engine',
              missing ? 'chips in a TPM need tpm2-tools, which are not installed' : `tpm2_${name} failed: ${said.slice(0, 200)}`,
              {
                hint: missing ? 'Debian: apt-get install tpm2-tools' : 'see that the TPM answers: tpm2_getcap properties-fixed',
                ...(rc === undefined ? {} : { details: { rc } }),
                cause: error,
              },
            ),
          )
        },
      )
      child.stdin?.on('error', () => {})
      child.stdin?.end(input)
    })

  const tools: Tools = {
    async run(name, args, input) {
      try {
        return await exec(name, args, input)
      } finally {
        if (!managed) await exec('flushcontext', ['-t']).catch(() => {})
      }
    },
    read: async (name) => Uint8Array.from(await readFile(join(folder, name))),
    write: (name, bytes) => writeFile(join(folder, name), bytes, { mode: 0o600 }),
  }
  let last: Promise<unknown> = Promise.resolve()
  return {
    alone(use) {
      const mine = last.then(() => use(tools))
      last = mine.catch(() => {})
      return mine
    },
    async close() {
      await last
      await rm(folder, { recursive: true, force: true })
    },
  }
}
