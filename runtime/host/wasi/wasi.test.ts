import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  fileCid,
  isUtnetError,
  LIMITS,
  PARAMS,
  sha256,
  toHex,
  utf8,
  type BucketStore,
  type Cbor,
  type Fetcher,
  type HostLog,
  type OutboundRequest,
  type WitValue,
} from '../../core/index.ts'
import { signatureText } from '../abi/index.ts'
import { Fields } from '../http/index.ts'
import { CONTEXT } from '../testing/host.ts'
import { wat } from '../testing/wat.ts'
import { loadWit } from '../wit/index.ts'
import {
  Files,
  grantsOf,
  isStandard,
  NO_PROGRAM,
  Outbound,
  Recorder,
  scopedBuckets,
  standardOffers,
  WasiRun,
  withGrants,
  type MountedFile,
} from './index.ts'
import { NO_GRANTS } from './grants.ts'
import { STANDARD_WIT } from './standard/index.ts'

interface World {
  readonly hosts?: readonly string[]
  readonly buckets?: readonly string[]
  readonly mounts?: readonly MountedFile[]
  readonly fetcher?: Fetcher
  readonly store?: BucketStore
  readonly replay?: HostLog
}

interface Made {
  readonly run: WasiRun
  readonly log: { entries: Cbor[]; files: Map<string, Uint8Array> }
  readonly call: (name: string, ...args: readonly WitValue[]) => WitValue | Promise<WitValue>
  readonly paid: () => number
}

/** Integers of 64 bits come from the glue as numbers where those are exact. */
function asLifted(value: WitValue): WitValue {
  if (typeof value === 'bigint') return BigInt.asIntN(54, value) === value ? Number(value) : value
  return Array.isArray(value) ? (value as readonly WitValue[]).map(asLifted) : value
}

/** A run without a guest: what the guest would ask is asked here. */
function made({ hosts = [], buckets = [], mounts = [], fetcher, store, replay }: World = {}): Made {
  let paid = 0
  const log = { entries: [] as Cbor[], files: new Map<string, Uint8Array>() }
  const recorder = new Recorder(log, replay)
  const run = new WasiRun(
    { charge: (gas) => void (paid += gas) },
    CONTEXT,
    {
      grants: { ...NO_GRANTS, hosts, buckets, mounts, settings: [['mode', 'test']] },
      files: new Files(mounts, recorder),
      recorder,
      outbound: new Outbound(hosts, fetcher, recorder),
      buckets: store,
    },
    NO_PROGRAM,
  )
  const offers = standardOffers(true)
  const call = (name: string, ...args: readonly WitValue[]): WitValue | Promise<WitValue> => {
    const [iface, fn] = name.split(' ') as [string, string]
    const found = offers[`wasi:${iface}`]?.[fn]
    if (found === undefined) throw new Error(`nothing is offered as ${name}`)
    return found.run(run, args.map(asLifted))
  }
  return { run, log, call, paid: () => paid }
}

test('the standard interfaces are word for word those of WASI 0.2.3', () => {
  const text = readFileSync(new URL('../../../guest/wit/deps/wasi-http@0.2.3.wit', import.meta.url), 'utf8')
  const [theirs, ours] = [loadWit([{ source: 'wasi', text }]), loadWit([{ source: 'ours', text: STANDARD_WIT }])]
  const ids = ours.interfaces.filter((id) => id.endsWith('@0.2.3'))
  expect(ids.length).toBeGreaterThan(20)
  for (const id of ids) {
    const both = [theirs, ours].map((m) => m.interface(id).functions.map((f) => `${f.name} ${signatureText(f)}`))
    expect(both[1]).toEqual(both[0])
  }
})

test('what the fast way offers has the types of the standard, and every function of the standard is offered', () => {
  const model = loadWit([{ source: 'ours', text: STANDARD_WIT }])
  const offers = standardOffers(true)
  for (const id of model.interfaces) {
    const offered = offers[id.split('@')[0] as string]
    expect(offered, id).toBeDefined()
    for (const fn of model.interface(id).functions)
      expect(signatureText((offered?.[fn.name] ?? { type: { name: '', params: [], result: undefined } }).type), `${id} ${fn.name}`).toBe(
        signatureText(fn),
      )
  }
})

