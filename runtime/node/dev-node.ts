/** A development node: a node and its gateway on one port. */
import { createApp } from '../../gateway/index.ts'
import { serve } from '../../gateway/node.ts'
import type { NodeApi, UtnetError } from '../core/index.ts'
import { openNode, type NodeOptions } from './open-node.ts'

export interface DevNodeOptions extends NodeOptions {
  /** 0 takes a free port. */
  readonly port: number
  /** `127.0.0.1` unless told. */
  readonly host?: string
}

export interface DevNode {
  readonly url: string
  readonly api: NodeApi
  readonly genesis: Uint8Array
  readonly madeGenesis: boolean
  /** Drains requests, then closes the node. */
  close(): Promise<void>
}

/** Starts a development node; resolves when it answers. */
export async function startDevNode(options: DevNodeOptions): Promise<DevNode> {
  const failed = (error: UtnetError): void => {
    process.stderr.write(`the node stops: ${error.message}\n`)
    process.kill(process.pid, 'SIGTERM')
  }
  const node = await openNode({ onFailure: failed, ...options })
  try {
    const app = createApp(node.api)
    const server = await serve(app, { port: options.port, ...(options.host === undefined ? {} : { host: options.host }) })
    return {
      url: server.url,
      api: node.api,
      genesis: node.genesis,
      madeGenesis: node.madeGenesis,
      async close() {
        await server.close()
        await node.close()
      },
    }
  } catch (error) {
    await node.close()
    throw error
  }
}
