/**
 * Search of the chain's history: 100,000 blocks of filters as commits write them, in lmdb; what is searched for is in few of them or in none. The blocks
 * are simulated: filters and windows are real, there is nothing else.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256, utf8, type Kv } from '../../runtime/core/index.ts'
import { fingerprint, makeBloom, mayContain } from '../../runtime/consensus/block/index.ts'
import type { ChainCore } from '../../runtime/consensus/chain/head/core.ts'
import { bloomKey, encodeList, printsKey } from '../../runtime/consensus/chain/rows/rows.ts'
import { searchChain } from '../../runtime/consensus/chain/reads/search.ts'
import { windowRows } from '../../runtime/consensus/chain/rows/windows.ts'
import { useNativeHashes } from '../../runtime/crypto/native.ts'
import { openLmdb } from '../../runtime/kv/index.ts'
import { rowOf, type Row } from '../row.ts'

const BLOCKS = 100_000
/** Items of a block: a dozen calls of a small chain. */
const ITEMS = 40
const ACCOUNTS = 5_000
const ROUNDS = 7
const PROBES = 200_000

const print = (kind: string, name: string): Uint8Array => fingerprint([kind, sha256(utf8(name)).subarray(12)])

async function fill(kv: Kv): Promise<void> {
  const known = Array.from({ length: ACCOUNTS }, (_, i) => print('address', `account ${i}`))
  let state = 1
  const draw = (n: number): number => (state = (state * 48_271) % 2_147_483_647) % n
  for (let from = 0; from < BLOCKS; from += 64) {
    const recent = new Map<string, Uint8Array>()
    const rows: (readonly [Uint8Array, Uint8Array])[] = []
    for (let height = from; height < Math.min(from + 64, BLOCKS); height++) {
      const prints = [Buffer.concat(Array.from({ length: ITEMS }, () => known[draw(ACCOUNTS)] as Uint8Array))]
      const list = encodeList(prints)
      recent.set(Buffer.from(printsKey(height)).toString('hex'), list)
      const get = (key: Uint8Array): Uint8Array | undefined => recent.get(Buffer.from(key).toString('hex'))
      rows.push([bloomKey(height), makeBloom(prints)], [printsKey(height), list], ...windowRows({ get }, height, prints))
    }
    await kv.commit(rows)
  }
}

/** The search of a whole chain, page by page; gives milliseconds and rows read. */
function whole(kv: Kv, name: string): { readonly ms: number; readonly reads: number } {
  let reads = 0
  const counting: Pick<Kv, 'get'> = { get: (key) => (reads++, kv.get(key)) }
  const core = { kv: counting, head: { header: { height: BLOCKS - 1 } }, recentResults: new Map() } as unknown as ChainCore
  const filter = { items: [['event', sha256(utf8(name)).subarray(12)] as const], contracts: [], names: ['none'] }
  const begun = performance.now()
  for (let after = { height: 0, ordinal: 0 }; ;) {
    const page = searchChain(core, { filter, after, to: BLOCKS - 1, limit: 100 })
    if (page.done) return { ms: performance.now() - begun, reads }
    after = page.next
  }
}

/** The same by the filter of each block. */
function oneByOne(kv: Kv, name: string): number {
  const wanted = print('event', name)
  const begun = performance.now()
  let found = 0
  for (let height = 0; height < BLOCKS; height++) if (mayContain(kv.get(bloomKey(height)) as Uint8Array, wanted)) found++
  if (found > BLOCKS / 50) throw new Error('a filter lets everything through')
  return performance.now() - begun
}

/** Share, in parts of a hundred, of items not in a filter that seem to be. */
function falsePositives(count: number): number {
  const filter = makeBloom(Array.from({ length: count }, (_, i) => print('address', `in ${i}`)))
  let wrong = 0
  for (let i = 0; i < PROBES; i++) if (mayContain(filter, print('address', `out ${i}`))) wrong++
  return (wrong / PROBES) * 100
}

export async function eventRows(emit: (row: Row) => void): Promise<void> {
  useNativeHashes()
  const folder = await mkdtemp(join(tmpdir(), 'utnet-bench-'))
  try {
    const kv = await openLmdb(folder)
    await fill(kv)
    const ratios: number[] = []
    const times: number[] = []
    let reads = 0
    for (let round = 0; round < ROUNDS; round++) {
      const name = `never ${round}`
      const slow = oneByOne(kv, name)
      const fast = whole(kv, name)
      reads = fast.reads
      times.push(fast.ms)
      ratios.push(slow / fast.ms)
    }
    process.stderr.write(`a search of ${BLOCKS} blocks reads ${reads} rows, in ${times.toSorted((a, b) => a - b)[3]?.toFixed(1)} ms\n`)
    await kv.close()
    emit(
      rowOf('chain', {
        id: 'chain.events.windows',
        row: `search of ${BLOCKS} blocks by windows of 64, against the filter of each block`,
        unit: 'ratio',
        values: ratios,
        atLeast: 10,
      }),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  emit(
    rowOf('chain', {
      id: 'chain.events.false-positives',
      row: 'items that seem to be in the filter of a block and are not, in a hundred; filters of 20 to 20,000 items',
      unit: 'percent',
      values: [20, 200, 2_000, 20_000].map(falsePositives),
      atMost: 1,
    }),
  )
}
