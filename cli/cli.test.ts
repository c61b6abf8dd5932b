/** The command line as a black box, against one node. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { parseReceipt } from '../gateway/wire/index.ts'
import { fileCid, LIMITS, utf8 } from '../runtime/core/index.ts'
import { main } from './main.ts'
import { run, SOURCE, startDev, type DevProcess, type Ran } from './testing/run.ts'

const TEMPLATES = [
  ['tally', 'contract'],
  ['hello', 'function'],
  ['plus', 'operator'],
] as const

let folder: string
let made: Ran[][]
let dev: DevProcess
let env: Record<string, string | undefined>

const utnet = (...args: string[]): Promise<Ran> => run(SOURCE, args, { cwd: folder, env })

/** The same without a process of its own: refusals are many and do nothing else. */
async function inside(...args: string[]): Promise<Omit<Ran, 'documents'>> {
  const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  for (const [key, value] of Object.entries(env)) vi.stubEnv(key, value)
  try {
    const code = await main(args)
    const text = (spy: typeof out): string => spy.mock.calls.map(([chunk]) => String(chunk)).join('')
    return { code, stdout: text(out), stderr: text(err) }
  } finally {
    // `dev` lets go of the channel to its launcher, which here is that to vitest: without it this process ends when nothing else is open.
    process.channel?.ref()
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
  }
}

const path = (name: string): string => join(folder, name)

interface Receipt {
  readonly receipt: string
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'utnet-cli-'))
  env = { UTNET_HOME: path('home'), UTNET_DATA: undefined, UTNET_PORT: undefined, UTNET_URL: undefined }
  dev = await startDev(SOURCE, ['--data', 'data'], { cwd: folder, env })
  env = { ...env, UTNET_URL: dev.ready['url'] }
  made = await Promise.all(
    TEMPLATES.map(async ([name, template]) => [
      await utnet('new', name, '--template', template, '--json'),
      await utnet('deploy', name, '--name', name, '--json'),
    ]),
  )
})

afterAll(async () => {
  await dev?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('new and deploy, three at once: one key, one transaction after the other', () => {
  for (const [i, [name, template]] of TEMPLATES.entries()) {
    const [created, deployed] = made[i] as [Ran, Ran]
    expect(created).toMatchObject({ code: 0, documents: [{ dir: path(name), name, template }] })
    expect(deployed).toMatchObject({ code: 0, documents: [{ name, world: template, module: expect.stringMatching(/^bafkrei/) }] })
    expect(deployed.documents[0]?.['exports']).toBeInstanceOf(Array)
  }
})

test('dev --json prints one line: url, data, chainId, nodeKey', async () => {
  expect(Object.keys(dev.ready)).toEqual(['url', 'data', 'chainId', 'nodeKey'])
  expect(dev.ready).toMatchObject({ url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), data: path('data') })
  expect((await fetch(`${dev.ready['url']}/readyz`)).status).toBe(200)
})

test('a command whose talk nobody reads ends with its own code', async () => {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url)), 'frobnicate'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  child.stderr.destroy()
  expect((await once(child, 'exit'))[0]).toBe(2)
})

test('stdout carries data, stderr talk; overview, version and usage exit 0', async () => {
  const [help, version, bare, usage, other] = await Promise.all([
    utnet('help'),
    utnet('--version'),
    utnet(),
    utnet('call', '--help'),
    utnet('help', 'call'),
  ])
  expect(help).toMatchObject({ code: 0, stderr: '' })
  for (const verb of [
    'new',
    'build',
    'dev',
    'deploy',
    'query',
    'call',
    'invoke',
    'receipt',
    'verify',
    'replay',
    'inspect',
    'keys',
    'chain',
  ])
    expect(help.stdout).toMatch(new RegExp(`^  ${verb} `, 'm'))
  expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  expect(bare).toMatchObject({ code: 2, stdout: '', stderr: help.stdout })
  expect(usage.stdout).toMatch(/^usage: utnet call NAME EXPORT/)
  expect(other).toEqual(usage)
})

