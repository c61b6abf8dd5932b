import { expect, test } from 'vitest'
import {
  chainIdOf,
  cidOf,
  contractAddress,
  digest,
  encode,
  encodeHeader,
  headerHash,
  isUtnetError,
  kappaOf,
  merkleRoot,
  nextSeed,
  ownerOf,
  powerRoot,
  RAW,
  utf8,
  verifyTrieProof,
  vrfInput,
  certificateHash,
  decodeAccount,
  type Header,
  type TxPayload,
} from '../../core/index.ts'
import { checkGenesis, createGenesis, decodeBlock, encodeBlock, openChain, storeKey, type Block, type Chain, type Voter } from '../index.ts'
import {
  crypto,
  signTx,
  simulatedExecutor,
  simulatedKv,
  testChain,
  testGenesis,
  UNC,
  userOf,
  VALIDATOR,
  validatorOf,
  type TestChain,
} from '../testing/test-kit.ts'
import { decodeVote, voteKey } from './rows/rows.ts'

const [ann, bob] = [userOf(2), userOf(3)] as const
const transfer: TxPayload = { kind: 'transfer', to: bob.address, value: 5n }
const publish: TxPayload = { kind: 'publish', name: 'shop', module: cidOf(RAW, Uint8Array.of(1)), world: 'contract', size: 100 }
const shop = contractAddress(ann.address, 0)
const put = (value: string): TxPayload => ({ kind: 'call', to: shop, export: 'put', args: ['k', value] })
const emit: TxPayload = { kind: 'call', to: shop, export: 'emit', args: ['sold'] }

async function busy(t: TestChain): Promise<void> {
  t.send(ann, publish)
  await t.produce()
  t.send(bob, transfer)
  t.send(ann, put('v'))
  t.send(ann, emit)
  await t.produce()
}

/** The blocks of a chain, run and committed by another. */
async function follow(from: Chain, to: Chain): Promise<void> {
  for (let height = to.head().header.height + 1; height <= from.head().header.height; height++) {
    const { certificate, ...block } = from.blockAt(height)
    if (certificate === null) throw new Error('no certificate')
    await to.commitBlock(to.executeBlock(decodeBlock(encodeBlock(block))), certificate)
  }
}

test('U3.2-BLK-1 C3 C4 C25 the header follows from parent, proof, set and transactions', async () => {
  const t = await testChain()
  await busy(t)
  const { header, certificate, txs } = t.chain.blockAt(2)
  const parent = t.chain.headerAt(1)
  const genesis = t.chain.headerAt(0)
  expect(genesis).toMatchObject({ certificate: null, header: { height: 0, time: t.genesis.time, parent: new Uint8Array(32) } })
  expect(parent.header.parentCertificate).toEqual(new Uint8Array(32))
  expect(header.parent).toEqual(headerHash(parent.header))
  expect(parent.certificate && certificateHash(parent.certificate)).toEqual(header.parentCertificate)
  const beta = crypto.vrfVerify(header.proposer, vrfInput(t.chain.chainId, 2, parent.header.seed), header.vrfProof)
  expect(header.seed).toEqual(nextSeed(parent.header.seed, beta as Uint8Array))
  expect(header.kappa).toBe(kappaOf(parent.header.seed, 0, 1))
  expect(header.txRoot).toEqual(merkleRoot(txs))
  expect(header.power).toEqual(powerRoot(t.genesis.validators))
  expect(header.cat).toEqual(digest('cat', new Uint8Array(0)))
  expect(header.verdicts).toEqual(digest('verdicts', encode([])))
  expect(certificate?.block).toEqual(headerHash(header))
})

test('another validator that runs the blocks comes to the same head, and two chains of the same input to the same hashes', async () => {
  const [a, b, c] = [await testChain(), await testChain(), await testChain()]
  await busy(a)
  await busy(b)
  expect(b.chain.head().hash).toEqual(a.chain.head().hash)
  await follow(a.chain, c.chain)
  expect(c.chain.head().hash).toEqual(a.chain.head().hash)
  expect(c.kv.rows().filter(([key]) => key[0] !== 0x6c)).toEqual(a.kv.rows().filter(([key]) => key[0] !== 0x6c)) // all but the record of votes
})

