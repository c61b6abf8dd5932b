/** Reads a component's sections in order and follows what they wire (component-model Binary.md). */
import { LIMITS, type WitFunction } from '../../core/index.ts'
import { coreSignature, type StringEncoding } from '../abi/index.ts'
import { atMost, invalid, Reader } from '../wasm/index.ts'
import type {
  CanonOptions,
  Component,
  ComponentFunc,
  ComponentInstance,
  ComponentItem,
  CoreInstance,
  CoreItem,
  DefinedResource,
  EmbeddedModule,
  ExternType,
  Scope,
  TypeItem,
} from './model.ts'
import { readExternName } from './names.ts'
import { Tally } from './tally.ts'
import { outerType, points, readExternType, readType, typeError } from './types.ts'

const CORE = { func: 0, table: 1, memory: 2, global: 3, instance: 0x12 } as const
const SECTIONS: Readonly<Record<number, string>> = { 3: ', of core types,', 9: ', a start function,', 12: ', of values,' }
/** A nested component is read at each of its instantiations, so all of them together are bounded. */
const MAX_NESTED_BYTES = 2 * LIMITS.componentBytes
const MAX_NESTED_DEPTH = 8
const MAX_INSTANCES = 256

/** What all nested components share. */
interface Whole {
  readonly tally: Tally
  readonly coreInstances: CoreInstance[]
  /** By offset: of a nested component that is instantiated again they are the same. */
  readonly modules: Map<number, EmbeddedModule>
  readonly resources: Map<string, DefinedResource>
  components: number
  nestedBytes: number
}

interface State {
  readonly types: TypeItem[]
  readonly funcs: ComponentFunc[]
  readonly instances: ComponentInstance[]
  readonly components: Extract<ComponentItem, { sort: 'component' }>[]
  readonly modules: EmbeddedModule[]
  readonly coreInstances: CoreInstance[]
  readonly core: { readonly [sort: number]: CoreItem[] }
  readonly scopes: readonly Scope[]
  readonly imports: { readonly name: string; readonly item: ComponentItem; readonly offset: number }[]
  readonly importNames: Set<string>
  readonly exports: Map<string, ComponentItem>
  readonly whole: Whole
  /** Number of this component instance. */
  readonly component: number
}

function shape(r: Reader, at: number, message: string): Error {
  return invalid('component-shape', r.origin + at, message)
}

function pick<T>(r: Reader, list: readonly T[], what: string): T {
  const at = r.at
  const found = list[r.u32()]
  if (found === undefined) throw shape(r, at, `unknown ${what} index`)
  return found
}

const coreSpace = (r: Reader, state: State, sort: number): CoreItem[] => {
  const space = state.core[sort]
  if (space === undefined) throw shape(r, r.at, `core items of sort ${sort} are not allowed`)
  return space
}

/** Names stand once in a list (component-model Binary.md, "unique"): of two of a name none could be told to be meant. */
function put<T>(r: Reader, { whole }: State, at: number, list: Map<string, T>, name: string, value: T): void {
  whole.tally.add(r)
  if (list.has(name)) throw shape(r, at, `the name ${JSON.stringify(name)} stands twice in a list`)
  list.set(name, value)
}

/** Index spaces grow with each entry; none may outgrow the limits. */
function push<T>(r: Reader, { tally }: Whole, list: T[], value: T): void {
  tally.add(r)
  if (list.length >= LIMITS.moduleTypes) throw shape(r, r.at, `more than ${LIMITS.moduleTypes} items of one sort`)
  list.push(value)
}

function readCoreInstance(r: Reader, state: State): CoreInstance {
  const offset = r.origin + r.at
  const kind = r.u8()
  const n = (): number => r.count()
  if (kind === 0) {
    const module = pick(r, state.modules, 'module')
    const args = new Map<string, CoreInstance>()
    for (let left = n(); left > 0; left--) {
      const at = r.at
      const name = r.name()
      if (r.u8() !== CORE.instance) throw shape(r, r.at - 1, 'a module takes instances only')
      put(r, state, at, args, name, pick(r, state.coreInstances, 'core instance'))
    }
    return { kind: 'module', module, args, offset }
  }
  if (kind !== 1) throw shape(r, r.at - 1, 'unknown form of core instance')
  const exports = new Map<string, CoreItem>()
  for (let left = n(); left > 0; left--) {
    const at = r.at
    const name = r.name()
    const space = coreSpace(r, state, r.u8())
    put(r, state, at, exports, name, pick(r, space, 'core item'))
  }
  return { kind: 'inline', exports, offset }
}

