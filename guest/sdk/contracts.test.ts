import { beforeAll, expect, test } from 'vitest'
import {
  cidOf,
  decodeReceipt,
  LIMITS,
  openingDigest,
  callOutputOpening,
  callSalt,
  RAW,
  saltOf,
  utf8,
  type CallBody,
} from '../../runtime/core/index.ts'
import { changesRoot, type TxOutcome } from '../../runtime/consensus/index.ts'
import { encodeEvent, eventLeaf, merkleRoot } from '../../runtime/core/index.ts'
import { ALICE, BOB, contractChain, textOf, type ContractChain } from './testing/chain.ts'

const LEDGER = `
import { Amount, StorageMap, StorageValue, context, emit, require } from '@utnet/sdk'
const balances = new StorageMap<string, Amount>('balances')
const touched = new StorageValue<u32>('touched')
@event class Moved { constructor(public from: string, public to: string, public amount: Amount) {} }
export class Line { constructor(public name: string, public amount: Amount, public note: string | null) {} }
export function mint(to: string, amount: Amount): void { balances.add(to, amount) }
export function transfer(to: string, amount: Amount): void { balances.sub(context.caller(), amount); balances.add(to, amount); emit(new Moved(context.caller(), to, amount)) }
export function balance(account: string): Amount { return balances.get(account) }
export function who(): string { return [context.caller(), context.signer(), context.contract(), context.owner(), context.version().toString()].join(' ') }
export function refuse(why: string): void { touched.set(7); emit(new Moved('', '', Amount.ZERO)); require(false, why) }
export function crash(): void { touched.set(8); unreachable() }
export function spin(): void { touched.set(9); while (true) {} }
export function mark(n: u32): u32 { const before = touched.get(); touched.set(n); return before }
export function echo(line: Line, list: Array<i64>, data: Uint8Array, flag: bool, ratio: f64): Line { return new Line(line.name + list.length.toString() + data.length.toString() + ratio.toString(), line.amount, flag ? line.note : null) }
`

const SHOP = `
import { Amount, Attempt, Contract, Nothing, Reason, StorageValue, context, emit } from '@utnet/sdk'
@data class Line { constructor(public name: string, public amount: Amount, public note: string | null) {} }
declare class Ledger extends Contract {
  transfer(to: string, amount: Amount): void
  balance(account: string): Amount
  who(): string
  refuse(why: string): Attempt<Nothing>
  crash(): Attempt<Nothing>
  spin(): Attempt<Nothing>
  mark(n: u32): u32
  echo(line: Line, list: Array<i64>, data: Uint8Array, flag: bool, ratio: f64): Line
  missing(): Attempt<Nothing>
  migrate(from: u32): Attempt<Nothing>
}
declare class Wrong extends Contract { balance(account: u64): Attempt<Amount>; mark(n: u32): string }
declare class Shop extends Contract { buy(at: string, price: Amount): void; loop(at: string): Attempt<string>; deeper(n: u32): Attempt<u32>; tryLoop(): Attempt<string> }
const sold = new StorageValue<u32>('sold')
@event class Sold { constructor(public price: Amount) {} }
export function buy(at: string, price: Amount): Amount {
  const ledger = new Ledger(at)
  ledger.transfer(context.signer(), price)
  sold.add(1)
  emit(new Sold(price))
  return ledger.balance(context.contract())
}
export function ask(at: string): string { return new Ledger(at).who() }
export function balanceAt(at: string, account: string): Amount { return new Ledger(at).balance(account) }
export function round(at: string): string {
  const line = new Ledger(at).echo(new Line('n', Amount.of(7), 'x'), [-1, 5], new Uint8Array(3), true, 0.25)
  const note = line.note
  return line.name + line.amount.toString() + (note === null ? 'null' : note)
}
function told(a: Attempt<Nothing>): string { return a.isOk ? 'ok' : (<i32>a.reason).toString() + ' ' + a.error }
export function tryRefuse(at: string): string { sold.add(1); return told(new Ledger(at).refuse('no, thanks')) }
export function tryLong(at: string, n: i32): string { return told(new Ledger(at).refuse('x'.repeat(n))) }
export function tryCrash(at: string, gas: u64): string { return told(new Ledger(at, gas).crash()) }
export function trySpin(at: string, gas: u64): string { return told(new Ledger(at, gas).spin()) }
export function tryMissing(at: string): string { return told(new Ledger(at).missing()) }
export function tryMigrate(at: string): string { return told(new Ledger(at).migrate(0)) }
export function tryWrong(at: string): string { const a = new Wrong(at).balance(5); return a.isOk ? 'ok' : (<i32>a.reason).toString() }
export function misread(at: string): string { return new Wrong(at).mark(1) }
export function fail(at: string): void { sold.add(1); new Ledger(at).transfer('nobody', Amount.unc(1)) }
export function markAround(at: string): u32 { const ledger = new Ledger(at); ledger.mark(5); ledger.refuse('x'); return ledger.mark(6) }
export function markThenCrash(at: string): u32 { const ledger = new Ledger(at); ledger.mark(9); ledger.crash(); return 0 }
export function loop(at: string): string { const a = new Shop(at).loop(at); return a.isOk ? 'entered' : (<i32>a.reason).toString() + ' ' + a.error }
export function tryLoop(): string { return loop(context.contract()) }
export function pingPong(other: string): string { const a = new Shop(other).loop(context.contract()); return a.isOk ? a.value : 'failed' }
`