test('U3.2-BLK-1 a change of any field of the header is refused, and names the field', async () => {
  const a = await testChain()
  const b = await testChain()
  await busy(a)
  const { header, txs, cat, verdicts, certificate } = a.chain.blockAt(1)
  const flip = (bytes: Uint8Array): Uint8Array => bytes.map((x, i) => (i === 5 ? x ^ 1 : x))
  const { state } = header
  const bent: Record<Exclude<keyof Header, 'state' | 'round'>, Header> & Record<string, Header> = {
    chainId: { ...header, chainId: chainIdOf(testGenesis({ salt: Uint8Array.of(9) })) },
    height: { ...header, height: 2 },
    parent: { ...header, parent: flip(header.parent) },
    parentCertificate: { ...header, parentCertificate: flip(header.parentCertificate) },
    proposer: { ...header, proposer: ann.key },
    kappa: { ...header, kappa: 1 },
    vrfProof: { ...header, vrfProof: flip(header.vrfProof) },
    seed: { ...header, seed: flip(header.seed) },
    time: { ...header, time: a.genesis.time },
    protocol: { ...header, protocol: 2 },
    txRoot: { ...header, txRoot: flip(header.txRoot) },
    receiptRoot: { ...header, receiptRoot: flip(header.receiptRoot) },
    eventRoot: { ...header, eventRoot: flip(header.eventRoot) },
    bloom: { ...header, bloom: flip(header.bloom) },
    cat: { ...header, cat: flip(header.cat) },
    verdicts: { ...header, verdicts: flip(header.verdicts) },
    power: { ...header, power: flip(header.power) },
    'state.accounts': { ...header, state: { ...state, accounts: flip(state.accounts) } },
    'state.contracts': { ...header, state: { ...state, contracts: flip(state.contracts) } },
    'state.offchain': { ...header, state: { ...state, offchain: flip(state.offchain) } },
  }
  // every field of a header is in the table above
  expect(
    Object.keys(bent)
      .filter((k) => !k.startsWith('state.'))
      .sort(),
  ).toEqual(
    Object.keys(header)
      .filter((k) => k !== 'state' && k !== 'round')
      .sort(),
  )
  for (const [field, changed] of Object.entries(bent)) {
    expect(encodeHeader(changed)).not.toEqual(encodeHeader(header))
    expect(() => b.chain.executeBlock({ header: changed, txs, cat, verdicts })).toThrow(`header ${field}:`)
  }
  // a later time, or a round that draws the same member, makes a good block, but another one: the certificate is not of it
  if (certificate === null) throw new Error('no certificate')
  for (const changed of [
    { ...header, time: header.time + 1 },
    { ...header, round: 1 },
  ]) {
    const another = b.chain.executeBlock({ header: changed, txs, cat, verdicts })
    await expect(b.chain.commitBlock(another, certificate)).rejects.toMatchObject({ code: 'chain_invalid' })
  }
  const flippedVote = { ...certificate, signature: flip(certificate.signature) }
  await expect(b.chain.commitBlock(b.chain.executeBlock({ header, txs, cat, verdicts }), flippedVote)).rejects.toMatchObject({
    code: 'chain_invalid',
  })
  await follow(a.chain, b.chain)
  expect(b.chain.head().hash).toEqual(a.chain.head().hash)
})

test('a block with other transactions than its header names is refused', async () => {
  const a = await testChain()
  const b = await testChain()
  await busy(a)
  await follow({ ...a.chain, head: () => a.chain.headerAt(1) }, b.chain)
  const { header, txs, cat, verdicts } = a.chain.blockAt(2)
  const extra = signTx(bob, {
    chainId: a.chain.chainId,
    nonce: 1,
    expiry: 9,
    gasLimit: 2n * BigInt(a.chain.params.tx.base),
    maxFeePerGas: a.chain.params.baseFee,
    payload: transfer,
  })
  const unsigned = extra.slice()
  unsigned[unsigned.length - 1] = (unsigned[unsigned.length - 1] as number) ^ 1
  const bad: readonly Block['txs'][] = [
    txs.slice(1),
    [...txs, extra],
    [txs[1], txs[0], txs[2]] as Uint8Array[],
    [...txs, txs[0] as Uint8Array],
    [...txs, unsigned],
    [utf8('junk')],
  ]
  for (const list of bad)
    expect(() => b.chain.executeBlock({ header, txs: list, cat, verdicts })).toThrowError(
      expect.objectContaining({ code: 'chain_invalid', fault: 'peer' }),
    )
  expect(b.chain.executeBlock({ header, txs, cat, verdicts }).hash).toEqual(a.chain.head().hash)
})

