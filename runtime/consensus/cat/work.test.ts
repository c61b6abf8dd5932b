import { describe, expect, test } from 'vitest'
import { decode, encode, isUtnetError, LIMITS, nodeAccountKey, totalPower, utf8, type Cbor, type Validator } from '../../core/index.ts'
import { rewardKey, WorkingState } from '../state/index.ts'
import { crypto, signTx, testChain, UNC, userOf } from '../testing/test-kit.ts'
import {
  applyWork,
  catDigest,
  decodeBlockVerdict,
  decodeReward,
  encodeBlockVerdict,
  encodeCat,
  decodeCat,
  encodeReward,
  NO_CAT,
  REWARD_BLOCKS,
  rewardAt,
  VERDICT_BLOCKS,
  VerdictPool,
  verdictsDigest,
  type RewardRecord,
  type WorkContext,
} from './index.ts'
import { workChain, type WorkChain } from './testing/work-chain.ts'

crypto.useNativeHashes()

const REWARD = 10n

/** A block with a good CAT; gives its height. */
async function good(w: WorkChain): Promise<number> {
  await w.block({ cat: await w.cat() })
  return w.chain.head().header.height
}

const balances = (w: WorkChain): bigint => w.nodes.reduce((sum, n) => sum + w.chain.account(n.address).balance, 0n)

test("U2.5-CAT-1 C1 a reward is pending until more than half of the power says that the work holds; then it is the proposer's", async () => {
  const w = await workChain()
  const before = balances(w)
  const proposer = w.leader()
  const own = w.chain.account(proposer.address).balance
  const height = await good(w)
  const { header } = w.chain.headerAt(height)
  expect(header.cat).toEqual(catDigest(w.chain.blockAt(height).cat))
  expect(w.chain.reward(height)).toMatchObject({ status: 'pending', fault: null, amount: REWARD, node: proposer.key })
  // two of four equal nodes are exactly half
  await expect(w.block({ verdicts: [w.verdict(height, true, [0, 1])] })).rejects.toThrow('not of more than half')
  await w.block()
  expect(w.chain.reward(height)).toMatchObject({ status: 'pending', yes: Uint8Array.of(0) })
  expect(balances(w)).toBe(before)
  const three = w.verdict(height, true, [0, 1, 3])
  await w.block({ verdicts: [three] })
  expect(w.chain.headerAt(height + 2).header.verdicts).toEqual(verdictsDigest([three]))
  expect(w.chain.reward(height)).toMatchObject({ status: 'released', yes: Uint8Array.of(0b1011) })
  expect(balances(w)).toBe(before + REWARD)
  expect(w.chain.minted()).toBe(REWARD)
  expect(w.chain.account(nodeAccountKey(proposer.key)).balance).toBe(own + REWARD)
})

test('U4.6-LOCK-1 a reward that was released can be spent in the next block: nothing is locked up', async () => {
  const blockReward = 5n * UNC
  const w = await workChain({ blockReward })
  const proposer = w.leader()
  const height = await good(w)
  const { balance } = w.chain.account(proposer.address)
  const spend = (): void =>
    void w.chain.submit(
      signTx(proposer, {
        chainId: w.chain.chainId,
        nonce: w.chain.nextNonce(proposer.address),
        expiry: height + 50,
        gasLimit: 1_000_000n,
        maxFeePerGas: w.chain.params.baseFee,
        // more than it had before
        payload: { kind: 'transfer', to: userOf(3).address, value: balance + 4n * UNC },
      }),
    )
  expect(spend).toThrow(expect.objectContaining({ code: 'tx_balance' }) as Error)
  await w.block({ verdicts: [w.verdict(height, true, [0, 1, 3])] })
  spend()
  const { outcomes } = await w.block()
  expect(outcomes.map(({ status }) => status)).toEqual(['ok'])
})

