import { expect, test } from 'vitest'
import { digest, encode, fileCid, isUtnetError, toHex } from '../../core/index.ts'
import { ROUND_OPERATORS } from '../../consensus/index.ts'
import { preparedModules, withSharedMemory } from '../../host/index.ts'
import { onnxWeb, wasmDevice } from '../../tpu-bridge/index.ts'
import { exactComponent } from '../../tpu-bridge/operators/testing/exact-guest.ts'
import { exactGuest } from '../models/exact-guest.ts'
import { exactEnvironment, STACK } from './index.ts'

const component = await exactComponent()
const exact = exactGuest(component)
if (exact === undefined) throw new Error('there are no kernels')
const challengeOf = (i: number): Uint8Array => digest('test', encode(['challenge', i]))

test('a new genesis names the operators of the environment, each of them', () => {
  expect([...STACK.keys()]).toEqual([...ROUND_OPERATORS])
})

test('U5.2-ENV-1 U2.3-PIEE-2 every operator gives the same on every node, and another result for another challenge', async () => {
  const { bytes, ...pages } = withSharedMemory(preparedModules(component)[0] as Uint8Array)
  const lanes = wasmDevice({
    exact: { component: fileCid(component).toString(), compiled: new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>), ...pages },
    lanes: 2,
  })
  // another implementation altogether has the same bits
  const web = onnxWeb()
  const nodes = [exactEnvironment(exact), exactEnvironment(exact, lanes), exactEnvironment(exact, web)]
  const seen = new Set<string>()
  for (const operator of STACK.keys()) {
    for (const challenge of [challengeOf(1), challengeOf(2)]) {
      const results = await Promise.all(nodes.map((n) => n.run({ operator, challenge })))
      expect(new Set(results.map(toHex)).size, operator).toBe(1)
      seen.add(toHex(results[0] as Uint8Array))
    }
  }
  expect(seen.size).toBe(2 * STACK.size)
  for (const node of nodes) await node.close()
})

test('an operator that no environment has: refused with a code', async () => {
  const node = exactEnvironment(exact)
  const error: unknown = await node.run({ operator: 'Dance', challenge: challengeOf(1) }).catch((thrown: unknown) => thrown)
  expect(isUtnetError(error, 'operator_unsupported')).toBe(true)
  await node.close()
})
