/** Components that are too large to commit, built here: `npm run -s test:foreign`. What this machine has no toolchain for is skipped, with the reason. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test, type TestContext } from 'vitest'
import { decodeGenesis, isUtnetError, utf8, type BucketStore, type Fetcher } from '../../runtime/core/index.ts'
import { createHost, inspectGuest, withGrants, type GuestOutcome, type Host, type HostOptions } from '../../runtime/host/index.ts'
import { CONTEXT, memoryFiles } from '../../runtime/host/testing/host.ts'
import { parse, print } from '@bytecodealliance/jco'
import { reexecute, replayBundle } from '../../runtime/node/index.ts'
import { startTestNode } from '../../runtime/node/testing.ts'
import { verifyBundle } from '../../runtime/verify/index.ts'
import { buildC, buildGo, buildJsBuckets, buildJsFunction, buildJsLibrary, buildPython, buildRust } from './build.ts'
import { bindgen, splicer, wasmTools } from './npm-tools.ts'
import { replayOffline } from '../offline/severed.ts'

const ON = process.env['FOREIGN_TEST'] === '1'
const GAS = 10_000_000_000n
const MINUTES = 300_000

const built = new Map<() => Promise<Uint8Array>, Promise<Uint8Array>>()

/** The component, or a skip that says why. */
async function of(build: () => Promise<Uint8Array>, context: TestContext): Promise<Uint8Array> {
  try {
    let job = built.get(build)
    if (job === undefined) {
      job = build()
      built.set(build, job)
    }
    return await job
  } catch (error) {
    if (isUtnetError(error)) throw error
    return context.skip(`cannot be built here: ${String(error).slice(0, 300)}`)
  }
}

interface Deployed {
  readonly host: Host
  readonly ask: (
    path: string,
    body?: string,
    method?: string,
    extra?: { readonly replay?: GuestOutcome['log']; readonly gas?: bigint },
  ) => Promise<GuestOutcome>
}

async function deploy(component: Uint8Array, options: Partial<HostOptions> = {}): Promise<Deployed> {
  const host = createHost({ files: memoryFiles(), ...options })
  const { module } = await host.admit(component)
  return {
    host,
    ask: (path, body = '', method = 'POST', { replay, gas = GAS } = {}) =>
      host.invoke({
        module,
        request: { method, path, headers: [['host', utf8('app.test')]], body: utf8(body) },
        context: CONTEXT,
        gasLimit: gas,
        ...(replay === undefined ? {} : { replay }),
      }),
  }
}

const text = ({ response }: GuestOutcome): string => new TextDecoder().decode(response.body)

