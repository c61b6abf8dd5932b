import { expect, test } from 'vitest'
import { cidOf, DAG_CBOR, equalBytes, fromHex, toHex, utf8, UtnetError } from '../../core/index.ts'
import { decodeCat, VERDICT_BLOCKS, verdictMessage, type CatEnvironment } from '../cat/index.ts'
import { signerOf } from '../cat/testing/chips.ts'
import { simulatedEnvironment, workChain, type WorkChain } from '../cat/testing/work-chain.ts'
import type { TestChip } from '../power/testing/chips.ts'
import { crypto, type TestValidator } from '../testing/test-kit.ts'
import { isOffence, RoundWork } from './index.ts'
import { type Lack, type Verdict } from '../messages/index.ts'

crypto.useNativeHashes()

const memberOf = (w: WorkChain, height: number, place: number): TestValidator =>
  w.nodes.find((node) => equalBytes(node.key, w.chain.setAt(height)[place]?.key ?? node.secret)) as TestValidator

function partOf(w: WorkChain, node: TestValidator, environment: CatEnvironment = simulatedEnvironment): RoundWork {
  return new RoundWork(w.chain, node.key, {
    environment,
    chips: signerOf(w.chips.get(node) as readonly TestChip[]),
    voter: node.voter,
    crypto,
  })
}

function verdictOf(w: WorkChain, height: number, voter: number, ok = true): Verdict {
  const block = w.chain.headerAt(height).hash
  const signature = memberOf(w, height, voter).voter.sign(verdictMessage(w.chain.chainId, height, block, ok, w.result(height)))
  return { kind: 'verdict', height, block: toHex(block), ok, voter, signature }
}

test('U2.3-PIEE-4 a validator shows its chips, judges the block of another, and brings what it hears into its own', async () => {
  const w = await workChain()
  const proposer = w.leader()
  const shown = await partOf(w, proposer).propose()
  expect(shown?.cat).toEqual(await w.cat())
  await w.block(shown)
  const height = w.chain.head().header.height
  const judge = partOf(w, w.leader())
  expect(judge.open()).toEqual([height])
  const own = (await judge.judge(height)) as Verdict
  expect(own).toEqual(verdictOf(w, height, own.voter))
  expect(judge.open()).toEqual([])
  expect(judge.own()).toEqual([own])
  expect(await judge.judge(height)).toBeUndefined()
  const others = [0, 1, 2, 3].filter((i) => i !== own.voter).slice(0, 2)
  for (const i of others) expect(judge.take('peer', verdictOf(w, height, i))).toEqual([])
  await w.block(await judge.propose())
  expect(w.chain.reward(height)?.status).toBe('released')
  // what a block needs no more is not said again
  expect(judge.own()).toEqual([])
})

test('U5.2-ENV-1 it says no to a result that is not its own, and nothing where it cannot tell', async () => {
  const w = await workChain()
  await w.block({ cat: await w.cat() })
  const height = w.chain.head().header.height
  const other: CatEnvironment = { run: async (task) => (await simulatedEnvironment.run(task)).map((byte) => byte ^ 1) }
  const [a, b] = w.nodes as [TestValidator, TestValidator]
  expect(await partOf(w, a, other).judge(height)).toMatchObject({ ok: false })
  const broken = partOf(w, b, { run: () => Promise.reject(new UtnetError('device_failed', 'simulated')) })
  expect(await broken.judge(height)).toBeUndefined()
  expect(broken.open()).toEqual([height])
  await expect(partOf(w, b, { run: () => Promise.reject(new RangeError('a mistake')) }).judge(height)).rejects.toThrow('a mistake')
  // nobody who is not in the set is asked
  const stranger = new RoundWork(w.chain, new Uint8Array(32), { environment: simulatedEnvironment, voter: a.voter, crypto })
  expect(stranger.open()).toEqual([])
  expect(await stranger.judge(height)).toBeUndefined()
})

test('each field of a verdict wrong in turn: refused, as an offence where no honest peer says it', async () => {
  const w = await workChain()
  await w.block({ cat: await w.cat() })
  const height = w.chain.head().header.height
  const part = partOf(w, memberOf(w, height, 0))
  const good = verdictOf(w, height, 1)
  await part.judge(height)
  const flip = (bytes: Uint8Array): Uint8Array => bytes.map((x, i) => (i === 40 ? x ^ 1 : x))
  const elsewhere = verdictMessage(cidOf(DAG_CBOR, utf8('other')), height, fromHex(good.block), true, w.result(height))
  const cases: readonly (readonly [Partial<Verdict>, string, boolean])[] = [
    [{ height: height + 1 }, 'early', false],
    [{ height: 0 }, 'stale', false],
    [{ height: height - 1, block: toHex(w.chain.headerAt(height - 1).hash) }, 'stale', false],
    [{ height: height - 1 }, 'verdict', true],
    [{ block: toHex(new Uint8Array(32)) }, 'verdict', true],
    // who says no came to another result, and may be right
    [{ ok: false }, 'result', false],
    [{ voter: 2 }, 'signature', true],
    [{ voter: 4 }, 'member', true],
    [{ signature: flip(good.signature) }, 'signature', true],
    [{ signature: new Uint8Array(96) }, 'signature', true],
    [{ signature: memberOf(w, height, 1).voter.sign(elsewhere) }, 'signature', true],
  ]
  for (const [over, why, offence] of cases) {
    const bad = { ...good, ...over }
    const refused = part.take('liar', bad)
    // a signature is looked at as soon as the voter is heard to say two things
    if (refused.length === 0) refused.push(...part.take('other', { ...bad, signature: new Uint8Array(96).fill(1) }))
    expect(refused[0], Object.keys(over).join()).toEqual({ from: 'liar', why })
    expect(isOffence(why as 'stale')).toBe(offence)
  }
  expect(part.take('peer', good)).toEqual([])
  expect(part.take('peer', good)).toEqual([{ from: 'peer', why: 'duplicate' }])
  // a bad one among those that are checked together is named with its sender
  expect(part.take('liar', { ...verdictOf(w, height, 2), signature: good.signature })).toEqual([{ from: 'liar', why: 'signature' }])
  expect(part.take('peer', verdictOf(w, height, 3))).toEqual([])
  // three of four are enough
  expect(part.take('peer', verdictOf(w, height, 2))).toEqual([{ from: 'peer', why: 'stale' }])
  await w.block(await partOf(w, w.leader()).propose())
  for (let i = 0; i < VERDICT_BLOCKS; i++) await w.block()
  expect(partOf(w, w.nodes[0] as TestValidator).take('peer', good)).toEqual([{ from: 'peer', why: 'stale' }])
})

