import { expect, test } from 'vitest'
import { equalBytes, isUtnetError, toHex } from '../../../runtime/core/index.ts'
import { isOffence, RoundWork } from '../../../runtime/consensus/bft/index.ts'
import { decodeMessage, encodeMessage, type Verdict } from '../../../runtime/consensus/messages/index.ts'
import { catChallenge, checkCat, verdictMessage } from '../../../runtime/consensus/cat/index.ts'
import { signerOf } from '../../../runtime/consensus/cat/testing/chips.ts'
import { simulatedEnvironment, workChain, type WorkChain } from '../../../runtime/consensus/cat/testing/work-chain.ts'
import type { TestChip } from '../../../runtime/consensus/power/testing/chips.ts'
import { crypto, type TestValidator } from '../../../runtime/consensus/testing/test-kit.ts'
import { knownAnswers } from '../net/known-answers.ts'
import { spoiltBytes } from './spoil.ts'

crypto.useNativeHashes()
const port = knownAnswers(crypto)

test('a CAT with every field wrong in turn shows nothing', async () => {
  const w = await workChain()
  const { chain } = w
  const { header } = chain.head()
  const height = header.height + 1
  const { key } = w.leader()
  const seats = chain.catSeats(key, height)
  const challenge = catChallenge(chain.chainId, height, header.seed, key)
  const good = await w.cat()
  expect(checkCat(good, challenge, seats, port).fault).toBeUndefined()
  let form = 0
  let signatures = 0
  for (const { what, bytes } of spoiltBytes(good, 'cat')) {
    const { fault } = checkCat(bytes, challenge, seats, port)
    expect([what, fault]).toEqual([what, expect.stringMatching(/^(none|form|answer|aggregate)$/)])
    if (fault === 'form' || fault === 'none') form++
    else signatures++
  }
  expect(form).toBeGreaterThan(50)
  expect(signatures).toBeGreaterThan(50)
})

/** A verdict of a member on a final height of the chain. */
function verdictOf(w: WorkChain, height: number, voter: number): Verdict {
  const member = w.chain.setAt(height)[voter]
  const node = w.nodes.find((n) => member !== undefined && equalBytes(n.key, member.key)) as TestValidator
  const { hash } = w.chain.headerAt(height)
  const signature = node.voter.sign(verdictMessage(w.chain.chainId, height, hash, true, w.result(height)))
  return { kind: 'verdict', height, block: toHex(hash), ok: true, voter, signature }
}

test('a verdict with every field wrong in turn: no message, ignored, or an offence', async () => {
  const w = await workChain()
  await w.block({ cat: await w.cat() })
  const height = w.chain.head().header.height
  const judge = w.leader()
  const own = w.chain.setAt(height).findIndex((v) => equalBytes(v.key, judge.key))
  const voter = own === 0 ? 1 : 0
  const chips = signerOf(w.chips.get(judge) as readonly TestChip[])
  const work = new RoundWork(w.chain, judge.key, { environment: simulatedEnvironment, chips, voter: judge.voter, crypto: port })
  const good = verdictOf(w, height, voter)
  await work.judge(height)
  let offences = 0
  let none = 0
  for (const { what, bytes } of spoiltBytes(encodeMessage(good), 'verdict')) {
    try {
      const message = decodeMessage(bytes)
      if (message.kind !== 'verdict') throw new Error(what)
      // a signature is looked at when it could matter: when the voter is heard to say two things
      const prober = (): ReturnType<typeof work.take> =>
        work.take('prober', { ...message, signature: message.signature.map((b) => b ^ 0xff) })
      const why = [...work.take('liar', message), ...prober()].find(({ from }) => from === 'liar')?.why
      expect([what, why]).not.toEqual([what, undefined])
      // of another height it is early or of the past, and whoever says no may have come to something else; all else cannot come from an honest peer
      if (why !== undefined && isOffence(why)) offences++
      else if (why !== 'result') expect([what, why, message.height]).not.toEqual([what, why, height])
      else expect(message.ok).toBe(false)
    } catch (error) {
      if (!isUtnetError(error)) throw error
      none++
    }
  }
  expect(offences).toBeGreaterThan(50)
  expect(none).toBeGreaterThan(50)
  expect(work.take('peer', good)).toEqual([])
})