describe.skipIf(!ON)('components made elsewhere', () => {
  test('Go: a program of the wasip1 port with the adapter', { timeout: MINUTES }, async (context) => {
    const { ask } = await deploy(await of(buildGo, context))
    const outcome = await ask('/?arg=one', 'abc')
    expect(text(outcome)).toBe(
      `arg one\nba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad ${Math.floor(CONTEXT.time / 1_000)}\n`,
    )
    expect(await ask('/?arg=one', 'abc')).toEqual(outcome)
    expect((await ask('/?arg=fail', 'abc')).response.status).toBe(500)
  })

  test('C and Rust: what is built here is what is committed, or behaves alike', { timeout: MINUTES }, async (context) => {
    for (const build of [buildC, buildRust]) {
      const { ask } = await deploy(await of(build, context))
      expect((await ask('/?arg=x', 'a b\n')).response.status).toBe(200)
    }
  })

  test('C and Rust print under `jco run` what they print here', { timeout: MINUTES }, async (context) => {
    const jco = fileURLToPath(new URL('../../node_modules/@bytecodealliance/jco/src/jco.js', import.meta.url))
    const lines = (printed: string): string[] => printed.trimEnd().split('\n').sort()
    for (const build of [buildC, buildRust]) {
      const component = await of(build, context)
      const folder = mkdtempSync(join(tmpdir(), 'utnet-jco-'))
      try {
        writeFileSync(join(folder, 'it.wasm'), component)
        const theirs = execFileSync(process.execPath, [jco, 'run', join(folder, 'it.wasm'), 'one', 'two'], {
          input: 'a b a\nc\n',
          encoding: 'utf8',
        })
        const { ask } = await deploy(component)
        // A hash map's order is its host's own choice
        expect(lines(text(await ask('/?arg=one&arg=two', 'a b a\nc\n')))).toEqual(lines(theirs))
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    }
  })

  test('JavaScript: a function of wasi:http/proxy', { timeout: MINUTES }, async (context) => {
    const component = await of(buildJsFunction, context)
    const { ask } = await deploy(component)
    const outcome = await ask('/hello', '', 'GET')
    expect(outcome).toMatchObject({ status: 'ok', world: 'function', entry: 'handle', response: { status: 200 } })
    expect(JSON.parse(text(outcome))).toMatchObject({ path: '/hello', now: CONTEXT.time })
    expect(await ask('/hello', '', 'GET')).toEqual(outcome)
    expect(text(await ask('/echo', 'x'.repeat(100_000)))).toBe('x'.repeat(100_000))
    expect(text(await ask('/nap', '', 'GET'))).toMatch(/^woke /)
    expect(await ask('/hello', '', 'GET', { gas: outcome.gas - 1n })).toMatchObject({ status: 'out-of-gas' })
  })

  test('JavaScript on a whole node: deployed, called over HTTP, verified and replayed', { timeout: MINUTES }, async (context) => {
    const component = await of(buildJsFunction, context)
    const node = await startTestNode()
    try {
      expect(await node.api.deploy({ name: 'app', component })).toMatchObject({ world: 'function' })
      const answer = await fetch(`${node.url}/fn/app/hello`)
      expect(await answer.json()).toMatchObject({ path: '/hello' })
      const id = (answer.headers.get('utnet-receipt') ?? '').split(';')[0] as string
      const view = await node.api.receipt(id, 20_000)
      expect(view.body).toMatchObject({ kind: 'invoke', status: 'ok', world: 'function', entry: 'handle' })
      const car = await node.api.bundle(id)
      const { checks, valid } = await verifyBundle(car, { trust: [decodeGenesis(await node.api.genesis())], reexecute })
      expect(checks.filter((c) => !c.ok)).toEqual([])
      expect(valid).toBe(true)
      expect(await replayBundle(car)).toMatchObject({ equal: true, status: 'ok' })
    } finally {
      await node.close()
    }
  })

  test('JavaScript: `utnet new --template function-js` builds, and says its size and latency', { timeout: MINUTES }, async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'utnet-new-')), 'hello')
    const cli = (...args: readonly string[]): { readonly stdout: string; readonly stderr: string } => {
      const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
      const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args, '--json'], { encoding: 'utf8' })
      expect(status, stderr).toBe(0)
      return { stdout, stderr }
    }
    try {
      cli('new', folder, '--template', 'function-js')
      const { stdout, stderr } = cli('build', folder)
      const built = JSON.parse(stdout) as { file: string; world: string; bytes: number }
      expect(built.world).toBe('function')
      expect(stderr).toMatch(/KiB; ready in .* ms, first call .* ms, then .* ms a call/)
      expect(stderr).not.toContain('ends as')
      process.stdout.write(`function-js: ${stderr}`)
      const { ask } = await deploy(new Uint8Array(readFileSync(built.file)))
      expect(JSON.parse(text(await ask('/world', '', 'GET')))).toEqual({ hello: '/world' })
      expect(text(await ask('/', 'ping'))).toBe('ping')
    } finally {
      rmSync(dirname(folder), { recursive: true, force: true })
    }
  })

  test('JavaScript: buckets, an answer in pieces, a large body; a replay is told the same', { timeout: MINUTES }, async (context) => {
    const values = new Map<string, Uint8Array>()
    const buckets: BucketStore = {
      get: (_, key) => values.get(key),
      set: (_, key, value) => void (value === undefined ? values.delete(key) : values.set(key, value)),
      written: () => Promise.resolve(),
      keys: (_, after, limit) =>
        [...values.keys()]
          .filter((key) => key > after)
          .sort()
          .slice(0, limit),
    }
    const grants = { mounts: [], hosts: [], buckets: ['visits'], settings: [] }
    const { ask } = await deploy(withGrants(await of(buildJsBuckets, context), grants), { buckets })
    const outcome = await ask('/buckets')
    expect(JSON.parse(text(outcome))).toEqual([
      'ä1',
      false,
      '5',
      '12',
      [
        ['x', '1'],
        ['none', null],
        ['y', '2'],
      ],
      '1',
      '3',
      ['a', 'n', 'x', 'y'],
      ['a', 'n'],
      'no-such-store',
    ])
    expect(await ask('/buckets', '', 'POST', { replay: outcome.log })).toEqual(outcome)
    expect(text(await ask('/pieces?count=300'))).toBe(Array.from({ length: 300 }, (_, i) => `piece ${i}\n`).join(''))
    expect(text(await ask('/size', 'z'.repeat(3_000_000)))).toBe('3000000')
  })

  test('JavaScript: outbound requests go to granted hosts only, and a replay needs no network', { timeout: MINUTES }, async (context) => {
    const component = await of(buildJsFunction, context)
    let requests = 0
    const server = createServer((request, response) => {
      requests++
      setTimeout(() => response.end(`you asked ${request.url}`), request.url === '/a' ? 30 : 0)
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const authority = `localhost:${(server.address() as AddressInfo).port}`
    const fetcher: Fetcher = {
      fetch: async ({ url, method }) => {
        const answer = await fetch(url, { method })
        return { status: answer.status, headers: [], body: new Uint8Array(await answer.arrayBuffer()) }
      },
    }
    try {
      const path = `/out?to=${encodeURIComponent(`http://${authority}`)}`
      const denied = await deploy(component, { fetcher })
      expect(await denied.ask(path, '', 'GET')).toMatchObject({ status: 'ok', response: { status: 502 } })
      expect(requests).toBe(0)
      const granted = await deploy(withGrants(component, { hosts: [authority] }), { fetcher })
      const outcome = await granted.ask(path, '', 'GET')
      expect(text(outcome)).toBe('200 you asked /a; 200 you asked /b')
      expect(requests).toBe(2)
      const offline = await deploy(withGrants(component, { hosts: [authority] }))
      expect(await offline.ask(path, '', 'GET', { replay: outcome.log })).toEqual(outcome)
      expect(requests).toBe(2)
      // On a whole node, and again from the receipt in a process that reaches nothing
      const node = await startTestNode()
      try {
        await node.api.deploy({ name: 'app', component: withGrants(component, { hosts: [authority] }) })
        const { status, receipt } = await node.api.invoke('app', { method: 'GET', path, headers: [], body: new Uint8Array(0) })
        expect(status).toBe(200)
        expect(requests).toBe(4)
        await node.api.receipt(receipt?.id ?? '', 20_000)
        expect(await replayOffline(await node.api.bundle(receipt?.id ?? ''))).toMatchObject({ equal: true, status: 'ok' })
        expect(requests).toBe(4)
      } finally {
        await node.close()
      }
    } finally {
      server.close()
    }
  })

  test.for([
    ['JavaScript', buildJsLibrary],
    ['Python', buildPython],
  ] as const)('%s: a library', { timeout: MINUTES }, async ([, build], context) => {
    const component = await of(build, context)
    expect(inspectGuest(component)).toMatchObject({ world: 'library' })
    const { ask } = await deploy(component)
    const counted = await ask('/count', '["a b  c"]')
    expect(counted).toMatchObject({ status: 'ok', entry: 'local:words/words@1.0.0#count' })
    expect(text(counted)).toBe('3\n')
    expect(await ask('/count', '["a b  c"]')).toEqual(counted)
    expect(text(await ask('/reverse', '[["a", "ü", ""]]'))).toBe('["","ü","a"]\n')
  })

  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
  const WAT =
    '(component (core module $m (func (export "f") (result i32) (i32.const 7))) (core instance $i (instantiate $m)) (func $f (result u32) (canon lift (core func $i "f"))) (export "f" (func $f)))'

  test(
    'U4.3-GAS-1: from used instances: answers, gas, budgets and log are those of new ones, whatever ran before',
    { timeout: MINUTES },
    async (context) => {
      const request = fc.record({
        path: fc.oneof(fc.constantFrom('/', '/echo', '/nap'), fc.webPath({ size: 'small' })),
        body: fc.string({ maxLength: 2_000 }),
        method: fc.constantFrom('GET', 'POST'),
        gas: fc.oneof({ weight: 4, arbitrary: fc.constant(GAS) }, fc.bigInt(0n, 60_000_000n)),
      })
      const words = fc.record({
        path: fc.constant('/count'),
        body: fc.string().map((t) => JSON.stringify([t])),
        method: fc.constant('POST'),
        gas: fc.constant(GAS),
      })
      const programs = fc.record({
        path: fc.constantFrom('/', '/?arg=one', '/?arg=fail'),
        body: fc.string(),
        method: fc.constant('POST'),
        gas: fc.constant(GAS),
      })
      const guests = [
        [buildJsFunction, request, 20],
        [buildJsLibrary, words, 10],
        [buildRust, programs, 20],
        [buildGo, programs, 5],
        [buildC, programs, 20],
      ] as const
      for (const [build, asked, numRuns] of guests) {
        const component = await of(build, context)
        const [used, fresh] = [await deploy(component), await deploy(component, { maxPooledBytes: 0 })]
        await fc.assert(
          fc.asyncProperty(asked, async ({ path, body, method, gas }) => {
            expect(await used.ask(path, body, method, { gas })).toEqual(await fresh.ask(path, body, method, { gas }))
          }),
          { numRuns },
        )
      }
    },
  )

  test('npm: wasm-tools of jco gives the bytes that it gives under jco', { timeout: MINUTES }, async (context) => {
    const { ask } = await deploy(await of(wasmTools, context))
    const binary = await parse(WAT)
    expect(JSON.parse(text(await ask('/parse', JSON.stringify([WAT]))))).toEqual({ ok: base64(binary) })
    expect(JSON.parse(text(await ask('/print', JSON.stringify([base64(binary)]))))).toEqual({ ok: await print(binary) })
    const bad = await ask('/parse', '["(component"]')
    expect(JSON.parse(text(bad))).toHaveProperty('err')
    expect(await ask('/parse', '["(component"]')).toEqual(bad)
  })

  /** What a tool of a package gives where the package itself runs it. */
  const theirs = async <T>(path: string): Promise<T> =>
    (await import(new URL(`../../node_modules/@bytecodealliance/${path}`, import.meta.url).href)) as T
  const WIT = 'package a:b; world w { export f: func(x: u32) -> string; }'

  test('npm: the code generator of jco writes the declarations that it writes under jco', { timeout: MINUTES }, async (context) => {
    const { ask } = await deploy(await of(bindgen, context))
    const absent = {
      world: null,
      'tla-compat': null,
      instantiation: null,
      map: null,
      features: null,
      guest: null,
      'async-mode': null,
      strict: null,
    }
    const outcome = await ask('/generate-types', JSON.stringify(['w', { wit: { tag: 'source', val: WIT }, ...absent }]))
    const { ok } = JSON.parse(text(outcome)) as { ok: readonly (readonly [string, string])[] }
    interface Generator {
      readonly $init: Promise<void>
      readonly generateTypes: (name: string, options: object) => readonly (readonly [string, Uint8Array])[]
    }
    const { $init, generateTypes } = await theirs<Generator>('jco/obj/js-component-bindgen-component.js')
    await $init
    expect(ok).toEqual(generateTypes('w', { wit: { tag: 'source', val: WIT } }).map(([name, data]) => [name, base64(data)]))
    expect(Buffer.from(ok[0]?.[1] ?? '', 'base64').toString()).toContain('export function f(x: number): string')
  })

  test('npm: the splicer of componentize-js gives the module that it gives there', { timeout: MINUTES }, async (context) => {
    const { ask } = await deploy(await of(splicer, context))
    const engine = await parse(`(module
      (import "wasi:random/random@0.2.3" "get-random-u64" (func (result i64)))
      (import "wasi:random/random@0.2.3" "get-random-bytes" (func (param i64 i32)))
      (type (func (param i32)))
      (memory (export "memory") 1)
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0)))`)
    const features = ['stdio', 'clocks', 'http', 'fetch-event']
    const outcome = await ask('/stub-wasi', JSON.stringify([base64(engine), features, WIT, null, null]))
    interface Splicer {
      readonly splicer: { readonly stubWasi: (...args: readonly unknown[]) => Uint8Array }
    }
    const { splicer: own } = await theirs<Splicer>('componentize-js/lib/spidermonkey-embedding-splicer.js')
    expect(JSON.parse(text(outcome))).toEqual({ ok: base64(own.stubWasi(engine, features, WIT, undefined, undefined)) })
  })
})
