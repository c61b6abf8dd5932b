/** Emits the AssemblyScript that moves values between AssemblyScript objects and the canonical ABI: here core values (CanonicalABI.md, `lower_flat` and `lift_flat`). */
import { asText, flatten, isBoxed, isReference, type CoreType, type GuestType, type ScalarName } from '../types/index.ts'
import { caseObject, caseValue, handle, MemoryEmitter, someOf } from './emit-memory.ts'

/** A core value as a narrower AssemblyScript scalar. */
function fromCore(as: ScalarName, value: string): string {
  if (as === 'bool') return `${value} != 0`
  if (as === 'i32' || as === 'i64' || as === 'f32' || as === 'f64') return value
  return `<${as}>${value}`
}

function toCore(as: ScalarName, value: string): string {
  if (as === 'i32' || as === 'i64' || as === 'f32' || as === 'f64') return value
  return as === 'u64' ? `<i64>${value}` : `<i32>${value}`
}

/** A core value as the wider one of a joined slot (CanonicalABI.md, "lower_flat_variant"). */
function widen(from: CoreType, to: CoreType, value: string): string {
  if (from === to) return value
  if (from === 'f32') return to === 'i32' ? `reinterpret<i32>(${value})` : `<i64><u32>reinterpret<i32>(${value})`
  if (from === 'f64') return `reinterpret<i64>(${value})`
  return `<i64><u32>(${value})`
}

/** The reverse of `widen` (CanonicalABI.md, "lift_flat_variant"). */
function narrow(from: CoreType, to: CoreType, value: string): string {
  if (from === to) return value
  if (to === 'f64') return `reinterpret<f64>(${value})`
  const low = from === 'i64' ? `<i32>${value}` : value
  return to === 'f32' ? `reinterpret<f32>(${low})` : low
}

const ZERO: Record<CoreType, string> = { i32: '0', i64: '0', f32: '0', f64: '0' }

/** How a value is passed: what is done first, and the core values. */
export interface Lowered {
  readonly statements: readonly string[]
  readonly values: readonly string[]
}

/** The emitter of one file of glue. */
export class Emitter extends MemoryEmitter {
  /** Statements and core values that pass `value` (a local or field, free of effects) as parameters. */
  lower(type: GuestType, value: string): Lowered {
    switch (type.kind) {
      case 'scalar':
        return { statements: [], values: [toCore(type.held ?? type.as, value)] }
      case 'handle':
        return { statements: [], values: [handle(type, value)] }
      case 'string':
        return { statements: [], values: [`changetype<usize>(${value})`, `${value}.length`] }
      case 'amount': {
        const text = this.local('t')
        return { statements: [`const ${text} = ${value}.toString()`], values: [`changetype<usize>(${text})`, `${text}.length`] }
      }
      case 'bytes':
        return { statements: [], values: [`${value}.dataStart`, `${value}.length`] }
      case 'list':
        return { statements: [], values: [this.lowerList(type, value), `${value}.length`] }
      case 'record': {
        const parts = type.fields.map((f) => {
          if (!isReference(f.type)) return this.lower(f.type, `${value}.${f.name}`)
          const local = this.local('r')
          const inner = this.lower(f.type, local)
          return { statements: [`const ${local} = ${value}.${f.name}`, ...inner.statements], values: inner.values }
        })
        return { statements: parts.flatMap((p) => p.statements), values: parts.flatMap((p) => p.values) }
      }
      default:
        return this.#lowerVariant(type, value)
    }
  }

