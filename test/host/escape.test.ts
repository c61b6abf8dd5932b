/** U2.3-PIEE-1: guests that try to get out, on the real host: other memory, the processor, the machine's memory, the network, files. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isUtnetError, LIMITS, PARAMS, type RunOutcome } from '../../runtime/core/index.ts'
import { buildText } from '../../runtime/host/build/testing/guests.ts'
import { simulatedEnv, testHost } from '../../runtime/host/testing/host.ts'
import { wat } from '../../runtime/host/testing/wat.ts'
import type { Host } from '../../runtime/host/index.ts'
import { startNode, type RealNode } from '../e2e/kit/node.ts'

/** A contract of one core module; its export `run` takes and gives a u32. */
const contract = (core: string, imports = '', wiring = ''): string => `(component ${imports}
  (core module $m ${core})
  (core instance $i (instantiate $m ${wiring}))
  (func $run (param "n" u32) (result u32) (canon lift (core func $i "run")))
  (export "run" (func $run)))`
const body = (code: string, items = '', locals = ''): string =>
  contract(`${items} (func $run (export "run") (param $n i32) (result i32) ${locals} ${code})`)

const GAS = 50_000_000n
async function run(
  text: string,
  { n = 0, gasLimit = GAS, host = testHost() }: { n?: number; gasLimit?: bigint; host?: Host } = {},
): Promise<RunOutcome> {
  const { module } = await host.admit(await wat(text))
  return host.executor.run({ module, entry: 'run', args: [n], gasLimit, env: simulatedEnv() })
}

// memory

const OUTSIDE: readonly (readonly [string, string])[] = [
  ['a load behind the end', '(i32.load (i32.const 65536))'],
  ['a load across the end', '(i32.load (i32.const 65533))'],
  ['a load at the last address', '(i32.load (i32.const -1))'],
  ['a load by a great offset', '(i32.load offset=4294967295 (i32.const -1))'],
  ['a vector load across the end', '(i32x4.extract_lane 0 (v128.load (i32.const 65521)))'],
  ['a lane loaded from behind the end', '(i32x4.extract_lane 0 (v128.load32_lane 0 (i32.const 65536) (v128.const i64x2 0 0)))'],
  ['a store behind the end', '(i32.store (i32.const 65536) (i32.const 1)) (i32.const 0)'],
  ['a copy from behind the end', '(memory.copy (i32.const 0) (i32.const 65536) (i32.const 4)) (i32.const 0)'],
  ['a copy of more than there is', '(memory.copy (i32.const 0) (i32.const 0) (i32.const 65537)) (i32.const 0)'],
  ['a fill across the end', '(memory.fill (i32.const 65535) (i32.const 1) (i32.const 2)) (i32.const 0)'],
  ['an init of more than the segment', '(memory.init $d (i32.const 0) (i32.const 0) (i32.const 7)) (i32.const 0)'],
  ['a call by an index outside the table', '(call_indirect (result i32) (i32.const 4))'],
  ['a call of an empty entry', '(call_indirect (result i32) (i32.const 1))'],
  ['a call by another type', '(call_indirect (result i32) (i32.const 0))'],
]
test.each(OUTSIDE)('U2.3-PIEE-1 memory: %s traps', async (_, code) => {
  const items = '(memory 1) (data $d "secret") (table 2 funcref) (elem (i32.const 0) func $other) (func $other (param i64))'
  expect(await run(body(code, items))).toMatchObject({ status: 'trap', gas: GAS, result: null })
})

