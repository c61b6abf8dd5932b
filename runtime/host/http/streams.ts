/** wasi:io, wasi:clocks, wasi:random and wasi:cli 0.2, all of them functions of the run's context: nothing here waits, and nothing is read from the machine. */
import type { WitValue } from '../../core/index.ts'
import { PARAMS } from '../../core/index.ts'
import { GuestTrap, hostFunction, wit, type HostFunction, type HostInterfaces } from '../abi/index.ts'
import { MONOTONIC, POLL } from './time.ts'
import { HTTP_TYPES } from './types.ts'
import { InputStream, Sink, type HttpRun } from './run.ts'

const { bool, u32, u64, string, bytes, list, option, result, tuple, record, variant, own, borrow } = wit

/** What check-write permits, always. */
export const PERMIT = 1 << 20
/** What the blocking forms take at most (wasi:io/streams). */
export const BLOCKING_BYTES = 4_096

const STREAM_ERROR = variant({ 'last-operation-failed': own('error'), closed: null })
const CLOSED: WitValue = [1, [1]]
const OK: WitValue = [0]

type Functions = Readonly<Record<string, HostFunction<HttpRun>>>

const input = { self: borrow('input-stream'), len: u64 }
const output = { self: borrow('output-stream') }
const done = result(undefined, STREAM_ERROR)

function read(run: HttpRun, handle: WitValue | undefined, length: WitValue | undefined): WitValue {
  const part = run.handles.get<InputStream>(handle, 'input-stream').read(Number(length))
  return part === undefined ? CLOSED : [0, part]
}

function skip(run: HttpRun, handle: WitValue | undefined, length: WitValue | undefined): WitValue {
  const part = run.handles.get<InputStream>(handle, 'input-stream').read(Number(length))
  return part === undefined ? CLOSED : [0, part.length]
}

/** Writes to a sink; false where it is closed. */
export function written(sink: Sink, contents: Uint8Array, most: number): boolean {
  if (contents.length > most) throw new GuestTrap(`a write of ${contents.length} bytes is over its permit of ${most}`)
  if (sink.closed) return false
  sink.write(contents)
  return true
}

const write = (run: HttpRun, handle: WitValue | undefined, contents: Uint8Array, most: number): WitValue =>
  written(run.handles.get<Sink>(handle, 'output-stream'), contents, most) ? OK : CLOSED

function zeroes(run: HttpRun, handle: WitValue | undefined, length: WitValue | undefined, most: number): WitValue {
  const n = Number(length)
  if (n > most) throw new GuestTrap(`a write of ${n} bytes is over its permit of ${most}`)
  run.meter.charge(n * PARAMS.host.byteIn)
  return write(run, handle, new Uint8Array(n), most)
}

function splice(run: HttpRun, handle: WitValue | undefined, source: WitValue | undefined, length: WitValue | undefined): WitValue {
  const sink = run.handles.get<Sink>(handle, 'output-stream')
  const stream = run.handles.get<InputStream>(source, 'input-stream')
  const n = Math.min(Number(length), PERMIT, stream.bytes.length - stream.at)
  run.meter.charge(n * PARAMS.host.byteIn)
  const part = stream.read(n)
  if (part === undefined || sink.closed) return CLOSED
  // The bytes of the request stay the caller's
  sink.write(part.slice())
  return [0, part.length]
}

const flush = (run: HttpRun, handle: WitValue | undefined): WitValue =>
  run.handles.get<Sink>(handle, 'output-stream').closed ? CLOSED : OK

const pollable = (run: HttpRun): WitValue => run.handles.add('pollable', null)

const STREAMS: Functions = {
  '[method]input-stream.read': hostFunction(input, result(bytes, STREAM_ERROR), (run, [s, n]) => read(run, s, n)),
  '[method]input-stream.blocking-read': hostFunction(input, result(bytes, STREAM_ERROR), (run, [s, n]) => read(run, s, n)),
  '[method]input-stream.skip': hostFunction(input, result(u64, STREAM_ERROR), (run, [s, n]) => skip(run, s, n)),
  '[method]input-stream.blocking-skip': hostFunction(input, result(u64, STREAM_ERROR), (run, [s, n]) => skip(run, s, n)),
  '[method]input-stream.subscribe': hostFunction({ self: borrow('input-stream') }, own('pollable'), (run, [s]) => {
    run.handles.get(s, 'input-stream')
    return pollable(run)
  }),
  '[method]output-stream.check-write': hostFunction(output, result(u64, STREAM_ERROR), (run, [s]) =>
    run.handles.get<Sink>(s, 'output-stream').closed ? CLOSED : [0, PERMIT],
  ),
  '[method]output-stream.write': hostFunction({ ...output, contents: bytes }, done, (run, [s, contents]) =>
    write(run, s, contents as Uint8Array, PERMIT),
  ),
  '[method]output-stream.blocking-write-and-flush': hostFunction({ ...output, contents: bytes }, done, (run, [s, contents]) =>
    write(run, s, contents as Uint8Array, BLOCKING_BYTES),
  ),
  '[method]output-stream.flush': hostFunction(output, done, (run, [s]) => flush(run, s)),
  '[method]output-stream.blocking-flush': hostFunction(output, done, (run, [s]) => flush(run, s)),
  '[method]output-stream.subscribe': hostFunction(output, own('pollable'), (run, [s]) => {
    run.handles.get(s, 'output-stream')
    return pollable(run)
  }),
  '[method]output-stream.write-zeroes': hostFunction({ ...output, len: u64 }, done, (run, [s, n]) => zeroes(run, s, n, PERMIT)),
  '[method]output-stream.blocking-write-zeroes-and-flush': hostFunction({ ...output, len: u64 }, done, (run, [s, n]) =>
    zeroes(run, s, n, BLOCKING_BYTES),
  ),
  '[method]output-stream.splice': hostFunction(
    { ...output, src: borrow('input-stream'), len: u64 },
    result(u64, STREAM_ERROR),
    (run, [s, from, n]) => splice(run, s, from, n),
  ),
  '[method]output-stream.blocking-splice': hostFunction(
    { ...output, src: borrow('input-stream'), len: u64 },
    result(u64, STREAM_ERROR),
    (run, [s, from, n]) => splice(run, s, from, n),
  ),
}

