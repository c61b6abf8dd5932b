import { beforeAll, expect, test, vi } from 'vitest'
import {
  cidOf,
  encode,
  fromUtf8,
  PARAMS,
  RAW,
  sha256,
  commitmentRoot,
  plainCommitment,
  tensorHeads,
  toHex,
  UtnetError,
  utf8,
  type CID,
  type HostLog,
  type TensorBridge,
} from '../../core/index.ts'
import { publicKeyEd25519, signEd25519 } from '../../crypto/native.ts'
import { buildText, instantiateByJco } from '../build/testing/guests.ts'
import { contract, REALLOC, run } from '../testing/contract.ts'
import { CONTEXT, simulatedEnv, testHost } from '../testing/host.ts'
import type { Host } from './index.ts'

const TOKEN = `
import { StorageMap, add, sub, context, emit, revert } from '@utnet/sdk'
const balances = new StorageMap<string, u64>('b')
export class Line { constructor(public name: string, public amounts: Array<u64>, public note: string | null) {} }
@event class Moved { constructor(public to: string, public amount: u64) {} }
export function mint(to: string, amount: u64): u64 { balances.set(to, add(balances.get(to), amount)); emit(new Moved(to, amount)); return balances.get(to) }
export function take(from: string, amount: u64): void { balances.set(from, sub(balances.get(from), amount)) }
export function who(): string { return context.caller() + '@' + context.height().toString() }
export function refuse(why: string): void { revert(why) }
export function mix(line: Line, data: Uint8Array, flag: bool, f: f64): Line { return new Line(line.name + '\u{1F600}', line.amounts, data.length > 1 && flag ? null : f.toString()) }
export function spin(): void { while (true) {} }
export function deep(n: u64): u64 { return n == 0 ? 0 : 1 + deep(n - 1) * 2 }
export function crash(): void { unreachable() }`

let token: Uint8Array
beforeAll(async () => {
  token = (await buildText('contract', { 'index.ts': TOKEN }, 'token')).component
})

test('a contract reads and writes its state, emits events, and pays for each', async () => {
  const host = testHost()
  const env = simulatedEnv()
  const first = await run(host, token, 'mint', ['ut1bob', 5], env)
  expect(first).toMatchObject({ status: 'ok', result: 5 })
  expect(first.gas).toBeGreaterThan(BigInt(PARAMS.host.storageRead + PARAMS.host.storageWrite + PARAMS.host.eventBase))
  expect(await run(host, token, 'mint', ['ut1bob', 2], env)).toMatchObject({ result: 7 })
  expect(env.events.map(([name]) => name)).toEqual(['Moved', 'Moved'])
  expect(env.events[0]?.[1]).toBe(toHex(encode({ to: 'ut1bob', amount: 5 })))
  expect(await run(host, token, 'who')).toMatchObject({ status: 'ok', result: 'ut1alice@42' })
})

test('U5.5-WSM-1: two hosts agree on result, gas, state and events', async () => {
  const outcomes = await Promise.all(
    [testHost(), testHost()].map(async (host) => {
      const env = simulatedEnv()
      const runs = []
      for (let i = 0; i < 30; i++) runs.push(await run(host, token, 'mint', ['ut1bob', i], env))
      return { runs, state: [...env.state].map(([k, v]) => [k, toHex(v)]), events: env.events }
    }),
  )
  expect(outcomes[0]).toEqual(outcomes[1])
})

test("a revert is a refusal with the guest's message and the gas it used", async () => {
  const outcome = await run(testHost(), token, 'refuse', ['no, thanks'])
  expect(outcome).toMatchObject({ status: 'refused', result: null, message: 'no, thanks' })
  expect(outcome.gas).toBeLessThan(10_000_000n)
})

test('U4.3-GAS-1: out of gas and traps take the whole limit and are told apart', async () => {
  const host = testHost()
  expect(await run(host, token, 'spin')).toMatchObject({ status: 'out-of-gas', gas: 10_000_000n, result: null })
  expect(await run(host, token, 'crash')).toMatchObject({ status: 'trap', gas: 10_000_000n, result: null })
  expect(await run(host, token, 'deep', [1_000_000])).toMatchObject({ status: 'trap', gas: 10_000_000n })
  expect(await run(host, token, 'deep', [10])).toMatchObject({ status: 'ok' })
  expect(await run(host, token, 'mint', ['a', 1], simulatedEnv(), 0n)).toMatchObject({ status: 'out-of-gas', gas: 0n })
})

