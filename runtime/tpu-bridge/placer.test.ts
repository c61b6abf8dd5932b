import { afterAll, expect, test } from 'vitest'
import { memoryFiles, memoryKv } from '../../test/compliance/memory-ports.ts'
import { graph, model, node, value } from '../../test/compliance/onnx-models.ts'
import { cidOf, LIMITS, RAW, utf8, UtnetError, type ArithmeticClass, type ErrorCode, type NamedTensor } from '../core/index.ts'
import { createBridge, type Bridge } from './bridge.ts'
import type { Device, DeviceClass, LoadedModel } from './device.ts'
import { threaded } from './devices/index.ts'
import { Placer } from './placer.ts'
import { SessionCache } from './sessions.ts'

// devices that do as they are told: nothing here hangs on what a model computes

interface Scripted extends Device {
  /** What loading and running fails with from now on. */
  fails: { available?: ErrorCode; load?: ErrorCode; run?: ErrorCode }
  asked: number
}

function scripted(id: string, of: DeviceClass, place?: string): Scripted {
  const fail = async (code: ErrorCode | undefined): Promise<void> => {
    if (code !== undefined) throw new UtnetError(code, `${id} says so`)
  }
  const device: Scripted = {
    id,
    class: of,
    arithmetic: `${of}:${id}`,
    ...(place === undefined ? {} : { place }),
    fails: {},
    asked: 0,
    available: async () => (device.fails.available === undefined ? true : new UtnetError(device.fails.available, `${id} is away`)),
    async load(): Promise<LoadedModel> {
      await fail(device.fails.load)
      const run = async (): Promise<never[]> => {
        device.asked++
        await fail(device.fails.run)
        return []
      }
      const verified = async () => ({ arithmetic: device.arithmetic, entries: 0, checkpoints: [], exceptions: [], outputs: await run() })
      return { inputs: [], outputs: [], bytes: 1, run, verified, close: async () => {} }
    },
    close: async () => {},
  }
  return device
}

const MODEL = cidOf(RAW, utf8('model'))

function placing(devices: readonly Device[], prices: Readonly<Record<string, number>> = {}) {
  const clock = { now: 0 }
  const replaced: string[] = []
  const watch = { timed() {}, replaced: (id: string) => void replaced.push(id) }
  const placer = new Placer({ devices, sessions: new SessionCache(1_000), watch, prices, now: () => clock.now })
  const run = (arithmetic: ArithmeticClass, during: () => Promise<void> = async () => {}): Promise<string> =>
    placer
      .run({
        model: MODEL,
        arithmetic,
        read: async () => new Uint8Array(),
        work: async (device, loaded) => {
          await during()
          await loaded.run([])
          return device.id
        },
      })
      .catch((error: UtnetError) => `${error.code}: ${error.message}`)
  return { placer, run, clock, replaced }
}

test('a device that fails in the middle loses the run to the next of the class, once', async () => {
  const [a, b, c] = [scripted('a', 'exact'), scripted('b', 'unchecked'), scripted('c', 'exact')]
  const { run, replaced } = placing([a, b, c])
  a.fails = { run: 'device_failed' }
  expect([await run('exact'), a.asked, b.asked, c.asked]).toEqual(['c', 1, 0, 1])
  expect([await run('any'), replaced]).toEqual(['b', ['a', 'a']])
  b.fails = { run: 'device_failed' }
  expect([await run('any'), c.asked]).toEqual(['device_failed: b says so', 1])
  expect(replaced).toEqual(['a', 'a', 'a'])
  // nobody is left to take it: it was not placed anew
  c.fails = { run: 'device_failed' }
  a.fails = { available: 'device_missing' }
  expect([await run('exact'), replaced.length]).toEqual(['device_failed: c says so', 3])
})

test('what a device says of the inputs is the answer: nobody else is asked', async () => {
  const [a, b] = [scripted('a', 'exact'), scripted('b', 'exact')]
  const { run, replaced } = placing([a, b])
  for (const code of ['tensor_shape', 'tensor_input', 'tensor_dtype', 'model_invalid', 'guest_trap'] as const) {
    a.fails = { run: code }
    expect(await run('exact')).toBe(`${code}: a says so`)
  }
  expect([b.asked, replaced]).toEqual([0, []])
})

test('a device that is away, refuses the model, or lacks a form of an operator is passed over', async () => {
  const [a, b] = [scripted('a', 'exact'), scripted('b', 'exact')]
  const { run, replaced, placer } = placing([a, b])
  for (const fails of [
    { available: 'device_failed' },
    { available: 'device_missing' },
    { load: 'device_memory' },
    { run: 'operator_unsupported' },
  ] as const) {
    a.fails = fails
    expect(await run('exact')).toBe('b')
  }
  expect(replaced).toEqual([])
  a.fails = { available: 'device_missing' }
  b.fails = { available: 'device_failed' }
  expect(await run('exact')).toBe('device_missing: a is away')
  expect(placer.condition(b)).toMatchObject({ code: 'device_failed' })
  expect(await run('bounded')).toBe('device_missing: a is away')
  expect(await placing([]).run('any')).toMatch(/^device_missing: this node has no device/)
})

