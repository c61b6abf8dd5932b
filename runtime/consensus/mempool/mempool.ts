/**
 * Transactions that wait for a block (docs/spec/fees.md): all checked, the longest waiting first, bounded in number and bytes and per sender. One replaces another
 * of its nonce for a tenth more per gas; a full pool gives up the cheapest for who offers a tenth more; one that offers less than the base fee waits.
 */
import { byteString, limitError, LIMITS, UtnetError, type Account } from '../../core/index.ts'
import { reserveOf, type ChainTx } from '../tx/index.ts'
import { Cheapest } from './cheapest.ts'
import { Fates, type Dropped, type Fate } from './fates.ts'
import { SenderQueue } from './sender-queue.ts'

/** The state that the pool checks against: that of the head. */
export interface PoolView {
  /** Height of the next block. */
  readonly next: number
  /** `id` is the address as a key of maps, where it is at hand. */
  account(address: Uint8Array, id?: string): Account
}

/** Transactions, their bytes, and transactions of one sender. */
export type PoolLimits = Pick<Record<keyof typeof LIMITS, number>, 'mempoolTxs' | 'mempoolBytes' | 'mempoolPerSender'>

/** What takes another's place must offer this much per gas for each hundred that the other does. */
const OUTBID_PERCENT = 110n
/** How many a large transaction may push out. */
const EVICTED_AT_ONCE = 64

/** The least per gas that takes the place of what offers `price`. */
export function outbid(price: bigint): bigint {
  return price === 0n ? 1n : (price * OUTBID_PERCENT + 99n) / 100n
}

interface Waiting {
  readonly tx: ChainTx
  readonly queue: SenderQueue
}

interface Victim {
  readonly price: bigint
  readonly queue: SenderQueue
}

export class Mempool {
  readonly #limits: PoolLimits
  /** In order of arrival. */
  readonly #byId = new Map<string, Waiting>()
  readonly #queues = new Map<string, SenderQueue>()
  readonly #kinds = new Map<string, number>()
  /** By expiry height. */
  readonly #expiring = new Map<number, Set<ChainTx>>()
  readonly #cheapest = new Cheapest()
  readonly #fates = new Fates()
  #bytes = 0
  /** What expires below this height is gone. */
  #expired = 0

  constructor(limits: PoolLimits = LIMITS) {
    this.#limits = limits
  }

  get size(): number {
    return this.#byId.size
  }

  /** The waiting transaction of an id. */
  get(id: string): ChainTx | undefined {
    return this.#byId.get(id)?.tx
  }

  /** What waits of a sender, in order of nonce. */
  of(address: Uint8Array): readonly ChainTx[] {
    return this.#queues.get(byteString(address))?.txs ?? []
  }

  /** Why a transaction that waited is gone without a block; undefined for one that never waited, was in a block, or is long gone. */
  fate(id: string): UtnetError | undefined {
    return this.#fates.of(id)
  }

  /** The nonce that the sender's next transaction must have. */
  nextNonce(address: Uint8Array, account: Account): number {
    return account.nonce + (this.#queues.get(byteString(address))?.ready() ?? 0)
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
    const { expiry } = tx.body
    if (expiry < view.next)
      throw new UtnetError('tx_expired', `transaction ${tx.id} expired at height ${expiry}, the next block is ${view.next}`)
    const account = view.account(tx.address, tx.sender)
    const queue = this.#queues.get(tx.sender)
    const other = this.#checkNonce(tx, account, queue)
    const others = (queue?.reserve ?? 0n) - (other === undefined ? 0n : reserveOf(other))
    const need = reserveOf(tx)
    // as if all that wait cost the most they can
    const left = account.balance > others ? account.balance - others : 0n
    if (left < need) {
      throw new UtnetError(
        'tx_balance',
        `balance ${left}, without what waits already, is below the ${need} that the transaction can cost`,
        {
          used: need,
          allowed: left,
        },
      )
    }
    this.#victims(tx, other, queue ?? new SenderQueue(tx.address, account.nonce))
  }

  /** The transaction that this one would replace. */
  #checkNonce({ body: { nonce, maxFeePerGas } }: ChainTx, account: Account, queue: SenderQueue | undefined): ChainTx | undefined {
    // counted only for who is refused
    const next = (): number => account.nonce + (queue?.ready() ?? 0)
    if (nonce < account.nonce) {
      const expected = next()
      throw new UtnetError('tx_nonce', `nonce ${nonce} is not the sender's next, ${expected}`, { details: { expected, got: nonce } })
    }
    const other = queue?.of(nonce)
    if (other !== undefined) {
      const least = outbid(other.body.maxFeePerGas)
      if (maxFeePerGas >= least) return other
      const expected = next()
      throw new UtnetError('tx_nonce', `nonce ${nonce} is not the sender's next, ${expected}: transaction ${other.id} waits with it`, {
        hint: `to replace it, offer a max fee per gas of at least ${least}`,
        details: { expected, got: nonce, waiting: other.id.toString(), replacedAt: least.toString() },
      })
    }
    const { mempoolPerSender } = this.#limits
    if (nonce >= account.nonce + mempoolPerSender) {
      const waiting = queue?.txs.length ?? 0
      if (waiting >= mempoolPerSender)
        throw limitError('mempool_full', 'mempoolPerSender', waiting + 1, mempoolPerSender, 'waiting transactions of the sender')
      const expected = next()
      throw new UtnetError(
        'tx_nonce',
        `nonce ${nonce} is not the sender's next, ${expected}, nor among the ${mempoolPerSender} from ${account.nonce} on`,
        {
          details: { expected, got: nonce },
        },
      )
    }
    return undefined
  }

