/** What a stranger gets: one small file that needs nothing of ours, nor of Node. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { parseSync } from 'oxc-parser'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyFile } from '../../packaging/verify-file.ts'
import { genesisBytes } from './testing/chain.ts'
import { invokeParts, write } from './testing/bundles.ts'
import type { Verification } from './index.ts'

const MAX_GZIP = 60_000

/** A Node 20 of this machine, if there is one. */
function node20(): string | undefined {
  const folders = ['/usr/bin', '/usr/local/bin', ...(process.env['PATH'] ?? '').split(':')]
  return folders
    .map((f) => join(f, 'node'))
    .find((path) => {
      try {
        return execFileSync(path, ['--version'], { encoding: 'utf8' }).startsWith('v20.')
      } catch {
        return false
      }
    })
}
const oldNode = node20()

let folder: string
let esm: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'utnet-verify-'))
  esm = await verifyFile('esm')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('at most 60 KB gzip, and no import of anything', () => {
  expect(gzipSync(esm, { level: 9 }).length).toBeLessThanOrEqual(MAX_GZIP)
  const { module, errors } = parseSync('verify.js', esm)
  expect(errors).toEqual([])
  expect(module.staticExports.length).toBeGreaterThan(0)
  expect([
    ...module.staticImports,
    ...module.dynamicImports,
    ...module.staticExports.flatMap((e) => e.entries.filter((n) => n.moduleRequest)),
  ]).toEqual([])
  expect(esm).not.toMatch(/\brequire\s*\(/)
})

const file = write(invokeParts())
const spoilt = Uint8Array.from(file, (b, i) => (i === file.length - 1 ? b ^ 1 : b))

test.skipIf(oldNode === undefined)('runs on Node 20 (skipped where there is none)', () => {
  const entry = join(folder, 'verify.mjs')
  writeFileSync(entry, esm)
  writeFileSync(join(folder, 'true.car'), file)
  writeFileSync(join(folder, 'spoilt.car'), spoilt)
  writeFileSync(join(folder, 'genesis'), genesisBytes)
  const script = `
    import { readFileSync } from 'node:fs'
    import { verifyBundle } from ${JSON.stringify(pathToFileURL(entry).href)}
    const read = (name) => new Uint8Array(readFileSync(${JSON.stringify(folder)} + '/' + name))
    const trust = [read('genesis')]
    console.log(JSON.stringify([await verifyBundle(read('true.car'), { trust }), await verifyBundle(read('spoilt.car'), { trust })]))`
  const [good, bad] = JSON.parse(execFileSync(oldNode as string, ['--input-type=module', '-e', script], { encoding: 'utf8' })) as [
    Verification,
    Verification,
  ]
  expect(good.checks.filter((c) => !c.ok)).toEqual([])
  expect(good.valid).toBe(true)
  expect(bad).toMatchObject({ valid: false, checks: [{ name: 'container' }] })
})

test('runs where there is nothing but the language and text coding, as in a browser', async () => {
  const iife = await verifyFile('iife')
  const context = createContext({ TextEncoder, TextDecoder, good: [...file], bad: [...spoilt], genesis: [...genesisBytes] })
  // TextEncoder gives arrays of the outer realm; a page has one realm only.
  runInContext(
    'const outer = TextEncoder; globalThis.TextEncoder = class { encode(text) { return Uint8Array.from(new outer().encode(text)) } }',
    context,
  )
  runInContext(`${iife};globalThis.verify = verify`, context)
  const run = (name: string): Promise<Verification> =>
    runInContext(`verify.verifyBundle(Uint8Array.from(${name}), { trust: [Uint8Array.from(genesis)] })`, context) as Promise<Verification>
  const good = await run('good')
  expect(good.checks.filter((c) => !c.ok).map((c) => c.detail)).toEqual([])
  expect(good.valid).toBe(true)
  expect((await run('bad')).valid).toBe(false)
})
