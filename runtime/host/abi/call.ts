/** Calls across the canonical ABI: an export lifted to a function over values, a host function lowered to a core import. */
import type { WitFunction, WitType, WitValue } from '../../core/index.ts'
import type { StringEncoding } from '../component/model.ts'
import { codecOf, spilledSize } from './codec.ts'
import { coreSignature } from './layout.ts'
import type { GuestMemory } from './memory.ts'
import type { Codec, Core } from './scalars.ts'

export type CoreFunction = (...args: Core[]) => unknown

/** Lowers arguments and gives the core arguments. */
export type Lowering = (m: GuestMemory, args: readonly WitValue[]) => Core[]
/** Lifts the result of a core call. */
export type Lifting = (m: GuestMemory, result: unknown) => WitValue

const paramTypes = (fn: WitFunction): readonly WitType[] => fn.params.map((p) => p.type)

export interface ExportGlue {
  readonly lower: Lowering
  readonly lift: Lifting
}

/** The glue of an export: values in, value out (null where the function has no result). Throws GuestTrap on what breaks the ABI. */
export function exportGlue(fn: WitFunction, encoding: StringEncoding): ExportGlue {
  const { spilled, area } = coreSignature(fn, 'lift')
  const types = paramTypes(fn)
  const codecs = types.map((t) => codecOf(t, encoding))
  const result = fn.result === undefined ? undefined : codecOf(fn.result, encoding)
  const { size, align } = spilledSize(types)
  const record = spilled ? codecOf({ kind: 'tuple', items: types }, encoding) : undefined
  const resultSize = fn.result === undefined || !area ? undefined : spilledSize([fn.result])
  return {
    lower: (m, args) => {
      if (record !== undefined) {
        const at = m.allocate(size, align)
        record.store(m, args, at)
        return [at]
      }
      const out: Core[] = []
      codecs.forEach((c, i) => c.lower(m, args[i] as WitValue, out))
      return out
    },
    lift: (m, value) => {
      if (result === undefined) return null
      if (resultSize === undefined) return result.lift(m, { values: [value as Core], at: 0 })
      return result.load(m, m.check(value as number, resultSize.size, resultSize.align))
    },
  }
}

export interface ImportGlue {
  readonly lift: (m: GuestMemory, args: readonly Core[]) => readonly WitValue[]
  /** Stores the result, or gives the core value to return. */
  readonly lower: (m: GuestMemory, value: WitValue, args: readonly Core[]) => Core | undefined
}

/** The glue of a host function under a core import: arguments lifted, the result lowered. */
export function importGlue(fn: WitFunction, encoding: StringEncoding): ImportGlue {
  const { spilled, area } = coreSignature(fn, 'lower')
  const types = paramTypes(fn)
  const codecs: readonly Codec[] = types.map((t) => codecOf(t, encoding))
  const result = fn.result === undefined ? undefined : codecOf(fn.result, encoding)
  const { size, align } = spilledSize(types)
  const record = spilled ? codecOf({ kind: 'tuple', items: types }, encoding) : undefined
  const resultSize = fn.result === undefined || !area ? undefined : spilledSize([fn.result])
  return {
    lift: (m, args) => {
      // The place of the result is checked before anything happens, so that a bad one has no effect
      if (resultSize !== undefined) m.check(args[args.length - 1] as number, resultSize.size, resultSize.align)
      if (record !== undefined) return record.load(m, m.check(args[0] as number, size, align)) as readonly WitValue[]
      const flat = { values: args, at: 0 }
      return codecs.map((c) => c.lift(m, flat))
    },
    lower: (m, value, args) => {
      if (result === undefined) return undefined
      if (resultSize !== undefined) {
        result.store(m, value, m.check(args[args.length - 1] as number, resultSize.size, resultSize.align))
        return undefined
      }
      const out: Core[] = []
      result.lower(m, value, out)
      return out[0]
    },
  }
}
