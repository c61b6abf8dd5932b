import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LIMITS, toHex, type Account } from '../../core/index.ts'
import { reserveOf, type ChainTx } from '../tx/index.ts'
import { Mempool, outbid, type PoolLimits, type PoolView } from './index.ts'
import { addressOf, codeOf, txOf, type Wanted } from './testing/txs.ts'

const NOBODY = new Uint8Array(20)

const id = (tx: ChainTx): string => tx.id.toString()

interface AccountRow {
  nonce: number
  balance: bigint
}

/** The same pool in its plainest form: one list in order of arrival, and every rule a look at all of it. */
class PlainPool {
  list: ChainTx[] = []
  fates = new Map<string, string>()
  readonly limits: PoolLimits
  readonly accounts: readonly AccountRow[]
  next = 1

  constructor(limits: PoolLimits, accounts: readonly AccountRow[]) {
    this.limits = limits
    this.accounts = accounts
  }

  of(sender: number): ChainTx[] {
    return this.list.filter((tx) => toHex(tx.address) === toHex(addressOf(sender))).sort((a, b) => a.body.nonce - b.body.nonce)
  }

  senderOf(tx: ChainTx): number {
    return this.accounts.findIndex((_, i) => toHex(addressOf(i)) === toHex(tx.address))
  }

  nextNonce(sender: number): number {
    let nonce = (this.accounts[sender] as AccountRow).nonce
    while (this.of(sender).some((tx) => tx.body.nonce === nonce)) nonce++
    return nonce
  }

  /** What a place in a sender's queue is worth: the least of all up to it, nothing behind a gap. */
  worth(sender: number, txs: readonly ChainTx[], upTo: number): bigint {
    const { nonce } = this.accounts[sender] as AccountRow
    const fees: bigint[] = []
    for (let n = nonce; n <= upTo; n++) {
      const tx = txs.find((t) => t.body.nonce === n)
      if (tx === undefined) return 0n
      fees.push(tx.body.maxFeePerGas)
    }
    return fees.reduce((a, b) => (a < b ? a : b))
  }

  submit(tx: ChainTx): string {
    const sender = this.senderOf(tx)
    const account = this.accounts[sender] as AccountRow
    const own = this.of(sender)
    const { nonce, expiry, maxFeePerGas } = tx.body
    if (expiry < this.next) return 'tx_expired'
    if (nonce < account.nonce) return 'tx_nonce'
    const other = own.find((t) => t.body.nonce === nonce)
    if (other !== undefined && maxFeePerGas * 100n < other.body.maxFeePerGas * 110n) return 'tx_nonce'
    if (other === undefined && nonce >= account.nonce + this.limits.mempoolPerSender)
      return own.length >= this.limits.mempoolPerSender ? 'mempool_full' : 'tx_nonce'
    const rest = own.filter((t) => t !== other)
    if ([...rest, tx].reduce((sum, t) => sum + reserveOf(t), 0n) > account.balance) return 'tx_balance'
    const kept = this.list.filter((t) => t !== other)
    const offered = this.worth(sender, [...rest, tx], nonce)
    const victims: ChainTx[] = []
    const tails = this.accounts
      .map((_, s) => ({ s, txs: this.of(s) }))
      .filter(({ txs }) => txs.length > 0)
      .map(({ s, txs }) => ({ s, tx: txs.at(-1) as ChainTx, price: this.worth(s, txs, (txs.at(-1) as ChainTx).body.nonce) }))
      .sort((a, b) => (a.price === b.price ? (toHex(addressOf(a.s)) < toHex(addressOf(b.s)) ? -1 : 1) : a.price < b.price ? -1 : 1))
    const size = (list: readonly ChainTx[]): number => list.reduce((n, t) => n + t.wire.length, tx.wire.length)
    const left = (): ChainTx[] => kept.filter((t) => !victims.includes(t))
    while (left().length + 1 > this.limits.mempoolTxs || size(left()) > this.limits.mempoolBytes) {
      const cheapest = tails.shift()
      if (cheapest === undefined || offered === 0n || offered * 100n < cheapest.price * 110n) return 'mempool_full'
      if (cheapest.s !== sender) victims.push(cheapest.tx)
    }
    this.list = [...left(), tx]
    for (const victim of victims) this.fates.set(id(victim), 'tx_dropped')
    if (other !== undefined) this.fates.set(id(other), 'tx_dropped')
    this.fates.delete(id(tx))
    return 'taken'
  }