test("U2.3-PIEE-4 what is heard before the own result waits for it; a copied signature, and one over a guess, are nobody's", async () => {
  const w = await workChain()
  await w.block({ cat: await w.cat() })
  const height = w.chain.head().header.height
  const leader = w.leader()
  const part = partOf(w, leader)
  const own = w.chain.setAt(height).findIndex((v) => equalBytes(v.key, leader.key))
  const [a, b, c] = [0, 1, 2, 3].filter((i) => i !== own) as [number, number, number]
  const block = w.chain.headerAt(height).hash
  const { result: shown } = decodeCat(w.chain.blockAt(height).cat)
  // all that a lazy judge has to go by: what the block shows, and what others signed
  const guess = memberOf(w, height, b).voter.sign(verdictMessage(w.chain.chainId, height, block, true, shown))
  expect(part.take('peer', verdictOf(w, height, a))).toEqual([])
  expect(part.take('guesser', { ...verdictOf(w, height, b), signature: guess })).toEqual([])
  expect(part.take('copier', { ...verdictOf(w, height, c), signature: verdictOf(w, height, a).signature })).toEqual([])
  expect((await part.propose())?.verdicts).toEqual([])
  await part.judge(height)
  expect((await part.propose())?.verdicts).toEqual([])
  const refused = part.take('peer', verdictOf(w, height, a))
  expect(refused.filter(({ why }) => why === 'signature').map(({ from }) => from)).toEqual(['guesser', 'copier'])
  expect(part.take('peer', verdictOf(w, height, b))).toEqual([])
  await w.block(await part.propose())
  expect(w.chain.reward(height)).toMatchObject({ status: 'released' })
})

test('who lacks votes on a block below the head asks for them, and is given those that were checked', async () => {
  const w = await workChain()
  await w.block({ cat: await w.cat() })
  const height = w.chain.head().header.height
  const [a, b] = [0, 1].map((place) => partOf(w, memberOf(w, height, place))) as [RoundWork, RoundWork]
  for (const part of [a, b]) await part.judge(height)
  // what is of the head is on its way
  expect(a.lacking()).toEqual([])
  await w.block()
  expect(b.take('peer', verdictOf(w, height, 2))).toEqual([])
  const forged = { ...verdictOf(w, height, 3), signature: verdictOf(w, height, 2).signature }
  b.take('liar', forged)
  const [lack] = a.lacking() as [Lack]
  expect(lack).toEqual({ kind: 'lack', height, have: Uint8Array.of(1) })
  const given = b.known(lack) as readonly Verdict[]
  expect(given).toEqual([verdictOf(w, height, 1), verdictOf(w, height, 2)])
  for (const verdict of given) expect(a.take('b', verdict)).toEqual([])
  // more than half is enough
  expect(a.lacking()).toEqual([])
  expect(b.known({ ...lack, have: Uint8Array.of(7) })).toEqual([])
  const refusals: readonly (readonly [Partial<Lack>, string])[] = [
    [{ height: height + 2 }, 'early'],
    [{ height: 0 }, 'stale'],
    [{ have: Uint8Array.of(16) }, 'verdict'],
    [{ have: new Uint8Array(2) }, 'verdict'],
    [{ have: new Uint8Array(0) }, 'verdict'],
  ]
  for (const [over, why] of refusals) expect(b.known({ ...lack, ...over })).toBe(why)
  await w.block(await a.propose())
  expect(w.chain.reward(height)).toMatchObject({ status: 'released' })
  expect(b.known(lack)).toBe('stale')
})

test('under before-vote a node without all its chips proposes nothing, and agrees only with its own result', async () => {
  const w = await workChain({ environment: 'before-vote' })
  const leader = w.leader()
  const chips = w.chips.get(leader) as readonly TestChip[]
  const lacking = { environment: simulatedEnvironment, chips: signerOf(chips, new Set([0])), voter: leader.voter, crypto }
  expect(await new RoundWork(w.chain, leader.key, lacking).propose()).toBeUndefined()
  const shown = await partOf(w, leader).propose()
  expect(shown?.verdicts).toEqual([])
  const { executed } = w.chain.proposeBlock({ timeMs: w.chain.head().header.time + 1, round: 0, proposer: leader.proposer, ...shown })
  expect(await partOf(w, leader).agrees(executed.block)).toBe(true)
  const other: CatEnvironment = { run: async (task) => (await simulatedEnvironment.run(task)).map((byte) => byte ^ 1) }
  expect(await partOf(w, leader, other).agrees(executed.block)).toBe(false)
  const broken: CatEnvironment = { run: () => Promise.reject(new UtnetError('device_failed', 'simulated')) }
  expect(await partOf(w, leader, broken).agrees(executed.block)).toBe(false)
})
