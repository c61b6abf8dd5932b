import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
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

test('what lies in the place of the format or the lock is told by name, and is not taken for another node', () => {
  const path = (name: string): string => {
    mkdirSync(join(root, name))
    return join(root, name)
  }
  const corrupt = (name: string) => expect.objectContaining({ code: 'data_corrupt', message: expect.stringContaining(name) })
  const odd = path('odd')
  mkdirSync(join(odd, 'format'))
  expect(() => openDataFolder(odd)).toThrow(corrupt('format'))
  const barred = path('barred')
  mkdirSync(join(barred, 'lock'))
  expect(() => openDataFolder(barred)).toThrow(corrupt('lock'))
  const garbage = path('garbage')
  writeFileSync(join(garbage, 'lock'), 'x'.repeat(5_000))
  expect(() => openDataFolder(garbage)).toThrow(corrupt('lock'))
  const mine = openDataFolder(path('mine'))
  expect(() => openDataFolder(join(root, 'mine'))).toThrow(expect.objectContaining({ code: 'data_locked' }))
  mine.release()
})
