/** A command line as a verb, its arguments and its flags. */
import { parseArgs } from 'node:util'
import { UtnetError } from '../runtime/core/index.ts'
import { wholeNumber, type Verb, type VerbContext } from './verb.ts'
import { VERBS } from './verbs/index.ts'

const COMMON = {
  json: { type: 'boolean' },
  node: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

export interface Command {
  readonly verb: Verb
  readonly args: readonly string[]
  readonly flags: VerbContext['flags']
}

// A negative number is an argument, not a flag: it passes the parser behind a mark that no typed text can have.
const MARK = '\0'
const mark = (text: string): string => (/^-\.?\d/.test(text) ? MARK + text : text)
const unmark = (text: string): string => (text.startsWith(MARK) ? text.slice(1) : text)

/** Finds the verb and reads its arguments and flags; throws `usage`. */
export function parseCommand(argv: readonly string[]): Command {
  const [name, ...rest] = argv
  const verb = VERBS.find((v) => v.name === name)
  if (verb === undefined) {
    const near = VERBS.find((v) => name !== undefined && (v.name.startsWith(name) || name.startsWith(v.name)))
    throw new UtnetError('usage', `there is no command ${String(name)}`, near === undefined ? {} : { hint: `utnet ${near.usage}` })
  }
  let parsed: { values: Record<string, unknown>; positionals: string[] }
  try {
    parsed = parseArgs({
      args: rest.map(mark),
      options: { ...COMMON, ...verb.options },
      allowPositionals: true,
      strict: true,
      allowNegative: true,
    })
  } catch (cause) {
    throw new UtnetError('usage', `${cause instanceof Error ? cause.message : String(cause)}`, {
      hint: `usage: utnet ${verb.usage}`,
      cause,
    })
  }
  const flags = Object.fromEntries(
    Object.entries(parsed.values as VerbContext['flags']).map(([key, value]) => [key, typeof value === 'string' ? unmark(value) : value]),
  )
  const args = parsed.positionals.map(unmark)
  // who asks how it is used need not use it rightly
  if (flags['help'] === true) return { verb, args, flags }
  for (const [option, { whole }] of Object.entries(verb.options)) {
    const value = flags[option]
    if (whole !== undefined && typeof value === 'string') wholeNumber(`--${option}`, value, whole)
  }
  const [least, most] = verb.positionals
  if (args.length < least || args.length > most)
    throw new UtnetError('usage', `${verb.name} takes ${least === most ? least : `${least} to ${most}`} arguments, got ${args.length}`, {
      hint: `usage: utnet ${verb.usage}`,
    })
  return { verb, args, flags }
}