test('the monotonic clock begins at 0, moves at each look and jumps to a timer that is waited for', async () => {
  const { call } = made()
  expect(call('clocks/monotonic-clock now')).toBe(0)
  expect(call('clocks/monotonic-clock now')).toBe(1_000)
  const [late, soon] = [
    call('clocks/monotonic-clock subscribe-duration', 9_000_000_000),
    call('clocks/monotonic-clock subscribe-duration', 5_000_000),
  ] as [number, number]
  expect(call('io/poll [method]pollable.ready', soon)).toBe(false)
  expect(await call('io/poll poll', [late, soon])).toEqual([1])
  expect(call('clocks/monotonic-clock now')).toBe(5_002_000)
  await call('io/poll [method]pollable.block', late)
  expect(call('clocks/monotonic-clock now')).toBe(9_000_002_000)
  // The end of time is reached, not passed
  const never = call('clocks/monotonic-clock subscribe-duration', 0xffff_ffff_ffff_ffffn) as number
  await call('io/poll [method]pollable.block', never)
  for (let i = 0; i < 2; i++) expect(call('clocks/monotonic-clock now')).toBe(0xffff_ffff_ffff_ffffn)
  expect(() => call('io/poll poll', [])).toThrow('poll needs a pollable')
  expect(() => call('io/poll poll', [99])).toThrow('handle')
})

const file = (path: string, text: string): MountedFile => ({ path, cid: fileCid(utf8(text)), bytes: utf8(text), hash: sha256(utf8(text)) })
const MOUNTS = [file('/data/b.txt', 'bee'), file('/data/a.txt', 'ay'), file('/models/m.onnx', 'weights')]
const ERROR = { exist: [1, 7], noEntry: [1, 20], notDirectory: [1, 24], notPermitted: [1, 31], readOnly: [1, 33], isDirectory: [1, 14] }

test('mounted files are read by path and listed in order; nothing leads out, nothing is written', () => {
  const { call, log } = made({ mounts: MOUNTS })
  const [[root, name]] = call('filesystem/preopens get-directories') as unknown as [[number, string]]
  expect(name).toBe('/')
  const open = (path: string, flags: readonly number[] = [], mode: readonly number[] = [0]): WitValue =>
    call('filesystem/types [method]descriptor.open-at', root, [], path, [...flags], [...mode]) as WitValue
  const [, a] = open('data/a.txt') as [number, number]
  expect(log.files.size).toBe(0)
  expect(call('filesystem/types [method]descriptor.read', a, 10, 1)).toEqual([0, [utf8('y'), true]])
  expect([...log.files.keys()]).toEqual([toHex(sha256(utf8('ay')))])
  expect(call('filesystem/types [method]descriptor.stat-at', root, [], 'data/b.txt')).toEqual([0, [6, 1, 3, [], [], []]])
  const [, stream] = call('filesystem/types [method]descriptor.read-via-stream', a, 0) as [number, number]
  expect(call('io/streams [method]input-stream.blocking-read', stream, 100)).toEqual([0, utf8('ay')])
  const [, data] = open('data') as [number, number]
  const [, listing] = call('filesystem/types [method]descriptor.read-directory', data) as [number, number]
  const next = (): WitValue => call('filesystem/types [method]directory-entry-stream.read-directory-entry', listing) as WitValue
  expect([next(), next(), next()]).toEqual([
    [0, [[6, 'a.txt']]],
    [0, [[6, 'b.txt']]],
    [0, []],
  ])
  for (const path of ['../etc/passwd', '/etc/passwd', 'data/../../x', '..']) expect(open(path)).toEqual(ERROR.notPermitted)
  expect((open('data/../models/./m.onnx') as readonly WitValue[])[0]).toBe(0)
  expect(open('none')).toEqual(ERROR.noEntry)
  expect(open('data/a.txt/x')).toEqual(ERROR.notDirectory)
  expect(open('data/a.txt', [1])).toEqual(ERROR.notDirectory)
  for (const [flags, mode] of [
    [[3], [0]],
    [[], [1]],
    [[], [0, 5]],
  ] as const)
    expect(open('data/a.txt', flags, mode)).toEqual(ERROR.readOnly)
  expect(open('new.txt', [0])).toEqual(ERROR.readOnly)
  // What is there already is told first: a program that makes sure of its directories goes on
  const makeDirectory = (path: string): WitValue => call('filesystem/types [method]descriptor.create-directory-at', root, path) as WitValue
  for (const path of ['data', 'data/a.txt', '.']) expect(makeDirectory(path)).toEqual(ERROR.exist)
  expect(makeDirectory('data/a.txt/x')).toEqual(ERROR.notDirectory)
  expect(makeDirectory('../x')).toEqual(ERROR.notPermitted)
  expect(open('data/a.txt', [0, 2])).toEqual(ERROR.exist)
  expect(open('new.txt', [0, 2])).toEqual(ERROR.readOnly)
  for (const [method, ...args] of [
    ['write', utf8('x'), 0],
    ['write-via-stream', 0],
    ['append-via-stream'],
    ['set-size', 0],
    ['set-times', [0], [0]],
    ['create-directory-at', 'x'],
    ['unlink-file-at', 'data/a.txt'],
    ['remove-directory-at', 'data'],
    ['rename-at', 'data/a.txt', root, 'b'],
    ['symlink-at', 'a', 'b'],
    ['link-at', [], 'data/a.txt', root, 'b'],
    ['set-times-at', [], 'data/a.txt', [0], [0]],
  ] as const)
    expect(call(`filesystem/types [method]descriptor.${method}`, root, ...(args as readonly WitValue[])), method).toEqual(ERROR.readOnly)
  expect(made().call('filesystem/preopens get-directories')).toEqual([])
})

