import { expect, test } from 'vitest'
import { crypto } from '../../../runtime/consensus/testing/test-kit.ts'
import { closed, leaf, net, some, steps } from '../../../runtime/node/auditor/testing/net.ts'
import { failingKv, type Failure } from './failing-kv.ts'

crypto.useNativeHashes()

test.each([
  // of the three batches the one before the failure is looked at again, or not
  ['nothing-written', 3],
  ['all-written', 2],
] satisfies [Failure, number][])(
  'the mark of the audit: a commit that fails (%s) stops no audit, and who starts again misses no batch',
  async (failure, found) => {
    const told: unknown[] = []
    let broken = true
    const n = await net({
      store: (kv) => (broken ? failingKv(kv, 0, failure) : kv),
      onFailure: (error) => told.push(error),
    })
    await n.anchor([some(n, 0)])
    await steps(n, 4)
    expect(told).toEqual([expect.objectContaining({ code: 'disk_failed' })])
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
    expect(n.auditor.state()).toMatchObject({ batches: 0, waiting: found })
    await steps(n, 5)
    expect([0, 1, 2].map((thread) => closed(n, thread) === null)).toEqual([true, false, false])
    expect(told).toEqual([])
    n.reopen()
    expect(n.auditor.state()).toMatchObject({ waiting: 0 })
  },
)
