/** A development node: a node and its gateway on one port. */
import { availableParallelism } from 'node:os'
import { Admission, createApp } from '../../gateway/index.ts'
import { serve, type GatewayServer, type ServeOptions } from '../../gateway/serving/index.ts'
import { LIMITS, toHex, type NodeApi, type UtnetError } from '../core/index.ts'
import type { Finding } from './auditor/index.ts'
import type { NodeOptions } from './node-options.ts'
import { openNode } from './open-node.ts'
import type { NodeDispute } from './piee/index.ts'
import { toldFaults } from './tell-faults.ts'

/** Threads that check signatures, at most: with more the main thread, which does the rest, is what transactions wait for. */
const VERIFIERS = 4

/** `threads`: as many as there are other cores, at least one, unless told. */
export interface DevNodeOptions extends NodeOptions {
  /** 0 takes a free port. */
  readonly port: number
  /** `127.0.0.1` unless told. */
  readonly host?: string
}

/** A node at work; `genesis` is canonical bytes. */
export interface DevNode {
  readonly url: string
  readonly api: NodeApi
  readonly genesis: Uint8Array
  readonly madeGenesis: boolean
  /** What made the node stop by itself. */
  readonly failure: () => UtnetError | undefined
  /** Drains requests, then closes the node. */
  close(): Promise<void>
}

/** Starts a development node; resolves when it answers. */
export async function startDevNode(options: DevNodeOptions): Promise<DevNode> {
  let failure: UtnetError | undefined
  const failed = (error: UtnetError): void => {
    failure ??= error
    process.stderr.write(`the node stops: ${error.message}\n`)
    process.kill(process.pid, 'SIGTERM')
  }
  const missingChip = (serial: Uint8Array, error: UtnetError): void =>
    void process.stderr.write(`chip ${toHex(serial)} does not answer: ${error.message}\n`)
  const restarted = (error: UtnetError): void => void process.stderr.write(`an edge thread is started again: ${error.message}\n`)
  const disputed = ({ receipt, losers, detail }: NodeDispute, transcript: string): void =>
    void process.stderr.write(
      `dispute about ${receipt}: ${losers.join(' and ')} lost, ${detail}\n  next: utnet verify transcript ${transcript}\n`,
    )
  const found = ({ node: of, why, done }: Finding, request: string | undefined): void =>
    void process.stderr.write(
      `audit of ${of}: ${why} (${done})\n${request === undefined ? '' : `  next: utnet chain verdict ${request} --validator URL\n`}`,
    )
  const damaged = (error: UtnetError): void =>
    void process.stderr.write(`${error.message}\n${error.hint === undefined ? '' : `  next: ${error.hint}\n`}`)
  const auditFailed = (error: UtnetError): void => void process.stderr.write(`the audit of other nodes: ${error.message}\n`)
  const others = availableParallelism() - 1
  const threads = Math.min(LIMITS.edgeThreads, Math.max(1, others))
  const verifiers = Math.min(VERIFIERS, others)
  const node = await openNode({
    onFailure: failed,
    onRestart: restarted,
    onDispute: disputed,
    onMissingChip: missingChip,
    onFinding: found,
    onAuditFailure: auditFailed,
    onDamage: damaged,
    threads,
    verifiers,
    ...options,
  })
  try {
    const address = { port: options.port, ...(options.host === undefined ? {} : { host: options.host }) }
    const here = node.edges === undefined ? await serveHere(node.api, address) : undefined
    const { url } = here ?? (await (node.edges as NonNullable<typeof node.edges>).listen(address))
    return {
      url,
      api: node.api,
      genesis: node.genesis,
      madeGenesis: node.madeGenesis,
      failure: () => failure,
      async close() {
        await here?.close()
        await node.close()
      },
    }
  } catch (error) {
    await node.close()
    throw error
  }
}

/** All of the gateway on this thread. */
function serveHere(api: NodeApi, address: ServeOptions): Promise<GatewayServer> {
  const admission = new Admission()
  const onError = toldFaults()
  const functions = { node: api, admission, onError }
  return serve(createApp(api, { admission, onError }), { ...address, functions, transactions: { node: api, onError } })
}