const MARK = 0x5ec2_e7aa | 0
test('U2.3-PIEE-1 memory: a guest finds nothing of another, or of its own last run, in all the memory that it can get', async () => {
  const host = testHost()
  const mark = `(memory 64) (global $kept (mut i32) (i32.const 0)) (table 8 funcref) (func $f)`
  const writes = body(
    `(loop $l (i32.store (local.get $at) (i32.const ${MARK})) (br_if $l (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4096))) (i32.const 4194304))))
     (i32.add (global.get $kept) (global.get $kept)) (global.set $kept (i32.const ${MARK})) (table.set (i32.const 3) (ref.func $f))`,
    `${mark} (export "f" (func $f))`,
    '(local $at i32)',
  )
  for (let i = 0; i < 3; i++) expect(await run(writes, { host })).toMatchObject({ status: 'ok', result: 0 })
  const looks = body(
    `(drop (memory.grow (i32.const ${LIMITS.memoryPages})))
     (loop $l (local.set $found (i32.or (local.get $found) (i32.load (local.get $at))))
       (br_if $l (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4096))) (i32.shl (memory.size) (i32.const 16)))))
     (i32.or (local.get $found) (i32.or (global.get $kept) (i32.eqz (ref.is_null (table.get (i32.const 3))))))`,
    mark.replace('(memory 64)', '(memory 1)'),
    '(local $at i32) (local $found i32)',
  )
  for (let i = 0; i < 3; i++) expect(await run(looks, { host, gasLimit: 1n << 40n })).toMatchObject({ status: 'ok', result: 0 })
})

test('U2.3-PIEE-1 memory: what a guest points the host at must be its own', async () => {
  const events = '(import "utnet:host/events@0.1.0" (instance $e (export "emit" (func (param "name" string) (param "data" (list u8))))))'
  for (const [pointer, length] of [
    [0, 65_537],
    [65_535, 2],
    [-1, 1],
    [-4, -1],
    [4, -1],
  ]) {
    const text = `(component ${events}
      (core module $mem (memory (export "memory") 1) (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0)))
      (core instance $mi (instantiate $mem))
      (core func $emit (canon lower (func $e "emit") (memory $mi "memory")))
      (core module $m (import "h" "emit" (func $emit (param i32 i32 i32 i32)))
        (func (export "run") (param i32) (result i32) (call $emit (i32.const 0) (i32.const 0) (i32.const ${pointer}) (i32.const ${length})) (i32.const 0)))
      (core instance $i (instantiate $m (with "h" (instance (export "emit" (func $emit))))))
      (func $run (param "n" u32) (result u32) (canon lift (core func $i "run")))
      (export "run" (func $run)))`
    // Either the shape is not ours and it is refused, or it runs and traps: what it never does is read
    const ended = await run(text).then(
      (outcome) => outcome.status,
      (error: unknown) => (isUtnetError(error, 'guest_invalid') ? 'refused' : error),
    )
    expect(['trap', 'refused']).toContain(ended)
  }
})

// processor

const SPINS: readonly (readonly [string, string])[] = [
  ['a loop', body('(loop $l (br $l)) (i32.const 0)')],
  ['a loop by a table of branches', body('(loop $l (br_table $l $l $l (local.get $n))) (i32.const 0)')],
  ['a loop of calls', body('(loop $l (call $f) (br $l)) (i32.const 0)', '(func $f)')],
  [
    'a loop in the start function',
    contract('(func $s (loop $l (br $l))) (start $s) (func (export "run") (param i32) (result i32) (i32.const 0))'),
  ],
  [
    'copies of the whole memory',
    body('(loop $l (memory.copy (i32.const 0) (i32.const 1) (i32.const 6553500)) (br $l)) (i32.const 0)', '(memory 100)'),
  ],
  ['growth by nothing', body('(loop $l (drop (memory.grow (i32.const 0))) (br $l)) (i32.const 0)', '(memory 1)')],
]
test.each(SPINS)('U2.3-PIEE-1, U4.3-GAS-1 processor: %s without end ends with its gas', async (_, text) => {
  expect(await run(text)).toMatchObject({ status: 'out-of-gas', gas: GAS, result: null })
})

