import { expect, test } from 'vitest'
import { testChain, UNC, userOf } from '../../consensus/testing/test-kit.ts'
import { fileCid, LIMITS, PARAMS, publishGas, UtnetError, utf8, type CID, type TxPayload } from '../../core/index.ts'
import { createHost } from '../../host/index.ts'
import { memoryFiles } from '../../host/testing/host.ts'
import { wat } from '../../host/testing/wat.ts'
import type { Parts } from '../parts.ts'
import { deploy, guests } from './guests.ts'

const library = (name: string): Promise<Uint8Array> =>
  wat(`(component
    (core module $m (func (export "f") (result i32) (i32.const 7)))
    (core instance $i (instantiate $m))
    (func $f (result u32) (canon lift (core func $i "f")))
    (instance $x (export "${name}" (func $f)))
    (export "a:b/c@1.0.0" (instance $x)))`)

test('one whose bytes are not here, or are no guest, is listed without exports; a module is loaded once under all its names', async () => {
  const t = await testChain()
  const files = memoryFiles()
  const host = createHost({ files })
  const loads: string[] = []
  const parts = {
    chain: t.chain,
    coldLoads: { load: (module: CID) => (loads.push(module.toString()), host.load(module)), admit: host.admit },
  }
  const publish = async (name: string, module: CID): Promise<void> => {
    t.send(userOf(2), { kind: 'publish', name, module, world: 'library', size: 100 }, { gasLimit: publishGas('library', 100) })
    await t.produce()
  }
  const first = await files.putFile(await library('first'))
  const second = await files.putFile(await library('second'))
  const third = await library('third')
  const absent = fileCid(third)
  const odd = await files.putFile(utf8('no guest'))
  const wanted = { one: first, absent, twin: first, odd }
  for (const [name, module] of Object.entries(wanted)) await publish(name, module)

  const list = async (): Promise<Record<string, readonly [string, string[]]>> =>
    Object.fromEntries((await guests(parts)).map(({ name, module, exports }) => [name, [module, exports.map((e) => e.name)]]))
  const shown = {
    one: [first.toString(), ['a:b/c@1.0.0#first']],
    twin: [first.toString(), ['a:b/c@1.0.0#first']],
    absent: [absent.toString(), []],
    odd: [odd.toString(), []],
  }
  expect(await list()).toEqual(shown)
  expect(await list()).toEqual(shown)
  const of = (module: CID): number => loads.filter((id) => id === module.toString()).length
  // What is not here may come: it is asked for each time
  expect([of(first), of(absent), of(odd)]).toEqual([1, 2, 2])

  // A name's later version is another module
  await publish('one', second)
  await files.putFile(third)
  expect(await list()).toEqual({
    ...shown,
    one: [second.toString(), ['a:b/c@1.0.0#second']],
    absent: [absent.toString(), ['a:b/c@1.0.0#third']],
  })
  expect([of(first), of(second)]).toEqual([1, 1])
})

test('the list has pages by name, of so many as the limit says and no more', async () => {
  const t = await testChain()
  const module = fileCid(await library('first'))
  const names = Array.from({ length: LIMITS.listedGuests + 1 }, (_, i) => `${i % 2 === 0 ? 'a' : 'a-'}${i}`)
  for (let i = 0; i < names.length; i += 64) {
    for (const name of names.slice(i, i + 64))
      t.send(userOf(2), { kind: 'publish', name, module, world: 'library', size: 100 }, { gasLimit: publishGas('library', 100) })
    await t.produce()
  }
  const gone = new UtnetError('block_not_found', 'not here')
  const list = async (page?: Parameters<typeof guests>[1]): Promise<string[]> =>
    (await guests({ chain: t.chain, coldLoads: { load: () => Promise.reject(gone), admit: () => Promise.reject(gone) } }, page)).map(
      ({ name }) => name,
    )
  const sorted = names.toSorted()
  expect(await list()).toEqual(sorted.slice(0, LIMITS.listedGuests))
  expect(await list({ after: sorted[LIMITS.listedGuests - 1] as string })).toEqual(sorted.slice(-1))
  expect(await list({ after: sorted.at(-1) as string })).toEqual([])
  // one that nobody has, and one that is the beginning of others
  expect(await list({ after: 'a', limit: 2 })).toEqual(sorted.slice(0, 2))
  expect(await list({ after: 'zebra' })).toEqual([])
  const paged: string[] = []
  for (let page = await list({ limit: 100 }); page.length > 0; page = await list({ after: paged.at(-1) as string, limit: 100 }))
    paged.push(...page)
  expect(paged).toEqual(sorted)
  for (const limit of [0, -1, 1.5, NaN, LIMITS.listedGuests + 1])
    await expect(list({ limit })).rejects.toMatchObject({ code: 'request_invalid', limit: 'listedGuests' })
  await expect(list({ after: 'No Name' })).rejects.toMatchObject({ code: 'name_invalid' })
})

