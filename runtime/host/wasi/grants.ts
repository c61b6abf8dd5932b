/**
 * What a guest may see of the outside: files by CID, hosts, buckets, settings. It stands in the component itself, as the custom section `utnet:grants`,
 * so that the module id binds it and whoever runs the module again needs no other file.
 */
import { asArray, asCid, asText, decode, encode, LIMITS, UtnetError, type Cbor, type CID } from '../../core/index.ts'
import { invalid, Reader, Writer } from '../wasm/index.ts'

/** A file or folder by CID, at a path of the guest. */
export interface Mount {
  /** Absolute, e.g. `/data/iris.csv`. */
  readonly path: string
  readonly cid: CID
}

/** Everything of the outside that a guest may see; what is not named is not there. */
export interface Grants {
  /** Read-only files. */
  readonly mounts: readonly Mount[]
  /** Hosts that may be asked over HTTP, with a port where it is not the scheme's own: `api.example.com`, `localhost:8080`. */
  readonly hosts: readonly string[]
  /** Names of key-value buckets of the node. */
  readonly buckets: readonly string[]
  /** `wasi:config`, and the environment of a command. */
  readonly settings: readonly (readonly [string, string])[]
}

export const NO_GRANTS: Grants = { mounts: [], hosts: [], buckets: [], settings: [] }

const SECTION_NAME = 'utnet:grants'
const VERSION = 1
const PATH = /^(?:\/[^/\0]{1,255})+$/
const HOST = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[1-9][0-9]{0,4})?$/
const NAME = /^[a-z][a-z0-9-]{0,62}$/

function check({ mounts, hosts, buckets, settings }: Grants, fail: (message: string) => Error): void {
  const total = mounts.length + hosts.length + buckets.length + settings.length
  if (total > LIMITS.grants) throw fail(`${total} grants are over the limit grants of ${LIMITS.grants}`)
  for (const { path } of mounts)
    if (!PATH.test(path) || path.split('/').some((part) => part === '.' || part === '..'))
      throw fail(`${JSON.stringify(path)} is no path of a mount: it must be absolute, without . and ..`)
  const paths = mounts.map((m) => m.path)
  for (const path of paths)
    if (paths.some((other) => other !== path && other.startsWith(`${path}/`)) || paths.filter((other) => other === path).length > 1)
      throw fail(`${path} is mounted twice, or holds another mount`)
  for (const host of hosts)
    if (!HOST.test(host)) throw fail(`${JSON.stringify(host)} is no host: it must be a name in lower case, with a port or without`)
  for (const bucket of buckets) if (!NAME.test(bucket)) throw fail(`${JSON.stringify(bucket)} is no name of a bucket`)
  for (const [key] of settings)
    if (key === '' || key.includes('=') || key.includes('\0')) throw fail(`${JSON.stringify(key)} is no name of a setting`)
}

const texts = (value: Cbor | undefined, what: string): string[] => asArray(value, what).map((item) => asText(item, what))

function readGrants(bytes: Uint8Array, offset: number): Grants {
  const fail = (message: string): Error => invalid('grants', offset, message)
  try {
    const [version, mounts, hosts, buckets, settings, ...rest] = asArray(decode(bytes, 'grants'), 'grants')
    if (version !== VERSION || rest.length > 0) throw fail('the grants are of an unknown version')
    const grants: Grants = {
      mounts: asArray(mounts, 'mounts').map((item) => {
        const [path, cid] = asArray(item, 'mount', 2)
        return { path: asText(path, 'path'), cid: asCid(cid, 'cid') }
      }),
      hosts: texts(hosts, 'hosts'),
      buckets: texts(buckets, 'buckets'),
      settings: asArray(settings, 'settings').map((item) => {
        const [key, value] = asArray(item, 'setting', 2)
        return [asText(key, 'name'), asText(value, 'value')] as const
      }),
    }
    check(grants, fail)
    return grants
  } catch (error) {
    if (error instanceof UtnetError && error.code !== 'guest_invalid') throw fail(error.message)
    throw error
  }
}

/** The custom sections of grants in a component: [start of the section, its content, end]. */
function sections(component: Uint8Array): { readonly start: number; readonly end: number; readonly content: Uint8Array }[] {
  const r = new Reader(component, 0, 8)
  const found: { start: number; end: number; content: Uint8Array }[] = []
  while (!r.done) {
    const start = r.at
    const id = r.u8()
    const s = r.sub(r.u32())
    if (id !== 0) continue
    const { end } = s
    if (s.name() === SECTION_NAME) found.push({ start, end, content: component.subarray(s.at, end) })
  }
  return found
}

/** The grants of a component. Throws `guest_invalid` (rule `grants`). */
export function grantsOf(component: Uint8Array): Grants {
  const [first, second] = sections(component)
  if (first === undefined) return NO_GRANTS
  if (second !== undefined) throw invalid('grants', second.start, 'the component has two sections of grants')
  return readGrants(first.content, first.start)
}

/** The component with these grants in place of its own. Throws `core_bad_argument`. */
export function withGrants(component: Uint8Array, grants: Partial<Grants>): Uint8Array {
  const all: Grants = { ...NO_GRANTS, ...grants }
  check(all, (message) => new UtnetError('core_bad_argument', message))
  const w = new Writer()
  let from = 0
  for (const { start, end } of sections(component)) {
    w.raw(component.subarray(from, start))
    from = end
  }
  w.raw(component.subarray(from))
  const { mounts, hosts, buckets, settings } = all
  const content = encode([
    VERSION,
    mounts.map((m) => [m.path, m.cid]),
    [...hosts],
    [...buckets],
    settings.map(([key, value]) => [key, value]),
  ])
  return w.section(0, new Writer().name(SECTION_NAME).raw(content)).bytes()
}
