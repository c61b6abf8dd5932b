import { expect, test } from 'vitest'
import { testChain, userOf, type TestChain } from '../../consensus/testing/test-kit.ts'
import { cidOf, contractAddress, LIMITS, RAW, type Clock } from '../../core/index.ts'
import { createProducer, type Producer } from './producer.ts'

/** A clock that one sleeper shares with the test: time passes only when the test lets it, and then up to the end of the sleep. */
class SimulatedClock implements Clock {
  #now = 0
  #wakes: (() => void) | undefined
  #rests: (() => void) | undefined

  nowMs(): number {
    return this.#now
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.#rests?.()
    return new Promise((resolve) => {
      this.#wakes = () => {
        this.#now += ms
        resolve()
      }
      signal?.addEventListener('abort', () => resolve())
    })
  }

  /** Resolves when the sleeper sleeps again. */
  resting(): Promise<void> {
    return new Promise((resolve) => {
      this.#rests = resolve
    })
  }

  /** Ends the sleep; resolves when the next one begins. */
  pass(): Promise<void> {
    const rest = this.resting()
    this.#wakes?.()
    return rest
  }
}

const [ann, bob, eve] = [userOf(2), userOf(3), userOf(4)]

/** A producer over a chain whose next block has a contract at work; `onBlock` is told when each came, and how many transactions it has. */
async function driven(onBlock: (timeMs: number, size: number, t: TestChain) => void) {
  const clock = new SimulatedClock()
  const t = await testChain()
  t.send(ann, { kind: 'publish', name: 'shop', module: cidOf(RAW, Uint8Array.of(1)), world: 'contract', size: 100 })
  await t.produce()
  const producer: Producer = createProducer({
    chain: t.chain,
    clock,
    proposer: t.validator.proposer,
    voters: [t.validator.voter],
    beforeBlock: async () => {},
    work: async () => undefined,
    onBlock: async ({ outcomes }) => onBlock(clock.nowMs(), outcomes.length, t),
    onFailure: (error) => {
      throw error
    },
  })
  const rest = clock.resting()
  await producer.start()
  await rest
  const to = contractAddress(ann.address, 0)
  return { t, clock, producer, spin: { kind: 'call', to, export: 'spin', args: ['k', 'v'] } as const }
}

test('a full block is followed at once by what still waits; one that is not, 100 ms after', async () => {
  const blocks: (readonly [timeMs: number, size: number])[] = []
  const { t, clock, producer, spin } = await driven((timeMs, size, { send }) => {
    blocks.push([timeMs, size])
    // comes while the third of them is made, which is not full
    if (blocks.length === 3) send(eve, { kind: 'transfer', to: bob.address, value: 1n })
  })
  for (const user of [ann, bob]) t.send(user, spin, { gasLimit: BigInt(LIMITS.blockGas) })
  t.send(ann, { kind: 'transfer', to: bob.address, value: 1n })
  producer.transactionWaits()
  await clock.resting()
  for (let sleeps = 0; blocks.length < 4 && sleeps < 8; sleeps++) await clock.pass()
  await producer.stop()
  expect(blocks).toEqual([
    [100, 1],
    [100, 1],
    [100, 1],
    [200, 1],
  ])
})
