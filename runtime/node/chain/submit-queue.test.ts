import { expect, test } from 'vitest'
import { testChain, UNC, userOf } from '../../consensus/testing/test-kit.ts'
import { LIMITS, UtnetError } from '../../core/index.ts'
import { createSubmitQueue } from './submit-queue.ts'

test('what comes at once is taken in its order, each with its own answer', async () => {
  const t = await testChain()
  let told = 0
  const queue = createSubmitQueue(t.chain, () => told++)
  const [ann, bob] = [userOf(2), userOf(3)]
  const transfer = (nonce: number, from = ann): Uint8Array =>
    t.tx(from, { kind: 'transfer', to: bob.address, value: UNC }, { nonce, gasLimit: 1_000_000n })
  const forged = transfer(0, bob).slice()
  forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1
  // in order only where the queue keeps it: each needs the one before
  const wires = [transfer(0), transfer(1), forged, transfer(2), Uint8Array.of(1), transfer(1), transfer(3)]
  const answers = await Promise.allSettled(wires.map((wire) => queue.take(wire)))
  expect(answers.map((a) => (a.status === 'fulfilled' ? 'taken' : (a.reason as UtnetError).code))).toEqual([
    'taken',
    'taken',
    'tx_signature',
    'taken',
    'tx_invalid',
    'taken',
    'taken',
  ])
  expect(told).toBe(1)
  expect(t.chain.waiting()).toBe(4)
  const { outcomes } = await t.produce()
  expect(outcomes.length).toBe(4)
})

test('while two batches are checked the others wait together; one over the limit is refused', async () => {
  const batches: { readonly wires: readonly Uint8Array[]; readonly end: () => void }[] = []
  const simulatedChain = {
    submitAll: (wires: readonly Uint8Array[]) =>
      new Promise<readonly UtnetError[]>((resolve) => {
        batches.push({ wires, end: () => resolve(wires.map(() => new UtnetError('tx_nonce', 'simulated'))) })
      }),
  }
  let told = 0
  const queue = createSubmitQueue(simulatedChain, () => told++)
  const answers: Promise<unknown>[] = []
  for (let i = 0; i < LIMITS.submitsWaiting; i++)
    answers.push(queue.take(Uint8Array.of(i & 255)).catch((error: unknown) => (error as UtnetError).code))
  await expect(queue.take(Uint8Array.of(0))).rejects.toMatchObject({ code: 'mempool_full', limit: 'submitsWaiting' })
  await new Promise(setImmediate)
  expect(batches.length).toBe(2)
  while (batches.length > 0) {
    batches.shift()?.end()
    await new Promise(setImmediate)
    expect(batches.length).toBeLessThanOrEqual(2)
  }
  expect(new Set(await Promise.all(answers))).toEqual(new Set(['tx_nonce']))
  expect(told).toBe(0)
  const free = queue.take(Uint8Array.of(0)).catch((error: unknown) => (error as UtnetError).code)
  await new Promise(setImmediate)
  batches.shift()?.end()
  expect(await free).toBe('tx_nonce')
})

test('what the chain throws besides goes to all of the batch', async () => {
  const queue = createSubmitQueue({ submitAll: () => Promise.reject(new Error('simulated')) }, () => {})
  await expect(queue.take(Uint8Array.of(0))).rejects.toThrow('simulated')
})