test.each([
  [['frobnicate'], 2, 'usage', 'frobnicate'],
  [['query', 'tally'], 2, 'usage', 'query'],
  [['chain', 'status', '--colour'], 2, 'usage', '--colour'],
  [['dev', '--port', '70000'], 2, 'usage', '70000'],
  [['dev', '--watch', 'nowhere'], 2, 'usage', 'nowhere'],
  [['new', 'cli', '--template', 'contract'], 2, 'usage', 'cli is not empty'],
  [['new', 'x', '--template', 'lambda'], 2, 'usage', 'lambda'],
  [['new', 'cli/main.ts/x'], 2, 'usage', 'main.ts/x'],
  [['new', 'Nine Lives'], 2, 'usage', 'nine lives'],
  [['guests', '--node', 'nowhere'], 2, 'usage', 'nowhere'],
  [['chain', 'status', 'more'], 2, 'usage', 'more'],
  [['chain', 'genesis', 'more'], 2, 'usage', 'more'],
  [['call', 'tally', 'count', '1', '--gas', '10'], 1, 'tx_gas', 'gas limit 10'],
  [['receipt', 'nope'], 1, 'core_bad_text', 'nope'],
  [['model', 'add', 'package.json', '--name', 'm'], 1, 'model_invalid', 'ONNX'],
  [['model', 'add', 'x.onnx'], 2, 'usage', 'a name is missing'],
  [['dev', '--data', ''], 2, 'usage', '--data'],
  [['dev', '--data', 'cli/main.ts/x', '--port', '0'], 1, 'disk_failed', 'main.ts/x'],
  [['deploy', 'missing.wasm', '--name', 'x'], 2, 'usage', 'missing.wasm'],
  [['call', 'tally', 'count', '{'], 2, 'usage', '{'],
  [['verify', 'nothing.car'], 2, 'usage', 'nothing.car'],
  [['infer', 'plus', '--input', 'a={'], 2, 'usage', 'input a'],
  [['infer', 'plus', '--input', 'a=["x"]'], 1, 'tensor_input', 'input "a"'],
  [['call', 'tally', 'count', '-5'], 1, 'value_mismatch', '-5'],
  [['call', 'tally', 'count'], 1, 'value_mismatch', 'count'],
  [['call', 'tally', 'nope'], 1, 'guest_export_not_found', 'nope'],
  [['call', 'hello', 'handle'], 1, 'guest_world', 'hello'],
  [['query', 'nobody', 'x'], 1, 'guest_not_found', 'nobody'],
  [['invoke', 'nobody'], 1, 'guest_not_found', 'nobody'],
  [['inspect', 'package.json'], 1, 'guest_invalid', ''],
  [['chain', 'block', '999999'], 1, 'chain_height', '999999'],
  [['chain', 'power', '999999'], 1, 'chain_height', '999999'],
  [['chain', 'power', 'x'], 2, 'usage', 'EPOCH'],
  [['chain', 'status', '--limit', '3'], 2, 'usage', '--limit'],
  [['chain', 'distrust', 'x'], 2, 'usage', 'x is not a chain id'],
  [['chain', 'events', '--from', '5', '--to', '3'], 2, 'usage', '--from 5'],
  [['dev', '--epoch-blocks', '0'], 2, 'usage', '--epoch-blocks'],
  [['chain', 'status', '--node', 'http://127.0.0.1:1'], 1, 'node_unreachable', '127.0.0.1:1'],
  [['receipt', 'bafyreibb3nchjxk67xokmd4wpmiyoz6iku54azx4q62rusaleimlnq56xm'], 1, 'receipt_not_found', 'bafyreibb3'],
] as const)('%j exits %i with %s and names what was wrong', async (args, code, error, offender) => {
  const ran = await inside(...args, '--json')
  expect(ran).toMatchObject({ code, stdout: '' })
  const document = JSON.parse(ran.stderr.trim().split('\n').at(-1) ?? '') as { error: { code: string; message: string; hint: string } }
  expect(document.error.code).toBe(error)
  expect(document.error.message).toContain(offender)
  expect(document.error.hint).not.toMatch(/\b(GET|POST) \//)
  expect(document.error.hint.length).toBeGreaterThan(3)
})

test('epochs of a chain that is made stay as they are: exits 2', async () => {
  const { code, stderr } = await inside('dev', '--data', path('data'), '--epoch-blocks', '5')
  expect([code, stderr]).toEqual([2, expect.stringContaining('is made')])
})

test('a contract: call, query, proof; 64-bit integers are decimal strings', async () => {
  const me = ((await utnet('keys', 'show', '--json')).documents[0] as { address: string }).address
  const called = await utnet('call', 'tally', 'count', '18446744073709551610', '--json')
  expect(called).toMatchObject({ code: 0, documents: [{ result: '18446744073709551610', status: 'ok', height: expect.any(Number) }] })
  const asked = await utnet('query', 'tally', 'count-of', me, '--proof', '--json')
  expect(asked).toMatchObject({ code: 0, documents: [{ result: '18446744073709551610', proof: { entries: expect.any(Array) } }] })
  const refused = await utnet('call', 'tally', 'count', '10', '--json')
  const line = expect.stringMatching(/^assembly\/index\.ts:\d+:\d+$/) as string
  expect(refused).toMatchObject({ code: 1, documents: [{ status: 'refused', line }] })
  expect(refused.stderr).toContain('utnet replay')
  expect(refused.stderr).toMatch(/the call ended as refused: .* at assembly\/index\.ts:\d+:\d+\n/)
})

test('chain block without a height is the head', async () => {
  const [{ height }] = (await utnet('chain', 'status', '--json')).documents as [{ height: number }]
  const { code, documents } = await utnet('chain', 'block', '--json')
  expect(code).toBe(0)
  expect((documents[0] as { height: number }).height).toBeGreaterThanOrEqual(height)
})

test('guests --class is the class by which another contract calls one', async () => {
  const { code, stdout } = await utnet('guests', 'tally', '--class')
  expect(code).toBe(0)
  expect(stdout).toContain("import { Contract } from '@utnet/sdk'")
  expect(stdout).toContain('export declare class Tally extends Contract {\n  count(by: u64): u64')
  expect(await utnet('guests', 'hello', '--class', '--json')).toMatchObject({ code: 1 })
  expect(await utnet('guests', '--class')).toMatchObject({ code: 2 })
})

test('a function: the body to stdout as it is, everything with --json', async () => {
  const [plain, json] = await Promise.all([
    utnet('invoke', 'hello', '--path', 'world'),
    utnet('invoke', 'hello', '--data', 'ping', '--header', 'Content-Type: text/plain', '--json'),
  ])
  expect(plain).toMatchObject({ code: 0, stdout: '{"hello":"/world"}' })
  expect(json.documents[0]).toMatchObject({ status: 200, bodyBase64: 'cGluZw==', headers: { 'content-type': 'text/plain' } })
  expect(json.documents[0]).toMatchObject({ gas: expect.stringMatching(/^\d+$/), receipt: expect.stringMatching(/^bafyrei/) })
})

test('an operator: tensors from a file and from the command line', async () => {
  writeFileSync(path('a.json'), '{"dtype":"f32","shape":[2],"data":[1,2]}')
  const ran = await utnet('infer', 'plus', '--input', 'a=@a.json', '--input', 'b=[10,20]', '--json')
  expect(ran).toMatchObject({ code: 0, documents: [{ outputs: [{ dtype: 'f32', shape: [2], data: [11, 22] }] }] })
})

test('a receipt: bundle, file and id verify; another genesis, a spoilt byte and a stranger do not', async () => {
  const { receipt } = (await utnet('invoke', 'hello', '--json')).documents[0] as unknown as Receipt
  // A run that is not anchored yet has no bundle, and the answer says how to wait.
  const early = await utnet('receipt', receipt, '--bundle', '-o', 'early.car')
  if (early.code !== 0) expect(early.stderr).toContain(`code: receipt_not_anchored\n  next: utnet receipt ${receipt} --wait`)
  expect(await utnet('receipt', receipt, '--wait', '--bundle', '-o', 'proof.car', '--json')).toMatchObject({ code: 0 })
  expect(await utnet('receipt', receipt, '-o', 'receipt.json', '--json')).toMatchObject({ code: 0 })
  const [file, id, json, again, replay] = await Promise.all([
    utnet('verify', 'proof.car', '--node', 'http://127.0.0.1:1', '--json'),
    utnet('verify', receipt, '--json'),
    utnet('verify', 'receipt.json', '--json'),
    utnet('verify', 'proof.car', '--reexecute', '--json'),
    utnet('replay', receipt, '--trace', '--json'),
  ])
  for (const ran of [file, id, json, again]) expect(ran).toMatchObject({ code: 0, stderr: '', documents: [{ valid: true }] })
  expect(again.documents[0]?.['checks']).toContainEqual(expect.objectContaining({ name: 'reexecution', ok: true }))
  expect(replay).toMatchObject({ code: 0, documents: [{ equal: true, gas: expect.stringMatching(/^\d+$/) }] })

  const bytes = readFileSync(path('proof.car'))
  writeFileSync(
    path('spoilt.car'),
    bytes.map((b, i) => (i === bytes.length >> 1 ? b ^ 1 : b)),
  )
  writeFileSync(path('longer.car'), Buffer.concat([bytes, Buffer.from([0])]))
  const view = JSON.parse(readFileSync(path('receipt.json'), 'utf8')) as { body: { gas: string } }
  view.body.gas = String(BigInt(view.body.gas) + 1n)
  writeFileSync(path('changed.json'), JSON.stringify(view))
  const [spoilt, longer, changed, alone, stranger] = await Promise.all([
    utnet('verify', 'spoilt.car', '--json'),
    utnet('verify', 'longer.car', '--json'),
    utnet('verify', 'changed.json', '--json'),
    utnet('verify', 'receipt.json', '--node', 'http://127.0.0.1:1', '--json'),
    run(SOURCE, ['verify', 'proof.car', '--json'], { cwd: folder, env: { ...env, UTNET_HOME: path('stranger') } }),
  ])
  for (const ran of [spoilt, longer, changed, alone, stranger]) expect(ran).toMatchObject({ code: 1, documents: [{ valid: false }] })
  expect(stranger.stderr).toContain('utnet chain trust')
  expect(alone.stderr).toContain('--bundle')

  await utnet('chain', 'genesis', '-o', 'genesis.json')
  const strangers = { cwd: folder, env: { ...env, UTNET_HOME: path('stranger') } }
  expect((await run(SOURCE, ['verify', 'proof.car', '--genesis', 'genesis.json'], strangers)).code).toBe(0)
  expect((await run(SOURCE, ['chain', 'trust', 'genesis.json', '--json'], strangers)).documents).toEqual([
    { trusted: dev.ready['chainId'] },
  ])
  expect((await run(SOURCE, ['verify', 'proof.car'], strangers)).code).toBe(0)
  expect((await run(SOURCE, ['chain', 'distrust', String(dev.ready['chainId'])], strangers)).code).toBe(0)
  expect((await run(SOURCE, ['verify', 'proof.car'], strangers)).code).toBe(1)
})

test('deploy --mount: a file of this machine is added and found by the guest; the receipt is verified by running it again', async () => {
  const iris = '5.1,3.5\n4.9,3.0\n'
  writeFileSync(path('iris.csv'), iris)
  const wasm = fileURLToPath(new URL('../test/foreign/fixtures/lines-c.wasm', import.meta.url))
  const mount = (name: string, source: string): Promise<Omit<Ran, 'documents'>> =>
    inside('deploy', wasm, '--name', name, '--mount', `/data/iris.csv=${source}`, '--json')
  for (const [source, code, why] of [
    [folder, 'usage', /is a folder; files are mounted one by one/],
    [path('none.csv'), 'usage', /neither a CID nor a file/],
    ['bafkreinope', 'usage', /bafkreinope is neither a CID nor a file/],
    [path('large'), 'core_too_large', /mountBytes/],
  ] as const) {
    if (code === 'core_too_large') {
      writeFileSync(path('large'), '')
      truncateSync(path('large'), LIMITS.mountBytes + 1)
    }
    const { code: exit, stdout, stderr } = await mount('refused', source)
    expect([exit, stdout]).toEqual([code === 'usage' ? 2 : 1, ''])
    const { error } = JSON.parse(stderr) as { error: { code: string; message: string } }
    expect(error).toMatchObject({ code, message: expect.stringMatching(why) })
  }
  const cid = fileCid(utf8(iris)).toString()
  expect((await fetch(`${dev.ready['url']}/ipfs/${cid}`)).status).toBe(404)
  const deployed = await mount('lines', path('iris.csv'))
  expect(deployed).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(deployed.stdout)).toMatchObject({ name: 'lines', world: 'command', mounts: [{ path: '/data/iris.csv', cid }] })
  expect(await (await fetch(`${dev.ready['url']}/ipfs/${cid}`)).text()).toBe(iris)
  // The same by its CID: the same grants, so the same module.
  const again = JSON.parse((await mount('lines-again', cid)).stdout) as { module: string }
  expect(again.module).toBe((JSON.parse(deployed.stdout) as { module: string }).module)

  const answer = await fetch(`${dev.ready['url']}/fn/lines?arg=cat&arg=/data/iris.csv`, { method: 'POST' })
  expect(await answer.text()).toBe(`arg cat\narg /data/iris.csv\n${iris}`)
  const { id } = parseReceipt(answer.headers.get('utnet-receipt') ?? '')
  expect(await inside('receipt', id, '--wait', '--bundle', '-o', path('mounted.car'))).toMatchObject({ code: 0 })
  // No node: what the run was given of the file lies in the bundle.
  const verified = await inside('verify', path('mounted.car'), '--reexecute', '--node', 'http://127.0.0.1:1', '--json')
  const { valid, checks } = JSON.parse(verified.stdout) as { valid: boolean; checks: readonly { name: string; ok: boolean }[] }
  expect(valid).toBe(true)
  expect(checks).toContainEqual(expect.objectContaining({ name: 'reexecution', ok: true }))
})

