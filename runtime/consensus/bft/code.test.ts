import * as Digest from 'multiformats/hashes/digest'
import { expect, test } from 'vitest'
import {
  CID,
  compareBytes,
  DAG_CBOR,
  DAG_PB,
  RAW,
  contractAddress,
  fileCid,
  keyAddress,
  toHex,
  UtnetError,
  utf8,
  type CodeNeed,
  type ContractExecutor,
} from '../../core/index.ts'
import { bftCrypto, type Message } from '../messages/index.ts'
import { crypto, simulatedExecutor, testChain, testGenesis, userOf, validatorOf, type TestValidator } from '../testing/test-kit.ts'
import { Bft, BftNode, chainApp, decodePayload, payloadLabel, type BlockApp, type Refusal } from './index.ts'

crypto.useNativeHashes()

const FILE = utf8('the code of a contract')
const MORE = utf8('the code of another contract')
const [ann, bob] = [userOf(2), userOf(3)] as const
const validators = [31, 32, 33].map((n) => validatorOf(n)).sort((a, b) => compareBytes(a.key, b.key))
// not the first of the set: it is asked first all the same
const [proposer, ...others] = validators.toReversed() as [TestValidator, TestValidator, TestValidator]
const genesis = testGenesis({ validators: validators.map((v) => v.validator) })
const clock = (): number => genesis.time + 5_000

/** A chain whose code lies in `files`; what it has run stays ready. */
async function chainWith(...given: readonly Uint8Array[]) {
  const files = new Map(given.map((file) => [fileCid(file).toString(), file]))
  const holds = (module: CID, bytes: number): boolean => files.get(module.toString())?.length === bytes
  const lost = (module: CID, bytes?: number): UtnetError =>
    new UtnetError('host_module_missing', 'not here', { details: { module: module.toString(), ...(bytes === undefined ? {} : { bytes }) } })
  const executor: ContractExecutor = {
    ...simulatedExecutor,
    holds: (module, bytes) => net.takes || holds(module, bytes),
    measures: (module, bytes) => {
      if (!holds(module, bytes)) throw lost(module, bytes)
      return true
    },
    run: (run) => {
      if (!files.has(run.module.toString())) throw lost(run.module)
      return simulatedExecutor.run(run)
    },
  }
  const net = { ...(await testChain({ genesis, executor })), files, takes: false, full: false }
  return net
}

type Net = Awaited<ReturnType<typeof chainWith>>

interface Asked {
  readonly needs: readonly CodeNeed[]
  readonly nodes: readonly Uint8Array[]
}

function appOf(t: Net, v: TestValidator, asked: Asked[] = [], chain = t.chain) {
  const keep = async (file: Uint8Array): Promise<void> => {
    if (t.full) throw new UtnetError('disk_failed', 'no space left')
    t.files.set(fileCid(file).toString(), file)
  }
  return chainApp({ chain, proposer: v.proposer, clock, code: { ask: (needs, nodes) => asked.push({ needs, nodes }), keep } })
}

/** A validator over an application: what it says, and of whom it says what. */
function nodeOf(t: Net, v: TestValidator, app: BlockApp, said: Message[], refused: (readonly [string, Refusal])[] = []) {
  const keys = { voter: v.voter, signNode: (message: Uint8Array) => crypto.signEd25519(message, v.secret) }
  return new BftNode(new Bft({ crypto: bftCrypto(t.chain.chainId, keys, crypto), labelOf: payloadLabel }), {
    app,
    loadRow: () => undefined,
    saveRow: () => undefined,
    send: (message) => said.push(message),
    timer: () => {},
    onRefuse: (from, why) => refused.push([from, why]),
  })
}

/** The next block of a chain, by whoever leads it. */
async function built(t: Net): Promise<Uint8Array> {
  const app = appOf(t, proposer)
  for (let round = 0; ; round++) {
    const { leaderOf, height } = await app.setup()
    if (validators[leaderOf(round)] === proposer) return (await app.build(height, round)) as Uint8Array
  }
}

const publish = (t: Net, user: typeof ann, name: string, file: Uint8Array): unknown =>
  t.send(user, { kind: 'publish', name, module: fileCid(file), world: 'contract', size: file.length })
const need = (file: Uint8Array): CodeNeed => ({ module: fileCid(file), bytes: file.length })

