import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode, encode } from '@jridgewell/sourcemap-codec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient, deployWithMap } from '../../../gateway/client/index.ts'
import { fileCid, fromUtf8, LIMITS, utf8, type CID, type NodeApi, type UtnetError } from '../../core/index.ts'
import type { BuiltGuest } from '../../host/build/index.ts'
import { buildText } from '../../host/build/testing/guests.ts'
import { createHost, readSourceMap } from '../../host/index.ts'
import { memoryFiles, simulatedEnv } from '../../host/testing/host.ts'
import { memoryKv } from '../../../test/compliance/memory-ports.ts'
import { startDevNode, type DevNode } from '../dev-node.ts'
import { replayBundle } from '../replay/index.ts'
import { createSourceMaps } from './source-maps.ts'
import { createSourceLines, type EndedRun } from './source-lines.ts'

const FUNCTION = `import { Request, Response } from '@utnet/sdk/http'
function inner(n: i32): i32 {
  if (n == 3)
    unreachable()
  return n
}
export function handle(request: Request): Response {
  if (request.path == '/text') throw new Error('no "text"')
  if (request.path == '/head') return new Response().header('x-long', 'v'.repeat(20000))
  return new Response().text(inner(request.path.length).toString())
}`

const CONTRACT = `import { StorageValue, require } from '@utnet/sdk'
const count = new StorageValue<u64>('count')
export function add(n: u64): u64 {
  require(n < 100, 'too many')
  count.set(count.get() + n)
  return count.get()
}
export function spin(): u64 {
  let n: u64 = 1
  while (true) {
    n = n * 3 + 1
  }
  return n
}`

/** Neither of its hooks lets it be published. */
const HOOKED = `import { StorageValue, require } from '@utnet/sdk'
const count = new StorageValue<u64>('count')
export function init(): void {
  require(count.get() > 0, 'nothing was counted')
}
export function migrate(from: u32): void {
  if (from < 100)
    unreachable()
}
export function add(n: u64): u64 {
  return n
}`

let built: Record<'app' | 'ledger' | 'hooked', BuiltGuest>
beforeAll(async () => {
  built = {
    app: await buildText('function', { 'index.ts': FUNCTION }, 'app'),
    ledger: await buildText('contract', { 'index.ts': CONTRACT }, 'ledger'),
    hooked: await buildText('contract', { 'index.ts': HOOKED }, 'hooked'),
  }
}, 60_000)

async function deploy(api: NodeApi, name: string, { component }: BuiltGuest, map: string): Promise<void> {
  await api.deploy({ name, component, sourceMap: fileCid(utf8(map)).toString() })
  await api.putSourceMap(name, utf8(map))
}

const failure = async (response: Response): Promise<string | null> => {
  expect(response.status).toBe(500)
  expect(await response.text()).toBe('the function trapped\n')
  return response.headers.get('utnet-failure')
}