test('U4.3-GAS-1: a path is paid by its parts and no longer than pathBytes; a file is paid for when a run first looks at it', () => {
  const made_ = made({ mounts: MOUNTS })
  const { call } = made_
  const [[root]] = call('filesystem/preopens get-directories') as unknown as [[number]]
  const { item, fileByte } = PARAMS.host
  const cost = (path: string, answer: WitValue): number => {
    const before = made_.paid()
    expect(call('filesystem/types [method]descriptor.stat-at', root, [], path)).toEqual(answer)
    return made_.paid() - before
  }
  const a: WitValue = [0, [6, 1, 2, [], [], []]]
  expect(cost('data/a.txt', a)).toBe(2 * item + 2 * fileByte)
  expect(cost('data/a.txt', a)).toBe(2 * item)
  const longest = `${'./'.repeat((LIMITS.pathBytes - 10) / 2)}data/a.txt`
  expect(longest.length).toBe(LIMITS.pathBytes)
  expect(cost(longest, a)).toBe(((LIMITS.pathBytes - 10) / 2 + 2) * item)
  expect(cost(`/${longest}`.slice(1).replace('data', './data'), [1, 18])).toBe(0)
  expect(cost('./'.repeat(1 << 20), [1, 18])).toBe(0)
})

test('U4.3-GAS-1: a listing of a bucket pays for what it lists and for what the run wrote before, first for the most that it could be', () => {
  const values = new Map<string, Uint8Array>()
  const store: BucketStore = {
    get: (_, key) => values.get(key),
    set: (_, key, value) => void (value === undefined ? values.delete(key) : values.set(key, value)),
    written: () => Promise.resolve(),
    keys: (_, after, limit) =>
      [...values.keys()]
        .filter((key) => key > after)
        .sort()
        .slice(0, limit),
  }
  for (let i = 0; i < LIMITS.bucketKeys + 5; i++) values.set(`k${String(i).padStart(5, '0')}`, new Uint8Array(1))
  const { call, paid, log } = made({ buckets: ['b'], store })
  const list = (bucket: number, on: typeof call, count: typeof paid): readonly [number, WitValue] => {
    const before = count()
    const told = on('keyvalue/store [method]bucket.list-keys', bucket, []) as readonly [number, readonly [readonly string[], WitValue]]
    return [count() - before, told[1][0].length]
  }
  const both = (on: typeof call, count: typeof paid): readonly (readonly [number, WitValue])[] => {
    const [, bucket] = on('keyvalue/store open', 'b') as readonly [number, number]
    const first = list(bucket, on, count)
    on('keyvalue/batch delete-many', bucket, ['x', 'y', 'z'])
    return [first, list(bucket, on, count)]
  }
  const [first, second] = both(call, paid) as [readonly [number, WitValue], readonly [number, WitValue]]
  const { listedKey, storageRead } = PARAMS.host
  expect(first[1]).toBe(LIMITS.bucketKeys)
  expect(first[0]).toBeGreaterThan(storageRead + LIMITS.bucketKeys * listedKey)
  expect(second).toEqual([first[0] + 3 * listedKey, first[1]])
  const again = made({ buckets: ['b'], replay: log })
  expect(both(again.call, again.paid)).toEqual([first, second])
})

