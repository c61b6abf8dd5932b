import { expect, test } from 'vitest'
import {
  batchLeaf,
  cidOf,
  decodeNode,
  demandId,
  encodeReceipt,
  inclusionPath,
  latestPower,
  leafHash,
  merkleRoot,
  RAW,
  ROLLUP,
  rollupState,
  sha256,
  toHex,
  utf8,
  verdictMessage,
  type BatchStatement,
  type CID,
  type Claim,
  type Reveal,
  type RunBody,
  type TxBody,
  type TxPayload,
} from '../../../core/index.ts'
import { openChain, type Chain } from '../../index.ts'
import { batchSignerFault } from './index.ts'
import { nodeKey } from '../../power/index.ts'
import {
  crypto,
  runBody,
  signBatch,
  simulatedExecutor,
  simulatedKv,
  signTx,
  testGenesis,
  UNC,
  userOf,
  validatorOf,
  VALIDATOR,
  type TestUser,
} from '../../testing/test-kit.ts'

const [ann, bob] = [userOf(2), userOf(3)] as const
const ZERO: Uint8Array = new Uint8Array(32)
const BOND = 1_000n * UNC
/** Votes and proofs of these chains are simulated: hundreds of blocks are made, and none of their certificates matters here. */
const simulatedCrypto = {
  ...crypto,
  vrfVerify: (_key: Uint8Array, alpha: Uint8Array) => new Uint8Array([...sha256(alpha), ...sha256(alpha)]),
  blsAggregate: () => new Uint8Array(96),
}

interface Rig {
  readonly chain: Chain
  readonly send: (user: TestUser, payload: TxPayload, over?: Partial<TxBody>) => CID
  /** Makes a block; gives how its transactions ended: `ok` or why not. */
  readonly block: () => Promise<string[]>
  readonly to: (height: number) => Promise<void>
}

async function rig(validators = [VALIDATOR]): Promise<Rig> {
  const genesis = testGenesis({
    validators: validators.map((v) => v.validator),
    accounts: [ann, bob, ...validators].map(({ address }) => ({ address, balance: 1_000_000n * UNC })),
  })
  let quorum = true
  const chain = await openChain({
    executor: simulatedExecutor,
    genesis,
    kv: simulatedKv(),
    crypto: { ...simulatedCrypto, blsFastAggregateVerify: (...args) => quorum || crypto.blsFastAggregateVerify(...args) },
  })
  const voters = validators.map(({ voter }) => ({ bls: voter.bls, sign: () => new Uint8Array(96) }))
  const block = async (): Promise<string[]> => {
    for (let round = 0; ; round++) {
      for (const { key } of validators) {
        try {
          const time = chain.head().header.time + 1_000
          // transactions run with real signatures, certificates are simulated
          quorum = false
          const built = chain.buildBlock({ timeMs: time, round, proposer: { key, vrfProve: () => new Uint8Array(80) } })
          quorum = true
          const certificate = await chain.certify(built.executed, voters)
          await chain.commitBlock(built.executed, certificate)
          return built.executed.execution.effects.map(({ outcome }) => (outcome.status === 'ok' ? 'ok' : (outcome.message ?? '')))
        } catch (error) {
          if (!String(error).includes('another validator proposes')) throw error
        }
      }
    }
  }
  const send: Rig['send'] = (user, payload, over = {}) =>
    chain.submit(
      signTx(user, {
        chainId: chain.chainId,
        nonce: chain.nextNonce(user.address),
        expiry: chain.head().header.height + 100,
        gasLimit: 80_000_000n,
        maxFeePerGas: chain.params.baseFee,
        payload,
        ...over,
      }),
    ).id
  const to = async (height: number): Promise<void> => {
    while (chain.head().header.height < height) await block()
  }
  await block()
  send(VALIDATOR, { kind: 'node', action: { op: 'bond', amount: BOND } })
  expect(await block()).toEqual(['ok'])
  return { chain, send, block, to }
}

