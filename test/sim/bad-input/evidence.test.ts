import { expect, test } from 'vitest'
import { toHex } from '../../../runtime/core/index.ts'
import { bftCrypto, encodeEvidence, type Evidence } from '../../../runtime/consensus/messages/index.ts'
import { crypto, testChain, userOf, VALIDATOR, type TestChain } from '../../../runtime/consensus/testing/test-kit.ts'
import { knownAnswers } from '../net/known-answers.ts'
import { spoiltBytes } from './spoil.ts'

crypto.useNativeHashes()
const GAS = 60_000_000n

function twice({ chain }: TestChain, what: Evidence['what']): Evidence {
  const port = bftCrypto(chain.chainId, { voter: VALIDATOR.voter, signNode: (m) => crypto.signEd25519(m, VALIDATOR.secret) }, crypto)
  const choice = (n: number) => {
    const block = toHex(new Uint8Array(32).fill(n))
    const at = { height: 1, round: 0, block }
    const signature = what === 'proposal' ? port.signProposal({ ...at, validRound: -1 }) : port.signVote({ ...at, phase: what })
    return { block, validRound: -1, signature }
  }
  return { height: 1, round: 0, what, member: 0, choices: [choice(1), choice(2)] }
}

test.each(['proposal', 'prevote', 'precommit'] as const)(
  'evidence of a %s with every field wrong in turn punishes nobody, the good one does',
  async (what) => {
    const t = await testChain({ crypto: knownAnswers(crypto) })
    const good = encodeEvidence(twice(t, what))
    const outcomes: (readonly [string, string])[] = []
    let names: string[] = []
    const block = async (): Promise<void> => {
      for (const [i, outcome] of (await t.produce()).outcomes.entries()) outcomes.push([names[i] ?? '', outcome.status])
      names = []
    }
    for (const { what: name, bytes } of spoiltBytes(good, 'evidence', 40)) {
      t.send(userOf(2), { kind: 'evidence', record: bytes }, { gasLimit: GAS })
      names.push(name)
      if (names.length === 12) await block()
    }
    await block()
    expect(outcomes.filter(([, status]) => status !== 'refused')).toEqual([])
    expect(outcomes.length).toBeGreaterThan(120)
    expect(t.chain.slashedAt(VALIDATOR.voter.bls)).toBeUndefined()
    t.send(userOf(2), { kind: 'evidence', record: good }, { gasLimit: GAS })
    expect((await t.produce()).outcomes[0]?.status).toBe('ok')
    expect(t.chain.slashedAt(VALIDATOR.voter.bls)).toBe(t.chain.head().header.height)
  },
)