test('build and inspect; --prepared writes the module', async () => {
  const built = await utnet('build', 'tally', '-o', 'out/tally.wasm', '--json')
  expect(built).toMatchObject({ code: 0, documents: [{ file: path('out/tally.wasm'), name: 'tally', world: 'contract' }] })
  const inspected = await utnet('inspect', 'out/tally.wasm', '--prepared', 'out/prepared.wasm', '--json')
  expect(inspected).toMatchObject({ code: 0, documents: [{ prepared: ['out/prepared.wasm'] }] })
  expect(WebAssembly.validate(readFileSync(path('out/prepared.wasm')))).toBe(true)
  writeFileSync(path('tally/assembly/index.ts'), 'export function broken(): u64 { return "text" }\n')
  const broken = await utnet('build', 'tally')
  expect(broken).toMatchObject({ code: 1, stdout: '' })
  expect(broken.stderr).toMatch(/assembly\/index\.ts:1:\d+/)
})

test('a locked folder and a port in use are refused and named', async () => {
  const locked = await utnet('dev', '--data', 'data', '--port', '0', '--json')
  expect(locked).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('"code":"data_locked"') })
  const server = await new Promise<Server>((resolve) => {
    const s = createServer().listen(0, '127.0.0.1', () => resolve(s))
  })
  const { port } = server.address() as { port: number }
  const busy = await run(SOURCE, ['dev', '--data', 'other', '--json'], { cwd: folder, env: { ...env, UTNET_PORT: String(port) } })
  server.close()
  expect(busy).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(`port ${port} is in use`) })
})

