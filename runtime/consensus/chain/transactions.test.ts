import { expect, test } from 'vitest'
import {
  asArray,
  bytesAmount,
  callInputOpening,
  callLeaf,
  callOutputOpening,
  callSalt,
  callSeed,
  chainIdOf,
  cidOf,
  contractAddress,
  decode,
  decodeAccount,
  decodeReceipt,
  encode,
  encodeEvent,
  eventLeaf,
  formatAddress,
  isUtnetError,
  LIMITS,
  leafHash,
  merkleRoot,
  openingDigest,
  PARAMS,
  RAW,
  saltOf,
  sha256,
  toHex,
  UtnetError,
  utf8,
  pathSides,
  publishGas,
  verifyAnchor,
  verifyInclusion,
  verifyTrieProof,
  type CID,
  type ErrorCode,
  type TxPayload,
} from '../../core/index.ts'
import { BURNT_KEY, changesRoot, readTx, recordKey, supplyOf } from '../index.ts'
import { signBatch, simulatedExecutor, testChain, testGenesis, UNC, userOf, VALIDATOR, type TestChain } from '../testing/test-kit.ts'

const [ann, bob, carl, poor] = [userOf(2), userOf(3), userOf(4), userOf(9)] as const
const module = (n: number): CID => cidOf(RAW, Uint8Array.of(n))
const transfer = (value: bigint, to = bob.address): TxPayload => ({ kind: 'transfer', to, value })
const publish = (name: string, n = 1, world = 'contract'): TxPayload => ({ kind: 'publish', name, module: module(n), world, size: 100 })
const call = (to: Uint8Array, entry: string, ...args: readonly string[]): TxPayload => ({
  kind: 'call',
  to,
  export: entry,
  args: [...args],
})

function code(run: () => unknown): ErrorCode | undefined {
  try {
    run()
  } catch (error) {
    if (isUtnetError(error)) return error.code
    throw error
  }
  return undefined
}

/** Sum of all balances and of what was burnt, read from the trie itself. */
function supply({ chain }: TestChain): bigint {
  const burntAt = toHex(sha256(BURNT_KEY))
  let sum = 0n
  for (const [position, value] of chain.walk('accounts')) {
    if (toHex(position) === burntAt) sum += bytesAmount(value)
    else sum += decodeAccount(value).balance + decodeAccount(value).bond
  }
  return sum
}

async function withContract(): Promise<TestChain & { readonly address: Uint8Array }> {
  const t = await testChain()
  t.send(ann, publish('shop'))
  await t.produce()
  return { ...t, address: contractAddress(ann.address, 0) }
}

test('U3.2-TX-1 every fault of a transaction is refused by its own code', async () => {
  const t = await testChain()
  const good = t.tx(ann, transfer(1n))
  const bent = good.slice()
  bent[bent.length - 1] = (bent[bent.length - 1] as number) ^ 1
  const other = chainIdOf(testGenesis({ salt: Uint8Array.of(2) }))
  const faults: readonly (readonly [ErrorCode, Uint8Array])[] = [
    ['tx_signature', bent],
    ['tx_chain', t.tx(ann, transfer(1n), { chainId: other })],
    ['tx_nonce', t.tx(ann, transfer(1n), { nonce: LIMITS.mempoolPerSender })],
    ['tx_expired', t.tx(ann, transfer(1n), { expiry: 0 })],
    ['tx_balance', t.tx(ann, transfer(1_000_000n * UNC))],
    ['tx_balance', t.tx(poor, transfer(0n))],
    ['tx_gas', t.tx(ann, transfer(1n), { gasLimit: 11_000n })],
    ['tx_gas', t.tx(ann, transfer(1n), { gasLimit: BigInt(LIMITS.blockGas) + 1n })],
    ['tx_gas', t.tx(ann, transfer(1n), { maxFeePerGas: PARAMS.baseFee - 1n })],
    ['tx_invalid', t.tx(ann, publish('shop', 1, 'kernel'))],
    [
      'tx_invalid',
      t.tx(
        ann,
        { kind: 'publish', name: 'shop', module: module(1), world: 'contract', size: LIMITS.modelBytes + 1 },
        { gasLimit: 900_000_000n },
      ),
    ],
    ['tx_invalid', t.tx(ann, call(bob.address, 'x'.repeat(LIMITS.exportNameBytes + 1)))],
    ['tx_invalid', t.tx(ann, call(bob.address, 'put', 'x'.repeat(LIMITS.callArgsBytes)), { gasLimit: 900_000_000n })],
    ['tx_invalid', t.tx(ann, { kind: 'anchor', batches: [], data: null })],
    ['tx_invalid', utf8('not a transaction')],
    ['tx_invalid', new Uint8Array(LIMITS.txBytes + 1)],
    ['guest_not_found', t.tx(ann, call(bob.address, 'put'))],
    [
      'receipt_invalid',
      t.tx(ann, {
        kind: 'anchor',
        batches: [signBatch(bob, t.chain.chainId, { thread: 0, first: 0, size: 1, prev: new Uint8Array(32), root: sha256(utf8('r')) })],
        data: null,
      }),
    ],
  ]
  for (const [expected, wire] of faults) expect([expected, code(() => t.chain.submit(wire))]).toEqual([expected, expected])
  expect(t.chain.waiting()).toBe(0)
  expect(code(() => t.chain.submit(good))).toBeUndefined()
})