/** The body of a receipt of the node, of this chain and its last block. */
const body = (chain: Chain, thread: number, seq: number, over: Partial<RunBody> = {}): RunBody =>
  runBody(chain, VALIDATOR, thread, seq, over)

interface Batch {
  readonly batch: BatchStatement
  readonly sig: Uint8Array
  readonly leaves: readonly Uint8Array[]
  readonly shown: (index: number) => { readonly index: number; readonly leaf: Uint8Array; readonly path: readonly Uint8Array[] }
}

function batchOf(
  chainId: CID,
  thread: number,
  first: number,
  prev: Uint8Array,
  leaves: readonly Uint8Array[],
  size = leaves.length,
): Batch {
  const signed = signBatch(VALIDATOR, chainId, { thread, first, size, prev, root: merkleRoot(leaves) })
  const shown = (index: number) => ({ index, leaf: leaves[index] as Uint8Array, path: inclusionPath(leaves.map(leafHash), index) })
  return { ...signed, leaves, shown }
}

const goodBatch = (chain: Chain, thread: number, first = 0, prev = ZERO, size = 3): Batch =>
  batchOf(
    chain.chainId,
    thread,
    first,
    prev,
    Array.from({ length: size }, (_, i) => encodeReceipt(body(chain, thread, first + i))),
  )

const anchor = (batches: readonly Batch[]): TxPayload => ({
  kind: 'anchor',
  batches: batches.map(({ batch, sig }) => ({ batch, sig })),
  data: cidOf(RAW, utf8('data')),
})

function refute(id: CID, all: readonly Batch[], at: number, claim: Claim): TxPayload & { readonly kind: 'refute' } {
  const { batch, sig } = all[at] as Batch
  const path = inclusionPath(
    all.map((b) => leafHash(batchLeaf(b.batch, b.sig))),
    at,
  )
  return { kind: 'refute', target: { anchor: id, at, batch, sig, path }, claim }
}

const bondOf = (chain: Chain): bigint => chain.account(VALIDATOR.address).bond

test('U3.3-ROL-1 a wrong leaf of every kind refutes its batch: the thread is closed before it, and the bond pays', async () => {
  const { chain, send, block } = await rig()
  const { header } = chain.head()
  const context = { chainId: chain.chainId, height: header.height, time: header.time, seed: ZERO }
  const encoded = (thread: number, over: Partial<RunBody>, seq = 1): Uint8Array => encodeReceipt(body(chain, thread, seq, over))
  const wrong: readonly (readonly [why: RegExp, leaf: (thread: number) => Uint8Array])[] = [
    [/canonical body/, () => utf8('anything')],
    [/canonical body/, (t) => new Uint8Array([...encoded(t, {}), 0])],
    [/canonical body/, () => new Uint8Array(2_000)],
    [
      /receipt of a call/,
      () => {
        const { thread: _t, seq: _s, retention: _r, ...rest } = body(chain, 0, 0)
        return encodeReceipt({ ...rest, kind: 'call', node: null, models: [], tx: cidOf(RAW, utf8('tx')), events: ZERO })
      },
    ],
    [/another node/, (t) => encoded(t, { node: ann.key })],
    [/names thread/, (t) => encoded(t + 1, {})],
    [/has number 0/, (t) => encoded(t, {}, 0)],
    [/another chain/, (t) => encoded(t, { context: { ...context, chainId: cidOf(RAW, utf8('x')) } })],
    [/protocol 9/, (t) => encoded(t, { protocol: 9 })],
    [/not before the anchor/, (t) => encoded(t, { context: { ...context, height: header.height + 1 } })],
    [/time is behind/, (t) => encoded(t, { context: { ...context, time: header.time + 1_001 } })],
  ]
  const batches = wrong.map(([, leaf], thread) => {
    const good = encodeReceipt(body(chain, thread, 0))
    return batchOf(chain.chainId, thread, 0, ZERO, [good, leaf(thread)])
  })
  const id = send(VALIDATOR, anchor(batches))
  await block()
  let bond = bondOf(chain)
  expect(bond).toBe(BOND)
  for (const [at, [why]] of wrong.entries()) {
    const [before, burnt] = [chain.account(ann.address).balance, chain.burnt()]
    send(ann, refute(id, batches, at, { kind: 'leaf', ...(batches[at] as Batch).shown(0) }))
    send(ann, refute(id, batches, at, { kind: 'leaf', ...(batches[at] as Batch).shown(1) }))
    expect(await block()).toEqual(['the leaf breaks no rule', 'ok'])
    const { outcomes, header: at2 } = chain.blockAt(chain.head().header.height)
    expect(outcomes[1]?.message).toMatch(why)
    expect(chain.batchHead(VALIDATOR.key, at)).toEqual({ next: 0, root: ZERO, closed: at2.height })
    // half of the bond: a tenth of it to who refuted, the rest burnt with the fees
    const taken = (bond * 500n) / 1_000n
    const fees = outcomes.reduce((n, o) => n + o.gas, 0n) * chain.params.baseFee
    expect(bondOf(chain)).toBe(bond - taken)
    expect(chain.account(ann.address).balance - before).toBe(taken / 10n - fees)
    expect(chain.burnt() - burnt).toBe(taken - taken / 10n + fees)
    bond -= taken
  }
})

