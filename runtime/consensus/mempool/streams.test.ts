/** Ten thousand senders and a pool that is full: what it holds, gives up and hands out, against a plain account of it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byteString, LIMITS, toHex, type Account } from '../../core/index.ts'
import { seededRandom } from '../../kv/index.ts'
import type { ChainTx } from '../tx/index.ts'
import { Mempool, type PoolView } from './index.ts'
import { addressOf, codeOf, txOf } from './testing/txs.ts'

const SENDERS = 10_000
const MOST = 1_000
const PER_SENDER = 6
const STEPS = 20_000
const LITTLE = { ...LIMITS, mempoolTxs: MOST, mempoolPerSender: PER_SENDER }

interface Waits {
  readonly tx: ChainTx
  readonly sender: number
  readonly nonce: number
  readonly fee: number
  readonly expiry: number
}

const tenthMore = (price: number): number => (price === 0 ? 1 : Math.ceil((price * 11) / 10))

/** A pool told in numbers: who waits in order of arrival, and by sender and nonce. */
class PlainPool {
  readonly nonces = new Uint32Array(SENDERS)
  readonly waiting = new Map<string, Waits>()
  readonly #queues = new Map<number, Map<number, Waits>>()
  readonly #names: readonly string[] = Array.from({ length: SENDERS }, (_, n) => toHex(addressOf(n)))
  readonly #worth = new Map<number, number>()
  next = 1

  of(sender: number, nonce: number): Waits | undefined {
    return this.#queues.get(sender)?.get(nonce)
  }