  #lowerVariant(type: Extract<GuestType, { kind: 'option' | 'result' | 'variant' }>, value: string): Lowered {
    const flat = flatten(type)
    if (!isReference(type)) return { statements: [], values: [`${value} ? 0 : 1`] }
    const slots = flat.map((core) => [this.local('s'), core] as const)
    const [tag] = slots[0] as readonly [string, CoreType]
    const statements = slots.map(([name, core]) => `let ${name}: ${core} = ${ZERO[core]}`)
    const fill = (payload: GuestType, source: string): string => {
      const local = this.local('c')
      const inner = this.lower(payload, local)
      const cores = flatten(payload)
      const sets = inner.values.map((v, i) => {
        const [name, core] = slots[i + 1] as readonly [string, CoreType]
        return `${name} = ${widen(cores[i] as CoreType, core, v)}`
      })
      return [`const ${local} = ${source}`, ...inner.statements, ...sets].join('; ')
    }
    if (type.kind === 'option') {
      statements.push(`if (${value} !== null) { ${tag} = 1; ${fill(type.some, someOf(type.some, value))} }`)
    } else if (type.kind === 'result') {
      statements.push(`${tag} = ${value}.isErr ? 1 : 0`)
      if (type.ok !== undefined) statements.push(`if (!${value}.isErr) { ${fill(type.ok, `${value}.ok`)} }`)
      if (type.err !== undefined) statements.push(`if (${value}.isErr) { ${fill(type.err, `${value}.err`)} }`)
    } else {
      statements.push(`${tag} = ${value}.tag`)
      type.cases.forEach((c, i) => {
        if (c.type === undefined || c.field === undefined) return
        statements.push(`if (${value}.tag == ${i}) { ${fill(c.type, caseValue(c, value))} }`)
      })
    }
    return { statements, values: slots.map(([name]) => name) }
  }

  /** Expression: the value that the core parameters hold. */
  lift(type: GuestType, params: readonly string[]): string {
    const [first = '', second = ''] = params
    switch (type.kind) {
      case 'scalar':
        return type.held === undefined ? fromCore(type.as, first) : `<${type.held}>${fromCore(type.as, first)}`
      case 'handle':
        return `${type.className}.of(${first})`
      case 'string':
        return `liftString(${first}, ${second})`
      case 'amount':
        return `Amount.parse(liftString(${first}, ${second}))`
      case 'bytes':
        return `liftBytes(${first}, ${second})`
      case 'list':
        return this.liftList(type, first, second)
      case 'option':
        return `${this.#optionBuilder(type)}(${params.join(', ')})`
      case 'record':
        return `${this.#builder(type)}(${params.join(', ')})`
      default:
        if (!isReference(type)) return `${first} == 0`
        return `${this.#taggedBuilder(type)}(${params.join(', ')})`
    }
  }

  #optionBuilder(type: Extract<GuestType, { kind: 'option' }>): string {
    return this.helper('build', type, (name) => {
      const flat = flatten(type)
      const inner = this.lift(
        type.some,
        flat.slice(1).map((_, i) => `p${i + 1}`),
      )
      return `function ${name}(${flat.map((core, i) => `p${i}: ${core}`).join(', ')}): ${asText(type)} {
  if (p0 == 0) return null
  return ${isBoxed(type.some) ? `new Box<${asText(type.some)}>(${inner})` : inner}
}`
    })
  }

  /** A function that makes a result or a variant of its flat values. */
  #taggedBuilder(type: Extract<GuestType, { kind: 'result' | 'variant' }>): string {
    return this.helper('build', type, (name) => {
      const flat = flatten(type)
      const payload = (inner: GuestType): string =>
        this.lift(
          inner,
          flatten(inner).map((want, i) => narrow(flat[i + 1] as CoreType, want, `p${i + 1}`)),
        )
      const lines: string[] = []
      if (type.kind === 'result') {
        lines.push('v.isErr = p0 != 0')
        if (type.ok !== undefined) lines.push(`if (p0 == 0) v.ok = ${payload(type.ok)}`)
        if (type.err !== undefined) lines.push(`if (p0 != 0) v.err = ${payload(type.err)}`)
      } else {
        lines.push('v.tag = p0')
        type.cases.forEach((c, i) => {
          if (c.type !== undefined && c.field !== undefined) lines.push(`if (p0 == ${i}) v.${c.field} = ${caseObject(c, payload(c.type))}`)
        })
      }
      return `function ${name}(${flat.map((core, i) => `p${i}: ${core}`).join(', ')}): ${asText(type)} {
  const v = zeroed<${asText(type)}>()
  ${lines.join('\n  ')}
  return v
}`
    })
  }

  /** A function that makes a record of its flat values. */
  #builder(type: Extract<GuestType, { kind: 'record' }>): string {
    return this.helper('build', type, (name) => {
      const flat = flatten(type)
      const params = flat.map((core, i) => `p${i}: ${core}`).join(', ')
      let next = 0
      const sets = type.fields.map((f) => {
        const count = flatten(f.type).length
        const names = Array.from({ length: count }, (_, i) => `p${next + i}`)
        next += count
        return this.setField(type.className, 'v', f.name, f.type, this.lift(f.type, names))
      })
      return `function ${name}(${params}): ${type.className} {
  const v = zeroed<${type.className}>()
  ${sets.join('\n  ')}
  return v
}`
    })
  }
}
