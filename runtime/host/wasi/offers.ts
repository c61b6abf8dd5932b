/** What a component may import of WASI. Made on first use: most hosts never see a foreign component. */
import { POLL, WASI } from '../http/index.ts'
import { bind, type Functions } from './bind.ts'
import { buckets } from './buckets.ts'
import { filesystem } from './filesystem.ts'
import { outgoingHandler, outgoingTypes } from './outgoing.ts'
import { program } from './program.ts'

/** Case of `error-code` of wasi:sockets. */
const ACCESS_DENIED = 1
const denied = (): [number, number] => [1, ACCESS_DENIED]

/** Everything is there to be imported, and nothing opens. */
const sockets = (): Readonly<Record<string, Functions>> => ({
  'wasi:sockets/network': {},
  'wasi:sockets/instance-network': bind('wasi:sockets/instance-network@0.2.3', {
    'instance-network': (run) => run.handles.add('network', null),
  }),
  'wasi:sockets/ip-name-lookup': bind('wasi:sockets/ip-name-lookup@0.2.3', {
    'resolve-addresses': (run, [network]) => {
      run.handles.get(network, 'network')
      return denied()
    },
  }),
  'wasi:sockets/tcp': bind('wasi:sockets/tcp@0.2.3', {}),
  'wasi:sockets/tcp-create-socket': bind('wasi:sockets/tcp-create-socket@0.2.3', { 'create-tcp-socket': denied }),
  'wasi:sockets/udp': bind('wasi:sockets/udp@0.2.3', {}),
  'wasi:sockets/udp-create-socket': bind('wasi:sockets/udp-create-socket@0.2.3', { 'create-udp-socket': denied }),
})

const make = (suspends: boolean): Readonly<Record<string, Functions>> => ({
  ...WASI,
  'wasi:http/types': { ...WASI['wasi:http/types'], ...outgoingTypes() },
  ...(suspends ? { 'wasi:http/outgoing-handler': outgoingHandler() } : {}),
  'wasi:io/poll': bind('wasi:io/poll@0.2.3', POLL, suspends ? ['[method]pollable.block', 'poll'] : []),
  ...program(),
  ...filesystem(),
  ...sockets(),
  ...buckets(),
})

const offers: { waiting?: ReturnType<typeof make>; plain?: ReturnType<typeof make> } = {}

/** The interfaces offered, without version. Only who imports the outgoing handler ever waits for something, and runs where it can. */
export function standardOffers(outgoing: boolean): Readonly<Record<string, Functions>> {
  return outgoing ? (offers.waiting ??= make(true)) : (offers.plain ??= make(false))
}

/** Versions that are taken, beside any 0.2.x of WASI itself. */
const VERSIONS: Readonly<Record<string, RegExp>> = {
  'wasi:keyvalue/store': /^0\.2\.0-draft2$/,
  'wasi:keyvalue/atomics': /^0\.2\.0-draft2$/,
  'wasi:keyvalue/batch': /^0\.2\.0-draft2$/,
  'wasi:config/store': /^0\.2\.0-(?:draft|rc\.1)$/,
  // Of its first drafts without a version, as `wit-deps` fetches it
  'wasi:logging/logging': /^(?:0\.1\.0-draft)?$/,
}
const WASI_02 = /^0\.2\.(?:0|[1-9][0-9]{0,4})$/

/** True when an import names an offered interface in a version that is taken. */
export function isStandard(imported: string, offered: Readonly<Record<string, Functions>>): boolean {
  const [base, version = ''] = imported.split('@') as [string, string | undefined]
  return Object.hasOwn(offered, base) && (VERSIONS[base] ?? WASI_02).test(version)
}