test('U2.4-POCI a block is judged when the code of all that it publishes is here: it is asked for, of its proposer first', async () => {
  const [a, b] = [await chainWith(FILE, MORE), await chainWith()]
  publish(a, ann, 'one', FILE)
  publish(a, bob, 'two', MORE)
  // nobody runs a function in a block
  const other = utf8('a function')
  a.send(bob, { kind: 'publish', name: 'three', module: fileCid(other), world: 'function', size: other.length })
  const payload = await built(a)
  const asked: Asked[] = []
  const [self, third] = others as [TestValidator, TestValidator]
  const app = appOf(b, self, asked)
  expect(await app.check(payload)).toBeUndefined()
  expect(asked.map(({ needs }) => needs.map((n) => n.module.toString()).sort())).toEqual([
    [FILE, MORE].map((f) => fileCid(f).toString()).sort(),
  ])
  app.code?.tick()
  expect(await app.check(payload)).toBeUndefined()
  expect(asked.map(({ nodes }) => nodes.map(toHex))).toEqual([[toHex(proposer.key)], [proposer.key, third.key].map(toHex)])
  const strange = utf8('nobody asked')
  expect(await app.code?.take(fileCid(strange), strange)).toBe('stale')
  expect(await app.code?.take(need(FILE).module, FILE.with(0, 0))).toBe('code')
  expect(await app.code?.take(need(FILE).module, FILE)).toBeUndefined()
  expect(await app.check(payload)).toBeUndefined()
  expect(await app.code?.take(need(MORE).module, MORE)).toBeUndefined()
  expect(await app.check(payload)).toEqual({ valid: true, timely: true })
})

test('what is given for code with any bit, length or name wrong is an offence or ignored, and nothing of it is kept', async () => {
  const [a, b] = [await chainWith(FILE), await chainWith()]
  publish(a, ann, 'one', FILE)
  const payload = await built(a)
  const app = appOf(b, others[0] as TestValidator)
  expect(await app.check(payload)).toBeUndefined()
  const { module } = need(FILE)
  for (let bit = 0; bit < FILE.length * 8; bit++)
    expect([
      bit,
      await app.code?.take(
        module,
        FILE.map((x, i) => (i === bit >> 3 ? x ^ (1 << (bit & 7)) : x)),
      ),
    ]).toEqual([bit, 'code'])
  for (const file of [
    new Uint8Array(0),
    FILE.slice(1),
    FILE.slice(0, -1),
    Uint8Array.from([...FILE, 0]),
    Uint8Array.from([...FILE, ...FILE]),
  ])
    expect(await app.code?.take(module, file)).toBe('stale')
  const { digest } = module.multihash
  for (let bit = 0; bit < digest.length * 8; bit++) {
    const name = CID.createV1(
      RAW,
      Digest.create(
        0x12,
        digest.map((x, i) => (i === bit >> 3 ? x ^ (1 << (bit & 7)) : x)),
      ),
    )
    expect([bit, await app.code?.take(name, FILE)]).toEqual([bit, 'stale'])
  }
  for (const codec of [DAG_PB, DAG_CBOR]) expect(await app.code?.take(CID.createV1(codec, module.multihash), FILE)).toBe('stale')
  expect(b.files.size).toBe(0)
  expect(await app.check(payload)).toBeUndefined()
  expect(await app.code?.take(module, FILE)).toBeUndefined()
  expect(await app.check(payload)).toEqual({ valid: true, timely: true })
})

test('a publication that is refused before its code matters needs none: a block with it is judged by all alike', async () => {
  const [a, b] = [await chainWith(FILE, MORE), await chainWith(FILE)]
  // both wait for one name: who is second pays, and nothing of his is looked at
  publish(a, ann, 'one', FILE)
  a.chain.submit(
    a.tx(
      bob,
      { kind: 'publish', name: 'one', module: fileCid(MORE), world: 'contract', size: MORE.length },
      { maxFeePerGas: a.chain.baseFee() },
    ),
  )
  const payload = await built(a)
  expect(await appOf(b, others[0] as TestValidator).check(payload)).toEqual({ valid: true, timely: true })
})

test('a publication under a name that no file has stops no validator and is no vote', async () => {
  const hash = Digest.create(0x12, need(FILE).module.multihash.digest)
  const short = Digest.create(0, FILE.subarray(0, 8))
  const names = [
    CID.createV0(hash),
    CID.createV1(DAG_PB, hash),
    CID.createV1(DAG_CBOR, hash),
    CID.createV1(RAW, Digest.create(0x13, new Uint8Array(64))),
    CID.createV1(RAW, short),
  ]
  for (const module of names) {
    const [a, b] = [await chainWith(), await chainWith(FILE)]
    a.files.set(module.toString(), FILE)
    a.send(ann, { kind: 'publish', name: 'one', module, world: 'contract', size: FILE.length })
    const app = appOf(b, others[0] as TestValidator)
    expect(await app.check(await built(a)), module.toString()).toBeUndefined()
    expect(await app.code?.take(module, FILE)).toBe('code')
  }
})

