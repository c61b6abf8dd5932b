import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeFolder } from './index.ts'

const root = mkdtempSync(join(tmpdir(), 'utnet-folder-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

test('folders are made up to the one that is named, once', () => {
  const deep = join(root, 'a', 'b', 'c')
  makeFolder(deep, 0o700)
  makeFolder(deep, 0o700)
  expect([deep, join(root, 'a')].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700])
})

test('what stands in the way is named', () => {
  const file = join(root, 'file')
  writeFileSync(file, '')
  expect(() => makeFolder(file)).toThrow('EEXIST')
  expect(() => makeFolder(join(file, 'x', 'y'))).toThrow('ENOTDIR')
})

test.runIf(existsSync('/proc/self'))('a place where nothing can be made is refused, and that at once', () => {
  const door = new URL('./index.ts', import.meta.url).href
  const script = `import { makeFolder } from ${JSON.stringify(door)}; try { makeFolder('/proc/x/y') } catch (e) { console.log(e.syscall, e.code) }`
  // In a process of its own: node's own way does not come back.
  const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 30_000 })
  expect({ stdout, signal }).toEqual({ stdout: 'mkdir ENOENT\n', signal: null })
})
