import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { isUtnetError } from '../../runtime/core/index.ts'
import { writeOutput } from './output.ts'

const folder = mkdtempSync(join(tmpdir(), 'utnet-output-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test(
  'a file that is written over stays whole, whenever the process is killed: it may be the point that a user trusts',
  { timeout: 60_000 },
  async () => {
    const path = join(folder, 'point.json')
    const text = (n: number): string => JSON.stringify({ n, more: String(n % 10).repeat(4_000_000) })
    writeOutput(path, text(0))
    const script = `
    import { writeOutput } from ${JSON.stringify(new URL('output.ts', import.meta.url).href)}
    process.stdout.write('at work')
    for (let n = 1; ; n++) writeOutput(${JSON.stringify(path)}, JSON.stringify({ n, more: String(n % 10).repeat(4_000_000) }))`
    const kept = new Set<number>()
    for (let kill = 0; kill < 12; kill++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      await sleep(5 + ((kill * 7) % 40))
      child.kill('SIGKILL')
      await once(child, 'close')
      const found = readFileSync(path, 'utf8')
      const { n } = JSON.parse(found) as { n: number }
      expect(found === text(n)).toBe(true)
      kept.add(n)
    }
    expect(kept.size).toBeGreaterThan(1)
  },
)

test('what stood there goes, a link leads on to what it led to, a device is only written to, and nothing is left beside', () => {
  const inside = join(folder, 'new', 'folder')
  const path = join(inside, 'file')
  writeOutput(path, 'one')
  writeOutput(path, 'two')
  expect(readFileSync(path, 'utf8')).toBe('two')
  expect(statSync(path).mode & 0o777).toBe(0o666 & ~process.umask())
  const link = join(inside, 'link')
  symlinkSync(path, link)
  writeOutput(link, 'three')
  expect(lstatSync(link).isSymbolicLink()).toBe(true)
  expect(readFileSync(path, 'utf8')).toBe('three')
  writeOutput('/dev/null', 'nothing')
  expect(statSync('/dev/null').isFile()).toBe(false)
  expect(readdirSync(inside).sort()).toEqual(['file', 'link'])
  writeFileSync(join(folder, 'a file'), '')
  const refused = (() => {
    try {
      writeOutput(join(folder, 'a file', 'below'), 'x')
      return 'nothing'
    } catch (error) {
      return isUtnetError(error) ? error.code : error
    }
  })()
  expect(refused).toBe('usage')
})
