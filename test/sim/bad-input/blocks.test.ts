import { expect, test } from 'vitest'
import {
  chainIdOf,
  cidOf,
  equalBytes,
  isUtnetError,
  kappaOf,
  nextSeed,
  ownerOf,
  RAW,
  totalPower,
  utf8,
  verifyTrieProof,
  vrfInput,
} from '../../../runtime/core/index.ts'
import { chainApp, decodePayload, payloadLabel } from '../../../runtime/consensus/bft/index.ts'
import { crypto, testChain, testGenesis, userOf, validatorOf, type TestChain } from '../../../runtime/consensus/testing/test-kit.ts'
import { knownAnswers } from '../net/known-answers.ts'
import { spoiltBytes } from './spoil.ts'

crypto.useNativeHashes()
const port = knownAnswers(crypto)
const validators = [31, 32].map((n, i) => validatorOf(n, i + 1))
const genesis = testGenesis({ validators: validators.map((v) => v.validator) })
const [ann, bob] = [userOf(2), userOf(3)] as const

const leaderAt = (t: TestChain) => {
  const { validators: set } = t.genesis
  const { key } = ownerOf(kappaOf(t.chain.head().header.seed, 0, totalPower(set)), set)
  return validators.find((v) => equalBytes(v.key, key)) as (typeof validators)[number]
}

/** Two chains with one block, and the bytes of a second block with some transactions, which neither has. */
async function second() {
  const [a, b] = [await testChain({ genesis, crypto: port }), await testChain({ genesis, crypto: port })]
  const { proposer } = leaderAt(a)
  await a.chain.produce({ timeMs: genesis.time + 1_000, proposer, voters: validators.map((v) => v.voter) })
  const first = a.chain.blockAt(1)
  if (first.certificate === null) throw new Error('no certificate')
  await b.chain.commitBlock(b.chain.executeBlock(first), first.certificate)
  a.send(ann, { kind: 'publish', name: 'shop', module: cidOf(RAW, Uint8Array.of(1)), world: 'contract', size: 10 })
  a.send(bob, { kind: 'transfer', to: ann.address, value: 7n })
  a.send(bob, { kind: 'custom', data: utf8('x') })
  const clock = (): number => genesis.time + 3_000
  const payload = await chainApp({ chain: a.chain, proposer: leaderAt(a).proposer, clock }).build(2, 0)
  if (payload === undefined) throw new Error('no block')
  return { a, b, payload }
}

test('a block with every field wrong in turn, in header, transactions and certificate: no block, or one that is not valid', async () => {
  const { a, b, payload } = await second()
  const good = payloadLabel(payload)
  const app = chainApp({
    chain: b.chain,
    proposer: (validators[0] as (typeof validators)[number]).proposer,
    clock: () => genesis.time + 4_000,
  })
  let none = 0
  let invalid = 0
  let others = 0
  const { header } = decodePayload(payload).block
  for (const { what, bytes } of spoiltBytes(payload, 'block', 200)) {
    const label = payloadLabel(bytes)
    if (label === undefined) {
      // and the reason has a code
      expect(() => decodePayload(bytes), what).toThrowError(expect.objectContaining({ name: 'UtnetError' }))
      none++
      continue
    }
    expect([what, label.id]).not.toEqual([what, good?.id])
    const verdict = await app.check(bytes)
    if (verdict?.valid !== true) {
      invalid++
      continue
    }
    // a header may name another time, or a round that draws the same member: that is another block, and a certificate of this one is not of it
    const changed = decodePayload(bytes).block
    expect([what, { ...changed.header, time: header.time, round: header.round }]).toEqual([what, header])
    others++
  }
  expect(none).toBeGreaterThan(300)
  expect(invalid).toBeGreaterThan(20)
  expect(others).toBeGreaterThan(0)
  expect(b.chain.head().header.height).toBe(1)
  expect(await app.check(payload)).toMatchObject({ valid: true })
  // the chain goes on with the good one
  const { block, parentCertificate } = decodePayload(payload)
  const voters = validators.map((v) => v.voter)
  const certificate = await a.chain.certify(await a.chain.runBlock(block, parentCertificate), voters)
  await b.chain.commitBlock(await b.chain.runBlock(block, parentCertificate), certificate)
  expect(b.chain.head().header.height).toBe(2)
})

test('a block of a later height than the next is refused, and so is one that was final before', async () => {
  const { a, b, payload } = await second()
  const { block, parentCertificate } = decodePayload(payload)
  const fresh = await testChain({ genesis, crypto: port })
  await expect(fresh.chain.runBlock(block, parentCertificate)).rejects.toMatchObject({ code: 'chain_invalid', fault: 'peer' })
  const { certificate, ...old } = a.chain.blockAt(1)
  if (certificate === null) throw new Error('no certificate')
  expect(() => b.chain.executeBlock(old)).toThrowError(expect.objectContaining({ code: 'chain_invalid', fault: 'peer' }))
  try {
    await b.chain.runBlock(old, null)
    expect.unreachable()
  } catch (error) {
    expect(isUtnetError(error, 'chain_invalid')).toBe(true)
  }
})

test('a proof under another key: the VRF proof of another validator, one of its own over another input, and a state proof shown for another account', async () => {
  const { b, payload } = await second()
  const { block, parentCertificate } = decodePayload(payload)
  const { seed: previous } = b.chain.head().header
  const { chainId } = b.chain
  const leader = leaderAt(b)
  const other = validators.find((v) => v !== leader) as (typeof validators)[number]
  const alpha = vrfInput(chainId, 2, previous)
  const drawnBy = (vrfProof: Uint8Array) => {
    const header = { ...block.header, vrfProof, seed: nextSeed(previous, crypto.vrfOutput(vrfProof) as Uint8Array) }
    return b.chain.runBlock({ ...block, header }, parentCertificate)
  }
  const invalid = expect.objectContaining({
    code: 'chain_invalid',
    fault: 'peer',
    message: expect.stringMatching(/vrfProof/) as string,
  }) as Error
  await expect(drawnBy(other.proposer.vrfProve(alpha))).rejects.toThrow(invalid)
  for (const input of [
    vrfInput(chainId, 3, previous),
    vrfInput(chainId, 2, block.header.seed),
    vrfInput(chainIdOf(testGenesis()), 2, previous),
  ])
    await expect(drawnBy(leader.proposer.vrfProve(input))).rejects.toThrow(invalid)
  await expect(drawnBy(leader.proposer.vrfProve(alpha))).resolves.toMatchObject({ block: { header: block.header } })

  const { value, proof, header } = b.chain.prove('accounts', ann.address)
  expect(verifyTrieProof(header.state.accounts, ann.address, value, proof)).toBe(true)
  for (const address of [bob.address, userOf(90).address]) expect(verifyTrieProof(header.state.accounts, address, value, proof)).toBe(false)
})
