import { Session } from 'node:inspector/promises'
import { writeFileSync } from 'node:fs'
import { compareBytes, encodeAccount } from '../../../runtime/core/index.ts'
import { useNativeHashes } from '../../../runtime/crypto/native.ts'
import { openLmdb, seededRandom } from '../../../runtime/kv/index.ts'
import { accountOf, addressOf, applyTo, grow } from './state.ts'
useNativeHashes()
const n = Number(process.argv[2])
const kv = await openLmdb('/tmp/pool/db/' + n)
const s = await grow(kv, n)
const random = seededRandom(1)
const session = new Session(); session.connect()
await session.post('Profiler.enable')
const times: number[] = [], cpus: number[] = []
for (let r = 0; r < 50; r++) {
  if (r === 15) await session.post('Profiler.start')
  const ch = Array.from({ length: 1000 }, () => { const i = Math.floor(random() * n); return [addressOf(i), encodeAccount(accountOf(i, s.header.height))] as const })
  const c0 = process.cpuUsage(); const t = performance.now()
  const stale = await applyTo(s, ch)
  if (r >= 15) { times.push(performance.now() - t); const c = process.cpuUsage(c0); cpus.push((c.user + c.system) / 1000) }
  await kv.commit(stale.toSorted(compareBytes).map((k) => [k, undefined] as const))
}
const { profile } = await session.post('Profiler.stop')
writeFileSync('/tmp/pool/p' + n + '.cpuprofile', JSON.stringify(profile))
const m = (x: number[]) => x.toSorted((a, b) => a - b)[x.length >> 1]
console.log(n, 'ms', m(times)?.toFixed(1), 'cpu', m(cpus)?.toFixed(1), 'min', Math.min(...times).toFixed(1))
await kv.close()
