import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { decode, encode } from '@ipld/dag-cbor'
import { buildGuest, printComponentWit } from './index.ts'
import type { BuiltGuest } from './index.ts'
import { instantiateCore } from './testing/core.ts'
import { buildText, instantiateByJco, simulatedChain } from './testing/guests.ts'

const guestDir = (path: string): string => fileURLToPath(new URL(`../../../guest/${path}`, import.meta.url))

let token: BuiltGuest
let matmul: BuiltGuest
beforeAll(async () => {
  token = await buildGuest({ dir: guestDir('contracts/token') })
  matmul = await buildGuest({ dir: guestDir('operators/matmul') })
}, 60_000)

test('the world of the token contract comes from its exported functions', async () => {
  expect(token).toMatchObject({ name: 'token', world: 'contract' })
  expect(token.wit).toContain('export transfer: func(to: string, amount: u64);')
  expect(await printComponentWit(token.component)).toBe(`package root:component;

world root {
  import utnet:host/storage@0.1.0;
  import utnet:host/context@0.1.0;
  import utnet:host/events@0.1.0;

  export mint: func(to: string, amount: u64);
  export transfer: func(to: string, amount: u64);
  export balance: func(account: string) -> u64;
  export total: func() -> u64;
}
${await hostPackages(token)}`)
})

/** What follows the root world in printed WIT: the packages it imports, not ours to spell out here. */
async function hostPackages(guest: BuiltGuest): Promise<string> {
  const text = await printComponentWit(guest.component)
  return text.slice(text.indexOf('\n}\n') + 3)
}

test('the same sources give the same bytes', async () => {
  const again = await buildGuest({ dir: guestDir('contracts/token') })
  expect(Buffer.from(again.component).equals(Buffer.from(token.component))).toBe(true)
})

test('the name section stays, for gas by function', () => {
  const text = Buffer.from(token.component).toString('latin1')
  expect(text).toContain('utnet-entry/export_transfer')
})

test('the token: mint, transfer, balance, total, typed events', async () => {
  const chain = simulatedChain()
  const guest = await instantiateByJco(token.component, chain.imports)
  guest['mint']?.('ut1alice', 1000n)
  guest['transfer']?.('ut1bob', 400n)
  expect([guest['balance']?.('ut1alice'), guest['balance']?.('ut1bob'), guest['total']?.()]).toEqual([600n, 400n, 1000n])
  guest['transfer']?.('ut1alice', 600n)
  expect(guest['balance']?.('ut1alice')).toBe(600n)
  const events = chain.events.map((e) => [e.name, decode(e.data)])
  expect(events[1]).toEqual(['Transfer', { from: 'ut1alice', to: 'ut1bob', amount: 400 }])
  for (const e of chain.events) expect(Buffer.from(encode(decode(e.data)))).toEqual(Buffer.from(e.data))
})

test.each([
  [
    'only the owner mints',
    (c: { caller: string }) => void (c.caller = 'ut1mallory'),
    'mint',
    ['ut1mallory', 5n],
    /^only the owner may mint/,
  ],
  ['no one spends what they have not', () => {}, 'transfer', ['ut1bob', 1001n], /^insufficient: 1000 - 1001/],
  ['the supply does not wrap around', () => {}, 'mint', ['ut1bob', (1n << 64n) - 1n], /^overflow: 1000 \+ 18446744073709551615/],
] as const)('%s', async (_, before, name, args, message) => {
  const chain = simulatedChain()
  const guest = await instantiateCore(token.component, chain)
  guest.call('mint', 'ut1alice', 1000n)
  before(chain)
  expect(() => guest.call(name, ...args)).toThrow(message)
})

test('throw and a failed assert end the call with message, file and line', async () => {
  const source = 'export function f(a: u64): void {\n  if (a == 1) throw new Error("no ones")\n  assert(a != 2, "no twos")\n}'
  const guest = await instantiateCore((await buildText('contract', { 'index.ts': source })).component, simulatedChain())
  expect(() => guest.call('f', 3n)).not.toThrow()
  expect(() => guest.call('f', 1n)).toThrow('no ones (assembly/index.ts:2:15)')
  expect(() => guest.call('f', 2n)).toThrow('no twos (assembly/index.ts:3:3)')
})