describe.each([0, 1])('a node with %i threads of its own for functions', (threads) => {
  const data = mkdtempSync(join(tmpdir(), 'utnet-lines-'))
  let node: DevNode
  let api: NodeApi
  beforeAll(async () => {
    node = await startDevNode({ data, port: 0, threads, verifiers: 0 })
    api = createClient(node.url)
    await deploy(api, 'app', built.app, built.app.sourceMap as string)
    await deploy(api, 'ledger', built.ledger, built.ledger.sourceMap as string)
  }, 60_000)
  afterAll(async () => {
    await node.close()
    rmSync(data, { recursive: true, force: true })
  })

  test('a function that traps names function and line beside an answer that is as ever', async () => {
    const asked = (path: string): Promise<Response> => fetch(`${node.url}/fn/app${path}`)
    expect(await failure(await asked('/ab'))).toBe('trap;at="assembly/index/handle";line="assembly/index.ts:4:5"')
    expect(await failure(await asked('/text'))).toMatch(/^trap;at="assembly\/index\/handle";line="assembly\/index\.ts:8:\d+"$/)
    // The client reads the same, and no header of the guest's is made of it
    const answer = await api.invoke('app', { method: 'GET', path: '/ab', headers: [], body: new Uint8Array(0) })
    expect(answer.failure).toEqual({ status: 'trap', at: 'assembly/index/handle', line: 'assembly/index.ts:4:5' })
    expect(answer.headers.map(([name]) => name)).not.toContain('utnet-failure')
    // A limit that ended it is told with what it allows
    expect(await failure(await asked('/head'))).toMatch(/^trap;at="[^"]+";line="[^"]+";limit=headerBytes;allowed=16384$/)
    const well = await asked('/abcd')
    expect([well.status, well.headers.get('utnet-failure')]).toEqual([200, null])
  })

  test('a replay takes the map of the node', async () => {
    const { receipt } = await api.invoke('app', { method: 'GET', path: '/ab', headers: [], body: new Uint8Array(0) })
    const id = receipt?.id as string
    expect((await api.receipt(id, 20_000)).anchor).not.toBeNull()
    const map = async (component: Uint8Array): Promise<string> => fromUtf8(await api.sourceMap(fileCid(component).toString()))
    expect(await replayBundle(await api.bundle(id), { map })).toMatchObject({ equal: true, line: 'assembly/index.ts:4:5' })
  })

  test('U4.3-GAS-1: a query that runs dry or traps is a problem with function and line', async () => {
    const ask = async (entry: string, args: readonly unknown[]): Promise<unknown> => {
      const response = await fetch(`${node.url}/v1/guests/ledger/queries`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ export: entry, args }),
      })
      return response.json()
    }
    expect(await ask('spin', [])).toMatchObject({
      code: 'host_out_of_gas',
      at: 'spin',
      line: expect.stringMatching(/^assembly\/index\.ts:1[01]:\d+$/) as string,
      limit: 'queryGas',
      allowed: LIMITS.queryGas,
    })
    expect(await ask('add', [200])).toMatchObject({
      code: 'guest_trap',
      line: 'assembly/index.ts:4:11',
      detail: 'add ended as refused: too many at assembly/index.ts:4:11',
    })
  })

  test('U4.3-GAS-1: a call that runs dry or is refused names function and line, and so does its transaction', async () => {
    const dry = await api.call({ name: 'ledger', export: 'spin', args: [], gasLimit: '2000000' })
    const at = { at: 'spin', line: expect.stringMatching(/^assembly\/index\.ts:1[01]:\d+$/) as string }
    expect(dry).toMatchObject({ status: 'out-of-gas', ...at })
    expect(await api.transaction(dry.hash)).toMatchObject({ status: 'out-of-gas', ...at })
    expect(await api.call({ name: 'ledger', export: 'add', args: ['100'] })).toMatchObject({
      status: 'refused',
      message: 'too many',
      line: 'assembly/index.ts:4:11',
    })
    const well = await api.call({ name: 'ledger', export: 'add', args: ['1'] })
    expect(well).toMatchObject({ status: 'ok', result: '1' })
    expect(well).not.toHaveProperty('line')
  })

  test('U4.3-GAS-1: a hook that fails names function and line in the refusal and its transaction, and can be repeated', async () => {
    const map = utf8(built.hooked.sourceMap as string)
    const refused = async (name: string): Promise<UtnetError> => {
      try {
        await deployWithMap(api, { name, component: built.hooked.component }, map, () => {})
      } catch (error) {
        return error as UtnetError
      }
      throw new Error(`${name} was published`)
    }
    const ends = {
      hooked: { at: 'init', status: 'refused', line: 'assembly/index.ts:4:11', message: 'nothing was counted' },
      ledger: { at: 'migrate', status: 'trap', line: 'assembly/index.ts:8:5', message: 'unreachable in migrate' },
    }
    for (const [name, { message, ...end }] of Object.entries(ends)) {
      const { code, message: said, details } = await refused(name)
      expect([code, said]).toEqual(['guest_trap', `${name} was not published: its hook ended as ${end.status}: ${message} at ${end.line}`])
      expect(details).toMatchObject({ at: end.at, line: end.line })
      const { transaction, receipt } = details as Record<string, string>
      expect(await api.transaction(transaction as string)).toMatchObject({ ...end, kind: 'publish', message })
      expect(await replayBundle(await api.bundle(receipt as string))).toMatchObject({ equal: true, status: end.status, at: end.at })
    }
    // Now that the node has the map, whoever deploys need not bring it again
    const { component } = built.hooked
    await expect(api.deploy({ name: 'hooked', component })).rejects.toMatchObject({ details: { line: ends.hooked.line } })
    // What failed took no name, and the version before it keeps its lines
    await expect(api.guest('hooked')).rejects.toMatchObject({ code: 'guest_not_found' })
    expect(await api.call({ name: 'ledger', export: 'add', args: ['100'] })).toMatchObject({ line: 'assembly/index.ts:4:11' })
  })

  test('a map that is no map is refused, one that was not named too; errors then name the function alone', async () => {
    const { component, sourceMap } = built.app
    const other = utf8(`${sourceMap} `)
    expect(readSourceMap(fromUtf8(other))).toBeDefined()
    await expect(api.putSourceMap('app', other)).rejects.toMatchObject({ code: 'request_invalid' })
    await expect(api.putSourceMap('nobody', other)).rejects.toMatchObject({ code: 'guest_not_found' })
    for (const [i, hostile] of ['{', '[]', '{"version":3,"sources":["a"],"mappings":"AAAA,DAAA"}'].entries()) {
      await expect(deploy(api, `hostile-${i}`, built.app, hostile)).rejects.toMatchObject({ code: 'core_bad_argument' })
      expect(await failure(await fetch(`${node.url}/fn/hostile-${i}/ab`))).toBe('trap;at="assembly/index/handle"')
    }
    const large = new Uint8Array(LIMITS.deployedMapBytes + 1).fill(0x20)
    await api.deploy({ name: 'large', component, sourceMap: fileCid(large).toString() })
    await expect(api.putSourceMap('large', large)).rejects.toMatchObject({ code: 'request_too_large', limit: 'deployedMapBytes' })
    await expect(api.sourceMap(fileCid(utf8('none')).toString())).rejects.toMatchObject({ code: 'block_not_found' })
  })

  test('a map that lies changes words and nothing else: no line break, no quote leaves the field', async () => {
    // All code is of one file, whose name is hostile
    const [segments = []] = decode((JSON.parse(built.app.sourceMap as string) as { readonly mappings: string }).mappings)
    const mappings = encode([segments.map(([offset, , line = 0, column = 0]) => [offset, 0, line, column])])
    await deploy(api, 'liar', built.app, JSON.stringify({ version: 3, sources: ['a"\r\nset-cookie: x\u202e\u00e9'], mappings }))
    const response = await fetch(`${node.url}/fn/liar/ab`)
    expect(response.headers.get('set-cookie')).toBeNull()
    const said = await failure(response)
    expect(said).toMatch(/^trap;at="assembly\/index\/handle";line="a\\"\?\?set-cookie: x\?\?:\d+:\d+"$/)
    // Whose map it is decides: the same module under its own name has its own lines
    expect(await failure(await fetch(`${node.url}/fn/app/ab`))).toContain('line="assembly/index.ts:4:5"')
  })
})

