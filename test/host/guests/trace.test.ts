import { expect, test } from 'vitest'
import { testHost } from '../../../runtime/host/testing/host.ts'
import { traced } from './trace.ts'

test('a host that is made under trace runs modules of its own, which are not traced', async () => {
  const { value, traces } = await traced(async () => testHost())
  expect(value).toBeDefined()
  expect(traces).toEqual([])
})
