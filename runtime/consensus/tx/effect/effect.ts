/** Makes the effect of a transaction from what its kind has to say. */
import type { BatchStatement, ChainEvent, Cbor, RunStatus } from '../../../core/index.ts'
import type { ChainTx } from '../admission/index.ts'
import type { TxEffect } from './outcome.ts'
import type { CallDraft } from '../calls/index.ts'

/** What a kind has to say; without a status it is `ok`, without the rest it left nothing. */
export interface EffectParts {
  readonly status?: RunStatus
  readonly gas: bigint
  readonly result?: Cbor
  readonly message?: string | null
  readonly events?: readonly ChainEvent[]
  readonly leaves?: readonly Uint8Array[]
  readonly call?: CallDraft
  readonly batches?: readonly BatchStatement[]
  readonly names?: readonly string[]
  readonly touched?: TxEffect['touched']
}

/** The effect; what is left out is nothing, and the status `ok`. */
export function effect(tx: ChainTx, p: EffectParts): TxEffect {
  return {
    outcome: {
      id: tx.id,
      kind: tx.body.payload.kind,
      sender: tx.address,
      status: p.status ?? 'ok',
      gas: p.gas,
      result: p.result ?? null,
      message: p.message ?? null,
      receipt: null,
      events: p.events ?? [],
    },
    prepaid: 0n,
    leaves: p.leaves ?? [],
    call: p.call ?? null,
    batches: p.batches ?? [],
    names: p.names ?? [],
    touched: [['address', tx.address], ...(p.touched ?? [])],
  }
}

/** The effect of a transaction that paid and did nothing. */
export function refused(tx: ChainTx, gas: bigint, message: string): TxEffect {
  return effect(tx, { status: 'refused', gas, message })
}
