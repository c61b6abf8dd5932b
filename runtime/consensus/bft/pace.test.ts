import { expect, test } from 'vitest'
import { crypto, testChain, testGenesis, userOf, validatorOf } from '../test-kit.ts'
import { Bft, bftCrypto, BftNode, chainApp, payloadLabel, type BftNodePorts } from './index.ts'

type Wake = Parameters<BftNodePorts['timer']>[1]

/** A validator that has nine of ten units of the power, over the real chain: what it asks to be woken for. */
async function almostAlone(pauseMs?: number) {
  const v = validatorOf(1, 9)
  const genesis = testGenesis({ validators: [v, validatorOf(5)].map((w) => w.validator).sort((a, b) => Buffer.compare(a.key, b.key)) })
  const { chain } = await testChain({ genesis })
  const wakes: (readonly [number, Wake])[] = []
  const keys = { voter: v.voter, signNode: (message: Uint8Array) => crypto.signEd25519(message, userOf(1).secret) }
  const node = new BftNode(new Bft({ crypto: bftCrypto(chain.chainId, keys, crypto), labelOf: payloadLabel }), {
    app: chainApp({ chain, proposer: v.proposer, clock: () => genesis.time + 60_000 }),
    loadRow: () => undefined,
    saveRow: () => undefined,
    send: () => undefined,
    timer: (ms, wake) => wakes.push([ms, wake]),
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
    fire,
    height,
    /** Goes through the rounds that the other leads: it says nothing. */
    async reach(at: number) {
      for (let round = 0; height() < at && round < 40; round++) {
        await fire('propose')
        await fire('precommit')
      }
    },
  }
}

test.each([
  [undefined, 1_000],
  [250, 250],
  [0, 0],
])('who has the quorum alone makes a block, and waits before the next (pause %s)', async (pauseMs, waits) => {
  const { node, wakes, fire, height, reach } = await almostAlone(pauseMs)
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
