import { assignOf, chipOf, claimOf } from '../../../runtime/consensus/power/testing/chips.ts'
import { validatorOf } from '../../../runtime/consensus/testing/test-kit.ts'
import { broken, held, type Attack } from './attack.ts'
import { hideUsed, Registry, VENDOR } from './registry.ts'

/** A careless vendor certifies one serial with new keys, as after a repair; its owner claims both. */
export const serialTwice: Attack = {
  name: 'serial-twice',
  of: '4.3',
  aim: 'one chip is claimed twice: the same serial with other keys, and the same keys again',
  defences: { unique: 'a serial, an identity key and a BLS key are registered once, for ever' },
  run: (seed, without) => {
    const registry = new Registry()
    if (without.has('unique')) registry.hide(hideUsed)
    const node = registry.enrol(validatorOf(73))
    const first = chipOf(`first ${seed}`, { vendor: VENDOR })
    const again = chipOf(`again ${seed}`, { vendor: VENDOR, serial: first.serial })
    const said: string[] = []
    for (const chip of [first, again, first]) {
      said.push(registry.chip(node, claimOf(chip, registry.chainId, node.address)))
      // what stands in the way of the second is the claim; a seat is given to whoever has one
      if (said.at(-1) === 'ok') registry.chip(node, assignOf(chip, registry.chainId, 0, node, node.address))
    }
    const claims = said.filter((why) => why === 'ok').length
    const seen = `${claims} claims of one chip; ${said.find((why) => why !== 'ok') ?? 'nothing refused'}`
    return Promise.resolve(claims > 1 ? broken(seen) : held(seen))
  },
}