test('a replay has the files that were opened from its log, and no others', () => {
  const first = made({ mounts: MOUNTS })
  const read = ({ call }: Made, path: string): WitValue => {
    const [[root]] = call('filesystem/preopens get-directories') as unknown as [[number]]
    const [, d] = call('filesystem/types [method]descriptor.open-at', root, [], path, [], [0]) as [number, number]
    return call('filesystem/types [method]descriptor.read', d, 100, 0) as WitValue
  }
  const told = read(first, 'data/a.txt')
  const mounts = MOUNTS.map(({ path, cid }) => ({ path, cid })) as unknown as readonly MountedFile[]
  const again = made({ mounts, replay: first.log })
  expect(read(again, 'data/a.txt')).toEqual(told)
  expect(() => read(again, 'data/b.txt')).toThrow(expect.objectContaining({ code: 'replay_mismatch' }))
})

test('a replay takes no other file for the one that is granted, and no other size', () => {
  const first = made({ mounts: MOUNTS })
  const look = ({ call }: Made, path: string): WitValue => {
    const [[root]] = call('filesystem/preopens get-directories') as unknown as [[number]]
    return call('filesystem/types [method]descriptor.stat-at', root, [], path) as WitValue
  }
  const told = look(first, 'data/a.txt')
  expect(told).toEqual([0, [6, 1, 2, [], [], []]])
  // A size is shown with the bytes that have it.
  expect([...first.log.files.values()]).toEqual([utf8('ay')])
  const mounts = MOUNTS.map(({ path, cid }) => ({ path, cid })) as unknown as readonly MountedFile[]
  expect(look(made({ mounts, replay: first.log }), 'data/a.txt')).toEqual(told)
  const [[kind, ...rest]] = first.log.entries as unknown as [Cbor[]]
  const lied = utf8('lie')
  const at = 1 + MOUNTS.findIndex(({ path }) => path === '/data/a.txt') + MOUNTS.length
  for (const [hash, size] of [
    [sha256(lied), lied.length],
    [sha256(utf8('ay')), 3],
  ] as const) {
    const files = new Map([...first.log.files, [toHex(sha256(lied)), lied] as const])
    const [, [looked, cid]] = first.log.entries as unknown as [unknown, Cbor[]]
    const replay = { entries: [[kind as Cbor, ...rest].with(at, [hash, size]), [looked, cid, hash] as Cbor], files }
    expect(() => look(made({ mounts, replay }), 'data/a.txt')).toThrow(expect.objectContaining({ code: 'replay_mismatch' }))
  }
})

test('W-USE-1: sockets can be imported and none opens', () => {
  const { call } = made()
  const network = call('sockets/instance-network instance-network') as number
  expect(call('sockets/tcp-create-socket create-tcp-socket', 0)).toEqual([1, 1])
  expect(call('sockets/udp-create-socket create-udp-socket', 1)).toEqual([1, 1])
  expect(call('sockets/ip-name-lookup resolve-addresses', network, 'example.com')).toEqual([1, 1])
  expect(() => call('sockets/tcp [method]tcp-socket.start-connect', network, network, [0, [80, [1, 2, 3, 4]]])).toThrow('is no tcp-socket')
})

function asked(m: Made, authority: string, path: string, headers: readonly (readonly [string, Uint8Array])[] = []): WitValue {
  const fields = m.run.handles.add('fields', new Fields(headers))
  const request = m.call('http/types [constructor]outgoing-request', fields) as number
  expect(m.call('http/types [method]outgoing-request.set-authority', request, [authority])).toEqual([0])
  expect(m.call('http/types [method]outgoing-request.set-path-with-query', request, [path])).toEqual([0])
  return m.call('http/outgoing-handler handle', request, []) as WitValue
}

const INDEX = { denied: 15, refused: 6 }

/** A host whose second answer is ready first. */
function simulatedHost(): { fetcher: Fetcher; seen: OutboundRequest[] } {
  const seen: OutboundRequest[] = []
  const fetcher: Fetcher = {
    fetch: async (request) => {
      seen.push(request)
      if (request.url.endsWith('/slow')) await new Promise((done) => setTimeout(done, 20))
      if (request.url.endsWith('/down')) return { error: 'connection-refused' }
      return {
        status: 200,
        headers: [
          ['x-a', utf8('1')],
          ['Set-Cookie', utf8('secret')],
        ],
        body: utf8(request.url),
      }
    },
  }
  return { fetcher, seen }
}

