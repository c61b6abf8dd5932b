/** The validated part of the surface: `/v1` and its OpenAPI document. Loaded with the first request that needs it. */
import { Hono } from 'hono'
import { codingRefusal, json, problem, respond, unrouted, type GatewayBindings, type Route, type RouteKit } from '../http/index.ts'
import { accountRoutes } from './accounts.ts'
import { attesterRoutes } from './attester.ts'
import { chainRoutes } from './chain.ts'
import { fileRoutes } from './files.ts'
import { guestRoutes } from './guests.ts'
import { modelRoutes } from './models.ts'
import { openApi } from './openapi.ts'
import { receiptRoutes } from './receipts.ts'

const FAMILIES = [guestRoutes, accountRoutes, fileRoutes, modelRoutes, receiptRoutes, chainRoutes, attesterRoutes]

/** All routes of `/v1` over one node. */
export function v1Routes(kit: RouteKit): readonly Route[] {
  return FAMILIES.flatMap((family) => family(kit))
}

/** The app of those routes, and `/openapi.json`. */
export function v1App(kit: RouteKit, version: () => Promise<string>): Hono<GatewayBindings> {
  const app = new Hono<GatewayBindings>()
  const routes = v1Routes(kit)
  for (const route of routes) {
    app.on(route.method.toUpperCase(), route.path.replaceAll(/\{(.+?)\}/g, ':$1'), async (c) => {
      const request = c.req.raw
      const coded = route.body === undefined ? undefined : codingRefusal(request)
      if (coded !== undefined) return coded
      return respond(request, await route.run({ request, params: c.req.param(), query: c.req.query(), closing: c.env?.closing }))
    })
  }
  let document: object | undefined
  app.get('/openapi.json', async (c) => {
    document ??= openApi(routes, await version())
    return respond(c.req.raw, json(document))
  })
  app.onError((error, c) => {
    kit.onError(error, c.req.raw)
    return problem(c.req.raw, error)
  })
  const known = [...routes, { method: 'get', path: '/openapi.json' }]
  app.notFound((c) => unrouted(c.req.raw, known))
  return app
}
