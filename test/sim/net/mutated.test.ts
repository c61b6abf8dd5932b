import { expect, test } from 'vitest'
import { decode, encode, equalBytes, isUtnetError, type Cbor } from '../../../runtime/core/index.ts'
import { decodeMessage, encodeMessage, type BftCrypto, type Message } from '../../../runtime/consensus/messages/index.ts'
import { simulatedEnvironment } from '../../../runtime/consensus/cat/testing/work-chain.ts'
import { crypto } from '../../../runtime/consensus/testing/test-kit.ts'
import { seededRandom } from '../../../runtime/kv/index.ts'
import { runChainNet } from './chain-net.ts'
import type { ChainLiar } from './chain-net-options.ts'
import { mutated } from './mutate.ts'
import { honestPart, netWork } from './net-work.ts'

crypto.useNativeHashes()

/** What it remembers of what it said, to change it and say it later. */
const KEPT = 400

/** The message of changed bytes; undefined where they are none. One that is must be these bytes and no others. */
function messageOf(bytes: Uint8Array): Message | undefined {
  try {
    const message = decodeMessage(bytes)
    if (!equalBytes(encodeMessage(message), bytes)) throw new Error('two encodings of one message')
    return message
  } catch (error) {
    if (!isUtnetError(error)) throw error
    return undefined
  }
}

/** Signs a changed vote or proposal itself, so that it is looked at further. */
function signed(message: Message, own: BftCrypto): Message {
  if (message.kind === 'vote') return { ...message, signature: own.signVote(message) }
  return message.kind === 'proposal' ? { ...message, signature: own.signProposal(message) } : message
}

/** Says beside most of its own messages three of its earlier ones with one place changed. */
function mumbling(seed: number): ChainLiar & { readonly said: () => number } {
  const random = seededRandom(seed)
  const kept: Cbor[] = []
  let said = 0
  return {
    index: seed % 4,
    said: () => said,
    outgoing: (message, _, own) => {
      kept[kept.length < KEPT ? kept.length : Math.floor(random() * KEPT)] = decode(encodeMessage(message))
      const changed = [0, 1, 2].flatMap(() => {
        const one = messageOf(encode(mutated(kept[Math.floor(random() * kept.length)] as Cbor, random, kept)))
        return one === undefined ? [] : [random() < 0.5 ? signed(one, own) : one]
      })
      said += changed.length
      return random() < 0.7 ? [message, ...changed] : changed
    },
  }
}

test('bad messages: whatever a validator makes of messages of every kind, nothing is thrown, and the others agree and accuse nobody else', async () => {
  // a new one each run; a red run prints it
  const seed = Number(process.env['SIM_SEED'] ?? 1 + Math.floor(Math.random() * 100_000))
  const liar = mumbling(seed)
  const work = netWork({ environment: seed % 2 === 0 ? 'deferred' : 'before-vote' }, () => honestPart(simulatedEnvironment))
  const { blocks, stateRoots, accused, conflicts, faults } = await runChainNet({ seed, powers: [1, 1, 1, 1], heights: 9, ...work, liar })
  expect({
    chains: new Set(blocks.map((b) => b.join())).size,
    states: new Set(stateRoots).size,
    accused: accused.filter((i) => i !== liar.index),
    conflicts,
    faults,
    seed,
  }).toEqual({ chains: 1, states: 1, accused: [], conflicts: [], faults: [], seed })
  expect(liar.said(), `SIM_SEED=${seed}`).toBeGreaterThan(20)
})
