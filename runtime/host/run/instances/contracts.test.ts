import { expect, test } from 'vitest'
import { fileCid, LIMITS, UtnetError, type CID } from '../../../core/index.ts'
import { createHost, type Host } from '../../index.ts'
import { memoryFiles, simulatedEnv } from '../../testing/host.ts'
import { wat } from '../../testing/wat.ts'

const contract = (n: number): Promise<Uint8Array> =>
  wat(`(component (core module $m (func (export "run") (result i32) (i32.const ${n})))
    (core instance $i (instantiate $m)) (func (export "run") (result u32) (canon lift (core func $i "run"))))`)

/** A host with room for one guest beside the chain's, over files whose reads are counted. */
async function setup(count: number) {
  const files = memoryFiles()
  const reads: string[] = []
  const host = createHost({
    files,
    fileNow: (cid, most) => (reads.push(cid.toString()), files.fileNow(cid, most)),
    maxCachedBytes: 1,
  })
  const modules = await Promise.all(Array.from({ length: count }, async (_, n) => files.putFile(await contract(n))))
  return { files, host, reads, modules }
}

const call = (module: CID) => ({ module, entry: 'run', args: [], gasLimit: 1_000_000n, env: simulatedEnv() })
const results = (host: Host, modules: readonly CID[]): unknown[] => modules.map((module) => host.executor.run(call(module)).result)

test('a block makes ready what it runs, once, however little room the host has beside', async () => {
  const { host, reads, modules } = await setup(5)
  expect(results(host, modules)).toEqual([0, 1, 2, 3, 4])
  expect(results(host, modules)).toEqual([0, 1, 2, 3, 4])
  expect(reads).toEqual(modules.map(String))
  expect(host.usage()).toMatchObject({ contracts: 5, guests: 0 })
})

test('between blocks it lets go of what the chain does not keep, and of what an attempt at a block made ready beside', async () => {
  const { host, reads, modules } = await setup(4)
  const [a, b, c, d] = modules as [CID, CID, CID, CID]
  results(host, [a, b, c])
  const kept = [c, a]
  host.executor.keep(kept)
  expect(host.usage().contracts).toBe(2)
  results(host, [a, c])
  expect(reads).toHaveLength(3)
  // the same list again: an attempt at the next block was given up
  results(host, [d])
  host.executor.keep(kept)
  expect(host.usage().contracts).toBe(2)
  results(host, [b, d])
  expect(reads.slice(3)).toEqual([d, b, d].map(String))
  // of a list that is kept not all is ready: what is beside it goes all the same
  host.executor.keep([a])
  results(host, [b])
  host.executor.keep([])
  expect(host.usage()).toMatchObject({ contracts: 0, idle: 0 })
})

test('queries and loads find what the chain keeps, make nothing ready in its room, and push nothing out of it', async () => {
  const { host, reads, modules } = await setup(5)
  const [a, b, c, d, e] = modules as [CID, CID, CID, CID, CID]
  results(host, [a, b])
  host.executor.keep([a, b])
  expect(host.executor.query(call(a)).result).toBe(0)
  expect(() => host.executor.query(call(c))).toThrow(
    expect.objectContaining({ code: 'host_module_missing', details: { module: c.toString() } }),
  )
  for (let n = 0; n < 3; n++) {
    for (const module of [c, d, e]) {
      await host.load(module)
      expect(host.executor.query(call(module)).status).toBe('ok')
    }
  }
  expect(host.usage()).toMatchObject({ contracts: 2, guests: 1 })
  results(host, [a, b])
  expect(reads).toEqual([a, b].map(String))
  // one that was made ready for a query serves the chain, and outlives the query's room
  results(host, [e])
  for (const module of [c, d]) await host.load(module)
  results(host, [e, e])
  expect(reads).toHaveLength(2)
  expect(host.usage().idle).toBeGreaterThanOrEqual(3)
})

test('U4.3-GAS-1: a module counts as here with exactly the bytes of its name and size; any other file is none on every node', async () => {
  const { host, files } = await setup(0)
  const bytes = await contract(9)
  const cid = fileCid(bytes)
  const missing = { code: 'host_module_missing', details: { module: cid.toString(), bytes: bytes.length } }
  expect(() => host.executor.run(call(cid))).toThrow(expect.objectContaining({ code: 'host_module_missing' }))
  expect(() => host.executor.ready(cid)).toThrow(expect.objectContaining({ code: 'host_module_missing' }))
  expect(() => host.executor.measures(cid, bytes.length)).toThrow(expect.objectContaining(missing))
  const over = (fileNow: (most: number) => Uint8Array | undefined): Host => createHost({ files, fileNow: (_, most) => fileNow(most) })
  const here = over(() => bytes).executor
  expect([here.holds(cid, bytes.length), here.measures(cid, bytes.length)]).toEqual([true, true])
  const noFile = (['block_not_found', 'core_too_large', 'core_bad_argument', 'block_mismatch'] as const).map((code) => () => {
    throw new UtnetError(code, 'not such a file')
  })
  // another layout, other bytes, and what the store says of names that it has no file of
  for (const fileNow of [() => undefined, () => Uint8Array.from([...bytes.subarray(1), 0]), ...noFile]) {
    const { executor } = over(fileNow)
    expect(executor.holds(cid, bytes.length)).toBe(false)
    expect(() => executor.measures(cid, bytes.length)).toThrow(expect.objectContaining(missing))
    expect(() => executor.run(call(cid))).toThrow(expect.objectContaining({ code: 'host_module_missing' }))
  }
  // a disk that fails says nothing of a module
  const broken = over(() => {
    throw new UtnetError('data_corrupt', 'damaged')
  }).executor
  for (const asked of [() => broken.holds(cid, bytes.length), () => broken.measures(cid, bytes.length)])
    expect(asked).toThrow(expect.objectContaining({ code: 'data_corrupt' }))
  // no more is asked for than was paid for
  over((most) => {
    expect(most).toBe(bytes.length)
    return bytes
  }).executor.measures(cid, bytes.length)
  expect(LIMITS.guestBytes).toBeGreaterThan(bytes.length)
})

test('what is ready in memory alone counts for no publication: behind a crash it would be gone', async () => {
  const { host, files } = await setup(0)
  const bytes = await contract(9)
  const { module } = await host.admit(bytes)
  expect(host.executor.holds(module, bytes.length)).toBe(false)
  expect(() => host.executor.measures(module, bytes.length)).toThrow(expect.objectContaining({ code: 'host_module_missing' }))
  await files.putFile(bytes)
  expect(host.executor.measures(module, bytes.length)).toBe(true)
})