test('a chain goes on where its store stopped, and refuses a store of another chain', async () => {
  const t = await testChain()
  await busy(t)
  const again = await testChain({ kv: t.kv })
  expect(again.chain.head().hash).toEqual(t.chain.head().hash)
  // the head's block as it was made, and as its rows have it
  expect(again.chain.blockAt(2)).toEqual(t.chain.blockAt(2))
  expect(t.chain.blockAt(2).txs).toHaveLength(3)
  again.send(ann, put('w'))
  await again.produce()
  expect(again.chain.head().header.height).toBe(3)
  const options = { kv: t.kv, executor: simulatedExecutor, crypto }
  await expect(openChain({ ...options, genesis: testGenesis({ salt: Uint8Array.of(7) }) })).rejects.toMatchObject({ code: 'chain_invalid' })
})

test('a crash at any commit loses no final block and leaves nothing half done', async () => {
  const reference = await testChain()
  await busy(reference)
  const whole = reference.kv.commits()
  for (let at = 0; at <= whole; at++) {
    const kv = simulatedKv()
    kv.failAt(at)
    let acknowledged = -1
    let failed = false
    try {
      const t = await testChain({ kv })
      acknowledged = 0
      t.send(ann, publish)
      await t.produce()
      acknowledged = 1
      t.send(bob, transfer)
      t.send(ann, put('v'))
      t.send(ann, emit)
      await t.produce()
      acknowledged = 2
    } catch (error) {
      failed = isUtnetError(error, 'disk_failed')
    }
    expect(failed).toBe(at < whole)
    // what is left is what a restart finds
    const back = await testChain({ kv: kv.copy() })
    expect(back.chain.head().header.height).toBeGreaterThanOrEqual(Math.max(acknowledged, 0))
    while (back.chain.head().header.height < 2) {
      if (back.chain.head().header.height === 0) back.send(ann, publish)
      else
        for (const [user, payload] of [
          [bob, transfer],
          [ann, put('v')],
          [ann, emit],
        ] as const)
          back.send(user, payload)
      await back.produce()
    }
    expect(back.chain.head().hash).toEqual(reference.chain.head().hash)
  }
})

test('after a failed commit the chain takes no block until it is opened again', async () => {
  const t = await testChain()
  t.kv.failAt(0)
  await expect(t.produce()).rejects.toMatchObject({ code: 'disk_failed' })
  t.kv.failAt(Number.POSITIVE_INFINITY)
  await expect(t.produce()).rejects.toMatchObject({ code: 'disk_failed' })
  expect(t.chain.head().header.height).toBe(0)
})