test('U5.2-ENV-2 more than half that finds the result wrong takes the reward away at once', async () => {
  const w = await workChain()
  const height = await good(w)
  await w.block({ verdicts: [w.verdict(height, false, [0, 1, 3])] })
  expect(w.chain.reward(height)).toMatchObject({ status: 'lost', fault: 'verdict', no: Uint8Array.of(0b1011) })
  expect(w.chain.minted()).toBe(0n)
  await expect(w.block({ verdicts: [w.verdict(height, true, [0, 1, 2])] })).rejects.toThrow('no longer asked for')
})

test('verdicts count up to eight blocks behind, and no longer', async () => {
  const [early, late] = [await workChain(), await workChain()]
  const heights = [await good(early), await good(late)] as const
  for (const w of [early, late]) for (let i = 1; i < VERDICT_BLOCKS; i++) await w.block()
  await early.block({ verdicts: [early.verdict(heights[0], true, [0, 1, 2])] })
  expect(early.chain.reward(heights[0])?.status).toBe('released')
  await late.block()
  expect(late.chain.reward(heights[1])).toMatchObject({ status: 'lost', fault: 'no-verdict' })
  await expect(late.block({ verdicts: [late.verdict(heights[1], true, [0, 1, 2])] })).rejects.toThrow('does not belong in block')
})

test('without a CAT that holds the block stands, and its reward is lost with the reason', async () => {
  const w = await workChain()
  const lost = async (cat: Uint8Array): Promise<string | null | undefined> => {
    await w.block({ cat })
    const record = w.chain.reward(w.chain.head().header.height)
    expect(record).toMatchObject({ status: 'lost', result: null })
    return record?.fault
  }
  expect(await lost(NO_CAT)).toBe('none')
  expect(await lost(utf8('junk'))).toBe('form')
  // nobody can fill the chain with what is none: at the limit it stands, one byte over it is no block
  expect(await lost(new Uint8Array(LIMITS.catBytes))).toBe('form')
  await expect(w.block({ cat: new Uint8Array(LIMITS.catBytes + 1) })).rejects.toThrow('over the limit catBytes')
  const other = w.nodes.find((n) => n !== w.leader())
  expect(['aggregate', 'form']).toContain(await lost(await w.cat(other)))
  const cat = decodeCat(await w.cat())
  expect(await lost(encodeCat({ ...cat, result: new Uint8Array(32) }))).toBe('answer')
  // that of the block before, which was good then
  const old = await w.cat()
  await w.block({ cat: old })
  expect(['aggregate', 'form']).toContain(await lost(old))
  expect(w.chain.minted()).toBe(0n)
})

