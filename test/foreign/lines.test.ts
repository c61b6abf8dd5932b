/** Lines of components that another language's compiler made, from the tables that it left in them; `make-fixtures.ts` makes the components. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fileCid, utf8, type CID } from '../../runtime/core/index.ts'
import { createHost, gasByLine, hasLineTables, readSourceMap, sourceOf, type GuestOutcome } from '../../runtime/host/index.ts'
import { CONTEXT, memoryFiles } from '../../runtime/host/testing/host.ts'
import { createSourceLines } from '../../runtime/node/source-lines/index.ts'

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`./fixtures/${name}.wasm`, import.meta.url)))

async function call(component: Uint8Array, entry: string, n: number, profile: boolean): Promise<GuestOutcome> {
  const host = createHost({ files: memoryFiles(), profile })
  const { module } = await host.admit(component)
  const request = { method: 'POST', path: `/${entry}`, headers: [], body: utf8(`[${n}]`) }
  return host.invoke({ module, request, context: CONTEXT, gasLimit: 10_000_000n })
}

const sum = (lines: readonly { readonly gas: bigint }[]): bigint => lines.reduce((n, { gas }) => n + gas, 0n)

describe.each([4, 5])('tables of DWARF %i, by clang', (version) => {
  const component = fixture(`line-tables-${version}`)

  test('U4.3-GAS-1: a trap and the end of the gas name function and line, also of a profiled run', async () => {
    for (const profile of [false, true]) {
      const trapped = await call(component, 'fall', 3, profile)
      expect(trapped).toMatchObject({ status: 'trap', message: 'unreachable in fall', where: 'fall' })
      expect(trapped.frames).toHaveLength(5)
      expect(sourceOf(component, trapped.frames ?? [], undefined, profile)).toEqual({ file: 'line-tables.c', line: 7, column: 5 })
      // The caller of the functions above: its own line
      expect(sourceOf(component, trapped.frames?.slice(4) ?? [], undefined, profile)).toEqual({
        file: 'line-tables.c',
        line: 12,
        column: 10,
      })
      const dry = await call(component, 'sum', 4_000_000_000, profile)
      const place = sourceOf(component, dry.frames ?? [], undefined, profile)
      expect([dry.status, place?.file]).toEqual(['out-of-gas', 'line-tables.c'])
      expect([17, 18]).toContain(place?.line)
    }
  })

  test('U4.3-GAS-1: gas by line and what the host charged are the gas of the run, which counting does not change', async () => {
    const { gas, profile = [], probes = [] } = await call(component, 'sum', 40, true)
    expect((await call(component, 'sum', 40, false)).gas).toBe(gas)
    const lines = gasByLine(component, probes, undefined) ?? expect.fail('there are no lines')
    expect(sum(lines) + sum(profile.filter(({ own }) => !own))).toBe(gas)
    expect(lines.find(({ line }) => line === 18)).toMatchObject({ file: 'line-tables.c', executions: 40n })
    // A map that was brought along counts before the tables
    const map = readSourceMap('{"version":3,"sources":["mine.c"],"mappings":"AAAA"}')
    expect(gasByLine(component, probes, map)?.map(({ file }) => file)).toEqual([undefined])
  })

  test('the node names the line without a map, and looks for tables once where there are none', async () => {
    const asked: string[] = []
    const lines = createSourceLines({
      mapOf: () => undefined,
      files: {
        getFile: async (cid: CID) => {
          asked.push(cid.toString())
          return cid.equals(fileCid(component)) ? component : fixture('lines-c')
        },
      },
      always: true,
    })
    const { status, where, frames } = await call(component, 'fall', 0, false)
    const ended = { status, where: where as string, frames: frames ?? [] }
    expect(await lines('x', fileCid(component), ended)).toEqual({ status: 'trap', at: 'fall', line: 'line-tables.c:7:5' })
    const stripped = fileCid(fixture('lines-c'))
    for (let i = 0; i < 3; i++) expect(await lines('y', stripped, ended)).toEqual({ status: 'trap', at: 'fall' })
    expect(asked).toEqual([fileCid(component).toString(), stripped.toString()])
  })
})

test('a component without tables has no lines', () => {
  const component = fixture('lines-c')
  expect(hasLineTables(component)).toBe(false)
  expect(sourceOf(component, [{ index: 9, at: 900, module: 1 }], undefined, false)).toBeUndefined()
  expect(gasByLine(component, [], undefined)).toBeUndefined()
})