/** A row of contracts that each call the next one. */
const LINK = `
import { Attempt, Contract } from '@utnet/sdk'
declare class Next extends Contract { deeper(n: u32): Attempt<u32> }
export function deeper(n: u32): u32 {
  const a = new Next('link-' + (n + 1).toString()).deeper(n + 1)
  return a.isOk ? a.value : n * 100 + <u32>a.reason
}`

let c: ContractChain
let shop: string
beforeAll(async () => {
  c = await contractChain()
  for (const [name, text] of [['ledger', LEDGER], ['shop', SHOP]] as const) expect(await c.publish(name, text)).toMatchObject({ status: 'ok' }) // oxfmt-ignore
  shop = c.address('shop')
  await c.ok('ledger', 'mint', shop, '1000')
}, 60_000)

const bodyOf = (outcome: TxOutcome): CallBody => decodeReceipt(c.chain.receiptAt(outcome.receipt as never).bodyBytes) as CallBody
const NO_CHANGES = merkleRoot([])

test('a contract calls another by name or address: its caller is the contract, its signer who signed, and all is in one receipt', async () => {
  const before = c.chain.head().header.height
  const outcome = await c.call('shop', 'buy', ['ledger', '400'], BOB)
  expect(outcome).toMatchObject({ status: 'ok', result: '600' })
  expect(outcome.events.map((e) => e.name)).toEqual(['Moved', 'Sold'])
  expect(await c.ask('ledger', 'balance', textOf(BOB))).toBe('400')
  const body = bodyOf(outcome)
  expect(body.entry).toBe('buy')
  expect(body.events).toEqual(merkleRoot(outcome.events.map(encodeEvent)))
  // the output binds the changes of both contracts
  const { witness } = c.notes.at(-1) as (typeof c.notes)[number]
  expect(body.output).toEqual(openingDigest('output', saltOf(callSalt(outcome.id), 'output'), callOutputOpening('600', witness.changes)))
  expect(witness.changes).not.toEqual(NO_CHANGES)
  expect(witness.callees).toMatchObject([{ asked: ['ledger'], contract: c.address('ledger'), version: 1 }])
  expect(witness.callees[0]?.reads).toHaveLength(2)
  const { header } = c.chain.headerAt(before + 1)
  expect(header.eventRoot).toEqual(merkleRoot(outcome.events.map((event) => eventLeaf(outcome.id, event))))
  expect(await c.ok('shop', 'ask', c.address('ledger'))).toBe([shop, textOf(ALICE), c.address('ledger'), textOf(ALICE), '1'].join(' '))
})

test('records, lists, bytes, floats and options go there and back', async () => {
  expect(await c.ok('shop', 'round', 'ledger')).toBe('n230.257x')
})

test('a callee that fails leaves nothing, and its caller goes on with the reason', async () => {
  await c.ok('ledger', 'mark', 1)
  expect(await c.ok('shop', 'try-refuse', 'ledger')).toBe('4 no, thanks')
  expect(await c.ok('shop', 'try-crash', 'ledger', 5_000_000)).toBe('5 ledger trapped')
  expect(await c.ok('shop', 'try-spin', 'ledger', 5_000_000)).toBe('6 ledger ran out of gas')
  expect(await c.ok('ledger', 'mark', 2)).toBe(1)
  // what a failing one changed is gone, what another call changed before it stays
  expect(await c.ok('shop', 'mark-around', 'ledger')).toBe(5)
  expect(await c.ok('ledger', 'mark', 1)).toBe(6)
  expect(await c.call('shop', 'mark-then-crash', ['ledger'])).toMatchObject({ status: 'out-of-gas' })
  expect(await c.ok('ledger', 'mark', 1)).toBe(1)
})

