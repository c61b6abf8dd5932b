import { expect, test } from 'vitest'
import { cidOf, decodeTx, RAW, UtnetError, type TxBody } from '../core/index.ts'
import { VALIDATOR, userOf } from '../consensus/testing/test-kit.ts'
import { payBaseFee } from './transactions.ts'

const body = (nonce: number, maxFeePerGas: bigint): TxBody => ({
  chainId: cidOf(RAW, Uint8Array.of(1)),
  sender: VALIDATOR.key,
  nonce,
  expiry: 100,
  gasLimit: 1_000_000n,
  maxFeePerGas,
  payload: { kind: 'transfer', to: userOf(2).address, value: 1n },
})

/** What is submitted where these wait, and the error that comes at one of them. */
function offered(fees: readonly bigint[], refuse?: { readonly at: number; readonly error: Error }): (readonly [number, bigint])[] {
  const sent: (readonly [number, bigint])[] = []
  payBaseFee(
    {
      baseFee: () => 10n,
      waitingOf: () =>
        fees.map((fee, nonce) => ({ body: body(nonce, fee) }) as ReturnType<Parameters<typeof payBaseFee>[0]['waitingOf']>[number]),
      submit: (wire) => {
        const { nonce, maxFeePerGas } = decodeTx(wire).body
        if (refuse !== undefined && sent.length === refuse.at) throw refuse.error
        sent.push([nonce, maxFeePerGas])
        return undefined as never
      },
    },
    VALIDATOR,
  )
  return sent
}

test('more is offered for what waits below the base fee, and for nothing else', () => {
  expect(offered([])).toEqual([])
  expect(offered([5n, 10n, 9n, 11n])).toEqual([
    [0, 20n],
    [2, 20n],
  ])
})

test('what the pool refuses stays as it is; a fault is told', () => {
  expect(offered([5n, 6n, 7n], { at: 1, error: new UtnetError('mempool_full', 'full') })).toEqual([[0, 20n]])
  expect(() => offered([5n], { at: 0, error: new RangeError('out of memory') })).toThrow('out of memory')
})
