/** A deployment and the source map behind it, so that errors name the line of the author: those of a hook that does not let it happen, too. */
import { fileCid, isUtnetError, UtnetError, type DeployedView, type DeployRequest, type NodeApi } from '../../runtime/core/index.ts'

export type Deploying = Pick<NodeApi, 'deploy' | 'putSourceMap' | 'transaction'>

/** The same error with the line, now that the node has the map; itself where there is none to be had. */
async function withLine(api: Deploying, name: string, map: Uint8Array, thrown: unknown): Promise<unknown> {
  if (!isUtnetError(thrown, 'guest_trap')) return thrown
  const { message, hint, details = {} } = thrown
  const { transaction, line: told } = details
  if (typeof transaction !== 'string' || told !== undefined) return thrown
  try {
    await api.putSourceMap(name, map)
    const { at, line } = await api.transaction(transaction)
    if (line === undefined) return thrown
    return new UtnetError('guest_trap', `${message} at ${line}`, {
      ...(hint === undefined ? {} : { hint }),
      details: { ...details, ...(at === undefined ? {} : { at }), line },
      cause: thrown,
    })
  } catch {
    return thrown
  }
}

/** Deploys and brings the map. Where the node does not take the map alone, `say` is told why, and the guest is deployed. */
export async function deployWithMap(
  api: Deploying,
  request: Omit<DeployRequest, 'sourceMap'>,
  map: Uint8Array,
  say: (why: unknown) => void,
): Promise<DeployedView> {
  const { name } = request
  let view: DeployedView
  try {
    view = await api.deploy({ ...request, sourceMap: fileCid(map).toString() })
  } catch (error) {
    throw await withLine(api, name, map, error)
  }
  await api.putSourceMap(name, map).catch(say)
  return view
}
