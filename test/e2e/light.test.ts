/** A light client against a real node: by the command line, and in a real browser that has nothing of ours but one file. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run, SOURCE, type Ran } from '../../cli/testing/run.ts'
import { verifyFile } from '../../packaging/verify-file.ts'
import { decodeGenesis, fromBase64, toBase64 } from '../../runtime/core/index.ts'
import { decodeStep, encodeStep, LightClient } from '../../runtime/consensus/light/index.ts'
import * as crypto from '../../runtime/crypto/native.ts'
import { startDevNode, type DevNode } from '../../runtime/node/index.ts'

const CHROMIUM = '/usr/bin/chromium'
const ADDRESS = 'ut1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnfhksm4'

let folder: string
let node: DevNode

const utnet = (...args: string[]): Promise<Ran> =>
  run(SOURCE, args, { cwd: folder, env: { UTNET_HOME: join(folder, 'home'), UTNET_URL: node.url } })

/** A block for each: a development chain makes one at once on a transaction. */
async function untilHeight(height: number): Promise<void> {
  const { devAccount } = await node.api.info()
  while ((await node.api.chain()).height < height) await node.api.fund(devAccount ?? ADDRESS)
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'utnet-light-'))
  node = await startDevNode({ data: join(folder, 'data'), port: 0, threads: 0, epochBlocks: 2 })
  await untilHeight(7)
})
afterAll(async () => {
  await node.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('W-FLW-2: utnet chain follow', () => {
  test('needs a chain that is trusted, follows it, and goes on from the checkpoint that it wrote', async () => {
    const refused = await utnet('chain', 'follow', '--json')
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('do not trust')])
    expect((await utnet('chain', 'genesis', '-o', 'genesis.json')).code).toBe(0)
    const first = await utnet('chain', 'follow', '--genesis', 'genesis.json', '-o', 'checkpoint.json', '--json')
    expect(first.stderr).toContain('validators, trusted up to block')
    expect(first.code).toBe(0)
    const last = first.documents.at(-1) as { epoch: number; height: number; hash: string; validators: number }
    expect(last).toMatchObject({ epoch: last.height / 2, validators: 1 })
    expect(last.height).toBeGreaterThanOrEqual(6)
    expect((await node.api.block(last.height)).hash).toBe(last.hash)

    await untilHeight(last.height + 3)
    // the checkpoint names its chain: nothing else has to be trusted
    const later = await utnet('chain', 'follow', '--checkpoint', 'checkpoint.json', '--json')
    expect(later.code).toBe(0)
    expect((later.documents.at(-1) as { height: number }).height).toBeGreaterThan(last.height)

    const file = JSON.parse(readFileSync(join(folder, 'checkpoint.json'), 'utf8')) as Record<string, unknown>
    for (const [key, value] of Object.entries({ height: 2, hash: '00', power: '00', point: 'AAAA', chainId: 'bafyreib' })) {
      writeFileSync(join(folder, 'wrong.json'), JSON.stringify({ ...file, [key]: value }))
      expect((await utnet('chain', 'follow', '--checkpoint', 'wrong.json')).code, key).toBe(1)
    }
    writeFileSync(join(folder, 'wrong.json'), 'x')
    expect((await utnet('chain', 'follow', '--checkpoint', 'wrong.json')).stderr).toContain('not a checkpoint file')
  })

  test('a node leads from any height to the end of any epoch that is over', async () => {
    const genesis = decodeGenesis(node.genesis)
    const view = await node.api.epoch(1, { set: true })
    expect(view).toMatchObject({ epoch: 1, height: 4, set: expect.any(String) as string })
    const client = new LightClient({ genesis, crypto, trustingMs: Number.POSITIVE_INFINITY })
    for (const step of (await node.api.epoch(1, { from: 0 })).steps) client.follow(decodeStep(fromBase64(step)), Date.now())
    expect(client.trusted).toMatchObject({ height: 4, epoch: 2 })
    await expect(node.api.epoch(1, { from: 4 })).rejects.toMatchObject({ code: 'chain_height' })
    await expect(node.api.epoch(1, { from: 1e9 })).rejects.toMatchObject({ code: 'chain_height' })
    await expect(node.api.epoch(1e6)).rejects.toMatchObject({ code: 'chain_height' })
  })
})

