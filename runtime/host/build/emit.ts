/** Emits the AssemblyScript that moves values between AssemblyScript objects and the canonical ABI. */

import { asText, flatten, isBoxed, isReference, isTyped, layout, liesFlat, payloads, recordLayout, variantLayout } from './guest-type.ts'
import type { CoreType, GuestType, ScalarName, VariantCase } from './guest-type.ts'

const at = (pointer: string, offset: number): string => (offset === 0 ? pointer : `${pointer} + ${offset}`)
const offsetArgument = (offset: number): string => (offset === 0 ? '' : `, ${offset}`)

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

/** The number of a handle; an own leaves its object. */
const handle = (type: Extract<GuestType, { kind: 'handle' }>, value: string): string => `${value}.${type.own ? 'take()' : 'handle'}`
/** The payload of an option that is known to have one. An amount's `===` is an operator of its own, from which the compiler learns nothing. */
function someOf(some: GuestType, value: string): string {
  if (some.kind === 'amount') return `${value}!`
  return isBoxed(some) ? `${value}.value` : value
}

export interface Lowered {
  readonly statements: readonly string[]
  readonly values: readonly string[]
}

/** The payload of a case of the variant `object`: its field is nullable, so that the other cases need no value for it. */
function caseValue(c: VariantCase, object: string): string {
  const field = `${object}.${c.field}`
  if (c.boxed === true) return `${field}!.value`
  return c.type !== undefined && isReference(c.type) && c.type.kind !== 'option' ? `${field}!` : field
}

/** What stands in the field of a case for its payload. */
const caseObject = (c: VariantCase, payload: string): string =>
  c.boxed === true && c.type !== undefined ? `new Box<${asText(c.type)}>(${payload})` : payload

/** Collects helper functions, one for each compound type in use. */
export class Emitter {
  readonly #helpers = new Map<string, string>()
  #locals = 0

  /** The helper functions collected so far, in order of first need. */
  helpers(): string {
    return [...this.#helpers.values()].join('\n')
  }

  /** Local names count from 0 again. */
  startFunction(): void {
    this.#locals = 0
  }

  #local(prefix: string): string {
    return `${prefix}${this.#locals++}`
  }

