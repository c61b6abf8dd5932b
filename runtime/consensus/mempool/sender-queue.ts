/** The waiting transactions of one sender, in order of nonce, gaps among them. */
import { reserveOf, type ChainTx } from '../tx/index.ts'

export class SenderQueue {
  readonly address: Uint8Array
  /** In order of nonce, one of each. */
  #txs: ChainTx[] = []
  /** The nonce of the account: what waits goes on from there. */
  #next: number
  #reserve = 0n
  /** Grows with every change: who kept a price of the queue sees whether it still holds. */
  changes = 0

  constructor(address: Uint8Array, next: number) {
    this.address = address
    this.#next = next
  }

  get txs(): readonly ChainTx[] {
    return this.#txs
  }

  /** The most that all of them together can take. */
  get reserve(): bigint {
    return this.#reserve
  }

  get next(): number {
    return this.#next
  }

  /** How many stand without a gap behind the account's nonce: only these can be in a block. */
  ready(): number {
    let n = 0
    while (this.#txs[n]?.body.nonce === this.#next + n) n++
    return n
  }

  of(nonce: number): ChainTx | undefined {
    return this.#txs[this.#indexOf(nonce)]
  }

  #indexOf(nonce: number): number {
    const txs = this.#txs
    // no two have one nonce, so it stands no further back than where there is no gap
    let at = Math.min(nonce - (txs[0]?.body.nonce ?? 0), txs.length - 1)
    while (at >= 0 && (txs[at] as ChainTx).body.nonce > nonce) at--
    return at >= 0 && (txs[at] as ChainTx).body.nonce === nonce ? at : -1
  }

  /** Takes a transaction of a nonce that is free. */
  put(tx: ChainTx): void {
    const last = this.#txs.at(-1)
    if (last === undefined || last.body.nonce < tx.body.nonce) this.#txs.push(tx)
    else this.#txs.splice(this.#txs.findLastIndex((other) => other.body.nonce < tx.body.nonce) + 1, 0, tx)
    this.#reserve += reserveOf(tx)
    this.changes++
  }

  remove(tx: ChainTx): void {
    const at = this.#txs.indexOf(tx)
    if (at < 0) return
    this.#txs.splice(at, 1)
    this.#reserve -= reserveOf(tx)
    this.changes++
  }

  /** Goes on from the nonce that the account has now; gives those that are behind it. */
  settle(next: number): readonly ChainTx[] {
    // what stands first may be ready now, or no longer
    if (next !== this.#next) this.changes++
    this.#next = next
    let count = 0
    while (count < this.#txs.length && (this.#txs[count] as ChainTx).body.nonce < next) count++
    const gone = this.#txs.splice(0, count)
    for (const tx of gone) this.#reserve -= reserveOf(tx)
    return gone
  }

  /** What the last of them is worth to keep: no more than the least that one before it offers, and nothing while there is a gap before it. */
  tailPrice(): bigint {
    return this.ready() === this.#txs.length ? (this.priceUpTo(Number.POSITIVE_INFINITY) ?? 0n) : 0n
  }

  /** The least that those below a nonce offer per gas. */
  priceUpTo(nonce: number): bigint | undefined {
    let least: bigint | undefined
    for (const { body } of this.#txs) {
      if (body.nonce >= nonce) break
      if (least === undefined || body.maxFeePerGas < least) least = body.maxFeePerGas
    }
    return least
  }
}
