/** A class written from a contract's WIT calls that contract, unchanged. */
import { beforeAll, expect, test } from 'vitest'
import { validateGuest } from '../../runtime/host/index.ts'
import { contractSource } from '../../runtime/host/build/index.ts'
import { buildText } from '../../runtime/host/build/testing/guests.ts'
import { contractChain, type ContractChain } from './testing/chain.ts'

const STORE = `
import { Amount, StorageMap, StorageValue } from '@utnet/sdk'
export class Item { constructor(public name: string, public count: u32, public tags: Array<string>, public note: string | null) {} }
const items = new StorageMap<string, u32>('items')
const paid = new StorageValue<Amount>('paid')
export function put(item: Item): u32 { items.set(item.name, item.count); return <u32>item.tags.length }
export function read(name: string): Item { return new Item(name, items.get(name), ['a', 'ü'], name == 'pin' ? 'small' : null) }
export function all(names: Array<string>): Array<Item> { return names.map<Item>((n) => new Item(n, items.get(n), [], null)) }
export function bytesOf(data: Uint8Array, x: f64, y: i64, flag: bool): Uint8Array { data[0] = flag ? <u8>(x + <f64>y) : 0; return data }
export function pay(amount: Amount): Amount { return paid.add(amount) }
`

/** The author's part: the class came from the build. */
const CALLER = `
export function run(at: string): string {
  const store = new Store(at)
  const tags = store.put(new Item('pin', 7, ['x', 'y', 'z'], null))
  const pin = store.read('pin')
  const note = pin.note
  const all = store.all(['pin', 'none'])
  const data = new Uint8Array(2)
  data[1] = 9
  const back = store.bytesOf(data, 2.5, 40, true)
  return [tags.toString(), pin.name, pin.count.toString(), pin.tags.join('/'), note === null ? 'null' : note, all[0].count.toString(), all[1].count.toString(), back[0].toString(), back[1].toString(), store.pay('250')].join(' ')
}
`

let chain: ContractChain
beforeAll(async () => {
  chain = await contractChain()
}, 60_000)

test('records, lists, options, bytes and numbers go through a generated class and come back', async () => {
  const { component } = await buildText('contract', { 'index.ts': STORE })
  const source = contractSource('store', validateGuest(component).exports)
  await chain.publish('store', STORE)
  await chain.publish('caller', `${source}${CALLER}`)
  expect(await chain.ok('caller', 'run', 'store')).toBe('3 pin 7 a/ü small 7 0 42 9 250')
})
