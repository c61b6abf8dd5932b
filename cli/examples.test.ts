/** The examples run as they stand. */
import { fileURLToPath } from 'node:url'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { run } from './testing/run.ts'

test('examples/01-hello-contract.ts', async () => {
  const file = fileURLToPath(new URL('../examples/01-hello-contract.ts', import.meta.url))
  const ran = await run([process.execPath, file], [], { cwd: tmpdir(), env: {} })
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  expect(ran.stdout).toMatch(
    /^deployed hello as bafkrei\w+\ncount\(2\) = 2 in block \d+, gas \d+\ncount\(40\) = 42 in block \d+, gas \d+\ncount-of\(me\) = 42\nits receipt is valid: \d+ checks\n$/,
  )
})

test('examples/02-two-contracts.ts', async () => {
  const file = fileURLToPath(new URL('../examples/02-two-contracts.ts', import.meta.url))
  const ran = await run([process.execPath, file], [], { cwd: tmpdir(), env: {} })
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  expect(ran.stdout).toMatch(
    /^draw\(250\) left the shop 750, 1 event, gas \d+\ndraw\(100\) is refused: insufficient: 50 - 100\nversion 2 took over from 1; credit is still 50\nthe receipt is valid: both contracts ran again\n$/,
  )
})