test('without an attempt the failure of the callee is the failure of the caller', async () => {
  const outcome = await c.call('shop', 'fail', ['ledger'])
  expect(outcome).toMatchObject({ status: 'refused', message: 'ledger transfer: insufficient: 600 - 1000000000000000000', events: [] })
  expect((c.notes.at(-1) as (typeof c.notes)[number]).witness.changes).toEqual(NO_CHANGES)
})

test('what is not there, what does not fit and the hooks of another contract are refused with a reason', async () => {
  expect(await c.ok('shop', 'try-missing', 'nothing-here')).toBe('0 no contract is nothing-here')
  expect(await c.ok('shop', 'try-missing', 'ledger')).toBe('0 ledger has no export missing')
  expect(await c.ok('shop', 'try-missing', '')).toBe('0 no contract is ')
  expect(await c.ok('shop', 'try-missing', 'x'.repeat(5_000))).toBe(`0 no contract is ${'x'.repeat(63)}`)
  expect(await c.ok('shop', 'try-migrate', 'ledger')).toBe('0 ledger has no export migrate')
  expect(await c.ok('shop', 'try-wrong', 'ledger')).toBe('3')
  expect(await c.call('shop', 'misread', ['ledger'])).toMatchObject({
    status: 'refused',
    message: 'the bytes are not of the type that is read',
  })
})

test("U4.3-GAS-1: a callee gets at most what its caller gives it, and what it used is the caller's to pay", async () => {
  const { gas: few } = await c.call('shop', 'try-crash', ['ledger', 1_000_000])
  const { gas: many } = await c.call('shop', 'try-crash', ['ledger', 6_000_000])
  // the wire bytes of the larger number apart
  expect(Number(many - few) - 5_000_000).toBeLessThan(1_000)
  const all = await c.call('shop', 'try-spin', ['ledger', 2n ** 63n], ALICE, 3_000_000n)
  expect(all).toMatchObject({ status: 'out-of-gas', gas: 3_000_000n })
})

test('arguments as long as callArgsBytes pass, one byte more does not; a message is cut', async () => {
  // the head of the list and that of the text are 4 bytes
  expect(await c.ok('shop', 'try-long', 'ledger', LIMITS.callArgsBytes - 4)).toBe(`4 ${'x'.repeat(1_024)}`)
  const over = await c.call('shop', 'try-long', ['ledger', LIMITS.callArgsBytes - 3])
  expect(over).toMatchObject({ status: 'trap', message: expect.stringContaining('callArgsBytes') })
})

test('a contract at work cannot be entered again, neither at once nor through another', async () => {
  expect(await c.ok('shop', 'loop', 'shop')).toBe('1 shop is at work already')
  expect(await c.ok('shop', 'try-loop')).toBe(`1 ${shop} is at work already`)
  await c.publish('mirror', SHOP)
  expect(await c.ok('mirror', 'ping-pong', 'shop')).toBe(`1 ${c.address('mirror')} is at work already`)
}, 60_000)

test('contracts at work at once: as many as callDepth, not one more', async () => {
  for (let i = 1; i <= LIMITS.callDepth + 1; i++) await c.publish(`link-${i}`, LINK)
  // link-8 finds seven above it and may run; it cannot enter the ninth
  expect(await c.ok('link-1', 'deeper', 1)).toBe(LIMITS.callDepth * 100 + 2)
}, 120_000)

test('a query calls other contracts as long as nobody writes', async () => {
  expect(await c.ask('shop', 'balance-at', 'ledger', shop)).toBe(await c.ask('ledger', 'balance', shop))
  const { reads } = await c.query('shop', 'balance-at', 'ledger', shop)
  // the name, the contract and its variable: what a proof of the answer must show
  expect(reads).toHaveLength(3)
  await expect(c.query('shop', 'buy', 'ledger', '1')).rejects.toMatchObject({ code: 'query_write' })
  await expect(c.query('shop', 'try-refuse', 'ledger')).rejects.toMatchObject({ code: 'query_write' })
})

test('the root of changes tells contracts apart, and does not depend on the order of writing', () => {
  const [a, b] = [new Uint8Array(20).fill(1), new Uint8Array(20).fill(2)]
  const change = (contract: Uint8Array, key: string, value?: string) => ({
    contract,
    key: utf8(key),
    value: value === undefined ? undefined : utf8(value),
  })
  const all = [change(a, 'x', '1'), change(a, 'y'), change(b, 'x', '1')]
  expect(changesRoot(a, all)).toEqual(changesRoot(a, all.toReversed()))
  expect(changesRoot(a, all)).not.toEqual(changesRoot(b, all))
  expect(changesRoot(a, [change(b, 'x', '1')])).not.toEqual(changesRoot(a, [change(a, 'x', '1')]))
  expect(cidOf(RAW, changesRoot(a, []))).toEqual(cidOf(RAW, NO_CHANGES))
})
