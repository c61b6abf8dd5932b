import { expect, test } from 'vitest'
import { equalBytes, isUtnetError, toHex } from '../../../runtime/core/index.ts'
import { RoundWork, type Refusal } from '../../../runtime/consensus/bft/index.ts'
import { decodeMessage, encodeMessage, type Lack, type Verdict } from '../../../runtime/consensus/messages/index.ts'
import { catChallenge, checkCat, verdictMessage } from '../../../runtime/consensus/cat/index.ts'
import { signerOf } from '../../../runtime/consensus/cat/testing/chips.ts'
import { simulatedEnvironment, workChain, type WorkChain } from '../../../runtime/consensus/cat/testing/work-chain.ts'
import type { TestChip } from '../../../runtime/consensus/power/testing/chips.ts'
import { crypto, type TestValidator } from '../../../runtime/consensus/testing/test-kit.ts'
import { knownAnswers } from '../net/known-answers.ts'
import { answersOf, changedField, WORK } from './answers.ts'
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

/** A judge behind a block that shows work, the height, and the place of another member. */
async function judging() {
  const w = await workChain()
  await w.block({ cat: await w.cat() })
  const height = w.chain.head().header.height
  const judge = w.leader()
  const own = w.chain.setAt(height).findIndex((v) => equalBytes(v.key, judge.key))
  const chips = signerOf(w.chips.get(judge) as readonly TestChip[])
  const work = new RoundWork(w.chain, judge.key, { environment: simulatedEnvironment, chips, voter: judge.voter, crypto: port })
  await work.judge(height)
  return { w, work, height, own, voter: own === 0 ? 1 : 0 }
}

/** What is seen of each field of a message that is wrong, in the lines of the table; `none` of those that are no message. */
function answersTo(good: Verdict | Lack, answer: (message: Verdict | Lack, what: string) => string) {
  const seen = new Set<string>()
  let none = 0
  for (const { what, bytes } of spoiltBytes(encodeMessage(good), good.kind)) {
    try {
      const message = decodeMessage(bytes)
      if (message.kind !== 'verdict' && message.kind !== 'lack') throw new Error(what)
      seen.add(`${good.kind} ${changedField(good, message)}: ${answer(message, what)}`)
    } catch (error) {
      if (!isUtnetError(error)) throw error
      none++
    }
  }
  return { seen: [...seen].sort(), none }
}

test('a verdict with every field wrong in turn: no message, ignored, or an offence', async () => {
  const { w, work, height, voter } = await judging()
  const good = verdictOf(w, height, voter)
  const { seen, none } = answersTo(good, (message, what) => {
    if (message.kind !== 'verdict') throw new Error(what)
    // a signature is looked at when it could matter: when the voter is heard to say two things
    const prober = (): ReturnType<typeof work.take> =>
      work.take('prober', { ...message, signature: message.signature.map((b) => b ^ 0xff) })
    return [...work.take('liar', message), ...prober()].find(({ from }) => from === 'liar')?.why ?? 'taken'
  })
  expect(seen).toEqual(answersOf({ verdict: WORK.verdict }))
  expect(none).toBeGreaterThan(50)
  expect(work.take('peer', good)).toEqual([])
})

test('a question for verdicts with every field wrong in turn: no message, ignored, an offence, or answered with what was checked', async () => {
  const { w, work, height, own, voter } = await judging()
  expect(work.take('peer', verdictOf(w, height, voter))).toEqual([])
  const good: Lack = { kind: 'lack', height, have: Uint8Array.of(1 << own) }
  const voters = (lack: Lack): readonly number[] | Refusal => {
    const known = work.known(lack)
    return typeof known === 'string' ? known : known.map((v) => v.voter)
  }
  const { seen, none } = answersTo(good, (message, what) => {
    if (message.kind !== 'lack') throw new Error(what)
    const given = voters(message)
    if (typeof given === 'string') return given
    // nothing that was not checked, and nothing that is there already
    for (const i of given) expect([what, [own, voter].includes(i), (message.have[0] as number) & (1 << i)]).toEqual([what, true, 0])
    return 'given'
  })
  expect(seen).toEqual(answersOf({ lack: WORK.lack }))
  expect(none).toBeGreaterThan(20)
  expect(voters(good)).toEqual([voter])
})
