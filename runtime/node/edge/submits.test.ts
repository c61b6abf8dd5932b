import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isUtnetError, limitError, UtnetError } from '../../core/index.ts'
import { farSubmit, takeSubmits, type PackedTxs } from './submits.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('what comes in one turn goes in one message; each is answered or refused with its own error, as if asked alone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }), { maxLength: 4 }), async (turns) => {
      const messages: PackedTxs[] = []
      const submit = async (tx: Uint8Array): Promise<{ readonly hash: string }> => {
        if (tx.length === 0) throw limitError('mempool_full', 'submitsWaiting', 2, 1, 'transactions')
        if (tx[0] === 0) throw new UtnetError('tx_invalid', 'zero', { hint: 'no zero' })
        return { hash: Buffer.from(tx).toString('hex') }
      }
      const take = takeSubmits({ submit })
      const far = farSubmit({
        ask: async <T>(method: string, ...args: readonly unknown[]): Promise<T> => {
          expect(method).toBe('submits')
          const sent = structuredClone(args[0] as PackedTxs)
          messages.push(sent)
          return structuredClone(await take(sent)) as T
        },
      })
      for (const txs of turns) {
        // as views of a larger buffer, which a socket's are
        const answers = txs.map((tx) => far(Uint8Array.from([9, ...tx]).subarray(1)).catch((error: unknown) => error))
        await turn()
        const alone = await Promise.all(txs.map((tx) => submit(tx).catch((error: unknown) => error)))
        for (const [i, said] of (await Promise.all(answers)).entries()) {
          const expected = alone[i]
          if (!isUtnetError(expected)) expect(said).toEqual(expected)
          else expect(said).toMatchObject({ code: expected.code, message: expected.message, hint: expected.hint })
        }
      }
      expect(messages).toHaveLength(turns.filter((txs) => txs.length > 0).length)
    }),
    { numRuns: 50 },
  )
})

test('when the thread that has the node is gone, all that were sent are told', async () => {
  const far = farSubmit({ ask: () => Promise.reject(new UtnetError('host_restarted', 'gone')) })
  const answers = await Promise.allSettled([far(Uint8Array.of(1)), far(Uint8Array.of(2))])
  for (const answer of answers) expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'host_restarted' } })
})
