/** `utnet/testing`: an embedded node in a temporary folder, for the tests of a guest. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient, deployWithMap } from '../../gateway/client/index.ts'
import { utf8, type CallResult, type GuestView, type NodeApi, type QueryResult } from '../core/index.ts'
import { buildGuest } from '../host/build/index.ts'
import { startDevNode } from './dev-node.ts'

/** The node, with an account that pays. */
export interface TestNode {
  readonly url: string
  readonly api: NodeApi
  /** Address of the account that `call` signs with. */
  readonly account: string
  /** Builds a project folder and deploys it with its source map, so that errors name the line of the author. */
  deploy(dir: string | URL, name: string): Promise<GuestView>
  call(name: string, entry: string, ...args: readonly unknown[]): Promise<CallResult>
  query(name: string, entry: string, ...args: readonly unknown[]): Promise<QueryResult>
  close(): Promise<void>
}

/** Starts a node of its own on a free port; `close` removes all of it. */
export async function startTestNode(): Promise<TestNode> {
  const folder = mkdtempSync(join(tmpdir(), 'utnet-test-'))
  const node = await startDevNode({ data: folder, port: 0, threads: 0 })
  const api = createClient(node.url)
  const { devAccount } = await api.info()
  return {
    url: node.url,
    api,
    account: devAccount ?? '',
    async deploy(dir, name) {
      const { component, sourceMap } = await buildGuest({ dir: typeof dir === 'string' ? dir : fileURLToPath(dir) })
      if (sourceMap === undefined) return api.deploy({ name, component })
      return deployWithMap(api, { name, component }, utf8(sourceMap), (why) => {
        throw why
      })
    },
    call: (name, entry, ...args) => api.call({ name, export: entry, args }),
    query: (name, entry, ...args) => api.query({ name, export: entry, args }),
    async close() {
      await node.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