/** The item at a sort and index of the component's own index spaces. */
function readSortIndex(r: Reader, state: State): ComponentItem {
  const at = r.at
  const sort = r.u8()
  if (sort === 1) return { sort: 'func', func: pick(r, state.funcs, 'function') }
  if (sort === 3) return { sort: 'type', type: pick(r, state.types, 'type') }
  if (sort === 4) return pick(r, state.components, 'component')
  if (sort === 5) return { sort: 'instance', instance: pick(r, state.instances, 'instance') }
  throw shape(r, at, `items of sort ${sort} are not allowed here`)
}

function append(r: Reader, state: State, item: ComponentItem): void {
  if (item.sort === 'func') push(r, state.whole, state.funcs, item.func)
  else if (item.sort === 'type') push(r, state.whole, state.types, item.type)
  else if (item.sort === 'instance') push(r, state.whole, state.instances, item.instance)
  else push(r, state.whole, state.components, item)
}

function readInstance(r: Reader, state: State, nesting: number): ComponentInstance {
  const at = r.at
  const kind = r.u8()
  if (kind === 0) {
    const component = pick(r, state.components, 'component')
    const args = new Map<string, ComponentItem>()
    for (let left = r.count(); left > 0; left--) {
      const place = r.at
      const name = r.name()
      put(r, state, place, args, name, readSortIndex(r, state))
    }
    if (nesting >= MAX_NESTED_DEPTH) throw shape(r, at, 'components are nested too deep')
    const { whole } = state
    whole.nestedBytes += component.bytes.length
    if (whole.nestedBytes > MAX_NESTED_BYTES || whole.components >= MAX_INSTANCES) throw shape(r, at, 'the nested components are too large')
    const inner = evaluate(new Reader(component.bytes, component.offset), component.scopes, args, nesting + 1, whole)
    return { exports: inner.exports }
  }
  if (kind !== 1) throw shape(r, at, 'unknown form of instance')
  const exports = new Map<string, ComponentItem>()
  for (let left = r.count(); left > 0; left--) {
    const place = r.at
    const name = readExternName(r)
    put(r, state, place, exports, name, readSortIndex(r, state))
  }
  return { exports }
}

function readAlias(r: Reader, state: State): void {
  const at = r.at
  const sort = r.u8()
  const coreSort = sort === 0 ? r.u8() : -1
  const target = r.u8()
  if (target === 0 && sort !== 0) {
    const instance = pick(r, state.instances, 'instance')
    const name = r.name()
    const item = instance.exports.get(name)
    const wanted = ({ 1: 'func', 3: 'type', 4: 'component', 5: 'instance' } as const)[sort]
    if (item === undefined || item.sort !== wanted)
      throw shape(r, at, `an alias names ${JSON.stringify(name)}, which the instance does not export`)
    return append(r, state, item)
  }
  if (target === 1 && sort === 0) {
    const instance = pick(r, state.coreInstances, 'core instance')
    const name = r.name()
    const space = coreSpace(r, state, coreSort)
    return push(r, state.whole, space, { from: 'export', instance, name, sort: coreSort })
  }
  if (target === 2 && sort === 3) return push(r, state.whole, state.types, outerType(r, state.scopes))
  throw shape(r, at, 'this form of alias is not allowed')
}

/** Each option stands once, and only what is lifted has a post-return (CanonicalABI.md, "canonopt validation"). */
function readOptions(r: Reader, state: State, way: 'lift' | 'lower'): CanonOptions {
  const seen = new Set<number>()
  let encoding: StringEncoding = 'utf8'
  const items: { memory?: CoreItem; realloc?: CoreItem; postReturn?: CoreItem } = {}
  for (let left = r.count(); left > 0; left--) {
    const at = r.at
    const option = r.u8()
    const kind = option < 3 ? 0 : option
    if (seen.has(kind)) throw shape(r, at, `the canonical option ${option} stands twice`)
    seen.add(kind)
    if (option === 0) encoding = 'utf8'
    else if (option === 1) encoding = 'utf16'
    else if (option === 2) encoding = 'latin1+utf16'
    else if (option === 3) items.memory = pick(r, coreSpace(r, state, CORE.memory), 'memory')
    else if (option === 4) items.realloc = pick(r, coreSpace(r, state, CORE.func), 'core function')
    else if (option === 5 && way === 'lift') items.postReturn = pick(r, coreSpace(r, state, CORE.func), 'core function')
    else throw shape(r, at, `the canonical option ${option} is not allowed here`)
  }
  return { encoding, memory: items.memory, realloc: items.realloc, postReturn: items.postReturn }
}

