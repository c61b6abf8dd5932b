/** The command line: runs a command, maps errors to exit codes (0 success, 1 refused or failed, 2 wrong usage). */
import { pathToFileURL } from 'node:url'
import { createClient, hintOf } from '../gateway/client/index.ts'
import { asUtnetError, UtnetError, type NodeApi } from '../runtime/core/index.ts'
import { environment } from './settings/index.ts'
import { HINTS, jsonText, namedFile } from './output/index.ts'
import { version } from './assets.ts'
import { parseCommand } from './parse.ts'
import { VERBS } from './verbs/index.ts'

const DEFAULT_URL = 'http://127.0.0.1:8787'

function overview(): string {
  // Some take more flags than a terminal has columns: what a command does stands below how it is used.
  const rows = VERBS.map((v) => `  ${v.usage}\n      ${v.summary}`)
  return [
    'usage: utnet COMMAND',
    '',
    ...rows,
    '',
    '  --json      one JSON document a line on stdout',
    '  --node URL  the node to ask (else UTNET_URL, else http://127.0.0.1:8787)',
    '  --help      usage of a command; utnet --version prints the version',
    '',
  ].join('\n')
}

function report(thrown: unknown, json: boolean, verb: string | undefined): number {
  const error = asUtnetError(namedFile(thrown))
  // What the gateway says to any HTTP client is worth less here than the command to run.
  const own = error.hint === hintOf(error.code) ? undefined : error.hint
  const help = error.code === 'usage' && VERBS.some((v) => v.name === verb) ? `utnet ${String(verb)} --help` : undefined
  const hint = own ?? help ?? HINTS[error.code] ?? error.hint ?? 'utnet help'
  if (json) {
    const { code, fault, message, limit, used, allowed, details } = error
    const document = { error: { code, fault, message, hint, limit, used: used?.toString(), allowed: allowed?.toString(), details } }
    process.stderr.write(`${jsonText(document)}\n`)
  } else {
    process.stderr.write(`error: ${error.message}\n  code: ${error.code}\n  next: ${hint}\n`)
    if (error.code === 'node_internal' && error.cause instanceof Error) process.stderr.write(`${error.cause.stack ?? ''}\n`)
  }
  return error.code === 'usage' ? 2 : 1
}

function clientOf(url: string): NodeApi {
  try {
    return createClient(url)
  } catch (cause) {
    throw new UtnetError('usage', asUtnetError(cause).message, { hint: 'name one such as --node http://127.0.0.1:8787', cause })
  }
}

/** Runs one command line and gives its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json')
  try {
    const asked = argv.filter((a) => a !== '--json')
    if (asked[0] === '--version' || asked[0] === '-v' || asked[0] === 'version') {
      process.stdout.write(json ? `${jsonText({ version: version() })}\n` : `${version()}\n`)
      return 0
    }
    if (asked.length === 0) {
      process.stderr.write(overview())
      return 2
    }
    if (asked[0] === '--help' || asked[0] === '-h' || (asked[0] === 'help' && asked.length === 1)) {
      process.stdout.write(overview())
      return 0
    }
    // `utnet help VERB` is `utnet VERB --help`; `--json` may stand before the verb.
    const words = asked[0] === 'help' ? [...asked.slice(1), '--help'] : asked
    const { verb, args, flags } = parseCommand(words)
    if (flags['help'] === true) {
      process.stdout.write(`usage: utnet ${verb.usage}\n${verb.summary}\n`)
      return 0
    }
    const nodeUrl = typeof flags['node'] === 'string' ? flags['node'] : (environment('UTNET_URL') ?? DEFAULT_URL)
    return await verb.run({
      args,
      flags,
      json,
      nodeUrl,
      node: () => clientOf(nodeUrl),
      print: (document) => process.stdout.write(`${jsonText(document, json ? undefined : 2)}\n`),
      write: (bytes) => process.stdout.write(bytes),
      say: (text) => process.stderr.write(`${text}\n`),
    })
  } catch (thrown) {
    return report(
      thrown,
      json,
      argv.find((a) => a !== '--json'),
    )
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  // A reader that has seen enough (`utnet guests | head -1`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
  // Talk that nobody hears is lost; a node goes on without, and a command ends with its own code.
  process.stderr.on('error', () => undefined)
  // exitCode and not exit(): what is still in the pipe must reach the reader.
  process.exitCode = await main(process.argv.slice(2))
}