describe('a block whose verdicts are not as they must be is none', () => {
  test('each in turn: refused with a code, and nothing is counted', async () => {
    const w = await workChain()
    const [a, b] = [await good(w), await good(w)]
    const fine = (): Uint8Array => w.verdict(a, true, [0, 1, 2])
    const list = decode(fine()) as readonly Cbor[]
    const stranger = decodeBlockVerdict(w.verdict(b, true, [0, 1, 2]))
    const cases: readonly (readonly [string, readonly Uint8Array[]])[] = [
      ['no verdict', [utf8('junk')]],
      ...[0, 1, 2, 3, 4].map((i) => ['field', [encode([...list.slice(0, i), 'wrong', ...list.slice(i + 1)])]] as const),
      ['too few fields', [encode(list.slice(1))]],
      ['over the limit', [new Uint8Array(2_049)]],
      ['of this block', [w.verdict(a, true, [0, 1, 2], { height: b + 1 })]],
      ['of a height to come', [w.verdict(a, true, [0, 1, 2], { height: b + 2 })]],
      ['of block 0', [w.verdict(a, true, [0, 1, 2], { height: 0 })]],
      ['of a block without work', [w.verdict(2, true, [0, 1, 2])]],
      ['nobody', [w.verdict(a, true, [0, 1, 2], { signers: Uint8Array.of(0) })]],
      ['bits beyond the set', [w.verdict(a, true, [0, 1, 2], { signers: Uint8Array.of(0b10111) })]],
      ['a field of another length', [w.verdict(a, true, [0, 1, 2], { signers: Uint8Array.of(7, 0) })]],
      ['other signers', [w.verdict(a, true, [0, 1, 2], { signers: Uint8Array.of(0b1011) })]],
      ['half of the power', [w.verdict(a, true, [0, 1])]],
      ['the other verdict', [w.verdict(a, true, [0, 1, 2], { ok: false })]],
      ['another result', [w.verdict(a, true, [0, 1, 2], { result: w.result(b) })]],
      ['yes over what does not hold', [w.verdict(a, false, [0, 1, 2], { ok: true })]],
      ['signed for another block', [encodeBlockVerdict({ ...stranger, height: a })]],
      ['order', [w.verdict(b, true, [0, 1, 2]), fine()]],
      ['twice in one list', [fine(), fine()]],
      ['for and against', [w.verdict(a, false, [0, 1, 2]), fine()]],
      ['more than there may be', Array.from({ length: VERDICT_BLOCKS + 1 }, fine)],
    ]
    for (const [what, verdicts] of cases) {
      const error: unknown = await w.block({ verdicts }).catch((thrown: unknown) => thrown)
      expect(isUtnetError(error, 'chain_invalid'), what).toBe(true)
    }
    await w.block({ verdicts: [fine()] })
    // its result is known now: nobody votes behind it
    await expect(w.block({ verdicts: [w.verdict(a, true, [1, 2, 3])] })).rejects.toThrow('no longer asked for')
    expect(w.chain.reward(a)).toMatchObject({ status: 'released', yes: Uint8Array.of(0b111) })
  })

  test('another CAT or other verdicts than the header names', async () => {
    const [w, follower] = [await workChain(), await workChain()]
    const height = await good(w)
    const { certificate: _, ...block } = w.chain.blockAt(height)
    expect(() => follower.chain.executeBlock({ ...block, cat: NO_CAT })).toThrow('header')
    expect(() => follower.chain.executeBlock({ ...block, cat: utf8('x') })).toThrow('header')
    const next = await w.block({ verdicts: [w.verdict(height, true, [0, 1, 2])] })
    await follower.block({ cat: block.cat })
    const { certificate: __, ...second } = w.chain.blockAt(next.header.height)
    expect(() => follower.chain.executeBlock({ ...second, verdicts: [] })).toThrow('header')
    expect(follower.chain.executeBlock(second).hash).toEqual(next.hash)
  })
})

describe('U5.2-ENV-1 before-vote: what does not hold is no block', () => {
  test('a proposer with chips must show a CAT that holds, and the reward is out with the certificate', async () => {
    const w = await workChain({ environment: 'before-vote' })
    await expect(w.block()).rejects.toThrow('does not hold: none')
    await expect(w.block({ cat: utf8('junk') })).rejects.toThrow('does not hold: form')
    const height = await good(w)
    expect(w.chain.reward(height)).toMatchObject({ status: 'released', amount: REWARD })
    expect(w.chain.minted()).toBe(REWARD)
    await expect(w.block({ cat: await w.cat(), verdicts: [w.verdict(height, true, [0, 1, 2])] })).rejects.toThrow(
      'the certificate is the verdict',
    )
  })

  test('one without chips proposes without, and has no reward', async () => {
    const w = await workChain({ environment: 'before-vote' }, 0)
    await w.block()
    expect(w.chain.reward(w.chain.head().header.height)).toMatchObject({ status: 'lost', fault: 'no-chips' })
    await expect(w.block({ cat: utf8('x') })).rejects.toThrow('has no chips')
  })
})

test('a chain with no chips and no reward keeps no trace of it', async () => {
  const t = await testChain()
  await t.produce()
  await t.produce()
  expect(t.chain.reward(1)).toBeUndefined()
  expect(t.chain.minted()).toBe(0n)
})

