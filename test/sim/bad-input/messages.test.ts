import { expect, test } from 'vitest'
import { chainIdOf, compareBytes, equalBytes, isUtnetError, kappaOf, ownerOf, toHex, totalPower } from '../../../runtime/core/index.ts'
import { Bft, BftNode, chainApp, decodePayload, isOffence, payloadLabel, type Refusal } from '../../../runtime/consensus/bft/index.ts'
import {
  bftCrypto,
  decodeMessage,
  encodeMessage,
  type BftCrypto,
  type Message,
  type Quorum,
  type Vote,
} from '../../../runtime/consensus/messages/index.ts'
import { openChain } from '../../../runtime/consensus/index.ts'
import { crypto, simulatedExecutor, simulatedKv, testGenesis, validatorOf } from '../../../runtime/consensus/testing/test-kit.ts'
import { knownAnswers } from '../net/known-answers.ts'
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
  const vote = (voter: number, phase: Vote['phase']): Vote => {
    const body = { height: 1, round: 0, phase, block }
    return { kind: 'vote', ...body, voter, signature: portOf(voter).signVote(body) }
  }
  const quorum = (phase: Vote['phase']): Quorum => ({
    height: 1,
    round: 0,
    phase,
    block,
    signers: Uint8Array.of(0b0111),
    signature: portOf(0).aggregate([0, 1, 2].map((i) => vote(i, phase).signature)),
  })
  const body = { height: 1, round: 0, validRound: -1, block }
  const proposal: Message = {
    kind: 'proposal',
    ...body,
    proposer: leader,
    payload,
    lock: null,
    signature: portOf(leader).signProposal(body),
  }
  const others = validators.keys().filter((i) => i !== leader)
  const [voter] = others
  const one = {
    proposal,
    prevote: vote(voter ?? 0, 'prevote'),
    precommit: vote(voter ?? 0, 'precommit'),
    lock: { kind: 'lock', quorum: quorum('prevote'), payload },
    final: { kind: 'final', certificate: quorum('precommit'), payload },
  } satisfies Record<string, Message>
  return { one, votes: validators.flatMap((_, i) => [vote(i, 'prevote'), vote(i, 'precommit')]), block }
}

/**
 * Field -> what a validator answers when it is wrong and the bytes are still those of a message. `kept` is a message of a height to come, whose sender
 * is asked for final blocks; stale, early and round are ignored; all others are offences, for which the sender may be banned.
 */
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  'proposal height': ['kept', 'stale', 'early'],
  'proposal round': ['leader', 'round'],
  'proposal valid round': ['signature'],
  'proposal block': ['signature'],
  'proposal proposer': ['leader', 'member'],
  'proposal payload': ['payload'],
  'proposal signature': ['signature'],
  'vote height': ['kept', 'stale', 'early'],
  'vote round': ['signature', 'round'],
  'vote block': ['signature'],
  'vote voter': ['signature', 'member'],
  'vote signature': ['signature'],
  'lock height': ['kept', 'stale', 'early'],
  'lock round': ['lock'],
  'lock block': ['lock'],
  'lock signers': ['lock'],
  'lock signature': ['lock'],
  'lock payload': ['payload'],
  'final height': ['kept', 'stale', 'early'],
  'final round': ['certificate'],
  'final block': ['certificate'],
  'final signers': ['certificate'],
  'final signature': ['certificate'],
  'final payload': ['payload'],
}
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  proposal: ['', 'height', 'round', 'valid round', 'block', 'proposer', 'payload', 'lock', 'signature'],
  vote: ['', 'height', 'round', 'phase', 'block', 'voter', 'signature'],
  lock: ['', '', 'payload'],
  final: ['', '', 'payload'],
}
const QUORUM = ['height', 'round', 'phase', 'block', 'signers', 'signature']
const CODES = ['core_not_canonical', 'core_too_large', 'core_bad_argument', 'core_bad_text']

/** Name of the field of a path like `final[1][3]`; undefined of the whole message. */
function fieldOf(kind: string, path: string): string | undefined {
  const [first, second] = [...path.matchAll(/\[(\d+)\]/g)].map((m) => Number(m[1]))
  if (first === undefined) return undefined
  const field = FIELDS[kind]?.[first]
  return `${kind} ${field === '' && second !== undefined ? QUORUM[second] : field}`
}

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
  return node.refused.find(({ from }) => from === peer)?.why ?? (node.said.some((m) => m.kind === 'want') ? 'kept' : 'taken')
}

test('every message with every field wrong in turn: refused with a code or a reason, and the good ones lead to the same block', async () => {
  const { one, votes, block } = await messages()
  const node = await listener()
  const seen = new Set<string>()
  let sent = 0
  for (const message of Object.values(one)) {
    const { kind } = message
    for (const { what, bytes } of spoiltBytes(encodeMessage(message), kind)) {
      const answer = await answerTo(node, bytes, `peer ${sent++}`)
      if (CODES.includes(answer)) continue
      const field = fieldOf(kind, what.replace(/:.*/, ''))
      if (field === undefined) expect([what, isOffence(answer as Refusal)]).toEqual([what, true])
      else {
        expect([what, ANSWERS[field]]).toEqual([what, expect.arrayContaining([answer])])
        seen.add(`${field}: ${answer}`)
      }
    }
  }
  // every answer of the table was given
  expect([...seen].sort()).toEqual(
    Object.entries(ANSWERS)
      .flatMap(([field, answers]) => answers.map((answer) => `${field}: ${answer}`))
      .sort(),
  )
  expect(sent).toBeGreaterThan(500)
  expect(node.evidence()).toBe(0)
  expect(node.chain.head().header.height).toBe(0)
  for (const message of [one.proposal, ...votes]) await node.node.receive('peer', message)
  expect(toHex(node.chain.head().hash)).toBe(block)
})

test('messages signed for another chain are offences, a certificate too', async () => {
  const other = chainIdOf(testGenesis({ validators: validators.map((v) => v.validator), salt: Uint8Array.of(9) }))
  const { one } = await messages(other)
  const node = await listener()
  const answers: Record<string, string> = {}
  for (const [name, message] of Object.entries(one)) answers[name] = await answerTo(node, encodeMessage(message), 'stranger')
  expect(answers).toEqual({ proposal: 'signature', prevote: 'signature', precommit: 'signature', lock: 'lock', final: 'certificate' })
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
