import { startAnvil } from './anvil.ts'
import { createLegacyTx } from '@ethereumjs/tx'
import { createCustomCommon, Mainnet, Hardfork } from '@ethereumjs/common'
import { createAddressFromPrivateKey, bytesToHex, hexToBytes } from '@ethereumjs/util'

const common = createCustomCommon({ chainId: 31337 }, Mainnet, { hardfork: Hardfork.Cancun })
const SENDERS = 250
const NONCES = Number(process.argv[3] ?? 4)
const keys = Array.from({ length: SENDERS }, (_, i) => new Uint8Array(32).fill(1).map((b, j) => (j > 28 ? (i >> ((31 - j) * 8)) & 255 : b)))
const addrs = keys.map((k) => createAddressFromPrivateKey(k))
let t = performance.now()
const lanes = (n: number): string[][] => {
  const out: string[][] = Array.from({ length: n }, () => [])
  for (let nonce = 0; nonce < NONCES; nonce++)
    for (let s = 0; s < SENDERS; s++) {
      const tx = createLegacyTx({ nonce, gasPrice: 2_000_000_000n, gasLimit: 21_000, to: addrs[(s * 7 + nonce) % SENDERS]!, value: 1n }, { common }).sign(keys[s]!)
      out[s % n]!.push(bytesToHex(tx.serialize()))
    }
  return out
}
const L = lanes(8)
console.log('sign', (performance.now() - t) / (SENDERS * NONCES), 'ms each')
const total = SENDERS * NONCES
const prefix = process.argv[2] === 'pin' ? ['taskset', '-c', '0'] : []
for (const [name, opts, mine] of [
  ['automine', ['--gas-limit', '1000000000'], false],
  ['automine fifo prune', ['--gas-limit', '1000000000', '--order', 'fifo', '--prune-history'], false],
  ['no-mining', ['--gas-limit', '1000000000', '--no-mining', '--order', 'fifo'], true],
  ['no-mining prune', ['--gas-limit', '1000000000', '--no-mining', '--order', 'fifo', '--prune-history'], true],
  ['block-time 1', ['--gas-limit', '1000000000', '--block-time', '1', '--order', 'fifo', '--prune-history'], false],
] as const) {
  for (const size of [1, 50, 500]) {
    const anvil = await startAnvil(opts, prefix)
    await anvil.batch(addrs.map((a) => ({ method: 'anvil_setBalance', params: [a.toString(), '0x3635c9adc5dea00000'] })))
    t = performance.now()
    await anvil.sendRaw(L, size)
    const sent = performance.now() - t
    if (mine) await anvil.batch([{ method: 'evm_mine', params: [] }])
    for (;;) {
      const [p] = (await anvil.batch([{ method: 'txpool_status', params: [] }])) as { pending: string; queued: string }[]
      if (BigInt(p!.pending) === 0n && BigInt(p!.queued) === 0n) break
      await new Promise((r) => setTimeout(r, 5))
    }
    const ms = performance.now() - t
    const nonces = await anvil.batch(addrs.map((a) => ({ method: 'eth_getTransactionCount', params: [a.toString(), 'latest'] })))
    const done = nonces.reduce<number>((n, x) => n + Number(x), 0)
    const [bn] = await anvil.batch([{ method: 'eth_blockNumber', params: [] }])
    console.log(name, 'batch', size, `${done}/${total}`, 'blocks', Number(bn), Math.round(sent), 'sent ms', Math.round(done / ms * 1000), 'tx/s')
    await anvil.stop()
  }
}
