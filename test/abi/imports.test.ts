/** The generated layer of imports: random types from the host to the guest and back again, and resources as classes; on jco, which is not ours. */
import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printWitType, type WitType, type WitValue } from '../../runtime/core/index.ts'
import { witTypes, witValues } from '../../runtime/host/abi/testing/arbitrary.ts'
import { instantiateOnJco, WitText, type JcoFunction } from '../../runtime/host/abi/testing/echo.ts'
import { fromJco, toJco } from '../../runtime/host/abi/testing/jco-values.ts'
import { compileProgram } from '../../runtime/host/build/compile/compiler.ts'
import { makeComponent } from '../../runtime/host/build/compile/component.ts'
import { generateImports, type ImportsOptions } from '../../runtime/host/build/generate/generate-imports.ts'
import { sdkLocation } from '../../runtime/host/build/project/sdk-location.ts'
import { loadWit } from '../../runtime/host/wit/index.ts'

const GUESTS = Number(process.env['ABI_GUESTS'] ?? 4)
const TYPES = 14
const VALUES = 8

type Imports = Record<string, Record<string, JcoFunction>>

/** A guest of `author` over the generated layer of the interface `t:t/h` and a world of `exports`. */
async function guestOf(
  iface: string,
  exports: string,
  author: string,
  options: ImportsOptions,
  imports: Imports,
): Promise<Readonly<Record<string, JcoFunction>>> {
  const text = `package t:t;\n${iface}\nworld w { import h; ${exports} }`
  const generated = generateImports(loadWit([{ source: 't.wit', text }]).interface('t:t/h'), options)
  const { core } = await compileProgram({
    entry: { path: 'entry', text: `import './abort'\n${author}\nexport { cabi_realloc } from './abi'` },
    readSource: async (path) => {
      if (path === 'gen') return { text: generated, path: 'gen.ts' }
      if (path !== 'abi' && path !== 'abort') return undefined
      const source = await readFile(`${sdkLocation().sdkDir}/raw/${path}.ts`, 'utf8')
      return {
        text:
          path === 'abi' ? source : 'export function trapAbort(m: string | null, f: string | null, l: u32, c: u32): void { unreachable() }',
        path: `${path}.ts`,
      }
    },
    runtime: 'stub',
    memoryPages: 256,
    initialMemoryPages: undefined,
    abort: 'abort/trapAbort',
  })
  return instantiateOnJco(await makeComponent(core, text, 'w'), imports)
}

test(
  'what the host gives, the guest gives back',
  async () => {
    let seen = 0
    await fc.assert(
      fc.asyncProperty(fc.array(witTypes, { minLength: TYPES, maxLength: TYPES }), fc.integer(), async (types, seed) => {
        const wit = new WitText()
        const functions = types.map((type, i) => `give${i}: func() -> ${wit.text(type)}; take${i}: func(v: ${wit.text(type)}, n: u8);`)
        const iface = `interface h { ${wit.declarations.join('\n')}\n${functions.join('\n')} }`
        const names = types.flatMap((_, i) => [`give${i}`, `take${i}`])
        const author = `import { ${names.join(', ')} } from './gen'
${types.map((_, i) => `export function run${i}(): void { take${i}(give${i}(), ${i}) }`).join('\n')}`
        let given: WitValue = null
        let taken: readonly [WitValue, unknown] | undefined
        // jco throws for a function whose result is the error of a result, and hands over what is thrown
        const give = (type: WitType): unknown => {
          const value = toJco(type, given)
          if (type.kind !== 'result') return value
          const { tag, val } = value as { tag: string; val?: unknown }
          if (tag === 'ok') return val
          throw Object.assign(new Error('the error of a result'), { payload: val })
        }
        const imports = types.flatMap((type, i): [string, JcoFunction][] => [
          [`give${i}`, () => give(type)],
          [`take${i}`, (value, n) => void (taken = [fromJco(type, value), n])],
        ])
        const exports = types.map((_, i) => `export run${i}: func();`).join(' ')
        const guest = await guestOf(iface, exports, author, {}, { 't:t/h': Object.fromEntries(imports) })
        types.forEach((type, i) => {
          for (const value of fc.sample(witValues(type), { numRuns: VALUES, seed })) {
            given = value
            taken = undefined
            ;(guest[`run${i}`] as JcoFunction)()
            expect(taken, printWitType(type)).toEqual([value, i])
            seen++
          }
        })
      }),
      { numRuns: GUESTS, seed: Number(process.env['ABI_SEED'] ?? 3), endOnFailure: true },
    )
    expect(seen).toBe(GUESTS * TYPES * VALUES)
  },
  60_000 + GUESTS * 20_000,
)

const COUNTERS = `interface h { resource counter {
  constructor(start: u32);
  add: func(n: u32) -> u32;
  drop: func() -> string;
  join: static func(a: counter, b: borrow<counter>) -> counter;
  all: static func(counters: list<counter>) -> option<counter>;
} }`

const AUTHOR = `import { Counter } from './gen'
export function run(): u32 {
  const a = new Counter(10)
  a.add(5)
  const b = new Counter(100)
  const c = Counter.join(a, b)
  const spent = a.handle
  b.drop()
  const best = Counter.all([c, new Counter(7)])
  if (best === null) return 0
  const sum = best.add(0)
  best.drop()
  return sum * 10 + spent + <u32>b.handle
}
export function dropped(): i32 { const a = new Counter(1); a.drop(); return a.handle }
`

test('a resource is a class: its constructor, methods, statics and drop; an own that was handed over is spent', async () => {
  class Counter {
    value: number
    constructor(start: number) {
      this.value = start
    }
    add(n: number): number {
      this.value += n
      return this.value
    }
    drop(): string {
      return 'a method of that name'
    }
    static join(a: Counter, b: Counter): Counter {
      return new Counter(a.value + b.value)
    }
    static all(counters: readonly Counter[]): Counter | undefined {
      return counters.toSorted((a, b) => b.value - a.value)[0]
    }
    [Symbol.dispose](): void {
      dropped.push(this.value)
    }
  }
  const dropped: number[] = []
  const imports = { 't:t/h': { Counter } } as unknown as Imports
  const guest = await guestOf(
    COUNTERS,
    'export run: func() -> u32; export dropped: func() -> s32;',
    AUTHOR,
    { resources: 'classes' },
    imports,
  )
  expect((guest['run'] as JcoFunction)()).toBe(1_150)
  expect(dropped).toContain(100)
  expect((guest['dropped'] as JcoFunction)(), 'so that a second drop is of no handle').toBe(0)
})
