/** The gateway: one Hono app over a NodeApi. Pure: it runs wherever `fetch` handlers do, and does nothing until it is asked. */
import { Hono } from 'hono'
import { asUtnetError, type NodeApi } from '../runtime/core/index.ts'
import { consoleHandlers } from './console/index.ts'
import {
  guards,
  originRules,
  problem,
  unrouted,
  type AppOptions,
  type GatewayBindings,
  type GatewayContext,
  type KnownPath,
} from './http/index.ts'
import {
  Admission,
  asksForBlock,
  Bulk,
  functionHandler,
  healthHandler,
  inferenceHandlers,
  ipfsHandler,
  metricsHandler,
  readyHandler,
} from './routes/index.ts'

const HEARTBEAT_MS = 15_000

/**
 * The app of a node.
 * `/fn` and `/ipfs` are plain handlers; `/v1` with its schemas is loaded by the first request for it.
 */
export function createApp(node: NodeApi, options: AppOptions = {}): Hono<GatewayBindings> {
  const { page, dev } = guards(node, originRules(options))
  const onError = (error: unknown, request: Request): void => {
    if (asUtnetError(error).fault === 'node') options.onError?.(error, request)
  }
  const app = new Hono<GatewayBindings>()
  const known: KnownPath[] = []
  const on = (method: 'get' | 'post', path: string, handler: (c: GatewayContext) => Response | Promise<Response>): void => {
    known.push({ method, path: path.replaceAll(/:([a-z]+)/g, '{$1}') })
    app[method](path, handler)
  }

  const bulk = new Bulk(options.bulk)
  app.get('/ipfs/*', (c, next) => (asksForBlock(c.req.raw) ? next() : bulk.answer(c, next)))
  app.get('/v1/receipts/:id/bundle', (c, next) => bulk.answer(c, next))

  app.all('/fn/*', functionHandler(node, options.admission ?? new Admission()))
  on('get', '/ipfs/*', ipfsHandler(node))

  const inference = inferenceHandlers(node, page)
  on('get', '/v2', inference.server)
  on('get', '/v2/health/live', inference.live)
  on('get', '/v2/health/ready', inference.ready)
  for (const model of ['/v2/models/:model', '/v2/models/:model/versions/:version']) {
    on('get', model, inference.model)
    on('get', `${model}/ready`, inference.modelReady)
    on('post', `${model}/infer`, inference.infer)
  }

  on('get', '/healthz', healthHandler)
  on('get', '/readyz', readyHandler(node))
  on('get', '/metrics', metricsHandler(node))

  const pages = consoleHandlers(node)
  on('get', '/', pages.page)
  on('get', '/console.js', pages.script)
  on('get', '/console.css', pages.style)
  on('get', '/icon.svg', pages.icon)

  let v1: Promise<Hono<GatewayBindings>> | undefined
  const validated = async (c: GatewayContext): Promise<Response> => {
    v1 ??= import('./v1/index.ts').then(({ v1App }) => {
      const kit = { node, page, dev, heartbeatMs: options.heartbeatMs ?? HEARTBEAT_MS, onError }
      return v1App(kit, async () => (await node.info()).version)
    })
    return (await v1).fetch(c.req.raw, c.env)
  }
  app.all('/v1/*', validated)
  app.all('/openapi.json', validated)

  app.notFound((c) => unrouted(c.req.raw, known))
  app.onError((error, c) => {
    onError(error, c.req.raw)
    return problem(c.req.raw, error)
  })
  return app
}