async function conversation(m: Made): Promise<unknown[]> {
  const out: unknown[] = []
  const [, slow] = asked(m, 'api.test', '/slow', [['authorization', utf8('Bearer secret')]]) as [number, number]
  const [, quick] = asked(m, 'api.test', '/quick') as [number, number]
  const [, down] = asked(m, 'api.test', '/down') as [number, number]
  const polls = [slow, quick, down].map((f) => m.call('http/types [method]future-incoming-response.subscribe', f) as number)
  expect(m.call('http/types [method]future-incoming-response.get', slow)).toEqual([])
  out.push(await m.call('io/poll poll', polls), await m.call('io/poll poll', polls.slice(1)), await m.call('io/poll poll', polls.slice(2)))
  for (const future of [slow, quick, down]) {
    const [got] = m.call('http/types [method]future-incoming-response.get', future) as unknown as [[number, [number, number]]]
    if (got[1][0] === 1) {
      out.push(got)
      continue
    }
    const response = got[1][1]
    const fields = m.call('http/types [method]incoming-response.headers', response) as number
    out.push(m.call('http/types [method]incoming-response.status', response), m.call('http/types [method]fields.entries', fields))
    const [, body] = m.call('http/types [method]incoming-response.consume', response) as [number, number]
    const [, stream] = m.call('http/types [method]incoming-body.stream', body) as [number, number]
    out.push(m.call('io/streams [method]input-stream.blocking-read', stream, 1_000))
    expect(m.call('http/types [method]future-incoming-response.get', future)).toEqual([[1]])
  }
  return out
}

test('only granted hosts are asked; answers come in the order they are waited for, and a replay needs no network', async () => {
  const { fetcher, seen } = simulatedHost()
  const first = made({ hosts: ['api.test'], fetcher })
  expect(asked(first, 'evil.test', '/')).toEqual([1, [INDEX.denied]])
  expect(asked(first, 'api.test:81', '/')).toEqual([1, [INDEX.denied]])
  const told = await conversation(first)
  expect(told.slice(0, 3)).toEqual([[0], [0], [0]])
  expect(told[told.length - 1]).toEqual([0, [1, [INDEX.refused]]])
  expect(seen.map((r) => r.url)).toEqual(['https://api.test/slow', 'https://api.test/quick', 'https://api.test/down'])
  expect(seen[0]?.headers).toEqual([['authorization', utf8('Bearer secret')]])
  // Secrets go out and are not logged; those of answers are not even seen
  const logged = JSON.stringify(first.log.entries.map((e) => [...(e as readonly unknown[])].map(String)))
  expect(logged).not.toContain('secret')
  expect(told[4]).toEqual([['x-a', utf8('1')]])
  const again = made({ hosts: ['api.test'], replay: first.log })
  asked(again, 'evil.test', '/')
  asked(again, 'api.test:81', '/')
  expect(await conversation(again)).toEqual(told)
  expect(again.log.entries).toEqual(first.log.entries)
  expect(again.paid()).toBe(first.paid())
})

// A client that cannot set one takes its request for failed
test('time-outs of a request are taken', () => {
  const { call } = made({ hosts: ['example.com'] })
  const options = call('http/types [constructor]request-options') as number
  for (const name of ['connect-timeout', 'first-byte-timeout', 'between-bytes-timeout']) {
    const get = (): WitValue | Promise<WitValue> => call(`http/types [method]request-options.${name}`, options)
    expect(get()).toEqual([])
    expect(call(`http/types [method]request-options.set-${name}`, options, [5_000_000_000])).toEqual([0])
    expect(get()).toEqual([5_000_000_000])
    expect(call(`http/types [method]request-options.set-${name}`, options, [])).toEqual([0])
    expect(get()).toEqual([])
  }
})

test('a replay that asks another host is a mismatch', async () => {
  const { fetcher } = simulatedHost()
  const first = made({ hosts: ['api.test'], fetcher })
  const [, a] = asked(first, 'api.test', '/a') as [number, number]
  await first.call('io/poll [method]pollable.block', first.call('http/types [method]future-incoming-response.subscribe', a) as number)
  const again = made({ hosts: ['api.test'], replay: first.log })
  const [, b] = asked(again, 'api.test', '/b') as [number, number]
  const poll = again.call('http/types [method]future-incoming-response.subscribe', b) as number
  expect(() => again.call('io/poll [method]pollable.block', poll)).toThrow(expect.objectContaining({ code: 'replay_mismatch' }))
})

