import { expect, test } from 'vitest'
import { isUtnetError, utf8 } from '../../core/index.ts'
import { testChain, userOf, VALIDATOR, type TestChain } from '../testing/test-kit.ts'

const EDGES = [31, 32, 53, 63, 64].flatMap((n) => [2 ** n - 1, 2 ** n])
const BAD: readonly number[] = [-1, -0.5, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, ...EDGES]

/** Everything of the chain that is asked by a height or an epoch. */
const READS: Readonly<Record<string, (t: TestChain, at: number) => unknown>> = {
  headerAt: ({ chain }, at) => chain.headerAt(at),
  blockAt: ({ chain }, at) => chain.blockAt(at),
  account: ({ chain }, at) => chain.account(userOf(2).address, at),
  guest: ({ chain }, at) => chain.guest('none', at),
  prove: ({ chain }, at) => chain.prove('accounts', userOf(2).address, at),
  nodeProof: ({ chain }, at) => chain.nodeProof(VALIDATOR.key, at),
  bloom: ({ chain }, at) => chain.bloom(at),
  setAt: ({ chain }, at) => chain.setAt(at),
  catSeats: ({ chain }, at) => chain.catSeats(VALIDATOR.key, at),
  epochStep: ({ chain }, at) => chain.epochStep(at),
  task: ({ chain }, at) => chain.task(VALIDATOR.key, at),
  query: ({ chain }, at) => chain.query({ contract: 'none', export: 'get', args: [], at }),
}

test.each(Object.keys(READS))('%s of a height or epoch that is none, or far beyond the head, is refused with a code', async (name) => {
  const t = await testChain()
  for (let i = 0; i < 3; i++) {
    t.send(userOf(2), { kind: 'custom', data: utf8(`${i}`) })
    await t.produce()
  }
  const read = READS[name] as (typeof READS)[string]
  for (const at of BAD) {
    let why: unknown = 'taken'
    try {
      await read(t, at)
    } catch (error) {
      why = isUtnetError(error) ? error.fault : error
    }
    expect([name, at, why]).toEqual([name, at, 'caller'])
  }
})
