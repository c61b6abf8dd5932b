import { expect, test } from 'vitest'
import { testChain, userOf, type TestChain } from '../../consensus/testing/test-kit.ts'
import { cidOf, contractAddress, LIMITS, RAW, UtnetError, type Clock } from '../../core/index.ts'
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
    const end = this.#now + ms
    return new Promise((resolve) => {
      this.#wakes = () => {
        this.#now = Math.max(this.#now, end)
        resolve()
      }
      signal?.addEventListener('abort', () => resolve())
    })
  }

  /** Time that something else took. */
  spend(ms: number): void {
    this.#now += ms
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
async function driven(onBlock: (timeMs: number, size: number, t: TestChain) => void, makingMs = 0, beforeMs = 0) {
  const clock = new SimulatedClock()
  const t = await testChain()
  const failures: unknown[] = []
  t.send(ann, { kind: 'publish', name: 'shop', module: cidOf(RAW, Uint8Array.of(1)), world: 'contract', size: 100 })
  await t.produce()
  const producer: Producer = createProducer({
    chain: t.chain,
    clock,
    proposer: t.validator.proposer,
    voters: [t.validator.voter],
    beforeBlock: async () => {
      if (Number.isNaN(beforeMs)) throw new UtnetError('disk_failed', 'no room')
      clock.spend(beforeMs)
    },
    work: async () => undefined,
    onBlock: async ({ outcomes }) => {
      clock.spend(makingMs)
      onBlock(clock.nowMs(), outcomes.length, t)
    },
    onFailure: (error) => failures.push(error),
  })
  const rest = clock.resting()
  await producer.start()
  await rest
  const to = contractAddress(ann.address, 0)
  return { t, clock, producer, failures, spin: { kind: 'call', to, export: 'spin', args: ['k', 'v'] } as const }
}

test('a full block is followed at once where as many still wait; any other when none has come for 20 ms', async () => {
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
    [20, 1],
    [20, 1],
    [20, 1],
    [40, 1],
  ])
})

test('behind a full block of several, what is too little to fill another waits for others', async () => {
  const blocks: (readonly [timeMs: number, size: number])[] = []
  const { t, clock, producer, spin } = await driven((timeMs, size) => blocks.push([timeMs, size]), 30)
  for (const value of [1n, 2n]) t.send(ann, { kind: 'transfer', to: eve.address, value })
  for (const user of [bob, eve]) t.send(user, spin, { gasLimit: BigInt(LIMITS.blockGas) - 10_000_000n })
  producer.transactionWaits()
  await clock.resting()
  for (let sleeps = 0; blocks.length < 2 && sleeps < 8; sleeps++) await clock.pass()
  await producer.stop()
  // two transfers and a call, made from 20 to 50; the other call is left
  expect(blocks).toEqual([
    [50, 3],
    [100, 1],
  ])
})

/** One transaction has a block of its own, and then one comes every 15 ms until there is a second block. */
async function keepComing(
  { t, clock, producer }: Pick<Awaited<ReturnType<typeof driven>>, 't' | 'clock' | 'producer'>,
  blocks: readonly unknown[],
): Promise<(value: bigint) => void> {
  const send = (value: bigint): void => {
    t.send(ann, { kind: 'transfer', to: bob.address, value })
    producer.transactionWaits()
  }
  send(1n)
  await clock.resting()
  await clock.pass()
  send(2n)
  await clock.resting()
  for (let n = 3n; blocks.length < 2 && n < 20n; n++) {
    clock.spend(15)
    send(n)
    await clock.pass()
  }
  return send
}

test('transactions that keep coming share a block, 100 ms from when the last began; one alone has its own in 20 ms', async () => {
  const blocks: (readonly [timeMs: number, size: number])[] = []
  const { t, clock, producer } = await driven((timeMs, size) => blocks.push([timeMs, size]))
  const send = await keepComing({ t, clock, producer }, blocks)
  send(100n)
  await clock.resting()
  for (let sleeps = 0; blocks.length < 3 && sleeps < 8; sleeps++) await clock.pass()
  await producer.stop()
  // one comes every 15 ms, so the 100 ms are over when that of 125 is there
  expect(blocks).toEqual([
    [20, 1],
    [125, 7],
    [145, 1],
  ])
})

test('the 100 ms count from when a block began, with what was done before it', async () => {
  const blocks: number[] = []
  const { t, clock, producer } = await driven((timeMs) => blocks.push(timeMs), 0, 30)
  await keepComing({ t, clock, producer }, blocks)
  await producer.stop()
  // begun at 20 and at 120
  expect(blocks).toEqual([50, 150])
})

test('where nothing happens a block comes 5 s behind the last', async () => {
  const blocks: (readonly [timeMs: number, size: number])[] = []
  const { clock, producer } = await driven((timeMs, size) => blocks.push([timeMs, size]))
  for (let sleeps = 0; blocks.length < 2 && sleeps < 4; sleeps++) await clock.pass()
  await producer.stop()
  expect(blocks).toEqual([
    [5_000, 0],
    [10_000, 0],
  ])
})

test('receipts have their block within a second of the last one, and no block lies before a run that it might hold', async () => {
  const blocks: number[] = []
  const { t, clock, producer } = await driven((timeMs) => blocks.push(timeMs))
  producer.receiptsWait()
  await clock.resting()
  await clock.pass()
  // told 950 ms after the last block: 100 ms are for those that come with it
  clock.spend(950)
  producer.receiptsWait()
  producer.noteTime(t.chain.head().header.time + 60_000)
  const noted = t.chain.head().header.time + 60_000
  await clock.resting()
  await clock.pass()
  await producer.stop()
  expect(blocks).toEqual([1_000, 2_050])
  expect(t.chain.head().header.time).toBe(noted)
})

test('a block that cannot be made is told, and none is tried behind it', async () => {
  const blocks: number[] = []
  const { t, clock, producer, failures } = await driven((timeMs) => blocks.push(timeMs), 0, Number.NaN)
  t.send(ann, { kind: 'transfer', to: bob.address, value: 1n })
  producer.transactionWaits()
  await clock.resting()
  void clock.pass()
  await new Promise((resolve) => setImmediate(resolve))
  expect(failures).toEqual([expect.objectContaining({ code: 'disk_failed' })])
  await producer.stop()
  expect(blocks).toEqual([])
})

test('who waits for a block is let go when the node stops, and who waits again is told', async () => {
  const { producer, t } = await driven(() => {})
  const { height } = t.chain.head().header
  const waits = producer.waitForBlock(height, 60_000)
  await producer.stop()
  await waits
  await expect(producer.waitForBlock(height, 60_000)).rejects.toMatchObject({ code: 'node_stopping' })
  // what is there already is there
  await producer.waitForBlock(height - 1, 60_000)
})
