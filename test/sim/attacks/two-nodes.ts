import { assignOf, chipOf, claimOf } from '../../../runtime/consensus/power/testing/chips.ts'
import { validatorOf } from '../../../runtime/consensus/testing/test-kit.ts'
import { broken, held, type Attack } from './attack.ts'
import { changeChips, Registry, VENDOR } from './registry.ts'

/** The owner has two nodes and lets its one chip work for both. */
export const twoNodes: Attack = {
  name: 'two-nodes',
  of: '4.3',
  aim: 'one chip counts under two nodes',
  defences: { 'one-seat': "a chip's record names the node and seat that it has; it leaves that seat before it takes another" },
  run: (seed, without) => {
    const registry = new Registry()
    if (without.has('one-seat')) registry.hide(changeChips({ node: null, seat: 0 }))
    const nodes = [validatorOf(74), validatorOf(75)].map((v) => registry.enrol(v))
    const chip = chipOf(`chip ${seed}`, { vendor: VENDOR })
    const [owner] = nodes as [(typeof nodes)[number]]
    registry.chip(owner, claimOf(chip, registry.chainId, owner.address))
    for (const node of nodes) {
      const moves = registry.chipOf(chip.serial)?.moves ?? 0
      registry.chip(owner, assignOf(chip, registry.chainId, moves, node, owner.address))
    }
    const counted = nodes.map((node) => registry.counted(node).certified)
    const seen = `one chip, and the nodes have ${counted.join(' and ')}`
    return Promise.resolve(counted.reduce((a, b) => a + b, 0) === 1 ? held(seen) : broken(seen))
  },
}
