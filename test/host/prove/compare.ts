/** Holds one module against itself: as it came, and as every scheme prepares it. */
import { isUtnetError } from '../../../runtime/core/index.ts'
import { prepareModule, STACK_EXPORT } from '../../../runtime/host/prepare/index.ts'
import { whitelistBytes } from '../../../runtime/host/validate/index.ts'
import { SCHEMES } from './schemes.ts'
import { callables, Recorder, Subject, type Callable, type Outcome } from './subject.ts'

/** Counts of what was compared; `red` names what differs. */
export interface Tally {
  modules: number
  /** With an instruction of a proposal that guests may not use: the generator leaves one in at times. */
  refused: number
  calls: number
  completed: number
  trapped: number
  /** Stopped by the frame weights where the original goes on, or the engine's own stack ends. */
  tooDeep: number
  /** What the program computes depends on the bits of a NaN: its twin without NaNs was held against the original instead. */
  nanDependent: number
  /** Of these, without a twin: the tool that makes it does not read the module. Its results were held against no original. */
  twinless: number
  budgets: number
  gas: bigint
  red: string[]
}

export const emptyTally = (): Tally => ({
  modules: 0,
  refused: 0,
  calls: 0,
  completed: 0,
  trapped: 0,
  tooDeep: 0,
  nanDependent: 0,
  twinless: 0,
  budgets: 0,
  gas: 0n,
  red: [],
})

const compile = (bytes: Uint8Array): WebAssembly.Module => new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)

export interface Prepared {
  readonly calls: readonly Callable[]
  readonly original: WebAssembly.Module | undefined
  readonly schemes: ReadonlyMap<string, WebAssembly.Module>
  readonly profiled: WebAssembly.Module
  readonly recorder: Recorder
  /** As the first scheme makes it. */
  readonly bytes: Uint8Array
}

/** Validates a module and prepares it by every scheme. An original with a start function runs it at once, and may trap or not come back: it is left out. */
export function prepared(bytes: Uint8Array, schemes: typeof SCHEMES = SCHEMES): Prepared {
  const { module } = whitelistBytes(bytes)
  const all = Object.entries(schemes).map(([name, options]) => [name, prepareModule(module, options)] as const)
  const [[, first]] = all as [readonly [string, Uint8Array]]
  const profiled = compile(prepareModule(module, { profile: true, probes: true }))
  return {
    calls: callables(module),
    original: module.start === undefined ? compile(bytes) : undefined,
    schemes: new Map(all.map(([name, made]) => [name, compile(made)])),
    profiled,
    recorder: new Recorder(profiled),
    bytes: first,
  }
}

const same = (a: Outcome, b: Outcome): boolean =>
  a.status === b.status && a.results === b.results && a.log.length === b.log.length && a.log.every((line, i) => line === b.log[i])

const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** The frame weights stopped the call, as the profiling variant shows. */
function wasTooDeep({ profiled, recorder }: Prepared, call: Callable): boolean {
  const subject = new Subject(profiled, recorder)
  subject.call(call)
  return (subject.exports[STACK_EXPORT] as WebAssembly.Global<'i32'>).value < 0
}

/** The schemes on one call, against each other; the outcome of the first. */
function schemesAgree(
  { schemes, recorder }: Prepared,
  call: Callable,
  tally: Tally,
  red: (what: string) => void,
): { outcome: Outcome; memory: Uint8Array } {
  let first: { outcome: Outcome; memory: Uint8Array } | undefined
  for (const [name, compiled] of schemes) {
    const subject = new Subject(compiled, recorder)
    const outcome = subject.call(call)
    const { memory } = subject
    first ??= { outcome, memory }
    if (outcome.status === 'engine-limit') red(`${name}: the engine's own limit was met: ${outcome.message}`)
    if (!same(outcome, first.outcome))
      red(`${name}: ${outcome.status} ${outcome.results} against ${first.outcome.status} ${first.outcome.results}`)
    if (outcome.status !== 'ok') continue
    if (!equalBytes(memory, first.memory)) red(`${name}: another memory`)
    if (outcome.gas !== first.outcome.gas) red(`${name}: gas ${outcome.gas} against ${first.outcome.gas}`)
    const { gas } = outcome
    for (const budget of [gas, gas - 1n, (gas * BigInt(1 + (tally.budgets % 97))) / 98n]) {
      if (budget < 0n) continue
      tally.budgets++
      const limited = new Subject(compiled, recorder, budget).call(call)
      if ((limited.status === 'ok') !== budget >= gas)
        red(`${name}: with ${budget} of the ${gas} gas it needs it ends with ${limited.status}`)
    }
  }
  return first as { outcome: Outcome; memory: Uint8Array }
}

/** Compares everything that is promised of one module. `twin` makes the same program without NaNs; `refusable`: the validator may refuse it by any rule. */
export function compare(
  bytes: Uint8Array,
  label: string,
  tally: Tally,
  {
    twin,
    schemes = SCHEMES,
    refusable = false,
  }: {
    readonly twin?: (bytes: Uint8Array) => Uint8Array | undefined
    readonly schemes?: typeof SCHEMES
    readonly refusable?: boolean
  } = {},
): void {
  tally.modules++
  let subject: Prepared
  try {
    subject = prepared(bytes, schemes)
  } catch (error) {
    if (!isUtnetError(error, 'guest_invalid') || !(refusable || error.details?.['rule'] === 'gc')) throw error
    tally.refused++
    return
  }
  let unequal: string | undefined
  for (const call of subject.calls) {
    const red = (what: string): void => void tally.red.push(`${label} ${call.name}: ${what}`)
    tally.calls++
    const { outcome, memory } = schemesAgree(subject, call, tally, red)
    if (outcome.status === 'ok') {
      tally.completed++
      tally.gas += outcome.gas
    } else tally.trapped++
    if (subject.original === undefined) continue
    const plain = new Subject(subject.original, subject.recorder)
    const was = plain.call(call)
    if (was.status === 'engine-limit' || (outcome.status === 'trap' && !same(was, outcome))) {
      if (wasTooDeep(subject, call)) {
        tally.tooDeep++
        continue
      }
    }
    if (!same(was, outcome) || (outcome.status === 'ok' && !equalBytes(plain.memory, memory)))
      unequal ??= `${label} ${call.name}: ${outcome.status} ${outcome.results}, the original ${was.status} ${was.results}`
  }
  if (unequal === undefined) return
  if (twin === undefined) return void tally.red.push(unequal)
  tally.nanDependent++
  const other = twin(bytes)
  if (other === undefined) return void tally.twinless++
  const without = emptyTally()
  compare(other, `${label} without NaNs`, without, { schemes })
  tally.red.push(...without.red)
}