  #ready(sender: number): number {
    let n = 0
    while (this.of(sender, (this.nonces[sender] as number) + n) !== undefined) n++
    return n
  }

  /** What a place is worth: the least of it and all before it, nothing behind a gap. */
  #upTo(sender: number, nonce: number, fee: number): number {
    let least = fee
    for (let n = this.nonces[sender] as number; n < nonce; n++) {
      const before = this.of(sender, n)
      if (before === undefined) return 0
      least = Math.min(least, before.fee)
    }
    return least
  }

  #tail(sender: number): Waits {
    return [...(this.#queues.get(sender)?.values() ?? [])].reduce((a, b) => (a.nonce > b.nonce ? a : b))
  }

  /** The cheapest last place, of another than `but`, and the cheapest of all. */
  #cheapest(but: number): readonly [number | undefined, number | undefined] {
    let [other, any]: [number | undefined, number | undefined] = [undefined, undefined]
    const less = (a: number, b: number | undefined): boolean => {
      if (b === undefined) return true
      const [x, y] = [this.#worth.get(a) as number, this.#worth.get(b) as number]
      return x < y || (x === y && (this.#names[a] as string) < (this.#names[b] as string))
    }
    for (const sender of this.#worth.keys()) {
      if (less(sender, any)) any = sender
      if (sender !== but && less(sender, other)) other = sender
    }
    return [other, any]
  }

  put(w: Waits): void {
    const queue = this.#queues.get(w.sender) ?? new Map<number, Waits>()
    this.#queues.set(w.sender, queue.set(w.nonce, w))
    this.waiting.set(w.tx.hash, w)
    this.moved(w.sender)
  }

  remove(w: Waits): void {
    this.waiting.delete(w.tx.hash)
    this.#queues.get(w.sender)?.delete(w.nonce)
    if (this.#queues.get(w.sender)?.size === 0) this.#queues.delete(w.sender)
    this.moved(w.sender)
  }

  moved(sender: number): void {
    if (this.#queues.has(sender)) {
      const tail = this.#tail(sender)
      this.#worth.set(sender, this.#upTo(sender, tail.nonce, tail.fee))
    } else this.#worth.delete(sender)
  }

  /** What becomes of one that is sent, and who goes for it. */
  submit(w: Waits): { readonly code: string; readonly gone: readonly Waits[] } {
    const { sender, nonce, fee } = w
    const no = (code: string) => ({ code, gone: [] })
    const first = this.nonces[sender] as number
    if (w.expiry < this.next) return no('tx_expired')
    if (nonce < first) return no('tx_nonce')
    const other = this.of(sender, nonce)
    if (other !== undefined && fee < tenthMore(other.fee)) return no('tx_nonce')
    if (other === undefined && nonce >= first + PER_SENDER)
      return no((this.#queues.get(sender)?.size ?? 0) >= PER_SENDER ? 'mempool_full' : 'tx_nonce')
    const gone: Waits[] = other === undefined ? [] : [other]
    if (other === undefined && this.waiting.size === MOST) {
      const offered = nonce > first + this.#ready(sender) ? 0 : this.#upTo(sender, nonce, fee)
      const [victim, any] = this.#cheapest(sender)
      for (const at of any === victim ? [victim] : [any, victim])
        if (at === undefined || offered < tenthMore(this.#worth.get(at) as number)) return no('mempool_full')
      gone.push(this.#tail(victim as number))
    }
    for (const one of gone) this.remove(one)
    this.put(w)
    return { code: 'taken', gone }
  }

  /** The longest waiting first; a predecessor brings those that came before it. */
  handedOut(baseFee: number): string[] {
    const out: string[] = []
    const [due, seen] = [new Map<number, number>(), new Set<Waits>()]
    for (const w of this.waiting.values()) {
      seen.add(w)
      for (;;) {
        const nonce = due.get(w.sender) ?? (this.nonces[w.sender] as number)
        const now = this.of(w.sender, nonce)
        if (now === undefined || !seen.has(now) || now.fee < baseFee) break
        out.push(now.tx.hash)
        due.set(w.sender, nonce + 1)
      }
    }
    return out
  }
}

test('W-SEQ-1 ten thousand senders and a pool that is full: it keeps its limits, gives up what is worth least and nothing else, and hands out in its order', () => {
  const seed = Number(process.env['SIM_SEED'] ?? 1 + Math.floor(Math.random() * 100_000))
  process.stdout.write(`SIM_SEED=${seed}\n`)
  const random = seededRandom(seed)
  const upTo = (n: number): number => Math.floor(random() * n)
  const plain = new PlainPool()
  const pool = new Mempool(LITTLE)
  const places = new Map(Array.from({ length: SENDERS }, (_, n) => [byteString(addressOf(n)), n]))
  const accountOf = (address: Uint8Array): Account => {
    const nonce = plain.nonces[places.get(byteString(address)) as number] as number
    return { nonce, balance: 10n ** 30n, bond: 0n, node: null }
  }
  const view = (): PoolView => ({ next: plain.next, account: accountOf })
  const ends = { taken: 0, evicted: 0, full: 0, replaced: 0, expired: 0, blocks: 0 }
  for (let step = 0; step < STEPS; step++) {
    if (random() < 0.004) {
      // at the fee of one that waits, or one more
      const some = [...plain.waiting.values()][upTo(plain.waiting.size)]
      const baseFee = (some?.fee ?? 1) + upTo(2)
      const order = plain.handedOut(baseFee)
      const block = [...pool.take(BigInt(baseFee))]
      expect(block.map((tx) => tx.hash)).toEqual(order)
      const most = block.slice(0, upTo(400))
      plain.next++
      for (const tx of most) {
        const w = plain.waiting.get(tx.hash) as Waits
        plain.nonces[w.sender] = w.nonce + 1
        plain.remove(w)
      }
      const late = [...plain.waiting.values()].filter(({ expiry }) => expiry < plain.next)
      for (const w of late) plain.remove(w)
      const dropped = pool.committed(most, view())
      expect(new Set(dropped.map(({ tx, fate }) => `${fate.why} ${tx.hash}`))).toEqual(new Set(late.map(({ tx }) => `expired ${tx.hash}`)))
      ends.blocks++
      ends.expired += late.length
      continue
    }
    // a few send much
    const sender = random() < 0.2 ? upTo(20) : upTo(SENDERS)
    const nonce = Math.max(0, (plain.nonces[sender] as number) + (random() < 0.5 ? 0 : upTo(PER_SENDER + 4) - 2))
    const fee = 1 + upTo(random() < 0.5 ? 60 : 2_000)
    const expiry = plain.next + upTo(80) - 1
    const tx = txOf({ sender, nonce, fee: BigInt(fee), expiry, value: BigInt(step) })
    const { code, gone } = plain.submit({ tx, sender, nonce, fee, expiry })
    const got = codeOf(() => {
      pool.admit(tx, view())
      pool.add(tx, view())
    })
    expect(`${step}: ${got}`).toBe(`${step}: ${code}`)
    expect(pool.size).toBe(plain.waiting.size)
    expect(pool.size).toBeLessThanOrEqual(MOST)
    for (const w of gone) expect([pool.get(w.tx.hash), pool.fate(w.tx.hash)?.code]).toEqual([undefined, 'tx_dropped'])
    if (code === 'taken') ends.taken++
    if (code === 'mempool_full') ends.full++
    for (const w of gone) ends[w.sender === sender && w.nonce === nonce ? 'replaced' : 'evicted']++
  }
  for (const w of plain.waiting.values()) expect(pool.get(w.tx.hash)).toBe(w.tx)
  // each of these was met
  for (const [what, count] of Object.entries(ends)) expect([what, count > 20]).toEqual([what, true])
})

test('W-SEQ-1 in whatever order transactions come that have all room, the same are handed out, each sender’s in order of nonce', () => {
  const tx = fc.record({ sender: fc.nat(5), nonce: fc.nat(7), fee: fc.integer({ min: 1, max: 9 }), key: fc.nat() })
  const list = fc.uniqueArray(tx, { selector: ({ sender, nonce }) => `${sender}/${nonce}`, maxLength: 40 })
  const rich: PoolView = { next: 1, account: () => ({ nonce: 0, balance: 10n ** 30n, bond: 0n, node: null }) }
  fc.assert(
    fc.property(list, fc.nat(10), (all, baseFee) => {
      const orders = [all, all.toReversed(), all.toSorted((a, b) => a.key - b.key)].map((order) => {
        const pool = new Mempool()
        for (const { sender, nonce, fee } of order) {
          const one = txOf({ sender, nonce, fee: BigInt(fee), expiry: 9, value: 0n })
          pool.admit(one, rich)
          pool.add(one, rich)
        }
        const bySender = Map.groupBy([...pool.take(BigInt(baseFee))], ({ sender }) => sender)
        return new Map([...bySender].map(([sender, txs]) => [sender, txs.map(({ body }) => body.nonce)]))
      })
      for (const order of orders) {
        expect(order).toEqual(orders[0])
        for (const nonces of order.values()) expect(nonces).toEqual(nonces.map((_, i) => i))
      }
    }),
  )
})
