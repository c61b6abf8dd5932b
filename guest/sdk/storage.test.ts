import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { utf8 } from '../../runtime/core/index.ts'
import { testContract, type TestContract } from './testing/contract.ts'

const CONTAINERS = `
import { Amount, StorageCounter, StorageGroup, StorageMap, StorageOrderedMap, StorageSet, StorageValue, StorageVector } from '@utnet/sdk'

@data class Pair { constructor(public a: string, public b: string) {} }
@data export class Order {
  readonly id: u64
  private static made: u32 = 0
  constructor(id: u64, public owner: string, public price: Amount, public note: string | null, public tags: Array<string>, public ratio: f64, public flag: bool, public raw: Uint8Array, public small: i8) { this.id = id }
}

// one write of each container under any name and key
export function writeValue(name: string): void { new StorageValue<u8>(name).set(1) }
export function writeText(name: string, key: string): void { new StorageMap<string, u8>(name).set(key, 1) }
export function writeBytes(name: string, key: Uint8Array): void { new StorageMap<Uint8Array, u8>(name).set(key, 1) }
export function writePair(name: string, a: string, b: string): void { new StorageMap<Pair, u8>(name).set(new Pair(a, b), 1) }
export function writeWide(name: string, key: i64): void { new StorageMap<i64, u8>(name).set(key, 1) }
export function writeNested(name: string, key: string, inner: string): void { new StorageGroup<string, StorageMap<string, u8>>(name).at(key).set(inner, 1) }
export function writeInner(name: string, key: string): void { new StorageGroup<string, StorageValue<u8>>(name).at(key).set(1) }
export function writeDeep(name: string, a: string, b: string, c: string): void { new StorageGroup<string, StorageGroup<string, StorageMap<string, u8>>>(name).at(a).at(b).set(c, 1) }
export function push(name: string, value: string): u32 { return new StorageVector<string>(name).push(value) }
export function addTo(name: string, key: string): bool { return new StorageSet<string>(name).add(key) }
export function order(name: string, key: string): void { new StorageOrderedMap<string, u8>(name).set(key, 1) }

const orders = new StorageValue<Order>('order')
export function keep(order: Order): void { orders.set(order) }
export function kept(): Order { return orders.get() }
const floats = new StorageValue<f32>('f'); const lists = new StorageValue<Array<Array<i16>>>('l'); const maybe = new StorageValue<string | null>('m')
export function mixed(f: f32, l: Array<Array<i16>>, m: string | null): string {
  floats.set(f); lists.set(l); maybe.set(m)
  const back = maybe.get()
  return floats.get().toString() + ' ' + lists.get().length.toString() + ' ' + (back === null ? 'null' : back)
}
export function unset(): string {
  const m = maybe.get()
  return [new StorageValue<u64>('u').get().toString(), new StorageValue<bool>('b').get().toString(), new StorageValue<Amount>('a').get().toString(), new StorageValue<f64>('g').get().toString(), new StorageValue<Array<u8>>('n').get().length.toString(), m === null ? 'null' : m, new StorageValue<u8>('o').getOr(9).toString()].join(' ')
}

const list = new StorageVector<i32>('list')
export function listPush(v: i32): u32 { return list.push(v) }
export function listPop(): i32 { return list.pop() }
export function listSet(i: u32, v: i32): void { list.set(i, v) }
export function listTake(i: u32): i32 { return list.swapRemove(i) }
export function listAll(from: u32, limit: u32): Array<i32> { return list.slice(from, limit) }
export function listGet(i: u32): i32 { return list.get(i) }

const ids = new StorageCounter('ids')
export function next(): u64 { return ids.next() }
const money = new StorageMap<string, Amount>('money')
export function give(to: string, n: Amount): Amount { return money.add(to, n) }
export function take(from: string, n: Amount): Amount { return money.sub(from, n) }
const bytes = new StorageMap<string, u8>('bytes')
export function giveByte(to: string, n: u8): u8 { return bytes.add(to, n) }
export function takeByte(from: string, n: u8): u8 { return bytes.sub(from, n) }
`

let c: TestContract
beforeAll(async () => {
  c = await testContract(CONTAINERS)
})