test('the body of an answer is bounded', async () => {
  const answer = async (size: number): Promise<unknown> => {
    const fetcher: Fetcher = { fetch: () => Promise.resolve({ status: 200, headers: [], body: new Uint8Array(size) }) }
    const m = made({ hosts: ['api.test'], fetcher })
    const [, future] = asked(m, 'api.test', '/') as [number, number]
    await m.call('io/poll [method]pollable.block', m.call('http/types [method]future-incoming-response.subscribe', future) as number)
    const [[, [tag]]] = m.call('http/types [method]future-incoming-response.get', future) as unknown as [[number, [number]]]
    return tag
  }
  expect(await answer(LIMITS.fetchBytes)).toBe(0)
  expect(await answer(LIMITS.fetchBytes + 1)).toBe(1)
})

test('requests of one run are bounded', () => {
  const m = made({ hosts: ['api.test'] })
  for (let i = 0; i < LIMITS.fetches; i++) expect((asked(m, 'api.test', '/') as readonly WitValue[])[0]).toBe(0)
  expect(() => asked(m, 'api.test', '/')).toThrow('limit fetches')
})

function simulatedStore(): BucketStore & { readonly values: Map<string, Uint8Array> } {
  const values = new Map<string, Uint8Array>()
  return {
    values,
    written: () => Promise.resolve(),
    get: (bucket, key) => values.get(`${bucket}/${key}`),
    set: (bucket, key, value) => void (value === undefined ? values.delete(`${bucket}/${key}`) : values.set(`${bucket}/${key}`, value)),
    keys: (bucket, after, limit) =>
      [...values.keys()]
        .filter((k) => k.startsWith(`${bucket}/`))
        .map((k) => k.slice(bucket.length + 1))
        .filter((k) => k > after)
        .sort()
        .slice(0, limit),
  }
}

test('buckets: granted ones only, reads recorded, a replay reads the log and writes nothing', () => {
  const store = simulatedStore()
  store.values.set('visits/count', utf8('41'))
  const talk = (m: Made): unknown[] => {
    expect(m.call('keyvalue/store open', 'other')).toEqual([1, [0]])
    const [, b] = m.call('keyvalue/store open', 'visits') as [number, number]
    const get = (key: string): WitValue => m.call('keyvalue/store [method]bucket.get', b, key) as WitValue
    return [
      get('count'),
      m.call('keyvalue/store [method]bucket.set', b, 'count', utf8('42')),
      get('count'),
      m.call('keyvalue/store [method]bucket.exists', b, 'none'),
      m.call('keyvalue/store [method]bucket.delete', b, 'count'),
      get('count'),
      m.call('keyvalue/store [method]bucket.list-keys', b, []),
      m.call('keyvalue/store [method]bucket.set', b, 'k'.repeat(LIMITS.bucketKeyBytes + 1), utf8('x')),
      m.call('keyvalue/store [method]bucket.set', b, 'k', new Uint8Array(LIMITS.bucketValueBytes + 1)),
    ]
  }
  const first = made({ buckets: ['visits'], store })
  const told = talk(first)
  expect(told.slice(0, 7)).toEqual([[0, [utf8('41')]], [0], [0, [utf8('42')]], [0, false], [0], [0, []], [0, [[], []]]])
  expect(told.slice(7).map((answer) => (answer as readonly unknown[])[0])).toEqual([1, 1])
  expect(store.values.size).toBe(0)
  store.values.set('visits/count', utf8('7'))
  const again = made({ buckets: ['visits'], store, replay: first.log })
  expect(talk(again)).toEqual(told)
  expect(store.values.get('visits/count')).toEqual(utf8('7'))
  expect(again.paid()).toBe(first.paid())
})

