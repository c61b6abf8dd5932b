/** The suite of the NodeApi on a whole node: by itself, and as a client sees it over HTTP. */
import { rmSync } from 'node:fs'
import { MessageChannel } from 'node:worker_threads'
import { createClient } from '../../gateway/client/index.ts'
import { proxyApi, serveApi } from '../../runtime/node/edge/api-proxy.ts'
import { openLink } from '../../runtime/node/edge/link.ts'
import { openNode, startDevNode } from '../../runtime/node/index.ts'
import { component } from '../e2e/kit/guests.ts'
import { smallModel, temporaryFolder } from '../e2e/kit/node.ts'
import { nodeApiSuite, type NodeSamples } from './node-api.ts'

const HEIGHT = 48
const WIDTH = 192

const samples: NodeSamples = {
  contract: {
    component: await component('ledger'),
    call: { export: 'post', args: [{ label: 'a', amount: '7' }, 3] },
    query: { export: 'amount-of', args: ['a'], result: '21' },
    badArgs: [{ label: 'a', amount: -7 }, 3],
  },
  function: {
    component: await component('probe'),
    request: { method: 'POST', path: '/echo?x=1', headers: [['x-test', 'yes']], body: new TextEncoder().encode('there and back') },
    status: 200,
    body: new TextEncoder().encode('there and back'),
  },
  model: {
    onnx: smallModel(),
    inputs: [{ name: 'x', dtype: 'f32', shape: [1, 3, HEIGHT, WIDTH], data: new Uint8Array(4 * 3 * HEIGHT * WIDTH) }],
  },
}

nodeApiSuite(
  'runtime/node',
  async () => {
    const data = temporaryFolder()
    const { api, close } = await openNode({ data })
    return {
      api,
      async close() {
        await close()
        rmSync(data, { recursive: true, force: true })
      },
    }
  },
  samples,
)

nodeApiSuite(
  'across threads',
  async () => {
    const data = temporaryFolder()
    const node = await openNode({ data })
    const { port1, port2 } = new MessageChannel()
    const { end, ...handlers } = serveApi(node.api)
    openLink(port1, handlers)
    return {
      api: proxyApi(openLink(port2, {})),
      async close() {
        end()
        port1.close()
        await node.close()
        rmSync(data, { recursive: true, force: true })
      },
    }
  },
  samples,
)

nodeApiSuite(
  'gateway/client over HTTP',
  async () => {
    const data = temporaryFolder()
    const node = await startDevNode({ data, port: 0 })
    return {
      api: createClient(node.url),
      async close() {
        await node.close()
        rmSync(data, { recursive: true, force: true })
      },
    }
  },
  samples,
)
