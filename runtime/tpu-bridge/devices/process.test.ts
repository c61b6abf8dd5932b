/** Native code in a process of its own: what takes its memory, does not return, or loses its node is ended, and nothing else with it. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { memoryFiles, memoryKv } from '../../../test/compliance/memory-ports.ts'
import { division, graph, identity, model, node, ONNX_TYPE, value } from '../../../test/compliance/onnx-models.ts'
import { fileCid, type NamedTensor } from '../../core/index.ts'
import { createBridge } from '../bridge.ts'
import type { Device } from '../device.ts'
import { exactForTests } from './testing/exact.ts'
import { localDevices, threaded, type ExactGuest, type LazyExact } from './index.ts'

let exact: ExactGuest & LazyExact
beforeAll(async () => {
  exact = await exactForTests()
})
const devices: Device[] = []
const use = (device: Device): Device => (devices.push(device), device)
afterAll(() => Promise.all(devices.map((d) => d.close())))

const f32 = (name: string, shape: readonly number[]): NamedTensor => ({
  name,
  dtype: 'f32',
  shape,
  data: new Uint8Array(4 * shape.reduce((n, side) => n * side, 1)),
})
/** Device processes of the process of that id. */
function processesOf(parent: number): number[] {
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n')
  return rows.flatMap((row) => {
    const [, pid, of, args] = /^ *(\d+) +(\d+) (.*)$/.exec(row) ?? []
    return Number(of) === parent && (args as string).includes('device-process') ? [Number(pid)] : []
  })
}
/** One that has ended is told from one that nobody has asked after yet. */
const runs = (pid: number): boolean => {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return /^[^Z]/.test(stdout.trim())
}
const gone = async (pid: number): Promise<void> => {
  while (runs(pid)) await sleep(50)
}
/** `y = x + w` of a column and a row: 30,000 numbers of each make 3.4 GiB. */
const outer = model(
  graph([node('Add', ['x', 'w'], ['y'])], [value('x', 1, ['n', 1]), value('w', 1, [1, 'm'])], [value('y', 1, ['n', 'm'])]),
)
const wide = [f32('x', [30_000, 1]), f32('w', [1, 30_000])]
const memoryBytes = 600 << 20
const small = [f32('x', [2, 1]), f32('w', [1, 3])]

test('a run that takes more memory than it may ends its process; the next load has a new one', async () => {
  const device = use(threaded('onnx-cpu', { memoryBytes }))
  const greedy = await device.load(outer, fileCid(outer))
  const [pid] = processesOf(process.pid) as [number]
  await expect(greedy.run(wide)).rejects.toMatchObject({
    code: 'device_failed',
    message: expect.stringContaining(`more memory than ${memoryBytes}`),
  })
  await gone(pid)
  const again = await device.load(outer, fileCid(outer))
  expect((await again.run(small))[0]?.shape).toEqual([2, 3])
  await device.close()
  expect(processesOf(process.pid)).toEqual([])
})

test('through the bridge such a run has the answer of a device that looks at shapes first, and other models are loaded again', async () => {
  const devices = localDevices({ exact, memoryBytes, order: ['onnx-cpu', 'wasm'] })
  const bridge = createBridge({ files: memoryFiles(), kv: memoryKv(), devices })
  await bridge.put('outer', outer)
  await bridge.put('division', division())
  await expect(bridge.infer('outer', wide, 'any')).rejects.toMatchObject({ code: 'tensor_shape', limit: 'tensorElements' })
  const other = async (): Promise<string> => (await bridge.infer('division', [f32('a', [1]), f32('b', [1])], 'any')).arithmetic
  // on the same device: nobody has to lose a run to learn that it was unloaded
  expect(await other()).toMatch(/^bounded:onnxruntime-node/)
  await bridge.close()
})

/** Products one behind the other: minutes of work, none of which asks anybody anything. */
const names = Array.from({ length: 4000 }, (_, i) => (i === 0 ? 'x' : `v${i}`))
const long = model(
  graph(
    names.map((name, i) => node('MatMul', [name, 'x'], [names[i + 1] ?? 'y'])),
    [value('x', 1, ['n', 'n'])],
    [value('y', 1, ['n', 'n'])],
  ),
)
const folder = mkdtempSync(join(tmpdir(), 'utnet-process-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
writeFileSync(join(folder, 'long.onnx'), long)
/** A program that runs it on a device of its own with these options, and says when it begins. */
function program(options: string): string {
  const file = join(folder, 'owner.mjs')
  writeFileSync(
    file,
    `import { readFileSync } from 'node:fs'
    import { threaded } from ${JSON.stringify(new URL('./threaded.ts', import.meta.url).href)}
    import { fileCid } from ${JSON.stringify(new URL('../../core/index.ts', import.meta.url).href)}
    const bytes = new Uint8Array(readFileSync(${JSON.stringify(join(folder, 'long.onnx'))}))
    const loaded = await threaded('onnx-cpu', ${options}).load(bytes, fileCid(bytes))
    const running = loaded.run([{ name: 'x', dtype: 'f32', shape: [1500, 1500], data: new Uint8Array(9_000_000) }])
    console.log('ready')
    await running`,
  )
  return file
}

test('a run that does not return is ended at the deadline', async () => {
  const device = use(threaded('onnx-cpu', { deadlineMs: 3000 }))
  const loaded = await device.load(long, fileCid(long))
  const [pid] = processesOf(process.pid) as [number]
  await expect(loaded.run([f32('x', [1500, 1500])])).rejects.toMatchObject({
    code: 'device_failed',
    message: expect.stringContaining('3000 ms'),
  })
  await gone(pid)
  await device.close()
})

test('a process whose node is killed ends in the middle of a run', async () => {
  const owner = spawn(process.execPath, [program('{}')], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(owner.stdout, 'data')
  const [pid] = processesOf(owner.pid as number) as [number]
  owner.kill('SIGKILL')
  await gone(pid)
  expect(runs(pid)).toBe(false)
})

test('a process whose thread of the node is ended ends itself at its deadline', async () => {
  const owner = new Worker(program('{ deadlineMs: 4000 }'), { stdout: true })
  await once(owner.stdout, 'data')
  const [pid] = processesOf(process.pid) as [number]
  expect(runs(pid)).toBe(true)
  await owner.terminate()
  await gone(pid)
  expect(runs(pid)).toBe(false)
})

test('what has no kernels runs beside those that have, in the process', async () => {
  const device = use(threaded('wasm-mixed', { exact }))
  const made = model(
    graph([node('Relu', ['x'], ['r']), node('Det', ['r'], ['y'])], [value('x', ONNX_TYPE.f32, [2, 2])], [value('y', ONNX_TYPE.f32, [])]),
  )
  const loaded = await device.load(made, fileCid(made))
  const { outputs, exceptions } = await loaded.verified([{ ...f32('x', [2, 2]), data: new Uint8Array(Float32Array.of(2, 0, 0, 3).buffer) }])
  expect([...new Float32Array((outputs[0] as NamedTensor).data.slice().buffer)]).toEqual([6])
  expect(exceptions.map(([entry]) => entry)).toEqual([1])
  const plain = identity(ONNX_TYPE.f32, [1])
  expect((await (await device.load(plain, fileCid(plain))).run([f32('x', [1])]))[0]?.data.buffer.byteLength).toBe(4)
})
