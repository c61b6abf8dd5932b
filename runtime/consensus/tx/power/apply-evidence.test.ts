import { expect, test } from 'vitest'
import { cidOf, DAG_CBOR, nodeAccountKey, paramsOf, toHex, utf8, type CID, type Params } from '../../../core/index.ts'
import { bftCrypto, encodeEvidence, type Evidence } from '../../messages/index.ts'
import { NO_ACCOUNT, WorkingState } from '../../state/index.ts'
import { crypto, signTx, simulatedExecutor, testChain, testGenesis, userOf, VALIDATOR } from '../../testing/test-kit.ts'
import { applyEvidence } from './apply-evidence.ts'
import { readTx } from '../index.ts'

crypto.useNativeHashes()

const [A, B] = [toHex(new Uint8Array(32).fill(1)), toHex(new Uint8Array(32).fill(2))]
const USER = userOf(2)
const GAS = 60_000_000n

/** Two precommits of the validator at one place. */
function twice(chainId: CID, height = 1, second = B): Evidence {
  const keys = { voter: VALIDATOR.voter, signNode: (m: Uint8Array) => crypto.signEd25519(m, VALIDATOR.secret) }
  const port = bftCrypto(chainId, keys, crypto)
  const choice = (block: string) => ({ block, validRound: -1, signature: port.signVote({ height, round: 0, phase: 'precommit', block }) })
  return { height, round: 0, what: 'precommit', member: 0, choices: [choice(A), choice(second)] }
}

test('U2.4-POCI evidence marks the vote key, once', async () => {
  const t = await testChain()
  const { bls } = VALIDATOR.voter
  const send = async (record: Uint8Array) => {
    t.send(USER, { kind: 'evidence', record }, { gasLimit: GAS })
    return (await t.produce()).outcomes[0]
  }
  const record = encodeEvidence(twice(t.chain.chainId))
  expect(t.chain.slashedAt(bls)).toBeUndefined()
  const other = cidOf(DAG_CBOR, utf8('another chain'))
  for (const [bad, why] of [
    [encodeEvidence(twice(other)), /proves nothing/],
    [encodeEvidence({ ...twice(t.chain.chainId), member: 1 }), /proves nothing/],
    [encodeEvidence(twice(t.chain.chainId, 1, A)), /cannot be read/],
    [encodeEvidence(twice(t.chain.chainId, 1_000)), /height to come/],
    [record.subarray(1), /cannot be read/],
  ] as const) {
    const outcome = await send(bad)
    expect([outcome?.status, outcome?.message]).toEqual(['refused', expect.stringMatching(why)])
  }
  expect(t.chain.slashedAt(bls)).toBeUndefined()
  expect((await send(record))?.status).toBe('ok')
  const height = t.chain.head().header.height
  expect(t.chain.slashedAt(bls)).toBe(height)
  const again = await send(encodeEvidence(twice(t.chain.chainId, 2)))
  expect([again?.status, again?.message]).toEqual(['refused', 'the vote key was punished before'])
  expect(t.chain.slashedAt(bls)).toBe(height)
  expect(() => t.send(USER, { kind: 'evidence', record: new Uint8Array(1_025) }, { gasLimit: GAS })).toThrow(/misconductBytes/)
  expect(() => t.send(USER, { kind: 'evidence', record: new Uint8Array(1_024) })).toThrow(/gas limit/)
})

test('the bond of the offender is burnt', () => {
  const chainId = cidOf(DAG_CBOR, utf8('chain'))
  const state = new WorkingState({ get: () => undefined })
  const address = nodeAccountKey(VALIDATOR.key)
  state.setAccount(address, { ...NO_ACCOUNT, balance: 7n, bond: 5n })
  const payload = { kind: 'evidence', record: encodeEvidence(twice(chainId)) } as const
  const tx = readTx(signTx(USER, { chainId, nonce: 0, expiry: 10, gasLimit: GAS, maxFeePerGas: 1n, payload }))
  const block = {
    chainId,
    height: 3,
    time: 0,
    seed: new Uint8Array(32),
    params: paramsOf(1) as Params,
    baseFee: (paramsOf(1) as Params).baseFee,
    executor: simulatedExecutor,
    crypto,
    power: testGenesis(),
    setAt: () => [VALIDATOR.validator],
  }
  expect(applyEvidence(state, block, tx).outcome.status).toBe('ok')
  expect(state.account(address)).toEqual({ ...NO_ACCOUNT, balance: 7n })
})
