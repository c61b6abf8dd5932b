/**
 * Who may change something from a browser. A page of another origin can send a request that it cannot read the answer of (so a foreign
 * Origin is refused), and can make its own host name point at this node (so a Host that is not the node's is refused).
 */
import { UtnetError } from '../../runtime/core/index.ts'
import type { AppOptions } from './env.ts'

const IPV4 = /^[0-9]{1,3}(\.[0-9]{1,3}){3}$/
const IPV6 = /^\[[0-9a-f:.]+\]$/

/** Host names (lower case, with or without a port) and foreign origins that are allowed. */
export interface OriginRules {
  readonly hosts: ReadonlySet<string>
  readonly origins: ReadonlySet<string>
}

/** The rules of an app's options. */
export function originRules(options: AppOptions): OriginRules {
  return { hosts: new Set(options.hosts?.map((h) => h.toLowerCase())), origins: new Set(options.origins) }
}

/** True for a Host that no stranger's name server can point here: an IP address, localhost, or one the node was given. */
export function isKnownHost(host: string, rules: OriginRules): boolean {
  const lower = host.toLowerCase()
  const name = lower.replace(/:[0-9]{0,5}$/, '')
  if (IPV4.test(name) || IPV6.test(name) || name === 'localhost' || name.endsWith('.localhost')) return true
  return rules.hosts.has(lower) || rules.hosts.has(name)
}

function isSameOrigin(origin: string, host: string): boolean {
  try {
    const url = new URL(origin)
    if ((url.protocol !== 'http:' && url.protocol !== 'https:') || url.origin !== origin.toLowerCase()) return false
    // Parsing the Host under the same scheme drops a default port on both sides.
    return url.host === new URL(`${url.protocol}//${host}`).host
  } catch {
    return false
  }
}

/** Throws `host_unknown` or `origin_refused` for a request that a foreign page may have made. Requests without Origin come from no page. */
export function checkOrigin(request: Request, rules: OriginRules): void {
  // A target in absolute form names the host, whatever the field says (RFC 9112, 3.2.2).
  const target = new URL(request.url).host
  const host = request.headers.get('host') ?? target
  for (const name of [host, target])
    if (!isKnownHost(name, rules)) throw new UtnetError('host_unknown', `this node is not known as ${name.slice(0, 120)}`)
  const origin = request.headers.get('origin')
  if (origin === null || rules.origins.has(origin) || isSameOrigin(origin, host)) return
  throw new UtnetError('origin_refused', `pages of ${origin.slice(0, 120)} may not change anything on this node`)
}
