import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isUtnetError } from '../../core/errors.ts'
import { printWitFunction, printWitType } from '../../core/wit/wit-type.ts'
import { loadWit } from './index.ts'
import type { WitModel } from './index.ts'

const FILES = ['utnet-host.wit', 'utnet-guest.wit', 'deps/wasi-http@0.2.3.wit']
const read = (file: string): Promise<string> => readFile(new URL(`../../../guest/wit/${file}`, import.meta.url), 'utf8')
const load = async (): Promise<WitModel> => loadWit(await Promise.all(FILES.map(async (source) => ({ source, text: await read(source) }))))
const one = (text: string): WitModel => loadWit([{ source: 'a.wit', text }])

function messageOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (isUtnetError(error, 'guest_invalid')) return error.message
    throw error
  }
  throw new Error('expected a refusal')
}

test('the host interfaces', async () => {
  const wit = await load()
  const lines = ['storage', 'context', 'events', 'crypto'].flatMap((name) =>
    wit.interface(`utnet:host/${name}@0.1.0`).functions.map((f) => `${name}.${f.name}: ${printWitFunction(f)}`),
  )
  expect(lines).toEqual([
    'storage.get: func(key: list<u8>) -> option<list<u8>>',
    'storage.set: func(key: list<u8>, value: list<u8>)',
    'storage.remove: func(key: list<u8>)',
    'context.caller: func() -> string',
    'context.signer: func() -> string',
    'context.contract: func() -> string',
    'context.owner: func() -> string',
    'context.version: func() -> u32',
    'context.height: func() -> u64',
    'context.time: func() -> u64',
    'context.chain-id: func() -> string',
    'context.revert: func(message: string)',
    'events.emit: func(name: string, data: list<u8>)',
    'crypto.sha256: func(data: list<u8>) -> list<u8>',
    'crypto.verify-ed25519: func(signature: list<u8>, message: list<u8>, key: list<u8>) -> bool',
  ])
})

test('types are followed over `use` into other packages', async () => {
  const wit = await load()
  const run = wit.world('utnet:guest/operator@0.1.0').exports[0]
  expect(run?.kind === 'function' && printWitFunction(run.function)).toMatch(
    /^func\(inputs: list<record \{ dtype: enum \{ f32, .*boolean \}, shape: list<u32>, data: list<u8> \}>\) -> result<list<record/,
  )
})

test('resources: constructor, methods, static functions, own and borrow', async () => {
  const http = (await load()).interface('wasi:http/types@0.2.3')
  const find = (name: string): string =>
    printWitFunction(http.functions.find((f) => f.name === name) ?? { name, params: [], result: undefined })
  expect(find('[constructor]outgoing-response')).toBe(
    'func(headers: own<wasi:http/types@0.2.3#fields>) -> own<wasi:http/types@0.2.3#outgoing-response>',
  )
  expect(find('[method]incoming-body.stream')).toBe(
    'func(self: borrow<wasi:http/types@0.2.3#incoming-body>) -> result<own<wasi:io/streams@0.2.3#input-stream>>',
  )
  expect(find('[static]incoming-body.finish')).toMatch(/^func\(this: own</)
  expect(http.resources).toContain('wasi:http/types@0.2.3#fields')
})

test('worlds: imports, exports, include', async () => {
  const wit = await load()
  const names = (id: string): string[][] => {
    const world = wit.world(id)
    return [world.imports, world.exports].map((items) => items.map((i) => (i.kind === 'interface' ? i.name : i.function.name)))
  }
  expect(names('utnet:guest/function@0.1.0')).toEqual([
    ['wasi:io/error@0.2.3', 'wasi:io/streams@0.2.3', 'wasi:http/types@0.2.3', 'utnet:host/tensor@0.1.0'],
    ['wasi:http/incoming-handler@0.2.3'],
  ])
  const included = loadWit([
    { source: 'w.wit', text: 'package x:y; world w { include utnet:guest/contract@0.1.0; record p { a: u8 } export f: func(p: p); }' },
    ...(await Promise.all(FILES.slice(0, 2).map(async (source) => ({ source, text: await read(source) })))),
  ]).world('x:y/w')
  expect(included.imports).toHaveLength(6)
  expect(printWitType(included.types.get('p') ?? { kind: 'bool' })).toBe('record { a: u8 }')
})

test('every interface and world of the vendored file resolves, and the text of all packages reads back the same', async () => {
  const wit = await load()
  const again = one(`package a:b; ${wit.nestedText()}`)
  expect(again.interfaces).toEqual(wit.interfaces)
  for (const id of wit.interfaces) expect(again.interface(id)).toEqual(wit.interface(id))
  for (const id of wit.worlds) expect(wit.world(id).id).toBe(id)
})

test('the vendored file is the one its note names', async () => {
  const sha256 = createHash('sha256')
    .update(await read('deps/wasi-http@0.2.3.wit'))
    .digest('hex')
  expect(await read('deps/README.md')).toContain(sha256)
})

test.each([
  ['package a:b; interface i { f: func() -> missing; }', 'a.wit:1:41: there is no type missing'],
  ['package a:b; interface i { record r { a: r } }', 'a.wit:1:42: the type r contains itself'],
  ['package a:b;\ninterface i {\n  f: func(;\n}', 'a.wit:3:11: expected a name, found ";"'],
  ['package a:b; interface i { type a = stream<u8>; }', 'a.wit:1:37: stream is not supported'],
  ['package a:b; interface i { use j.{t}; }', 'a.wit:1:32: there is no interface a:b/j'],
  ['package a:b; interface i { type a = u8; type a = u8; }', 'a.wit:1:41: a is defined twice'],
  ['package a:b; world w { include w; }', 'a.wit:1:14: the world a:b/w includes itself'],
  ['package a:b; interface i { type bad-Name = u8; }', 'a.wit:1:33: "bad-Name" is not a kebab-case name'],
  ['/* package', 'a.wit:1:1: a block comment is not closed'],
])('%s is refused at its place', (text, message) => {
  expect(
    messageOf(() => {
      const wit = one(text)
      for (const id of wit.interfaces) wit.interface(id)
      for (const id of wit.worlds) wit.world(id)
    }),
  ).toContain(message)
})

test('nesting is limited', () => {
  expect(messageOf(() => one(`package a:b; interface i { type a = ${'list<'.repeat(40)}u8${'>'.repeat(40)}; }`))).toContain('witTypeDepth')
})

function readsOrRefuses(text: string): boolean {
  try {
    const wit = one(text)
    for (const id of wit.interfaces) wit.interface(id)
    return true
  } catch (error) {
    return isUtnetError(error, 'guest_invalid')
  }
}

test('any text is read or refused, never anything else', async () => {
  const good = await read('utnet-host.wit')
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.string({ maxLength: 3 }), fc.nat(20), (at, insert, cut) => {
      expect(readsOrRefuses(good.slice(0, at) + insert + good.slice(at + cut))).toBe(true)
    }),
    { numRuns: 300 },
  )
})
