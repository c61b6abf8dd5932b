/**
 * For tests and benches: a component of core text that hands values of any types to an imported function and its answer back, so that all four
 * ways across the ABI are taken; run on our glue and on jco's. `f<i>(v: T) -> tuple<T, u8>` calls `e<i>` of the same type.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { componentEmbed, componentNew, parse, transpile } from '@bytecodealliance/jco'
import type { WitFunction, WitType, WitValue } from '../../../core/index.ts'
import type { StringEncoding } from '../memory.ts'
import { exportGlue, importGlue, type CoreFunction } from '../call.ts'
import { coreSignature, layoutOf } from '../layout.ts'
import { GuestMemory, type Meter, type Realloc } from '../memory.ts'
import { fromJco, toJco } from './jco-values.ts'

/** WIT text of types; records, variants, enums and flags get names of their own. */
export class WitText {
  readonly declarations: string[] = []
  readonly names: string[] = []
  readonly #known = new Map<WitType, string>()

  text(type: WitType): string {
    switch (type.kind) {
      case 'list':
        return `list<${this.text(type.element)}>`
      case 'option':
        return `option<${this.text(type.some)}>`
      case 'tuple':
        return `tuple<${type.items.map((t) => this.text(t)).join(', ')}>`
      case 'result': {
        if (type.ok === undefined && type.err === undefined) return 'result'
        const ok = type.ok === undefined ? '_' : this.text(type.ok)
        return type.err === undefined ? `result<${ok}>` : `result<${ok}, ${this.text(type.err)}>`
      }
      case 'record':
        return this.#declare(type, 'record', () => type.fields.map((f) => `${f.name}: ${this.text(f.type)}`))
      case 'variant':
        return this.#declare(type, 'variant', () =>
          type.cases.map((c) => (c.type === undefined ? c.name : `${c.name}(${this.text(c.type)})`)),
        )
      case 'enum':
      case 'flags':
        return this.#declare(type, type.kind, () => type.names)
      case 'own':
      case 'borrow':
        throw new Error('no handles here')
      default:
        return type.kind
    }
  }

  #declare(type: WitType, keyword: string, members: () => readonly string[]): string {
    const known = this.#known.get(type)
    if (known !== undefined) return known
    const lines = members()
    const name = `t${this.names.length}`
    this.#known.set(type, name)
    this.names.push(name)
    this.declarations.push(`${keyword} ${name} { ${lines.join(', ')} }`)
    return name
  }
}

const CORE: Readonly<Record<string, string>> = { i: 'i32', l: 'i64', f: 'f32', d: 'f64' }

/** The function `f` or `e` of a type. */
export const echoFunction = (type: WitType): WitFunction => ({
  name: 'f',
  params: [{ name: 'v', type }],
  result: { kind: 'tuple', items: [type, { kind: 'u8' }] },
})

/** The core module as text. Its allocator goes upwards, grows the memory, and begins anew after each call. */
export function echoCore(types: readonly WitType[]): string {
  const functions = types.map((type, i) => {
    const fn = echoFunction(type)
    const { params } = coreSignature(fn, 'lift')
    const { size, align } = layoutOf(fn.result as WitType)
    const core = [...params].map((p) => CORE[p]).join(' ')
    return {
      import: `(import "t:t/h" "e${i}" (func $e${i} (param ${core} i32)))`,
      text: `(func (export "f${i}") (param ${core}) (result i32) (local $a i32)
  (local.set $a (call $realloc (i32.const 0) (i32.const 0) (i32.const ${align}) (i32.const ${size})))
  (call $e${i} ${[...params].map((_, n) => `(local.get ${n})`).join(' ')} (local.get $a))
  (local.get $a))
(func (export "cabi_post_f${i}") (param i32) (global.set $p (i32.const 1024)))`,
    }
  })
  return `(module
${functions.map((f) => f.import).join('\n')}
(memory (export "memory") 1)
(global $p (mut i32) (i32.const 1024))
(func $realloc (export "cabi_realloc") (param $old i32) (param $was i32) (param $align i32) (param $n i32) (result i32) (local $at i32)
  (local.set $at (i32.and (i32.add (global.get $p) (i32.sub (local.get $align) (i32.const 1))) (i32.sub (i32.const 0) (local.get $align))))
  (global.set $p (i32.add (local.get $at) (local.get $n)))
  (if (i32.gt_u (global.get $p) (i32.mul (memory.size) (i32.const 65536)))
    (then (drop (memory.grow (i32.add (i32.div_u (local.get $n) (i32.const 65536)) (i32.const 1))))))
  (if (local.get $was) (then (memory.copy (local.get $at) (local.get $old) (local.get $was))))
  (local.get $at))
${functions.map((f) => f.text).join('\n')}
)`
}

