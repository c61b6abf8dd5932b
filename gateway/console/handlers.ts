/** The status page at `/`, its script and its style. */
import type { NodeApi } from '../../runtime/core/index.ts'
import { respond, type Answer, type GatewayContext } from '../http/index.ts'
import { ICON, SCRIPT, STYLE } from './assets.ts'
import { renderPage, ROWS } from './page.ts'

const HEADERS = {
  'content-security-policy': "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
}

const text = (type: string, body: string): Answer => ({ status: 200, type: `${type}; charset=utf-8`, body, headers: HEADERS })

/** One handler for each file of the page. */
export interface ConsoleHandlers {
  readonly page: (c: GatewayContext) => Promise<Response>
  readonly script: (c: GatewayContext) => Response
  readonly style: (c: GatewayContext) => Response
  readonly icon: (c: GatewayContext) => Response
}

/** The handlers of one node. */
export function consoleHandlers(node: NodeApi): ConsoleHandlers {
  return {
    page: async (c) => {
      const [info, chain, guests, models] = await Promise.all([node.info(), node.chain(), node.guests({ limit: ROWS + 1 }), node.models()])
      return respond(c.req.raw, text('text/html', renderPage({ info, chain, guests, models })))
    },
    script: (c) => respond(c.req.raw, text('text/javascript', SCRIPT)),
    style: (c) => respond(c.req.raw, text('text/css', STYLE)),
    icon: (c) => respond(c.req.raw, text('image/svg+xml', ICON)),
  }
}
