import { expect, test, vi } from 'vitest'
import { UtnetError } from '../../../runtime/core/index.ts'
import { crypto } from '../../../runtime/consensus/testing/test-kit.ts'
import { closed, leaf, net, some, steps } from '../../../runtime/node/auditor/testing/net.ts'
import { failingKv, type Failure } from './failing-kv.ts'

crypto.useNativeHashes()

test.each(['nothing-written', 'all-written'] satisfies Failure[])(
  'the mark of the audit: a commit that fails (%s) stops no audit, and who starts again misses no batch',
  async (failure) => {
    const told: unknown[] = []
    let broken = true
    const n = await net({
      store: (kv) => (broken ? failingKv(kv, 0, failure) : kv),
      onFailure: (error) => told.push(error),
    })
    await n.anchor([some(n, 0)])
    await steps(n, 4)
    // up to the batch, and past it once its run was repeated
    expect(told).toEqual(Array.from({ length: 2 }, () => expect.objectContaining({ code: 'disk_failed' })))
    // it goes on without its disk
    await n.anchor([[leaf(n, 1, 4)]])
    await steps(n, 5)
    expect(closed(n, 1)).not.toBeNull()
    expect(n.auditor.state()).toMatchObject({ batches: 2, refuted: 1, waiting: 0 })
    // and what it has not looked at when it ends is looked at by the next
    await n.anchor([[leaf(n, 2, 4)]])
    broken = false
    told.length = 0
    n.reopen()
    expect(n.auditor.state()).toMatchObject({ batches: 0, waiting: 3 })
    await steps(n, 5)
    expect([0, 1, 2].map((thread) => closed(n, thread) === null)).toEqual([true, false, false])
    expect(told).toEqual([])
    await n.auditor.close()
    n.reopen()
    expect(n.auditor.state()).toMatchObject({ waiting: 0 })
  },
)

test('a block that the disk damaged is told, and the audit goes on with those behind it', async () => {
  const told: unknown[] = []
  const n = await net({ onFailure: (error) => told.push(error) })
  await n.anchor([some(n, 0)])
  const lost = n.t.chain.head().header.height
  await n.anchor([[leaf(n, 1, 4)]])
  const { blockAt } = n.t.chain
  vi.spyOn(n.t.chain, 'blockAt').mockImplementation((height) => {
    if (height === lost) throw new UtnetError('data_corrupt', `the transactions of block ${lost} are damaged on the disk`)
    return blockAt(height)
  })
  n.reopen()
  expect(told).toEqual([expect.objectContaining({ code: 'data_corrupt' })])
  await steps(n, 5)
  expect(n.auditor.state()).toMatchObject({ batches: 1, refuted: 1, waiting: 0 })
  expect(closed(n, 1)).not.toBeNull()
  // so it is where the chain tells of such a block
  n.auditor.block(lost)
  expect(told).toHaveLength(2)
  await n.auditor.close()
})
