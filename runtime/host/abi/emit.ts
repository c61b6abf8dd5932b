/**
 * JavaScript that moves values of a WIT type between guest memory, core values and their canonical form (core/wit/wit-value.ts).
 * CanonicalABI.md: `load` and `store` work on memory, `lift` and `lower` on core values. Nothing of a type's names gets into the text: members
 * are indices, sizes and counts are numbers. In scope are `m` the memory, `v` its view, `rt` the RUNTIME of values.ts.
 * A guest's allocator may grow the memory, so `v` is taken anew behind every allocation; lifting calls no guest.
 */
import type { WitPrimitive, WitType } from '../../core/index.ts'
import type { StringEncoding } from './memory.ts'
import { casesOf, fieldsLayout, layoutOf, payloadOffset, tagSize } from './layout.ts'

type Of<K extends WitType['kind']> = Extract<WitType, { kind: K }>
type Text = Of<WitPrimitive> & { readonly kind: 'string' }
type Payloads = Of<'option'> | Of<'result'> | Of<'variant'>
type Tagged = Payloads | Of<'enum'>
/** The statement that sets the core value of an index. */
export type Assign = (index: number, core: string) => string

const SMALL: Readonly<Record<string, { readonly get: string; readonly narrow: (core: string) => string }>> = {
  u8: { get: 'Uint8', narrow: (c) => `${c} & 255` },
  s8: { get: 'Int8', narrow: (c) => `${c} << 24 >> 24` },
  u16: { get: 'Uint16', narrow: (c) => `${c} & 65535` },
  s16: { get: 'Int16', narrow: (c) => `${c} << 16 >> 16` },
  u32: { get: 'Uint32', narrow: (c) => `${c} >>> 0` },
  s32: { get: 'Int32', narrow: (c) => `${c} | 0` },
  own: { get: 'Uint32', narrow: (c) => `${c} >>> 0` },
  borrow: { get: 'Uint32', narrow: (c) => `${c} >>> 0` },
}
const TAGS = { 1: 'Uint8', 2: 'Uint16', 4: 'Uint32' } as const

/** The ending of the functions for text. */
const TEXT: Readonly<Record<StringEncoding, string>> = { utf8: 'Utf8', utf16: 'Utf16', 'latin1+utf16': 'Latin1OrUtf16' }
const LENGTH: Readonly<Record<StringEncoding, (text: string) => string>> = {
  utf8: (text) => `rt.utf8Length(${text})`,
  utf16: (text) => `${text}.length`,
  'latin1+utf16': (text) => `rt.latin1OrUtf16Length(${text})`,
}
/** Members of a record that stand where it is used; a longer one is a function, so that the text grows with the types and not with their uses. */
const INLINE = 8

const membersOf = (type: Of<'record'> | Of<'tuple'>): readonly WitType[] =>
  type.kind === 'tuple' ? type.items : type.fields.map((f) => f.type)

const hasPayloads = (type: WitType): type is Payloads => type.kind === 'option' || type.kind === 'result' || type.kind === 'variant'

const plus = (at: string, offset: number): string => (offset === 0 ? at : `${at} + ${offset}`)

/** A core value of a joined slot as the type that the case wants. */
function unjoin(core: string, have: string, want: string): string {
  if (have === want) return core
  if (want === 'd') return `rt.f64OfBits(${core})`
  const low = have === 'l' ? `rt.lowOf64(${core})` : core
  return want === 'f' ? `rt.f32OfBits(${low})` : low
}

/** The reverse of `unjoin`. */
function rejoin(core: string, have: string, want: string): string {
  if (have === want) return core
  if (have === 'd') return `rt.bitsOfF64(${core})`
  const low = have === 'f' ? `rt.bitsOfF32(${core})` : core
  return want === 'l' ? `rt.wideOf(${low})` : low
}

export class Emitter {
  readonly #encoding: StringEncoding
  readonly #functions: string[] = []
  readonly #named = { load: new Map<WitType, string>(), store: new Map<WitType, string>(), lift: new Map<WitType, string>() }
  readonly #allocating = new Map<WitType, boolean>()
  #locals = 0

  constructor(encoding: StringEncoding) {
    this.#encoding = encoding
  }

  /** The functions that the expressions given out so far call. */
  functions(): string {
    return this.#functions.join('\n')
  }

