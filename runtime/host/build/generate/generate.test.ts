import { readFile, readdir } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { loadWit } from '../../wit/index.ts'
import { generateImports } from './generate-imports.ts'
import { contractEntry, guestWit } from './generate-exports.ts'
import { camelCase, kebabCase, pascalCase } from '../types/names.ts'
import { loadGuestWit, rawModules } from './raw-modules.ts'
import { renameExports } from '../compile/rename-exports.ts'
import { sdkLocation } from '../project/sdk-location.ts'
import type { GuestSignatures } from '../types/signature.ts'

const WIT = `package a:b@1.0.0;
interface i {
  resource thing { constructor(size: u64); read: func(n: u32) -> result<list<u8>, problem>; }
  variant problem { gone, other(string), code(u64) }
  record pair { left: option<u32>, right: list<string> }
  send: func(p: pair, e: result<_, problem>) -> bool;
}`

test('golden: the raw layer of one small interface', () => {
  expect(generateImports(loadWit([{ source: 'a.wit', text: WIT }]).interface('a:b/i@1.0.0'))).toMatchInlineSnapshot(`
    "// Generated from the WIT interface a:b/i@1.0.0; do not edit.

    import { Box, RETURN_AREA, Result, Tuple2, Tuple3, liftArray, liftBytes, liftString, newBlock, zeroed } from './abi'

    export enum ProblemTag {
      gone,
      other,
      code,
    }

    export class Problem {
      other: string | null = null
      code: u64 = 0
      constructor(public tag: u32) {}
    }

    export class Pair {
      constructor(
        public left: Box<u32> | null,
        public right: Array<string>,
      ) {}
    }

    @external('a:b/i@1.0.0', '[constructor]thing')
    export declare function newThing_core(p0: i64): i32

    export function newThing(size: u64): i32 {
      return newThing_core(<i64>size)
    }

    @external('a:b/i@1.0.0', '[method]thing.read')
    export declare function thingRead_core(p0: usize, p1: usize, p2: usize): void

    export function thingRead(self: i32, n: u32): Result<Uint8Array, Problem> {
      thingRead_core(self, <i32>n, RETURN_AREA)
      return load0(RETURN_AREA)
    }

    @external('a:b/i@1.0.0', 'send')
    export declare function send_core(p0: usize, p1: usize, p2: usize, p3: usize, p4: usize, p5: usize, p6: i64, p7: usize): i32

    export function send(p: Pair, e: Result<u8, Problem>): bool {
      const r0 = p.left
      let s1: i32 = 0
      let s2: i32 = 0
      if (r0 !== null) { s1 = 1; const c3 = r0.value; s2 = <i32>c3 }
      const r4 = p.right
      let s5: i32 = 0
      let s6: i32 = 0
      let s7: i64 = 0
      let s8: i32 = 0
      s5 = e.isErr ? 1 : 0
      if (e.isErr) { const c9 = e.err; let s10: i32 = 0; let s11: i64 = 0; let s12: i32 = 0; s10 = c9.tag; if (c9.tag == 1) { const c13 = c9.other!; s11 = <i64><u32>(changetype<usize>(c13)); s12 = c13.length }; if (c9.tag == 2) { const c14 = c9.code; s11 = <i64>c14 }; s6 = s10; s7 = s11; s8 = s12 }
      return send_core(s1, s2, lower2(r4), r4.length, s5, s6, s7, s8) != 0
    }

    @external('a:b/i@1.0.0', '[resource-drop]thing')
    export declare function dropThing(handle: i32): void

    function load0(p: usize): Result<Uint8Array, Problem> {
      const v = zeroed<Result<Uint8Array, Problem>>()
      v.isErr = load<u8>(p) != 0
      if (!v.isErr) v.ok = liftBytes(load<usize>(p, 8), load<i32>(p, 12))
      if (v.isErr) v.err = load1(p + 8)
      return v
    }
    function load1(p: usize): Problem {
      const v = zeroed<Problem>()
      v.tag = load<u8>(p)
      if (v.tag == 1) v.other = liftString(load<usize>(p, 8), load<i32>(p, 12))
      if (v.tag == 2) v.code = load<u64>(p, 8)
      return v
    }
    function lower2(v: Array<string>): usize {
      const n = v.length
      const start = newBlock(n * 8)
      for (let i = 0, p = start; i < n; i++, p += 8) {
        const e = v[i]
        store<usize>(p, changetype<usize>(e))
        store<i32>(p, e.length, 4)
      }
      return start
    }
    "
  `)
})

const POINT = { kind: 'record', name: 'point', fields: [{ name: 'x', type: { kind: 'u64' } }] } as const
const SIGNATURES: GuestSignatures = {
  classes: [{ alias: 'Class0', name: 'Point', from: './assembly/point', wit: POINT }],
  exports: [
    {
      name: 'moveAll',
      witName: 'move-all',
      params: [
        {
          name: 'points',
          type: {
            kind: 'list',
            container: 'Array',
            element: { kind: 'record', className: 'Class0', fields: [{ name: 'x', type: { kind: 'scalar', as: 'u64' } }] },
          },
          wit: { kind: 'list', element: POINT },
        },
        { name: 'by', type: { kind: 'scalar', as: 'u64' }, wit: { kind: 'u64' } },
      ],
      result: { type: { kind: 'option', some: { kind: 'string' } }, wit: { kind: 'option', some: { kind: 'string' } } },
    },
  ],
}

