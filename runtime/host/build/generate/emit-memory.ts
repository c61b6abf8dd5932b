/** Emits the AssemblyScript that moves values between AssemblyScript objects and memory (CanonicalABI.md, `load` and `store`). */

import {
  asText,
  isBoxed,
  isReference,
  isTyped,
  layout,
  liesFlat,
  payloads,
  recordLayout,
  variantLayout,
  type GuestType,
  type VariantCase,
} from '../types/index.ts'

const at = (pointer: string, offset: number): string => (offset === 0 ? pointer : `${pointer} + ${offset}`)
const offsetArgument = (offset: number): string => (offset === 0 ? '' : `, ${offset}`)

/** The number of a handle; an own leaves its object. */
export const handle = (type: Extract<GuestType, { kind: 'handle' }>, value: string): string => `${value}.${type.own ? 'take()' : 'handle'}`
/** The payload of an option that is known to have one. An amount's `===` is an operator of its own, from which the compiler learns nothing. */
export function someOf(some: GuestType, value: string): string {
  if (some.kind === 'amount') return `${value}!`
  return isBoxed(some) ? `${value}.value` : value
}

/** The payload of a case of the variant `object`: its field is nullable, so that the other cases need no value for it. */
export function caseValue(c: VariantCase, object: string): string {
  const field = `${object}.${c.field}`
  if (c.boxed === true) return `${field}!.value`
  return c.type !== undefined && isReference(c.type) && c.type.kind !== 'option' ? `${field}!` : field
}

/** What stands in the field of a case for its payload. */
export const caseObject = (c: VariantCase, payload: string): string =>
  c.boxed === true && c.type !== undefined ? `new Box<${asText(c.type)}>(${payload})` : payload

/** Collects helper functions, one for each compound type in use. */
export class MemoryEmitter {
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

  protected local(prefix: string): string {
    return `${prefix}${this.#locals++}`
  }

  /** Emits `make()` once per type text and returns the function's name. Names count up, so they do not depend on anything but the order. */
  protected helper(verb: string, type: GuestType, make: (name: string) => string): string {
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
        return this.liftList(type, `load<usize>(${pointer}${offsetArgument(offset)})`, `load<i32>(${pointer}, ${offset + 4})`)
      case 'result':
        if (!isReference(type)) return `load<u8>(${pointer}${offsetArgument(offset)}) == 0`
        break
      default:
    }
    return `${this.#loader(type)}(${at(pointer, offset)})`
  }

  #loader(type: GuestType): string {
    return this.helper('load', type, (name) => {
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

  protected liftList(type: Extract<GuestType, { kind: 'list' }>, pointer: string, length: string): string {
    const text = asText(type.element)
    if (liesFlat(type.element)) {
      const typed = isTyped(type.container)
      return typed ? `liftTyped<${type.container}>(${pointer}, ${length})` : `lift${type.container}<${text}>(${pointer}, ${length})`
    }
    const name = this.helper('lift', type, (own) => {
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
          `store<usize>(${pointer}, ${this.lowerList(type, value)}${offsetArgument(offset)})`,
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
    return this.helper('store', type, (name) => {
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
    const local = this.local('f') // a local, so that null checks hold and the field is read once
    return [`const ${local} = ${value}`, ...this.store(type, 'p', offset, local)]
  }

  /** Expression: pointer to the elements in canonical layout. */
  protected lowerList(type: Extract<GuestType, { kind: 'list' }>, value: string): string {
    if (liesFlat(type.element)) return type.container === 'StaticArray' ? `changetype<usize>(${value})` : `${value}.dataStart`
    const name = this.helper('lower', type, (own) => {
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
}