test('U4.3-GAS-1: a contract pays for what every validator does with its bytes, another guest for keeping them', async () => {
  const t = await testChain()
  const gasOf = (world: string, size: number): bigint =>
    readTx(t.tx(ann, { kind: 'publish', name: 'shop', module: module(1), world, size })).intrinsicGas
  const { publishByte } = PARAMS.tx
  expect(gasOf('function', 90) - gasOf('function', 80)).toBe(BigInt(10 * publishByte))
  expect(gasOf('contract', 90) - gasOf('contract', 80)).toBe(BigInt(10 * (publishByte + PARAMS.contracts.readyByte)))
  expect(publishGas('contract', 90)).toBeGreaterThanOrEqual(gasOf('contract', 90))
})

test('U3.2-TX-1 a transaction stands in one block only: a replay, and a second one of its nonce, are refused', async () => {
  const t = await testChain()
  const wire = t.tx(ann, transfer(5n))
  const { hash } = t.chain.submit(wire)
  expect(t.chain.submit(wire).hash).toBe(hash)
  expect(t.chain.waiting()).toBe(1)
  expect(code(() => t.chain.submit(t.tx(ann, transfer(6n), { nonce: 0 })))).toBe('tx_nonce')
  await t.produce()
  expect(t.chain.account(bob.address).balance).toBe(1_000_000n * UNC + 5n)
  expect(code(() => t.chain.submit(wire))).toBe('tx_nonce')
  const block = t.chain.blockAt(1)
  await t.produce()
  expect(() => t.chain.executeBlock(block)).toThrow(/does not follow/)
})

test('U4.3-GAS-1 U4.3-BRN-1 gas is paid at the base fee, burnt, and the supply stays what the genesis gave', async () => {
  const t = await withContract()
  t.send(ann, call(t.address, 'put', 'k', 'v'))
  t.send(ann, call(t.address, 'fail', 'k', 'w'))
  t.send(ann, call(t.address, 'spin', 'k', 'w'))
  t.send(ann, call(t.address, 'nothing'))
  t.send(bob, transfer(7n, carl.address))
  t.send(carl, transfer(3n, carl.address))
  t.send(carl, transfer(9n, poor.address))
  t.send(carl, { kind: 'custom', data: utf8('note') })
  const before = t.chain.account(ann.address).balance
  const { outcomes } = await t.produce()
  expect(outcomes.map((o) => o.status)).toEqual(['ok', 'trap', 'out-of-gas', 'refused', 'ok', 'ok', 'ok', 'ok'])
  const paid = outcomes.slice(0, 4).reduce((sum, o) => sum + o.gas, 0n) * PARAMS.baseFee
  expect(t.chain.account(ann.address).balance).toBe(before - paid)
  expect(t.chain.account(ann.address).nonce).toBe(5)
  // a call that failed burns its whole limit; one that never ran pays for standing there
  expect([outcomes[1]?.gas, outcomes[2]?.gas]).toEqual([1_000_000n, 1_000_000n])
  expect(outcomes[3]?.gas).toBe(readTx(t.chain.blockAt(2).txs[3] as Uint8Array).intrinsicGas)
  expect(t.chain.account(carl.address).balance).toBe(
    1_000_000n * UNC + 7n - 9n - outcomes.slice(5, 8).reduce((s, o) => s + o.gas, 0n) * PARAMS.baseFee,
  )
  expect(t.chain.account(poor.address).balance).toBe(9n)
  expect(t.chain.burnt()).toBeGreaterThan(paid)
  expect(supply(t)).toBe(supplyOf(t.genesis))
})