/** The keys that one run added. */
function keysOf(entry: string, ...args: readonly (string | number | Uint8Array)[]): string[] {
  c.env.state.clear()
  c.ok(entry, ...args)
  return [...c.env.state.keys()]
}

// short names and keys out of bytes that stand in the encoding itself, so that one could be taken for another
const piece = fc.string({ unit: fc.constantFrom('\u0000', '\u0001', '\u0002', '\u0003', 'a', '\u0006'), maxLength: 4 })
const placed = fc.oneof(
  fc.tuple(fc.constant('writeValue'), piece),
  fc.tuple(fc.constantFrom('writeText', 'writeInner', 'addTo', 'order', 'push'), piece, piece),
  fc.tuple(fc.constant('writeBytes'), piece, fc.uint8Array({ maxLength: 6, max: 3 })),
  fc.tuple(fc.constant('writeWide'), piece, fc.integer({ min: -3, max: 3 })),
  fc.tuple(fc.constantFrom('writePair', 'writeNested'), piece, piece, piece),
  fc.tuple(fc.constant('writeDeep'), piece, piece, piece, piece),
)

/** What two writes must differ in to be two places. Text and bytes as keys of one map are one key where their bytes are. */
function placeOf([entry, name, ...keys]: readonly (string | number | Uint8Array)[]): string {
  if (entry === 'writeValue' || entry === 'push' || entry === 'addTo' || entry === 'order') return JSON.stringify([entry, name])
  const map = entry === 'writeText' || entry === 'writeBytes' || entry === 'writeWide' || entry === 'writePair'
  return JSON.stringify([map ? 'map' : entry, name, ...(map ? [entry] : []), ...keys.map((k) => (k instanceof Uint8Array ? [...k] : k))])
}

test('two containers, or two keys of one, never share a key of the state', () => {
  const WIT: Record<string, string> = { writeValue: 'write-value', writeText: 'write-text', writeInner: 'write-inner', addTo: 'add-to', writeBytes: 'write-bytes', writeWide: 'write-wide', writePair: 'write-pair', writeNested: 'write-nested', writeDeep: 'write-deep' } // oxfmt-ignore
  const write = ([entry, ...args]: readonly (string | number | Uint8Array)[]): string[] =>
    keysOf(WIT[entry as string] ?? (entry as string), ...args)
  const kinds = new Set<string>()
  fc.assert(
    fc.property(placed, placed, (a, b) => {
      // the types of a map's keys are part of what it is: one name is used with one type
      const sameMap = a[1] === b[1] && a[0] !== b[0] && [a[0], b[0]].every((e) => /^write(Text|Bytes|Wide|Pair)$/.test(e))
      fc.pre(placeOf(a) !== placeOf(b) && !sameMap)
      const first = new Set(write(a))
      expect(first.size).toBeGreaterThan(0)
      for (const key of write(b)) expect(first.has(key), `${JSON.stringify(a)} and ${JSON.stringify(b)}`).toBe(false)
      kinds.add(a[0])
    }),
    { numRuns: 1_500 },
  )
  expect(kinds.size).toBe(11)
})

test('a name or key that is too long is refused, not cut', () => {
  expect(c.refused('write-value', 'x'.repeat(65_536))).toContain('too long')
  expect(c.run('write-text', 'n', 'k'.repeat(1_020))).toMatchObject({ status: 'ok' })
  expect(c.run('write-text', 'n', 'k'.repeat(1_021)).message).toContain('storageKeyBytes')
})

test('@data objects, floats, lists and options come back as they were stored', () => {
  fc.assert(
    fc.property(
      fc.tuple(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.string({ unit: 'grapheme' }),
        fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map(String),
        fc.option(fc.string({ unit: 'grapheme' })),
        fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }),
        fc.uint8Array({ minLength: 8, maxLength: 8 }).filter((b) => !Number.isNaN(new DataView(b.buffer).getFloat64(0, true))),
        fc.boolean(),
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: -128, max: 127 }),
      ),
      ([id, owner, price, note, tags, ratio, flag, raw, small]) => {
        const n = id <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(id) : id
        const order = [n, owner, price, note === null ? [] : [note], tags, ratio, flag, raw, small] as const
        c.ok('keep', [...order])
        expect(c.ok('kept')).toEqual(order)
      },
    ),
    { numRuns: 200 },
  )
  const half = new Uint8Array(new Float32Array([0.5]).buffer)
  expect(c.ok('mixed', half, [[1, -2], []], ['x'])).toBe('0.5 2 x')
  expect(c.ok('mixed', half, [], [])).toBe('0.5 0 null')
})

