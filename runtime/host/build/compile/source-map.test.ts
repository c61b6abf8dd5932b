import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { decode } from '@jridgewell/sourcemap-codec'
import { expect, test } from 'vitest'
import { readComponent } from '../../component/index.ts'
import { readModule } from '../../wasm/index.ts'
import { buildGuest } from '../index.ts'

const dir = fileURLToPath(new URL('../../../../guest/contracts/token', import.meta.url))

test('the source map leads from bytes of the component to the lines of the author', async () => {
  const { component, sourceMap } = await buildGuest({ dir })
  expect(Buffer.from(component).includes('sourceMappingURL')).toBe(false)
  const map = JSON.parse(sourceMap as string) as { version: number; sources: string[]; mappings: string }
  expect(map.version).toBe(3)
  const [line, ...others] = decode(map.mappings)
  expect(others).toEqual([])
  const [main] = readComponent(component).modules
  const { bodies, origin } = readModule(main?.bytes as Uint8Array, main?.offset)
  const text = readFileSync(`${dir}/assembly/index.ts`, 'utf8').split('\n')
  let authors = 0
  for (const [offset, source, row] of line as [number, number, number, number][]) {
    expect(bodies.some((b) => b.start <= offset - origin && offset - origin < b.end)).toBe(true)
    if (map.sources[source] !== 'assembly/index.ts') continue
    authors++
    expect(text[row]).toBeDefined()
  }
  expect(authors).toBeGreaterThan(10)
  // Every function of the contract that is exported has an instruction on a line of its own body
  const rows = new Set(
    (line as number[][]).flatMap(([, source, row]) => (map.sources[source as number] === 'assembly/index.ts' ? [row] : [])),
  )
  const heads = text.flatMap((l, i) => (l.startsWith('export function') ? [i] : []))
  expect(heads).toHaveLength(4)
  for (const head of heads) expect([1, 2, 3, 4].some((n) => rows.has(head + n))).toBe(true)
})
