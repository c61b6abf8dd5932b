/** For tests: random valid modules in the text format, from a seed, and both schemes run side by side. */
import { wat } from '../../testing/wat.ts'
import { readModule, type CoreModule } from '../../wasm/index.ts'
import { prepareModule } from '../index.ts'

/** Numerical Recipes' generator: the same modules from the same seed everywhere. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 to n - 1. */
  below(n: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * n)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }
}

type Type = 'i32' | 'i64' | 'f32' | 'f64' | 'v128'
const TYPES: readonly Type[] = ['i32', 'i64', 'f32', 'f64', 'v128']
/** Locals by type, two of each; the first i32 and f32 are parameters. */
const LOCALS: Readonly<Record<Type, readonly [string, string]>> = {
  i32: ['$i', '$j'],
  i64: ['$k', '$l'],
  f32: ['$f', '$g'],
  f64: ['$d', '$e'],
  v128: ['$v', '$w'],
}
const FLOATS = ['add', 'sub', 'mul', 'div', 'min', 'max']
const UNARY = ['sqrt', 'ceil', 'floor', 'trunc', 'nearest', 'neg', 'abs']
const LANES = [...FLOATS, 'pmin', 'pmax']
/** Bits of all kinds, NaNs that are not canonical among them. */
const BITS32 = ['0', '0x7fc00000', '0x7fc00001', '0xffc00000', '0x7f800001', '0x7f800000', '0xff800000', '0x3f800000', '0x80000000']
const BITS64 = [
  '0',
  '0x7ff8000000000000',
  '0xfff8000000000000',
  '0x7ff0000000000001',
  '0x7ff0000000000000',
  '0xbff0000000000000',
  '0x7fc000007fc00001',
]

class Writer {
  readonly #random: Random
  readonly #callees: number
  /** Labels that a branch may go to, innermost last; each with the type that it takes. */
  readonly #labels: { readonly name: string; readonly type: Type | ''; readonly loop: boolean }[] = []
  #names = 0
  #left: number

  constructor(random: Random, callees: number, size: number) {
    this.#random = random
    this.#callees = callees
    this.#left = size
  }