// the cost of lookups

interface Sources {
  readonly of: ReturnType<typeof createSourceLines>
  readonly read: string[]
}

function sources(always: boolean, map: string | undefined, component: Uint8Array): Sources {
  const read: string[] = []
  const cid = map === undefined ? undefined : fileCid(utf8(map))
  const of = createSourceLines({
    mapOf: () => cid,
    files: {
      getFile: async (asked: CID) => {
        read.push(asked.toString())
        return cid?.equals(asked) === true ? utf8(map as string) : component
      },
    },
    always,
  })
  return { of, read }
}

/** A refusal of the contract. */
async function refusal(component: Uint8Array): Promise<EndedRun> {
  const host = createHost({ files: memoryFiles() })
  const { module } = await host.admit(component)
  const { status, frames = [] } = await host.executor.run({
    module,
    entry: 'add',
    args: [200n],
    gasLimit: 10_000_000n,
    env: simulatedEnv(),
  })
  return { status, where: 'f', frames }
}

const ENDED: EndedRun = { status: 'trap', where: 'f', frames: [{ index: 20, at: 3_000 }] }
const other = (at: number): EndedRun => ({ ...ENDED, frames: [{ index: 20, at }] })

test('a place is looked up once; new ones of strangers wait for their tenth of the time', async () => {
  const { component, sourceMap } = built.ledger
  const module = fileCid(component)
  const ended = await refusal(component)
  const strangers = sources(false, sourceMap, component)
  const first = await strangers.of('x', module, ended)
  expect(first).toEqual({ status: 'refused', at: 'f', line: 'assembly/index.ts:4:11' })
  expect(strangers.read).toHaveLength(2)
  // Preparing the module took more than no time: nine times as long nothing new is looked up, what is known is told
  for (let at = 0; at < 5; at++) expect(await strangers.of('x', module, other(at))).toEqual({ status: 'trap', at: 'f' })
  expect(await strangers.of('x', module, ended)).toEqual(first)
  expect(strangers.read).toHaveLength(2)
  const own = sources(true, sourceMap, component)
  for (let at = 0; at < 3; at++) await own.of('x', module, other(at))
  expect(own.read).toHaveLength(6)
})

test('no map, no frames, no module: the function alone', async () => {
  const { component, sourceMap } = built.ledger
  const module = fileCid(component)
  expect(await sources(true, undefined, component).of('x', module, ENDED)).toEqual({ status: 'trap', at: 'f' })
  expect(await sources(true, sourceMap, component).of('x', module, { status: 'trap' })).toEqual({ status: 'trap' })
  expect(await sources(true, sourceMap, new Uint8Array(9)).of('x', module, ENDED)).toEqual({ status: 'trap', at: 'f' })
  expect(await sources(true, 'no map', component).of('x', module, ENDED)).toEqual({ status: 'trap', at: 'f' })
})

test('a map of a stranger whose hook failed under a free name is gone when the name is taken', async () => {
  const { component, sourceMap } = built.hooked
  const kv = memoryKv()
  const maps = createSourceMaps(kv, memoryFiles())
  const module = fileCid(component)
  const map = utf8(sourceMap as string)
  await maps.failed('free', module, fileCid(map))
  expect(await maps.put('free', undefined, map)).toEqual({ module, map: fileCid(map) })
  expect(maps.find(module, 'free')).toEqual(fileCid(map))
  await maps.named('free', module, undefined)
  expect(maps.find(module, 'free')).toBeUndefined()
  await expect(maps.put('free', module, map)).rejects.toMatchObject({ code: 'request_invalid' })
  await expect(maps.put('other', undefined, map)).rejects.toMatchObject({ code: 'guest_not_found' })
})