test('U3.3-ROL-1 U2.5-PWR-1 with the bond that a refuted batch costs goes the power that it paid for, two epochs later', async () => {
  const { chain, send, block } = await rig()
  const unitsOf = (): number => latestPower(decodeNode(chain.prove('offchain', nodeKey(VALIDATOR.key)).value as Uint8Array)).units
  expect([bondOf(chain) / chain.genesis.bondPrice, unitsOf()]).toEqual([1n, 1])
  const batch = batchOf(chain.chainId, 0, 0, ZERO, [utf8('no receipt')])
  const id = send(VALIDATOR, anchor([batch]))
  await block()
  send(ann, refute(id, [batch], 0, { kind: 'leaf', ...batch.shown(0) }))
  expect(await block()).toEqual(['ok'])
  expect([bondOf(chain), unitsOf()]).toEqual([BOND / 2n, 0])
})

test('U3.3-ROL-1 what shows nothing is refused, each with its reason, and changes nothing', async () => {
  const { chain, send, block } = await rig()
  const batches = [goodBatch(chain, 0), goodBatch(chain, 1)]
  const [one, two] = batches as [Batch, Batch]
  const id = send(VALIDATOR, anchor(batches))
  await block()
  const right = refute(id, batches, 0, { kind: 'leaf', ...one.shown(1) })
  const target = (over: Partial<typeof right.target>): TxPayload => ({ ...right, target: { ...right.target, ...over } })
  const other = goodBatch(chain, 5)
  const signature = new Uint8Array(96)
  const verdict = { kind: 'verdict' as const, transcript: ZERO, signers: Uint8Array.of(1), signature }
  const cases: readonly (readonly [TxPayload, RegExp])[] = [
    [right, /breaks no rule/],
    [target({ anchor: cidOf(RAW, utf8('no anchor')) }), /no anchor/],
    [target({ at: 1 }), /not number 1 of the anchor/],
    [target({ at: 2 }), /not number 2 of the anchor/],
    [target({ path: [] }), /not number 0/],
    [target({ batch: two.batch, sig: two.sig }), /not number 0/],
    [target({ sig: two.sig }), /not number 0/],
    [{ ...right, claim: { kind: 'leaf', ...two.shown(1) } }, /not that of its number/],
    [{ ...right, claim: { kind: 'leaf', ...one.shown(1), index: 2 } }, /not that of its number/],
    [{ ...right, claim: { kind: 'leaf', ...one.shown(1), index: 3 } }, /not that of its number/],
    [{ ...right, claim: { kind: 'leaf', ...one.shown(1), leaf: utf8('x') } }, /not that of its number/],
    [{ ...right, claim: { kind: 'twice', batch: one.batch, sig: one.sig } }, /do not contradict/],
    [{ ...right, claim: { kind: 'twice', batch: two.batch, sig: two.sig } }, /do not contradict/],
    [{ ...right, claim: { kind: 'twice', batch: { ...one.batch, prev: two.batch.root }, sig: one.sig } }, /not signed/],
    [{ ...right, claim: { kind: 'twice', batch: { ...one.batch, root: ZERO }, sig: one.sig } }, /not signed/],
    [{ ...right, claim: { kind: 'twice', batch: { ...one.batch, first: 3 }, sig: one.sig } }, /do not contradict/],
    [{ ...right, claim: { ...verdict, ...one.shown(1) } }, /more than half/],
    [{ ...right, claim: { ...verdict, ...one.shown(1), signers: Uint8Array.of(2) } }, /more than half/],
    [{ ...right, claim: { ...verdict, ...one.shown(1), signers: Uint8Array.of(1, 0) } }, /more than half/],
    [{ ...right, claim: { ...verdict, ...one.shown(1), leaf: utf8('x') } }, /not that of its number/],
    [{ ...right, claim: { kind: 'unavailable', index: 3 } }, /3 leaves/],
    [{ kind: 'reveal', reveals: [{ demand: ZERO, leaf: utf8('x'), path: [] }] }, /asked for/],
  ]
  expect(other.batch.thread).toBe(5)
  for (const [payload, why] of cases) {
    send(ann, payload)
    const [reason] = await block()
    expect(reason).toMatch(why)
  }
  expect(chain.batchHead(VALIDATOR.key, 0)).toMatchObject({ next: 3, closed: null })
  expect(bondOf(chain)).toBe(BOND)
  expect(chain.demands()).toEqual([])
  expect(() => send(ann, anchor([other]))).toThrow(/only the node itself/)
  expect(() => send(ann, { kind: 'reveal', reveals: [] })).toThrow(/at least one leaf/)
})

