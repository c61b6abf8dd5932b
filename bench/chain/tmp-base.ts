import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { compareBytes, encodeAccount } from '../../runtime/core/index.ts'
import { useNativeHashes } from '../../runtime/crypto/native.ts'
import { openLmdb } from '../../runtime/kv/index.ts'
import { createPageStore, EMPTY_ROOT, trieUpdate, type TrieRoot } from '../../runtime/consensus/trie/index.ts'
useNativeHashes()
const T = 0x61
const addr = (i: number) => {
  const b = new Uint8Array(20)
  new DataView(b.buffer).setUint32(0, i)
  return b
}
const acc = (n: number) => encodeAccount({ balance: 10n ** 18n + BigInt(n), nonce: n & 0xff, bond: 0n, node: null })
async function build(dir: string, n: number) {
  const kv = await openLmdb(dir)
  const store = createPageStore(kv)
  let root: TrieRoot = EMPTY_ROOT
  let h = 1
  const t0 = performance.now()
  let tu = 0,
    tc = 0,
    td = 0,
    dead: Uint8Array[] = []
  for (let i = 0; i < n; i += 100_000) {
    const ch = []
    for (let j = i; j < Math.min(n, i + 100_000); j++) ch.push([addr(j), acc(j)] as const)
    let t = performance.now()
    const u = trieUpdate(store, T, root, ch, h++)
    tu += performance.now() - t
    store.committed(u.pages, u.stale)
    t = performance.now()
    await kv.commit(u.rows)
    tc += performance.now() - t
    t = performance.now()
    await kv.commit(u.stale.map((s) => [s, undefined] as const))
    td += performance.now() - t
    root = u.root
  }
  console.log('update', tu | 0, 'commit', tc | 0, 'delete', td | 0)
  console.log('built', n, ((performance.now() - t0) / 1000).toFixed(1), 's rss', (process.memoryUsage().rss / 1e6).toFixed(0))
  return { kv, store, root, h, n }
}
const dir = mkdtempSync(join(process.argv[3] ?? tmpdir(), 'growth-'))
const N = Number(process.argv[2] ?? 1_000_000)
try {
  const small = await build(join(dir, 'a'), 10_000)
  const big = await build(join(dir, 'b'), N)
  let x = 12345
  const rnd = () => (x = (Math.imul(x, 1103515245) + 12345) >>> 0) / 2 ** 32
  for (let round = 0; round < 40; round++) {
    for (const s of [small, big]) {
      const ch = Array.from({ length: 1000 }, () => {
        const i = Math.floor(rnd() * s.n)
        return [addr(i), acc(i + round + 7)] as const
      })
      const t0 = performance.now()
      const c0 = process.cpuUsage()
      const u = trieUpdate(s.store, T, s.root, ch, s.h++)
      const t1 = performance.now()
      s.store.committed(u.pages, u.stale)
      await s.kv.commit(u.rows)
      const t2 = performance.now()
      await s.kv.commit(u.stale.toSorted(compareBytes).map((k) => [k, undefined] as const))
      const t3 = performance.now()
      const c1 = process.cpuUsage(c0)
      s.root = u.root
      if (round > 35)
        console.log(
          s.n,
          'update',
          (t1 - t0).toFixed(1),
          'commit',
          (t2 - t1).toFixed(1),
          'prune',
          (t3 - t2).toFixed(0),
          'cpu',
          ((c1.user + c1.system) / 1000).toFixed(0),
          'pages',
          u.pages.length,
          'bytes',
          u.rows.reduce((a, [, r]) => a + r.length, 0),
        )
    }
  }
  console.log(readFileSync('/proc/self/status', 'utf8').match(/Rss.*/g)?.join(' '))
  console.log('rss', (process.memoryUsage().rss / 1e6).toFixed(0), 'heap', (process.memoryUsage().heapUsed / 1e6).toFixed(0))
  await small.kv.close()
  await big.kv.close()
} finally {
  rmSync(dir, { recursive: true, force: true })
}
