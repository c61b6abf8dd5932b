import { readdirSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { openDataFolder } from '../../../runtime/node/folder/index.ts'
import { smallDisk } from './small-disk.ts'

const disk = smallDisk(1_020)
afterAll(() => disk?.remove())

test.skipIf(disk === undefined)(
  'a new data folder takes 1 MiB of room: on a disk with less it is refused, and nothing is written (skipped where no file system can be mounted)',
  () => {
    if (disk === undefined) return
    expect(() => openDataFolder(disk.path)).toThrow(
      expect.objectContaining({ code: 'disk_failed', hint: expect.stringContaining('--data') }),
    )
    expect(readdirSync(disk.path)).toEqual([])
    disk.grow(1_024)
    openDataFolder(disk.path).release()
    expect(readdirSync(disk.path)).toContain('format')
  },
)
