import { expect, test } from 'vitest'
import { createApp } from '../../gateway/index.ts'
import { createClient } from '../../gateway/client/index.ts'
import { simulatedComponent, simulatedNode } from '../../gateway/testing/simulated-node.ts'
import { LIMITS } from '../../runtime/core/index.ts'
import type { VerbContext } from '../verb.ts'
import { guests } from './guests.ts'

test.each([0, 1, LIMITS.listedGuests, LIMITS.listedGuests * 2 + 1])('all of %i guests are printed once, page by page', async (count) => {
  const node = simulatedNode()
  const names = Array.from({ length: count }, (_, i) => `g${String(i).padStart(4, '0')}`)
  for (const name of names) await node.deploy({ name, component: simulatedComponent('function', name) })
  const app = createApp(node)
  const asked: string[] = []
  const api = createClient('http://node', {
    fetch: async (url, init) => {
      asked.push(url)
      return app.fetch(new Request(url, init))
    },
  })
  const printed: unknown[] = []
  const context = { args: [], flags: {}, node: () => api, print: (guest: { name: string }) => printed.push(guest.name) }
  expect(await guests.run(context as unknown as VerbContext)).toBe(0)
  expect(printed).toEqual(names)
  expect(asked.length).toBe(Math.floor(count / LIMITS.listedGuests) + 1)
})
