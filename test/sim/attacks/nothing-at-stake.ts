import { inWorld } from './in-world.ts'

export const nothingAtStake = inWorld({
  name: 'nothing-at-stake',
  of: '4.4',
  aim: 'validators vote for every block that they see, since a vote costs nothing',
  defences: {
    locks: 'an honest validator that precommitted a block prevotes no other, so the votes of a third decide nothing',
    third: 'those that vote for everything have less than a third of the power',
  },
  world: { nodes: 4, heights: 600, strategies: ['equivocate-all'] },
  tries: 6,
})
