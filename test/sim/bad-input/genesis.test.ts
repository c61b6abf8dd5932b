import { expect, test } from 'vitest'
import { chainIdOf, decodeGenesis, encodeGenesis, isUtnetError, LIMITS, type Genesis, type Validator } from '../../../runtime/core/index.ts'
import { checkGenesis, openChain } from '../../../runtime/consensus/index.ts'
import {
  crypto,
  simulatedExecutor,
  simulatedKv,
  testGenesis,
  UNC,
  userOf,
  validatorOf,
} from '../../../runtime/consensus/testing/test-kit.ts'
import { knownAnswers } from '../net/known-answers.ts'
import { spoiltBytes } from './spoil.ts'

crypto.useNativeHashes()
const port = knownAnswers(crypto)
const members = [41, 42, 43].map((n) => validatorOf(n))
const vendors = [{ name: 'vendor', key: userOf(7).key }]
const good: Genesis = testGenesis({ validators: members.map((m) => m.validator), vendors })
const [first, second, third] = good.validators as [Validator, Validator, Validator]
const account = good.accounts[0] as Genesis['accounts'][number]

const replaced = (over: Partial<Validator>): Partial<Genesis> => ({ validators: [{ ...first, ...over }, second, third] })

/** Contradictions, and what is said of them. */
const BAD: readonly (readonly [string, Partial<Genesis>, RegExp])[] = [
  ['a protocol that is not known', { protocol: 999 }, /protocol 999/],
  ['nobody in the set', { validators: [] }, /no validator/],
  ['a power of zero', replaced({ power: 0 }), /valid proof/],
  ['a power that is no whole number', replaced({ power: 1.5 }), /valid proof/],
  ['more power than there may be', replaced({ power: Number.MAX_SAFE_INTEGER }), /foundingPower/],
  ['one over the power that there may be', replaced({ power: LIMITS.foundingPower - 1 }), /foundingPower/],
  ['a node key twice', { validators: [first, { ...second, key: first.key }, third] }, /twice/],
  ['a vote key twice', { validators: [first, { ...second, bls: first.bls, pop: first.pop }, third] }, /twice/],
  ['a node key that is the vote key of another in part', replaced({ key: new Uint8Array(32) }), /valid proof/],
  ['a proof of another key', replaced({ pop: second.pop }), /valid proof/],
  ['no proof', replaced({ pop: new Uint8Array(96) }), /valid proof/],
  ['members out of order', { validators: [second, first, third] }, /order/],
  ['an account twice', { accounts: [account, account] }, /twice/],
  ['balances over what there may be', { accounts: [{ ...account, balance: 1n << 128n }] }, /balances/],
  ['balances over the cap', { accounts: [{ ...account, balance: 10n ** 10n * UNC + 1n }] }, /balances/],
  [
    'balances that are over the cap together',
    { accounts: [account, { address: userOf(8).address, balance: 10n ** 10n * UNC - account.balance + 1n }] },
    /balances/,
  ],
  ['an epoch of no blocks', { epochBlocks: 0 }, /epoch/],
  ['a time that leaves none for its blocks', { time: 2 ** 48 + 1 }, /time/],
  ['a trusting period that no height can lie behind', { trustingBlocks: 2 ** 40 + 1 }, /trusting/],
  ['epochs of more blocks than can be counted', { epochBlocks: 2 ** 52, trustingBlocks: Number.MAX_SAFE_INTEGER }, /trusting/],
  ['a vendor twice', { vendors: [...vendors, ...vendors] }, /twice/],
  ['two vendors with one key', { vendors: [...vendors, { name: 'other', key: userOf(7).key }] }, /twice/],
  ['a vendor without a name', { vendors: [{ name: '', key: userOf(7).key }] }, /name/],
  ['a vendor whose key is no point', { vendors: [{ name: 'vendor', key: new Uint8Array(32) }] }, /key/],
  ['a bond of nothing', { bondPrice: 0n }, /bond/],
  ['a share above all', { level0Share: 1_001 }, /share/],
  ['a committee of ten', { committeeSeats: 10 }, /committee/],
  ['a trusting period shorter than what it needs', { trustingBlocks: 1 }, /trusting/],
]

test.each(BAD)('a genesis with %s starts no chain', async (_what, over, why) => {
  const genesis = { ...good, ...over }
  const kv = simulatedKv()
  await expect(openChain({ genesis, kv, executor: simulatedExecutor, crypto: port })).rejects.toThrowError(
    expect.objectContaining({ code: 'chain_invalid', message: expect.stringMatching(why) as string }),
  )
  expect(kv.rows()).toEqual([])
})

test('at the limits it does: all the power, all the money, all the time', () => {
  expect(() => checkGenesis({ ...good, time: 2 ** 48, trustingBlocks: 2 ** 40, epochBlocks: 2 ** 38 }, port)).not.toThrow()
  const power = LIMITS.foundingPower - 2
  expect(() => checkGenesis({ ...good, ...replaced({ power }) }, port)).not.toThrow()
  expect(() => checkGenesis({ ...good, accounts: [{ ...account, balance: 10n ** 10n * UNC }] }, port)).not.toThrow()
})

test('the bytes of a genesis with every field wrong in turn: refused with a code, or the genesis of another chain', () => {
  const bytes = encodeGenesis(good)
  const id = chainIdOf(good).toString()
  let refused = 0
  let others = 0
  for (const { what, bytes: bad } of spoiltBytes(bytes, 'genesis', 200)) {
    try {
      const genesis = decodeGenesis(bad)
      checkGenesis(genesis, port)
      expect([what, chainIdOf(genesis).toString()]).not.toEqual([what, id])
      // one form only: nobody can hand round two files of one chain
      expect([what, encodeGenesis(genesis)]).toEqual([what, bad])
      others++
    } catch (error) {
      if (!isUtnetError(error)) throw error
      expect([what, error.fault]).toEqual([what, expect.not.stringMatching(/^node$/)])
      refused++
    }
  }
  expect(refused).toBeGreaterThan(300)
  expect(others).toBeGreaterThan(10)
})