/** What goes through memory needs one, and what comes into it an allocator (CanonicalABI.md, "canonopt validation"). */
function checkOptions(r: Reader, at: number, func: WitFunction, way: 'lift' | 'lower', { memory, realloc }: CanonOptions): void {
  const { spilled, area } = coreSignature(func, way)
  const params = func.params.some(({ type }) => points(type))
  const result = func.result !== undefined && points(func.result)
  if (memory === undefined && (spilled || area || params || result)) throw shape(r, at, 'the canonical definition needs a memory')
  if (realloc === undefined && (way === 'lift' ? params || spilled : result)) throw shape(r, at, 'the canonical definition needs a realloc')
}

function readCanon(r: Reader, state: State): void {
  const at = r.at
  const offset = r.origin + at
  const kind = r.u8()
  const funcs = coreSpace(r, state, CORE.func)
  if (kind === 0 || kind === 1) {
    if (r.u8() !== 0) throw shape(r, at, 'unknown canonical definition')
    if (kind === 1) {
      const func = pick(r, state.funcs, 'function')
      const options = readOptions(r, state, 'lower')
      checkOptions(r, at, func.type, 'lower', options)
      return push(r, state.whole, funcs, { from: 'lower', func, options, component: state.component, offset })
    }
    const core = pick(r, funcs, 'core function')
    const options = readOptions(r, state, 'lift')
    const type = pick(r, state.types, 'type')
    if (type.kind !== 'func') throw typeError(r, at, 'a lift needs a function type')
    const lifted: WitFunction = { name: '', params: type.params, result: type.result }
    checkOptions(r, at, lifted, 'lift', options)
    return push(r, state.whole, state.funcs, { from: 'lift', core, options, type: lifted, component: state.component, offset })
  }
  if (kind === 2 || kind === 3 || kind === 4) {
    const type = pick(r, state.types, 'type')
    if (type.kind !== 'resource') throw typeError(r, at, 'a canonical definition of resources needs a resource type')
    const { defined } = type
    if (kind === 3) return push(r, state.whole, funcs, { from: 'drop', resource: type.name, defined, component: state.component, offset })
    if (defined?.owner !== state.component) throw typeError(r, at, 'only the component that defines a resource makes it')
    return push(r, state.whole, funcs, { from: kind === 2 ? 'new' : 'rep', defined, offset })
  }
  throw shape(r, at, `the canonical definition ${kind}, of async functions or threads, is not supported`)
}

/** The item that an import of a top-level component stands for. */
function imported(r: Reader, tally: Tally, name: string, extern: ExternType, offset: number): ComponentItem {
  if (extern.sort === 'type') return extern
  if (extern.sort === 'func') {
    return { sort: 'func', func: { from: 'import', interface: '', type: named(name, extern.type), offset } }
  }
  const exports = new Map<string, ComponentItem>()
  if (extern.type.kind === 'instance') {
    tally.add(r, extern.type.exports.size)
    for (const [key, inner] of extern.type.exports) {
      if (inner.sort === 'func')
        exports.set(key, { sort: 'func', func: { from: 'import', interface: name, type: named(key, inner.type), offset } })
      else exports.set(key, imported(r, tally, key, inner, offset))
    }
  }
  return { sort: 'instance', instance: { exports } }
}

function named(name: string, type: TypeItem): WitFunction {
  return type.kind === 'func' ? { name, params: type.params, result: type.result } : { name, params: [], result: undefined }
}

function readImport(r: Reader, state: State, args: ReadonlyMap<string, ComponentItem> | undefined): void {
  const offset = r.origin + r.at
  const name = readExternName(r)
  const extern = readExternType(r, state.scopes[state.scopes.length - 1] as Scope, name)
  const given = args?.get(name)
  if (args !== undefined && given?.sort !== extern.sort)
    throw invalid('component-shape', offset, `the nested component lacks an argument ${JSON.stringify(name)}`)
  const item = given ?? imported(r, state.whole.tally, name, extern, offset)
  if (state.importNames.has(name)) throw invalid('component-shape', offset, `${JSON.stringify(name)} is imported twice`)
  state.importNames.add(name)
  state.imports.push({ name, item, offset })
  atMost('moduleImports', state.imports.length, offset, 'imports')
  append(r, state, item)
}

