/** The light client on the real chain, whose nodes come and go by its own transactions; and everything that it can prove there. */
import { beforeAll, describe, expect, test } from 'vitest'
import {
  batchLeaf,
  CID,
  cidOf,
  contractAddress,
  decodeAccount,
  decodeNode,
  isUtnetError,
  leafHash,
  nodeAccountKey,
  RAW,
  rootOfHashes,
  sha256,
  utf8,
  type Anchor,
  type Attestation,
  type Header,
  type TrieProof,
  type TxPayload,
} from '../../core/index.ts'
import * as portable from '../../crypto/index.ts'
import { codeKey } from '../state/index.ts'
import { nodeKey as nodeRecordKey } from '../power/keys.ts'
import { assignOf, chipOf, claimOf, nodeOf } from '../power/testing/chips.ts'
import { powerChain, type PowerChain } from '../power/testing/power-chain.ts'
import { crypto, signBatch, userOf, type TestValidator } from '../testing/test-kit.ts'
import {
  decodeTrusted,
  encodeTrusted,
  LightClient,
  lightRules,
  mustHoldEvent,
  mustHoldReceipt,
  planSteps,
  pointAt,
  provenAccount,
  provenNodeAccount,
  provenRecord,
  provenVariable,
  type LightSource,
  type LightStep,
  type Proven,
} from './index.ts'

crypto.useNativeHashes()

const VENDOR = userOf(90)
const [ann, bob] = [userOf(2), userOf(3)]
const shop = contractAddress(ann.address, 1)
const nodeAt = (t: PowerChain, i: number): TestValidator => t.nodes[i] as TestValidator
const sourceOf = ({ chain }: PowerChain): LightSource => ({
  ...chain.genesis,
  headerAt: chain.headerAt,
  setAt: chain.setAt,
  epochStep: chain.epochStep,
})
const nowOf = ({ chain }: PowerChain): number => chain.head().header.time

/** Epochs of four blocks: the second node comes with a chip, the third leaves. A contract writes and says something, a node anchors a receipt. */
async function busyChain(): Promise<PowerChain> {
  const t = await powerChain([3, 0, 2], { vendors: [{ name: 'maker', key: VENDOR.key }] })
  const chip = chipOf('one', { vendor: VENDOR })
  await t.node(nodeAt(t, 1), nodeOf(nodeAt(t, 1), t.chainId))
  await t.chip(ann, claimOf(chip, t.chainId, ann.address))
  await t.block([ann, { kind: 'publish', name: 'shop', module: cidOf(RAW, Uint8Array.of(1)), world: 'contract', size: 100 }])
  await t.chip(ann, assignOf(chip, t.chainId, 0, nodeAt(t, 1), ann.address))
  await t.node(nodeAt(t, 2), { op: 'leave' })
  return t
}

let t: PowerChain
let height: number
let header: Header
let receipt: { readonly body: Uint8Array; readonly anchor: Anchor }
let run: { readonly body: Uint8Array; readonly attestation: Attestation; readonly anchor: Anchor }

beforeAll(async () => {
  t = await busyChain()
  const call = (entry: string, ...args: string[]): TxPayload => ({ kind: 'call', to: shop, export: entry, args })
  const body = utf8('stands for the body of a receipt')
  const leaves = [body, utf8('another')].map(leafHash)
  const { batch, sig } = signBatch(nodeAt(t, 0), t.chain.chainId, {
    thread: 0,
    first: 0,
    size: 2,
    prev: new Uint8Array(32),
    root: rootOfHashes(leaves),
  })
  const ended = await t.block(
    [ann, call('put', 'k', 'v')],
    [ann, call('emit', 'sold')],
    [bob, { kind: 'transfer', to: userOf(50).address, value: 5n }],
    [nodeAt(t, 0), { kind: 'anchor', data: null, batches: [{ batch, sig }] }],
  )
  if (ended.some((how) => how !== 'ok')) throw new Error(`a transaction of the test ended ${ended.join()}`)
  height = t.chain.head().header.height
  header = t.chain.head().header
  const { outcomes } = t.chain.blockAt(height)
  const found = t.chain.receiptAt(outcomes[0]?.receipt as CID)
  receipt = { body: found.bodyBytes, anchor: found.anchor }
  const attestation: Attestation = { batch, index: 0, path: [leaves[1] as Uint8Array], sig }
  run = { body, attestation, anchor: t.chain.batchAnchor(batch.node, 0, 0) as Anchor }
  await t.toHeight(26)
})

