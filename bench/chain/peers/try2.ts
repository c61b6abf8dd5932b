import { startAnvil } from './anvil.ts'
import { createLegacyTx } from '@ethereumjs/tx'
import { createCustomCommon, Mainnet, Hardfork } from '@ethereumjs/common'
import { createAddressFromPrivateKey, bytesToHex } from '@ethereumjs/util'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
const common = createCustomCommon({ chainId: 31337 }, Mainnet, { hardfork: Hardfork.Cancun })
const SENDERS = 500
const NONCES = 20
const keys = Array.from({ length: SENDERS }, (_, i) => new Uint8Array(32).fill(1).map((b, j) => (j > 28 ? (i >> ((31 - j) * 8)) & 255 : b)))
const addrs = keys.map((k) => createAddressFromPrivateKey(k).toString())
let raws: string[][]
const F = '/tmp/speed-raws.json'
if (existsSync(F)) raws = JSON.parse(readFileSync(F, 'utf8'))
else {
  raws = []
  for (let nonce = 0; nonce < NONCES; nonce++)
    raws.push(keys.map((k, s) => bytesToHex(createLegacyTx({ nonce, gasPrice: 2_000_000_000n, gasLimit: 21_000, to: addrs[(s * 7 + nonce) % SENDERS] as `0x${string}`, value: 1n }, { common }).sign(k).serialize())))
  writeFileSync(F, JSON.stringify(raws))
}
const prefix = process.argv[2] === 'pin' ? ['taskset', '-c', '0'] : []
const max = Number(process.argv[3] ?? 20)
for (const [name, opts, mine] of [
  ['automine fifo prune', ['--order', 'fifo', '--prune-history'], false],
  ['no-mining prune', ['--no-mining', '--order', 'fifo', '--prune-history'], true],
  ['no-mining prune keeper', ['--no-mining', '--order', 'fifo', '--prune-history', '--transaction-block-keeper', '4'], true],
] as const) {
  for (const [wave, size, conns] of [[500, 64, 8], [500, 125, 4], [500,500,1], [1000, 125, 8], [2000, 250, 8]] as const) {
    const anvil = await startAnvil(['--gas-limit', '1000000000', ...opts], prefix)
    await anvil.batch(addrs.map((a) => ({ method: 'anvil_setBalance', params: [a, '0x3635c9adc5dea00000'] })))
    const t = performance.now()
    const marks: number[] = []
    const per = wave / SENDERS
    for (let n = 0; n < max; n += per) {
      const lanes: string[][] = Array.from({ length: conns }, () => [])
      for (let k = 0; k < per; k++) raws[n + k]!.forEach((raw, s) => lanes[s % conns]!.push(raw))
      await anvil.sendRaw(lanes, size)
      if (mine) await anvil.batch([{ method: 'evm_mine', params: [] }])
      else for (;;) {
        const [p] = (await anvil.batch([{ method: 'txpool_status', params: [] }])) as { pending: string; queued: string }[]
        if (BigInt(p!.pending) === 0n && BigInt(p!.queued) === 0n) break
      }
      marks.push(performance.now())
    }
    const ms = performance.now() - t
    const nonces = await anvil.batch(addrs.map((a) => ({ method: 'eth_getTransactionCount', params: [a, 'latest'] })))
    const done = nonces.reduce<number>((n, x) => n + Number(x), 0)
    console.log(name, 'wave', wave, 'batch', size, 'conns', conns, `${done}`, Math.round(done / ms * 1000), 'tx/s; first wave', Math.round(wave / (marks[0]! - t) * 1000), 'last', Math.round(wave / (marks.at(-1)! - (marks.at(-2) ?? t)) * 1000))
    await anvil.stop()
  }
}
