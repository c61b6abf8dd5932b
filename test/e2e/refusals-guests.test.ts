/** Bytes that are no guest, or none that may run here: refused over HTTP with the rule that they break, and nothing of them is kept. */
import { parse } from '@bytecodealliance/jco'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { fileCid, LIMITS } from '../../runtime/core/index.ts'
import { component } from './kit/guests.ts'
import { startNode, type RealNode } from './kit/node.ts'
import { refusal } from './kit/problem.ts'

let node: RealNode
let before: string

const guests = async (): Promise<string> => JSON.stringify(await node.api.guests())
const deploy = (bytes: Uint8Array, name = 'bad'): Promise<Response> =>
  fetch(`${node.url}/v1/guests?name=${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/wasm' },
    body: Uint8Array.from(bytes),
  })
const wat = async (text: string): Promise<Uint8Array> => new Uint8Array(await parse(text))

beforeAll(async () => {
  node = await startNode(['token'])
})
afterAll(() => node.close())

beforeEach(async () => {
  before = await guests()
})
/** Whatever was refused left nothing behind, and the node goes on. */
async function mustBeIntact(): Promise<void> {
  expect(await guests()).toBe(before)
  expect((await fetch(`${node.url}/v1/guests/bad`)).status).toBe(404)
  expect((await fetch(`${node.url}/readyz`)).status).toBe(200)
}
afterEach(mustBeIntact)

/** Wraps a core module with an export `f` into a component that lifts it. */
const lifted = (module: string): string => `(component
  (core module $m ${module})
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (export "f" (func $f)))`

const BAD: readonly (readonly [what: string, rule: string, text: string])[] = [
  ['a bare core module', 'core-module', '(module (func (export "run")))'],
  ['a module with threads', 'threads', '(module (memory 1 1) (func (export "f") (drop (i32.atomic.load (i32.const 0)))))'],
  [
    'a component with atomics',
    'threads',
    lifted('(memory 1 1) (func (export "f") (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1))))'),
  ],
  ['a component with a fence', 'threads', lifted('(func (export "f") atomic.fence)')],
  ['a component with shared memory', 'shared-memory', lifted('(memory 1 1 shared) (func (export "f"))')],
  [
    'a component with relaxed SIMD',
    'relaxed-simd',
    lifted('(func (export "f") (drop (i8x16.relaxed_swizzle (v128.const i64x2 0 0) (v128.const i64x2 0 0))))'),
  ],
  ['a component with a 64-bit memory', 'memory64', lifted('(memory i64 1) (func (export "f"))')],
  ['a component over the memory limit', 'memory-minimum', lifted(`(memory ${LIMITS.memoryPages + 1}) (func (export "f"))`)],
  [
    'a component with a foreign import',
    'import',
    `(component (import "evil:host/door@1.0.0" (instance (export "open" (func))))
      (core module $m (func (export "f"))) (core instance $i (instantiate $m))
      (func $f (canon lift (core func $i "f"))) (export "f" (func $f)))`,
  ],
  [
    'a contract that asks for the file system',
    'import',
    `(component (import "utnet:host/storage@0.1.0" (instance)) (import "wasi:filesystem/preopens@0.2.3" (instance))
      (core module $m (func (export "f"))) (core instance $i (instantiate $m))
      (func $f (canon lift (core func $i "f"))) (export "f" (func $f)))`,
  ],
  [
    'a component of an unknown world',
    'world',
    `(component
      (core module $m (func (export "run") (result i32) (i32.const 0))) (core instance $i (instantiate $m))
      (func $run (result u32) (canon lift (core func $i "run")))
      (instance $r (export "run" (func $run))) (export "wasi:cli/run@0.2.3" (instance $r)))`,
  ],
]

test.each(BAD)('%s is refused by the rule %s', async (_, rule, text) => {
  const bytes = await wat(text)
  const problem = await refusal(await deploy(bytes), 'guest_invalid')
  expect(problem).toMatchObject({ rule, offset: expect.any(Number) as number })
  expect((await fetch(`${node.url}/ipfs/${fileCid(bytes).toString()}`)).status).toBe(404)
})

test('a foreign import is named', async () => {
  expect.hasAssertions()
  const bytes = await wat(BAD.find(([what]) => what.includes('foreign'))?.[2] ?? '')
  await refusal(await deploy(bytes), 'guest_invalid', /evil:host\/door/)
})

test('bytes that are not WebAssembly, no bytes, and a component cut short are refused', async () => {
  const whole = await component('token')
  for (const bytes of [
    new TextEncoder().encode('#!/bin/sh\n'),
    new Uint8Array(0),
    new Uint8Array(64),
    whole.subarray(0, whole.length >> 1),
  ]) {
    const problem = await refusal(await deploy(bytes), 'guest_invalid')
    expect(problem['rule']).toBeTypeOf('string')
  }
})

test('a component over the size limit is refused with limit, used and allowed', async () => {
  const problem = await refusal(await deploy(new Uint8Array(LIMITS.componentBytes + 1)), 'guest_invalid', 'componentBytes')
  expect(problem).toMatchObject({ limit: 'componentBytes', used: LIMITS.componentBytes + 1, allowed: LIMITS.componentBytes })
})

test('a name that is none, no name, and a wrong content type are refused', async () => {
  expect.hasAssertions()
  const good = await component('token')
  await refusal(await deploy(good, 'Not%20A%20Name'), 'name_invalid', /Not A Name/)
  await refusal(
    await fetch(`${node.url}/v1/guests`, { method: 'POST', headers: { 'content-type': 'application/wasm' }, body: Uint8Array.from(good) }),
    'request_invalid',
    /name/,
  )
  await refusal(
    await fetch(`${node.url}/v1/guests?name=bad`, { method: 'POST', headers: { 'content-type': 'text/html' }, body: 'x' }),
    'request_media_type',
    /text\/html/,
  )
})