describe('W-BUS-1: a light client of the real chain', () => {
  test('follows its epochs to another set, from the genesis and from a kept point, and accepts any header on the way', () => {
    const client = new LightClient({ genesis: t.chain.genesis, crypto, trustingMs: 1_000_000 })
    const kept: Uint8Array[] = []
    for (let epoch = 0; epoch < 6; epoch++) {
      for (let h = epoch * 4 + 1; h <= epoch * 4 + 4; h++) {
        const final = t.chain.headerAt(h)
        client.accept(final.header, final.certificate as never, nowOf(t))
      }
      expect(client.follow(t.chain.epochStep(epoch), nowOf(t)).set).toEqual(t.chain.setAt(epoch * 4 + 5))
      kept.push(encodeTrusted(client.trusted))
    }
    // heights and steps were seen: each certificate cost one pairing
    expect(client.pairings).toBe(24)
    expect(client.trusted.set.map((v) => v.power)).not.toEqual(t.chain.genesis.validators.map((v) => v.power))
    const later = new LightClient({ genesis: t.chain.genesis, crypto, from: decodeTrusted(client.rules, kept[2] as Uint8Array) })
    for (let epoch = 3; epoch < 6; epoch++) later.follow(t.chain.epochStep(epoch), nowOf(t))
    expect(later.trusted).toEqual(client.trusted)
  })

  test('is led there in fewer steps where enough of the power stayed', () => {
    const client = new LightClient({ genesis: t.chain.genesis, crypto, trustingMs: 1_000_000 })
    const steps = planSteps(sourceOf(t), 0, 26)
    for (const step of steps) client.follow(step, nowOf(t))
    expect(steps.length).toBeLessThan(6)
    expect(client.trusted.set).toEqual(t.chain.setAt(26))
    const { header: last, certificate } = t.chain.headerAt(26)
    client.accept(last, certificate as never, nowOf(t))
  })

  test('is led no more from a set that the chain gave up, once its trusting period is over', async () => {
    const old = await busyChain()
    await old.toHeight(40)
    // sets are given up when a later one comes
    await old.node(nodeAt(old, 1), { op: 'leave' })
    await old.toHeight(60)
    expect(() => planSteps(sourceOf(old), 0, 60)).toThrow(/no longer kept/)
    const [from, to] = [44, 60]
    const header = old.chain.headerAt(from).header
    const rules = lightRules(old.chain.genesis)
    const client = new LightClient({ genesis: old.chain.genesis, crypto, from: pointAt(rules, header, old.chain.setAt(from + 1)) })
    for (const step of planSteps(sourceOf(old), from, to)) client.follow(step, nowOf(old))
    const { header: last, certificate } = old.chain.headerAt(to)
    client.accept(last, certificate as never, nowOf(old))
  })

  test('says the same on the portable half of the cryptography', () => {
    const client = new LightClient({ genesis: t.chain.genesis, crypto: portable, trustingMs: 1_000_000 })
    for (let epoch = 0; epoch < 3; epoch++) client.follow(t.chain.epochStep(epoch), nowOf(t))
    expect(client.trusted.set).toEqual(t.chain.setAt(13))
  })
})

/** Another value of the same sort. */
function other(value: unknown, at: string): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value.length === 0 ? [0] : value, (b, i) => (i === value.length - 1 ? b ^ 1 : b))
  if (value instanceof CID) return cidOf(value.code, sha256(value.bytes))
  if (typeof value === 'number') return value + 1
  if (value === null) return at.endsWith('.value') ? utf8('something') : { position: new Uint8Array(32), valueHash: new Uint8Array(32) }
  throw new Error(`no other value of ${typeof value}`)
}

