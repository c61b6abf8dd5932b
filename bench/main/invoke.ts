/** Rows of invoking a small function, against the same handler in plain Hono. */
import { join } from 'node:path'
import { buildGuest } from '../../runtime/node/index.ts'
import { ratioOf, rowOf, type Emit } from '../row.ts'
import { AREA, residentMib, type Bench } from './fixture.ts'
import { keptClient } from './http.ts'
import { load } from './load.ts'
import { runUtnet, startHono } from './node-process.ts'

const CONNECTIONS = 16
const ROUNDS = 5
const SECONDS = 2
const LATER = ['prefer: receipt=later'] as const

export async function invokeRows({ node, api, folder, env }: Bench, emit: Emit): Promise<void> {
  const dir = join(folder, 'hello')
  await runUtnet(['new', dir, '--template', 'function'], env)
  await api.deploy({ name: 'hello', component: (await buildGuest({ dir })).component })
  const hono = await startHono()
  try {
    const [ours, theirs] = [`${node.url}/fn/hello/a`, `${hono.url}/fn/hello/a`]
    const client = keptClient()
    const bodies = await Promise.all([ours, theirs].map(async (url) => (await fetch(url)).text()))
    if (bodies[0] !== bodies[1]) throw new Error(`the peer answers ${bodies[1]}, the function ${bodies[0]}`)
    for (const url of [ours, theirs]) await load(url, 1, CONNECTIONS)

    const single: number[] = []
    for (let i = 0; i < 600; i++) single.push((await client.ask(ours)).ms)
    client.close()
    const p50 = { id: 'main.invoke.p50-ms', row: 'a small function over HTTP, one caller at a time, receipt durable', unit: 'ms' }
    emit(rowOf(AREA, { ...p50, values: single.slice(100) }))

    const rates = { durable: [] as number[], later: [] as number[], hono: [] as number[] }
    for (let i = 0; i < ROUNDS; i++) {
      rates.durable.push(await load(ours, SECONDS, CONNECTIONS))
      rates.hono.push(await load(theirs, SECONDS, CONNECTIONS))
      rates.later.push(await load(ours, SECONDS, CONNECTIONS, LATER))
    }
    const row = `a small function, ${CONNECTIONS} connections`
    const peer = 'the same handler in plain Hono'
    emit(rowOf(AREA, { id: 'main.invoke.rps', row: `${row}, receipt durable`, unit: '1/s', values: rates.durable }))
    emit(rowOf(AREA, { id: 'main.hono.rps', row: `the peer: ${peer}`, unit: '1/s', values: rates.hono }))
    emit(
      ratioOf(AREA, {
        id: 'main.invoke.vs-hono',
        row: `requests/s of ${row}, receipt durable`,
        peer,
        ours: rates.durable,
        theirs: rates.hono,
      }),
    )
    const later = `requests/s of ${row}, receipt=later`
    emit(ratioOf(AREA, { id: 'main.invoke-later.vs-hono', row: later, peer, ours: rates.later, theirs: rates.hono }))
    const rss = 'resident memory of the node after the load'
    emit(rowOf(AREA, { id: 'main.rss-loaded-mb', row: rss, unit: 'MiB', values: [residentMib(node.pid)] }))
  } finally {
    await hono.stop()
  }
}
