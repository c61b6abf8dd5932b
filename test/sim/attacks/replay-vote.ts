import { inWorld } from './in-world.ts'

export const replayVote = inWorld({
  name: 'replay-vote',
  of: '4.4',
  aim: 'signed votes are shown again in another phase, at another height, or from another chain',
  defences: { phase: 'a vote signs its phase', height: 'a vote signs its height' },
  world: { nodes: 4, heights: 300, strategies: ['replay'] },
  tries: 6,
})
