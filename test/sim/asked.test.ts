import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { UsageError } from './arguments.ts'
import { askedOf } from './asked.ts'
import { runWorld } from './world/world.ts'

test('what would change nothing is refused with the reason: a green run has looked at all that was asked', () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--chain', '--strategy', 'amnesia'], /--strategy does not go with --chain/],
    [['--chain', '--without', 'locks'], /--without does not go with --chain/],
    [['--chain', '--real'], /--real does not go with --chain/],
    [['--chain', '--disks'], /--disks does not go with --chain/],
    [['--liveness', '--weather', 'calm'], /--weather does not go with --liveness/],
    [['--liveness', '--chain'], /--chain does not go with --liveness/],
    [['--attacks', '--nodes', '7'], /--nodes does not go with --attacks/],
    [['--chain', '--weather', 'hunt'], /there are calm, halves, lossy, thirds, power, blackout/],
    [['--weather', 'sunny'], /there are calm, lossy, /],
    [['--attack', 'sybil', '--seeds', '3'], /--seeds does not go with --attack/],
    [['--attack', 'sybil', '--chain'], /--chain does not go with --attack/],
    [['--attack', 'nothing'], /there are .*sybil/],
    [['--nodes', '0'], /whole number from 1/],
    [['--nodes', '1'], /nobody to agree with/],
    [['--nodes', '3', '--strategy', 'silent'], /nobody of 3 may lie; take 4 nodes or more/],
    [['--nodes', '4', '--strategy', 'silent', '--strategy', 'silent'], /at most 1 of 4 may lie; take 7/],
  ]
  for (const [args, why] of cases) {
    expect(() => askedOf(args), args.join(' ')).toThrow(UsageError)
    expect(() => askedOf(args), args.join(' ')).toThrow(why)
  }
  for (const args of [
    [],
    ['--nodes', '2'],
    ['--chain', '--nodes', '1'],
    ['--chain', '--weather', 'blackout'],
    ['--chain', '--nodes', '3', '--heights', '2', '--seeds', '2'],
    ['--attack', 'sybil', '--without', 'bond'],
    ['--liveness', '--seeds', '2', '--heights', '9'],
    ['--strategy', 'silent', '--strategy', 'replay'],
    ['--weather', 'calm', '--weather', 'blackout'],
  ])
    expect(askedOf(args).first).toBe(1)
})

test.each([2, 3])('%i nodes, none of which may lie: no conflict, progress after every heal', async (nodes) => {
  const { byzantine, conflicts, faults, heights } = await runWorld({ seed: 5, nodes, heights: 40 })
  expect({ byzantine, conflicts, faults }).toEqual({ byzantine: [], conflicts: [], faults: [] })
  expect(heights).toBeGreaterThanOrEqual(40)
})

test('npm run sim -- --seed N says the same twice, byte by byte, and another seed something else', () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const ran = (seed: number): string => {
    const { status, stdout } = spawnSync(process.execPath, [main, '--seed', String(seed), '--nodes', '4', '--heights', '20'], {
      encoding: 'utf8',
    })
    expect(status).toBe(0)
    return stdout
  }
  const first = ran(5)
  expect(first).toMatch(/"trace":"[0-9a-f]{16}"/)
  expect(ran(5)).toBe(first)
  expect(ran(6)).not.toBe(first)
})
