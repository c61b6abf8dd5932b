import { expect, test } from 'vitest'
import { cidOf, isUtnetError, RAW, toHex } from '../../../runtime/core/index.ts'
import { TRIES } from '../../../runtime/consensus/state/index.ts'
import { crypto, simulatedKv, testChain, userOf, type SimulatedKv, type TestChain } from '../../../runtime/consensus/testing/test-kit.ts'

crypto.useNativeHashes()
const users = [2, 3, 4].map(userOf)

async function busy(): Promise<TestChain> {
  const t = await testChain()
  t.send(users[0] as (typeof users)[number], {
    kind: 'publish',
    name: 'shop',
    module: cidOf(RAW, Uint8Array.of(1)),
    world: 'contract',
    size: 10,
  })
  await t.produce()
  for (let i = 0; i < 40; i++) {
    const to = userOf(100 + i).address
    t.send(users[i % 3] as (typeof users)[number], { kind: 'transfer', to, value: BigInt(i + 1) })
  }
  await t.produce()
  return t
}

/** All that a state holds, read leaf by leaf, and the block that follows on it. */
async function story(kv: SimulatedKv): Promise<string> {
  const t = await testChain({ kv })
  const state = TRIES.map((trie) => [...t.chain.walk(trie)].map(([at, value]) => `${toHex(at)}=${toHex(value)}`).join())
  t.send(users[1] as (typeof users)[number], { kind: 'transfer', to: userOf(120).address, value: 9n })
  const { hash } = await t.produce()
  return `${state.join('|')}|${toHex(hash)}`
}

test('a state with one flipped bit in any node or value is told with a code, or nothing comes of it', async () => {
  const t = await busy()
  const rows = t.kv.rows()
  const good = await story(t.kv.copy())
  let told = 0
  let pages = 0
  for (const [key, value] of rows) {
    // pages and large values of the tries
    if (key[0] !== 0x6e && key[0] !== 0x76) continue
    pages++
    for (let at = 0; at < value.length; at += Math.max(1, Math.floor(value.length / 6))) {
      const bent = value.slice()
      bent[at] = (bent[at] as number) ^ (1 << (at & 7))
      const kv = simulatedKv(new Map(rows.map(([k, v]) => [toHex(k), k === key ? bent : v])))
      try {
        expect(await story(kv)).toBe(good)
      } catch (error) {
        if (!isUtnetError(error)) throw error
        expect(error.code).toBe('data_corrupt')
        told++
      }
    }
  }
  expect(pages).toBeGreaterThan(3)
  expect(told).toBeGreaterThan(20)
})
