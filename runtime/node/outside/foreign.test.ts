/** Foreign components on a whole node: deployed, called over the NodeApi, receipted, replayed. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeGenesis, parseCid, utf8 } from '../../core/index.ts'
import { withGrants } from '../../host/index.ts'
import { wat } from '../../host/testing/wat.ts'
import { verifyBundle } from '../../verify/index.ts'
import { createFetcher } from './fetcher.ts'
import { reexecute, replayBundle, startDevNode } from '../index.ts'
import { startTestNode, type TestNode } from '../testing.ts'

const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../test/foreign/fixtures/${name}.wasm`, import.meta.url)))

const LIBRARY = `(component
  (core module $m (memory (export "m") 1) (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
  (core module $n (import "m" "add" (func $add (param i32 i32) (result i32)))
    (func (export "add") (param i32 i32) (result i32) (call $add (local.get 0) (local.get 1))))
  (core instance $i (instantiate $m)) (core instance $j (instantiate $n (with "m" (instance $i))))
  (func $add (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $j "add")))
  (instance $x (export "add" (func $add))) (export "a:b/sums@1.0.0" (instance $x)))`

let node: TestNode
beforeAll(async () => {
  node = await startTestNode()
  await node.api.deploy({ name: 'lines', component: withGrants(fixture('lines-c'), { settings: [['LANG', 'C']] }) })
  await node.api.deploy({ name: 'sums', component: await wat(LIBRARY) })
})
afterAll(() => node.close())

async function checked(id: string, world: string, entry: string): Promise<void> {
  const view = await node.api.receipt(id, 20_000)
  expect(view.body).toMatchObject({ kind: 'invoke', status: 'ok', world, entry })
  const car = await node.api.bundle(id)
  const { checks, valid } = await verifyBundle(car, { trust: [decodeGenesis(await node.api.genesis())], reexecute })
  expect(checks.filter((c) => !c.ok)).toEqual([])
  expect(valid).toBe(true)
  expect(await replayBundle(car)).toMatchObject({ equal: true, status: 'ok' })
}

test('a command is invoked, receipted, verified and replayed', async () => {
  const answer = await node.api.invoke('lines', { method: 'POST', path: '/?arg=hi', headers: [], body: utf8('a\nb\n') })
  expect(answer.status).toBe(200)
  expect(new TextDecoder().decode(answer.body)).toBe('arg hi\n2 lines, 4 bytes\n')
  await checked(answer.receipt?.id ?? '', 'command', 'run')
})

test('a mounted file lies in the store once, not in the log of each run that reads it, and their bundles carry it all the same', async () => {
  const data = mkdtempSync(join(tmpdir(), 'utnet-mounted-'))
  const own = await startDevNode({ data, port: 0, threads: 0 })
  try {
    const text = `only here ${Array.from({ length: 400_000 }, (_, i) => i).join(' ')}`
    const { cid } = await own.api.addFile(utf8(text))
    const mounts = [{ path: '/data.txt', cid: parseCid(cid) }]
    await own.api.deploy({ name: 'mounting', component: withGrants(fixture('lines-c'), { mounts }) })
    for (let i = 0; i < 2; i++) {
      const answer = await own.api.invoke('mounting', { method: 'POST', path: '/?arg=cat&arg=/data.txt', headers: [], body: utf8('') })
      expect(new TextDecoder().decode(answer.body)).toBe(`arg cat\narg /data.txt\n${text}`)
      const id = answer.receipt?.id ?? ''
      await own.api.receipt(id, 20_000)
      const car = await own.api.bundle(id)
      expect(car.length).toBeGreaterThan(2 * text.length)
      const { checks } = await verifyBundle(car, { trust: [decodeGenesis(await own.api.genesis())], reexecute })
      expect(checks.filter((c) => !c.ok)).toEqual([])
    }
    const journal = readdirSync(join(data, 'journal'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const kept = Buffer.concat(journal.map(({ parentPath, name }) => readFileSync(join(parentPath, name)))).toString('latin1')
    // what the two runs answered
    expect(kept.split('only here').length - 1).toBe(2)
  } finally {
    await own.close()
    rmSync(data, { recursive: true, force: true })
  }
})

test('a library is called with JSON, receipted, verified and replayed', async () => {
  const answer = await node.api.invoke('sums', { method: 'POST', path: '/add', headers: [], body: utf8('[40, 2]') })
  expect(new TextDecoder().decode(answer.body)).toBe('42\n')
  await checked(answer.receipt?.id ?? '', 'library', 'a:b/sums@1.0.0#add')
  await expect(node.api.invoke('sums', { method: 'POST', path: '/none', headers: [], body: utf8('[]') })).rejects.toMatchObject({
    code: 'guest_export_not_found',
  })
  expect(await node.api.guest('sums')).toMatchObject({ world: 'library', exports: [{ name: 'a:b/sums@1.0.0#add' }] })
})

test('W-USE-1: the fetcher asks no inner address, follows no redirect, and bounds what comes back', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/away') response.writeHead(302, { location: 'http://example.com/' }).end()
    else if (request.url === '/large') response.end('x'.repeat(1_000))
    else response.end(`${request.method} ${request.headers['x-a'] ?? ''}`)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const ask = (url: string, loopback = true, maxBytes = 100): Promise<unknown> =>
    createFetcher({ loopback }).fetch({ method: 'POST', url, headers: [['x-a', utf8('1')]], body: utf8('b'), maxBytes })
  try {
    expect(await ask(`http://127.0.0.1:${port}/`)).toMatchObject({ status: 200, body: utf8('POST 1') })
    expect(await ask(`http://localhost:${port}/away`)).toMatchObject({ status: 302 })
    expect(await ask(`http://127.0.0.1:${port}/large`)).toEqual({ error: 'HTTP-response-incomplete' })
    for (const host of [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `[::ffff:127.0.0.1]:${port}`,
      '10.0.0.1',
      '169.254.169.254',
      '[fd00::1]',
      '192.168.1.1',
    ])
      expect(await ask(`http://${host}/`, false), host).toEqual({ error: 'destination-IP-prohibited' })
    for (const host of ['10.0.0.1', '169.254.169.254'])
      expect(await ask(`http://${host}/`), host).toEqual({ error: 'destination-IP-prohibited' })
  } finally {
    server.close()
  }
  expect(await ask(`http://127.0.0.1:${port}/`)).toEqual({ error: 'connection-refused' })
})
