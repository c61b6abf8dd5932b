import { expect, test } from 'vitest'
import { utf8, type ContractEnv, type ContractExecutor } from '../core/index.ts'
import { changesRoot } from '../consensus/index.ts'
import { simulatedKv, SimulatedDisk } from '../kv/index.ts'
import { createCallRecorder } from './call-recorder.ts'

/** Stands for a guest: adds one to a counter, or does as its name says. */
const simulatedGuest: ContractExecutor = {
  run({ entry, env, gasLimit }) {
    const key = utf8('n')
    const n = env.get(key)?.[0] ?? 0
    if (entry === 'throw') throw new Error('as a host that fails')
    env.set(key, Uint8Array.of(n + 1))
    env.get(key)
    return entry === 'trap' ? { status: 'trap', result: null, gas: gasLimit } : { status: 'ok', result: n + 1, gas: 1n }
  },
}

function envOf(height: number, state: Map<string, Uint8Array>): ContractEnv {
  return {
    caller: 'ut1caller',
    contract: 'ut1contract',
    height,
    time: 5,
    chainId: 'b',
    get: (key) => state.get(String(key)),
    set: (key, value) => void (value === undefined ? state.delete(String(key)) : state.set(String(key), value)),
    emit() {},
  }
}

test('alike calls of one block each leave their own witness, durable with the commit that follows', async () => {
  const disk = new SimulatedDisk()
  const store = await simulatedKv(disk)
  const recorder = createCallRecorder(simulatedGuest, store, () => 7)
  const state = new Map<string, Uint8Array>()
  const run = (entry: string, height = 7) =>
    recorder.executor.run({ module: undefined as never, entry, args: [1], gasLimit: 9n, env: envOf(height, state) })
  run('add')
  run('add')
  run('trap')
  expect(() => run('throw')).toThrowError('as a host')
  run('add', 6)
  const name = { height: 7, contract: 'ut1contract', caller: 'ut1caller', entry: 'add', args: [1] }
  expect(recorder.find(name)).toEqual([])
  await recorder.kv.commit([[utf8('head'), utf8('x')]])

  const [first, second, ...others] = recorder.find(name)
  expect(others).toEqual([])
  expect(first?.reads).toEqual([[utf8('n'), null]])
  expect(second?.reads).toEqual([[utf8('n'), Uint8Array.of(1)]])
  expect(second?.changes).toEqual(changesRoot([[utf8('n'), Uint8Array.of(2)]]))
  expect(recorder.find({ ...name, entry: 'trap' })[0]?.changes).toEqual(changesRoot([]))
  expect(recorder.find({ ...name, entry: 'throw' })).toHaveLength(1)
  expect(recorder.find({ ...name, args: [2] })).toEqual([])
  // A run on a final state is a query.
  expect(recorder.find({ ...name, height: 6 })).toEqual([])
  // What was kept once is not kept again.
  await recorder.kv.commit([[utf8('head'), utf8('y')]])
  expect(recorder.find(name)).toHaveLength(2)

  disk.crash()
  const again = createCallRecorder(simulatedGuest, await simulatedKv(disk), () => 8)
  expect(again.find(name)).toHaveLength(2)
})
