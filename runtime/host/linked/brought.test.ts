import { expect, test } from 'vitest'
import { cidOf, fileCid, LIMITS, RAW, sha256, utf8, type FileStore } from '../../core/index.ts'
import { memoryFiles } from '../testing/host.ts'
import { BroughtFiles } from './brought.ts'

test('a file comes with its hash, the first time and when it is at hand', async () => {
  const files = memoryFiles()
  const bytes = utf8('a file')
  const brought = new BroughtFiles(files)
  const mount = { path: '/x', cid: await files.putFile(bytes) }
  for (let i = 0; i < 2; i++) expect(await brought.all([mount])).toEqual([{ ...mount, bytes, hash: sha256(bytes) }])
})

test('one file under many names counts as often as it is mounted, at hand or not', async () => {
  const files = memoryFiles()
  const cid = await files.putFile(new Uint8Array(LIMITS.mountBytes / 2))
  const brought = new BroughtFiles(files)
  const mounts = ['/a', '/b', '/c'].map((path) => ({ path, cid }))
  expect(await brought.all(mounts.slice(0, 2))).toHaveLength(2)
  await expect(brought.all(mounts).then(() => 'given')).rejects.toMatchObject({ allowed: 0 })
})

test('what is laid out in another way than files are here is refused each time, and what to do is said', async () => {
  const bytes = new Uint8Array(LIMITS.fileChunkBytes + 1)
  // one block, where ours are two
  const cid = cidOf(RAW, bytes)
  expect(fileCid(bytes).equals(cid)).toBe(false)
  const files: Pick<FileStore, 'getFile'> = { getFile: () => Promise.resolve(bytes) }
  const brought = new BroughtFiles(files)
  for (let i = 0; i < 2; i++)
    await expect(brought.all([{ path: '/x', cid }])).rejects.toMatchObject({
      code: 'block_mismatch',
      hint: expect.stringContaining('--mount /x=') as string,
    })
})
