/**
 * Time and waiting without a clock. The monotonic clock begins at 0, moves by a microsecond at each look, and jumps to a timer when a guest waits for one.
 * Who waits gets whatever is ready, in the order asked; if nothing is, the first answer asked for; if no answer is under way, the earliest timer.
 * So the order in which things become ready is a rule and needs no record.
 */
import type { WitValue } from '../../core/index.ts'
import { GuestTrap } from '../abi/index.ts'
import { LAST, type Pollable } from './clock.ts'
import type { HttpRun } from './run.ts'

type Handlers = Readonly<Record<string, (run: HttpRun, args: readonly WitValue[]) => WitValue | Promise<WitValue>>>

const MICROSECOND = 1_000

const ready = (run: HttpRun, p: Pollable): boolean => p === null || (p.kind === 'timer' ? p.at <= run.clock.now : p.answer.done)

/** Waits until one is ready; undefined where there was nothing to wait for. */
function wait(run: HttpRun, all: readonly Pollable[]): Promise<void> | undefined {
  if (all.some((p) => ready(run, p))) return undefined
  for (const p of all) if (p?.kind === 'answer') return p.answer.wait()
  let first = LAST
  for (const p of all) if (p?.kind === 'timer' && p.at < first) first = p.at
  if (first > run.clock.now) run.clock.now = first
  return undefined
}

/** Now, or when what is waited for has come. */
function then(waiting: Promise<void> | undefined, value: () => WitValue): WitValue | Promise<WitValue> {
  return waiting === undefined ? value() : waiting.then(value)
}

const pollable = (run: HttpRun, handle: WitValue | undefined): Pollable => run.handles.get<Pollable>(handle, 'pollable')
const add = (run: HttpRun, value: Pollable): WitValue => run.handles.add('pollable', value)
const big = (value: WitValue | undefined): bigint => BigInt(value as number | bigint)

export const POLL = {
  '[method]pollable.ready': (run, [p]) => ready(run, pollable(run, p)),
  '[method]pollable.block': (run, [p]) => then(wait(run, [pollable(run, p)]), () => null),
  poll: (run, [handles]) => {
    const all = (handles as readonly number[]).map((handle) => pollable(run, handle))
    if (all.length === 0) throw new GuestTrap('poll needs a pollable')
    return then(wait(run, all), () => all.flatMap((p, i) => (ready(run, p) ? [i] : [])))
  },
} satisfies Handlers

export const MONOTONIC = {
  now: ({ clock }) => {
    const now = clock.look()
    return now <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(now) : now
  },
  resolution: () => MICROSECOND,
  'subscribe-instant': (run, [when]) => add(run, { kind: 'timer', at: big(when) }),
  'subscribe-duration': (run, [when]) => add(run, { kind: 'timer', at: run.clock.after(big(when)) }),
} satisfies Handlers
