import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { main } from '../main.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'utnet-transcript-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a file that is no transcript fails its first check; one that is not there is wrong usage', async () => {
  const file = join(folder, 'x.transcript')
  writeFileSync(file, 'nothing')
  expect(await main(['verify', 'transcript', file, '--json'])).toBe(1)
  expect(await main(['verify', 'transcript', join(folder, 'none'), '--json'])).toBe(2)
  expect(await main(['verify', 'something', file, '--json'])).toBe(2)
})