  /** The longest waiting first, but each sender's in order of nonce; a predecessor brings those that came before it. */
  take(baseFee: bigint): ChainTx[] {
    const out: ChainTx[] = []
    const due = this.accounts.map((a) => a.nonce)
    const seen = new Set<ChainTx>()
    for (const tx of this.list) {
      seen.add(tx)
      const sender = this.senderOf(tx)
      for (;;) {
        const now = this.of(sender).find((t) => t.body.nonce === due[sender])
        if (now === undefined || !seen.has(now) || now.body.maxFeePerGas < baseFee) break
        out.push(now)
        due[sender] = (due[sender] as number) + 1
      }
    }
    return out
  }

  /** A block of these was final. */
  commit(block: readonly ChainTx[]): void {
    this.next++
    for (const tx of block) {
      const account = this.accounts[this.senderOf(tx)] as AccountRow
      account.nonce = tx.body.nonce + 1
      account.balance -= reserveOf(tx)
    }
    const drop = (tx: ChainTx, code: string): void => {
      this.list = this.list.filter((t) => t !== tx)
      this.fates.set(id(tx), code)
    }
    for (const tx of this.list) {
      if (tx.body.nonce >= (this.accounts[this.senderOf(tx)] as AccountRow).nonce) continue
      drop(tx, 'tx_dropped')
      if (block.some((b) => id(b) === id(tx))) this.fates.delete(id(tx))
    }
    for (const tx of this.list) if (tx.body.expiry < this.next) drop(tx, 'tx_expired')
    for (const [s, account] of this.accounts.entries()) {
      let left = account.balance
      for (const tx of this.of(s)) {
        left -= reserveOf(tx)
        if (left < 0n) drop(tx, 'tx_dropped')
      }
    }
  }
}

const SENDERS = 4
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('submit' as const),
      sender: fc.nat(SENDERS - 1),
      ahead: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.integer({ min: -2, max: 5 }) }),
      fee: fc.integer({ min: 1, max: 30 }),
      lives: fc.integer({ min: -1, max: 5 }),
      value: fc.nat(60),
      data: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 400 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('block' as const), most: fc.nat(4), baseFee: fc.nat(12) }) },
  // of another proposer, who knows transactions that this pool does not
  { weight: 1, arbitrary: fc.record({ op: fc.constant('foreign' as const), sender: fc.nat(SENDERS - 1) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('drop' as const), which: fc.nat(9) }) },
)
const LITTLE: PoolLimits = { mempoolTxs: 8, mempoolBytes: 2_500, mempoolPerSender: 4 }

test('W-SEQ-1 the pool agrees with a plain one: what it takes, gives up, drops and why, and in which order it hands out', () => {
  const seen = new Set<string>()
  fc.assert(
    // as long as it may be: of short ones no sender's queue ever costs more than its balance
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const accounts: AccountRow[] = Array.from({ length: SENDERS }, (_, i) => ({ nonce: i, balance: 150n + 150n * BigInt(i) }))
      const plain = new PlainPool(LITTLE, accounts)
      const pool = new Mempool(LITTLE)
      const accountOf = (address: Uint8Array): Account => {
        const { nonce, balance } = accounts.find((_, i) => toHex(addressOf(i)) === toHex(address)) as AccountRow
        return { nonce, balance, bond: 0n, node: null }
      }
      const view = (): PoolView => ({ next: plain.next, account: accountOf })
      const known = new Map<string, ChainTx>()
      for (const s of steps) {
        if (s.op === 'submit') {
          const nonce = Math.max(0, plain.nextNonce(s.sender) + s.ahead)
          const tx = txOf({
            sender: s.sender,
            nonce,
            fee: BigInt(s.fee),
            expiry: Math.max(0, plain.next + s.lives),
            value: BigInt(s.value),
            data: s.data,
          })
          if (pool.get(id(tx)) !== undefined) continue
          known.set(id(tx), tx)
          const code = codeOf(() => {
            pool.admit(tx, view())
            pool.add(tx, view())
          })
          seen.add(code)
          expect(code).toBe(plain.submit(tx))
        } else if (s.op === 'drop') {
          const tx = plain.list[s.which]
          if (tx === undefined) continue
          const gone = plain.of(plain.senderOf(tx)).filter((t) => t.body.nonce >= tx.body.nonce)
          expect(pool.drop(id(tx)).map(id)).toEqual(gone.map(id))
          plain.list = plain.list.filter((t) => !gone.includes(t))
        } else {
          const nonce = s.op === 'foreign' ? (accounts[s.sender] as AccountRow).nonce : 0
          const block =
            s.op === 'block'
              ? [...pool.take(BigInt(s.baseFee))].slice(0, s.most)
              : (accounts[s.sender] as AccountRow).balance < 40n
                ? []
                : [txOf({ sender: s.sender, nonce, fee: 7n, expiry: 1_000, value: 33n })]
          plain.commit(block)
          const waited = [...known.values()].filter((tx) => pool.get(id(tx)) !== undefined)
          const dropped = pool.committed(block, view())
          const gone = waited.filter((tx) => pool.get(id(tx)) === undefined && !block.some((b) => id(b) === id(tx)))
          expect(new Set(dropped.map(({ tx }) => id(tx)))).toEqual(new Set(gone.map(id)))
        }
        for (const baseFee of [0n, 9n]) expect([...pool.take(baseFee)].map(id)).toEqual(plain.take(baseFee).map(id))
        expect(pool.size).toBe(plain.list.length)
        for (const tx of plain.list) expect(pool.get(id(tx))).toBe(tx)
        for (let i = 0; i < SENDERS; i++) expect(pool.nextNonce(addressOf(i), accountOf(addressOf(i)))).toBe(plain.nextNonce(i))
        for (const tx of known.values()) expect(pool.fate(id(tx))?.code).toBe(plain.fates.get(id(tx)))
        expect(pool.holds('custom')).toBe(plain.list.some((tx) => tx.body.payload.kind === 'custom'))
      }
    }),
    { numRuns: 60 },
  )
  expect([...seen].sort()).toEqual(['mempool_full', 'taken', 'tx_balance', 'tx_expired', 'tx_nonce'])
})

