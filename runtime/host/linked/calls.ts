/** How each world of linked guests is called over HTTP: a request becomes a run, its ending an answer. Pure, so that every caller maps alike. */
import { joinBytes, LIMITS, parseJson, UtnetError, utf8, witFromJson, witToJson, type RunStatus, type WitValue } from '../../core/index.ts'
import { GuestTrap } from '../abi/index.ts'
import { finalHeaders, IncomingRequest, type HttpRequest, type HttpResponse } from '../http/index.ts'
import { NO_PROGRAM, type ProgramInput, type WasiRun } from '../wasi/index.ts'
import type { LinkedEnding } from './execution.ts'
import type { LinkedEntry, LinkedGuest } from './prepared.ts'

/** A request as a run of an entry. */
export interface Call {
  readonly entry: LinkedEntry
  readonly program: ProgramInput
  /** Arguments, made when the run has its handles. */
  readonly args: (state: WasiRun) => readonly WitValue[]
  /** The answer to an ending that is `ok`. Throws GuestTrap where there is none that can be sent. */
  readonly answer: (state: WasiRun, ending: LinkedEnding) => HttpResponse
}

const TEXT = 'text/plain; charset=utf-8'

function response(status: number, type: string, body: Uint8Array): HttpResponse {
  return { status, headers: [['content-type', utf8(type)]], body }
}

const plain = (text: string): HttpResponse => response(500, 'text/plain', utf8(`${text}\n`))

/** The answers of runs without one of their own; part of the protocol, since receipts bind them. */
const FIXED: Readonly<Record<'function' | 'command' | 'library', Readonly<Record<RunStatus, HttpResponse>>>> = {
  function: fixed('function'),
  command: fixed('command'),
  library: fixed('library'),
}

function fixed(what: string): Readonly<Record<RunStatus, HttpResponse>> {
  return {
    ok: plain(`the ${what} answered with an error`),
    trap: plain(`the ${what} trapped`),
    'out-of-gas': plain(`the ${what} ran out of gas`),
    refused: plain(`the ${what} was refused`),
  }
}

export function fixedAnswer({ world }: LinkedGuest, status: RunStatus): HttpResponse {
  return FIXED[world][status]
}

function functionAnswer({ answer }: WasiRun, { exit }: LinkedEnding): HttpResponse {
  if (exit !== undefined) throw new GuestTrap('the function exited instead of returning')
  if (answer === undefined) throw new GuestTrap('the function set no response')
  if ('error' in answer) return FIXED.function.ok
  const { status, headers, body } = answer.response
  return { status, headers: finalHeaders(headers), body: joinBytes(body?.chunks ?? []) }
}

function functionCall(guest: LinkedGuest, request: HttpRequest): Call {
  return {
    entry: guest.entries.get('handle') as LinkedEntry,
    program: { ...NO_PROGRAM, env: guest.grants.settings },
    args: ({ handles }) => [handles.add('incoming-request', new IncomingRequest(request)), handles.add('response-outparam', null)],
    answer: functionAnswer,
  }
}

/** Arguments of a program: the repeated query parameter `arg`, behind the program's own name as POSIX has it. */
function argumentsOf(path: string): string[] {
  const at = path.indexOf('?')
  const args = at < 0 ? [] : new URLSearchParams(path.slice(at)).getAll('arg')
  if (args.length > LIMITS.programArgs)
    throw new UtnetError('core_too_large', `${args.length} arguments are over the limit programArgs of ${LIMITS.programArgs}`)
  return ['command', ...args]
}

/** What a program printed; where it failed, what it said about that: on stderr, or else on stdout, as solvers and test runners do. */
function programAnswer(state: WasiRun, { result, exit }: LinkedEnding): HttpResponse {
  const failed = exit === undefined ? (result as readonly [number])[0] !== 0 : exit !== 0
  if (!failed) return response(200, TEXT, joinBytes(state.stdout.chunks))
  const said = [state.stderr, state.stdout].map(({ chunks }) => joinBytes(chunks)).find(({ length }) => length > 0)
  return response(500, TEXT, said ?? utf8('the command failed\n'))
}

function commandCall(guest: LinkedGuest, { path, body }: HttpRequest): Call {
  return {
    entry: guest.entries.get('run') as LinkedEntry,
    program: { args: argumentsOf(path), env: guest.grants.settings, stdin: body, keepsOutput: true },
    args: () => [],
    answer: programAnswer,
  }
}

/** The entry that a path names: `interface#function`, with or without the version, or the function's name where only one has it. */
function entryOf(guest: LinkedGuest, path: string): LinkedEntry {
  let asked: string
  try {
    asked = decodeURIComponent((path.split('?')[0] as string).replace(/^\//, ''))
  } catch {
    throw new UtnetError('guest_export_not_found', 'the path is not URL-encoded')
  }
  const all = [...guest.entries.values()]
  const bare = ({ id }: LinkedEntry): string => id.replace(/@[^#]*#/, '#')
  const found = all.filter((e) => e.id === asked || bare(e) === asked || e.export.type.name === asked)
  const [first] = found
  if (first === undefined || found.length > 1)
    throw new UtnetError(
      'guest_export_not_found',
      `${JSON.stringify(asked)} names ${first === undefined ? 'no' : 'more than one'} export`,
      {
        hint: `one of ${all
          .map((e) => encodeURIComponent(e.id))
          .join(', ')
          .slice(0, 1_000)}`,
      },
    )
  return first
}

function jsonArguments(body: Uint8Array): readonly unknown[] {
  const value = body.length === 0 ? [] : parseJson(body, 'the arguments')
  if (!Array.isArray(value)) throw new UtnetError('value_mismatch', 'the arguments must be a JSON array')
  return value as readonly unknown[]
}

function libraryCall(guest: LinkedGuest, { method, path, body }: HttpRequest): Call {
  if (method !== 'POST') throw new UtnetError('method_not_allowed', 'the functions of a library are called with POST')
  const entry = entryOf(guest, path)
  const { params, result } = entry.export.type
  const json = jsonArguments(body)
  if (json.length !== params.length)
    throw new UtnetError('value_mismatch', `${entry.id} takes ${params.length} arguments, got ${json.length}`)
  const values = params.map((p, i) => witFromJson(p.type, json[i], p.name))
  return {
    entry,
    program: { ...NO_PROGRAM, env: guest.grants.settings },
    args: () => values,
    answer: (_, { result: value, exit }) => {
      if (exit !== undefined) throw new GuestTrap('the library exited instead of returning')
      const view = result === undefined ? null : witToJson(result, value)
      return response(200, 'application/json', utf8(`${JSON.stringify(view)}\n`))
    },
  }
}

/** Throws `guest_export_not_found`, `method_not_allowed`, `value_mismatch`: what never ran has no receipt. */
export function callOf(guest: LinkedGuest, request: HttpRequest): Call {
  switch (guest.world) {
    case 'function':
      return functionCall(guest, request)
    case 'command':
      return commandCall(guest, request)
    case 'library':
      return libraryCall(guest, request)
  }
}