test('a failed call leaves no trace but its receipt, its fee and its nonce', async () => {
  const t = await withContract()
  t.send(ann, call(t.address, 'put', 'k', 'kept'))
  await t.produce()
  const contracts = t.chain.head().header.state.contracts
  t.send(ann, call(t.address, 'fail', 'k', 'lost'))
  t.send(ann, call(t.address, 'spin', 'k', 'lost'))
  const { header, outcomes } = await t.produce()
  expect(header.state.contracts).toEqual(contracts)
  expect(header.eventRoot).toEqual(merkleRoot([]))
  expect(outcomes.every((o) => o.receipt !== null && o.events.length === 0 && o.result === null)).toBe(true)
})

test('the receipt of a call holds what FORMATS says and leads into the header', async () => {
  const t = await withContract()
  t.send(bob, transfer(1n))
  const id = t.send(ann, call(t.address, 'put', 'k', 'v'))
  const second = t.send(ann, call(t.address, 'emit', 'sold'))
  t.send(ann, call(t.address, 'get', 'k'))
  const { header, outcomes } = await t.produce()
  const outcome = outcomes[1]
  const { bodyBytes, anchor } = t.chain.receiptAt(outcome?.receipt as CID)
  expect(t.chain.receiptBody(outcome?.receipt as CID)).toEqual(bodyBytes)
  const body = decodeReceipt(bodyBytes)
  const opened = (name: 'input' | 'output', bytes: Uint8Array) => openingDigest(name, saltOf(callSalt(id), name), bytes)
  expect(body).toMatchObject({
    kind: 'call',
    node: null,
    world: 'contract',
    entry: 'put',
    status: 'ok',
    gas: 1_000n,
    log: null,
    models: [],
  })
  expect(body.module.equals(module(1))).toBe(true)
  expect(body.input).toEqual(opened('input', callInputOpening('put', ['k', 'v'])))
  expect(body.output).toEqual(
    opened('output', callOutputOpening(null, changesRoot(t.address, [{ contract: t.address, key: utf8('k'), value: utf8('v') }]))),
  )
  expect(body.context).toMatchObject({ height: header.height, time: header.time, seed: callSeed(header.seed, id) })
  expect(outcome?.gas).toBe(readTx(t.chain.blockAt(2).txs[1] as Uint8Array).intrinsicGas + 1_000n)
  expect(verifyAnchor(callLeaf(bodyBytes), anchor, header.receiptRoot)).toBe(true)
  const emitted = decodeReceipt(t.chain.receiptAt(outcomes[2]?.receipt as CID).bodyBytes)
  const event = { contract: t.address, name: 'sold', data: encode(null) }
  expect(emitted.kind === 'call' && emitted.tx.equals(second) && toHex(emitted.events)).toBe(toHex(merkleRoot([encodeEvent(event)])))
  expect(header.eventRoot).toEqual(merkleRoot([eventLeaf(second, event)]))
  expect(outcomes[3]?.result).toEqual(['v'])
  const found = t.chain.tx(id)
  expect(found.state === 'final' && [found.height, found.index, found.outcome.status]).toEqual([2, 1, 'ok'])
})

test('a call that this node cannot run stands in no block, and the others do', async () => {
  const t = await withContract()
  const id = t.send(ann, call(t.address, 'fault'))
  const behind = t.send(ann, call(t.address, 'put', 'a', 'b'))
  t.send(bob, transfer(1n))
  const { outcomes, dropped } = await t.produce()
  expect(outcomes.map((o) => o.kind)).toEqual(['transfer'])
  expect(dropped.map((d) => d.id.toString())).toEqual([id.toString(), behind.toString()])
  expect(isUtnetError(dropped[0]?.error, 'host_fault')).toBe(true)
  expect(t.chain.waiting()).toBe(0)
  expect(code(() => t.chain.tx(id))).toBe('tx_not_found')
})

