import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fileCid, UtnetError, utf8 } from '../../runtime/core/index.ts'
import { buildGuest } from '../../runtime/host/build/index.ts'
import { withGrants } from '../../runtime/host/index.ts'
import { sourceMapFor } from './source-map.ts'
import { traceTable } from '../output/trace-table.ts'

const TOKEN = fileURLToPath(new URL('../../guest/contracts/token', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'utnet-map-'))
let component: Uint8Array
let sourceMap: string | undefined
beforeAll(async () => {
  ;({ component, sourceMap } = await buildGuest({ dir: TOKEN }))
  cpSync(TOKEN, join(folder, 'other'), { recursive: true })
  const file = join(folder, 'other/assembly/index.ts')
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('only the owner may mint', 'nobody else may mint'))
  cpSync(TOKEN, join(folder, 'broken'), { recursive: true })
  writeFileSync(join(folder, 'broken/assembly/index.ts'), 'export function (')
  writeFileSync(join(folder, 'a.map'), 'text of a map')
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A node that keeps the map of some modules. */
const kept = new Map<string, string>()
const api = {
  sourceMap: async (module: string): Promise<Uint8Array> => {
    const map = kept.get(module)
    if (map === undefined) throw new UtnetError('block_not_found', 'none')
    return utf8(map)
  },
}

async function found(path: string | undefined, of = component): Promise<{ map: string | undefined; said: string }> {
  const said: string[] = []
  const map = await sourceMapFor(path, api, (text) => void said.push(text))(of)
  return { map, said: said.join('\n') }
}

test('a map is a file, or the build of the very module, grants beside it or not', async () => {
  expect(await found(join(folder, 'a.map'))).toEqual({ map: 'text of a map', said: '' })
  expect(await found(TOKEN)).toEqual({ map: sourceMap, said: '' })
  expect(await found(TOKEN, withGrants(component, { settings: [['LANG', 'C']] }))).toEqual({ map: sourceMap, said: '' })
})

test('another build gives no lines and says so; a folder that was named and does not build is an error', async () => {
  const { map, said } = await found(join(folder, 'other'))
  expect(map).toBeUndefined()
  expect(said).toMatch(/^no source lines: .*other builds bafk\w+, the receipt names bafk\w+$/)
  await expect(found(join(folder, 'broken'))).rejects.toMatchObject({ code: 'guest_build' })
  expect(() => sourceMapFor(join(folder, 'none.map'), api, () => undefined)).toThrow(expect.objectContaining({ code: 'usage' }) as Error)
})

test('without a name the present folder counts where it is a project', async () => {
  const before = process.cwd
  const at = async (dir: string): ReturnType<typeof found> => {
    process.cwd = () => dir
    try {
      return await found(undefined)
    } finally {
      process.cwd = before
    }
  }
  expect(await at(TOKEN)).toEqual({ map: sourceMap, said: '' })
  expect(await at(folder)).toEqual({ map: undefined, said: '' })
  const broken = await at(join(folder, 'broken'))
  expect(broken.map).toBeUndefined()
  expect(broken.said).toMatch(/^no source lines: the project here does not build: /)
  // What the node keeps counts behind it, and then nothing is said
  kept.set(fileCid(component).toString(), 'of the node')
  expect(await at(TOKEN)).toEqual({ map: sourceMap, said: '' })
  for (const dir of ['other', 'broken']) expect(await at(join(folder, dir))).toEqual({ map: 'of the node', said: '' })
  expect(await at(folder)).toEqual({ map: 'of the node', said: '' })
})

test('the table of a trace aligns and leaves out what is not there', () => {
  const base = { receipt: 'r', status: 'ok', output: '', gas: '1000', equal: true } as const
  expect(traceTable(base)).toBe('ok, 1000 gas')
  const text = traceTable({
    ...base,
    functions: [
      { name: 'f', gas: '900', calls: 12 },
      { name: 'abi', gas: '100', calls: 1 },
    ],
    lines: [{ at: 'a.ts:3', gas: '1000', share: 100, executions: 0 }],
    budgets: { gas: { used: '1000', allowed: '5000' } },
  })
  expect(text.split('\n')).toEqual([
    'ok, 1000 gas',
    'gas by function',
    '  gas   share  calls  ',
    '  900  90.0 %     12  f',
    '  100  10.0 %      1  abi',
    'gas by line',
    '   gas    share  times  ',
    '  1000  100.0 %         a.ts:3',
    'budgets',
    '  1000  of  5000  gas',
  ])
})