test('buckets: counters, compare-and-swap and batches, and the same of a replay', () => {
  const store = simulatedStore()
  const talk = (m: Made, between = (): void => {}): unknown[] => {
    const [, b] = m.call('keyvalue/store open', 'b') as [number, number]
    const on = (name: string, ...args: readonly WitValue[]): WitValue => m.call(`keyvalue/${name}`, ...args) as WitValue
    const add = (key: string, delta: bigint): WitValue => on('atomics increment', b, key, delta)
    const begun = (): WitValue => (on('atomics [static]cas.new', b, 'v') as readonly WitValue[])[1] as WitValue
    const said = [
      add('n', 5n),
      add('n', -7n),
      on('batch set-many', b, [
        ['most', utf8('9223372036854775807')],
        ['word', utf8('1e3')],
      ]),
      on('batch get-many', b, ['n', 'none', 'n']),
    ]
    const full = [add('most', 1n), add('word', 1n), add('', 1n), on('batch get-many', b, ['n', ''])].map(
      (answer) => (answer as readonly number[])[0],
    )
    const [won, lost] = [begun(), begun()]
    const swaps = [on('atomics [method]cas.current', won), on('atomics swap', won, utf8('one'))]
    between()
    const [tag, why] = on('atomics swap', lost, utf8('two')) as [number, [number, WitValue]]
    const retry = [tag, why[0], on('atomics [method]cas.current', why[1]), on('atomics swap', why[1], utf8('three'))]
    const over = on('atomics swap', begun(), new Uint8Array(LIMITS.bucketValueBytes + 1)) as readonly [number, readonly number[]]
    const half = on('batch set-many', b, [
      ['p', utf8('p')],
      ['', utf8('q')],
    ]) as readonly number[]
    const gone = [on('batch delete-many', b, ['n', 'none']), on('store [method]bucket.get', b, 'n')]
    return [said, full, swaps, retry, over[0], over[1][0], half[0], gone]
  }
  const first = made({ buckets: ['b'], store })
  const told = talk(first, () => store.values.set('b/v', utf8('meanwhile')))
  expect(told).toEqual([
    [
      [0, 5n],
      [0, -2n],
      [0],
      [
        0,
        [
          ['n', [utf8('-2')]],
          ['none', []],
          ['n', [utf8('-2')]],
        ],
      ],
    ],
    [1, 1, 1, 1],
    [[0, []], [0]],
    [1, 1, [0, [utf8('meanwhile')]], [0]],
    1,
    0,
    1,
    [[0], [0, []]],
  ])
  const left = { 'b/most': '9223372036854775807', 'b/word': '1e3', 'b/v': 'three' }
  expect(Object.fromEntries([...store.values].map(([key, value]) => [key, new TextDecoder().decode(value)]))).toEqual(left)
  const again = made({ buckets: ['b'], replay: first.log })
  expect(talk(again)).toEqual(told)
  expect(again.paid()).toBe(first.paid())
})

test('versions of what is offered: any 0.2.x of WASI, the drafts that are known, logging with none', () => {
  const taken = (name: string): boolean => isStandard(name, standardOffers(false))
  for (const x of ['0', '1', '8', '12', '65535']) expect(taken(`wasi:io/streams@0.2.${x}`)).toBe(true)
  for (const name of ['wasi:logging/logging', 'wasi:logging/logging@0.1.0-draft', 'wasi:keyvalue/batch@0.2.0-draft2'])
    expect(taken(name)).toBe(true)
  for (const name of [
    'wasi:io/streams',
    'wasi:io/streams@0.3.0',
    'wasi:io/streams@0.2.01',
    'wasi:keyvalue/batch@0.2.0-draft',
    'wasi:keyvalue/store',
  ])
    expect(taken(name)).toBe(false)
})

test('a log that is full is an answer, and a replay is given the same one', async () => {
  const fetcher: Fetcher = {
    fetch: ({ url }) => Promise.resolve({ status: 200, headers: [], body: new Uint8Array(LIMITS.fetchBytes).fill(url.length) }),
  }
  const talk = async (m: Made): Promise<unknown[]> => {
    const out: unknown[] = []
    for (let i = 0; i <= LIMITS.logBytes / LIMITS.fetchBytes; i++) {
      const [, future] = asked(m, 'api.test', `/${'x'.repeat(i)}`) as [number, number]
      await m.call('io/poll [method]pollable.block', m.call('http/types [method]future-incoming-response.subscribe', future) as number)
      const [[, [tag]]] = m.call('http/types [method]future-incoming-response.get', future) as unknown as [[number, [number]]]
      out.push(tag)
    }
    const [, b] = m.call('keyvalue/store open', 'visits') as [number, number]
    return [...out, m.call('keyvalue/store [method]bucket.get', b, 'k')]
  }
  const store = simulatedStore()
  store.values.set('visits/k', utf8('value'))
  const first = made({ hosts: ['api.test'], buckets: ['visits'], fetcher, store })
  const told = await talk(first)
  expect(told.slice(-3)).toEqual([0, 1, [1, [2, 'the log of the run is full']]])
  expect(await talk(made({ hosts: ['api.test'], buckets: ['visits'], replay: first.log }))).toEqual(told)
})

test('two guests that name a bucket alike do not share it', () => {
  const store = simulatedStore()
  const [a, b] = [scopedBuckets(store, 'a'), scopedBuckets(store, 'b')]
  a.set('visits', 'k', utf8('1'))
  expect([a.get('visits', 'k'), b.get('visits', 'k'), a.keys('visits', '', 9), b.keys('visits', '', 9)]).toEqual([
    utf8('1'),
    undefined,
    ['k'],
    [],
  ])
})

