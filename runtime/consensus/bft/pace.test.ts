import { expect, test } from 'vitest'
import { crypto, testChain, testGenesis, validatorOf } from '../testing/test-kit.ts'
import { Bft, BftNode, chainApp, payloadLabel, type BftNodePorts, type Refusal } from './index.ts'
import { bftCrypto, type FinalNotice, type Message } from '../messages/index.ts'

type Wake = Parameters<BftNodePorts['timer']>[1]

const GREAT = validatorOf(1, 9)
const SMALL = validatorOf(5)

/** One of two validators, of which one has nine of ten units of the power, over the real chain: what it asks to be woken for, and says. */
async function running(pauseMs?: number, v = GREAT, simulatedBytes = 0) {
  const genesis = testGenesis({ validators: [GREAT, SMALL].map((w) => w.validator).sort((a, b) => Buffer.compare(a.key, b.key)) })
  const { chain } = await testChain({ genesis })
  const sent: (readonly [Message, string | undefined])[] = []
  const wakes: (readonly [number, Wake])[] = []
  const refused: (readonly [string, Refusal])[] = []
  const keys = { voter: v.voter, signNode: (message: Uint8Array) => crypto.signEd25519(message, v.secret) }
  const app = chainApp({ chain, proposer: v.proposer, clock: () => genesis.time + 60_000 })
  const node = new BftNode(new Bft({ crypto: bftCrypto(chain.chainId, keys, crypto), labelOf: payloadLabel }), {
    app: {
      ...app,
      // blocks as large as they may be take long to make
      finalAt: async (height) => {
        const final = await app.finalAt(height)
        return final === undefined || simulatedBytes === 0 ? final : { ...final, payload: new Uint8Array(simulatedBytes) }
      },
    },
    loadRow: () => undefined,
    saveRow: () => undefined,
    send: (message, to) => sent.push([message, to]),
    timer: (ms, wake) => wakes.push([ms, wake]),
    onRefuse: (from, why) => refused.push([from, why]),
    ...(pauseMs === undefined ? {} : { pauseMs }),
  })
  const fire = async (step: Wake['step']): Promise<void> => {
    const due = wakes.filter(([, wake]) => wake.step === step)
    wakes.length = 0
    for (const [, wake] of due) await node.fire(wake)
  }
  const height = (): number => chain.head().header.height
  return {
    node,
    wakes,
    sent,
    refused,
    /** What it gives to one that asks for final blocks. */
    async asked(from: number): Promise<Message[]> {
      sent.length = 0
      await node.receive('asker', { kind: 'want', height: from })
      return sent.map(([message]) => message)
    },
    fire,
    height,
    /** Goes through the rounds that the other leads: it says nothing. */
    async reach(at: number) {
      for (let round = 0; height() < at && round < 40; round++) {
        await fire('propose')
      }
    },
  }
}

test.each([
  [undefined, 1_000],
  [250, 250],
  [0, 0],
])('who has the quorum alone makes a block, and waits before the next (pause %s)', async (pauseMs, waits) => {
  const { node, wakes, fire, height, reach } = await running(pauseMs)
  // it would not come back from a height that it began without the pause
  await node.start()
  for (let at = 1; at < 5; at++) {
    await reach(at)
    expect(height()).toBe(at)
    expect(wakes.filter(([, { step }]) => step === 'height')).toEqual([[waits, { height: at + 1, round: 0, step: 'height' }]])
    // of another height: it enters nothing
    await node.fire({ height: at, round: 0, step: 'height' })
    expect(height()).toBe(at)
    await fire('height')
  }
})

test('who is told of a block waits behind it like all others, unless the next is final already; and asks who told it, once for what is given at once', async () => {
  const behind = await running(undefined, SMALL)
  const source = await running(0)
  await source.node.start()
  for (let at = 1; at <= 12; at++) {
    await source.reach(at)
    await source.fire('height')
  }
  const finals: Message[] = []
  for (const height of [1, 9]) finals.push(...(await source.asked(height)))
  await behind.node.start()
  const [first, second, ...rest] = finals as [Message, Message, ...Message[]]
  await behind.node.receive('peer', first)
  expect(behind.height()).toBe(1)
  expect(behind.wakes.at(-1)).toEqual([1_000, { height: 2, round: 0, step: 'height' }])
  // the pause ends with the next final block
  await behind.node.receive('peer', second)
  expect(behind.height()).toBe(2)
  for (const final of rest) await behind.node.receive('peer', final)
  expect(behind.height()).toBeGreaterThanOrEqual(12)
  const wants = behind.sent.filter(([{ kind }]) => kind === 'want')
  expect(wants).toEqual([2, 10].map((height) => [{ kind: 'want', height }, 'peer']))
})

test('a final block that nobody certified ends no pause, heard before it or in it, and is an offence of who told it', async () => {
  const behind = await running(undefined, SMALL)
  const source = await running(0)
  await source.node.start()
  for (let at = 1; at <= 2; at++) {
    await source.reach(at)
    await source.fire('height')
  }
  const [first, second] = (await source.asked(1)) as [FinalNotice, FinalNotice]
  const forged = (over: Partial<FinalNotice['certificate']>): FinalNotice => ({
    ...second,
    certificate: { ...second.certificate, ...over },
  })
  const pause = [1_000, { height: 2, round: 0, step: 'height' }]
  await behind.node.start()
  await behind.node.receive('early', forged({ signature: first.certificate.signature }))
  await behind.node.receive('peer', first)
  expect(behind.wakes.at(-1)).toEqual(pause)
  await behind.node.receive('late', forged({ round: second.certificate.round + 1 }))
  await behind.node.receive('phase', forged({ phase: 'prevote' }))
  await behind.node.receive('few', forged({ signers: new Uint8Array(1) }))
  expect(behind.wakes.at(-1)).toEqual(pause)
  expect(behind.node.machine.height).toBe(1)
  expect(behind.refused).toEqual(['early', 'late', 'phase', 'few'].map((from) => [from, 'certificate']))
  await behind.node.receive('peer', second)
  expect(behind.height()).toBe(2)
  expect(behind.refused).toHaveLength(4)
})

test('a peer that asks for final blocks again and again is given so many bytes, and more only behind the next block', async () => {
  const each = 4 * 1024 * 1024
  const { node, reach, fire, sent, asked } = await running(0, GREAT, each)
  await node.start()
  await reach(1)
  sent.length = 0
  for (let i = 0; i < 10; i++) await node.receive('greedy', { kind: 'want', height: 1 })
  // as long as it has had no more than the limit
  expect(sent).toHaveLength((16 * 1024 * 1024) / each + 1)
  expect(await asked(1)).toHaveLength(1)
  await fire('height')
  await reach(2)
  sent.length = 0
  await node.receive('greedy', { kind: 'want', height: 2 })
  expect(sent).toHaveLength(1)
})
