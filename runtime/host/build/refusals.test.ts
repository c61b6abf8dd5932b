import { expect, test } from 'vitest'
import { isUtnetError } from '../../core/errors.ts'
import { buildGuest } from './index.ts'
import { buildText, inTempDir } from './testing/guests.ts'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

async function refusal(run: () => Promise<unknown>): Promise<string> {
  try {
    await run()
  } catch (error) {
    if (!isUtnetError(error, 'guest_build')) throw error
    return error.message
  }
  throw new Error('expected a refusal')
}

const contract = (text: string): Promise<string> => refusal(() => buildText('contract', { 'index.ts': text }))

// each names the author's file, line and column
test.each([
  ['a type that WIT lacks', 'export function f(a: usize): void {}', 'assembly/index.ts:1:22: the type usize cannot cross'],
  ['a vector', 'export function f(): v128 { return i32x4.splat(0) }', 'assembly/index.ts:1:22: the type v128 cannot cross'],
  ['a map', '\nexport function f(a: Map<string, u64>): void {}', 'assembly/index.ts:2:22: the type Map'],
  ['a function type', 'export function f(a: () => void): void {}', 'assembly/index.ts:1:22: the type () => void cannot cross'],
  [
    'a class that is not exported',
    'class P { x: u8 = 0 }\nexport function f(p: P): void {}',
    'assembly/index.ts:1:7: the class P is used by an export',
  ],
  [
    'a private field',
    'export class P { private x: u8 = 0 }\nexport function f(p: P): void {}',
    'assembly/index.ts:1:26: P.x is not public',
  ],
  ['a recursive class', 'export class P { next: P | null = null }\nexport function f(p: P): void {}', 'the class P contains itself'],
  [
    'a derived class',
    'export class A { x: u8 = 0 }\nexport class B extends A { y: u8 = 0 }\nexport function f(b: B): void {}',
    'assembly/index.ts:2:14: the class B extends',
  ],
  [
    'an enum that is not exported',
    'enum E { a }\nexport function f(e: E): void {}',
    'assembly/index.ts:2:22: the enum E is used by an export',
  ],
  ['an enum in a list', 'enum E { a }\nexport function f(e: Array<E>): void {}', 'assembly/index.ts:2:28: the enum E is used by an export'],
  ['an enum that skips', 'export enum E { a, b = 5 }\nexport function f(e: E): void {}', 'assembly/index.ts:1:24: b must be 1, its place'],
  [
    'flags that are no bits',
    '@flags export enum F { a = 1, b = 3 }\nexport function f(x: F): void {}',
    'assembly/index.ts:1:35: b must be 1 << 1',
  ],
  [
    'flags without values',
    '@flags export enum F { a }\nexport function f(x: F): void {}',
    'assembly/index.ts:1:24: a needs a value: 1 << 0',
  ],
  [
    '33 flags',
    `@flags export enum F { ${Array.from({ length: 33 }, (_, i) => `n${i} = 1 << ${i}`).join(', ')} }\nexport function f(x: F): void {}`,
    'assembly/index.ts:1:20: F has 33 names, 32 is the most',
  ],
  [
    'a variant without tag',
    '@variant export class V { a: u8 = 0 }\nexport function f(v: V): void {}',
    'assembly/index.ts:1:23: the variant V needs a field tag',
  ],
  [
    'a variant with a field that is no case',
    'export enum T { a }\n@variant export class V { b: u8 = 0; constructor(public tag: T) {} }\nexport function f(v: V): void {}',
    'assembly/index.ts:2:27: T has no case b',
  ],
  [
    'a payload without null',
    "export enum T { a }\n@variant export class V { a: string = ''; constructor(public tag: T) {} }\nexport function f(v: V): void {}",
    'assembly/index.ts:2:30: the payload a must be nullable',
  ],
  [
    'a variant that contains itself',
    'export enum T { a }\n@variant export class V { a: V | null = null; constructor(public tag: T) {} }\nexport function f(v: V): void {}',
    'the class V contains itself',
  ],
  [
    'a Box that is no option',
    "import { Box } from '@utnet/sdk'\nexport function f(b: Box<u8>): void {}",
    'assembly/index.ts:2:22: a Box stands for an option here',
  ],
  [
    'a Box of what has a null',
    "import { Box } from '@utnet/sdk'\nexport function f(b: Box<string> | null): void {}",
    'assembly/index.ts:2:22: what has a null of its own needs no Box',
  ],
  [
    'a type in a result that WIT lacks',
    "import { Result } from '@utnet/sdk'\nexport function f(): Result<u8, Map<u8, u8>> { return unreachable() }",
    'assembly/index.ts:2:33: the type Map',
  ],
  [
    'two types of one WIT name',
    'export enum Ab { x }\nexport class AB { y: u8 = 0 }\nexport function f(a: Ab, b: AB): void {}',
    'assembly/index.ts:2:14: two types have the WIT name ab',
  ],
  ['an unknown type', 'export function f(a: Nope): void {}', "assembly/index.ts:1:22: Cannot find name 'Nope'"],
  [
    'a type error in a body',
    'export function f(): u64 {\n  return "x"\n}',
    "assembly/index.ts:2:10: Type '~lib/string/String' is not assignable to type 'u64'",
  ],
  ['a syntax error', 'export function f( {}', 'assembly/index.ts:1:18: Identifier expected'],
  ['a missing import', "import { x } from './gone'\nexport function f(): void { x() }", 'gone'],
  ['a package that is not there', "import { x } from 'left-pad'\nexport function f(): void { x() }", 'left-pad'],
  ['a generic export', 'export function f<T>(a: T): void {}', 'assembly/index.ts:1:17: f is generic'],
  ['a default value', 'export function f(a: u8 = 1): void {}', 'the parameter a has a default'],
  [
    'two exports of one WIT name',
    'export function aB(): void {}\nexport function a_b(): void {}',
    'assembly/index.ts:2:17: a_b and aB have the same WIT name a-b',
  ],
  ['a name that WIT lacks', 'export function _f(): void {}', 'assembly/index.ts:1:17: the name _f cannot be written in WIT'],
  ['no export', 'function f(): void {}', 'exports no function'],
  [
    'a float in an event',
    "import { emit } from '@utnet/sdk'\n@event\nclass E { x: f64 = 0 }\nexport function f(): void { emit(new E()) }",
    'assembly/index.ts:3:14: an event cannot hold this type',
  ],
  [
    'a typed array in an event',
    "import { emit } from '@utnet/sdk'\n@event\nclass E { x: Uint16Array = new Uint16Array(0) }\nexport function f(): void { emit(new E()) }",
    'assembly/index.ts:3:14: an event cannot hold this type',
  ],
  [
    'what is no event',
    "import { emit } from '@utnet/sdk'\nclass E { x: u8 = 0 }\nexport function f(): void { emit(new E()) }",
    'emit takes an instance of a class marked @event',
  ],
  [
    'an unknown type in a declared event',
    "import { Event } from '@utnet/sdk'\ndeclare class E extends Event {\n  constructor(a: u8, b: Nope)\n}\nexport function f(): void {}",
    "assembly/index.ts:3:25: Cannot find name 'Nope'",
  ],
  [
    'a float in a declared event',
    "import { Event, emit } from '@utnet/sdk'\ndeclare class E extends Event {\n  constructor(a: u8, b: f32)\n}\nexport function f(): void { emit(new E(1, 2)) }",
    'assembly/index.ts:3:25: an event cannot hold this type',
  ],
  [
    'a declared event of more than a constructor',
    "import { Event } from '@utnet/sdk'\ndeclare class E extends Event { constructor(a: u8); f(): void }\nexport function f(): void {}",
    'assembly/index.ts:2:15: the event E must have a constructor and nothing else',
  ],
  [
    'a wrong argument of an event',
    "import { Event, emit } from '@utnet/sdk'\ndeclare class E extends Event { constructor(a: string) }\nexport function f(): void { emit(new E(5)) }",
    "assembly/index.ts:3:40: Type 'i32' is not assignable to type '~lib/string/String'",
  ],
  [
    'a field of @data without a type',
    '@data\nclass D { x: u8 = 0; y = 1 }\nexport function f(): void {}',
    'assembly/index.ts:2:22: Type expected',
  ],
  [
    'a private field of @data',
    '@data\nclass D { private x: u8 = 0 }\nexport function f(): void {}',
    'assembly/index.ts:2:19: D.x is not public, so D cannot be @data',
  ],
  [
    'a derived @data class',
    'class A { x: u8 = 0 }\n@data\nclass D extends A { y: u8 = 0 }\nexport function f(): void {}',
    'assembly/index.ts:3:7: the @data class D extends another class',
  ],
  [
    'a field of another contract',
    "import { Contract } from '@utnet/sdk'\ndeclare class T extends Contract { x: u8 }\nexport function f(): void {}",
    'assembly/index.ts:2:36: another contract has methods only',
  ],
  [
    'a wrong argument of another contract',
    "import { Contract } from '@utnet/sdk'\ndeclare class T extends Contract { get(a: u64): u64 }\nexport function f(): u64 {\n  return new T('t').get('x')\n}",
    "assembly/index.ts:4:25: Type '~lib/string/String' is not assignable to type 'u64'",
  ],
  [
    'an unknown result of another contract',
    "import { Contract } from '@utnet/sdk'\ndeclare class T extends Contract { get(): Nope }\nexport function f(): void { new T('t').get() }",
    "assembly/index.ts:2:43: Cannot find name 'Nope'",
  ],
  [
    'a hook of another shape',
    'export function migrate(): void {}',
    'assembly/index.ts:1:17: the chain calls migrate itself, as migrate(from: u32): void',
  ],
  [
    'an initialiser with arguments',
    'export function init(a: u8): void {}',
    'assembly/index.ts:1:17: the chain calls init itself, as init(): void',
  ],
  [
    'an exported container of what cannot cross',
    "import { StorageValue } from '@utnet/sdk'\nexport const v = new StorageValue<usize>('v')\nexport function f(): void {}",
    'assembly/index.ts:2:35: the type usize cannot cross',
  ],
  [
    'a value that cannot be stored',
    "import { StorageValue } from '@utnet/sdk'\nclass P { x: u8 = 0 }\nconst v = new StorageValue<P>('v')\nexport function f(): void { v.set(new P()) }",
    'classes marked @data',
  ],
  ['randomness', 'export function f(): f64 { return Math.random() }', 'the guest imports env "seed", which a contract does not have'],
  ['the console', 'export function f(): void { console.log("x") }', 'the guest imports env "console.log"'],
  [
    'WASI in a contract',
    '@external("wasi:cli/stdout@0.2.3", "get-stdout") declare function g(): i32\nexport function f(): i32 { return g() }',
    'wasi:cli/stdout@0.2.3 "get-stdout"',
  ],
])(
  '%s is refused',
  async (_, text, message) => {
    expect(await contract(text)).toContain(message)
  },
  20_000,
)