test('golden: the entry and the world of one small contract', () => {
  const entry = contractEntry(SIGNATURES, './assembly/index')
  expect(entry.text).toMatchInlineSnapshot(`
    "import { Box, RETURN_AREA, Result, Tuple1, Tuple2, Tuple3, Tuple4, Tuple5, Tuple6, Tuple7, Tuple8, Unit, cabi_realloc, liftArray, liftBytes, liftStaticArray, liftString, liftTyped, newBlock, storeString, zeroed } from '@utnet/sdk/raw/abi'
    import { revertAbort } from '@utnet/sdk/raw/abort'
    import { Amount } from '@utnet/sdk/amount'
    import { moveAll as author_moveAll } from './assembly/index'
    import { Point as Class0 } from './assembly/point'

    export function export_moveAll(p0: i32, p1: i32, p2: i64): usize {
      const result: string | null = author_moveAll(lift0(p0, p1), <u64>p2)
      const area = RETURN_AREA
      store2(area, result)
      return area
    }

    function lift0(p: usize, n: i32): Array<Class0> {
      const v = new Array<Class0>(n)
      for (let i = 0; i < n; i++) unchecked((v[i] = load1(p))), (p += 8)
      return v
    }
    function load1(p: usize): Class0 {
      const v = zeroed<Class0>()
      store<u64>(changetype<usize>(v), load<u64>(p), offsetof<Class0>('x'))
      return v
    }
    function store2(p: usize, v: string | null): void {
      if (v === null) { store<u8>(p, 0); return }
      store<u8>(p, 1)
      store<usize>(p, changetype<usize>(v), 4)
      store<i32>(p, v.length, 8)
    }
    export { cabi_realloc }
    "
  `)
  expect([...entry.renames]).toEqual([['export_moveAll', 'move-all']])
  expect(guestWit('mover', 'mover', 'contract', SIGNATURES)).toMatchInlineSnapshot(`
    "package guest:mover;

    /// The contract mover.
    world mover {
      include utnet:guest/contract@0.1.0;

      record point {
        x: u64,
      }

      export move-all: func(points: list<point>, by: u64) -> option<string>;
    }
    "
  `)
})

test('the raw layer in the SDK is what the WIT files generate', async () => {
  const folder = `${sdkLocation().sdkDir}/raw`
  const generated = rawModules(await loadGuestWit())
  for (const [name, text] of generated) expect([name, await readFile(`${folder}/${name}`, 'utf8')]).toEqual([name, text])
  const others = (await readdir(folder)).filter((f) => !generated.has(f))
  expect(others).toEqual(['abi.ts', 'abort.ts'])
})

test.each([
  ['balanceOf', 'balance-of'],
  ['HTTPStatus', 'http-status'],
  ['a1B2', 'a1-b2'],
  ['snake_case', 'snake-case'],
  ['x', 'x'],
])('%s is %s in WIT', (name, kebab) => {
  expect(kebabCase(name)).toBe(kebab)
})

test('the enum of element types that the SDK writes by hand is that of WIT', async () => {
  const source = await readFile(`${sdkLocation().sdkDir}/tensor-value.ts`, 'utf8')
  const [, body = ''] = /export enum Dtype \{([^}]*)\}/.exec(source) ?? []
  const dtype = (await loadGuestWit())
    .interface('utnet:host/tensor@0.1.0')
    .functions.flatMap(({ params }) => params.map(({ type }) => type))
    .flatMap((type) => (type.kind === 'list' && type.element.kind === 'record' ? type.element.fields : []))
    .flatMap(({ type }) => (type.kind === 'record' ? type.fields : []))
    .flatMap(({ type }) => (type.kind === 'enum' ? type.names : []))
  expect(dtype.length).toBeGreaterThan(0)
  expect(
    body
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  ).toEqual(dtype.map(camelCase))
})

test('WIT names become AssemblyScript names', () => {
  expect(['chain-id', 'DNS-timeout', 'delete', 'HTTP'].map(camelCase)).toEqual(['chainId', 'dnsTimeout', 'delete_', 'http'])
  expect(['named-tensor', 'TLS-alert'].map(pascalCase)).toEqual(['NamedTensor', 'TlsAlert'])
})

// (module (func (export "a")) (func (export "b")))
const MODULE = Uint8Array.from([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 3, 2, 0, 0, 7, 9, 2, 1, 0x61, 0, 0, 1, 0x62, 0, 1, 10, 7, 2, 2, 0, 11, 2, 0, 11,
])

test('exports are renamed in the binary, whatever their length', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 2, maxLength: 300 }), (name) => {
      fc.pre(name.isWellFormed())
      const module = new WebAssembly.Module(Uint8Array.from(renameExports(MODULE, new Map([['a', name]]))))
      expect(WebAssembly.Module.exports(module).map((e) => e.name)).toEqual([name, 'b'])
    }),
    { numRuns: 40 },
  )
  expect(Buffer.from(renameExports(MODULE, new Map())).equals(Buffer.from(MODULE))).toBe(true)
})

test('a module that is cut off is refused', () => {
  for (const end of [9, 10, 12, 17, 20, 24, 27, MODULE.length - 1]) {
    expect(() => renameExports(MODULE.subarray(0, end), new Map([['a', 'c']]))).toThrow(/malformed|too early/)
  }
})