/** All copies of a structure with one field changed, a list a member shorter or one longer. */
function* changes(value: unknown, at = ''): Generator<readonly [string, unknown]> {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array || value instanceof CID) {
    yield [at, other(value, at)]
    return
  }
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  for (const [key, item] of entries)
    for (const [path, next] of changes(item, `${at}.${key}`))
      yield [path, Array.isArray(value) ? value.with(Number(key), next) : { ...value, [key]: next }]
  if (Array.isArray(value) && value.length > 0 && at !== '') {
    yield [`${at} shorter`, value.slice(1)]
    yield [`${at} longer`, [...value, value.at(-1)]]
  }
}

/** Fails where any field of any argument can be another and the proof holds still. */
function everyFieldCounts(args: readonly unknown[], check: (...args: never[]) => unknown): number {
  let count = 0
  expect(() => (check as (...a: readonly unknown[]) => unknown)(...args)).not.toThrow()
  for (const [path, next] of changes(args)) {
    let failed: unknown
    try {
      ;(check as (...a: readonly unknown[]) => unknown)(...(next as unknown[]))
    } catch (error) {
      failed = error
    }
    expect(isUtnetError(failed), `${path} may be another`).toBe(true)
    count++
  }
  return count
}

describe('W-FLW-2: under a final header is proven', () => {
  const prove = (trie: 'accounts' | 'contracts' | 'offchain', key: Uint8Array): Proven => t.chain.prove(trie, key, height)
  const only = ({ value, proof }: Proven): Proven => ({ value, proof })

  test('an account, that there is none, and the account of a node', () => {
    const of = prove('accounts', ann.address)
    expect(provenAccount(header, ann.address, of)).toEqual(decodeAccount(of.value as Uint8Array))
    expect(provenAccount(header, userOf(77).address, prove('accounts', userOf(77).address))).toBeUndefined()
    expect(provenNodeAccount(header, nodeAt(t, 1).key, prove('accounts', nodeAccountKey(nodeAt(t, 1).key)))?.node?.role).toBe('validator')
    const accounts = header.state.accounts
    const check = (address: Uint8Array, proven: Proven, root: Uint8Array): unknown =>
      provenAccount({ ...header, state: { ...header.state, accounts: root } }, address, proven)
    expect(everyFieldCounts([ann.address, only(of), accounts], check as never)).toBeGreaterThan(8)
    // what shows that one key is absent may show it of its neighbours too, so the key is not among what must count
    const absent = (proven: Proven, root: Uint8Array): unknown => check(userOf(77).address, proven, root)
    expect(everyFieldCounts([only(prove('accounts', userOf(77).address)), accounts], absent as never)).toBeGreaterThan(5)
  })

  test('a variable of a contract and that it has none, and a value under no other key or contract', () => {
    const keyOf = (key: string): Uint8Array => Uint8Array.from([...utf8('store/'), ...shop, ...utf8(key)])
    expect(provenVariable(header, shop, utf8('k'), prove('contracts', keyOf('k')))).toEqual(utf8('v'))
    expect(provenVariable(header, shop, utf8('none'), prove('contracts', keyOf('none')))).toBeNull()
    const check = (contract: Uint8Array, key: Uint8Array, proven: Proven, root: Uint8Array): unknown =>
      provenVariable({ ...header, state: { ...header.state, contracts: root } }, contract, key, proven)
    expect(
      everyFieldCounts([shop, utf8('k'), only(prove('contracts', keyOf('k'))), header.state.contracts], check as never),
    ).toBeGreaterThan(5)
    expect(() => provenVariable(header, shop, utf8('k'), prove('contracts', codeKey(shop)))).toThrow(/do not hold/)
  })

  test('a record of off-chain data', () => {
    const key = nodeRecordKey(nodeAt(t, 1).key)
    const of = prove('offchain', key)
    expect(decodeNode(provenRecord(header, key, of) as Uint8Array).bls).toEqual(nodeAt(t, 1).voter.bls)
    const check = (at: Uint8Array, proven: Proven, root: Uint8Array): unknown =>
      provenRecord({ ...header, state: { ...header.state, offchain: root } }, at, proven)
    expect(everyFieldCounts([key, only(of), header.state.offchain], check as never)).toBeGreaterThan(8)
  })

  test('the receipt of a call, and that of a run by the batch that its node signed', () => {
    const { receiptRoot } = header
    const call = (body: Uint8Array, anchor: Anchor, root: Uint8Array): void =>
      mustHoldReceipt({ ...header, receiptRoot: root }, body, anchor, null)
    expect(everyFieldCounts([receipt.body, receipt.anchor, receiptRoot], call as never)).toBeGreaterThan(5)
    const of = (body: Uint8Array, attestation: Attestation, anchor: Anchor, root: Uint8Array): void =>
      mustHoldReceipt({ ...header, receiptRoot: root }, body, anchor, attestation)
    expect(everyFieldCounts([run.body, run.attestation, run.anchor, receiptRoot], of as never)).toBeGreaterThan(15)
    expect(() => mustHoldReceipt(header, run.body, run.anchor, null)).toThrow(/not in block/)
    // a leaf that somebody else signed is none of the chain's
    const forged = signBatch(nodeAt(t, 1), header.chainId, run.attestation.batch)
    expect(batchLeaf(forged.batch, forged.sig)).not.toEqual(batchLeaf(run.attestation.batch, run.attestation.sig))
    expect(() => mustHoldReceipt(header, run.body, run.anchor, { ...run.attestation, ...forged })).toThrow(/not in block/)
  })

  test('an event', () => {
    const page = t.chain.search({
      filter: { items: [], contracts: [], names: [] },
      after: { height: height - 1, ordinal: 999_999 },
      to: height,
      limit: 100,
    })
    const entry = page.entries.find((e) => e.event !== null) as (typeof page.entries)[number]
    const { leaf, index, path } = t.chain.proveEntry(entry)
    const check = (event: Uint8Array, place: { index: number; path: Uint8Array[] }, root: Uint8Array): void =>
      mustHoldEvent({ ...header, eventRoot: root }, event, place)
    expect(everyFieldCounts([leaf, { index, path }, header.eventRoot], check as never)).toBeGreaterThan(2)
  })

  test('nothing by a proof with any bit of any sibling flipped', () => {
    const { value, proof } = prove('accounts', ann.address)
    for (const [i, sibling] of proof.siblings.entries())
      for (let bit = 0; bit < 256; bit++) {
        const hash = Uint8Array.from(sibling.hash, (b, at) => (at === bit >> 3 ? b ^ (1 << (bit & 7)) : b))
        const flipped: TrieProof = { ...proof, siblings: proof.siblings.with(i, { ...sibling, hash }) }
        expect(() => provenAccount(header, ann.address, { value, proof: flipped })).toThrow(/do not hold/)
      }
  })
})

test('every field of every part of a step of the real chain counts', () => {
  const step: LightStep = ((): LightStep => {
    const { header: last, certificate, delta } = t.chain.epochStep(1)
    return { header: last, certificate, delta }
  })()
  expect(step.delta.added.length + step.delta.removed.length + step.delta.changed.length).toBeGreaterThan(0)
  const before = (): LightClient => {
    const client = new LightClient({ genesis: t.chain.genesis, crypto, trustingMs: 1_000_000 })
    client.follow(t.chain.epochStep(0), nowOf(t))
    return client
  }
  const client = before()
  let count = 0
  for (const [path, next] of changes(step)) {
    let failed: unknown
    try {
      client.follow(next as LightStep, nowOf(t))
    } catch (error) {
      failed = error
    }
    expect(isUtnetError(failed), path).toBe(true)
    count++
  }
  expect(count).toBeGreaterThan(30)
  expect(client.conflicts).toEqual([])
  expect(client.follow(step, nowOf(t)).height).toBe(8)
})
