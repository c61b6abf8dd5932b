import { expect, test } from 'vitest'
import { seededRandom } from '../../../runtime/kv/index.ts'
import { Scheduler } from '../scheduler.ts'
import { WeatherTurns } from './weather-turns.ts'

test('who says nothing behind a blackout has less than a third of the power of the next block, and of the last, which others may still have to make', () => {
  // the last block ends an epoch, and one node alone has it
  const powers = new Map([
    [18, [1, 3, 5, 2, 4]],
    [19, [4, 3, 1, 2, 5]],
  ])
  let silent = 0
  for (let seed = 1; seed <= 200; seed++) {
    const turns = new WeatherTurns(
      {
        nodes: 5,
        random: seededRandom(seed),
        time: new Scheduler(),
        heights: () => [17, 17, 18, 17, 17],
        highestRound: () => 0,
        powersAt: (height) => powers.get(height) as number[],
        losePower: () => {},
        fault: (why) => expect.fail(why),
      },
      { spreadMs: 45, drop: 0, dropLast: 0 },
      ['blackout'],
    )
    turns.change()
    turns.change()
    const quiet = [0, 1, 2, 3, 4].filter((i) => turns.isSilent(i))
    silent += quiet.length
    for (const of of powers.values()) expect(3 * quiet.reduce((n, i) => n + (of[i] as number), 0)).toBeLessThan(15)
  }
  expect(silent).toBeGreaterThan(0)
})
