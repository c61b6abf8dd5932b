import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { isUtnetError, toHex } from '../../core/index.ts'
import * as portable from '../../crypto/index.ts'
import { crypto, testChain, UNC, userOf } from '../testing/test-kit.ts'

const verifiers = crypto.openVerifiers(1)
afterAll(() => verifiers.close())

const users = [2, 3, 4].map(userOf)

/** What is sent: by whom, the nonce's distance from the next, how much, and a bit of the wire bytes that is turned. */
const sent = fc.record({
  by: fc.nat(2),
  ahead: fc.constantFrom(0, 0, 0, 0, 1, -1),
  value: fc.constantFrom(1n, UNC, 2_000_000n * UNC),
  flip: fc.option(fc.nat(2_000), { freq: 6 }),
  again: fc.boolean(),
})

test('the way in by many at once, by another thread and from known accounts, and the plain one: the same are taken, the same blocks made', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(sent, { maxLength: 24 }), { minLength: 1, maxLength: 4 }), async (blocks) => {
      const { verifyEd25519Many: _, ...one } = crypto
      // every signature by noble, alone
      const plain = await testChain({ crypto: { ...one, verifyEd25519: portable.verifyEd25519 } })
      const fast = await testChain({ crypto: { ...crypto, verifyEd25519Many: verifiers.check } })
      for (const block of blocks) {
        const next = users.map((u) => plain.chain.nextNonce(u.address))
        const wires = block.flatMap(({ by, ahead, value, flip, again }) => {
          const nonce = Math.max(0, (next[by] as number) + ahead)
          if (ahead === 0) next[by] = nonce + 1
          const from = users[by] as (typeof users)[number]
          const to = users[(by + 1) % 3] as (typeof users)[number]
          const wire = plain.tx(from, { kind: 'transfer', to: to.address, value }, { nonce, gasLimit: 1_000_000n })
          if (flip !== null) wire[flip % wire.length] = (wire[flip % wire.length] as number) ^ 1
          return again ? [wire, wire] : [wire]
        })
        const answerOf = (run: () => { readonly hash: string }): string => {
          try {
            return run().hash
          } catch (error) {
            // where a transaction has several faults the two may name different ones
            if (isUtnetError(error)) return 'refused'
            throw error
          }
        }
        const alone = wires.map((wire) => answerOf(() => plain.chain.submit(wire)))
        const halves = [wires.slice(0, wires.length >> 1), wires.slice(wires.length >> 1)]
        const answers = (await Promise.all(halves.map((half) => fast.chain.submitAll(half)))).flat()
        expect(answers.map((a) => (isUtnetError(a) ? 'refused' : a.hash))).toEqual(alone)
        await plain.produce()
        const { header } = await fast.produce()
        expect(toHex(fast.chain.head().hash)).toBe(toHex(plain.chain.head().hash))
        expect(header.state).toEqual(plain.chain.head().header.state)
        for (const { address } of users) expect(fast.chain.account(address)).toEqual(plain.chain.account(address))
      }
    }),
    { numRuns: Number(process.env['RUNS'] ?? 6) },
  )
})
