import { expect, test } from 'vitest'
import { fileCid, UtnetError, type CID } from '../../core/index.ts'
import { createHost } from '../../host/index.ts'
import { memoryFiles } from '../../host/testing/host.ts'
import { wat } from '../../host/testing/wat.ts'
import { warmUp } from './warm-up.ts'

const contract = (n: number): Promise<Uint8Array> =>
  wat(`(component (core module $m (func (export "run") (param i32) (drop (i32.const ${n}))) (func (export "none")))
    (core instance $i (instantiate $m)) (func (export "run") (canon lift (core func $i "none"))))`)

test('a node that begins anew makes ready what the chain keeps so, in its order, and passes over what it lacks', async () => {
  const files = memoryFiles()
  const read: string[] = []
  const host = createHost({ files, fileNow: (cid, most) => (read.push(cid.toString()), files.fileNow(cid, most)) })
  const modules = await Promise.all([1, 2, 3].map(async (n) => files.putFile(await contract(n))))
  const absent = fileCid(await contract(4))
  const all: CID[] = [modules[2] as CID, absent, modules[0] as CID, modules[1] as CID]
  await warmUp(all, host.executor).done
  expect(read).toEqual(all.map(String))
  expect(host.usage()).toMatchObject({ contracts: 3, guests: 0 })
  // then a block reads nothing
  for (const module of modules) host.executor.ready(module)
  expect(read).toHaveLength(4)
})

test('it stops when it is told to, and what is no fault of a module is told', async () => {
  const made: CID[] = []
  const modules = [1, 2, 3].map((n) => fileCid(Uint8Array.of(n)))
  const stopped = warmUp(modules, { ready: (module) => void made.push(module) })
  await stopped.stop()
  expect(made).toEqual([])
  const broken = (error: Error): Promise<void> =>
    warmUp(modules, {
      ready: () => {
        throw error
      },
    }).done
  await expect(broken(new RangeError('out of memory'))).rejects.toThrow('out of memory')
  await broken(new UtnetError('host_module_missing', 'not here'))
})

test('between two modules whatever else waits has its turn', async () => {
  let turn = 0
  let over = false
  const count = (): void => {
    turn++
    if (!over) setImmediate(count)
  }
  setImmediate(count)
  const at: number[] = []
  await warmUp(
    [1, 2, 3].map((n) => fileCid(Uint8Array.of(n))),
    { ready: () => void at.push(turn) },
  ).done
  over = true
  expect(new Set(at).size).toBe(3)
})