test('what was never set is 0, false, no items or null; an object has no such value; stored bytes of another type are refused', () => {
  c.env.state.clear()
  expect(c.ok('unset')).toBe('0 false 0 0.0 0 null 9')
  expect(c.refused('kept')).toContain('no Order is stored there')
  c.ok('keep', [1, 'a', '5', [], [], new Uint8Array(8), true, utf8('x'), 1])
  const [key, bytes] = [...c.env.state][0] as [string, Uint8Array]
  for (let i = 0; i < bytes.length; i++) {
    c.env.state.set(key, bytes.subarray(0, i))
    expect(c.run('kept').status, `cut at ${i}`).toBe('refused')
  }
})

test('a vector does what an array does, and nothing outside of it', () => {
  const command = fc.oneof(
    fc.tuple(fc.constant('list-push'), fc.integer({ min: -9, max: 9 })),
    fc.tuple(fc.constant('list-pop')),
    fc.tuple(fc.constant('list-set'), fc.nat(6), fc.integer({ min: -9, max: 9 })),
    fc.tuple(fc.constant('list-take'), fc.nat(6)),
  )
  fc.assert(
    fc.property(fc.array(command, { maxLength: 25 }), (commands) => {
      c.env.state.clear()
      const model: number[] = []
      for (const [verb, a = 0, b = 0] of commands) {
        const args = [a, b].slice(0, verb === 'list-pop' ? 0 : verb === 'list-set' ? 2 : 1)
        const outside = verb === 'list-pop' ? model.length === 0 : verb !== 'list-push' && a >= model.length
        if (outside) {
          expect(c.refused(verb, ...args)).toMatch(/vector/)
          continue
        }
        const result = c.ok(verb, ...args)
        if (verb === 'list-push') expect(result).toBe(model.push(a) - 1)
        if (verb === 'list-pop') expect(result).toBe(model.pop())
        if (verb === 'list-set') model[a] = b
        if (verb === 'list-take') {
          expect(result).toBe(model[a])
          const last = model.pop() as number
          if (a < model.length) model[a] = last
        }
      }
      expect(c.ok('list-all', 0, 4_294_967_295)).toEqual(model)
      expect(c.ok('list-all', 1, 2)).toEqual(model.slice(1, 3))
      // what was taken away leaves nothing behind but the length
      expect(c.env.state.size).toBe(commands.length === 0 || c.env.state.size === 0 ? c.env.state.size : model.length + 1)
    }),
    { numRuns: 60 },
  )
  expect(c.refused('list-get', 4_294_967_295)).toContain('index 4294967295 of a vector of')
})

test('numbers in a row begin at 1; amounts and small integers cannot wrap around in storage', () => {
  c.env.state.clear()
  expect([c.ok('next'), c.ok('next'), c.ok('next')]).toEqual([1, 2, 3])
  expect(c.ok('give', 'a', (2n ** 128n - 1n).toString())).toBe((2n ** 128n - 1n).toString())
  expect(c.refused('give', 'a', '1')).toBe(`overflow: ${2n ** 128n - 1n} + 1`)
  expect(c.ok('take', 'a', '5')).toBe((2n ** 128n - 6n).toString())
  expect(c.refused('take', 'b', '1')).toBe('insufficient: 0 - 1')
  expect(c.ok('give-byte', 'a', 250)).toBe(250)
  expect(c.refused('give-byte', 'a', 6)).toBe('overflow: 250 + 6')
  expect(c.ok('give-byte', 'a', 5)).toBe(255)
  expect(c.refused('take-byte', 'b', 1)).toBe('insufficient: 0 - 1')
})