  #address(depth: number): string {
    return `(i32.and ${this.value('i32', depth)} (i32.const 0xfff0))`
  }

  /** An expression of a type. */
  value(type: Type, depth: number): string {
    const r = this.#random
    const local = `(local.get ${r.pick(LOCALS[type])})`
    if (depth <= 0 || this.#left-- < 0) return r.below(3) > 0 ? local : this.#constant(type)
    const sub = (t: Type = type): string => this.value(t, depth - 1)
    const shared: (() => string)[] = [
      () => local,
      () => `(local.tee ${r.pick(LOCALS[type])} ${sub()})`,
      () => `(select ${type === 'v128' ? '(result v128) ' : ''}${sub()} ${sub()} ${sub('i32')})`,
      () => `(${type}.load ${this.#address(depth - 1)})`,
      () => `(if (result ${type}) ${sub('i32')} (then ${sub()}) (else ${sub()}))`,
      () => this.#block(type, depth),
      () => `(global.get $${type})`,
    ]
    const own: Readonly<Record<Type, (() => string)[]>> = {
      i32: [
        () => `(i32.${r.pick(['add', 'sub', 'mul', 'xor', 'shl'])} ${sub()} ${sub()})`,
        () => `(i32.reinterpret_f32 ${sub('f32')})`,
        () => `(f32.${r.pick(['lt', 'eq', 'ne'])} ${sub('f32')} ${sub('f32')})`,
        () => `(i32.trunc_sat_f64_s ${sub('f64')})`,
        () => `(i32.reinterpret_f32 (f32x4.extract_lane 1 ${sub('v128')}))`,
        () => `(i32x4.extract_lane 2 ${sub('v128')})`,
        ...(this.#callees === 0
          ? []
          : [
              () => `(call $f${r.below(this.#callees)} ${sub()} ${sub('f32')})`,
              () => `(call_indirect (param i32 f32) (result i32) ${sub()} ${sub('f32')} (i32.const ${r.below(this.#callees)}))`,
            ]),
        () => `(memory.grow (i32.and ${sub()} (i32.const 1)))`,
      ],
      i64: [
        () => `(i64.${r.pick(['add', 'mul', 'xor'])} ${sub()} ${sub()})`,
        () => `(i64.reinterpret_f64 ${sub('f64')})`,
        () => `(i64x2.extract_lane 1 ${sub('v128')})`,
        () => `(i64.extend_i32_s ${sub('i32')})`,
      ],
      f32: [
        () => `(f32.${r.pick(FLOATS)} ${sub()} ${sub()})`,
        () => `(f32.${r.pick(FLOATS)} ${sub()} ${sub()})`,
        () => `(f32.${r.pick(UNARY)} ${sub()})`,
        () => `(f32.copysign ${sub()} ${sub()})`,
        () => `(f32.demote_f64 ${sub('f64')})`,
        () => `(f32.convert_i32_s ${sub('i32')})`,
        () => `(f32x4.extract_lane 3 ${sub('v128')})`,
        () => `(f32.reinterpret_i32 ${sub('i32')})`,
      ],
      f64: [
        () => `(f64.${r.pick(FLOATS)} ${sub()} ${sub()})`,
        () => `(f64.${r.pick(FLOATS)} ${sub()} ${sub()})`,
        () => `(f64.${r.pick(UNARY)} ${sub()})`,
        () => `(f64.copysign ${sub()} ${sub()})`,
        () => `(f64.promote_f32 ${sub('f32')})`,
        () => `(f64x2.extract_lane 0 ${sub('v128')})`,
      ],
      v128: [
        () => `(f32x4.${r.pick(LANES)} ${sub()} ${sub()})`,
        () => `(f32x4.${r.pick(LANES)} ${sub()} ${sub()})`,
        () => `(f64x2.${r.pick(LANES)} ${sub()} ${sub()})`,
        () => `(f32x4.${r.pick(UNARY)} ${sub()})`,
        () => `(f64x2.${r.pick(UNARY)} ${sub()})`,
        () => `(f32x4.splat ${sub('f32')})`,
        () => `(f64x2.splat ${sub('f64')})`,
        () => `(f32x4.replace_lane 2 ${sub()} ${sub('f32')})`,
        () => `(f64x2.replace_lane 1 ${sub()} ${sub('f64')})`,
        () => `(i32x4.add ${sub()} ${sub()})`,
        () => `(v128.${r.pick(['and', 'or', 'xor'])} ${sub()} ${sub()})`,
        () => `(i8x16.shuffle 0 1 2 3 20 21 22 23 8 9 10 11 4 5 6 7 ${sub()} ${sub()})`,
        () => `(f32x4.convert_i32x4_s ${sub()})`,
        () => `(f64x2.promote_low_f32x4 ${sub()})`,
        () => `(f32x4.lt ${sub()} ${sub()})`,
      ],
    }
    return r.pick([...shared, ...own[type], ...own[type]])()
  }

  #constant(type: Type): string {
    const r = this.#random
    if (type === 'f32') return `(f32.reinterpret_i32 (i32.const ${r.pick(BITS32)}))`
    if (type === 'f64') return `(f64.reinterpret_i64 (i64.const ${r.pick(BITS64)}))`
    if (type === 'v128') {
      if (r.below(2) === 0) return `(v128.const i32x4 ${[0, 1, 2, 3].map(() => r.pick(BITS32)).join(' ')})`
      return `(v128.const i64x2 ${r.pick(BITS64)} ${r.pick(BITS64)})`
    }
    if (r.below(4) === 0 && type === 'i32') return `(i32.const ${r.pick(BITS32)})`
    return `(${type}.const ${r.below(64)})`
  }

  #within<T>(name: string, type: Type | '', loop: boolean, write: () => T): T {
    this.#labels.push({ name, type, loop })
    const out = write()
    this.#labels.pop()
    return out
  }

  #block(type: Type, depth: number): string {
    const name = `$b${this.#names++}`
    return this.#within(
      name,
      type,
      false,
      () => `(block ${name} (result ${type}) ${this.statements(depth - 1)} ${this.value(type, depth - 1)})`,
    )
  }

  #branch(depth: number): string {
    const r = this.#random
    const forward = this.#labels.filter((l) => !l.loop)
    const label = r.pick(forward)
    if (label === undefined) return `(return ${this.value('i32', depth - 1)})`
    const taken = label.type === '' ? '' : this.value(label.type, depth - 1)
    switch (r.below(4)) {
      case 0:
        return `(br ${label.name} ${taken})`
      case 1: {
        const same = forward.filter((l) => l.type === label.type)
        return `(br_table ${r.pick(same).name} ${r.pick(same).name} ${label.name} ${taken} ${this.value('i32', depth - 1)})`
      }
      case 2:
        return `(return ${this.value('i32', depth - 1)})`
      default:
        return `(br_if ${label.name} ${taken} ${this.value('i32', depth - 1)}) ${label.type === '' ? '' : 'drop'}`
    }
  }

  /** A loop that ends: its counter has a local of its own kind, one for each depth. */
  #loop(depth: number): string {
    const name = `$l${this.#names++}`
    const counter = `$c${Math.min(3, depth)}`
    const body = this.#within(name, '', true, () => this.statements(depth - 1))
    const less = `(local.set ${counter} (i32.sub (local.get ${counter}) (i32.const 1)))`
    const set = `(local.set ${counter} (i32.const ${1 + this.#random.below(4)}))`
    switch (this.#random.below(3)) {
      case 0:
        return `${set} (loop ${name} ${body} ${less} (br_if ${name} (i32.gt_s (local.get ${counter}) (i32.const 0))))`
      case 1:
        return `${set} (loop ${name} (if (i32.gt_s (local.get ${counter}) (i32.const 0)) (then ${less} ${body} (br ${name}))))`
      default:
        return `${set} (block ${name}out (loop ${name} (br_if ${name}out (i32.le_s (local.get ${counter}) (i32.const 0))) ${less} ${body} (br ${name})))`
    }
  }

  statements(depth: number): string {
    const r = this.#random
    const out: string[] = []
    for (let n = 1 + r.below(3); n > 0; n--) {
      const type = r.pick(TYPES)
      const kinds: (() => string)[] = [
        () => `(local.set ${r.pick(LOCALS[type])} ${this.value(type, depth)})`,
        () => `(local.set ${r.pick(LOCALS[type])} ${this.value(type, depth)})`,
        () => `(${type}.store ${this.#address(1)} ${this.value(type, depth)})`,
        () => `(global.set $${type} ${this.value(type, depth)})`,
        () => `(drop ${this.value(type, depth)})`,
        () => `(memory.fill (i32.const 64) (i32.const 1) (i32.and ${this.value('i32', 1)} (i32.const 255)))`,
      ]
      if (depth > 0) {
        kinds.push(
          () => this.#loop(depth),
          () => this.#loop(depth),
          () => `(if ${this.value('i32', depth - 1)} (then ${this.statements(depth - 1)}) (else ${this.statements(depth - 1)}))`,
          () => `(if ${this.value('i32', depth - 1)} (then ${this.statements(depth - 1)}))`,
          () => this.#branch(depth),
        )
      }
      out.push(r.pick(kinds)())
      if (/^\((br|br_table|return) /.test(out[out.length - 1] as string)) break
    }
    return out.join('\n')
  }
}

