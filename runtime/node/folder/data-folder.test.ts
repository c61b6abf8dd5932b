import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openDataFolder } from './data-folder.ts'

const root = mkdtempSync(join(tmpdir(), 'utnet-folder-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

test('a folder on a disk without room is refused before anything is written in it', () => {
  const path = join(root, 'data')
  expect(() => openDataFolder(path, 2 ** 60)).toThrow(
    expect.objectContaining({ code: 'disk_failed', message: expect.stringContaining(path) }),
  )
  expect(readdirSync(path)).toEqual([])
  openDataFolder(path).release()
})