test('U4.3-GAS-1: a limit that does not pay for an instance makes none, and one that does makes it', async () => {
  const host = testHost()
  const { module } = await host.admit(
    await contract('export f: func();', '(module (table 20 funcref) (func (export "f") (drop (i32.const 1))))'),
  )
  const slots = 20n * BigInt(PARAMS.wasm.tableElement)
  const made = vi.spyOn(WebAssembly, 'Instance')
  try {
    const end = (gasLimit: bigint) => host.executor.query({ module, entry: 'f', args: [], gasLimit, env: simulatedEnv() })
    expect(end(slots - 1n)).toMatchObject({ status: 'out-of-gas', gas: slots - 1n, limit: 'gas' })
    expect(made).not.toHaveBeenCalled()
    expect(end(slots)).toMatchObject({ status: 'out-of-gas', gas: slots })
    expect(made).toHaveBeenCalledTimes(1)
    expect(end(slots + 100n)).toMatchObject({ status: 'ok' })
  } finally {
    made.mockRestore()
  }
})

test('U4.3-GAS-1: with host calls too, the need completes and one less does not, without a trace in the state where it stops before the write', async () => {
  const host = testHost()
  const { gas } = await run(host, token, 'mint', ['ut1bob', 5])
  expect(await run(host, token, 'mint', ['ut1bob', 5], simulatedEnv(), gas)).toMatchObject({ status: 'ok', gas })
  for (let budget = 0n; budget < gas; budget += gas / 97n) {
    expect(await run(host, token, 'mint', ['ut1bob', 5], simulatedEnv(), budget)).toMatchObject({ status: 'out-of-gas', gas: budget })
  }
  expect((await run(host, token, 'mint', ['ut1bob', 5], simulatedEnv(), gas - 1n)).status).toBe('out-of-gas')
})

test('an unknown export, a wrong number of arguments and a wrong type are refused without running', async () => {
  const host = testHost()
  for (const [entry, args] of [
    ['nothing', []],
    ['mint', ['a']],
    ['mint', ['a', -1]],
    ['mint', [1, 1]],
    ['toString', []],
  ] as const) {
    expect(await run(host, token, entry, args)).toMatchObject({ status: 'refused', gas: 0n })
  }
})

test('what the chain throws goes through the guest to the caller', async () => {
  const query = {
    ...simulatedEnv(),
    set: () => {
      throw new UtnetError('query_write', 'a query may not write')
    },
  }
  await expect(run(testHost(), token, 'mint', ['a', 1], query)).rejects.toMatchObject({ code: 'query_write' })
})

test("a module that is not loaded is the node's fault, and a limit that is no u63 the caller's", async () => {
  const host = testHost()
  const { module } = await host.admit(token)
  const call = { entry: 'who', args: [], env: simulatedEnv(), gasLimit: 1n }
  expect(() => testHost().executor.run({ ...call, module })).toThrow(expect.objectContaining({ code: 'host_module_missing' }))
  expect([-1, 0, 1].map((more) => host.executor.holds(module, token.length + more))).toEqual([false, true, false])
  expect(host.executor.measures(module, token.length)).toBe(true)
  for (const more of [-1, 1])
    expect(() => host.executor.measures(module, token.length + more)).toThrow(expect.objectContaining({ code: 'host_module_missing' }))
  expect(() => testHost().executor.measures(module, token.length)).toThrow(expect.objectContaining({ code: 'host_module_missing' }))
  expect(() => host.executor.run({ ...call, module, gasLimit: -1n })).toThrow(expect.objectContaining({ code: 'core_bad_argument' }))
  expect(() => host.executor.run({ ...call, module, gasLimit: 2n ** 63n })).toThrow(expect.objectContaining({ code: 'core_bad_argument' }))
})

