/** wasi:cli 0.2: what a program is started with and what it prints. wasi:config and wasi:logging stand beside it. */
import { PARAMS, utf8, type WitValue } from '../../core/index.ts'
import { bind, type Functions, type Handlers } from './bind.ts'
import { GuestExit, type WasiRun } from './run.ts'

/** wasi:logging's levels, most of which a reader of stderr wants to tell apart. */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'critical'] as const

const ENVIRONMENT: Handlers = {
  'get-environment': ({ program }) => program.env,
  'get-arguments': ({ program }) => program.args,
  'initial-cwd': () => [],
}

const EXIT: Handlers = {
  exit: (_, [status]) => {
    throw new GuestExit((status as readonly [number])[0])
  },
}

const CONFIG: Handlers = {
  get: ({ outside }, [key]) => {
    const found = outside.grants.settings.find(([name]) => name === key)
    return [0, found === undefined ? [] : [found[1]]]
  },
  'get-all': ({ outside }) => [0, outside.grants.settings],
}

function log(run: WasiRun, [level, context, message]: readonly WitValue[]): WitValue {
  const line = utf8(`${LEVELS[level as number]} ${context as string}: ${message as string}\n`)
  run.meter.charge(line.length * PARAMS.host.byteIn)
  run.stderr.write(line)
  return null
}

export const program = (): Readonly<Record<string, Functions>> => ({
  'wasi:cli/environment': bind('wasi:cli/environment@0.2.3', ENVIRONMENT),
  'wasi:cli/exit': bind('wasi:cli/exit@0.2.3', EXIT),
  'wasi:cli/stdin': bind('wasi:cli/stdin@0.2.3', { 'get-stdin': (run) => run.handles.add('input-stream', run.stdin) }),
  'wasi:cli/stdout': bind('wasi:cli/stdout@0.2.3', { 'get-stdout': (run) => run.handles.add('output-stream', run.stdout) }),
  'wasi:cli/stderr': bind('wasi:cli/stderr@0.2.3', { 'get-stderr': (run) => run.handles.add('output-stream', run.stderr) }),
  'wasi:config/store': bind('wasi:config/store@0.2.0-rc.1', CONFIG),
  'wasi:logging/logging': bind('wasi:logging/logging@0.1.0-draft', { log }),
})
