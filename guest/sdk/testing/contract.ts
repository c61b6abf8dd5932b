/** For tests of the SDK: a contract of source text on the host, over a simulated chain's view. */
import { expect } from 'vitest'
import { LIMITS, type RunOutcome, type WitValue } from '../../../runtime/core/index.ts'
import { buildText } from '../../../runtime/host/build/testing/guests.ts'
import { simulatedEnv, testHost, type SimulatedEnv } from '../../../runtime/host/testing/host.ts'

export interface TestContract {
  readonly env: SimulatedEnv
  run(entry: string, ...args: readonly WitValue[]): RunOutcome
  /** The result of a run that must complete. */
  ok(entry: string, ...args: readonly WitValue[]): WitValue
  /** The message of a run that must revert. */
  refused(entry: string, ...args: readonly WitValue[]): string
}

export async function testContract(text: string): Promise<TestContract> {
  const host = testHost()
  const { module } = await host.admit((await buildText('contract', { 'index.ts': text })).component)
  const env = simulatedEnv()
  const run = (entry: string, ...args: readonly WitValue[]): RunOutcome =>
    host.executor.run({ module, entry, args, gasLimit: BigInt(LIMITS.callGas), env })
  return {
    env,
    run,
    ok(entry, ...args) {
      const outcome = run(entry, ...args)
      expect(outcome, `${entry}(${args.join(', ')})`).toMatchObject({ status: 'ok' })
      return outcome.result
    },
    refused(entry, ...args) {
      const outcome = run(entry, ...args)
      expect(outcome, `${entry}(${args.join(', ')})`).toMatchObject({ status: 'refused' })
      return outcome.message ?? ''
    },
  }
}
