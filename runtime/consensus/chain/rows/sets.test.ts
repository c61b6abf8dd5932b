import { expect, test } from 'vitest'
import { compareBytes, toHex, UtnetError, type Kv } from '../../../core/index.ts'
import { simulatedKv, testGenesis, validatorOf } from '../../testing/test-kit.ts'
import { EpochSets, firstSetRows } from './index.ts'
import { setKey } from './rows.ts'

/** The store with one row that cannot be read. */
function damagedKv(kv: Kv, row: Uint8Array): Kv {
  const whole = (key: Uint8Array): void => {
    if (compareBytes(key, row) === 0) throw new UtnetError('data_corrupt', 'damaged', { details: { row: toHex(row) } })
  }
  return {
    ...kv,
    get: (key) => {
      whole(key)
      return kv.get(key)
    },
    *range(from, to, options) {
      for (const [key, value] of kv.range(from, to, options)) {
        whole(key)
        yield [key, value]
      }
    },
  }
}

test.each([0, 1, 4])(
  'the set of epoch %d, that lies behind or at the end of the trusting period, is damaged: the next is kept all the same, and the old ones go',
  async (epoch) => {
    const members = [1, 2, 3].map((n) => validatorOf(n).validator)
    const rules = testGenesis({ validators: members, epochBlocks: 2, trustingBlocks: 6 })
    const setOf = (e: number) => members.map((v, i) => ({ ...v, power: 1 + ((e + i) % 3) }))
    const kv = simulatedKv()
    await kv.commit(firstSetRows(setOf(0)))
    const damaged = damagedKv(kv, setKey(epoch))
    const sets = new EpochSets(kv, rules, 0)
    // each epoch has another set; from the eighth on a row cannot be read
    for (let height = 2; height <= 14; height += 2) {
      const next = setOf(height / 2)
      await kv.commit(sets.rows(height, next))
      sets.committed(height, next)
    }
    const kept = (): number[] => [...kv.range(setKey(0), setKey(100))].map(([key]) => key.at(-1) as number)
    await kv.commit([[setKey(epoch), Uint8Array.of(0)]])
    const again = new EpochSets(damaged, rules, 14)
    for (let height = 16; height <= 26; height += 2) {
      const next = setOf(height / 2)
      await kv.commit(again.rows(height, next))
      again.committed(height, next)
    }
    expect(again.at(27)).toEqual(setOf(13))
    expect(kept()).toEqual([9, 10, 11, 12, 13])
  },
)
