import { inWorld } from './in-world.ts'

export const partition = inWorld({
  name: 'partition',
  of: '4.4',
  aim: 'the network falls into halves, again and again, so that each goes on alone or none comes back',
  defences: {
    absent: 'a quorum is of the whole power, of those that are not heard too',
    resend: 'what was said is said again each second, so that a healed network goes on',
  },
  world: { nodes: 5, heights: 120, strategies: ['silent'], weather: ['halves', 'thirds'] },
  tries: 4,
})
