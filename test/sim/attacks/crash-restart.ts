import { inWorld } from './in-world.ts'

export const crashRestart = inWorld({
  name: 'crash-restart',
  of: '4.4',
  aim: 'honest validators lose power between a vote and its commit, and vote again after they come back',
  defences: { 'signed-row': 'what is signed is durable before it leaves; after a restart the same is said again (U7.2-DBL-1)' },
  world: { nodes: 4, heights: 150, strategies: ['silent'], weather: ['power', 'lossy-power'] },
  tries: 6,
})