test('a component whose transaction is unsigned, out of turn, not paid for or not of these bytes is not made ready; one that is paid for waits its turn', async () => {
  const t = await testChain()
  const component = await library('first')
  const asked: string[] = []
  const nobody = (): never => {
    throw new Error('the component was made ready out of turn')
  }
  // As far as a deployment may come before somebody has paid: what is behind it is not here
  const parts = {
    chain: t.chain,
    dev: null,
    host: { admit: nobody },
    coldLoads: {
      load: nobody,
      admit: async (bytes: Uint8Array) => {
        asked.push(fileCid(bytes).toString())
        throw new UtnetError('host_busy', 'as far as it came')
      },
    },
  } as unknown as Parts
  const payload = { kind: 'publish', name: 'mine', module: fileCid(component), world: 'library', size: component.length as number } as const
  const needs = t.tx(userOf(2), payload, { gasLimit: publishGas('library', component.length) })
  const forged = needs.slice()
  forged[forged.length - 1] = (forged.at(-1) as number) ^ 1
  const sent = (
    changes: Partial<Omit<typeof payload, 'name'>> & { readonly name?: string },
    over: Parameters<typeof t.tx>[2] = {},
    by = userOf(2),
  ): Uint8Array => t.tx(by, { ...payload, ...changes } as TxPayload, { gasLimit: publishGas('library', component.length), ...over })
  // Blocks more than half full of bytes: the base fee is above its least
  for (let n = 0; n < 40; n++) t.send(userOf(4), { kind: 'custom', data: new Uint8Array(120_000).fill(n) }, { gasLimit: 20_000_000n })
  t.send(userOf(3), { ...payload, name: 'taken' }, { gasLimit: publishGas('library', component.length) })
  await t.produce()
  const { nonce } = t.chain.account(userOf(2).address)
  expect(t.chain.baseFee()).toBeGreaterThan(PARAMS.baseFee)

  const refused: readonly (readonly [string, Uint8Array, string])[] = [
    ['mine', forged, 'tx_signature'],
    ['mine', sent({}, { nonce: nonce + 1_000 }), 'tx_nonce'],
    ['mine', sent({}, { expiry: 0 }), 'tx_expired'],
    ['mine', sent({}, { gasLimit: 1_000n }), 'tx_gas'],
    ['mine', sent({}, { maxFeePerGas: PARAMS.baseFee }), 'tx_gas'],
    ['mine', sent({}, { maxFeePerGas: 1_000_000n * UNC }), 'tx_balance'],
    ['mine', sent({}, {}, userOf(99)), 'tx_balance'],
    ['taken', sent({ name: 'taken' }), 'name_taken'],
    ['mine', sent({ name: 'other' }), 'tx_invalid'],
    ['mine', sent({ size: 1 }), 'tx_invalid'],
    ['mine', sent({ module: fileCid(utf8('other')) }), 'tx_invalid'],
    ['mine', t.tx(userOf(2), { kind: 'transfer', to: userOf(3).address, value: 1n }), 'tx_invalid'],
  ]
  for (const [name, transaction, code] of refused)
    await expect(deploy(parts, { name, component, transaction }), code).rejects.toMatchObject({ code })
  await expect(deploy(parts, { name: 'mine', component })).rejects.toMatchObject({ code: 'auth_required' })
  expect(asked).toEqual([])
  await expect(deploy(parts, { name: 'mine', component, transaction: sent({}) })).rejects.toMatchObject({ code: 'host_busy' })
  expect(asked).toEqual([fileCid(component).toString()])
  expect(t.chain.waiting()).toBe(0)
})