test('records, lists, options, bytes and floats are what jco makes of them', async () => {
  const jco = await instantiateByJco(token, {
    'utnet:host/storage': { get: () => undefined, set: () => undefined, remove: () => undefined },
    'utnet:host/context': {
      caller: () => '',
      signer: () => '',
      owner: () => '',
      version: () => 1,
      contract: () => '',
      height: () => 0n,
      time: () => 0n,
      chainId: () => '',
      revert: () => undefined,
    },
    'utnet:host/events': { emit: () => undefined },
    'utnet:host/crypto': { sha256: () => new Uint8Array(32), verifyEd25519: () => false },
    'utnet:host/contracts': { call: () => new Uint8Array(0) },
  })
  const host = testHost()
  for (const [name, amounts, note, data, flag, f] of [
    ['a', [1, 2n ** 63n], null, [1, 2], true, 1.5],
    ['zoé 😀', [], 'x', [], false, -0.25],
    ['', [0], '', [9], true, 1e300],
  ] as const) {
    const wide = amounts.map((n) => BigInt(n))
    const theirs = jco['mix']?.({ name, amounts: BigUint64Array.from(wide), note: note ?? undefined }, Uint8Array.from(data), flag, f) as {
      name: string
      amounts: BigUint64Array
      note?: string
    }
    const bits = new Uint8Array(new Float64Array([f]).buffer)
    const ours = await run(host, token, 'mix', [[name, [...amounts], note === null ? [] : [note]], Uint8Array.from(data), flag, bits])
    expect(ours).toMatchObject({ status: 'ok', result: [theirs.name, [...amounts], theirs.note === undefined ? [] : [theirs.note]] })
    expect([...theirs.amounts]).toEqual(wide)
  }
})

test('event data must be a canonical map', async () => {
  const emit = (data: string, length: number): Promise<Uint8Array> =>
    contract(
      'import utnet:host/events@0.1.0; export f: func();',
      `(module (import "utnet:host/events@0.1.0" "emit" (func $e (param i32 i32 i32 i32))) (memory (export "memory") 1) (data (i32.const 0) "E") (data (i32.const 8) "${data}") ${REALLOC}
      (func (export "f") (call $e (i32.const 0) (i32.const 1) (i32.const 8) (i32.const ${length}))))`,
    )
  const host = testHost()
  expect(await run(host, await emit('\\a0', 1), 'f')).toMatchObject({ status: 'ok' })
  for (const [data, length] of [
    ['\\80', 1],
    ['\\a2abc', 3],
    ['\\b8\\00', 2],
    ['\\a0\\a0', 2],
    ['', 0],
    ['\\bf\\ff', 2],
  ] as const) {
    expect(await run(host, await emit(data, length), 'f'), data).toMatchObject({ status: 'trap' })
  }
})

test('a guest whose allocator calls the host, lies or loops is stopped', async () => {
  const evil = (realloc: string): Promise<Uint8Array> =>
    contract(
      'import utnet:host/context@0.1.0; export f: func(s: string);',
      `(module (import "utnet:host/context@0.1.0" "height" (func $h (result i64))) (memory (export "memory") 1)
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) ${realloc}) (func (export "f") (param i32 i32)))`,
    )
  const host = testHost()
  expect(await run(host, await evil('(i32.const 64)'), 'f', ['hello'])).toMatchObject({ status: 'ok' })
  expect(await run(host, await evil('(drop (call $h)) (i32.const 64)'), 'f', ['hello'])).toMatchObject({ status: 'trap' })
  expect(await run(host, await evil('(i32.const -1)'), 'f', ['hello'])).toMatchObject({ status: 'trap' })
  expect(await run(host, await evil('(loop $l (br $l)) (i32.const 0)'), 'f', ['hello'])).toMatchObject({ status: 'out-of-gas' })
})

test('a start function is metered, and calls no host before gas is set', async () => {
  const started = (start: string): Promise<Uint8Array> =>
    contract(
      'import utnet:host/context@0.1.0; export f: func() -> u64;',
      `(module (import "utnet:host/context@0.1.0" "height" (func $h (result i64))) (global $g (mut i64) (i64.const 0)) (start $s) (func $s ${start}) (func (export "f") (result i64) (global.get $g)))`,
    )
  expect(await run(testHost(), await started('(global.set $g (call $h))'), 'f')).toMatchObject({ status: 'ok', result: 42 })
  expect(await run(testHost(), await started('(loop $l (br $l))'), 'f')).toMatchObject({ status: 'out-of-gas' })
})

