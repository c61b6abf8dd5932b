import { expect, test } from 'vitest'
import { chainIdOf, compareBytes, equalBytes, isUtnetError, kappaOf, ownerOf, toHex, totalPower } from '../../../runtime/core/index.ts'
import { Bft, BftNode, chainApp, decodePayload, isOffence, payloadLabel, type Refusal } from '../../../runtime/consensus/bft/index.ts'
import {
  bftCrypto,
  decodeMessage,
  encodeMessage,
  type BftCrypto,
  type HeightSetup,
  type Message,
  type Quorum,
  type Vote,
} from '../../../runtime/consensus/messages/index.ts'
import { openChain } from '../../../runtime/consensus/index.ts'
import { crypto, simulatedExecutor, simulatedKv, testGenesis, validatorOf } from '../../../runtime/consensus/testing/test-kit.ts'
import { knownAnswers } from '../net/known-answers.ts'
import { AGREEMENT, answersOf, changedField } from './answers.ts'
import { spoiltBytes } from './spoil.ts'

crypto.useNativeHashes()
const port = knownAnswers(crypto)
const validators = [21, 22, 23, 24].map((n) => validatorOf(n)).sort((a, b) => compareBytes(a.key, b.key))
const genesis = testGenesis({ validators: validators.map((v) => v.validator) })
const open = () => openChain({ genesis, kv: simulatedKv(), executor: simulatedExecutor, crypto: port })

/** A node of the real chain that hears what it is told, and what it says of it. */
async function listener(clockMs = genesis.time + 10_000) {
  const chain = await open()
  const refused: { readonly from: string; readonly why: Refusal }[] = []
  const said: Message[] = []
  let evidence = 0
  const self = validators.findIndex((v) => v.key !== leaderOf(chain))
  const v = validators[self] as (typeof validators)[number]
  const own = bftCrypto(chain.chainId, keysOf(self), port)
  const node = new BftNode(new Bft({ crypto: own, labelOf: payloadLabel }), {
    app: chainApp({ chain, proposer: v.proposer, clock: () => clockMs }),
    loadRow: () => undefined,
    saveRow: () => undefined,
    send: (message) => said.push(message),
    timer: () => undefined,
    onRefuse: (from, why) => refused.push({ from, why }),
    onEvidence: () => evidence++,
  })
  await node.start()
  return { chain, node, self, refused, said, evidence: () => evidence }
}

const keysOf = (i: number) => {
  const v = validators[i] as (typeof validators)[number]
  return { voter: v.voter, signNode: (message: Uint8Array) => crypto.signEd25519(message, v.secret) }
}

function leaderOf(chain: Awaited<ReturnType<typeof open>>): Uint8Array {
  const { validators: set } = chain.genesis
  const { key } = ownerOf(kappaOf(chain.head().header.seed, 0, totalPower(set)), set)
  return (validators.find((v) => toHex(v.key) === toHex(key)) as (typeof validators)[number]).key
}

/** The messages of one height of the chain, each good: by kind. */
async function messages(chainId = undefined as Awaited<ReturnType<typeof open>>['chainId'] | undefined) {
  const chain = await open()
  const leader = validators.findIndex((v) => v.key === leaderOf(chain))
  const { proposer } = validators[leader] as (typeof validators)[number]
  const payload = (await chainApp({ chain, proposer, clock: () => genesis.time + 5_000 }).build(1, 0)) as Uint8Array
  const block = payloadLabel(payload)?.id as string
  const ports: BftCrypto[] = validators.map((_, i) => bftCrypto(chainId ?? chain.chainId, keysOf(i), port))
  const portOf = (i: number): BftCrypto => ports[i] as BftCrypto
  const vote = (voter: number, phase: Vote['phase'], other: Partial<Pick<Quorum, 'height' | 'round' | 'block'>> = {}): Vote => {
    const body = { height: 1, round: 0, phase, block, ...other }
    return { kind: 'vote', ...body, voter, signature: portOf(voter).signVote(body) }
  }
  /** Of three of the four; `other` is what it is of instead, and it holds all the same. */
  const quorum = (phase: Vote['phase'], other: Partial<Pick<Quorum, 'height' | 'round' | 'block'>> = {}): Quorum => ({
    height: 1,
    round: 0,
    phase,
    block,
    ...other,
    signers: Uint8Array.of(0b0111),
    signature: portOf(0).aggregate([0, 1, 2].map((i) => vote(i, phase, other).signature)),
  })
  const body = { height: 1, round: 0, validRound: -1, block }
  const proposal = {
    kind: 'proposal',
    ...body,
    proposer: leader,
    payload,
    lock: null,
    signature: portOf(leader).signProposal(body),
  } as const
  const { leaderOf: leads } = chainApp({ chain, proposer, clock: () => 0 }).setup() as HeightSetup
  const again = { ...body, round: 1, validRound: 0 }
  const next = leads(1)
  const others = validators.keys().filter((i) => i !== leader)
  const [voter] = others
  const one = {
    proposal,
    again: {
      kind: 'proposal',
      ...again,
      proposer: next,
      payload,
      lock: quorum('prevote'),
      signature: portOf(next).signProposal(again),
    },
    prevote: vote(voter ?? 0, 'prevote'),
    precommit: vote(voter ?? 0, 'precommit'),
    lock: { kind: 'lock', quorum: quorum('prevote'), payload },
    final: { kind: 'final', certificate: quorum('precommit'), payload },
  } satisfies Record<string, Message>
  return { one, votes: validators.flatMap((_, i) => [vote(i, 'prevote'), vote(i, 'precommit')]), block, quorum }
}

