import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesAmount, cidOf, contractAddress, decodeAccount, RAW, sha256, toHex, type TxPayload } from '../../core/index.ts'
import { BURNT_KEY, supplyOf } from '../index.ts'
import { testChain, userOf, type TestChain } from '../testing/test-kit.ts'

const users = [userOf(2), userOf(3), userOf(4)]
const shop = contractAddress((users[0] as (typeof users)[0]).address, 0)

type Step =
  | { readonly kind: 'transfer'; readonly from: number; readonly to: number; readonly value: number }
  | { readonly kind: 'put' | 'remove' | 'fail' | 'spin'; readonly from: number; readonly key: string; readonly value: string }
  | { readonly kind: 'block' }

const who = fc.nat(2)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('transfer' as const), from: who, to: who, value: fc.nat(1_000_000) }),
  fc.record({
    kind: fc.constantFrom('put', 'remove', 'fail', 'spin'),
    from: who,
    key: fc.constantFrom('a', 'b', 'c'),
    value: fc.string({ maxLength: 4, unit: 'grapheme-ascii' }),
  }),
  fc.constant({ kind: 'block' as const }),
)

function supply({ chain }: TestChain): bigint {
  let sum = 0n
  for (const [position, value] of chain.walk('accounts'))
    sum += toHex(position) === toHex(sha256(BURNT_KEY)) ? bytesAmount(value) : decodeAccount(value).balance
  return sum
}

test('U3-MRK-1 any stream of transactions leaves the balances, variables and supply of a plain model', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const t = await testChain()
      const balances = users.map(() => 1_000_000n * 10n ** 18n)
      const variables = new Map<string, string>()
      const pay = (user: number, amount: bigint): void => {
        balances[user] = (balances[user] as bigint) - amount
      }
      t.send(users[0] as (typeof users)[0], {
        kind: 'publish',
        name: 'shop',
        module: cidOf(RAW, Uint8Array.of(1)),
        world: 'contract',
        size: 1,
      })
      let waiting: (Step & { readonly from: number })[] = []
      const block = async (): Promise<void> => {
        const { outcomes } = await t.produce()
        const sent = t.chain.head().header.height === 1 ? outcomes.slice(1) : outcomes
        if (t.chain.head().header.height === 1) pay(0, (outcomes[0]?.gas ?? 0n) * t.chain.params.baseFee)
        expect(sent.length).toBe(waiting.length)
        for (const [i, s] of waiting.entries()) {
          pay(s.from, (sent[i]?.gas ?? 0n) * t.chain.params.baseFee)
          if (s.kind === 'transfer') {
            pay(s.from, BigInt(s.value))
            pay(s.to, -BigInt(s.value))
          } else if (s.kind === 'put') variables.set(s.key, s.value)
          else if (s.kind === 'remove') variables.delete(s.key)
        }
        waiting = []
      }
      await block()
      for (const s of steps) {
        if (s.kind === 'block') {
          await block()
          continue
        }
        const payload: TxPayload =
          s.kind === 'transfer'
            ? { kind: 'transfer', to: (users[s.to] as (typeof users)[0]).address, value: BigInt(s.value) }
            : { kind: 'call', to: shop, export: s.kind, args: [s.key, s.value] }
        t.send(users[s.from] as (typeof users)[0], payload)
        waiting.push(s)
      }
      await block()
      for (const [i, user] of users.entries()) expect(t.chain.account(user.address).balance).toBe(balances[i])
      for (const key of ['a', 'b', 'c']) {
        const found = (await t.chain.query({ contract: 'shop', export: 'get', args: [key] })).outcome.result
        expect(found).toEqual(variables.has(key) ? [variables.get(key)] : [])
      }
      expect(supply(t)).toBe(supplyOf(t.genesis))
    }),
    { numRuns: 8 },
  )
})
