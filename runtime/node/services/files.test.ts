import { expect, test } from 'vitest'
import { cidOf, LIMITS, RAW } from '../../core/index.ts'
import { addFile } from './files.ts'

test('a file is stored up to the limit of what a guest mounts, and not one byte over', async () => {
  const stored: number[] = []
  const cid = cidOf(RAW, new Uint8Array(1))
  const store = { putFile: async (bytes: Uint8Array) => (stored.push(bytes.length), cid) }
  const over = new Uint8Array(LIMITS.mountBytes + 1)
  expect(await addFile({ store }, over.subarray(1))).toEqual({ cid: cid.toString(), size: LIMITS.mountBytes })
  await expect(addFile({ store }, over)).rejects.toMatchObject({
    code: 'core_too_large',
    limit: 'mountBytes',
    used: LIMITS.mountBytes + 1,
    allowed: LIMITS.mountBytes,
  })
  expect(stored).toEqual([LIMITS.mountBytes])
})