test('a refusal of the model is believed for half a minute, by all who ask', async () => {
  const [a, b] = [scripted('a', 'exact'), scripted('b', 'exact')]
  const { run, clock } = placing([a, b])
  a.fails = { load: 'operator_unsupported' }
  expect(await run('exact')).toBe('b')
  a.fails = {}
  clock.now = 29_999
  expect([await run('exact'), a.asked]).toEqual(['b', 0])
  clock.now = 30_000
  expect(await run('exact')).toBe('a')
  const alone = placing([a])
  a.fails = { load: 'model_invalid' }
  expect(await alone.run('exact')).toBe('model_invalid: a says so')
  // asked no more, and still the reason
  expect(await alone.run('exact')).toBe('model_invalid: a says so')
})

test('load and price move runs to another place; devices of one place share their load', async () => {
  const [cpu, web, far] = [scripted('cpu', 'bounded'), scripted('web', 'exact'), scripted('far', 'unchecked', 'host:1')]
  const { run, placer } = placing([cpu, web, far], { far: 2 })
  const gate = Promise.withResolvers<void>()
  const took: string[] = []
  const held = () => run('any', () => gate.promise).then((id) => took.push(id))
  const running = []
  for (let i = 0; i < 5; i++) {
    running.push(held())
    await new Promise((done) => setTimeout(done, 1))
  }
  expect([placer.atWork(cpu), placer.atWork(web), placer.atWork(far)]).toEqual([4, 4, 1])
  gate.resolve()
  await Promise.all(running)
  // 1, 2 = 2 (preferred), far at 2 against 3, then 3 against 4, 4 = 4
  expect(took.sort()).toEqual(['cpu', 'cpu', 'cpu', 'cpu', 'far'])
  expect([placer.atWork(cpu), placer.atWork(far)]).toEqual([0, 0])
})

test('a place takes so many runs and no more', async () => {
  const { run } = placing([scripted('cpu', 'bounded'), scripted('web', 'exact')])
  const gate = Promise.withResolvers<void>()
  const held = Array.from({ length: LIMITS.deviceRuns }, () => run('any', () => gate.promise))
  expect(await run('exact')).toMatch(/^host_busy: .* 257 is over the limit deviceRuns of 256/)
  gate.resolve()
  expect(new Set(await Promise.all(held))).toEqual(new Set(['cpu']))
  expect(await run('exact')).toBe('web')
})

// real threads that are ended under a run

const open: Bridge[] = []
afterAll(() => Promise.all(open.map((b) => b.close())))

/** `y = max(ones(shape) x ones(shape))`: as heavy as the caller likes. */
const heavy = model(
  graph(
    [node('ConstantOfShape', ['shape'], ['a']), node('MatMul', ['a', 'a'], ['b']), node('ReduceMax', ['b'], ['y'])],
    [value('shape', 7, ['r'])],
    [value('y', 1, ['p', 'q'])],
  ),
)
const side = (n: bigint): NamedTensor => ({ name: 'shape', dtype: 's64', shape: [2], data: new Uint8Array(BigInt64Array.of(n, n).buffer) })

test('U5.1-VRT-1: a device thread that is ended in the middle of a run loses it to another, whose arithmetic the commitment names', async () => {
  const [web, cpu] = [threaded('onnx-web'), threaded('onnx-cpu', { threads: 1 })]
  const replaced: string[] = []
  const bridge = createBridge({
    files: memoryFiles(),
    kv: memoryKv(),
    devices: [web, cpu],
    watch: { timed() {}, replaced: (id) => void replaced.push(id) },
  })
  open.push(bridge)
  await bridge.put('heavy', heavy)
  const quick = await bridge.infer('heavy', [side(2n)], 'any')
  expect(quick.arithmetic).toBe(web.arithmetic)

  const running = bridge.infer('heavy', [side(2048n)], 'any')
  await new Promise((done) => setTimeout(done, 100))
  await web.close()
  const got = await running
  expect([got.arithmetic, replaced]).toEqual([cpu.arithmetic, ['onnx-web']])
  const again = await bridge.infer('heavy', [side(2048n)], 'any')
  // the device is back, from nothing
  expect(again.arithmetic).toBe(web.arithmetic)
  expect(again.outputs).toEqual(got.outputs)
  expect(again.root).not.toEqual(got.root)

  // no other device is exact: then the failure is told, and the native one is not asked
  const exact = bridge.infer('heavy', [side(2048n)], 'exact').catch((error: UtnetError) => error.code)
  await new Promise((done) => setTimeout(done, 100))
  await web.close()
  expect(await exact).toBe('device_failed')
  expect(replaced).toEqual(['onnx-web'])
})
