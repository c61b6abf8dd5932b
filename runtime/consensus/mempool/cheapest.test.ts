import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cidOf, compareBytes, encodeTx, RAW, utf8 } from '../../core/index.ts'
import { readTx, type ChainTx } from '../tx/index.ts'
import { Cheapest } from './cheapest.ts'
import { SenderQueue } from './sender-queue.ts'

const SENDERS = 4
const keyOf = (n: number): Uint8Array => new Uint8Array(32).fill(n + 1)

function txOf(sender: number, nonce: number, fee: number): ChainTx {
  const body = { chainId: cidOf(RAW, utf8('chain')), sender: keyOf(sender), nonce, expiry: 9, gasLimit: 1n, maxFeePerGas: BigInt(fee) }
  const payload = { kind: 'transfer', to: new Uint8Array(20), value: 0n } as const
  return readTx(encodeTx({ body: { ...body, payload }, sig: new Uint8Array(64) }))
}

test('of many queues that grow and shrink the one with the cheapest last place is taken, of equal ones that of the smallest address', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(SENDERS - 1), fc.nat(50), fc.nat(7)), { minLength: 300, maxLength: 500 }), (steps) => {
      const queues = new Map<number, SenderQueue>()
      const cheapest = new Cheapest()
      for (const [sender, fee, what] of steps) {
        const queue = queues.get(sender) ?? new SenderQueue(txOf(sender, 0, 1).address, 0)
        const last = queue.txs.at(-1)
        if (what === 0) {
          const all = [...queues.values()].sort((a, b) => compareBytes(a.address, b.address))
          const wanted = all.reduce<SenderQueue | undefined>(
            (a, b) => (a !== undefined && a.tailPrice() <= b.tailPrice() ? a : b),
            undefined,
          )
          const taken = cheapest.take()
          expect([taken?.queue, taken?.price]).toEqual([wanted, wanted?.tailPrice()])
          if (taken !== undefined) cheapest.note(taken.queue, queues.values(), queues.size)
          continue
        }
        if (what <= 2 && last !== undefined) for (const tx of what === 1 ? [last] : [...queue.txs]) queue.remove(tx)
        else queue.put(txOf(sender, (last?.body.nonce ?? -1) + 1, fee))
        if (queue.txs.length === 0) queues.delete(sender)
        else {
          queues.set(sender, queue)
          cheapest.note(queue, queues.values(), queues.size)
        }
      }
    }),
    { numRuns: 150, endOnFailure: true },
  )
})
