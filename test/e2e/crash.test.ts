/** A node that is killed at any moment keeps every receipt that it acknowledged, with its data, and never goes back behind a call that it answered. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { createClient, isUtnetError } from '../../gateway/client/index.ts'
import { decodeGenesis, type NodeApi } from '../../runtime/core/index.ts'
import { reexecute } from '../../runtime/node/index.ts'
import { verifyBundle } from '../../runtime/verify/index.ts'
import { startChild } from './kit/child.ts'
import { component } from './kit/guests.ts'
import { temporaryFolder, ticketOf } from './kit/node.ts'

const KILLS = Number(process.env['E2E_KILLS'] ?? 25)
const WRITERS = 4

const folder = temporaryFolder()
const data = join(folder, 'data')
const home = join(folder, 'user')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Acknowledged {
  readonly id: string
  /** What the request carried; null for calls. */
  readonly body: string | null
}

/** The load of one run, until the node is gone: what it acknowledged, and the highest block that it told of. */
async function load(url: string, run: number, kill: () => Promise<void>): Promise<{ acknowledged: Acknowledged[]; height: number }> {
  const acknowledged: Acknowledged[] = []
  let height = 0
  let over = false
  let answered: () => void = () => {}
  const firstAnswer = new Promise<void>((resolve) => (answered = resolve))
  // Delays that fall into all phases of a batch and of a block; every fifth node dies before it may have answered at all.
  const killed = (async () => {
    if (run % 5 !== 4) await firstAnswer
    await sleep((run * 37) % 140)
    await kill()
    over = true
  })()
  const until = async (act: (i: number) => Promise<void>): Promise<void> => {
    try {
      for (let i = 0; !over; i++) await act(i)
    } catch {
      // The connection broke: what was not answered was not acknowledged.
    }
  }
  const invoke = (writer: number) => async (i: number) => {
    const body = `run ${run} writer ${writer} request ${i}`
    const response = await fetch(`${url}/fn/probe/echo`, { method: 'POST', body })
    const { id } = ticketOf(response)
    acknowledged.push({ id, body })
    answered()
    await response.arrayBuffer()
  }
  const call = async (): Promise<void> => {
    const response = await fetch(`${url}/v1/guests/ledger/calls`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ export: 'post', args: [{ label: 'crash', amount: '1' }, 1] }),
    })
    const { id } = ticketOf(response)
    acknowledged.push({ id, body: null })
    answered()
    height = Math.max(height, ((await response.json()) as { height: number }).height)
  }
  await Promise.all([...Array.from({ length: WRITERS }, (_, w) => until(invoke(w))), until(call)])
  // A node that answers nothing must not keep the test waiting for its first answer.
  answered()
  await killed
  return { acknowledged, height }
}

/** Ids of those that the node does not have, or has without what they carried. */
async function lost(api: NodeApi, told: readonly Acknowledged[], anchored: boolean): Promise<string[]> {
  const missing: string[] = []
  for (const { id, body } of told) {
    try {
      const view = await api.receipt(id, anchored ? 20_000 : 0)
      if (view.id !== id) missing.push(`${id} is another`)
      if (!anchored) continue
      const bundle = Buffer.from(await api.bundle(id))
      if (body !== null && !bundle.includes(body)) missing.push(`${id} lacks its data`)
    } catch (error) {
      missing.push(`${id}: ${isUtnetError(error) ? error.code : String(error)}`)
    }
  }
  return missing
}

test(`${KILLS} kills under load lose nothing that was acknowledged`, { timeout: 600_000 }, async () => {
  const all: Acknowledged[] = []
  let last: readonly Acknowledged[] = []
  let highest = 0
  let calls = 0
  for (let run = 0; run < KILLS; run++) {
    const node = await startChild(data, home)
    const api = createClient(node.url)
    if (run === 0) {
      for (const name of ['probe', 'ledger'] as const) await api.deploy({ name, component: await component(name) })
    }
    expect((await api.chain()).height).toBeGreaterThanOrEqual(highest)
    expect(await lost(api, last, false), `after kill ${run}`).toEqual([])
    const { acknowledged, height } = await load(node.url, run, node.kill)
    last = acknowledged
    all.push(...acknowledged)
    calls += acknowledged.filter((a) => a.body === null).length
    highest = Math.max(highest, height)
  }

  const node = await startChild(data, home)
  const api = createClient(node.url)
  expect((await api.chain()).height).toBeGreaterThanOrEqual(highest)
  expect(all.length).toBeGreaterThanOrEqual(Math.floor((KILLS * 4) / 5))
  expect(new Set(all.map((a) => a.id)).size).toBe(all.length)
  expect(await lost(api, all, true)).toEqual([])
  // Each call added one; one that was in a block but not yet answered may have added more.
  expect(Number((await api.query({ name: 'ledger', export: 'amount-of', args: ['crash'] })).result)).toBeGreaterThanOrEqual(calls)
  const trust = [decodeGenesis(await api.genesis())]
  for (let i = 0; i < all.length; i += Math.ceil(all.length / 12)) {
    const result = await verifyBundle(await api.bundle((all[i] as Acknowledged).id), { trust, reexecute })
    expect(result.checks.filter((c) => !c.ok)).toEqual([])
  }
  expect(await node.stop()).toBe(0)
})