const SET: readonly Validator[] = [{ key: new Uint8Array(32), bls: new Uint8Array(48), pop: new Uint8Array(96), power: 1 }]
const RECORD: RewardRecord = {
  status: 'pending',
  fault: null,
  node: new Uint8Array(32).fill(1),
  amount: 5n,
  result: new Uint8Array(32).fill(2),
  yes: Uint8Array.of(0),
  no: Uint8Array.of(0),
}

test('records are kept for 256 blocks behind the window, and not one longer', async () => {
  const { chain } = await testChain()
  const state = new WorkingState({ get: () => undefined })
  const context: WorkContext = {
    chainId: chain.chainId,
    rules: { environment: 'deferred', blockReward: 0n },
    height: REWARD_BLOCKS + VERDICT_BLOCKS + 2,
    round: 0,
    proposer: RECORD.node,
    chips: 0,
    crypto,
    checkCat: () => ({ fault: 'no-chips' }),
    setAt: () => SET,
    hashAt: () => new Uint8Array(32),
  }
  for (const height of [1, 2, 3]) state.set('offchain', rewardKey(height), encodeReward({ ...RECORD, status: 'released' }))
  applyWork(state, context, NO_CAT, [])
  expect([1, 2, 3].map((height) => rewardAt(state, height)?.status)).toEqual(['released', undefined, 'released'])
})

test('the bytes of a record come back, and each field wrong in turn is refused', () => {
  const lost: RewardRecord = { ...RECORD, status: 'lost', fault: 'verdict', result: null }
  for (const record of [RECORD, lost, { ...RECORD, status: 'released' } as RewardRecord])
    expect(decodeReward(encodeReward(record))).toEqual(record)
  const list = decode(encodeReward(RECORD)) as readonly Cbor[]
  const wrongs: Cbor[] = [7, 'wrong', true, new Uint8Array(33), []]
  for (const [i, field] of list.entries()) {
    for (const wrong of wrongs) {
      // any bytes are a bit field or an amount
      if (field instanceof Uint8Array && i !== 3 && i !== 5 && wrong instanceof Uint8Array) continue
      expect(() => decodeReward(encode([...list.slice(0, i), wrong, ...list.slice(i + 1)])), `field ${i}`).toThrow(
        expect.objectContaining({ code: 'core_not_canonical' }),
      )
    }
  }
  const status = (s: string, f: Cbor): Uint8Array => encode([1, s, f, ...list.slice(3)])
  for (const bad of [status('lost', null), status('pending', 'verdict'), status('lost', 'boredom'), status('paid', null)])
    expect(() => decodeReward(bad)).toThrow('reward record')
})

test('votes wait in the pool one a member, a block carries them when they are more than half, and old ones are forgotten', async () => {
  const w = await workChain()
  const height = await good(w)
  const pool = new VerdictPool()
  const block = w.chain.headerAt(height).hash
  const vote = (voter: number, ok: boolean) => ({
    height,
    block,
    ok,
    voter,
    signature: decodeBlockVerdict(w.verdict(height, ok, [voter])).signature,
  })
  const { result } = decodeBlockVerdict(w.verdict(height, false, [0]))
  const collected = (): Uint8Array[] => pool.collect(height + 1, w.chain.reward, w.chain.setAt, () => result, crypto)
  for (const v of [vote(2, true), vote(0, false), vote(0, true), vote(1, false)]) pool.add(v)
  expect(collected()).toEqual([])
  pool.add(vote(3, false))
  expect(pool.power(height, false, w.chain.setAt(height)) * 2).toBeGreaterThan(totalPower(w.chain.setAt(height)))
  expect(collected()).toEqual([w.verdict(height, false, [0, 1, 3])])
  // who did not come to a result itself has nothing to tell
  expect(pool.collect(height + 1, w.chain.reward, w.chain.setAt, () => undefined, crypto)).toEqual([])
  await w.block({ verdicts: collected() })
  expect(collected()).toEqual([])
  expect(w.chain.reward(height)).toMatchObject({ status: 'lost', fault: 'verdict' })
  pool.forget(height + VERDICT_BLOCKS)
  expect(pool.of(height, 0)).toBeUndefined()
})
