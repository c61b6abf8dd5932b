import { expect, test } from 'vitest'
import { closeAll } from './close-all.ts'

test('everything is closed, the last first, whatever fails; the first failure is told', async () => {
  const closed: number[] = []
  const failing = async (n: number): Promise<void> => {
    closed.push(n)
    throw new Error(`${n} does not close`)
  }
  await expect(closeAll([() => void closed.push(1), () => failing(2), () => failing(3), () => void closed.push(4)])).rejects.toThrow(
    '3 does',
  )
  expect(closed).toEqual([4, 3, 2, 1])
})
