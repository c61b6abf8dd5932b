/**
 * An HTTP function (sha-256 sixteen times, about 11 us of wasm) in every mode, against the same function un-metered in a raw Hono handler, against
 * workerd, and against miniflare. All in one run, by turns.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '../../../gateway/client/index.ts'
import { buildGuest } from '../../../runtime/node/index.ts'
import { inFolder } from '../../main/fixture.ts'
import { startServed, type Served } from '../../main/node-process.ts'
import { ratioOf, rowOf, type Emit } from '../../row.ts'
import { expected, kernelModule } from './kernel.ts'
import { GENERATOR, load, type Loaded } from './load.ts'
import { startWorkerd } from './workerd.ts'

const AREA = 'host'
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5)
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 2)
const LATER = ['Prefer: receipt=later'] as const
const GUEST = fileURLToPath(new URL('guest', import.meta.url))
const OUR_NODE = fileURLToPath(new URL('our-node.ts', import.meta.url))
const HONO_PEER = fileURLToPath(new URL('hono-peer.ts', import.meta.url))
const MINIFLARE_PEER = fileURLToPath(new URL('miniflare-peer.ts', import.meta.url))

interface Target {
  readonly server: Served
  readonly path: string
  readonly connections: number
  readonly headers?: readonly string[]
  readonly runs: Loaded[]
}

/** Measures the rows `host.http.*`, in about two minutes. */
export async function httpRows(emit: Emit): Promise<void> {
  await inFolder(async (folder, env) => {
    const kernel = join(folder, 'sha.wasm')
    writeFileSync(kernel, await kernelModule())
    const nodeOptions = process.env['BENCH_NODE_OPTIONS']?.split(' ') ?? []
    const servers: Served[] = []
    const start = async (starting: Promise<Served>): Promise<Served> => {
      const server = await starting
      servers.push(server)
      return server
    }
    try {
      const ours = await start(startServed([...nodeOptions, OUR_NODE, join(folder, 'data')], '/readyz', env))
      const { component } = await buildGuest({ dir: GUEST })
      const api = createClient(ours.url)
      for (const name of ['sha', 'sha-off']) await api.deploy({ name, component })
      const hono = await start(startServed([HONO_PEER, kernel], '/fn/sha/', env))
      const workerd = await start(startWorkerd(folder))
      const miniflare = await start(startServed([MINIFLARE_PEER, kernel], '/fn/sha/', env))
      await alike(servers)
      await measured({ ours, hono, workerd, miniflare }, emit)
    } finally {
      for (const server of servers) await server.stop()
    }
  })
}

/** A peer that answers something else is no peer. */
async function alike(servers: readonly Served[]): Promise<void> {
  for (const { url } of servers) {
    const body = await (await fetch(`${url}/fn/sha/abc`)).text()
    if (body !== expected('/abc')) throw new Error(`${url} answers ${body}`)
  }
}

async function measured(servers: Readonly<Record<'ours' | 'hono' | 'workerd' | 'miniflare', Served>>, emit: Emit): Promise<void> {
  const { ours, hono, workerd, miniflare } = servers
  const target = (server: Served, connections: number, path = '/fn/sha/abc', headers: readonly string[] = []): Target => ({
    server,
    path,
    connections,
    headers,
    runs: [],
  })
  const raw16 = target(hono, 16)
  const raw128 = target(hono, 128)
  const off = target(ours, 16, '/fn/sha-off/abc')
  const later = target(ours, 16, '/fn/sha/abc', LATER)
  const default16 = target(ours, 16)
  const default128 = target(ours, 128)
  const workerd128 = target(workerd, 128)
  const miniflare128 = target(miniflare, 128)
  const all = [raw16, off, later, default16, raw128, default128, workerd128, miniflare128]
  // Twice: what was compiled while the first ran is warm in the second.
  for (const { server, path, connections, headers } of [...all, ...all]) await load(server, server.url + path, 1, connections, headers)
  for (let round = 0; round < ROUNDS; round++)
    for (const { server, path, connections, headers, runs } of all)
      runs.push(await load(server, server.url + path, SECONDS, connections, headers))

  const rates = ({ runs }: Target): number[] => runs.map((run) => run.perSecond)
  const ratio = (id: string, row: string, mine: Target, theirs: Target, peer: string, atLeast?: number): void =>
    emit(
      ratioOf(AREA, {
        id: `host.http.${id}`,
        row: `requests/s of a function over HTTP (sha-256 x16), ${row} (${GENERATOR})`,
        peer,
        ours: rates(mine),
        theirs: rates(theirs),
        ...(atLeast === undefined ? {} : { atLeast }),
      }),
    )
  const plain = 'the same function un-metered in a raw Hono handler'
  ratio('off', '16 connections, receipts off', off, raw16, plain, 0.8)
  ratio('later', '16 connections, receipt=later', later, raw16, plain, 0.6)
  ratio('default-16', '16 connections, attested and durable', default16, raw16, plain, 0.35)
  ratio('default-128', '128 connections, attested and durable', default128, raw128, plain, 0.5)
  ratio('vs-workerd', '128 connections, attested and durable', default128, workerd128, 'workerd, its own binary', 2)
  ratio('miniflare', '128 connections, attested and durable', default128, miniflare128, 'miniflare')
  for (const [id, { runs, connections }] of Object.entries({ raw16, off, later, default16, raw128, default128, workerd128 })) {
    const values = runs.map((run) => run.cpuUs).filter(Number.isFinite)
    if (values.length > 0)
      emit(
        rowOf(AREA, { id: `host.http.cpu-us.${id}`, row: `CPU of the server a request, ${connections} connections`, unit: 'us', values }),
      )
    emit(
      rowOf(AREA, {
        id: `host.http.rps.${id}`,
        row: `requests/s, ${connections} connections`,
        unit: '1/s',
        values: rates({ runs } as Target),
      }),
    )
  }
}