test('whoever publishes as a contract what is none loses what he offered, and publishes nothing', async () => {
  const t = await testChain({ executor: { ...simulatedExecutor, measures: (cid) => !cid.equals(module(1)) } })
  t.send(ann, { kind: 'publish', name: 'shop', module: module(1), world: 'contract', size: 99 }, { gasLimit: 2_500_000n })
  t.send(bob, publish('cafe', 2))
  const { outcomes } = await t.produce()
  expect(outcomes.map((o) => [o.status, o.gas === 2_500_000n])).toEqual([
    ['refused', true],
    ['ok', false],
  ])
  expect(code(() => t.chain.guest('shop'))).toBe('guest_not_found')
})

test('U3.2-TX-1 a contract waits only where its code is, of just the size that it is published under; what comes without is told how to send it', async () => {
  let lost = false
  const missing = (): UtnetError => new UtnetError('host_module_missing', 'not here', { details: { module: module(1).toString() } })
  const t = await testChain({
    executor: {
      ...simulatedExecutor,
      holds: (cid, bytes) => cid.equals(module(1)) && bytes === 100,
      measures: () => {
        if (lost) throw missing()
        return true
      },
    },
  })
  const without = t.tx(ann, publish('shop', 2))
  const smaller = t.tx(ann, { kind: 'publish', name: 'shop', module: module(1), world: 'contract', size: 99 })
  for (const wire of [without, smaller]) {
    expect(code(() => t.chain.submit(wire))).toBe('guest_not_found')
    // its component may come with it: that is looked at before anything is stored
    t.chain.checkPaid(wire)
  }
  expect((await t.chain.submitAll([without, smaller])).map((taken) => isUtnetError(taken, 'guest_not_found'))).toEqual([true, true])
  expect(t.chain.waiting()).toBe(0)
  // of what no validator runs nothing is asked
  t.send(bob, publish('page', 5, 'function'))
  t.send(ann, publish('shop', 1))
  lost = true
  const { outcomes, dropped } = await t.produce()
  expect(outcomes.map((o) => o.kind)).toEqual(['publish'])
  expect(dropped.map(({ error }) => isUtnetError(error, 'host_module_missing'))).toEqual([true])
})

test('a name belongs to its first publisher; upgrades keep address and state', async () => {
  const t = await withContract()
  t.send(ann, call(t.address, 'put', 'k', 'v'))
  await t.produce()
  expect(code(() => t.chain.submit(t.tx(bob, publish('shop', 2))))).toBe('name_taken')
  expect(code(() => t.chain.submit(t.tx(ann, publish('shop', 2, 'function'))))).toBe('guest_world')
  // both wait for the same new name: the first in the block has it, the second pays and is refused
  t.send(bob, publish('cafe', 3))
  t.send(carl, publish('cafe', 4))
  t.send(ann, publish('shop', 2))
  const { outcomes } = await t.produce()
  expect(outcomes.map((o) => o.status)).toEqual(['ok', 'refused', 'ok'])
  expect(outcomes[1]?.message).toContain(formatAddress(bob.address))
  const shop = t.chain.guest('shop')
  expect(shop.address).toEqual(t.address)
  expect(shop.versions.map((v) => [v.module.toString(), v.height])).toEqual([
    [module(1).toString(), 1],
    [module(2).toString(), 3],
  ])
  expect(t.chain.guest('shop', 2).module.equals(module(1))).toBe(true)
  expect(t.chain.guests().map((g) => g.name)).toEqual(['cafe', 'shop'])
  expect((await t.chain.query({ contract: 'shop', export: 'get', args: ['k'] })).outcome.result).toEqual(['v'])
  expect(code(() => t.chain.guest('bank'))).toBe('guest_not_found')
  t.send(ann, publish('page', 5, 'function'))
  await t.produce()
  expect(t.chain.guest('page').address).toBeNull()
  await expect(t.chain.query({ contract: 'page', export: 'get', args: [] })).rejects.toMatchObject({ code: 'guest_world' })
})

