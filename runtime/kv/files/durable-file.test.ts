import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const root = mkdtempSync(join(tmpdir(), 'utnet-file-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

test.skipIf(process.platform === 'win32')('a file for which there is no room: a code, and nothing is left of it', () => {
  const door = new URL('./index.ts', import.meta.url).href
  const script = `
import { writeDurably } from ${JSON.stringify(door)}
try { writeDurably(process.argv[1], 'x') } catch (e) { console.log(e.code) }`
  // No file may grow: what a full disk does, with another number of the error.
  const { stdout, status } = spawnSync(
    'sh',
    ['-c', `trap '' XFSZ; ulimit -f 0; exec "$0" --input-type=module -e "$1" "$2"`, process.execPath, script, join(root, 'file')],
    { encoding: 'utf8', timeout: 60_000, env: { ...process.env, NODE_COMPILE_CACHE: undefined } },
  )
  expect({ stdout, status, left: readdirSync(root) }).toEqual({ stdout: 'disk_failed\n', status: 0, left: [] })
})
