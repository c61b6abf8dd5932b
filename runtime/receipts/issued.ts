/** A receipt that was issued: waits for its batch, and tells who waits for it. */
import { cborCidText, cidOfDigest, DAG_CBOR, UtnetError, type Attestation, type CID } from '../core/index.ts'
import type { ClosedBatch } from './closed-batch.ts'
import { QueuedReceipt, type Ended } from './queued-receipt.ts'
import type { Sealer } from './sealer.ts'
import type { Issued } from './types.ts'

type Waiter = (failure: UtnetError | undefined) => void

export class IssuedReceipt extends QueuedReceipt implements Issued {
  readonly #sealer: Sealer
  readonly #hurry: () => void
  #batch: ClosedBatch | undefined = undefined
  #index = 0
  #settled = false
  #failure: UtnetError | undefined = undefined
  #waiters: Waiter | Waiter[] | undefined = undefined
  #attested: Promise<Attestation> | undefined = undefined

  /** Throws `receipt_invalid` where the body would be over 1 KB. */
  constructor(sealer: Sealer, hurry: () => void, ended: Ended) {
    super(ended)
    this.#sealer = sealer
    this.#hurry = hurry
  }

  get id(): CID {
    return cidOfDigest(DAG_CBOR, this.#seal().slice(this.digestAt, this.digestAt + 32))
  }

  get idText(): string {
    return cborCidText(this.#seal(), this.digestAt)
  }

  get attested(): Promise<Attestation> {
    if (this.#attested === undefined) {
      this.#attested = new Promise((resolve, reject) => {
        this.whenDurable((failure) => (failure === undefined ? resolve(this.#closed().attestation(this.#index)) : reject(failure)))
      })
      // Who asked may look away: a failed disk must not end the process by this promise.
      this.#attested.catch(() => {})
    }
    return this.#attested
  }

  whenDurable(done: Waiter): void {
    if (this.#settled) done(this.#failure)
    else if (this.#waiters === undefined) {
      this.#waiters = done
      this.#hurry()
    } else this.#waiters = Array.isArray(this.#waiters) ? [...this.#waiters, done] : [this.#waiters, done]
  }

  whenSealed(done: () => void): void {
    if (this.sealed === undefined) this.#sealer.soon(this, done)
    else done()
  }

  attestation(): Uint8Array {
    return this.#closed().encoded(this.#index).slice()
  }

  durable(batch: ClosedBatch, index: number): void {
    this.#batch = batch
    this.#index = index
    this.#settle()
  }

  fail(failure: UtnetError): void {
    this.#failure = failure
    this.#settle()
  }

  #settle(): void {
    this.#settled = true
    const waiters = this.#waiters
    this.#waiters = undefined
    if (Array.isArray(waiters)) for (const done of waiters) done(this.#failure)
    else waiters?.(this.#failure)
  }

  #seal(): Uint8Array {
    if (this.sealed === undefined) this.#sealer.seal([this])
    return this.sealed as unknown as Uint8Array
  }

  #closed(): ClosedBatch {
    if (this.#batch === undefined) throw this.#failure ?? new UtnetError('node_internal', 'the receipt is not on disk yet')
    return this.#batch
  }
}