test('U3.2-TX-1 operator stacks, routes and custom data are recorded', async () => {
  const t = await testChain()
  const ids = [
    t.send(ann, { kind: 'operators', stack: [{ module: module(1), entry: 'run', inputs: [module(2)] }] }),
    t.send(ann, { kind: 'route', data: module(3), to: bob.address, size: 10 }),
    t.send(ann, { kind: 'custom', data: utf8('hello') }),
  ]
  await t.produce()
  for (const [i, kind] of ['operators', 'route', 'custom'].entries()) {
    const proven = t.chain.prove('offchain', recordKey(ids[i] as CID))
    expect(asArray(decode(proven.value as Uint8Array), 'record')[0]).toBe(kind)
  }
})

test('batches are anchored in order, by registered nodes only, and lead into the header', async () => {
  const t = await testChain()
  const zero = new Uint8Array(32)
  const batch = (first: number, size: number, prev: Uint8Array, root: string, thread = 0) =>
    signBatch(VALIDATOR, t.chain.chainId, { thread, first, size, prev, root: sha256(utf8(root)) })
  const one = batch(0, 3, zero, 'one')
  const two = batch(3, 2, one.batch.root, 'two')
  t.send(ann, { kind: 'anchor', batches: [one, two, batch(0, 1, zero, 'other thread', 7)], data: null })
  const { header } = await t.produce()
  const anchor = t.chain.batchAnchor(VALIDATOR.key, 0, 3)
  expect(anchor).toMatchObject({ height: 1, index: pathSides(1, 3) })
  const leaf = t.chain.blockAt(1).leaves[1] as Uint8Array
  expect(verifyInclusion(leafHash(leaf), 1, 3, anchor?.path ?? [], header.receiptRoot)).toBe(true)
  expect(t.chain.batchHead(VALIDATOR.key, 0)).toEqual({ next: 5, root: two.batch.root, closed: null })
  expect(t.chain.batchHead(VALIDATOR.key, 1)).toEqual({ next: 0, root: zero, closed: null })
  expect(t.chain.batchAnchor(VALIDATOR.key, 0, 4)).toBeUndefined()

  const bad = [
    [batch(6, 1, two.batch.root, 'gap')],
    [batch(3, 2, one.batch.root, 'again')],
    [batch(5, 1, one.batch.root, 'another predecessor')],
    [batch(5, 1, two.batch.root, 'good'), batch(7, 1, sha256(utf8('good')), 'gap')],
  ]
  for (const batches of bad) t.send(ann, { kind: 'anchor', batches, data: null })
  const { outcomes } = await t.produce()
  expect(outcomes.map((o) => o.status)).toEqual(bad.map(() => 'refused'))
  expect(t.chain.batchHead(VALIDATOR.key, 0)).toEqual({ next: 5, root: two.batch.root, closed: null })
  expect(t.chain.head().header.receiptRoot).toEqual(merkleRoot([]))
  const forged = { batch: batch(5, 1, two.batch.root, 'x').batch, sig: one.sig }
  expect(code(() => t.chain.submit(t.tx(ann, { kind: 'anchor', batches: [forged], data: null })))).toBe('receipt_invalid')
})

test('the account of a node that anchored stays provable at that height when its state is long gone', async () => {
  const t = await testChain({ history: 3 })
  const one = signBatch(VALIDATOR, t.chain.chainId, { thread: 0, first: 0, size: 1, prev: new Uint8Array(32), root: sha256(utf8('r')) })
  t.send(ann, { kind: 'anchor', batches: [one], data: null })
  await t.produce()
  for (let i = 0; i < 6; i++) await t.produce()
  expect(code(() => t.chain.prove('accounts', VALIDATOR.address, 1))).toBe('chain_pruned')
  const { account, proof } = t.chain.nodeProof(VALIDATOR.key, 1)
  expect(decodeAccount(account).node).toEqual({ key: VALIDATOR.key, role: 'validator' })
  expect(verifyTrieProof(t.chain.headerAt(1).header.state.accounts, VALIDATOR.address, account, proof)).toBe(true)
  expect(code(() => t.chain.nodeProof(VALIDATOR.key, 2))).toBe('chain_pruned')
  expect(code(() => t.chain.nodeProof(userOf(66).key, 7))).toBe('receipt_not_anchored')
})