test('U3.3-ROL-1 what builds on a refuted batch is void with it, what came before stays, and the node goes on in another thread', async () => {
  const { chain, send, block } = await rig()
  const first = goodBatch(chain, 0)
  const bad = batchOf(chain.chainId, 0, 3, first.batch.root, [utf8('no receipt')])
  const later = goodBatch(chain, 0, 4, bad.batch.root)
  const id = send(VALIDATOR, anchor([first, bad]))
  await block()
  const id2 = send(VALIDATOR, anchor([later]))
  await block()
  const height = chain.head().header.height
  send(bob, refute(id, [first, bad], 1, { kind: 'leaf', ...bad.shown(0) }))
  send(ann, refute(id, [first, bad], 1, { kind: 'leaf', ...bad.shown(0) }))
  send(ann, refute(id2, [later], 0, { kind: 'leaf', ...later.shown(0) }))
  expect((await block()).toSorted()).toEqual(['ok', 'the batch is void already', 'the batch is void already'])
  const record = chain.batchHead(VALIDATOR.key, 0)
  expect(record).toEqual({ next: 3, root: first.batch.root, closed: height + 1 })
  for (const [seq, state] of [
    [0, 'open'],
    [2, 'open'],
    [3, 'refuted'],
    [4, 'refuted'],
  ] as const)
    expect(rollupState(record, seq, height - 1, height + 1)).toBe(state)
  expect(rollupState(record, 2, height - 1, height - 1 + ROLLUP.windowBlocks + ROLLUP.answerBlocks)).toBe('open')
  expect(rollupState(record, 2, height - 1, height + ROLLUP.windowBlocks + ROLLUP.answerBlocks)).toBe('settled')
  send(VALIDATOR, anchor([goodBatch(chain, 0, 7, later.batch.root)]))
  expect((await block())[0]).toMatch(/thread 0 was closed/)
  send(VALIDATOR, anchor([goodBatch(chain, 0, 3, first.batch.root)]))
  expect((await block())[0]).toMatch(/thread 0 was closed/)
  send(VALIDATOR, anchor([goodBatch(chain, 1)]))
  expect(await block()).toEqual(['ok'])
})