/** The component, and its core module. */
export async function echoComponent(
  types: readonly WitType[],
  encoding: StringEncoding,
): Promise<{ readonly core: Uint8Array; readonly component: Uint8Array }> {
  const wit = new WitText()
  const functions = types.map((type) => `func(v: ${wit.text(type)}) -> tuple<${wit.text(type)}, u8>`)
  const witSource = `package t:t;
interface h { ${wit.declarations.join('\n')}
${functions.map((f, i) => `e${i}: ${f};`).join('\n')} }
world w { import h; ${wit.names.length === 0 ? '' : `use h.{${wit.names.join(', ')}};`}
${functions.map((f, i) => `export f${i}: ${f};`).join('\n')} }`
  const core = new Uint8Array(await parse(echoCore(types)))
  const stringEncoding = encoding === 'latin1+utf16' ? 'compact-utf16' : encoding
  const embedded = await componentEmbed({ binary: core, witSource, stringEncoding })
  return { core, component: new Uint8Array(await componentNew(embedded, [])) }
}

/** Calls `f<index>`; `answer` is what the import gives for what it was handed. */
export type Echo = (index: number, value: WitValue, answer: (seen: WitValue) => readonly [WitValue, number]) => readonly [WitValue, number]

type CoreExports = Readonly<Record<string, CoreFunction>> & { readonly memory: WebAssembly.Memory; readonly cabi_realloc: Realloc }

/** The core module on our glue. */
export function echoOnOurs(core: Uint8Array, types: readonly WitType[], encoding: StringEncoding, meter: Meter): Echo {
  const glues = types.map((type) => ({ f: exportGlue(echoFunction(type), encoding), e: importGlue(echoFunction(type), encoding) }))
  let answer: (seen: WitValue) => readonly [WitValue, number] = (seen) => [seen, 0]
  const imports = Object.fromEntries(
    glues.map(({ e }, i) => [`e${i}`, (...args: number[]) => e.lower(m, answer(e.lift(m, args)[0] as WitValue) as WitValue, args)]),
  )
  const instance = new WebAssembly.Instance(new WebAssembly.Module(core as Uint8Array<ArrayBuffer>), { 't:t/h': imports })
  const exports = instance.exports as unknown as CoreExports
  const m = new GuestMemory(exports.memory, exports.cabi_realloc, meter)
  const calls = glues.map(({ f }, i) => ({ f, call: exports[`f${i}`] as CoreFunction, post: exports[`cabi_post_f${i}`] as CoreFunction }))
  return (index, value, answerOf) => {
    answer = answerOf
    const { f, call, post } = calls[index] as (typeof calls)[0]
    const area = call(...f.lower(m, [value]))
    const result = f.lift(m, area) as unknown as readonly [WitValue, number]
    post(area as number)
    return result
  }
}

export type JcoFunction = (...args: unknown[]) => unknown
interface Transpiled {
  instantiate(
    core: (path: string) => WebAssembly.Module,
    imports: Readonly<Record<string, Record<string, JcoFunction>>>,
  ): Readonly<Record<string, JcoFunction>>
}

/** The exports of a component on jco's glue. */
export async function instantiateOnJco(
  component: Uint8Array,
  imports: Readonly<Record<string, Record<string, JcoFunction>>>,
): Promise<Readonly<Record<string, JcoFunction>>> {
  const { files } = await transpile(component, { name: 'echo', instantiation: 'sync' })
  const all = files as unknown as Record<string, Uint8Array<ArrayBuffer>>
  const dir = await mkdtemp(join(tmpdir(), 'utnet-echo-'))
  try {
    await writeFile(join(dir, 'echo.mjs'), all['echo.js'] as Uint8Array)
    const module = (await import(pathToFileURL(join(dir, 'echo.mjs')).href)) as Transpiled
    return module.instantiate((path) => new WebAssembly.Module(all[path] as Uint8Array<ArrayBuffer>), imports)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** The component on jco's glue. */
export async function echoOnJco(component: Uint8Array, types: readonly WitType[]): Promise<Echo> {
  let answer: (seen: WitValue) => readonly [WitValue, number] = (seen) => [seen, 0]
  const imports = Object.fromEntries(
    types.map((type, i): [string, JcoFunction] => [
      `e${i}`,
      (value) => {
        const [back, n] = answer(fromJco(type, value))
        return [toJco(type, back), n]
      },
    ]),
  )
  const exports = await instantiateOnJco(component, { 't:t/h': imports })
  return (index, value, answerOf) => {
    answer = answerOf
    const type = types[index] as WitType
    const [back, n] = (exports[`f${index}`] as JcoFunction)(toJco(type, value)) as readonly [unknown, number]
    return [fromJco(type, back), n]
  }
}
