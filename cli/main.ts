/** The command line: finds the verb, parses its flags, maps errors to exit codes (0 success, 1 refused or failed, 2 wrong usage). */
import { parseArgs } from 'node:util'
import { pathToFileURL } from 'node:url'
import { createClient } from '../gateway/client/index.ts'
import { asUtnetError, UtnetError } from '../runtime/core/index.ts'
import { HINTS } from './hints.ts'
import type { Verb, VerbContext } from './verb.ts'
import { VERBS } from './verbs/index.ts'

const COMMON = {
  json: { type: 'boolean' },
  node: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

const DEFAULT_URL = 'http://127.0.0.1:8787'

function overview(): string {
  const width = Math.max(...VERBS.map((v) => v.usage.length))
  const rows = VERBS.map((v) => `  ${v.usage.padEnd(width)}  ${v.summary}`)
  return ['usage: utnet COMMAND', '', ...rows, '', '  --json: one JSON document a line; --node URL or UTNET_URL names the node', ''].join(
    '\n',
  )
}

interface Parsed {
  readonly verb: Verb
  readonly args: readonly string[]
  readonly flags: VerbContext['flags']
}

function parse(argv: readonly string[]): Parsed | undefined {
  const [name, ...rest] = argv
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') return undefined
  const verb = VERBS.find((v) => v.name === name)
  if (verb === undefined) throw new UtnetError('usage', `there is no command ${name}`)
  let parsed: { values: Record<string, unknown>; positionals: string[] }
  try {
    parsed = parseArgs({ args: rest, options: { ...COMMON, ...verb.options }, allowPositionals: true, strict: true, allowNegative: true })
  } catch (cause) {
    throw new UtnetError('usage', `${cause instanceof Error ? cause.message : String(cause)}`, {
      hint: `usage: utnet ${verb.usage}`,
      cause,
    })
  }
  const flags = parsed.values as VerbContext['flags']
  const [least, most] = verb.positionals
  if (flags['help'] !== true && (parsed.positionals.length < least || parsed.positionals.length > most)) {
    throw new UtnetError(
      'usage',
      `${verb.name} takes ${least === most ? least : `${least} to ${most}`} arguments, got ${parsed.positionals.length}`,
      {
        hint: `usage: utnet ${verb.usage}`,
      },
    )
  }
  return { verb, args: parsed.positionals, flags }
}

function report(thrown: unknown, json: boolean): number {
  const error = asUtnetError(thrown)
  const hint = error.hint ?? HINTS[error.code]
  if (json) {
    const { code, fault, message, limit, used, allowed, details } = error
    const document = { error: { code, fault, message, hint, limit, used: used?.toString(), allowed: allowed?.toString(), details } }
    process.stderr.write(`${JSON.stringify(document)}\n`)
  } else {
    process.stderr.write(`error: ${error.message}\n  code: ${error.code}\n${hint === undefined ? '' : `  next: ${hint}\n`}`)
    if (error.code === 'node_internal' && error.cause instanceof Error) process.stderr.write(`${error.cause.stack ?? ''}\n`)
  }
  return error.code === 'usage' ? 2 : 1
}

/** Runs one command line and gives its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json')
  try {
    const parsed = parse(argv)
    if (parsed === undefined) {
      process[argv.length === 0 ? 'stderr' : 'stdout'].write(overview())
      return argv.length === 0 ? 2 : 0
    }
    const { verb, args, flags } = parsed
    if (flags['help'] === true) {
      process.stdout.write(`usage: utnet ${verb.usage}\n${verb.summary}\n`)
      return 0
    }
    const nodeUrl = typeof flags['node'] === 'string' ? flags['node'] : (process.env['UTNET_URL'] ?? DEFAULT_URL)
    return await verb.run({
      args,
      flags,
      json,
      nodeUrl,
      node: () => createClient(nodeUrl),
      print: (document) => process.stdout.write(`${JSON.stringify(document, undefined, json ? undefined : 2)}\n`),
      write: (bytes) => process.stdout.write(bytes),
      say: (text) => process.stderr.write(`${text}\n`),
    })
  } catch (thrown) {
    return report(thrown, json)
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  // exitCode and not exit(): what is still in the pipe must reach the reader.
  process.exitCode = await main(process.argv.slice(2))
}