test('a query reads, at any kept height, and must not write', async () => {
  const t = await withContract()
  t.send(ann, call(t.address, 'put', 'k', 'one'))
  await t.produce()
  t.send(ann, call(t.address, 'put', 'k', 'two'))
  await t.produce()
  const get = (at?: number) => t.chain.query({ contract: t.address, export: 'get', args: ['k'], ...(at === undefined ? {} : { at }) })
  expect([(await get(1)).outcome.result, (await get(2)).outcome.result, (await get()).outcome.result]).toEqual([[], ['one'], ['two']])
  const { reads } = await get(2)
  expect(t.chain.prove('contracts', reads[0] as Uint8Array, 2).value).toEqual(utf8('one'))
  for (const entry of ['put', 'remove', 'emit', 'swallow', 'fail']) {
    await expect(t.chain.query({ contract: t.address, export: entry, args: ['k', 'v'] })).rejects.toMatchObject({ code: 'query_write' })
  }
  const who = (await t.chain.query({ contract: 'shop', export: 'whoami', args: [], caller: bob.address })).outcome.result
  expect(who).toEqual([formatAddress(bob.address), formatAddress(t.address), 3, t.chain.head().header.time, t.chain.chainId.toString()])
  await expect(t.chain.query({ contract: 'shop', export: 'get', args: [], at: 4 })).rejects.toMatchObject({ code: 'chain_height' })
  await expect(t.chain.query({ contract: bob.address, export: 'get', args: [] })).rejects.toMatchObject({ code: 'guest_not_found' })
  expect(
    (await t.chain.query({ contract: 'shop', export: 'spin2', args: [], gasLimit: 10n ** 12n }).catch((e: unknown) => e)) instanceof Error,
  ).toBe(true)
})

test('the mempool is bounded per sender, keeps the order of nonces, and forgets what can no longer be paid', async () => {
  const t = await testChain()
  for (let i = 0; i < LIMITS.mempoolPerSender; i++) t.send(ann, transfer(1n))
  expect(code(() => t.send(ann, transfer(1n)))).toBe('mempool_full')
  // the waiting ones count against the balance
  t.send(bob, transfer(600_000n * UNC, carl.address))
  expect(code(() => t.send(bob, transfer(600_000n * UNC, carl.address)))).toBe('tx_balance')
  const soon = t.send(carl, transfer(1n), { expiry: 1 })
  const after = t.send(carl, transfer(1n))
  const built = t.chain.buildBlock({ timeMs: 0, round: 0, proposer: VALIDATOR.proposer, txs: [] })
  const dropped = await t.chain.commitBlock(built.executed, await t.chain.certify(built.executed, [VALIDATOR.voter]))
  expect(dropped.map(({ tx, fate }) => [tx.id.toString(), fate.why])).toEqual([[soon.toString(), 'expired']])
  expect(code(() => t.chain.tx(soon))).toBe('tx_expired')
  const { outcomes } = await t.produce()
  expect(outcomes.length).toBe(LIMITS.mempoolPerSender + 1)
  // what stood behind the expired one waits for another of its nonce
  expect([t.chain.waiting(), t.chain.tx(after).state, t.chain.nextNonce(carl.address)]).toEqual([1, 'pending', 0])
  t.send(carl, transfer(1n))
  expect((await t.produce()).outcomes.map((o) => o.id.toString())).toContain(after.toString())
})

test('U4.3-GAS-1 a block holds no more gas than its limit; the rest waits', async () => {
  const t = await withContract()
  const big = BigInt(LIMITS.blockGas) / 2n
  const ids = [ann, ann, ann].map(() => t.send(ann, call(t.address, 'spin'), { gasLimit: big }))
  const first = await t.produce()
  expect(first.outcomes.map((o) => o.id.toString())).toEqual(ids.slice(0, 2).map(String))
  const second = await t.produce()
  expect(second.outcomes.map((o) => o.id.toString())).toEqual(ids.slice(2).map(String))
})

test('limits of storage hold whatever the host is', async () => {
  const t = await withContract()
  t.send(ann, call(t.address, 'put', 'x'.repeat(LIMITS.storageKeyBytes), 'v'), { gasLimit: 2_000_000n })
  t.send(ann, call(t.address, 'put', 'x'.repeat(LIMITS.storageKeyBytes + 1), 'v'), { gasLimit: 2_000_000n })
  t.send(ann, call(t.address, 'emit', 'x'.repeat(LIMITS.eventBytes)), { gasLimit: 2_000_000n })
  const { outcomes } = await t.produce()
  expect(outcomes.map((o) => o.status)).toEqual(['ok', 'trap', 'trap'])
})
