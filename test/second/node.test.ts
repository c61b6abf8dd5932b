/** A real node and a client in Python that knows the documents alone; and the proofs of that node, whole and changed, before both verifiers. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeGenesis } from '../../runtime/core/index.ts'
import { verifyBundle } from '../../runtime/verify/index.ts'
import { component } from '../e2e/kit/guests.ts'
import { startNode, temporaryFolder, ticketOf, type RealNode } from '../e2e/kit/node.ts'
import { lines, python, SEED, SKIPPED, TIMES } from './python.ts'
import { disagreements, type Tried } from './verdicts.ts'

const MUTANTS = 200 * TIMES

const folder = temporaryFolder()
const nodes: RealNode[] = []

const matrix = (name: string) => ({ name, dtype: 'f32' as const, shape: [2, 2], data: new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer) })

/** Bundles of every kind of run, in a folder of their own; their files. */
async function bundlesOf(node: RealNode, name: string, runs: Readonly<Record<string, () => Promise<string>>>): Promise<string[]> {
  mkdirSync(join(folder, name))
  writeFileSync(join(folder, name, 'genesis'), encodeGenesis(node.genesis))
  const ids: [kind: string, id: string][] = []
  for (const [kind, run] of Object.entries(runs)) ids.push([kind, await run()])
  const files: string[] = []
  for (const [kind, id] of ids) {
    await node.api.receipt(id, 20_000)
    const file = join(folder, name, kind)
    writeFileSync(file, await node.api.bundle(id))
    files.push(file)
  }
  return files
}

const called = (node: RealNode, entry: string, args: readonly unknown[]) => async () =>
  (await node.api.call({ name: 'ledger', export: entry, args, gasLimit: '10000000' })).receipt
const invoked =
  (node: RealNode, path: string, init: RequestInit = {}) =>
  async () =>
    ticketOf(await fetch(`${node.url}/fn/probe${path}`, init)).id

const shown: Record<string, string[]> = {}

beforeAll(async () => {
  if (SKIPPED !== '') return
  const open = await startNode(['ledger', 'probe', 'matmul'], { epochBlocks: 4 })
  const sealed = await startNode(['probe'], { retention: { default: 'sealed' } })
  nodes.push(open, sealed)
  shown['open'] = await bundlesOf(open, 'open', {
    call: called(open, 'post', [{ label: 'a', amount: '3' }, 2]),
    'call-trap': called(open, 'trap', ['a']),
    'call-gas': called(open, 'spin', ['a']),
    invoke: invoked(open, '/echo', { method: 'POST', body: 'a body', headers: { authorization: 'a secret' } }),
    'invoke-trap': invoked(open, '/trap'),
    'invoke-gas': invoked(open, '/spin'),
    later: invoked(open, '/later', { headers: { prefer: 'receipt=later' } }),
    infer: async () => (await open.api.infer({ model: 'matmul', inputs: [matrix('a'), matrix('b')] })).receipt.id,
  })
  shown['sealed'] = await bundlesOf(sealed, 'sealed', { invoke: invoked(sealed, '/echo', { method: 'POST', body: 'a body' }) })
}, 120_000)
afterAll(async () => {
  for (const node of nodes) await node.close()
  rmSync(folder, { recursive: true, force: true })
})

test.skipIf(SKIPPED !== '')(
  `a client of the documents alone follows a node, sends it a transfer, a contract and a call, and proves what they did ${SKIPPED}`,
  { timeout: 120_000 },
  async () => {
    const file = join(folder, 'ledger.wasm')
    writeFileSync(file, await component('ledger'))
    const said = await python('check_node.py', nodes[0]?.url ?? '', file)
    expect(
      said
        .trim()
        .split('\n')
        .map((line) => line.split(/[ :]/)[0]),
    ).toEqual(['chain', 'draws', 'account', 'transfer', 'publish', 'call', 'base'])
  },
)

test.skipIf(SKIPPED !== '')(
  `bundles of calls, functions and inferences, well ended and not, sealed and late, hold for both verifiers ${SKIPPED}`,
  async () => {
    for (const [name, files] of Object.entries(shown)) {
      const genesis = join(folder, name, 'genesis')
      for (const file of files) {
        expect([file, (await verifyBundle(readFileSync(file), { trust: [readFileSync(genesis)] })).valid]).toEqual([file, true])
        expect(await python('check_bundle.py', genesis, file)).toContain(' gas\n')
      }
    }
  },
)

test.skipIf(SKIPPED !== '').each(['open', 'sealed'])(
  `${MUTANTS} bundles changed in bytes, values, encoding, order and parts: both verifiers think alike, node %s (seed ${SEED}) ${SKIPPED}`,
  { timeout: 1_000_000 },
  async (name) => {
    const genesis = join(folder, name, 'genesis')
    const tried = await lines<Tried>('mutants.py', SEED, MUTANTS, genesis, ...(shown[name] ?? []))
    expect(tried.length).toBe(MUTANTS)
    expect(tried.filter(({ holds }) => !holds).length).toBeGreaterThan(MUTANTS / 2)
    expect(await disagreements(tried, readFileSync(genesis))).toEqual([])
  },
)