test('--watch deploys every change and keeps the version before a mistake; SIGINT stops, SIGTERM too, both with 0', async () => {
  await utnet('new', 'seen', '--template', 'function')
  const watching = await startDev(SOURCE, ['--data', 'watched', '--watch', 'seen'], { cwd: folder, env })
  try {
    // The ready line comes behind the first deploy: whoever reads it can ask at once.
    expect((await fetch(`${watching.ready['url']}/fn/seen/a`)).status).toBe(200)
    await watching.says('deployed seen')
    const source = readFileSync(path('seen/assembly/index.ts'), 'utf8')
    writeFileSync(path('seen/assembly/index.ts'), 'export function handle(): nonsense {}\n')
    await watching.says('not deployed: ')
    expect((await fetch(`${watching.ready['url']}/fn/seen/a`)).status).toBe(200)
    const before = watching.stderr().length
    writeFileSync(path('seen/assembly/index.ts'), source.replace("key('hello')", "key('bye')"))
    await expect.poll(() => watching.stderr().slice(before), { timeout: 20_000 }).toContain('deployed seen')
    expect(await (await fetch(`${watching.ready['url']}/fn/seen/a`)).json()).toEqual({ bye: '/a' })
    // A function may be written in JavaScript.
    const scripted = watching.stderr().length
    writeFileSync(path('seen/assembly/beside.js'), 'export {}\n')
    await expect.poll(() => watching.stderr().slice(scripted), { timeout: 20_000 }).toContain('deployed seen')
  } finally {
    expect(await watching.stop('SIGINT')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\{[^\n]*\}\n$/) })
  }
  const again = await startDev(SOURCE, ['--data', 'watched'], { cwd: folder, env })
  expect((await fetch(`${again.ready['url']}/fn/seen/a`)).status).toBe(200)
  expect((await again.stop()).code).toBe(0)
})