test('a function and an operator have one shape', async () => {
  expect(await refusal(() => buildText('function', { 'index.ts': 'export function handle(a: u8): u8 { return a }' }))).toContain(
    'assembly/index.ts:1:17: handle must be',
  )
  expect(await refusal(() => buildText('function', { 'index.ts': 'export function other(): void {}' }))).toContain(
    'must have export function handle',
  )
  expect(await refusal(() => buildText('operator', { 'index.ts': 'export function run(a: u8): u8 { return a }' }))).toContain(
    'must have export function run',
  )
})

test.each([
  ['{', 'utnet.jsonc:1: '],
  ['[]', 'expected an object'],
  ['{"name":"A","world":"contract"}', '"name" must match'],
  ['{"name":"a","world":"thing"}', '"world" must be contract, function or operator'],
  ['{"name":"a","world":"contract","entry":"../x.ts"}', 'outside'],
  ['{"name":"a","world":"contract"}', 'index.ts was not found'],
])('the manifest %s is refused', async (text, message) => {
  await inTempDir(async (dir) => {
    await writeFile(join(dir, 'utnet.jsonc'), text)
    expect(await refusal(() => buildGuest({ dir }))).toContain(message)
  })
})

test('a folder without manifest is refused', async () => {
  expect(await inTempDir((dir) => refusal(() => buildGuest({ dir })))).toContain('utnet.jsonc cannot be read')
})