test('a batch of another predecessor, of a gap or without a signature is never anchored', async () => {
  const { chain, send, block } = await rig()
  const first = goodBatch(chain, 0)
  send(VALIDATOR, anchor([first]))
  await block()
  send(VALIDATOR, anchor([goodBatch(chain, 0, 3, ZERO)]))
  expect((await block())[0]).toMatch(/another predecessor/)
  send(VALIDATOR, anchor([goodBatch(chain, 0, 4, first.batch.root)]))
  expect((await block())[0]).toMatch(/goes on at receipt 3/)
  expect(() => send(VALIDATOR, anchor([{ ...goodBatch(chain, 0, 3, first.batch.root), sig: new Uint8Array(64) }]))).toThrow(
    /no valid signature/,
  )
})

test('U3.3-ROL-1 a batch that a node signed for another chain can be anchored by nobody, and costs it neither thread nor bond', async () => {
  const { chain, send, block } = await rig()
  const there = cidOf(RAW, utf8('another chain'))
  const context = { ...body(chain, 0, 0).context, chainId: there }
  const batch = batchOf(there, 0, 0, ZERO, [encodeReceipt(body(chain, 0, 0, { context }))])
  expect(() => send(ann, { kind: 'anchor', batches: [batch], data: null })).toThrow(/no valid signature/)
  // a proposer that does not look takes it into a block: it is refused there
  expect(batchSignerFault(batch.batch, batch.sig, chain.account(VALIDATOR.address), { chainId: chain.chainId, crypto })).toMatch(
    /no valid signature/,
  )
  expect(batchSignerFault(batch.batch, batch.sig, chain.account(VALIDATOR.address), { chainId: there, crypto })).toBeUndefined()
  send(VALIDATOR, anchor([goodBatch(chain, 0)]))
  expect(await block()).toEqual(['ok'])
  expect(bondOf(chain)).toBe(BOND)
})

test('U3.3-ROL-1 two batches over the same numbers refute the one that is anchored', async () => {
  const { chain, send, block } = await rig()
  const one = goodBatch(chain, 0)
  const id = send(VALIDATOR, anchor([one]))
  await block()
  const twice = ({ batch, sig }: Batch) => refute(id, [one], 0, { kind: 'twice', batch, sig })
  // what the same key signed on another chain is nothing here
  const elsewhere = batchOf(cidOf(RAW, utf8('another chain')), 0, 2, one.batch.root, [utf8('a'), utf8('b')])
  send(ann, twice(elsewhere))
  expect(await block()).toEqual(['the other batch is not signed'])
  expect(bondOf(chain)).toBe(BOND)
  const two = batchOf(chain.chainId, 0, 2, one.batch.root, [utf8('a'), utf8('b')])
  send(ann, twice(two))
  expect(await block()).toEqual(['ok'])
  expect(chain.batchHead(VALIDATOR.key, 0)).toMatchObject({ next: 0, root: ZERO })
})