const rich: PoolView = { next: 1, account: () => ({ nonce: 0, balance: 10n ** 30n, bond: 0n, node: null }) }
const put = (pool: Mempool, wanted: Partial<Wanted>): ChainTx => {
  const tx = txOf({ sender: 0, nonce: 0, fee: 100n, expiry: 9, value: 0n, ...wanted })
  pool.admit(tx, rich)
  pool.add(tx, rich)
  return tx
}

test('the limits hold: one more than each is refused, and says what would be taken', () => {
  const senders = new Mempool()
  for (let nonce = 0; nonce < LIMITS.mempoolPerSender; nonce++) put(senders, { nonce })
  expect(() => put(senders, { nonce: LIMITS.mempoolPerSender })).toThrow(
    expect.objectContaining({ code: 'mempool_full', limit: 'mempoolPerSender', used: LIMITS.mempoolPerSender + 1 }) as Error,
  )
  // with a gap before it, it is too far ahead
  expect(() => put(senders, { sender: 1, nonce: LIMITS.mempoolPerSender })).toThrow(
    expect.objectContaining({ code: 'tx_nonce', details: { expected: 0, got: LIMITS.mempoolPerSender } }) as Error,
  )
  put(senders, { sender: 1, nonce: LIMITS.mempoolPerSender - 1 })

  const few = { ...LIMITS, mempoolTxs: 3 }
  const full = new Mempool(few)
  for (let sender = 0; sender < few.mempoolTxs; sender++) put(full, { sender })
  expect(() => put(full, { sender: 9, fee: 109n })).toThrow(
    expect.objectContaining({
      code: 'mempool_full',
      limit: 'mempoolTxs',
      used: 4,
      hint: expect.stringContaining('110') as string,
    }) as Error,
  )
  put(full, { sender: 9, fee: 110n })
  expect(full.size).toBe(3)

  const one = txOf({ sender: 0, nonce: 0, fee: 100n, expiry: 9, value: 0n, data: 300 }).wire.length
  const bytes = new Mempool({ ...LIMITS, mempoolBytes: 2 * one })
  for (const sender of [0, 1]) put(bytes, { sender, data: 300 })
  expect(() => put(bytes, { sender: 2, data: 300 })).toThrow(
    expect.objectContaining({ code: 'mempool_full', limit: 'mempoolBytes', used: 3 * one, allowed: 2 * one }) as Error,
  )
  expect(bytes.size).toBe(2)
})

