import { expect, test } from 'vitest'
import { operatorKinds } from '../../runtime/tpu-bridge/operators/index.ts'
import { missing } from './archive.ts'
import { readPage } from './page.ts'
import { countsOf, runSuite } from './runner.ts'

const why = missing()

test.skipIf(why !== undefined)(
  `U4.5-INF-2: every case of the ONNX node tests of every operator that device wasm claims passes${why === undefined ? '' : ` (skipped: ${why})`}`,
  async () => {
    const results = await runSuite()
    expect(results.length).toBeGreaterThan(1000)
    expect(results.filter((r) => r.ours === 'failed').map((r) => `${r.name}: ${r.why}`)).toEqual([])
    expect(countsOf(results).kinds.length).toBeGreaterThanOrEqual(60)
  },
  180_000,
)

test('docs/operators.md lists the operators that device wasm has (made by `node test/onnx/page.ts`)', () => {
  const listed = [...readPage().matchAll(/^\| ([\w.]+) \| [^|]*\| [^|]*\| \d+ \|/gm)].map((m) => m[1])
  expect(listed).toEqual(operatorKinds())
})
