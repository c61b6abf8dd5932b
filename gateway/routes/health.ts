/** Liveness, readiness and metrics. */
import { UtnetError, type NodeApi } from '../../runtime/core/index.ts'
import { json, respond, type GatewayContext } from '../http/index.ts'
import { METRICS_TYPE } from '../wire/index.ts'

/** `/healthz`: this process answers. */
export function healthHandler(c: GatewayContext): Response {
  return respond(c.req.raw, json({ status: 'ok' }))
}

/** `/readyz`: the node can serve. */
export function readyHandler(node: NodeApi): (c: GatewayContext) => Promise<Response> {
  return async (c) => {
    if (!(await node.ready())) throw new UtnetError('node_not_ready', 'the node is still starting or cannot serve')
    return respond(c.req.raw, json({ ready: true }))
  }
}

/** `/metrics`: OpenMetrics text. */
export function metricsHandler(node: NodeApi): (c: GatewayContext) => Promise<Response> {
  return async (c) => respond(c.req.raw, { status: 200, type: METRICS_TYPE, body: await node.metrics() })
}
