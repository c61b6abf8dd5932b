import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { cidOf, contractAddress, isUtnetError, RAW, sha256, toHex, utf8, type TxPayload } from '../../core/index.ts'
import * as portable from '../../crypto/index.ts'
import { nodeOf } from '../power/testing/chips.ts'
import type { Chain } from './index.ts'
import { crypto, signBatch, testChain, UNC, userOf, VALIDATOR, validatorOf, type TestUser } from '../testing/test-kit.ts'

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

const [ann, bob, carl] = users as [TestUser, TestUser, TestUser]
const transfer = { kind: 'transfer', to: bob.address, value: 1n } as const
const shop: TxPayload = { kind: 'publish', name: 'shop', module: cidOf(RAW, utf8('shop')), world: 'contract', size: 100 }
const call = (to: Uint8Array): TxPayload => ({ kind: 'call', to, export: 'put', args: ['k', 'v'] })

const tryCode = (run: () => unknown): string | undefined => {
  try {
    run()
    return undefined
  } catch (error) {
    if (isUtnetError(error)) return error.code
    throw error
  }
}

/** What each of many is refused for; undefined where it was taken. */
const refusals = (answers: Awaited<ReturnType<Chain['submitAll']>>): unknown[] => answers.map((a) => (isUtnetError(a) ? a.code : undefined))

test('a call of a contract whose publication waits is taken, and one of a contract that nobody publishes is not, alone and among many', async () => {
  for (const many of [false, true]) {
    const t = await testChain()
    const take = async (user: TestUser, payload: TxPayload): Promise<unknown> => {
      const wire = t.tx(user, payload)
      if (many) return refusals(await t.chain.submitAll([wire]))[0]
      return tryCode(() => t.chain.submit(wire))
    }
    const address = contractAddress(ann.address, 0)
    expect(await take(bob, call(address))).toBe('guest_not_found')
    expect(await take(ann, shop)).toBeUndefined()
    expect(await take(bob, call(address))).toBeUndefined()
    const { outcomes } = await t.produce()
    expect(outcomes.map((o) => o.status)).toEqual(['ok', 'ok'])
    expect(await take(bob, call(bob.address))).toBe('guest_not_found')
    expect(await take(carl, shop)).toBe('name_taken')
  }
})

test('one transaction anchors batches of several nodes, each signed by its own', async () => {
  const other = validatorOf(7)
  const t = await testChain()
  t.send(ann, { kind: 'transfer', to: other.address, value: 1_000n * UNC })
  await t.produce()
  t.send(other, { kind: 'node', action: nodeOf(other, t.chain.chainId) }, { gasLimit: 150_000_000n })
  await t.produce()
  const first = { first: 0, size: 1, prev: new Uint8Array(32), root: sha256(utf8('r')) }
  const batches = [VALIDATOR, other, VALIDATOR].map((node, thread) => signBatch(node, t.chain.chainId, { ...first, thread }))
  t.send(ann, { kind: 'anchor', batches, data: null })
  expect((await t.produce()).outcomes.map((o) => o.status)).toEqual(['ok'])
  const stolen = { ...(batches[1] as (typeof batches)[0]), sig: (batches[0] as (typeof batches)[0]).sig }
  const wire = t.tx(ann, { kind: 'anchor', batches: [batches[0] as typeof stolen, stolen], data: null })
  expect(tryCode(() => t.chain.submit(wire))).toBe('receipt_invalid')
})

test('of many, no signature is checked that could not matter: of what is unfit, and of what waits already', async () => {
  const checked: number[] = []
  const check: typeof verifiers.check = (asked) => {
    checked.push(asked.length)
    return verifiers.check(asked)
  }
  const t = await testChain({ crypto: { ...crypto, verifyEd25519Many: check } })
  const good = t.tx(ann, transfer)
  expect(refusals(await t.chain.submitAll([good, t.tx(userOf(9), transfer), t.tx(bob, transfer, { expiry: 0 })]))).toEqual([
    undefined,
    'tx_balance',
    'tx_expired',
  ])
  expect(refusals(await t.chain.submitAll([good, t.tx(bob, transfer)]))).toEqual([undefined, undefined])
  expect(checked).toEqual([1, 1])
  expect(t.chain.waiting()).toBe(2)
})

test('many are taken in the order in which they were given, whose signatures are checked first or last', async () => {
  const held = Promise.withResolvers<void>()
  let calls = 0
  const check: typeof verifiers.check = async (asked) => {
    if (calls++ === 0) await held.promise
    return crypto.verifyEd25519Many(asked)
  }
  const t = await testChain({ crypto: { ...crypto, verifyEd25519Many: check } })
  const [first, second] = [1n, 2n].map((value) => t.tx(ann, { ...transfer, value }))
  const answers = [first, second].map((wire) => t.chain.submitAll([wire as Uint8Array]))
  await setImmediate()
  held.resolve()
  expect((await Promise.all(answers)).map(refusals)).toEqual([[undefined], ['tx_nonce']])
})
