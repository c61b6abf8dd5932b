/** What became of transactions that waited and stand in no block: kept for a while, so that who asks is told. */
import { LIMITS, UtnetError, type CID } from '../../core/index.ts'
import type { ChainTx } from '../tx/index.ts'

export type Fate =
  /** Another of its sender took its nonce: by a higher fee while it waited, or in a block. */
  | { readonly why: 'replaced'; readonly by: CID | undefined }
  /** The pool was full, and others offered more. */
  | { readonly why: 'evicted' }
  | { readonly why: 'expired' }
  /** The sender can no longer pay for all that waits. */
  | { readonly why: 'unpaid' }

/** A transaction that left the pool, and why. */
export interface Dropped {
  readonly tx: ChainTx
  readonly fate: Fate
}

/** The error that tells of it. */
export function fateError({ tx: { id, body }, fate }: Dropped): UtnetError {
  switch (fate.why) {
    case 'expired':
      return new UtnetError('tx_expired', `transaction ${id} expired at height ${body.expiry} without standing in a block`, {
        hint: 'send it again with a later expiry, and a max fee per gas above the base fee (utnet chain status)',
      })
    case 'replaced': {
      const by = fate.by === undefined ? 'another transaction' : `transaction ${fate.by}`
      return new UtnetError('tx_dropped', `transaction ${id} was replaced: ${by} of its sender took nonce ${body.nonce}`, {
        details: { reason: 'replaced', by: fate.by?.toString() ?? null },
      })
    }
    case 'evicted':
      return new UtnetError('tx_dropped', `transaction ${id} was pushed out of a full mempool by others that offer more`, {
        hint: 'send it again with a higher max fee per gas',
        details: { reason: 'evicted' },
      })
    case 'unpaid':
      return new UtnetError('tx_dropped', `transaction ${id} was dropped: its sender can no longer pay for it`, {
        details: { reason: 'unpaid' },
      })
  }
}

export class Fates {
  readonly #known = new Map<string, Dropped>()

  note(dropped: readonly Dropped[]): void {
    for (const one of dropped) {
      this.#known.set(one.tx.hash, one)
      if (this.#known.size > LIMITS.mempoolRemembered) this.#known.delete(this.#known.keys().next().value as string)
    }
  }

  /** It waits again, or is final. */
  forget(id: string): void {
    this.#known.delete(id)
  }

  of(id: string): UtnetError | undefined {
    const dropped = this.#known.get(id)
    return dropped === undefined ? undefined : fateError(dropped)
  }
}