test('storage names and keys cannot meet', async () => {
  const source = `import { StorageMap, StorageValue } from '@utnet/sdk'
    const a = new StorageMap<string, u64>('a'); const ab = new StorageMap<string, u64>('ab'); const v = new StorageValue<u64>('a')
    const big = new StorageMap<u64, string>('n'); const blob = new StorageMap<Uint8Array, Uint8Array>('b'); const on = new StorageValue<bool>('on')
    export function fill(): void { a.set('bc', 1); ab.set('c', 2); a.set('', 3); v.set(4); big.set(1, 'x'); blob.set(new Uint8Array(1), new Uint8Array(2)); on.set(true) }
    export function read(): Array<u64> { return [a.get('bc'), ab.get('c'), a.get(''), v.get(), a.get('none')] }
    export function others(): Array<string> { return [big.get(1), big.get(2), blob.get(new Uint8Array(1)).length.toString(), on.get().toString()] }
    export function clear(): bool { v.remove(); return v.has() }`
  const chain = simulatedChain()
  const guest = await instantiateByJco((await buildText('contract', { 'index.ts': source })).component, chain.imports)
  guest['fill']?.()
  expect(guest['read']?.()).toEqual(BigUint64Array.of(1n, 2n, 3n, 4n, 0n))
  expect(guest['others']?.()).toEqual(['x', '', '2', 'true'])
  expect(guest['clear']?.()).toBe(false)
  expect(chain.state.size).toBe(6)
}, 30_000)

interface JsTensor {
  dtype: string
  shape: Uint32Array
  data: Uint8Array
}

const f32Tensor = (shape: number[], values: Float32Array): JsTensor => ({
  dtype: 'f32',
  shape: Uint32Array.from(shape),
  data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
})

test('matmul adds over k in ascending order, bit for bit, at every width', async () => {
  const guest = await instantiateByJco(matmul.component, {})
  let seed = 1
  const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647 - 0.5
  for (const [m, k, n] of [
    [1, 1, 1],
    [2, 3, 4],
    [5, 7, 9],
    [3, 16, 6],
    [2, 0, 3],
    [0, 2, 2],
  ] as const) {
    const a = Float32Array.from({ length: m * k }, random)
    const b = Float32Array.from({ length: k * n }, random)
    const want = new Float32Array(m * n)
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0
        for (let x = 0; x < k; x++) sum = Math.fround(sum + Math.fround((a[i * k + x] ?? 0) * (b[x * n + j] ?? 0)))
        want[i * n + j] = sum
      }
    }
    expect(guest['run']?.([f32Tensor([m, k], a), f32Tensor([k, n], b)])).toEqual([f32Tensor([m, n], want)])
  }
})

test.each([
  [[f32Tensor([1, 2], new Float32Array(2))], 'matmul takes two tensors, got 1'],
  [[f32Tensor([1, 2], new Float32Array(2)), f32Tensor([3, 1], new Float32Array(3))], 'the inner sides differ: 2 and 3'],
  [
    [f32Tensor([2, 2], new Float32Array(2)), f32Tensor([2, 1], new Float32Array(2))],
    'the data of a tensor is not as long as its shape says',
  ],
  [[f32Tensor([2], new Float32Array(2)), f32Tensor([2, 1], new Float32Array(2))], 'matmul takes tensors of rank 2'],
  [[{ ...f32Tensor([1, 1], new Float32Array(1)), dtype: 's32' }, f32Tensor([1, 1], new Float32Array(1))], 'matmul takes f32'],
  [
    [f32Tensor([65536, 65536], new Float32Array(0)), f32Tensor([1, 1], new Float32Array(1))],
    'the data of a tensor is not as long as its shape says',
  ],
])('matmul refuses %#', async (inputs, message) => {
  const guest = await instantiateByJco(matmul.component, {})
  expect(() => guest['run']?.(inputs)).toThrow(expect.objectContaining({ payload: message }))
})