test('settings are the grants, a log line goes to stderr', () => {
  const { call, run } = made()
  expect(call('config/store get', 'mode')).toEqual([0, ['test']])
  expect(call('config/store get', 'none')).toEqual([0, []])
  expect(call('config/store get-all')).toEqual([0, [['mode', 'test']]])
  call('logging/logging log', 3, 'here', 'careful')
  expect(run.stderr.size).toBe('warn here: careful\n'.length)
})

test('grants stand in the component and are checked; others take their place', async () => {
  const component = await wat('(component)')
  expect(grantsOf(component)).toEqual(NO_GRANTS)
  const cid = fileCid(utf8('x'))
  const grants = { mounts: [{ path: '/data/x', cid }], hosts: ['api.test:8080'], buckets: ['visits'], settings: [['a', 'b']] as const }
  const granted = withGrants(component, grants)
  expect(grantsOf(granted)).toEqual(grants)
  expect(withGrants(granted, grants)).toEqual(granted)
  expect(grantsOf(withGrants(granted, {}))).toEqual(NO_GRANTS)
  expect(() => grantsOf(new Uint8Array([...granted, ...granted.subarray(component.length)]))).toThrow(
    expect.objectContaining({ code: 'guest_invalid' }),
  )
  for (const bad of [
    { mounts: [{ path: 'data', cid }] },
    { mounts: [{ path: '/a/../b', cid }] },
    {
      mounts: [
        { path: '/a', cid },
        { path: '/a/b', cid },
      ],
    },
    {
      mounts: [
        { path: '/a', cid },
        { path: '/a', cid },
      ],
    },
    { hosts: ['https://api.test'] },
    { hosts: ['API.test'] },
    { hosts: ['a/b'] },
    { buckets: ['..'] },
    { settings: [['a=b', 'c']] as const },
    { hosts: Array.from({ length: LIMITS.grants + 1 }, (_, i) => `h${i}.test`) },
  ])
    expect(() => withGrants(component, bad)).toThrow(expect.objectContaining({ code: 'core_bad_argument' }))
  // Whatever else stands in the section is refused, never read by halves
  const at = granted.length - 1
  let refused = 0
  for (let i = component.length; i < at; i++) {
    const broken = granted.slice()
    broken[i] = (broken[i] as number) ^ 0x55
    try {
      grantsOf(broken)
    } catch (error) {
      expect(isUtnetError(error, 'guest_invalid'), String(error)).toBe(true)
      refused++
    }
  }
  expect(refused).toBeGreaterThan(0)
})

test('U4.3-GAS-1: fields are looked through for what they weigh and copied field by field', () => {
  const m = made()
  const [types, count] = ['http/types', 490]
  const paidFor = (name: string, ...args: readonly WitValue[]): number => {
    const before = m.paid()
    void m.call(`${types} ${name}`, ...args)
    return m.paid() - before
  }
  const fields = m.call(`${types} [constructor]fields`) as number
  for (let i = 0; i < count; i++) expect(m.call(`${types} [method]fields.append`, fields, 'a', new Uint8Array(0))).toEqual([0])
  const { byteIn, item } = PARAMS.host
  const look = count * (1 + 32) * byteIn
  expect(paidFor('[method]fields.has', fields, 'b')).toBe(look)
  expect(paidFor('[method]fields.get', fields, 'b')).toBe(look)
  expect(paidFor('[method]fields.delete', fields, 'b')).toBe(look)
  expect(paidFor('[method]fields.set', fields, 'b', [])).toBe(look)
  expect(paidFor('[method]fields.clone', fields)).toBe(count * item)
  // What is done to a copy is not done to what it was made of
  const copy = m.call(`${types} [method]fields.clone`, fields) as number
  void m.call(`${types} [method]fields.delete`, copy, 'a')
  expect([fields, copy].map((of) => m.call(`${types} [method]fields.has`, of, 'a'))).toEqual([true, false])
  const response = m.call(`${types} [constructor]outgoing-response`, fields) as number
  expect(paidFor('[method]outgoing-response.headers', response)).toBe(count * item)
  const request = m.call(`${types} [constructor]outgoing-request`, m.call(`${types} [constructor]fields`) as number) as number
  expect(paidFor('[method]outgoing-request.headers', request)).toBe(0)
})