const CODES = ['core_not_canonical', 'core_too_large', 'core_bad_argument', 'core_bad_text']

type Listener = Awaited<ReturnType<typeof listener>>

/** What the node answers to bytes of a message; the code where they are none. */
async function answerTo(node: Listener, bytes: Uint8Array, peer: string): Promise<string> {
  let message: Message
  try {
    message = decodeMessage(bytes)
  } catch (error) {
    if (!isUtnetError(error)) throw error
    return error.code
  }
  node.refused.length = 0
  node.said.length = 0
  await node.node.receive(peer, message)
  // a vote's signature is looked at when it could matter: when the voter is heard to say two things
  if (message.kind === 'vote' && node.refused.length === 0 && node.said.length === 0)
    await node.node.receive('prober', { ...message, signature: message.signature.map((byte) => byte ^ 0xff) })
  const why = node.refused.find(({ from }) => from === peer)?.why
  if (message.kind === 'want') return why ?? (node.said.some((m) => m.kind === 'final') ? 'given' : 'nothing')
  return why ?? (node.said.some((m) => m.kind === 'want') ? 'kept' : 'taken')
}

test('every message of agreement with every field wrong in turn: refused with a code or a reason, and the good ones lead to the same block', async () => {
  const { one, votes, block } = await messages()
  const node = await listener()
  const seen = new Set<string>()
  let sent = 0
  for (const message of Object.values(one)) {
    for (const { what, bytes } of spoiltBytes(encodeMessage(message), message.kind)) {
      const answer = await answerTo(node, bytes, `peer ${sent++}`)
      if (CODES.includes(answer)) continue
      const changed = changedField(message, decodeMessage(bytes))
      if (changed === 'kind') expect([what, isOffence(answer as Refusal)]).toEqual([what, true])
      else seen.add(`${message.kind} ${changed}: ${answer}`)
    }
  }
  expect(sent).toBeGreaterThan(500)
  expect(node.evidence()).toBe(0)
  expect(node.chain.head().header.height).toBe(0)
  for (const message of [one.again, one.proposal, ...votes]) await node.node.receive('peer', message)
  expect(toHex(node.chain.head().hash)).toBe(block)
  // who asks for blocks gets those that are there, or none
  const want: Message = { kind: 'want', height: 1 }
  for (const { bytes } of spoiltBytes(encodeMessage(want), 'want')) {
    const answer = await answerTo(node, bytes, 'peer')
    if (!CODES.includes(answer)) seen.add(`want ${changedField(want, decodeMessage(bytes))}: ${answer}`)
  }
  expect(await answerTo(node, encodeMessage(want), 'peer')).toBe('given')
  // every answer of the table was given, and no other
  expect([...seen].sort()).toEqual(answersOf(AGREEMENT))
})