test('a vote key never signs two blocks at one height and round, not even after a restart or at once', async () => {
  const t = await testChain()
  const build = (chain: Chain, timeMs: number, round = 0) => chain.buildBlock({ timeMs, round, proposer: VALIDATOR.proposer }).executed
  const one = build(t.chain, t.genesis.time + 10)
  const two = build(t.chain, t.genesis.time + 20)
  await t.chain.certify(one, [VALIDATOR.voter])
  await t.chain.certify(one, [VALIDATOR.voter]) // the same vote again is no other vote
  await expect(t.chain.certify(two, [VALIDATOR.voter])).rejects.toMatchObject({ code: 'chain_invalid' })
  const back = await testChain({ kv: t.kv.copy() })
  await expect(back.chain.certify(build(back.chain, t.genesis.time + 30), [VALIDATOR.voter])).rejects.toMatchObject({
    code: 'chain_invalid',
  })
  expect(back.chain.pendingBlock() && headerHash((back.chain.pendingBlock() as Block).header)).toEqual(one.hash)
  await back.chain.certify(build(back.chain, t.genesis.time + 30, 1), [VALIDATOR.voter])
  const fresh = await testChain()
  const both = await Promise.allSettled(
    [10, 20].map((ms) => fresh.chain.certify(build(fresh.chain, fresh.genesis.time + ms), [VALIDATOR.voter])),
  )
  expect(both.map((r) => r.status)).toEqual(['fulfilled', 'rejected'])
  const twice = await Promise.allSettled([(await testChain()).produce(), t.produce(), t.produce()])
  expect(twice.map((r) => r.status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
})

test('a block that was voted for before a crash is finished, not replaced', async () => {
  const t = await testChain()
  t.send(ann, publish)
  const { executed } = t.chain.buildBlock({ timeMs: t.genesis.time + 10, round: 0, proposer: VALIDATOR.proposer })
  await t.chain.certify(executed, [VALIDATOR.voter])
  const back = await testChain({ kv: t.kv.copy() })
  back.send(bob, transfer)
  expect((await back.produce()).hash).toEqual(executed.hash)
  expect(back.chain.pendingBlock()).toBeUndefined()
  expect(back.chain.waiting()).toBe(1)
  // who drives votes in the commit of the block: the key is bound as before
  const height = back.chain.head().header.height
  const old = await testChain({ kv: t.kv.copy() })
  const other = old.chain.buildBlock({ timeMs: t.genesis.time + 20, round: 0, proposer: VALIDATOR.proposer }).executed
  await expect(old.chain.certify(other, [VALIDATOR.voter])).rejects.toMatchObject({ code: 'chain_invalid' })
  await back.produce()
  expect(decodeVote(back.kv.get(voteKey(VALIDATOR.voter.bls)) as Uint8Array)).toEqual({
    height: height + 1,
    round: 0,
    block: back.chain.head().hash,
  })
})

test('who drives alone checks its own votes too: a key that signs wrongly after good blocks makes no certificate', async () => {
  const a = await testChain()
  const { proposer, voter } = validatorOf(1)
  let signing = voter
  const own: Voter = { bls: voter.bls, sign: (message) => signing.sign(message) }
  const drive = () => a.chain.produce({ timeMs: a.chain.head().header.time + 1_000, proposer, voters: [own] })
  for (let i = 0; i < 2; i++) await drive()
  const b = await testChain()
  await follow(a.chain, b.chain)
  expect(b.chain.head().hash).toEqual(a.chain.head().hash)
  signing = validatorOf(9).voter
  await expect(drive()).rejects.toThrow(/aggregate signature/)
  expect(a.chain.head().header.height).toBe(2)
})

test('a certificate needs more than two thirds of the power', async () => {
  const set = [validatorOf(1, 3), validatorOf(5, 2), validatorOf(6, 2)] as const
  const t = await testChain({ genesis: testGenesis({ validators: set.map((v) => v.validator) }) })
  const drawn = (round: number) => ownerOf(kappaOf(t.chain.head().header.seed, round, 7), t.genesis.validators)
  const leader = set.find((v) => v.validator === drawn(0)) ?? set[0]
  const others = set.filter((v) => v !== leader)
  expect(() => t.chain.buildBlock({ timeMs: 0, round: 0, proposer: (others[0] ?? set[0]).proposer })).toThrow(/another validator/)
  const { executed } = t.chain.buildBlock({ timeMs: 0, round: 0, proposer: leader.proposer })
  const by = (...n: readonly number[]) =>
    t.chain.certify(
      executed,
      n.map((i) => (set[i] ?? set[0]).voter),
    )
  await expect(by(1, 2)).rejects.toThrow(/two thirds/)
  await expect(by(0)).rejects.toThrow(/two thirds/)
  await expect(by(0, 0)).rejects.toThrow(/twice/)
  await expect(t.chain.certify(executed, [validatorOf(8).voter])).rejects.toThrow(/not in the validator set/)
  const certificate = await by(2, 0)
  // bits are places in the genesis, which is in the order of node keys
  const bit = (i: number) => 1 << t.genesis.validators.findIndex((v) => v === set[i]?.validator)
  expect(certificate.signers).toEqual(Uint8Array.of(bit(0) | bit(2)))
  await t.chain.commitBlock(executed, certificate)
  expect(t.chain.head().header.height).toBe(1)
})

test('state of the last heights stays readable and provable, older state is gone, blocks and receipts stay', async () => {
  const t = await testChain({ history: 4 })
  await busy(t)
  for (let i = 0; i < 12; i++) {
    t.send(ann, put(`v${i}`))
    t.send(ann, { kind: 'call', to: shop, export: 'put', args: [`other ${i}`, 'x'.repeat(i * 40)] })
    await t.produce()
  }
  const head = t.chain.head().header.height
  const lowest = t.chain.lowestState()
  expect([head, lowest]).toEqual([14, 11])
  const query = (at: number) => t.chain.query({ contract: 'shop', export: 'get', args: ['k'], at })
  for (let at = lowest; at <= head; at++) {
    expect((await query(at)).outcome.result).toEqual([`v${at - 3}`])
    const proven = t.chain.prove('contracts', storeKey(shop, utf8('k')), at)
    expect(verifyTrieProof(proven.header.state.contracts, proven.key, utf8(`v${at - 3}`), proven.proof)).toBe(true)
    expect(t.chain.account(ann.address, at).nonce).toBe(3 + (at - 2) * 2)
  }
  await expect(query(lowest - 1)).rejects.toMatchObject({ code: 'chain_pruned', details: { lowest } })
  await expect(query(0)).rejects.toMatchObject({ code: 'chain_pruned' })
  await expect(query(head + 1)).rejects.toMatchObject({ code: 'chain_height' })
  expect(t.chain.blockAt(2).outcomes.length).toBe(3)
  // nothing is left behind: the store holds no more pages than a chain that kept less would, plus those of its history
  const again = await testChain({ kv: t.kv.copy(), history: 4 })
  expect((await again.chain.query({ contract: 'shop', export: 'get', args: ['k'], at: lowest })).outcome.result).toEqual([`v${lowest - 3}`])
  const before = t.kv.rows().filter(([key]) => key[0] === 0x6e || key[0] === 0x76).length
  for (let i = 0; i < 8; i++) await t.produce()
  const after = t.kv.rows().filter(([key]) => key[0] === 0x6e || key[0] === 0x76).length
  expect(after).toBeLessThan(before)
})

test('a genesis that no chain may start from is refused', () => {
  const good = testGenesis()
  const [v] = good.validators
  if (v === undefined) throw new Error('no validator')
  const rogue = { ...validatorOf(5).validator, pop: v.pop }
  const bad = [
    testGenesis({ validators: [] }),
    testGenesis({ validators: [rogue] }),
    testGenesis({ validators: [v, v] }),
    testGenesis({ validators: [{ ...v, power: 0 }] }),
    testGenesis({ accounts: [...good.accounts, ...good.accounts] }),
    testGenesis({
      accounts: [
        { address: ann.address, balance: (1n << 128n) - 1n },
        { address: bob.address, balance: 1n },
      ],
    }),
    testGenesis({ epochBlocks: 0 }),
    { ...good, protocol: 99 },
  ]
  for (const genesis of bad) expect(() => checkGenesis(genesis, crypto)).toThrowError(expect.objectContaining({ code: 'chain_invalid' }))
  expect(() => checkGenesis(good, crypto)).not.toThrow()
  expect(() => createGenesis({ ...good, name: 'Not A Name' })).toThrow(/chain name/)
})

test('the validators of the genesis are registered nodes, and everybody has the balance that it names', async () => {
  const t = await testChain()
  const proven = t.chain.prove('accounts', VALIDATOR.address)
  expect(verifyTrieProof(proven.header.state.accounts, VALIDATOR.address, proven.value, proven.proof)).toBe(true)
  expect(decodeAccount(proven.value as Uint8Array)).toEqual({
    balance: 0n,
    nonce: 0,
    bond: 0n,
    node: { key: VALIDATOR.key, role: 'validator' },
  })
  expect(t.chain.account(ann.address).balance).toBe(1_000_000n * UNC)
  const absent = t.chain.prove('accounts', userOf(77).address)
  expect(absent.value).toBeNull()
  expect(verifyTrieProof(absent.header.state.accounts, userOf(77).address, null, absent.proof)).toBe(true)
})