test('U3.3-ROL-1 a verdict counts with the signatures of more than half of the power, over this leaf and this transcript', async () => {
  const validators = [VALIDATOR, validatorOf(7, 2), validatorOf(8, 1)]
  const { chain, send, block } = await rig(validators)
  const set = chain.setAt(chain.head().header.height + 1)
  const one = goodBatch(chain, 0)
  const id = send(VALIDATOR, anchor([one]))
  await block()
  const transcript = sha256(utf8('transcript'))
  const claimOf = (who: readonly (typeof VALIDATOR)[], index: number, over = transcript): TxPayload => {
    const blank = refute(id, [one], 0, { kind: 'unavailable', index })
    const message = verdictMessage(chain.chainId, blank.target, one.shown(index), over)
    const signers = new Uint8Array(1)
    for (const v of who) signers[0] = (signers[0] as number) | (1 << set.findIndex((s) => toHex(s.key) === toHex(v.key)))
    const signature = crypto.blsAggregate(who.map((v) => v.voter.sign(message)))
    return { ...blank, claim: { kind: 'verdict', ...one.shown(index), transcript, signers, signature } }
  }
  const [a, b, c] = validators as [typeof VALIDATOR, typeof VALIDATOR, typeof VALIDATOR]
  // 2 of 4 is not more than half
  for (const payload of [claimOf([b], 1), claimOf([a, c], 1), claimOf([a, b], 1, ZERO)]) {
    send(ann, payload)
    expect((await block())[0]).toMatch(/more than half/)
  }
  const good = claimOf([b, c], 1)
  if (good.kind !== 'refute' || good.claim.kind !== 'verdict') throw new Error('no verdict')
  send(ann, { ...good, claim: { ...good.claim, ...one.shown(2) } })
  expect((await block())[0]).toMatch(/more than half/)
  send(ann, good)
  expect(await block()).toEqual(['ok'])
  expect(chain.batchHead(VALIDATOR.key, 0).closed).toBe(chain.head().header.height)
})

test('U3.3-ROL-1 a leaf that is asked for is shown in time or the batch is refuted: silence loses at its height, not before', async () => {
  const { chain, send, block, to } = await rig()
  const { answerGas } = chain.params.rollup
  const shown = goodBatch(chain, 0)
  const silent = goodBatch(chain, 1)
  const wrong = batchOf(chain.chainId, 2, 0, ZERO, [utf8('no receipt')])
  // it claims a leaf more than it has: nobody can ever show that
  const short = batchOf(chain.chainId, 3, 0, ZERO, [encodeReceipt(body(chain, 3, 0))], 2)
  const all = [shown, silent, wrong, short]
  const id = send(VALIDATOR, anchor(all))
  await block()
  const before = chain.account(ann.address).balance
  const asked = [
    [0, 2],
    [1, 1],
    [2, 0],
    [3, 1],
  ] as const
  for (const [at, index] of asked) send(ann, refute(id, all, at, { kind: 'unavailable', index }))
  expect(await block()).toEqual(['ok', 'ok', 'ok', 'ok'])
  const fees = chain.blockAt(chain.head().header.height).outcomes.reduce((n, o) => n + o.gas, 0n) * chain.params.baseFee
  const price = BigInt(answerGas) * chain.params.baseFee
  expect(before - chain.account(ann.address).balance).toBe(fees + 4n * price)
  send(bob, refute(id, all, 0, { kind: 'unavailable', index: 2 }))
  expect((await block())[0]).toMatch(/asked for already/)
  expect(chain.demands().map((d) => [d.demand.batch.thread, d.demand.index])).toEqual(asked.map(([t, i]) => [t, i]))
  const deadline = chain.demands()[0]?.demand.deadline as number
  expect(deadline).toBe(chain.head().header.height - 1 + ROLLUP.answerBlocks)
  const reveal = (at: number, index: number, batch: Batch, over: Partial<Reveal> = {}): Reveal => {
    const { leaf, path } = batch.shown(Math.min(index, batch.leaves.length - 1))
    return { demand: demandId(id, at, index), leaf, path, ...over }
  }
  // another leaf, another path, a leaf of another tree: none of them closes a demand
  send(VALIDATOR, {
    kind: 'reveal',
    reveals: [reveal(0, 2, shown, { leaf: shown.leaves[1] as Uint8Array }), reveal(1, 1, shown), reveal(3, 1, short)],
  })
  expect((await block())[0]).toMatch(/no leaf/)
  // what is shown and breaks a rule refutes at once
  send(VALIDATOR, { kind: 'reveal', reveals: [reveal(2, 0, wrong)] })
  expect(await block()).toEqual(['ok'])
  expect(chain.batchHead(VALIDATOR.key, 2).closed).toBe(chain.head().header.height)
  await to(deadline - 1)
  const bond = bondOf(chain)
  expect(bond).toBe(BOND / 2n)
  // the last height at which it counts; anybody may show it
  send(bob, { kind: 'reveal', reveals: [reveal(0, 2, shown), reveal(1, 0, silent)] })
  expect(await block()).toEqual(['ok'])
  expect(chain.head().header.height).toBe(deadline)
  expect(chain.batchHead(VALIDATOR.key, 1).closed).toBeNull()
  await block()
  expect(chain.batchHead(VALIDATOR.key, 0).closed).toBeNull()
  expect(chain.batchHead(VALIDATOR.key, 1)).toEqual({ next: 0, root: ZERO, closed: deadline + 1 })
  expect(chain.batchHead(VALIDATOR.key, 3)).toEqual({ next: 0, root: ZERO, closed: deadline + 1 })
  expect(bondOf(chain)).toBe(bond / 4n)
  expect(chain.demands()).toEqual([])
})