  #local(): string {
    return `t${this.#locals++}`
  }

  /** A function of a type, written once. */
  #function(verb: 'load' | 'store' | 'lift', type: WitType, body: (name: string) => string): string {
    const known = this.#named[verb].get(type)
    if (known !== undefined) return known
    const name = `${verb}${this.#named[verb].size}`
    this.#named[verb].set(type, name)
    this.#functions.push(body(name))
    return name
  }

  /** Lowering it asks the guest for room. */
  #allocates(type: WitType): boolean {
    let found = this.#allocating.get(type)
    if (found === undefined) {
      if (type.kind === 'string' || type.kind === 'list') found = true
      else if (type.kind === 'record' || type.kind === 'tuple') found = membersOf(type).some((t) => this.#allocates(t))
      else found = hasPayloads(type) && casesOf(type).some((t) => t !== undefined && this.#allocates(t))
      this.#allocating.set(type, found)
    }
    return found
  }

  /** Expression: the value at the address `at`, which lies in memory with its whole size. */
  load(type: WitType, at: string): string {
    const small = SMALL[type.kind]
    if (small !== undefined) return this.#get(small.get, at)
    switch (type.kind) {
      case 'bool':
        return `v.getUint8(${at}) !== 0`
      case 'u64':
      case 's64':
      case 'f32':
      case 'f64':
        return `rt.load${type.kind.toUpperCase()}(v, ${at})`
      case 'char':
        return `rt.char(v.getUint32(${at}, true))`
      case 'string':
        return `rt.load${TEXT[this.#encoding]}(m, v, ${at})`
      case 'list':
        if (type.element.kind === 'u8') return `rt.loadBytes(m, v, ${at})`
        return `${this.#listReader(type)}(m, v.getUint32(${at}, true), v.getUint32(${plus(at, 4)}, true))`
      case 'record':
      case 'tuple':
        return membersOf(type).length > INLINE ? `${this.#recordLoader(type)}(m, v, ${at})` : this.#loadMembers(type, at)
      case 'flags':
        return `rt.unpackFlags(${this.#get(TAGS[layoutOf(type).size as 1 | 2 | 4], at)}, ${type.names.length})`
      default:
        return `${this.#loader(type as Tagged)}(m, v, ${at})`
    }
  }

  #loadMembers(type: Of<'record'> | Of<'tuple'>, at: string): string {
    const types = membersOf(type)
    const { offsets } = fieldsLayout(types)
    return `[${types.map((t, i) => this.load(t, plus(at, offsets[i] as number))).join(', ')}]`
  }

  #recordLoader(type: Of<'record'> | Of<'tuple'>): string {
    return this.#function('load', type, (name) => `function ${name}(m, v, at) { return ${this.#loadMembers(type, 'at')} }`)
  }

  #get(what: string, at: string): string {
    return what.endsWith('8') ? `v.get${what}(${at})` : `v.get${what}(${at}, true)`
  }

  #set(what: string, at: string, value: string): string {
    return what.endsWith('8') ? `v.set${what}(${at}, ${value})` : `v.set${what}(${at}, ${value}, true)`
  }

  #read(type: Text | Of<'list'>, pointer: string, length: string): string {
    if (type.kind === 'string') return `m.read${TEXT[this.#encoding]}(${pointer}, ${length})`
    return type.element.kind === 'u8' ? `m.copyOut(${pointer}, ${length})` : `${this.#listReader(type)}(m, ${pointer}, ${length})`
  }

  #listReader(type: Of<'list'>): string {
    return this.#function('load', type, (name) => {
      const { size, align } = layoutOf(type.element)
      return `function ${name}(m, pointer, n) {
  let at = m.check(pointer, n * ${size}, ${align})
  m.chargeIn(n * ${size}, n + 1)
  const v = m.view
  const out = new Array(n)
  for (let i = 0; i < n; i++, at += ${size}) out[i] = ${this.load(type.element, 'at')}
  return out
}`
    })
  }

  #cases(type: Tagged, tag: string, payload: (type: WitType, index: number) => string): string {
    if (type.kind === 'enum') return `if (${tag} < ${type.names.length}) return ${tag}`
    const lines = casesOf(type).map((inner, i) => {
      const value = inner === undefined ? undefined : payload(inner, i)
      if (type.kind === 'option') return `case ${i}: return [${value ?? ''}]`
      return `case ${i}: return [${value === undefined ? i : `${i}, ${value}`}]`
    })
    return `switch (${tag}) {\n    ${lines.join('\n    ')}\n  }`
  }

  #loader(type: Tagged): string {
    return this.#function('load', type, (name) => {
      const cases = casesOf(type)
      const offset = payloadOffset(cases)
      return `function ${name}(m, v, at) {
  const tag = ${this.#get(TAGS[tagSize(cases.length)], 'at')}
  ${this.#cases(type, 'tag', (inner) => this.load(inner, plus('at', offset)))}
  throw rt.badTag(tag)
}`
    })
  }

  /** Statements: the value goes to the address `at`. Both are names or free of effects. `v` is as new afterwards. */
  store(type: WitType, value: string, at: string): string {
    const small = SMALL[type.kind]
    if (small !== undefined) return this.#set(small.get, at, value)
    switch (type.kind) {
      case 'bool':
        return `v.setUint8(${at}, ${value} === true ? 1 : 0)`
      case 'u64':
      case 's64':
        return `rt.store64(v, ${at}, ${value})`
      case 'f32':
      case 'f64':
        return `rt.store${type.kind.toUpperCase()}(v, ${at}, ${value})`
      case 'char':
        return `v.setUint32(${at}, rt.charCode(${value}), true)`
      case 'string':
        return `rt.store${TEXT[this.#encoding]}(m, ${at}, ${value}); v = m.view`
      case 'list': {
        const store =
          type.element.kind === 'u8'
            ? `rt.storeBytes(m, ${at}, ${value})`
            : `rt.storePair(m, ${at}, ${this.#listWriter(type)}(m, ${value}), ${value}.length)`
        return `${store}; v = m.view`
      }
      case 'record':
      case 'tuple':
        if (membersOf(type).length <= INLINE) return this.#storeMembers(type, value, at)
        return `${this.#recordStorer(type)}(m, v, ${value}, ${at})${this.#allocates(type) ? '; v = m.view' : ''}`
      case 'flags':
        return this.#set(TAGS[layoutOf(type).size as 1 | 2 | 4], at, `rt.packFlags(${value})`)
      case 'enum':
        return this.#set(TAGS[tagSize(type.names.length)], at, value)
      default:
        return `${this.#storer(type as Payloads)}(m, v, ${value}, ${at})${this.#allocates(type) ? '; v = m.view' : ''}`
    }
  }

  #storeMembers(type: Of<'record'> | Of<'tuple'>, value: string, at: string): string {
    const types = membersOf(type)
    const { offsets } = fieldsLayout(types)
    return types.map((t, i) => this.#once(t, `${value}[${i}]`, (name) => this.store(t, name, plus(at, offsets[i] as number)))).join('; ')
  }

  #recordStorer(type: Of<'record'> | Of<'tuple'>): string {
    return this.#function('store', type, (name) => `function ${name}(m, v, value, at) { ${this.#storeMembers(type, 'value', 'at')} }`)
  }

  /** Runs `use` on a name for what is read more than once. */
  #once(type: WitType, value: string, use: (name: string) => string): string {
    if (!['string', 'list', 'record', 'tuple'].includes(type.kind) && !hasPayloads(type)) return use(value)
    const name = this.#local()
    return `const ${name} = ${value}; ${use(name)}`
  }

  /** A statement that writes text or a list, the name of its pointer, and its length. */
  #write(type: Text | Of<'list'>, value: string): readonly [string, string, string] {
    const pointer = this.#local()
    if (type.kind === 'list') {
      const call = type.element.kind === 'u8' ? `m.copyIn(${value})` : `${this.#listWriter(type)}(m, ${value})`
      return [`const ${pointer} = ${call}`, pointer, `${value}.length`]
    }
    const n = this.#local()
    const write = this.#encoding === 'utf16' ? `m.writeUtf16(${value})` : `m.write${TEXT[this.#encoding]}(${value}, ${n})`
    return [`const ${n} = ${LENGTH[this.#encoding](value)}, ${pointer} = ${write}`, pointer, n]
  }

  #listWriter(type: Of<'list'>): string {
    return this.#function('store', type, (name) => {
      const { size, align } = layoutOf(type.element)
      return `function ${name}(m, items) {
  const n = items.length
  m.chargeOut(n * ${size}, n + 1)
  const start = m.allocate(n * ${size}, ${align})
  let v = m.view
  for (let i = 0, at = start; i < n; i++, at += ${size}) { const item = items[i]; ${this.store(type.element, 'item', 'at')} }
  return start
}`
    })
  }

  #storer(type: Payloads): string {
    return this.#function('store', type, (name) => {
      const cases = casesOf(type)
      const offset = payloadOffset(cases)
      const set = (tag: string): string => this.#set(TAGS[tagSize(cases.length)], 'at', tag)
      const inner = (t: WitType, source: string): string => `const payload = ${source}; ${this.store(t, 'payload', plus('at', offset))}`
      if (type.kind === 'option') {
        return `function ${name}(m, v, value, at) {
  if (value.length === 0) { ${set('0')}; return }
  ${set('1')}
  ${inner(type.some, 'value[0]')}
}`
      }
      const lines = cases.flatMap((t, i) => (t === undefined ? [] : [`case ${i}: { ${inner(t, 'value[1]')}; return }`]))
      return `function ${name}(m, v, value, at) {
  const tag = value[0]
  ${set('tag')}
  switch (tag) {
    ${lines.join('\n    ')}
  }
}`
    })
  }

  /** Expression: the value that these core values are, one for each letter of its flattening. */
  lift(type: WitType, cores: readonly string[]): string {
    const [first, second] = cores as readonly [string, string]
    const small = SMALL[type.kind]
    if (small !== undefined) return small.narrow(first)
    switch (type.kind) {
      case 'bool':
        return `${first} !== 0`
      case 'u64':
      case 's64':
      case 'f32':
      case 'f64':
        return `rt.lift${type.kind.toUpperCase()}(${first})`
      case 'char':
        return `rt.char(${first})`
      case 'string':
      case 'list':
        return this.#read(type as Text | Of<'list'>, `${first} >>> 0`, `${second} >>> 0`)
      case 'record':
      case 'tuple': {
        let at = 0
        const parts = membersOf(type).map((t) => {
          const start = at
          at += layoutOf(t).flat.length
          return this.lift(t, cores.slice(start, at))
        })
        return `[${parts.join(', ')}]`
      }
      case 'flags':
        return `rt.unpackFlags(${first}, ${type.names.length})`
      default:
        return `${this.#lifter(type as Tagged)}(m, ${cores.join(', ')})`
    }
  }

  #lifter(type: Tagged): string {
    return this.#function('lift', type, (name) => {
      const { flat } = layoutOf(type)
      const cores = [...flat].map((_, i) => `p${i}`)
      const payload = (inner: WitType): string => {
        const wants = layoutOf(inner).flat
        return this.lift(
          inner,
          [...wants].map((want, i) => unjoin(cores[i + 1] as string, flat.charAt(i + 1), want)),
        )
      }
      return `function ${name}(m, ${cores.join(', ')}) {
  ${type.kind === 'enum' ? 'p0 >>>= 0; ' : ''}${this.#cases(type, 'p0', payload)}
  throw rt.badTag(p0)
}`
    })
  }

  /** Statements: sets the core values of a value, a name. Those that a variant's case has not keep the zero they were declared with. */
  lower(type: WitType, value: string, assign: Assign): string {
    if (SMALL[type.kind] !== undefined) return assign(0, `${value} | 0`)
    switch (type.kind) {
      case 'bool':
        return assign(0, `${value} === true ? 1 : 0`)
      case 'u64':
      case 's64':
        return assign(0, `rt.lower64(${value})`)
      case 'f32':
      case 'f64':
        return assign(0, `rt.lower${type.kind.toUpperCase()}(${value})`)
      case 'char':
        return assign(0, `rt.charCode(${value})`)
      case 'string':
      case 'list': {
        const [statement, pointer, length] = this.#write(type as Text | Of<'list'>, value)
        return `${statement}; ${assign(0, `${pointer} | 0`)}; ${assign(1, `${length} | 0`)}`
      }
      case 'record':
      case 'tuple': {
        let at = 0
        const parts = membersOf(type).map((t, i) => {
          const start = at
          at += layoutOf(t).flat.length
          return this.#once(t, `${value}[${i}]`, (name) => this.lower(t, name, (n, core) => assign(start + n, core)))
        })
        return parts.join('; ')
      }
      case 'flags':
        return assign(0, `rt.packFlags(${value}) | 0`)
      case 'enum':
        return assign(0, value)
      default:
        return this.#lowerTagged(type as Payloads, value, assign)
    }
  }

  #lowerTagged(type: Payloads, value: string, assign: Assign): string {
    const joined = layoutOf(type).flat
    const inner = (t: WitType, source: string): string => {
      const own = layoutOf(t).flat
      const name = this.#local()
      return `const ${name} = ${source}; ${this.lower(t, name, (i, core) => assign(i + 1, rejoin(core, own.charAt(i), joined.charAt(i + 1))))}`
    }
    if (type.kind === 'option') return `if (${value}.length !== 0) { ${assign(0, '1')}; ${inner(type.some, `${value}[0]`)} }`
    const lines = casesOf(type).flatMap((t, i) => (t === undefined ? [] : [`case ${i}: { ${inner(t, `${value}[1]`)}; break }`]))
    return `${assign(0, `${value}[0]`)}; switch (${value}[0]) { ${lines.join(' ')} }`
  }
}