/** Makes a block final on both chains. */
async function commitOn(a: Net, b: Net, payload: Uint8Array): Promise<void> {
  const { block, parentCertificate } = decodePayload(payload)
  const certificate = await a.chain.certify(
    await a.chain.runBlock(block, parentCertificate),
    validators.map((v) => v.voter),
  )
  for (const t of [a, b]) {
    const app = appOf(t, proposer)
    await app.check(payload)
    await app.commit({ kind: 'final', certificate: { ...certificate, phase: 'precommit', block: toHex(certificate.block) }, payload })
  }
}

test('code that a node lost is asked for with the size that the state has', async () => {
  const [a, b] = [await chainWith(FILE), await chainWith(FILE)]
  publish(a, ann, 'one', FILE)
  await commitOn(a, b, await built(a))
  a.send(bob, { kind: 'call', to: contractAddress(keyAddress(ann.key), 0), export: 'put', args: ['k', 'v'] }, { gasLimit: 3_000_000n })
  const payload = await built(a)
  b.files.clear()
  const asked: Asked[] = []
  // those of the block's own height have it
  const chain = { ...b.chain, setAt: (height: number) => (height === 2 ? b.chain.setAt(height) : []) }
  const app = appOf(b, others[0] as TestValidator, asked, chain)
  expect(await app.check(payload)).toBeUndefined()
  expect(asked.map(({ needs, nodes }) => [needs, nodes.length])).toEqual([[[need(FILE)], 1]])
  await app.code?.take(need(FILE).module, FILE)
  expect(await app.check(payload)).toMatchObject({ valid: true })
})

test('a module that the block names under a wrong size too, where that does not matter, is asked for under the right one', async () => {
  const [a, b] = [await chainWith(MORE, FILE), await chainWith(MORE)]
  publish(a, ann, 'one', MORE)
  // whoever lies takes into its own pool what it likes; the name is Ann's by then
  a.takes = true
  const { module, bytes } = need(FILE)
  const cheap = { maxFeePerGas: a.chain.baseFee() }
  a.send(bob, { kind: 'publish', name: 'one', module, world: 'contract', size: bytes - 1 }, cheap)
  a.send(bob, { kind: 'publish', name: 'two', module, world: 'contract', size: bytes }, cheap)
  const payload = await built(a)
  expect(decodePayload(payload).block.txs).toHaveLength(3)
  const asked: Asked[] = []
  const app = appOf(b, others[0] as TestValidator, asked)
  expect(await app.check(payload)).toBeUndefined()
  expect(asked.map(({ needs }) => needs.map((n) => n.bytes))).toEqual([[bytes, bytes - 1]])
  await app.code?.take(module, FILE)
  expect(await app.check(payload)).toEqual({ valid: true, timely: true })
})

test('who is asked gives nothing: others are asked each second, until it came and the block is voted for', async () => {
  const [a, b] = [await chainWith(FILE), await chainWith()]
  publish(a, ann, 'one', FILE)
  const { leaderOf } = await appOf(a, proposer).setup()
  const leader = validators[leaderOf(0)] as TestValidator
  const self = validators.find((v) => v !== leader) as TestValidator
  const [led, said]: [Message[], Message[]] = [[], []]
  const asked: Asked[] = []
  const app = appOf(b, self, asked)
  let [checks, ticks] = [0, 0]
  const counted: BlockApp = {
    ...app,
    check: (payload) => (checks++, app.check(payload)),
    code: { take: (...file) => app.code?.take(...file), tick: () => (ticks++, app.code?.tick()) },
  }
  const [leads, follows] = [nodeOf(a, leader, appOf(a, leader), led), nodeOf(b, self, counted, said)]
  await follows.start()
  await leads.start()
  const proposal = led.find((m) => m.kind === 'proposal') as Message
  await follows.receive('leader', proposal)
  // no other timer is a second
  await follows.fire({ height: 1, round: 7, step: 'propose' })
  for (let second = 0; second < 3; second++) await follows.fire({ height: 1, round: 0, step: 'resend' })
  expect(ticks).toBe(3)
  expect(asked.map(({ nodes }) => nodes.length)).toEqual([1, 2, 2, 2])
  expect(said.filter((m) => m.kind === 'vote')).toEqual([])
  // what is no code of it has nothing looked at again
  const before = checks
  await follows.receiveCode('liar', fileCid(FILE), FILE.with(3, 0))
  expect(checks).toBe(before)
  await follows.receiveCode('other', fileCid(FILE), FILE)
  expect(said.filter((m) => m.kind === 'vote')).toMatchObject([{ phase: 'prevote', block: (proposal as { readonly block: string }).block }])
})

