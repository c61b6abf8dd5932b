import { expect, test } from 'vitest'
import { fileCid, PARAMS } from '../../core/index.ts'
import { CONTEXT, memoryFiles } from '../testing/host.ts'
import { wat } from '../testing/wat.ts'
import { withGrants } from '../wasi/index.ts'
import { createHost } from './index.ts'

/** A library that looks at nothing. */
const IDLE = `(component
  (import "wasi:random/random@0.2.0" (instance (export "get-random-u64" (func (result u64)))))
  (core module $m (func (export "f") (result i32) (i32.const 1)))
  (core instance $m (instantiate $m))
  (func $f (result u32) (canon lift (core func $m "f")))
  (export "f" (func $f)))`

test('U4.3-GAS-1: each run pays for the files that are brought to it, before it runs, and again the same when it is repeated', async () => {
  const files = memoryFiles()
  const content = new Uint8Array(3_000_001).fill(7)
  const cid = await files.putFile(content)
  const host = createHost({ files })
  const [bare, mounting] = await Promise.all(
    [[], [{ path: '/x', cid }]].map(async (mounts) => (await host.admit(withGrants(await wat(IDLE), { mounts }))).module),
  )
  const request = { method: 'POST', path: '/f', headers: [], body: new Uint8Array(0) }
  const run = (module = fileCid(content), gasLimit = 1_000_000_000n, more = {}) =>
    host.invoke({ module, request, context: CONTEXT, gasLimit, ...more })
  const without = await run(bare)
  const price = BigInt(content.length * PARAMS.host.fileByte)
  for (let i = 0; i < 2; i++) {
    const outcome = await run(mounting)
    expect(outcome).toMatchObject({ status: 'ok', gas: without.gas + price })
    expect(await run(mounting, undefined, { replay: outcome.log })).toEqual(outcome)
  }
  expect(await run(mounting, without.gas + price)).toMatchObject({ status: 'ok' })
  expect(await run(mounting, without.gas + price - 1n)).toMatchObject({ status: 'out-of-gas' })
})