test('a contract checks signatures under the rule of transactions; what has another length is no signature, and each check is paid', async () => {
  const source =
    "import { verifyEd25519 } from '@utnet/sdk'\nexport function check(s: Uint8Array, m: Uint8Array, k: Uint8Array): bool { return verifyEd25519(s, m, k) }"
  const { component } = await buildText('contract', { 'index.ts': source }, 'signatures')
  const host = testHost()
  const secret = new Uint8Array(32).fill(9)
  const key = publicKeyEd25519(secret)
  const message = utf8('hello')
  const good = signEd25519(message, secret)
  const check = (s: Uint8Array, m: Uint8Array, k: Uint8Array) => run(host, component, 'check', [s, m, k])
  const passed = await check(good, message, key)
  expect(passed).toMatchObject({ status: 'ok', result: true })
  expect(passed.gas).toBeGreaterThan(BigInt(PARAMS.host.ed25519Verify))
  const spoilt = good.slice()
  spoilt[3] = (spoilt[3] as number) ^ 1
  for (const [s, m, k] of [
    [spoilt, message, key],
    [good, utf8('hellO'), key],
    [good, message, key.map((b) => b ^ 1)],
    [good.subarray(1), message, key],
    [new Uint8Array(65), message, key],
    [good, message, key.subarray(1)],
    [new Uint8Array(0), message, new Uint8Array(0)],
  ] as const)
    expect(await check(s, m, k)).toMatchObject({ status: 'ok', result: false })
})

// functions

const ECHO = `
import { Request, Response } from '@utnet/sdk/http'
export function handle(request: Request): Response {
  const path = request.path
  if (path == '/trap') unreachable()
  if (path == '/spin') while (true) {}
  const header = request.header('x-name')
  return new Response(path == '/teapot' ? 418 : 200).header('x-seen', header === null ? 'none' : header).header('content-type', 'application/octet-stream').bytes(request.body())
}`

const ask = (path: string, body: Uint8Array = new Uint8Array(0), headers: readonly (readonly [string, Uint8Array])[] = []) => ({
  method: 'POST',
  path,
  headers,
  body,
})

test('a function answers over wasi:http with status, headers and body', async () => {
  const host = testHost()
  const { module, world } = await host.admit((await buildText('function', { 'index.ts': ECHO }, 'echo')).component)
  expect(world).toBe('function')
  const gasLimit = 1_000_000_000n
  for (const size of [0, 1, 1_024, 300_000]) {
    const body = Uint8Array.from({ length: size }, (_, i) => i * 7)
    const out = await host.invoke({ module, request: ask('/teapot', body, [['x-name', utf8('zoé')]]), context: CONTEXT, gasLimit })
    expect(out.status).toBe('ok')
    expect(out.response.status).toBe(418)
    expect(out.response.headers.map(([k, v]) => [k, toHex(v)])).toEqual([
      ['x-seen', toHex(utf8('zoé'))],
      ['content-type', toHex(utf8('application/octet-stream'))],
    ])
    expect(toHex(sha256(out.response.body))).toBe(toHex(sha256(body)))
    expect(out.log.entries).toEqual([])
  }
  const twice = await Promise.all([1, 2].map(() => host.invoke({ module, request: ask('/', utf8('x')), context: CONTEXT, gasLimit })))
  expect(twice[0]).toEqual(twice[1])
  const trapped = await host.invoke({ module, request: ask('/trap'), context: CONTEXT, gasLimit })
  expect(trapped).toMatchObject({ status: 'trap', gas: gasLimit, response: { status: 500 } })
  expect(fromUtf8(trapped.response.body)).toBe('the function trapped\n')
  const spun = await host.invoke({ module, request: ask('/spin'), context: CONTEXT, gasLimit: 5_000_000n })
  expect(spun).toMatchObject({ status: 'out-of-gas', gas: 5_000_000n, response: { status: 500 } })
})

test('a contract is not invoked and a function not called', async () => {
  const host = testHost()
  const { module } = await host.admit(token)
  await expect(host.invoke({ module, request: ask('/'), context: CONTEXT, gasLimit: 1n })).rejects.toMatchObject({ code: 'guest_world' })
  await expect(host.runOperator({ module, inputs: [], gasLimit: 1n })).rejects.toMatchObject({ code: 'guest_world' })
})

// inference

const f32 = (...values: number[]): Uint8Array => new Uint8Array(new Float32Array(values).buffer)
const MODEL = cidOf(RAW, utf8('doubling'))

