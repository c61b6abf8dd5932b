/** Runs without a promise: the same as those with one, where nothing has to be waited for. */
import { expect, test } from 'vitest'
import { fileCid, utf8 } from '../../core/index.ts'
import { buildText } from '../build/testing/guests.ts'
import { contract } from '../testing/contract.ts'
import { CONTEXT, testHost } from '../testing/host.ts'

const HELLO = `import { Request, Response } from '@utnet/sdk/http'
export function handle(request: Request): Response { return new Response().text('hello ' + request.path) }`
const ASKS = `import { Request, Response } from '@utnet/sdk/http'
import { infer, Arithmetic, NamedTensor } from '@utnet/sdk/tensor'
export function handle(request: Request): Response { infer('m', new Array<NamedTensor>(), Arithmetic.any)
  return new Response().text(request.path) }`

const asked = { request: { method: 'GET', path: '/x', headers: [], body: new Uint8Array(0) }, context: CONTEXT, gasLimit: 100_000_000n }

test('a function that is loaded answers at once as it answers later', async () => {
  const { component } = await buildText('function', { 'index.ts': HELLO }, 'hello-now')
  const host = testHost()
  const module = fileCid(component)
  expect([host.loaded(module), host.invokeNow({ module, ...asked })]).toEqual([false, undefined])
  await host.admit(component)
  expect(host.loaded(module)).toBe(true)
  const now = host.invokeNow({ module, ...asked })
  expect(now).toMatchObject({ status: 'ok', world: 'function', entry: 'handle', response: { status: 200, body: utf8('hello /x') } })
  expect(await host.invoke({ module, ...asked })).toEqual(now)
  expect(host.invokeNow({ module, ...asked, gasLimit: 10n })).toMatchObject({ status: 'out-of-gas', gas: 10n })
})

test('one that may wait does not; what is no function is refused', async () => {
  const host = testHost()
  const { module } = await host.admit((await buildText('function', { 'index.ts': ASKS }, 'asks-now')).component)
  expect([host.loaded(module), host.invokeNow({ module, ...asked })]).toEqual([true, undefined])
  const other = await host.admit(await contract('export f: func();', '(module (func (export "f")))'))
  expect(() => host.invokeNow({ module: other.module, ...asked })).toThrow(expect.objectContaining({ code: 'guest_world' }) as Error)
})