const POLLABLES: Functions = {
  '[method]pollable.ready': hostFunction({ self: borrow('pollable') }, bool, POLL['[method]pollable.ready']),
  '[method]pollable.block': hostFunction({ self: borrow('pollable') }, undefined, POLL['[method]pollable.block']),
  poll: hostFunction({ in: list(borrow('pollable')) }, list(u32), POLL.poll),
}

const MILLISECOND = 1_000_000
const datetime = record({ seconds: u64, nanoseconds: u32 })

function random(run: HttpRun, length: number): Uint8Array {
  if (length > PERMIT) throw new GuestTrap(`${length} random bytes at once are over ${PERMIT}`)
  // The stream costs its hashing, before it is drawn
  const { sha256Base, sha256Per64, byteOut } = PARAMS.host
  run.meter.charge(Math.ceil(length / 32) * (sha256Base + sha256Per64) + length * byteOut)
  return run.random.take(length)
}

function randomU64(run: HttpRun): bigint {
  return new DataView(random(run, 8).buffer).getBigUint64(0, true)
}

const none = (resource: string): HostFunction<HttpRun> => hostFunction({}, option(own(resource)), () => [])

const sink = hostFunction<HttpRun>({}, own('output-stream'), (run) => run.handles.add('output-stream', new Sink(false)))

/** What a function may import of WASI 0.2, by the ABI's glue. */
export const GENERIC: HostInterfaces<HttpRun> = {
  'wasi:http/types': HTTP_TYPES,
  'wasi:io/error': {
    '[method]error.to-debug-string': hostFunction({ self: borrow('error') }, string, (run, [e]) => {
      run.handles.get(e, 'error')
      return ''
    }),
  },
  'wasi:io/streams': STREAMS,
  'wasi:io/poll': POLLABLES,
  'wasi:clocks/monotonic-clock': {
    now: hostFunction({}, u64, MONOTONIC.now),
    resolution: hostFunction({}, u64, MONOTONIC.resolution),
    'subscribe-instant': hostFunction({ when: u64 }, own('pollable'), MONOTONIC['subscribe-instant']),
    'subscribe-duration': hostFunction({ when: u64 }, own('pollable'), MONOTONIC['subscribe-duration']),
  },
  'wasi:clocks/wall-clock': {
    now: hostFunction({}, datetime, ({ context: { time } }) => [Math.floor(time / 1_000), (time % 1_000) * MILLISECOND]),
    resolution: hostFunction({}, datetime, () => [0, MILLISECOND]),
  },
  'wasi:random/random': {
    'get-random-bytes': hostFunction({ len: u64 }, bytes, (run, [n]) => random(run, Number(n))),
    'get-random-u64': hostFunction({}, u64, (run) => randomU64(run)),
  },
  'wasi:random/insecure': {
    'get-insecure-random-bytes': hostFunction({ len: u64 }, bytes, (run, [n]) => random(run, Number(n))),
    'get-insecure-random-u64': hostFunction({}, u64, (run) => randomU64(run)),
  },
  'wasi:random/insecure-seed': { 'insecure-seed': hostFunction({}, tuple(u64, u64), (run) => [randomU64(run), randomU64(run)]) },
  'wasi:cli/environment': {
    'get-environment': hostFunction({}, list(tuple(string, string)), () => []),
    'get-arguments': hostFunction({}, list(string), () => []),
    'initial-cwd': hostFunction({}, option(string), () => []),
  },
  'wasi:cli/exit': {
    exit: hostFunction({ status: result() }, undefined, () => {
      throw new GuestTrap('the function exited instead of returning')
    }),
  },
  'wasi:cli/stdin': {
    'get-stdin': hostFunction({}, own('input-stream'), (run) => run.handles.add('input-stream', new InputStream(new Uint8Array(0)))),
  },
  'wasi:cli/stdout': { 'get-stdout': sink },
  'wasi:cli/stderr': { 'get-stderr': sink },
  'wasi:cli/terminal-input': {},
  'wasi:cli/terminal-output': {},
  'wasi:cli/terminal-stdin': { 'get-terminal-stdin': none('terminal-input') },
  'wasi:cli/terminal-stdout': { 'get-terminal-stdout': none('terminal-output') },
  'wasi:cli/terminal-stderr': { 'get-terminal-stderr': none('terminal-output') },
}