/** A bridge whose one model doubles, after a turn of the event loop. */
function simulatedBridge(): TensorBridge & { runs: number } {
  return {
    runs: 0,
    gasOf(model, inputs) {
      if (model !== 'double') throw new UtnetError('model_not_found', `no model ${model}`)
      return BigInt(1_000 * inputs.length)
    },
    async infer(_model, inputs) {
      this.runs++
      await new Promise((resolve) => setImmediate(resolve))
      const outputs = inputs.map((t) => ({ ...t, name: 'y', data: f32(...new Float32Array(t.data.slice().buffer).map((x) => x * 2)) }))
      return {
        model: MODEL,
        arithmetic: 'exact:simulated',
        outputs,
        root: commitmentRoot(plainCommitment(MODEL, 'exact:simulated', tensorHeads(inputs), tensorHeads(outputs))),
      }
    },
  }
}

const INFERRING = `
import { Request, Response } from '@utnet/sdk/http'
import { infer, NamedTensor, Tensor, Arithmetic } from '@utnet/sdk/tensor'
export function handle(request: Request): Response {
  const x = new Float32Array(2); x[0] = <f32>request.body().length; x[1] = 3
  const first = infer('double', [new NamedTensor('x', Tensor.fromF32([2], x))], Arithmetic.exact)
  if (first.isErr) return new Response(502).text(first.err)
  const again = infer(request.path == '/missing' ? 'other' : 'double', [new NamedTensor('x', first.ok[0].value)], Arithmetic.exact)
  if (again.isErr) return new Response(502).text(again.err)
  return new Response().bytes(again.ok[0].value.data)
}`

let inferring: Uint8Array
beforeAll(async () => {
  inferring = (await buildText('function', { 'index.ts': INFERRING }, 'inferring')).component
})

async function inferred(
  path: string,
): Promise<{ module: CID; out: Awaited<ReturnType<Host['invoke']>>; bridge: ReturnType<typeof simulatedBridge> }> {
  const bridge = simulatedBridge()
  const host = testHost(bridge)
  const { module } = await host.admit(inferring)
  return {
    module,
    bridge,
    out: await host.invoke({ module, request: ask(path, new Uint8Array(5)), context: CONTEXT, gasLimit: 100_000_000n }),
  }
}

test('a function is suspended while the bridge infers; model use and log are kept', async () => {
  const { out, bridge } = await inferred('/')
  expect(out.message).toBeUndefined()
  expect(out).toMatchObject({ status: 'ok', response: { status: 200 } })
  expect(toHex(out.response.body)).toBe(toHex(f32(20, 12)))
  expect(bridge.runs).toBe(2)
  expect(out.models.map((m) => [m.model.toString(), m.arithmetic])).toEqual([1, 2].map(() => [MODEL.toString(), 'exact:simulated']))
  expect(out.log.entries.length).toBe(2)
  expect([...out.log.files.keys()]).toEqual([toHex(sha256(f32(10, 6))), toHex(sha256(f32(20, 12)))])
})

test('heads that the bridge hands on make the same log, and only of a run that is not repeated', async () => {
  const plain = simulatedBridge()
  const host = testHost({
    gasOf: (...asked) => plain.gasOf(...asked),
    async infer(model, inputs, arithmetic) {
      const answer = await plain.infer(model, inputs, arithmetic)
      return { ...answer, heads: { inputs: tensorHeads(inputs), outputs: tensorHeads(answer.outputs) } }
    },
  })
  const { module } = await host.admit(inferring)
  const request = ask('/', new Uint8Array(5))
  const out = await host.invoke({ module, request, context: CONTEXT, gasLimit: 100_000_000n })
  expect(out).toEqual((await inferred('/')).out)
  // A file with other bytes under its name is found out when the run is repeated.
  const files = new Map([...out.log.files].map(([name, bytes]) => [name, Uint8Array.from(bytes, (b) => b ^ 1)]))
  const replay = { entries: out.log.entries, files }
  await expect(host.invoke({ module, request, context: CONTEXT, gasLimit: 100_000_000n, replay })).rejects.toMatchObject({
    code: 'replay_mismatch',
  })
})

test('a run is repeated from its log without a bridge: same answer, same gas, same log', async () => {
  for (const path of ['/', '/missing']) {
    const { module, out } = await inferred(path)
    const host = testHost()
    await host.admit(inferring)
    const again = await host.invoke({
      module,
      request: ask(path, new Uint8Array(5)),
      context: CONTEXT,
      gasLimit: 100_000_000n,
      replay: out.log,
    })
    expect(again).toEqual(out)
  }
})

