import { inWorld } from './in-world.ts'

export const clockSkew = inWorld({
  name: 'clock-skew',
  of: '4.4',
  aim: 'a leader puts an hour onto the time of its blocks; clocks of the others are off by up to a second',
  defences: { time: 'nobody prevotes a new block that is over 3 s ahead of its own clock (W-CLK-1)' },
  world: { nodes: 4, heights: 150, strategies: ['time-thief'] },
  tries: 3,
})
