import { expect, test } from 'vitest'
import { fileCid, LIMITS, PARAMS } from '../../core/index.ts'
import { CONTEXT, memoryFiles } from '../testing/host.ts'
import { IDLE, wat } from '../testing/wat.ts'
import { withGrants } from '../wasi/index.ts'
import { createHost } from './index.ts'

test('U4.3-GAS-1: each run pays for the files that are brought to it, before it runs, and again the same when it is repeated', async () => {
  const files = memoryFiles()
  const content = new Uint8Array(3_000_001).fill(7)
  const cid = await files.putFile(content)
  const host = createHost({ files })
  const [bare, mounting] = await Promise.all(
    [[], [{ path: '/x', cid }]].map(async (mounts) => (await host.admit(withGrants(await wat(IDLE), { mounts }))).module),
  )
  const request = { method: 'POST', path: '/f', headers: [], body: new Uint8Array(0) }
  const run = (module = fileCid(content), gasLimit = 1_000_000_000n, more = {}) =>
    host.invoke({ module, request, context: CONTEXT, gasLimit, ...more })
  const without = await run(bare)
  const price = BigInt(content.length * PARAMS.host.fileByte)
  for (let i = 0; i < 2; i++) {
    const outcome = await run(mounting)
    expect(outcome).toMatchObject({ status: 'ok', gas: without.gas + price })
    expect(await run(mounting, undefined, { replay: outcome.log })).toEqual(outcome)
  }
  expect(await run(mounting, without.gas + price)).toMatchObject({ status: 'ok' })
  expect(await run(mounting, without.gas + price - 1n)).toMatchObject({ status: 'out-of-gas' })
})

test('mounted files that were brought are there for the next run, as many bytes as one guest may mount', async () => {
  const files = memoryFiles()
  const brought: string[] = []
  const host = createHost({
    files: { ...files, getFile: (cid, max) => (brought.push(cid.toString()), files.getFile(cid, max)) },
  })
  const half = LIMITS.mountBytes / 2
  const cids = await Promise.all([half, half, 1].map((size, i) => files.putFile(new Uint8Array(size).fill(i))))
  const [a, b, c] = await Promise.all(
    cids.map(async (cid) => (await host.admit(withGrants(await wat(IDLE), { mounts: [{ path: '/x', cid }] }))).module),
  )
  const request = { method: 'POST', path: '/f', headers: [], body: new Uint8Array(0) }
  const run = async (module = fileCid(new Uint8Array(0))): Promise<number> => {
    brought.length = 0
    const outcome = await host.invoke({ module, request, context: CONTEXT, gasLimit: 10_000_000_000n })
    expect(outcome).toMatchObject({ status: 'ok' })
    return brought.filter((id) => cids.some((cid) => cid.toString() === id)).length
  }
  // two halves are all there is room for; the third, of one byte, takes the place of what was asked for longest ago
  expect([await run(a), await run(a), await run(b), await run(a), await run(b)]).toEqual([1, 0, 1, 0, 0])
  expect([await run(c), await run(b), await run(c), await run(a)]).toEqual([1, 0, 0, 1])
  // what fits alone does not fit beside another
  const two = [cids[0], cids[1], cids[2]].map((cid, i) => ({ path: `/${i}`, cid: cid as NonNullable<typeof cid> }))
  const { module } = await host.admit(withGrants(await wat(IDLE), { mounts: two }))
  await expect(run(module)).rejects.toMatchObject({ allowed: 0 })
})
