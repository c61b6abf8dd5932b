import { inWorld } from './in-world.ts'

export const censorship = inWorld({
  name: 'censorship',
  of: '4.4',
  aim: 'leaders that make empty blocks keep a transaction out',
  defences: { 'leader-draw': 'each round has another leader, drawn by power: two honest ones are enough' },
  world: { nodes: 4, heights: 150, strategies: ['censor'] },
  tries: 3,
})