function readExport(r: Reader, state: State): void {
  const at = r.at
  const name = readExternName(r)
  let item = readSortIndex(r, state)
  const ascribed = r.u8()
  if (ascribed > 1) throw shape(r, r.at - 1, 'bad flag')
  if (ascribed === 1) readExternType(r, state.scopes[state.scopes.length - 1] as Scope, name)
  if (item.sort === 'func') item = { sort: 'func', func: { ...item.func, type: { ...item.func.type, name } } }
  if (state.exports.has(name)) throw shape(r, at, `${JSON.stringify(name)} is exported twice`)
  state.exports.set(name, item)
  atMost('moduleExports', state.exports.size, r.origin + at, 'exports')
  append(r, state, item)
}

/** The rest of a resource type behind its form: an i32 as representation, and a destructor (Binary.md, `resourcetype`). */
function defineResource(r: Reader, state: State): TypeItem {
  const at = r.at
  if (r.u8() !== 0x7f) throw typeError(r, at, 'a resource is represented by an i32')
  const flag = r.u8()
  if (flag > 1) throw typeError(r, at, 'bad flag')
  const destructor = flag === 0 ? undefined : pick(r, coreSpace(r, state, CORE.func), 'core function')
  const { resources } = state.whole
  const defined = { name: `#${resources.size}`, owner: state.component, destructor }
  resources.set(defined.name, defined)
  return { kind: 'resource', name: defined.name, defined }
}

function evaluate(
  r: Reader,
  outer: readonly Scope[],
  args: ReadonlyMap<string, ComponentItem> | undefined,
  nesting: number,
  whole: Whole,
): Component {
  const start = r.at
  if (r.end - start < 8 || r.u32le() !== 0x6d736100) throw r.fail('the bytes are not WebAssembly', start)
  if (r.u32le() !== 0x0001_000d) throw r.fail('the bytes are not a WebAssembly component', start + 4)
  const types: TypeItem[] = []
  const state: State = {
    types,
    funcs: [],
    instances: [],
    components: [],
    modules: [],
    coreInstances: [],
    core: { [CORE.func]: [], [CORE.table]: [], [CORE.memory]: [], [CORE.global]: [] },
    scopes: [...outer, { types, tally: whole.tally }],
    imports: [],
    importNames: new Set(),
    exports: new Map(),
    whole,
    component: whole.components++,
  }
  const each = (s: Reader, read: () => void): void => {
    for (let left = s.count(); left > 0; left--) read()
  }
  while (!r.done) {
    const at = r.at
    const id = r.u8()
    const s = r.sub(r.u32())
    if (id === 0) continue
    if (id === 1 || id === 4) {
      const offset = r.origin + s.at
      const bytes = s.take(s.end - s.at)
      if (id === 1) {
        const module = whole.modules.get(offset) ?? { bytes, offset }
        whole.modules.set(offset, module)
        push(r, whole, state.modules, module)
      } else push(r, state.whole, state.components, { sort: 'component', bytes, offset, scopes: state.scopes })
    } else if (id === 2)
      each(s, () => {
        const instance = readCoreInstance(s, state)
        push(s, whole, state.coreInstances, instance)
        push(s, whole, whole.coreInstances, instance)
      })
    else if (id === 5) each(s, () => push(s, whole, state.instances, readInstance(s, state, nesting)))
    else if (id === 6) each(s, () => readAlias(s, state))
    else if (id === 7)
      each(s, () =>
        push(
          s,
          whole,
          types,
          readType(s, state.scopes, () => defineResource(s, state)),
        ),
      )
    else if (id === 8) each(s, () => readCanon(s, state))
    else if (id === 10) each(s, () => readImport(s, state, args))
    else if (id === 11) each(s, () => readExport(s, state))
    else throw shape(r, at, `a section of kind ${id}${SECTIONS[id] ?? ''} is not supported`)
    if (!s.done) throw s.fail(`section ${id} is longer than its content`)
  }
  const { coreInstances, modules, resources } = whole
  return { imports: state.imports, exports: state.exports, coreInstances, resources, modules: [...modules.values()] }
}

/** True for bytes that begin as a component does. */
export function isComponent(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 8 &&
    bytes[0] === 0 &&
    bytes[1] === 0x61 &&
    bytes[2] === 0x73 &&
    bytes[3] === 0x6d &&
    bytes[4] === 0x0d &&
    bytes[6] === 1
  )
}

/** Reads a component. Throws `guest_invalid` naming rule and offset. */
export function readComponent(bytes: Uint8Array): Component {
  const whole: Whole = {
    tally: new Tally(bytes.length),
    coreInstances: [],
    modules: new Map(),
    resources: new Map(),
    components: 0,
    nestedBytes: 0,
  }
  return evaluate(new Reader(bytes), [], undefined, 0, whole)
}