test('U4.3-GAS-1: a run that ran out of gas is repeated from its log to the same end', async () => {
  const host = testHost(simulatedBridge())
  const { module } = await host.admit(inferring)
  const invoke = (gasLimit: bigint, replay?: HostLog) =>
    host.invoke({ module, request: ask('/', new Uint8Array(5)), context: CONTEXT, gasLimit, ...(replay === undefined ? {} : { replay }) })
  const { gas } = await invoke(100_000_000n)
  const logs = new Set<number>()
  for (let budget = 0n; budget <= gas; budget += 250n) {
    const out = await invoke(budget)
    logs.add(out.log.entries.length)
    expect(out.status).toBe(budget < gas ? 'out-of-gas' : 'ok')
    // Where it ended can be told of a run that did not wait: that is for people, and in no receipt
    const nowhere = { message: undefined, where: undefined }
    expect({ ...(await invoke(budget, out.log)), ...nowhere }).toEqual({ ...out, ...nowhere })
  }
  expect([...logs]).toEqual([0, 1, 2])
})

test('what the guest asked wrongly is its answer', async () => {
  const { out } = await inferred('/missing')
  expect(out).toMatchObject({ status: 'ok', response: { status: 502 } })
  expect(fromUtf8(out.response.body)).toContain('model_not_found')
  expect(out.models.length).toBe(1)
})

test('a log that is not of this run is refused', async () => {
  const { module, out } = await inferred('/')
  const host = testHost(simulatedBridge())
  await host.admit(inferring)
  const replay = (log: HostLog, size = 5) =>
    host.invoke({ module, request: ask('/', new Uint8Array(size)), context: CONTEXT, gasLimit: 100_000_000n, replay: log })
  const [first, second] = out.log.entries
  const logs: HostLog[] = [
    { ...out.log, entries: [] },
    { ...out.log, entries: [first ?? null] },
    { ...out.log, entries: [...out.log.entries, second ?? null] },
    { ...out.log, entries: [...out.log.entries].reverse() },
    { ...out.log, files: new Map() },
    { ...out.log, files: new Map([...out.log.files].map(([hash, bytes]) => [hash, bytes.map((b) => b ^ 1)])) },
  ]
  for (const log of logs) await expect(replay(log)).rejects.toMatchObject({ code: 'replay_mismatch' })
  await expect(replay(out.log, 6)).rejects.toMatchObject({ code: 'replay_mismatch' })
})

test("without a bridge, or when the device fails, the run is the node's fault", async () => {
  const host = testHost()
  const { module } = await host.admit(inferring)
  const request = { module, request: ask('/'), context: CONTEXT, gasLimit: 100_000_000n }
  await expect(host.invoke(request)).rejects.toMatchObject({ code: 'device_missing' })
  const failing = testHost({
    ...simulatedBridge(),
    infer: async () => {
      throw new UtnetError('device_failed', 'the device is gone')
    },
  })
  await failing.admit(inferring)
  await expect(failing.invoke(request)).rejects.toMatchObject({ code: 'device_failed' })
})

// operators

const OPERATOR = `
import { Tensor, Dtype } from '@utnet/sdk/tensor'
import { fail } from '@utnet/sdk/operator'
export function run(inputs: Array<Tensor>): Array<Tensor> {
  if (inputs.length != 1) return fail('one input is needed')
  const x = inputs[0].f32
  for (let i = 0; i < x.length; i++) x[i] = x[i] / x[i]
  return inputs
}`

test('an operator maps tensors; its NaNs are canonical, its refusal is a status', async () => {
  const host = testHost()
  const built = await buildText('operator', { 'index.ts': OPERATOR }, 'op')
  const { module, world } = await host.admit(built.component)
  expect(world).toBe('operator')
  const input = { name: 'x', dtype: 'f32', shape: [3], data: f32(2, 0, Number.POSITIVE_INFINITY) } as const
  const out = await host.runOperator({ module, inputs: [input], gasLimit: 10_000_000n })
  expect(out).toMatchObject({ status: 'ok', outputs: [{ name: '0', dtype: 'f32', shape: [3] }] })
  expect(toHex(out.outputs[0]?.data ?? new Uint8Array(0))).toBe('0000803f0000c07f0000c07f')
  expect(await host.runOperator({ module, inputs: [], gasLimit: 10_000_000n })).toMatchObject({
    status: 'refused',
    message: 'one input is needed',
    outputs: [],
  })
  await expect(host.runOperator({ module, inputs: [{ ...input, shape: [4] }], gasLimit: 1n })).rejects.toMatchObject({
    code: 'tensor_shape',
  })
})
