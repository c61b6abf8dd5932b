import { expect, test } from 'vitest'
import { isUtnetError, LIMITS, utf8, type RunOutcome } from '../../core/index.ts'
import { CONTEXT, simulatedEnv, testHost } from '../testing/host.ts'
import { preparedModules } from '../run/index.ts'
import { readModule } from '../wasm/index.ts'
import { buildText } from './testing/guests.ts'

const TAKES = 'export function take(kib: u32): u32 { const a = new Uint8Array(kib << 10); a[a.length - 1] = 7; return a[a.length - 1] }'
const memoryOf = async (world: 'contract' | 'function' | 'operator', text: string, settings: Record<string, number> = {}) =>
  readModule(preparedModules((await buildText(world, { 'index.ts': text }, 'guest', settings)).component)[0] as Uint8Array).memories[0]

async function refusal(settings: Record<string, unknown>): Promise<string> {
  try {
    await buildText('contract', { 'index.ts': TAKES }, 'guest', settings as Record<string, number>)
  } catch (error) {
    if (isUtnetError(error, 'guest_build')) return error.message
    throw error
  }
  throw new Error('it was built')
}

const HANDLER = `import { Request, Response } from '@utnet/sdk/http'
export function handle(request: Request): Response { return new Response().bytes(new Uint8Array(request.body().length << 20)) }`
const OPERATOR = "import { Tensor } from '@utnet/sdk/tensor'\nexport function run(inputs: Array<Tensor>): Array<Tensor> { return inputs }"

test('a guest without settings gets the maximum of its world, and begins with what its data need', async () => {
  expect(await memoryOf('contract', TAKES)).toMatchObject({ min: 1, max: 16 })
  expect(await memoryOf('function', HANDLER)).toMatchObject({ min: 1, max: 256 })
  expect(await memoryOf('operator', OPERATOR)).toMatchObject({ min: 1, max: LIMITS.memoryPages })
})

test('a manifest sets both numbers of pages, up to the limit and not over it', async () => {
  expect(await memoryOf('contract', TAKES, { memoryPages: LIMITS.memoryPages, initialMemoryPages: 9 })).toMatchObject({
    min: 9,
    max: 2_048,
  })
  expect(await memoryOf('contract', TAKES, { memoryPages: 3, initialMemoryPages: 3 })).toMatchObject({ min: 3, max: 3 })
  for (const memoryPages of [0, -1, 1.5, '16', LIMITS.memoryPages + 1])
    expect(await refusal({ memoryPages })).toContain(`"memoryPages" must be a number of pages of 64 KiB, from 1 to ${LIMITS.memoryPages}`)
  expect(await refusal({ memoryPages: 4, initialMemoryPages: 5 })).toContain(
    '"initialMemoryPages" must be a number of pages of 64 KiB, from 1 to 4',
  )
})

test('static data that need more than the maximum are the author’s error', async () => {
  const large = `const t: StaticArray<u64> = [${'1,'.repeat(20_000)}]\nexport function f(i: i32): u64 { return t[i] }`
  await expect(buildText('contract', { 'index.ts': large }, 'guest', { memoryPages: 2 })).rejects.toMatchObject({ code: 'guest_build' })
  expect(await memoryOf('contract', large, { memoryPages: 3 })).toMatchObject({ max: 3 })
})

test('a guest that needs more than its maximum traps, and the message says what gives it more', async () => {
  const host = testHost()
  const run = async (settings: Record<string, number>, kib: number): Promise<RunOutcome> => {
    const { module } = await host.admit((await buildText('contract', { 'index.ts': TAKES }, 'guest', settings)).component)
    return host.executor.run({ module, entry: 'take', args: [kib], gasLimit: BigInt(LIMITS.callGas), env: simulatedEnv() })
  }
  expect(await run({}, 900)).toMatchObject({ status: 'ok', result: 7 })
  const over = await run({}, 1_024)
  expect(over).toMatchObject({
    status: 'trap',
    message: expect.stringContaining('no memory is left; "memoryPages" in utnet.jsonc gives more'),
  })
  expect(await run({ memoryPages: 24 }, 1_024)).toMatchObject({ status: 'ok', result: 7 })
  const { module } = await host.admit((await buildText('function', { 'index.ts': HANDLER }, 'guest', { memoryPages: 40 })).component)
  const invoke = (mib: number) =>
    host.invoke({
      module,
      request: { method: 'POST', path: '/', headers: [], body: utf8('x'.repeat(mib)) },
      context: CONTEXT,
      gasLimit: BigInt(LIMITS.invokeGas),
    })
  expect(await invoke(1)).toMatchObject({ status: 'ok' })
  expect(await invoke(4)).toMatchObject({ status: 'trap', message: expect.stringContaining('"memoryPages" in utnet.jsonc') })
})