  /** Those that must go for this one; throws `mempool_full` when it does not offer enough. All that it took out of the heap is noted again. */
  #victims(tx: ChainTx, other: ChainTx | undefined, own: SenderQueue): readonly ChainTx[] {
    const { mempoolTxs, mempoolBytes } = this.#limits
    let count = this.#byId.size + (other === undefined ? 1 : 0)
    let bytes = this.#bytes + tx.wire.length - (other?.wire.length ?? 0)
    if (count <= mempoolTxs && bytes <= mempoolBytes) return []
    const full = (price: bigint | undefined): UtnetError => {
      const [name, used, allowed] =
        count > mempoolTxs ? (['mempoolTxs', count, mempoolTxs] as const) : (['mempoolBytes', bytes, mempoolBytes] as const)
      const error = limitError(
        'mempool_full',
        name,
        used,
        allowed,
        name === 'mempoolTxs' ? 'waiting transactions' : 'bytes of waiting transactions',
      )
      const hint =
        price === undefined
          ? 'try again after the next blocks'
          : `offer a max fee per gas of at least ${outbid(price)}, or try again after the next blocks`
      return new UtnetError('mempool_full', error.message, { hint, limit: name, used, allowed })
    }
    const offered = worthIn(own, tx)
    const taken: Victim[] = []
    const victims: ChainTx[] = []
    try {
      while (count > mempoolTxs || bytes > mempoolBytes) {
        const next = this.#cheapest.take()
        if (next === undefined) throw full(undefined)
        taken.push(next)
        if (offered < outbid(next.price) || victims.length >= EVICTED_AT_ONCE) throw full(next.price)
        // one's own place is no way in: it would only change the nonce that waits
        if (next.queue === own) continue
        const victim = next.queue.txs.at(-1) as ChainTx
        victims.push(victim)
        count--
        bytes -= victim.wire.length
      }
    } finally {
      for (const { queue } of taken) this.#note(queue)
    }
    return victims
  }

  #note(queue: SenderQueue): void {
    this.#cheapest.note(queue, this.#queues.values(), this.#queues.size)
  }

  /** Takes a transaction that was admitted just before, and whose signature is good. What has to go for it goes now. */
  add(tx: ChainTx, view: PoolView): void {
    const key = tx.sender
    const queue = this.#queues.get(key) ?? new SenderQueue(tx.address, view.account(tx.address, key).nonce)
    const other = queue.of(tx.body.nonce)
    for (const victim of this.#victims(tx, other, queue)) this.#remove(victim, { why: 'evicted' })
    if (other !== undefined) this.#remove(other, { why: 'replaced', by: tx.id })
    queue.put(tx)
    this.#queues.set(key, queue)
    this.#note(queue)
    this.#byId.set(tx.hash, { tx, queue })
    this.#fates.forget(tx.hash)
    this.#bytes += tx.wire.length
    this.#count(tx, 1)
    const { expiry } = tx.body
    const expiring = this.#expiring.get(expiry) ?? new Set()
    expiring.add(tx)
    this.#expiring.set(expiry, expiring)
  }

  #count(tx: ChainTx, by: 1 | -1): void {
    const { kind } = tx.body.payload
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + by)
  }

  /** Takes a transaction out; with a fate that is told to who asks. */
  #remove(tx: ChainTx, fate: Fate | undefined): Dropped[] {
    const id = tx.hash
    if (!this.#byId.delete(id)) return []
    this.#bytes -= tx.wire.length
    this.#count(tx, -1)
    const expiring = this.#expiring.get(tx.body.expiry)
    expiring?.delete(tx)
    if (expiring?.size === 0) this.#expiring.delete(tx.body.expiry)
    const queue = this.#queues.get(tx.sender)
    queue?.remove(tx)
    if (queue?.txs.length === 0) this.#queues.delete(tx.sender)
    else if (queue !== undefined) this.#note(queue)
    if (fate === undefined) return []
    const dropped = { tx, fate }
    this.#fates.note([dropped])
    return [dropped]
  }

  /**
   * The waiting transactions that can pay a base fee, the longest waiting first, each sender's in order of nonce: one that came before its predecessor comes
   * when that does. They stay until a block has them.
   */
  *take(baseFee = 0n): Generator<ChainTx> {
    const next = new Map<SenderQueue, number>()
    const passed = new Set<ChainTx>()
    for (const { tx, queue } of this.#byId.values()) {
      let nonce = next.get(queue) ?? queue.next
      if (tx.body.nonce !== nonce) {
        passed.add(tx)
        continue
      }
      for (let now: ChainTx | undefined = tx; now !== undefined && now.body.maxFeePerGas >= baseFee;) {
        yield now
        const behind: ChainTx | undefined = queue.of(++nonce)
        now = behind !== undefined && passed.has(behind) ? behind : undefined
      }
      next.set(queue, nonce)
    }
  }

  /** Removes a transaction and, because they can no longer come in order, those of its sender after it. Returns what was removed. */
  drop(id: string): readonly ChainTx[] {
    const waiting = this.#byId.get(id)
    if (waiting === undefined) return []
    const gone = waiting.queue.txs.filter((other) => other.body.nonce >= waiting.tx.body.nonce)
    for (const other of gone) this.#remove(other, undefined)
    return gone
  }

  /**
   * After a block: forgets what is in it and whatever can no longer stand in one. Looks at the senders of the block and at what expires, at nothing else: no
   * transaction takes from an account but its sender's. Returns what was dropped without a block.
   */
  committed(included: readonly ChainTx[], view: PoolView): readonly Dropped[] {
    const dropped: Dropped[] = []
    const bySender = new Map<string, ChainTx[]>()
    for (const tx of included) {
      const before = bySender.get(tx.sender)
      if (before === undefined) bySender.set(tx.sender, [tx])
      else before.push(tx)
    }
    for (const [key, own] of bySender) {
      const queue = this.#queues.get(key)
      if (queue === undefined) continue
      for (const tx of queue.settle(view.account(queue.address, key).nonce)) {
        const by = own.find((other) => other.body.nonce === tx.body.nonce)
        dropped.push(...this.#remove(tx, by?.hash === tx.hash ? undefined : { why: 'replaced', by: by?.id }))
      }
    }
    dropped.push(...this.#expire(view.next))
    for (const key of bySender.keys()) {
      const queue = this.#queues.get(key)
      if (queue === undefined) continue
      let left = view.account(queue.address, key).balance
      if (left < queue.reserve) {
        const unpaid = queue.txs.filter((tx) => {
          left -= reserveOf(tx)
          return left < 0n
        })
        for (const tx of unpaid) dropped.push(...this.#remove(tx, { why: 'unpaid' }))
      }
      this.#note(queue)
    }
    return dropped
  }

  #expire(next: number): Dropped[] {
    const dropped: Dropped[] = []
    const heights = next - this.#expired > this.#expiring.size ? [...this.#expiring.keys()] : range(this.#expired, next)
    for (const height of heights)
      if (height < next) for (const tx of this.#expiring.get(height) ?? []) dropped.push(...this.#remove(tx, { why: 'expired' }))
    this.#expired = next
    return dropped
  }
}

/** What keeping a transaction is worth: no more than what stands before it offers, and nothing behind a gap. */
function worthIn(queue: SenderQueue, tx: ChainTx): bigint {
  const { nonce, maxFeePerGas } = tx.body
  if (nonce > queue.next + queue.ready()) return 0n
  const before = queue.priceUpTo(nonce)
  return before === undefined || maxFeePerGas < before ? maxFeePerGas : before
}

function* range(from: number, to: number): Generator<number> {
  for (let n = from; n < to; n++) yield n
}
