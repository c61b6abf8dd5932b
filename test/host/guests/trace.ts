/**
 * Everything that passes between a guest and its host, for another engine to repeat: calls either way with their values, what the host wrote
 * into the memory meanwhile, and the gas counter at every crossing. The host under trace is the real one and knows nothing of it.
 */
import { createHash } from 'node:crypto'
import { GAS_EXPORT } from '../../../runtime/host/prepare/index.ts'

type Core = number | bigint
type Fn = (...args: Core[]) => unknown

export type TraceEvent =
  /** The host calls an export, or goes on after an import: `writes` are [offset, hex] since the guest last ran. */
  | { readonly t: 'enter'; readonly name: string; readonly args: readonly string[]; readonly gas: string; readonly writes: Writes }
  | { readonly t: 'resume'; readonly result: string; readonly gas: string; readonly writes: Writes }
  /** The import ended the call. */
  | { readonly t: 'throw'; readonly gas: string }
  /** The guest calls an import, or its export ends. */
  | { readonly t: 'import'; readonly name: string; readonly args: readonly string[]; readonly gas: string }
  | { readonly t: 'exit'; readonly status: 'ok' | 'trap'; readonly result: string; readonly gas: string; readonly memory: string }

type Writes = readonly (readonly [number, string])[]

/** JSPI, which TypeScript's library does not name yet. */
interface Engine {
  Instance: typeof WebAssembly.Instance
  promising: (fn: Fn) => (...args: Core[]) => Promise<unknown>
  Suspending: new (fn: (...args: Core[]) => Promise<unknown>) => object
}

const BLOCK = 4_096
const text = (value: unknown): string => (value === undefined ? '' : Array.isArray(value) ? value.map(text).join(' ') : String(value))

/** Blocks of the memory that are not as they were. */
function changed(before: Uint8Array, now: Uint8Array): Writes {
  const out: (readonly [number, string])[] = []
  for (let at = 0; at < now.length; at += BLOCK) {
    const [a, b] = [before.subarray(at, at + BLOCK), now.subarray(at, at + BLOCK)]
    if (Buffer.compare(a, b) === 0) continue
    let from = 0
    let to = b.length
    while (a[from] === b[from]) from++
    while (to > from && a[to - 1] === b[to - 1]) to--
    out.push([at + from, Buffer.from(b.subarray(from, to)).toString('hex')])
  }
  return out
}

class InstanceTrace {
  readonly events: TraceEvent[] = []
  #exports: WebAssembly.Exports = {}
  #before = new Uint8Array(0)

  #memory(): Uint8Array {
    const found = Object.values(this.#exports).find((e) => e instanceof WebAssembly.Memory)
    return found === undefined ? new Uint8Array(0) : new Uint8Array(found.buffer)
  }

  #gas(): string {
    return String((this.#exports[GAS_EXPORT] as WebAssembly.Global<'i64'>).value)
  }

  begin(exports: WebAssembly.Exports): void {
    this.#exports = exports
    this.#left()
  }

  #left(): void {
    this.#before = this.#memory().slice()
  }

  enter(name: string, args: readonly Core[]): void {
    this.events.push({ t: 'enter', name, args: args.map(text), gas: this.#gas(), writes: changed(this.#before, this.#memory()) })
  }

  exit(status: 'ok' | 'trap', result: unknown): void {
    const memory = createHash('sha256').update(this.#memory()).digest('hex')
    this.events.push({ t: 'exit', status, result: text(result), gas: this.#gas(), memory })
    this.#left()
  }

  import(name: string, args: readonly Core[]): void {
    this.events.push({ t: 'import', name, args: args.map(text), gas: this.#gas() })
    this.#left()
  }

  resume(result: unknown): void {
    this.events.push({ t: 'resume', result: text(result), gas: this.#gas(), writes: changed(this.#before, this.#memory()) })
  }

  thrown(): void {
    this.events.push({ t: 'throw', gas: this.#gas() })
  }
}

/** Runs `run` with the engine's instances under trace; the traces of those that ran, in order. */
export async function traced<T>(
  run: () => Promise<T>,
): Promise<{ readonly value: T; readonly traces: readonly (readonly TraceEvent[])[] }> {
  const engine = WebAssembly as unknown as Engine
  const { Instance, promising, Suspending } = engine
  const traces: InstanceTrace[] = []
  const originals = new WeakMap<Fn, { readonly fn: Fn; readonly name: string; readonly trace: InstanceTrace }>()
  const pending = new WeakMap<object, (...args: Core[]) => Promise<unknown>>()

  const imported = (trace: InstanceTrace, name: string, value: unknown): WebAssembly.ImportValue => {
    const waits = typeof value === 'object' && value !== null ? pending.get(value) : undefined
    if (waits !== undefined) {
      return new Suspending(async (...args) => {
        trace.import(name, args)
        try {
          const result = await waits(...args)
          trace.resume(result)
          return result
        } catch (error) {
          trace.thrown()
          throw error
        }
      }) as WebAssembly.ImportValue
    }
    if (typeof value !== 'function') return value as WebAssembly.ImportValue
    return ((...args: Core[]) => {
      trace.import(name, args)
      try {
        const result = (value as Fn)(...args)
        trace.resume(result)
        return result
      } catch (error) {
        trace.thrown()
        throw error
      }
    }) as WebAssembly.ImportValue
  }

  const exported = (trace: InstanceTrace, name: string, fn: Fn): Fn => {
    const wrapper: Fn = (...args) => {
      trace.enter(name, args)
      try {
        const result = fn(...args)
        trace.exit('ok', result)
        return result
      } catch (error) {
        trace.exit('trap', undefined)
        throw error
      }
    }
    originals.set(wrapper, { fn, name, trace })
    return wrapper
  }

  engine.Instance = function (module: WebAssembly.Module, imports: WebAssembly.Imports = {}) {
    // The host has modules of its own, without a counter
    if (!WebAssembly.Module.exports(module).some(({ name }) => name === GAS_EXPORT)) return new Instance(module, imports)
    const trace = new InstanceTrace()
    traces.push(trace)
    const wrapped = Object.fromEntries(
      Object.entries(imports).map(([from, of]) => [
        from,
        Object.fromEntries(Object.entries(of).map(([name, value]) => [name, imported(trace, `${from} ${name}`, value)])),
      ]),
    )
    const { exports } = new Instance(module, wrapped)
    trace.begin(exports)
    return {
      exports: Object.fromEntries(
        Object.entries(exports).map(([name, value]) => [name, typeof value === 'function' ? exported(trace, name, value as Fn) : value]),
      ),
    }
  } as unknown as typeof WebAssembly.Instance
  engine.promising = (wrapper) => {
    const known = originals.get(wrapper)
    if (known === undefined) return promising(wrapper)
    const { fn, name, trace } = known
    const waiting = promising(fn)
    return async (...args) => {
      trace.enter(name, args)
      try {
        const result = await waiting(...args)
        trace.exit('ok', result)
        return result
      } catch (error) {
        trace.exit('trap', undefined)
        throw error
      }
    }
  }
  engine.Suspending = function (fn: (...args: Core[]) => Promise<unknown>) {
    const marker = {}
    pending.set(marker, fn)
    return marker
  } as unknown as Engine['Suspending']
  try {
    return { value: await run(), traces: traces.map((t) => t.events).filter((events) => events.length > 0) }
  } finally {
    Object.assign(engine, { Instance, promising, Suspending })
  }
}