/** The example with the package as it will be published, and nothing else beside it. */
async function exampleFolder(): Promise<string> {
  const to = join(folder, 'example')
  cpSync(fileURLToPath(new URL('../../examples/light-client', import.meta.url)), to, { recursive: true })
  const utnetFolder = join(to, 'node_modules/utnet')
  mkdirSync(utnetFolder, { recursive: true })
  // As npm init writes it: the example must say itself that it is made of modules.
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }')
  writeFileSync(join(utnetFolder, 'package.json'), JSON.stringify({ name: 'utnet', type: 'module', exports: { './light': './light.js' } }))
  writeFileSync(join(utnetFolder, 'light.js'), await verifyFile('esm', 'runtime/verify/light.ts'))
  return to
}

const otherThan = (id: string): string => id.slice(0, -1) + (id.endsWith('a') ? 'b' : 'a')
const PROVEN = /^ut1\w+ has [1-9]\d* in block \d+: proven by [1-9] certificates\n?$/

describe('docs/light-client.md', () => {
  test('examples/light-client/node.js proves a balance, and believes no node of another chain', async () => {
    const example = await exampleFolder()
    const { chainId: id } = await node.api.chain()
    const { devAccount } = await node.api.info()
    const args = [join(example, 'node.js'), node.url, id, devAccount ?? '']
    const node20 = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => existsSync(path)) ?? process.execPath
    expect(await run([node20], args, { cwd: example, env: {} })).toMatchObject({ code: 0, stdout: expect.stringMatching(PROVEN) as string })
    const other = await run([node20], args.with(2, otherThan(id)), { cwd: example, env: {} })
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('of another chain') as string })
  })

  test.skipIf(!existsSync(CHROMIUM))(
    'examples/light-client/page.html does the same in a browser (skipped without Chromium)',
    { timeout: 60_000 },
    async () => {
      const example = await exampleFolder()
      const { chainId: id } = await node.api.chain()
      const { devAccount } = await node.api.info()
      const server = spawn(process.execPath, [join(example, 'serve.js'), node.url, '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
      const profile = mkdtempSync(join(tmpdir(), 'utnet-light-page-'))
      try {
        const [line] = (await once(server.stdout, 'data')) as [Buffer]
        const browser = await chromium.launchPersistentContext(profile, {
          executablePath: CHROMIUM,
          headless: true,
          args: ['--no-sandbox', '--disable-gpu', '--disable-quic'],
        })
        try {
          const page = await browser.newPage()
          const shown = async (chain: string): Promise<string> => {
            await page.goto('about:blank')
            await page.goto(`${line.toString().trim()}#${chain}/${devAccount ?? ''}`)
            await page.waitForFunction(`document.querySelector('output').textContent !== 'checking'`)
            return String(await page.evaluate(`document.querySelector('output').textContent`))
          }
          expect(await shown(id)).toMatch(PROVEN)
          expect(await shown(otherThan(id))).toMatch(/^not believed: the node is of another chain/)
        } finally {
          await browser.close()
        }
      } finally {
        server.kill()
        rmSync(profile, { recursive: true, force: true })
      }
    },
  )
})

describe.skipIf(!existsSync(CHROMIUM))(`in a browser (needs ${CHROMIUM})`, () => {
  test('W-BUS-1: a page follows three epochs that a node serves, and believes no changed step', { timeout: 60_000 }, async () => {
    const script = await verifyFile('iife', 'test/e2e/kit/light-page.ts')
    const steps: string[] = []
    for (const epoch of [0, 1, 2]) steps.push(...(await node.api.epoch(epoch)).steps)
    const step = decodeStep(fromBase64(steps[1] as string))
    const forged = toBase64(encodeStep({ ...step, header: { ...step.header, time: step.header.time + 1 } }))
    const server = createServer((_request, response) =>
      response.setHeader('content-type', 'text/html').end(`<!doctype html><script>${script}</script>`),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const profile = mkdtempSync(join(tmpdir(), 'utnet-light-browser-'))
    const browser = await chromium.launchPersistentContext(profile, {
      executablePath: CHROMIUM,
      headless: true,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic'],
    })
    try {
      const page = await browser.newPage()
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
      const follow = `(genesis, steps, now) => { try { return verify.followText(genesis, steps, now) } catch (error) { return error.code } }`
      const ask = (list: readonly string[]): Promise<unknown> =>
        page.evaluate(`(${follow})(${JSON.stringify(toBase64(node.genesis))}, ${JSON.stringify(list)}, ${Date.now()})`)
      expect(await ask(steps)).toEqual({ epoch: 3, height: 6, hash: (await node.api.block(6)).hash })
      expect(await ask([steps[0] as string, forged])).toBe('chain_invalid')
      expect(await ask([steps[1] as string])).toBe('light_gap')
    } finally {
      await browser.close()
      server.close()
      rmSync(profile, { recursive: true, force: true })
    }
  })
})