test('whoever gives a file that is not the module is an offender, what nobody asked for is ignored, and a disk that fails stops the node', async () => {
  const [a, b] = [await chainWith(FILE), await chainWith()]
  publish(a, ann, 'one', FILE)
  const payload = await built(a)
  const v = others[0] as TestValidator
  const app = appOf(b, v)
  const refused: (readonly [string, Refusal])[] = []
  const node = nodeOf(b, v, app, [], refused)
  await node.start()
  await app.check(payload)
  await node.receiveCode('early', fileCid(MORE), MORE)
  await node.receiveCode('liar', fileCid(FILE), FILE.with(3, 0))
  await node.receiveCode('good', fileCid(FILE), FILE)
  await node.receiveCode('late', fileCid(FILE), FILE)
  expect(refused).toEqual([
    ['early', 'stale'],
    ['liar', 'code'],
    ['late', 'stale'],
  ])
  expect(b.files.size).toBe(1)
  b.files.clear()
  b.full = true
  await expect(node.receiveCode('good', fileCid(FILE), FILE)).rejects.toMatchObject({ code: 'disk_failed' })
  await node.receiveCode('liar', fileCid(FILE), FILE.with(3, 0))
  expect(refused).toHaveLength(3)
})

test('a fault of the node is no verdict on a block', async () => {
  const a = await chainWith(FILE)
  publish(a, ann, 'one', FILE)
  const failing = { ...a.chain, runBlock: () => Promise.reject(new UtnetError('disk_failed', 'no longer')) }
  const app = appOf(a, others[0] as TestValidator, [], failing)
  await expect(Promise.resolve(app.check(await built(a)))).rejects.toMatchObject({ code: 'disk_failed' })
  // nor is a module that it runs and nobody published
  const details = { module: fileCid(MORE).toString(), bytes: MORE.length }
  const strange = { ...a.chain, runBlock: () => Promise.reject(new UtnetError('host_module_missing', 'not here', { details })) }
  const without = appOf(a, others[0] as TestValidator, [], strange)
  await expect(Promise.resolve(without.check(await built(a)))).rejects.toMatchObject({ code: 'node_internal' })
})

test('what a block lacked is taken no more when another of its height is final', async () => {
  const [a, b] = [await chainWith(FILE), await chainWith()]
  const empty = await built(a)
  publish(a, ann, 'one', FILE)
  const app = appOf(b, others[0] as TestValidator)
  expect(await app.check(await built(a))).toBeUndefined()
  const { block, parentCertificate } = decodePayload(empty)
  const certificate = await a.chain.certify(
    await a.chain.runBlock(block, parentCertificate),
    validators.map((v) => v.voter),
  )
  await app.check(empty)
  await app.commit({ kind: 'final', certificate: { ...certificate, phase: 'precommit', block: toHex(certificate.block) }, payload: empty })
  expect(await app.code?.take(need(FILE).module, FILE)).toBe('stale')
})

test('sixteen blocks of a height are kept as they were run, those that came last, and none behind the final one', async () => {
  const a = await chainWith()
  const leads = appOf(a, proposer)
  const { leaderOf, height } = await leads.setup()
  const payloads: Uint8Array[] = []
  for (let round = 0; payloads.length < 17; round++)
    if (validators[leaderOf(round)] === proposer) payloads.push((await leads.build(height, round)) as Uint8Array)
  const [first, last] = [payloads[0], payloads[16]] as [Uint8Array, Uint8Array]
  let runs = 0
  const chain = { ...a.chain, runBlock: (...block: Parameters<typeof a.chain.runBlock>) => (runs++, a.chain.runBlock(...block)) }
  const app = appOf(a, others[0] as TestValidator, [], chain)
  const ran = async (payload: Uint8Array): Promise<number> => {
    const before = runs
    expect(await app.check(payload)).toEqual({ valid: true, timely: true })
    return runs - before
  }
  for (const payload of payloads) expect(await ran(payload)).toBe(1)
  expect([await ran(last), await ran(first), await ran(first)]).toEqual([0, 1, 0])
  const { block, parentCertificate } = decodePayload(first)
  const certificate = await a.chain.certify(
    await a.chain.runBlock(block, parentCertificate),
    validators.map((v) => v.voter),
  )
  await app.commit({ kind: 'final', certificate: { ...certificate, phase: 'precommit', block: toHex(certificate.block) }, payload: first })
  expect(await app.check(last)).toEqual({ valid: false, timely: false })
})