  /** Emits `make()` once per type text and returns the function's name. Names count up, so they do not depend on anything but the order. */
  #helper(verb: string, type: GuestType, make: (name: string) => string): string {
    const key = `${verb} ${JSON.stringify(type)}`
    const known = this.#helpers.get(key)
    if (known !== undefined) return /function (\w+)/.exec(known)?.[1] ?? ''
    const name = `${verb}${this.#helpers.size}`
    this.#helpers.set(key, `function ${name}() {}`) // a name for the inner ones to count from
    const saved = this.#locals
    this.#locals = 0
    this.#helpers.set(key, make(name))
    this.#locals = saved
    return name
  }

  /** Expression: the value in memory at `pointer`. */
  load(type: GuestType, pointer: string, offset = 0): string {
    switch (type.kind) {
      case 'scalar': {
        if (type.as === 'bool') return `load<u8>(${pointer}${offsetArgument(offset)}) != 0`
        const value = `load<${type.as}>(${pointer}${offsetArgument(offset)})`
        return type.held === undefined ? value : `<${type.held}>${value}`
      }
      case 'handle':
        return `${type.className}.of(load<i32>(${pointer}${offsetArgument(offset)}))`
      case 'string':
        return `liftString(load<usize>(${pointer}${offsetArgument(offset)}), load<i32>(${pointer}, ${offset + 4}))`
      case 'amount':
        return `Amount.parse(${this.load({ kind: 'string' }, pointer, offset)})`
      case 'bytes':
        return `liftBytes(load<usize>(${pointer}${offsetArgument(offset)}), load<i32>(${pointer}, ${offset + 4}))`
      case 'list':
        return this.#liftList(type, `load<usize>(${pointer}${offsetArgument(offset)})`, `load<i32>(${pointer}, ${offset + 4})`)
      case 'result':
        if (!isReference(type)) return `load<u8>(${pointer}${offsetArgument(offset)}) == 0`
        break
      default:
    }
    return `${this.#loader(type)}(${at(pointer, offset)})`
  }

  #loader(type: GuestType): string {
    return this.#helper('load', type, (name) => {
      const text = asText(type)
      const lines: string[] = []
      if (type.kind === 'record') {
        const { offsets } = recordLayout(type.fields.map((f) => f.type))
        lines.push(`const v = zeroed<${text}>()`)
        type.fields.forEach((f, i) => lines.push(this.setField(text, 'v', f.name, f.type, this.load(f.type, 'p', offsets[i] ?? 0))))
      } else if (type.kind === 'option') {
        const { payload } = variantLayout(payloads(type))
        lines.push('if (load<u8>(p) == 0) return null')
        const inner = this.load(type.some, 'p', payload)
        lines.push(isBoxed(type.some) ? `return new Box<${asText(type.some)}>(${inner})` : `return ${inner}`)
        return `function ${name}(p: usize): ${text} {\n  ${lines.join('\n  ')}\n}`
      } else if (type.kind === 'result') {
        const { payload } = variantLayout(payloads(type))
        lines.push(`const v = zeroed<${text}>()`, 'v.isErr = load<u8>(p) != 0')
        if (type.ok !== undefined) lines.push(`if (!v.isErr) v.ok = ${this.load(type.ok, 'p', payload)}`)
        if (type.err !== undefined) lines.push(`if (v.isErr) v.err = ${this.load(type.err, 'p', payload)}`)
      } else if (type.kind === 'variant') {
        const { payload, tag } = variantLayout(payloads(type))
        lines.push(`const v = zeroed<${text}>()`, `v.tag = load<u${tag * 8}>(p)`)
        type.cases.forEach((c, i) => {
          if (c.type !== undefined && c.field !== undefined)
            lines.push(`if (v.tag == ${i}) v.${c.field} = ${caseObject(c, this.load(c.type, 'p', payload))}`)
        })
      }
      return `function ${name}(p: usize): ${text} {\n  ${lines.join('\n  ')}\n  return v\n}`
    })
  }

  /** Statement: sets a field past `readonly` and constructors, for a value that nothing else has seen yet. */
  setField(className: string, object: string, field: string, type: GuestType, value: string): string {
    const place = `changetype<usize>(${object})`
    if (!isReference(type)) return `store<${asText(type)}>(${place}, ${value}, offsetof<${className}>('${field}'))`
    return `store<usize>(${place}, changetype<usize>(${value}), offsetof<${className}>('${field}'))`
  }

  #liftList(type: Extract<GuestType, { kind: 'list' }>, pointer: string, length: string): string {
    const text = asText(type.element)
    if (liesFlat(type.element)) {
      const typed = isTyped(type.container)
      return typed ? `liftTyped<${type.container}>(${pointer}, ${length})` : `lift${type.container}<${text}>(${pointer}, ${length})`
    }
    const name = this.#helper('lift', type, (own) => {
      const size = layout(type.element).size
      return `function ${own}(p: usize, n: i32): ${asText(type)} {
  const v = new ${asText(type)}(n)
  for (let i = 0; i < n; i++) unchecked((v[i] = ${this.load(type.element, 'p')})), (p += ${size})
  return v
}`
    })
    return `${name}(${pointer}, ${length})`
  }

  /** Statements: writes `value` to memory at `pointer`. `value` must be free of effects. */
  store(type: GuestType, pointer: string, offset: number, value: string): string[] {
    switch (type.kind) {
      case 'scalar':
        if (type.as === 'bool') return [`store<u8>(${pointer}, <u8>${value}${offsetArgument(offset)})`]
        return [`store<${type.as}>(${pointer}, ${type.held === undefined ? '' : `<${type.as}>`}${value}${offsetArgument(offset)})`]
      case 'handle':
        return [`store<i32>(${pointer}, ${handle(type, value)}${offsetArgument(offset)})`]
      case 'string':
        return [
          `store<usize>(${pointer}, changetype<usize>(${value})${offsetArgument(offset)})`,
          `store<i32>(${pointer}, ${value}.length, ${offset + 4})`,
        ]
      case 'amount':
        return [`storeString(${at(pointer, offset)}, ${value}.toString())`]
      case 'bytes':
        return [
          `store<usize>(${pointer}, ${value}.dataStart${offsetArgument(offset)})`,
          `store<i32>(${pointer}, ${value}.length, ${offset + 4})`,
        ]
      case 'list':
        return [
          `store<usize>(${pointer}, ${this.#lowerList(type, value)}${offsetArgument(offset)})`,
          `store<i32>(${pointer}, ${value}.length, ${offset + 4})`,
        ]
      case 'result':
        if (!isReference(type)) return [`store<u8>(${pointer}, ${value} ? 0 : 1${offsetArgument(offset)})`]
        break
      default:
    }
    return [`${this.#storer(type)}(${at(pointer, offset)}, ${value})`]
  }

  #storer(type: GuestType): string {
    return this.#helper('store', type, (name) => {
      const lines: string[] = []
      if (type.kind === 'record') {
        const { offsets } = recordLayout(type.fields.map((f) => f.type))
        type.fields.forEach((f, i) => lines.push(...this.#storeNamed(f.type, offsets[i] ?? 0, `v.${f.name}`)))
      } else if (type.kind === 'option') {
        const { payload } = variantLayout(payloads(type))
        lines.push('if (v === null) { store<u8>(p, 0); return }', 'store<u8>(p, 1)')
        lines.push(...this.store(type.some, 'p', payload, someOf(type.some, 'v')))
      } else if (type.kind === 'result') {
        const { payload } = variantLayout(payloads(type))
        lines.push('store<u8>(p, v.isErr ? 1 : 0)')
        if (type.ok !== undefined) lines.push(`if (!v.isErr) { const ok = v.ok; ${this.store(type.ok, 'p', payload, 'ok').join('; ')} }`)
        if (type.err !== undefined)
          lines.push(`if (v.isErr) { const err = v.err; ${this.store(type.err, 'p', payload, 'err').join('; ')} }`)
      } else if (type.kind === 'variant') {
        const { payload, tag } = variantLayout(payloads(type))
        lines.push(`store<u${tag * 8}>(p, <u${tag * 8}>v.tag)`)
        type.cases.forEach((c, i) => {
          if (c.type === undefined || c.field === undefined) return
          lines.push(`if (v.tag == ${i}) { const c = ${caseValue(c, 'v')}; ${this.store(c.type, 'p', payload, 'c').join('; ')} }`)
        })
      }
      return `function ${name}(p: usize, v: ${asText(type)}): void {\n  ${lines.join('\n  ')}\n}`
    })
  }

  #storeNamed(type: GuestType, offset: number, value: string): string[] {
    if (!isReference(type)) return this.store(type, 'p', offset, value)
    const local = this.#local('f') // a local, so that null checks hold and the field is read once
    return [`const ${local} = ${value}`, ...this.store(type, 'p', offset, local)]
  }

  /** Expression: pointer to the elements in canonical layout. */
  #lowerList(type: Extract<GuestType, { kind: 'list' }>, value: string): string {
    if (liesFlat(type.element)) return type.container === 'StaticArray' ? `changetype<usize>(${value})` : `${value}.dataStart`
    const name = this.#helper('lower', type, (own) => {
      const size = layout(type.element).size
      return `function ${own}(v: ${asText(type)}): usize {
  const n = v.length
  const start = newBlock(n * ${size})
  for (let i = 0, p = start; i < n; i++, p += ${size}) {
    const e = v[i]
    ${this.store(type.element, 'p', 0, 'e').join('\n    ')}
  }
  return start
}`
    })
    return `${name}(${value})`
  }

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
        const text = this.#local('t')
        return { statements: [`const ${text} = ${value}.toString()`], values: [`changetype<usize>(${text})`, `${text}.length`] }
      }
      case 'bytes':
        return { statements: [], values: [`${value}.dataStart`, `${value}.length`] }
      case 'list':
        return { statements: [], values: [this.#lowerList(type, value), `${value}.length`] }
      case 'record': {
        const parts = type.fields.map((f) => {
          if (!isReference(f.type)) return this.lower(f.type, `${value}.${f.name}`)
          const local = this.#local('r')
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
    const slots = flat.map((core) => [this.#local('s'), core] as const)
    const [tag] = slots[0] as readonly [string, CoreType]
    const statements = slots.map(([name, core]) => `let ${name}: ${core} = ${ZERO[core]}`)
    const fill = (payload: GuestType, source: string): string => {
      const local = this.#local('c')
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
        return this.#liftList(type, first, second)
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
    return this.#helper('build', type, (name) => {
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
    return this.#helper('build', type, (name) => {
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
    return this.#helper('build', type, (name) => {
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