const RECURSIONS: readonly (readonly [string, string])[] = [
  ['itself', body('(i32.add (call $run (local.get $n)) (i32.const 1))')],
  [
    'itself through a table',
    body(
      '(i32.add (call_indirect (param i32) (result i32) (local.get $n) (i32.const 0)) (i32.const 1))',
      '(table 1 funcref) (elem (i32.const 0) func $run)',
    ),
  ],
  ['one another', body('(call $f (local.get $n))', '(func $f (param i32) (result i32) (i32.add (call $run (local.get 0)) (i32.const 1)))')],
  ['itself with great frames', body('(i32.add (call $run (local.get $n)) (i32.const 1))', '', `(local ${'v128 '.repeat(500)})`)],
]
test.each(RECURSIONS)('U2.3-PIEE-1 processor: a function that calls %s without end traps by the weight of its frames', async (_, text) => {
  expect(await run(text)).toMatchObject({ status: 'trap', gas: GAS, result: null })
})

// the machine's memory

test('U2.3-PIEE-1 memory: growth ends at the limit, and costs before it is done', async () => {
  const greedy = body('(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (memory.size)', '(memory 1)')
  expect(await run(greedy, { gasLimit: 1n << 40n })).toMatchObject({ status: 'ok', result: LIMITS.memoryPages })
  const pages = GAS / BigInt(PARAMS.wasm.growPage)
  expect(pages).toBeLessThan(BigInt(LIMITS.memoryPages))
  expect(await run(greedy)).toMatchObject({ status: 'out-of-gas', gas: GAS })
  const tables = body(
    '(loop $l (br_if $l (i32.ne (table.grow (ref.null func) (i32.const 1000)) (i32.const -1)))) (table.size)',
    '(table 0 funcref)',
  )
  expect(await run(tables, { gasLimit: 1n << 40n })).toMatchObject({ status: 'ok', result: LIMITS.moduleTableEntries })
})

test('U2.3-PIEE-1 memory: guests that take all they can, one after the other, are given back', async () => {
  const host = testHost()
  const takes = `(component
    (core module $m (memory (export "memory") 1) (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
      (func (export "run") (param i32) (result i32) (drop (memory.grow (i32.const ${LIMITS.memoryPages - 1})))
        (memory.fill (i32.const 0) (i32.const 1) (i32.const ${LIMITS.memoryPages * 65_536})) (i64.store (i32.const 0) (i64.const 0)) (i32.const 0)))
    (core instance $i (instantiate $m))
    (func $run (param "n" u32) (result string) (canon lift (core func $i "run") (memory $i "memory") (realloc (func $i "cabi_realloc"))))
    (export "run" (func $run)))`
  const before = process.memoryUsage().rss
  for (let i = 0; i < 20; i++) expect(await run(takes, { host, gasLimit: 1n << 40n })).toMatchObject({ status: 'ok', result: '' })
  // 20 x 128 MiB
  expect(process.memoryUsage().rss - before).toBeLessThan(1_200 * 1024 * 1024)
})

// network and files

const DOORS: readonly (readonly [string, string])[] = [
  ['sockets', 'wasi:sockets/tcp-create-socket@0.2.3'],
  ['the network', 'wasi:sockets/instance-network@0.2.3'],
  ['names', 'wasi:sockets/ip-name-lookup@0.2.3'],
  ['files', 'wasi:filesystem/types@0.2.3'],
  ['folders', 'wasi:filesystem/preopens@0.2.3'],
  ['the environment', 'wasi:cli/environment@0.2.3'],
  ['a clock', 'wasi:clocks/wall-clock@0.2.3'],
  ['randomness', 'wasi:random/random@0.2.3'],
]
test.each(DOORS)('U2.3-PIEE-1 network and files: a contract that asks for %s is refused before it runs', async (_, door) => {
  // What has no state of a chain is a library: for that the doors are there, and shut (runtime/host/wasi)
  const imports = `(import "utnet:host/storage@0.1.0" (instance)) (import "${door}" (instance))`
  const asks = contract('(func (export "run") (param i32) (result i32) (i32.const 0))', imports)
  await expect(run(asks)).rejects.toMatchObject({ code: 'guest_invalid', details: { rule: 'import' } })
})