test('U3.3-ROL-1 a leaf that was shown may be asked for again, and the node has its whole time for it again: what the first demand left behind ends nothing', async () => {
  const { chain, send, block, to } = await rig()
  const { answerBlocks } = ROLLUP
  const all = [goodBatch(chain, 0)]
  const [batch] = all as [Batch]
  const id = send(VALIDATOR, anchor(all))
  await block()
  const ask = (): CID => send(ann, refute(id, all, 0, { kind: 'unavailable', index: 1 }))
  const { leaf, path } = batch.shown(1)
  const show = (): CID => send(bob, { kind: 'reveal', reveals: [{ demand: demandId(id, 0, 1), leaf, path }] })
  ask()
  await block()
  const asked = chain.head().header.height
  show()
  expect(await block()).toEqual(['ok'])
  await to(asked + answerBlocks - 1)
  // again at the last height of the first demand
  ask()
  expect(await block()).toEqual(['ok'])
  const again = chain.head().header.height
  expect(again).toBe(asked + answerBlocks)
  expect(chain.demands().map(({ demand }) => demand.deadline)).toEqual([again + answerBlocks])
  await block()
  expect(chain.batchHead(VALIDATOR.key, 0).closed).toBeNull()
  expect(bondOf(chain)).toBe(BOND)
  await to(again + answerBlocks - 1)
  show()
  expect(await block()).toEqual(['ok'])
  await block()
  expect(chain.batchHead(VALIDATOR.key, 0).closed).toBeNull()
  // asked for once more and not shown: silence loses, at its own height
  ask()
  await block()
  const last = chain.head().header.height
  await to(last + answerBlocks)
  expect(chain.batchHead(VALIDATOR.key, 0).closed).toBeNull()
  await block()
  expect(chain.batchHead(VALIDATOR.key, 0).closed).toBe(last + answerBlocks + 1)
  expect(bondOf(chain)).toBe(BOND / 2n)
  expect(chain.demands()).toEqual([])
})

test('U3.3-ROL-1 the window ends: a wrong leaf is refused at the last height and no more one later, and nothing is left in the state', async () => {
  const { chain, send, block, to } = await rig()
  const values = (): number => [...chain.walk('offchain')].length
  const [early, late] = [batchOf(chain.chainId, 0, 0, ZERO, [utf8('x')]), batchOf(chain.chainId, 1, 0, ZERO, [utf8('y')])]
  const before = values()
  const id = send(VALIDATOR, anchor([early, late]))
  await block()
  const anchored = chain.head().header.height
  // two threads, the anchor, and what is due
  expect(values()).toBe(before + 4)
  await to(anchored + ROLLUP.windowBlocks - 1)
  send(ann, refute(id, [early, late], 0, { kind: 'leaf', ...early.shown(0) }))
  expect(await block()).toEqual(['ok'])
  expect(chain.head().header.height).toBe(anchored + ROLLUP.windowBlocks)
  send(ann, refute(id, [early, late], 1, { kind: 'leaf', ...late.shown(0) }))
  expect((await block())[0]).toMatch(/its time is over/)
  expect(values()).toBe(before + 2)
  expect(chain.batchHead(VALIDATOR.key, 1)).toMatchObject({ next: 1, closed: null })
})