test('a full pool cannot be closed by dust: who offers a tenth more gets in, and dust behind gaps goes first', () => {
  const few = { ...LIMITS, mempoolTxs: 40 }
  const pool = new Mempool(few)
  for (let sender = 0; sender < 20; sender++) for (const nonce of [0, sender < 5 ? 2 : 1]) put(pool, { sender, nonce })
  const gaps = Array.from({ length: 5 }, (_, i) => put(pool, { sender: 50 + i, fee: 1n + BigInt(i) * 200n + 110n }))
  expect(pool.size).toBe(few.mempoolTxs)
  // those behind a gap are worth nothing, whatever they offer
  for (let sender = 0; sender < 5; sender++) expect(pool.nextNonce(addressOf(sender), rich.account(NOBODY))).toBe(1)
  for (let sender = 0; sender < 5; sender++)
    expect([...pool.take()].filter((tx) => toHex(tx.address) === toHex(addressOf(sender)))).toHaveLength(1)
  for (const tx of gaps) expect(pool.get(id(tx))).toBe(tx)
  for (let i = 0; i < 35; i++) put(pool, { sender: 100 + i, fee: 1_000n })
  expect([...pool.take()].filter((tx) => tx.body.maxFeePerGas >= 111n)).toHaveLength(40)
  // a place behind a gap, or behind a cheap one of one's own, is no way in, not even for others of that kind
  expect(codeOf(() => put(pool, { sender: 200, nonce: 1, fee: 10n ** 9n }))).toBe('mempool_full')
  expect(codeOf(() => put(pool, { sender: 50, nonce: 1, fee: 10n ** 9n }))).toBe('mempool_full')
  const behind = new Mempool({ ...LIMITS, mempoolTxs: 1 })
  put(behind, { nonce: 1 })
  expect(codeOf(() => put(behind, { sender: 1, nonce: 1, fee: 10n ** 9n }))).toBe('mempool_full')
  put(behind, { sender: 1, fee: 1n })
})

test('what is left of a queue counts by its new last place, whoever took the old one out', () => {
  const pool = new Mempool({ ...LIMITS, mempoolTxs: 3 })
  const [left, gone] = [0, 1].map((nonce) => put(pool, { nonce, fee: 10n })) as [ChainTx, ChainTx]
  put(pool, { sender: 1, fee: 5n })
  // the cheapest goes, the others are in order
  const next = put(pool, { sender: 2, fee: 30n })
  pool.drop(id(gone))
  put(pool, { sender: 3, fee: 40n })
  put(pool, { sender: 4, fee: 50n })
  expect([left, next].map((tx) => pool.get(id(tx)))).toEqual([undefined, next])
})

test('who offers a tenth more replaces the transaction of a nonce; the one replaced is told', () => {
  const pool = new Mempool()
  const first = put(pool, { fee: 101n })
  put(pool, { nonce: 1 })
  expect(outbid(101n)).toBe(112n)
  expect(() => put(pool, { fee: 111n })).toThrow(
    expect.objectContaining({
      code: 'tx_nonce',
      hint: 'to replace it, offer a max fee per gas of at least 112',
      details: { expected: 2, got: 0, waiting: id(first), replacedAt: '112' },
    }) as Error,
  )
  const second = put(pool, { fee: 112n })
  expect([pool.size, pool.get(id(first))]).toEqual([2, undefined])
  expect(pool.fate(id(first))).toMatchObject({ code: 'tx_dropped', details: { reason: 'replaced', by: id(second) } })
  expect(pool.fate(id(second))).toBeUndefined()
})

test('what became of a transaction is remembered for as many as the limit says', () => {
  const pool = new Mempool()
  const many = LIMITS.mempoolRemembered + 1
  const gone = Array.from({ length: many }, (_, sender) => ({
    sender,
    tx: txOf({ sender: sender % 250, nonce: 0, fee: 1n, expiry: 1, value: BigInt(sender) }),
  }))
  for (let from = 0; from < many; from += 250) {
    const next = 1 + from / 250
    const part = gone.slice(from, from + 250).map(({ tx, sender }) => ({ sender, tx: { ...tx, body: { ...tx.body, expiry: next } } }))
    for (const { tx } of part) pool.add(tx, rich)
    expect(pool.committed([], { ...rich, next: next + 1 })).toHaveLength(part.length)
  }
  expect(pool.size).toBe(0)
  expect(pool.fate(id((gone[0] as { tx: ChainTx }).tx))).toBeUndefined()
  expect(pool.fate(id((gone[1] as { tx: ChainTx }).tx))?.code).toBe('tx_expired')
})
