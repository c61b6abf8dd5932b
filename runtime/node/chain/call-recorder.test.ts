import { expect, test } from 'vitest'
import { utf8, type CallWitness, type RunOutcome } from '../../core/index.ts'
import { simulatedKv, SimulatedDisk } from '../../kv/index.ts'
import { createCallRecorder } from './call-recorder.ts'

const witness = (n: number, height = 7): CallWitness => ({
  caller: 'ut1caller',
  contract: 'ut1contract',
  owner: 'ut1owner',
  version: 1,
  height,
  time: 5,
  chainId: 'b',
  gasLimit: 9n,
  hook: false,
  reads: [[utf8('n'), n === 0 ? null : Uint8Array.of(n)]],
  callees: [],
  changes: new Uint8Array(32).fill(n),
})

const outcome: RunOutcome = { status: 'ok', result: null, gas: 1n }

test('alike calls of one block each leave their own witness, durable with the commit that follows', async () => {
  const disk = new SimulatedDisk()
  const recorder = createCallRecorder(await simulatedKv(disk))
  recorder.note({ entry: 'add', args: [1], witness: witness(0), outcome })
  recorder.note({ entry: 'add', args: [1], witness: witness(1), outcome })
  recorder.note({ entry: 'take', args: [1], witness: witness(2), outcome })
  const name = { height: 7, contract: 'ut1contract', caller: 'ut1caller', entry: 'add', args: [1] }
  expect(recorder.find(name)).toEqual([])
  await recorder.kv.commit([[utf8('head'), utf8('x')]])

  expect(recorder.find(name)).toEqual([witness(0), witness(1)])
  expect(recorder.find({ ...name, entry: 'take' })).toEqual([witness(2)])
  for (const other of [{ args: [2] }, { height: 6 }, { caller: 'ut1other' }, { contract: 'ut1other' }])
    expect(recorder.find({ ...name, ...other })).toEqual([])
  // What was kept once is not kept again.
  await recorder.kv.commit([[utf8('head'), utf8('y')]])
  expect(recorder.find(name)).toHaveLength(2)

  disk.crash()
  const again = createCallRecorder(await simulatedKv(disk))
  expect(again.find(name)).toHaveLength(2)
})

test('a block that is made again adds to its rows, after a restart too', async () => {
  const disk = new SimulatedDisk()
  const name = { height: 7, contract: 'ut1contract', caller: 'ut1caller', entry: 'add', args: [1] }
  const recorder = createCallRecorder(await simulatedKv(disk))
  const record = async (of: typeof recorder, n: number, height = 7): Promise<void> => {
    of.note({ entry: 'add', args: [1], witness: witness(n, height), outcome })
    await of.kv.commit([[utf8('head'), Uint8Array.of(n)]])
  }
  await record(recorder, 1)
  await record(recorder, 2)
  await record(recorder, 3, 8)
  const again = createCallRecorder(await simulatedKv(disk))
  await record(again, 4)
  expect(again.find(name)).toEqual([witness(1), witness(2), witness(4)])
  expect(again.find({ ...name, height: 8 })).toEqual([witness(3, 8)])
})
