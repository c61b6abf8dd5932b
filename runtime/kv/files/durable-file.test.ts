import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { writeDurably, writeOnce } from './index.ts'

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

test('a file is replaced or made once, for its owner alone; what node says of the path is said as it is', () => {
  const folder = join(root, 'once')
  mkdirSync(folder)
  const path = join(folder, 'file')
  writeOnce(path, 'first')
  expect(() => writeOnce(path, 'second')).toThrow(expect.objectContaining({ code: 'EEXIST' }))
  expect([readFileSync(path, 'utf8'), readdirSync(folder)]).toEqual(['first', ['file']])
  writeDurably(path, 'third')
  expect([readFileSync(path, 'utf8'), readdirSync(folder)]).toEqual(['third', ['file']])
  if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600)
  for (const write of [writeOnce, writeDurably])
    expect(() => write(join(folder, 'none', 'file'), 'x')).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  rmSync(folder, { recursive: true })
})
