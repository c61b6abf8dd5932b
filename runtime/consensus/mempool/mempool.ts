/** Transactions that wait for a block: all checked, in order of arrival, bounded in all and per sender. */
import { limitError, LIMITS, toHex, type Account, type Params } from '../../core/index.ts'
import { checkAgainst, reserveOf, type ChainTx } from '../tx/index.ts'

/** The state that the pool checks against: that of the head. */
export interface PoolView {
  /** Height of the next block. */
  readonly next: number
  account(address: Uint8Array): Account
}

interface Queue {
  readonly address: Uint8Array
  /** In order of nonce, without gaps, from the account's next. */
  txs: ChainTx[]
  /** The most that all of them can take. */
  reserve: bigint
}

export class Mempool {
  readonly #params: Params
  readonly #byId = new Map<string, ChainTx>()
  readonly #queues = new Map<string, Queue>()
  readonly #kinds = new Map<string, number>()

  constructor(params: Params) {
    this.#params = params
  }

  get size(): number {
    return this.#byId.size
  }

  /** The waiting transaction of an id. */
  get(id: string): ChainTx | undefined {
    return this.#byId.get(id)
  }

  /** The nonce that the sender's next transaction must have. */
  nextNonce(address: Uint8Array, account: Account): number {
    return account.nonce + (this.#queues.get(toHex(address))?.txs.length ?? 0)
  }

  /** True when a waiting transaction is of this kind. */
  holds(kind: string): boolean {
    return (this.#kinds.get(kind) ?? 0) > 0
  }

  /**
   * Throws `mempool_full`, `tx_nonce`, `tx_expired` or `tx_balance` unless the pool would take the transaction.
   * Called before its signature is checked, which costs more than all else.
   */
  admit(tx: ChainTx, view: PoolView): void {
    if (this.#byId.size >= LIMITS.mempoolTxs)
      throw limitError('mempool_full', 'mempoolTxs', this.#byId.size + 1, LIMITS.mempoolTxs, 'waiting transactions')
    const queue = this.#queues.get(toHex(tx.address))
    const waiting = queue?.txs.length ?? 0
    if (waiting >= LIMITS.mempoolPerSender) {
      throw limitError('mempool_full', 'mempoolPerSender', waiting + 1, LIMITS.mempoolPerSender, 'waiting transactions of the sender')
    }
    const account = view.account(tx.address)
    // as if all that wait before it had stood in blocks and cost the most they can
    const left = account.balance - (queue?.reserve ?? 0n)
    checkAgainst(tx, { ...account, nonce: account.nonce + waiting, balance: left > 0n ? left : 0n }, view.next, this.#params)
  }

  /** Takes a transaction that was admitted and whose signature is good. */
  add(tx: ChainTx): void {
    const key = toHex(tx.address)
    const queue = this.#queues.get(key) ?? { address: tx.address, txs: [], reserve: 0n }
    queue.txs.push(tx)
    queue.reserve += reserveOf(tx, this.#params)
    this.#queues.set(key, queue)
    this.#byId.set(tx.id.toString(), tx)
    this.#count(tx, 1)
  }

  #count(tx: ChainTx, by: 1 | -1): void {
    const { kind } = tx.body.payload
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + by)
  }

  #forget(tx: ChainTx): void {
    if (this.#byId.delete(tx.id.toString())) this.#count(tx, -1)
  }

  /** The waiting transactions in order of arrival. They stay until a block has them. */
  take(): Iterable<ChainTx> {
    return this.#byId.values()
  }

  /** Removes a transaction and, because they can no longer come in order, those of its sender after it. Returns what was removed. */
  drop(id: string): readonly ChainTx[] {
    const tx = this.#byId.get(id)
    if (tx === undefined) return []
    const queue = this.#queues.get(toHex(tx.address)) as Queue
    return this.#cut(queue, queue.txs.indexOf(tx))
  }

  #cut(queue: Queue, from: number): readonly ChainTx[] {
    const gone = queue.txs.splice(from)
    for (const tx of gone) {
      queue.reserve -= reserveOf(tx, this.#params)
      this.#forget(tx)
    }
    if (queue.txs.length === 0) this.#queues.delete(toHex(queue.address))
    return gone
  }

  /** After a block: forgets what is in it and whatever can no longer stand in the next one. Returns what was dropped without a block. */
  committed(included: readonly ChainTx[], view: PoolView): readonly ChainTx[] {
    const dropped: ChainTx[] = []
    const touched = new Set<string>()
    for (const tx of included) touched.add(toHex(tx.address))
    for (const [key, queue] of this.#queues) {
      const expired = queue.txs.findIndex((tx) => tx.body.expiry < view.next)
      if (expired >= 0) dropped.push(...this.#cut(queue, expired))
      if (touched.has(key)) dropped.push(...this.#review(queue, view))
    }
    const inBlock = new Set(included.map((tx) => tx.id.toString()))
    return dropped.filter((tx) => !inBlock.has(tx.id.toString()))
  }

  #review(queue: Queue, view: PoolView): readonly ChainTx[] {
    const account = view.account(queue.address)
    const before = queue.txs
    const kept = before.filter((tx) => tx.body.nonce >= account.nonce)
    for (const tx of before) if (tx.body.nonce < account.nonce) this.#forget(tx)
    queue.txs = []
    queue.reserve = 0n
    let balance = account.balance
    let good = kept[0]?.body.nonce === account.nonce
    for (const tx of kept) {
      const reserve = reserveOf(tx, this.#params)
      good &&= balance >= reserve
      if (!good) {
        this.#forget(tx)
        continue
      }
      balance -= reserve
      queue.txs.push(tx)
      queue.reserve += reserve
    }
    if (queue.txs.length === 0) this.#queues.delete(toHex(queue.address))
    return before.filter((tx) => !queue.txs.includes(tx))
  }
}
