import { expect, test } from 'vitest'
import { amountBytes, cidOf, contractAddress, LIMITS, PARAMS, RAW, toHex, utf8, verifyTrieProof, type TxPayload } from '../../core/index.ts'
import { useNativeHashes } from '../../crypto/native.ts'
import { BASE_FEE_KEY } from '../state/index.ts'
import { readTx } from '../tx/index.ts'
import { signBatch, simulatedKv, testChain, userOf, VALIDATOR, type TestChain } from '../testing/test-kit.ts'

useNativeHashes()

const [ann, bob, carl] = [userOf(2), userOf(3), userOf(4)] as const
const FLOOR = PARAMS.baseFee
const transfer: TxPayload = { kind: 'transfer', to: carl.address, value: 1n }

/** A chain with a contract that burns what gas it is given. */
async function withSpinner(): Promise<TestChain & { fill(): void }> {
  const t = await testChain()
  t.send(ann, { kind: 'publish', name: 'spinner', module: cidOf(RAW, utf8('spinner')), world: 'contract', size: 100 })
  await t.produce()
  const to = contractAddress(ann.address, 0)
  const fill = (): void =>
    void t.send(ann, { kind: 'call', to, export: 'spin', args: [] }, { gasLimit: BigInt(LIMITS.blockGas), maxFeePerGas: 100n * FLOOR })
  return { ...t, fill }
}

test('U4.3-GAS-1 nothing of the base fee is in the state of a chain with room in its blocks', async () => {
  const t = await testChain()
  for (let i = 0; i < 3; i++) {
    t.send(bob, transfer)
    await t.produce()
  }
  expect(t.chain.baseFee()).toBe(FLOOR)
  expect(t.chain.prove('offchain', BASE_FEE_KEY).value).toBeNull()
})

test('U4.3-GAS-1 a full block raises what the next one pays; all of it is burnt, and the state proves it', async () => {
  const t = await withSpinner()
  t.fill()
  await t.produce()
  const raised = (FLOOR * 9n) / 8n
  expect(t.chain.baseFee()).toBe(raised)
  // who is to work before its block is asked for the base fee of now, to the last unit
  t.chain.checkPaid(t.tx(bob, transfer, { maxFeePerGas: raised }))
  const below = t.tx(bob, transfer, { maxFeePerGas: raised - 1n })
  expect(() => t.chain.checkPaid(below)).toThrow(expect.objectContaining({ code: 'tx_gas', used: raised, allowed: raised - 1n }) as Error)
  const { value, proof, header } = t.chain.prove('offchain', BASE_FEE_KEY)
  expect(value).toEqual(amountBytes(raised))
  expect(verifyTrieProof(header.state.offchain, BASE_FEE_KEY, value, proof)).toBe(true)
  const [burnt, balance] = [t.chain.burnt(), t.chain.account(bob.address).balance]
  t.send(bob, transfer, { maxFeePerGas: 50n * FLOOR })
  const { outcomes } = await t.produce()
  const fee = (outcomes[0]?.gas ?? 0n) * raised
  // it pays the base fee, not what it offered
  expect(t.chain.burnt() - burnt).toBe(fee)
  expect(balance - t.chain.account(bob.address).balance).toBe(fee + 1n)
  // an almost empty block: back down
  expect(t.chain.baseFee()).toBe(FLOOR)
})

test('U4.3-GAS-1 who fills blocks with bytes raises the base fee as who fills them with work: there is no cheap way to keep others out', async () => {
  const t = await testChain()
  const data = new Uint8Array(LIMITS.txBytes - 512)
  for (const user of [ann, bob, carl])
    for (let i = 0; i < 32; i++) t.send(user, { kind: 'custom', data: data.fill(i) }, { gasLimit: 11_000_000n, maxFeePerGas: 9n * FLOOR })
  const built = await t.produce()
  expect(built.outcomes.length).toBeGreaterThan(50)
  // full but for what one more would take
  expect(t.chain.baseFee() > (FLOOR * 111n) / 100n).toBe(true)
})

