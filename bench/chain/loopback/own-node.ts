/** Our side of the loopback rows: `utnet dev` as a user starts it, held to one processor, that takes one signed transaction a request and makes its blocks meanwhile. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatAddress, parseAddress, parseCid, PARAMS, type CID } from '../../../runtime/core/index.ts'
import { startNode } from '../../main/node-process.ts'
import { type ChainOf, type Sender } from '../own-chain.ts'
import { PINNED } from '../pinned.ts'
import { lanesOf, postBytes, sendLanes, type Reply } from './kept.ts'

/** Requests at once while accounts are made ready, before the clock starts. */
const SETUP_LANES = 32

export interface OwnNode extends ChainOf {
  readonly port: number
  readonly chainId: CID
  /** The JSON of an answer; throws for one that is not 2xx. */
  get(path: string): Promise<unknown>
  /** Sends JSON for each, some at once; throws where one is refused. */
  postEach(path: (i: number) => string, bodies: readonly unknown[]): Promise<void>
  /** Deploys a contract; gives its address. */
  deploy(name: string, component: Uint8Array): Promise<Uint8Array>
  stop(): Promise<void>
}

function ok({ status, body }: Reply): void {
  if (status < 200 || status > 299) throw new Error(`the node answered ${status}: ${body.slice(0, 300)}`)
}

/** Starts a node on a new chain whose dev account has given something to each of the senders. */
export async function startOwnNode(from: readonly Sender[]): Promise<OwnNode> {
  const folder = mkdtempSync(join(tmpdir(), 'utnet-bench-'))
  const node = await startNode(
    join(folder, 'data'),
    { ...process.env, UTNET_HOME: join(folder, 'user') },
    process.env['BENCH_NODE_OPTIONS']?.split(' ') ?? [],
    PINNED,
  )
  const stop = async (): Promise<void> => {
    await node.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  const port = Number(new URL(node.url).port)
  const get = async (path: string): Promise<unknown> => {
    const answer = await fetch(`${node.url}${path}`)
    const body = await answer.text()
    ok({ status: answer.status, body })
    return JSON.parse(body)
  }
  const postEach = async (path: (i: number) => string, bodies: readonly unknown[]): Promise<void> => {
    const requests = bodies.map((body, i) => postBytes(path(i), 'application/json', Buffer.from(JSON.stringify(body))))
    await sendLanes(
      port,
      lanesOf(requests, Math.min(SETUP_LANES, requests.length), (i) => i),
      ok,
    )
  }
  const deploy = async (name: string, component: Uint8Array): Promise<Uint8Array> => {
    await sendLanes(port, [[postBytes(`/v1/guests?name=${name}`, 'application/wasm', component)]], ok)
    const { address } = (await get(`/v1/guests/${name}`)) as { address: string }
    return parseAddress(address)
  }
  try {
    const { chainId } = (await get('/v1/node')) as { chainId: string }
    await postEach(
      (i) => `/v1/accounts/${formatAddress((from[i] as Sender).address)}/fund`,
      from.map(() => ({})),
    )
    return { port, chainId: parseCid(chainId, 'chain id'), params: PARAMS, get, postEach, deploy, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

interface TransactionView {
  readonly state: string
  readonly height: number | null
}

interface BlockView {
  readonly transactions: readonly { readonly kind: string; readonly status: string }[]
}

/**
 * Sends signed transactions over so many connections until the last is in a final block; gives how many a second. Throws where one of them is not final by then, or did
 * not complete. They are given in rounds: one by each of `from`, in their order.
 */
export async function submitToOwn(node: OwnNode, wires: readonly Uint8Array[], from: number, connections: number): Promise<number> {
  const requests = wires.map((wire) => postBytes('/v1/transactions', 'application/vnd.ipld.dag-cbor', wire))
  const lanes = lanesOf(requests, connections, (i) => i % from)
  const { height: before } = (await node.get('/v1/chain')) as { height: number }
  const began = performance.now()
  const last = await sendLanes(node.port, lanes, ok)
  const ends = (await Promise.all(
    last.map(({ body }) => node.get(`/v1/transactions/${(JSON.parse(body) as { hash: string }).hash}?wait=30000`)),
  )) as TransactionView[]
  const seconds = (performance.now() - began) / 1_000
  const height = Math.max(...ends.map((view) => view.height ?? Number.NaN))
  const kinds: Record<string, number> = {}
  for (let at = before + 1; at <= height; at++) {
    const { transactions } = (await node.get(`/v1/chain/blocks/${at}`)) as BlockView
    for (const { kind, status } of transactions) kinds[`${kind} ${status}`] = (kinds[`${kind} ${status}`] ?? 0) + 1
  }
  const done = (kinds['transfer ok'] ?? 0) + (kinds['call ok'] ?? 0)
  if (done !== wires.length) throw new Error(`of ${wires.length} transactions those up to block ${height} are ${JSON.stringify(kinds)}`)
  return wires.length / seconds
}