test('a quorum that holds and is not what the message needs is an offence: prevotes beside a new block, none or others beside one that is proposed again, the wrong phase', async () => {
  const { one, quorum } = await messages()
  const node = await listener()
  const other = toHex(new Uint8Array(32).fill(7))
  const locks = [
    null,
    quorum('precommit'),
    quorum('prevote', { round: 1 }),
    quorum('prevote', { block: other }),
    quorum('prevote', { height: 2 }),
  ]
  for (const message of [
    { ...one.proposal, lock: quorum('prevote') },
    ...locks.map((lock) => ({ ...one.again, lock })),
    { ...one.lock, quorum: quorum('precommit') },
  ] satisfies Message[])
    expect(await answerTo(node, encodeMessage(message), 'liar')).toBe('lock')
  for (const certificate of [quorum('prevote'), quorum('precommit', { block: other })])
    expect(await answerTo(node, encodeMessage({ ...one.final, certificate }), 'liar')).toBe(
      certificate.phase === 'prevote' ? 'certificate' : 'payload',
    )
  expect(await answerTo(node, encodeMessage({ ...one.lock, quorum: quorum('prevote', { block: other }) }), 'liar')).toBe('payload')
  expect(await answerTo(node, encodeMessage(one.again), 'peer')).toBe('taken')
  expect(node.chain.head().header.height).toBe(0)
})

test('messages signed for another chain are offences, a certificate too', async () => {
  const other = chainIdOf(testGenesis({ validators: validators.map((v) => v.validator), salt: Uint8Array.of(9) }))
  const { one } = await messages(other)
  const node = await listener()
  const answers: Record<string, string> = {}
  for (const [name, message] of Object.entries(one)) answers[name] = await answerTo(node, encodeMessage(message), 'stranger')
  expect(answers).toEqual({
    proposal: 'signature',
    again: 'signature',
    prevote: 'signature',
    precommit: 'signature',
    lock: 'lock',
    final: 'certificate',
  })
  for (const why of Object.values(answers)) expect(isOffence(why as Refusal)).toBe(true)
  expect(node.evidence()).toBe(0)
  expect(node.chain.head().header.height).toBe(0)
})

test('a final block of a chain that started otherwise is refused with its valid certificate', async () => {
  const salt = Uint8Array.of(9)
  const strange = await openChain({
    genesis: testGenesis({ validators: validators.map((v) => v.validator), salt }),
    kv: simulatedKv(),
    executor: simulatedExecutor,
    crypto: port,
  })
  const { key } = ownerOf(kappaOf(strange.head().header.seed, 0, 4), strange.genesis.validators)
  const proposer = validators.find((v) => equalBytes(v.key, key))?.proposer as (typeof validators)[number]['proposer']
  await strange.produce({ timeMs: genesis.time + 1, proposer, voters: validators.map((v) => v.voter) })
  const final = await chainApp({ chain: strange, proposer, clock: () => 0 }).finalAt(1)
  if (final === undefined) throw new Error('no final block')
  const node = await listener()
  expect(await answerTo(node, encodeMessage(final), 'stranger')).toBe('certificate')
  // nor does the chain itself take it, past the machine
  const { block } = decodePayload(final.payload)
  expect(() => node.chain.executeBlock(block)).toThrowError(expect.objectContaining({ code: 'chain_invalid', fault: 'peer' }))
  const good = await messages()
  if (good.one.final.kind !== 'final') throw new Error('no final block')
  const own = node.chain.executeBlock(decodePayload(good.one.final.payload).block)
  const { certificate } = strange.headerAt(1)
  if (certificate === null) throw new Error('no certificate')
  await expect(node.chain.commitBlock(own, certificate)).rejects.toMatchObject({ code: 'chain_invalid' })
  expect(node.chain.head().header.height).toBe(0)
})

test('a block of the future: of a later height it waits and its sender is asked, of a later time it gets a prevote for none', async () => {
  const { one } = await messages()
  const node = await listener(1)
  if (one.proposal.kind !== 'proposal') throw new Error('no proposal')
  await node.node.receive('leader', one.proposal)
  expect(node.said.flatMap((m) => (m.kind === 'vote' ? [m.block] : []))).toEqual([null])
  expect(node.refused).toEqual([])
  const ahead = { ...one.precommit, height: 2 } as Message
  expect(await answerTo(node, encodeMessage(ahead), 'ahead')).toBe('kept')
  expect(await answerTo(node, encodeMessage({ ...ahead, height: 10 } as Message), 'far ahead')).toBe('early')
})
