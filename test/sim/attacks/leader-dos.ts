import { inWorld } from './in-world.ts'

export const leaderDos = inWorld({
  name: 'leader-dos',
  of: '4.4',
  aim: 'kappa names the next leader beforehand: it is cut off, whoever it is',
  defences: { rounds: 'a leader that is not heard costs a time-out, then the next one proposes' },
  world: { nodes: 7, heights: 120, strategies: [], weather: ['hunt'] },
  tries: 6,
})