test('U4.3-GAS-1 each batch of an anchor is paid for, whatever becomes of it: as many as fit a block are checked in its time', async () => {
  const t = await testChain()
  const batch = (first: number, prev: Uint8Array) =>
    signBatch(VALIDATOR, t.chain.chainId, { thread: 0, first, size: 1, prev, root: new Uint8Array(32).fill(first + 1) })
  const chained = (n: number) => Array.from({ length: n }, (_, i) => batch(i, i === 0 ? new Uint8Array(32) : new Uint8Array(32).fill(i)))
  const gasOf = (n: number): bigint => readTx(t.tx(ann, { kind: 'anchor', batches: chained(n), data: null })).intrinsicGas
  const each = gasOf(9) - gasOf(8)
  expect(each >= BigInt(PARAMS.host.ed25519Verify)).toBe(true)
  expect(BigInt(LIMITS.blockGas) / each).toBeLessThan(1_500n)
  const payload: TxPayload = { kind: 'anchor', batches: chained(8), data: null }
  expect(() => t.send(ann, payload, { gasLimit: gasOf(8) - 1n })).toThrow(expect.objectContaining({ code: 'tx_gas' }) as Error)
  // the last one is of another predecessor: none is anchored, all are paid for
  t.send(ann, { ...payload, batches: [...chained(7), batch(7, new Uint8Array(32))] }, { gasLimit: gasOf(8) })
  const { outcomes } = await t.produce()
  expect(outcomes.map(({ status, gas }) => [status, gas])).toEqual([['refused', gasOf(8)]])
})

test('U4.3-GAS-1 one that offers less than the base fee waits, and is in a block when that has come down; no block may hold it before', async () => {
  const t = await withSpinner()
  t.fill()
  await t.produce()
  t.fill()
  await t.produce()
  expect(t.chain.baseFee() > FLOOR).toBe(true)
  const wire = t.tx(bob, transfer, { maxFeePerGas: FLOOR })
  const { id } = t.chain.submit(wire)
  const built = t.chain.buildBlock({ timeMs: t.chain.head().header.time + 1_000, round: 0, proposer: VALIDATOR.proposer })
  expect(built.executed.block.txs).toEqual([])
  expect(() => t.chain.executeBlock({ ...built.executed.block, txs: [wire] })).toThrow(
    expect.objectContaining({ code: 'chain_invalid', message: expect.stringContaining('below the base fee') as string }) as Error,
  )
  let blocks = 0
  while (t.chain.tx(id).state === 'pending') {
    await t.produce()
    blocks++
  }
  // down from 81/64 by an eighth a block, to the least
  expect(blocks).toBe(3)
  // and never more than a chain takes
  expect(() => t.send(bob, transfer, { maxFeePerGas: FLOOR - 1n })).toThrow(expect.objectContaining({ code: 'tx_gas' }) as Error)
})

test('U4.3-GAS-1 the base fee is the same after a restart, and for who only runs the blocks', async () => {
  const t = await withSpinner()
  const other = await testChain({ genesis: t.genesis, kv: simulatedKv() })
  t.fill()
  await t.produce()
  for (let height = 1; height <= 2; height++) {
    const { header, txs, certificate, cat, verdicts } = t.chain.blockAt(height)
    if (certificate !== null) await other.chain.commitBlock(other.chain.executeBlock({ header, txs, cat, verdicts }), certificate)
  }
  const reopened = await testChain({ genesis: t.genesis, kv: t.kv })
  expect([other.chain.baseFee(), reopened.chain.baseFee()]).toEqual([t.chain.baseFee(), t.chain.baseFee()])
  expect(toHex(other.chain.head().hash)).toBe(toHex(t.chain.head().hash))
})

test('who asks for a transaction that was replaced is told by which', async () => {
  const t = await testChain()
  const first = t.send(bob, transfer)
  const second = t.send(bob, transfer, { nonce: 0, maxFeePerGas: 3n * FLOOR })
  expect(() => t.chain.tx(first)).toThrow(
    expect.objectContaining({ code: 'tx_dropped', details: { reason: 'replaced', by: second.toString() } }) as Error,
  )
  const { outcomes } = await t.produce()
  expect(outcomes.map((o) => o.id.toString())).toEqual([second.toString()])
  // one that another proposer's block overtook, too
  const third = t.send(bob, transfer)
  const twin = t.tx(bob, transfer, { nonce: 1, expiry: 99 })
  const other = await testChain({ genesis: t.genesis, kv: t.kv.copy() })
  other.chain.submit(twin)
  const { certificate } = await other.produce()
  const block = other.chain.blockAt(2)
  await t.chain.commitBlock(t.chain.executeBlock(block), certificate)
  expect(() => t.chain.tx(third)).toThrow(/was replaced/)
})