export const FUNCTIONS = 4

/** A module of some functions that may call those before them, directly and through a table. Every run of it ends. */
export function randomModule(seed: number): string {
  const random = new Random(seed)
  const functions = Array.from({ length: FUNCTIONS }, (_, i) => {
    const writer = new Writer(random, i, 60)
    const body = `${writer.statements(3)} ${writer.value('i32', 3)}`
    const locals =
      '(local $j i32) (local $k i64) (local $l i64) (local $g f32) (local $d f64) (local $e f64) (local $v v128) (local $w v128)'
    return `(func $f${i} (export "f${i}") (param $i i32) (param $f f32) (result i32) ${locals}
      (local $c0 i32) (local $c1 i32) (local $c2 i32) (local $c3 i32) ${body})`
  })
  const globals = TYPES.map(
    (type) => `(global $${type} (export "${type}") (mut ${type}) (${type}.const ${type === 'v128' ? 'i64x2 0 0' : '0'}))`,
  ).filter((text) => !text.includes('(export "v128")'))
  return `(module (memory (export "memory") 2 12) (table ${FUNCTIONS} funcref) (elem (i32.const 0) ${functions.map((_, i) => `$f${i}`).join(' ')})
    ${globals.join('\n')} (global $v128 (mut v128) (v128.const i64x2 0 0))
    ${functions.join('\n')}
    (func (export "v128 low") (result i64) (i64x2.extract_lane 0 (global.get $v128)))
    (func (export "v128 high") (result i64) (i64x2.extract_lane 1 (global.get $v128))))`
}

export interface Schemes {
  readonly module: CoreModule
  readonly naive: WebAssembly.Module
  readonly optimised: WebAssembly.Module
}

const compiled = (bytes: Uint8Array): WebAssembly.Module => new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)

export async function bothSchemes(text: string): Promise<Schemes> {
  const module = readModule(await wat(text))
  return {
    module,
    naive: compiled(prepareModule(module, { scheme: 'naive' })),
    optimised: compiled(prepareModule(module)),
  }
}
