import { expect, test } from 'vitest'
import { LIMITS } from '../../core/index.ts'
import { openExaminer } from './index.ts'

const GROUND = { genesis: new Uint8Array(0) }
const LEAF = new Uint8Array(3)
const FILE = { kind: 'bundle', bytes: new Uint8Array(9) } as const

test('evidence is weighed one file after the other, as many wait as the limit says, and none once the node stops', async () => {
  const examiner = openExaminer(GROUND)
  const all = Array.from({ length: LIMITS.examinations }, () => examiner.examine(LEAF, FILE))
  await expect(examiner.examine(LEAF, FILE)).rejects.toMatchObject({ code: 'host_busy', limit: 'examinations' })
  // bytes that are no receipt say nothing of one
  for (const { result } of await Promise.all(all)) expect(result).toBe('unknown')
  await expect(examiner.examine(LEAF, FILE)).resolves.toMatchObject({ result: 'unknown' })
  await examiner.close()
  await expect(examiner.examine(LEAF, FILE)).rejects.toMatchObject({ code: 'node_stopping' })
})

test('what does not end in time says nothing, its thread is ended, and the next file has a new one', async () => {
  const examiner = openExaminer(GROUND, 1)
  for (const _ of [1, 2]) expect(await examiner.examine(LEAF, FILE)).toMatchObject({ result: 'unknown', why: 'it did not end within 1 ms' })
  await examiner.close()
})