test('U2.3-PIEE-1 network and files: nothing stands behind the imports of a core module but what its component wires', async () => {
  for (const [module, name] of [
    ['env', 'open'],
    ['wasi_snapshot_preview1', 'path_open'],
    ['wasi_snapshot_preview1', 'sock_accept'],
    ['utnet', 'gas'],
  ] as const) {
    const text = `(component (core module $x (func (export "${name}") (result i32) (i32.const 7)))
      (core instance $xi (instantiate $x))
      (core module $m (import "${module}" "${name}" (func $f (result i32))) (func (export "run") (param i32) (result i32) (call $f)))
      (core instance $i (instantiate $m (with "${module}" (instance $xi))))
      (func $run (param "n" u32) (result u32) (canon lift (core func $i "run"))) (export "run" (func $run)))`
    const host = testHost()
    if (module === 'utnet') {
      await expect(host.admit(await wat(text))).rejects.toMatchObject({ code: 'guest_invalid' })
      continue
    }
    const guest = await host.admit(await wat(text))
    const request = { method: 'POST', path: '/run', headers: [], body: new TextEncoder().encode('[1]') }
    const context = { time: 1, height: 1, seed: new Uint8Array(32) }
    const { response } = await host.invoke({ module: guest.module, request, context, gasLimit: GAS })
    expect(new TextDecoder().decode(response.body)).toBe('7\n')
  }
})

// a node under attack

let node: RealNode
beforeAll(async () => {
  node = await startNode()
})
afterAll(() => node.close())

const HOSTILE = `
import { Request, Response } from '@utnet/sdk/http'
let seen = 0
function deep(n: i32): i32 { return deep(n + 1) + 1 }
export function handle(request: Request): Response {
  if (request.path == '/deep') return new Response().text(deep(0).toString())
  if (request.path == '/grow') { while (memory.grow(1) >= 0) {} memory.fill(memory.size() * 65536 - 65536, 1, 65536); return new Response().text(memory.size().toString()) }
  if (request.path == '/peek') return new Response().text(load<u32>(0xfffffff0).toString())
  if (request.path == '/spin') while (true) seen++
  return new Response().text((++seen).toString())
}`

test('U2.3-PIEE-1 a node whose guests spin, recurse, grow and peek answers everybody else, and the same as before', async () => {
  const { component } = await buildText('function', { 'index.ts': HOSTILE }, 'hostile', { memoryPages: LIMITS.memoryPages })
  await node.api.deploy({ name: 'hostile', component })
  const ask = async (path: string): Promise<{ status: number; text: string }> => {
    const answer = await fetch(`${node.url}/fn/hostile${path}`)
    return { status: answer.status, text: (await answer.text()).trim() }
  }
  expect(await ask('/')).toMatchObject({ status: 200, text: '1' })
  const attacks = ['/spin', '/deep', '/grow', '/peek', '/deep', '/grow', '/peek'].map(ask)
  const others = Array.from({ length: 20 }, () => ask('/'))
  // No state is left from one request to the next, whoever had the instance before
  for (const answer of await Promise.all(others)) expect(answer).toMatchObject({ status: 200, text: '1' })
  const [spin, deep, grow, peek] = await Promise.all(attacks)
  expect(spin).toMatchObject({ status: 500, text: 'the function ran out of gas' })
  expect(deep).toMatchObject({ status: 500, text: 'the function trapped' })
  expect(grow).toMatchObject({ status: 200, text: String(LIMITS.memoryPages) })
  expect(peek).toMatchObject({ status: 500, text: 'the function trapped' })
  expect(await ask('/')).toMatchObject({ status: 200, text: '1' })
  expect((await fetch(`${node.url}/readyz`)).status).toBe(200)
})
