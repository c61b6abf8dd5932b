/** Guest operators for the tensor bridge: the operator that is published under a name, run by the host. */
import { aname, LIMITS, UtnetError } from '../../core/index.ts'
import type { Chain } from '../../consensus/index.ts'
import type { Host } from '../../host/index.ts'
import type { GuestOperators } from '../../tpu-bridge/index.ts'
import { failureOf } from './operator-failure.ts'

/** `parts` is asked for when an operator is: the bridge is there before host and chain are. */
export function guestOperators(parts: () => { readonly chain: Pick<Chain, 'guest'>; readonly host: Host }): GuestOperators {
  return {
    async find(name) {
      const { chain, host } = parts()
      const { module, world } = chain.guest(aname(name, 'operator'))
      if (world !== 'operator') throw new UtnetError('guest_world', `${name} is a ${world}, not an operator`)
      await host.load(module)
      return {
        module,
        async run(inputs) {
          const run = await host.runOperator({ module, inputs, gasLimit: BigInt(LIMITS.invokeGas) })
          if (run.status !== 'ok') throw failureOf(name, run, run.where === undefined ? {} : { at: run.where })
          return run.outputs
        },
      }
    },
  }
}
