import { expect, test } from 'vitest'
import { cidOf, RAW, utf8, type ContractExecutor, type RunOutcome, type TxPayload } from '../../core/index.ts'
import { simulatedExecutor, testChain, userOf } from '../testing/test-kit.ts'

const ann = userOf(2)
const moduleOf = (text: string) => cidOf(RAW, utf8(text))
const publish = (text: string): TxPayload => ({ kind: 'publish', name: 'shop', module: moduleOf(text), world: 'contract', size: 100 })

test('a publication whose hook does not complete publishes nothing: neither name, version, code nor what the hook wrote', async () => {
  const failing = new Set<string>()
  const hooks: string[] = []
  const executor: ContractExecutor = {
    ...simulatedExecutor,
    has: (_module, entry) => entry === 'init' || entry === 'migrate',
    run: (run): RunOutcome => {
      if (run.entry !== 'init' && run.entry !== 'migrate') return simulatedExecutor.run(run)
      hooks.push(run.entry)
      run.env.set(utf8('by'), utf8(run.entry))
      run.env.emit('made', Uint8Array.of(0xf6))
      return failing.has(run.entry)
        ? { status: 'trap', result: null, gas: run.gasLimit, message: 'unreachable' }
        : { status: 'ok', result: null, gas: 1_000n }
    },
  }
  const t = await testChain({ executor })
  const sent = async (text: string): Promise<string | undefined> => {
    t.send(ann, publish(text))
    return (await t.produce()).outcomes[0]?.status
  }

  failing.add('init')
  const empty = t.chain.head().header.state.contracts
  expect(await sent('one')).toBe('trap')
  expect(() => t.chain.guest('shop')).toThrow(expect.objectContaining({ code: 'guest_not_found' }))
  expect(t.chain.head().header.state.contracts).toEqual(empty)

  failing.clear()
  expect(await sent('one')).toBe('ok')
  const first = t.chain.guest('shop')
  expect([first.module.toString(), first.version]).toEqual([moduleOf('one').toString(), 1])
  const before = t.chain.head().header.state.contracts

  failing.add('migrate')
  expect(await sent('two')).toBe('trap')
  const still = t.chain.guest('shop')
  expect([still.module.toString(), still.version]).toEqual([moduleOf('one').toString(), 1])
  expect(t.chain.head().header.state.contracts).toEqual(before)

  failing.clear()
  expect(await sent('two')).toBe('ok')
  expect(t.chain.guest('shop').version).toBe(2)
  expect(hooks.filter((hook) => hook === 'init').length).toBeGreaterThan(1)
})
