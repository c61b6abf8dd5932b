/** What was anchored late: both verifiers draw the line at the same block. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ROLLUP } from '../../runtime/core/index.ts'
import { anchoredAfter } from '../../runtime/verify/testing/bundles.ts'
import { python, SKIPPED } from './python.ts'

const folder = mkdtempSync(join(tmpdir(), 'utnet-late-'))
afterAll(() => rmSync(folder, { recursive: true }))

function second(blocks: number): Promise<string> {
  const made = anchoredAfter(blocks)
  const [genesis, file] = [join(folder, `${blocks}.genesis`), join(folder, `${blocks}.car`)]
  writeFileSync(genesis, made.genesis)
  writeFileSync(file, made.file)
  return python('check_bundle.py', genesis, file)
}

test.skipIf(SKIPPED !== '')(`a run that was anchored at the last block in time holds, one block later it does not ${SKIPPED}`, async () => {
  expect(await second(ROLLUP.contextBlocks)).toContain(' gas\n')
  await expect(second(ROLLUP.contextBlocks + 1)).rejects.toThrow('does not hold: anchored late')
})
