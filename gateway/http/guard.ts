/** Who may change something: pages of this node only, and outside dev whoever signs a transaction. */
import { UtnetError, type NodeApi } from '../../runtime/core/index.ts'
import { checkOrigin, type OriginRules } from './origin.ts'

/** `page` throws `host_unknown` or `origin_refused` for foreign pages; `dev` does too, and `auth_required` on a node that is not `dev`. */
export interface Guards {
  readonly page: (request: Request) => void
  readonly dev: (request: Request) => Promise<void>
}

/** The guards of a node. Whether it runs as dev cannot change while it runs, so it is asked once. */
export function guards(node: NodeApi, rules: OriginRules): Guards {
  let dev: boolean | undefined
  const page = (request: Request): void => checkOrigin(request, rules)
  return {
    page,
    dev: async (request) => {
      page(request)
      dev ??= (await node.info()).dev
      if (!dev) throw new UtnetError('auth_required', 'this node does not run as dev: it takes signed transactions only')
    },
  }
}
