/**
 * `node token-own.ts SENDERS NONCES VERIFIERS`: transfers of the token of guest/contracts/token through one node's chain: signed calls, run in WASM under exact
 * gas, with receipts and events, on lmdb with its default syncs. Prints {perSecond, transfers, blocks, gas} as JSON.
 */
import { fileURLToPath } from 'node:url'
import { contractAddress, fileCid, formatAddress, type Cbor } from '../../runtime/core/index.ts'
import * as crypto from '../../runtime/crypto/native.ts'
import { buildGuest } from '../../runtime/host/build/index.ts'
import { createHost } from '../../runtime/host/index.ts'
import { openOwnChain, senders, signed, type Sender } from './own-chain.ts'

/** Batches before the clock starts. */
const WARM = 3
const GAS = 4_000_000n
/** Of one sender no more may wait. */
const MINTS = 60

const [count = 250, nonces = 20, threads = 0] = process.argv.slice(2).map(Number)
const { component } = await buildGuest({ dir: fileURLToPath(new URL('../../guest/contracts/token', import.meta.url)) })
const module = fileCid(component)
const host = createHost({
  files: { getFile: async () => component, putFile: () => Promise.reject(new Error('nothing is stored here')) },
  fileNow: () => component,
})
const from = senders(count)
const owner = from[0] as Sender
const verifiers = crypto.openVerifiers(threads)
const own = await openOwnChain(
  from.map((s) => s.address),
  { crypto: { ...crypto, verifyEd25519Many: verifiers.check }, executor: host.executor },
)
const { chain } = own
const token = contractAddress(owner.address, 0)
const names = from.map((s) => formatAddress(s.address))
const call = (by: Sender, nonce: number, entry: string, args: readonly Cbor[]): Uint8Array =>
  signed(chain, by, nonce, { kind: 'call', to: token, export: entry, args }, GAS)

let done = 0
let gas = 0n
/** Makes a block; every transaction in it must have completed. */
async function block(): Promise<void> {
  const { outcomes } = await own.produce()
  for (const o of outcomes) {
    if (o.status !== 'ok') throw new Error(`a transaction ended with ${o.status}: ${o.message}`)
    gas = o.gas
  }
  done += outcomes.length
}
async function take(wires: readonly Uint8Array[]): Promise<void> {
  for (const answer of await chain.submitAll(wires)) if (!('id' in answer)) throw answer
}

const publish = { kind: 'publish', name: 'token', module, world: 'contract', size: component.length } as const
await take([signed(chain, owner, 0, publish, 500_000_000n)])
await block()
for (let at = 0; at < count; at += MINTS) {
  await take(names.slice(at, at + MINTS).map((name, i) => call(owner, 1 + at + i, 'mint', [name, 1_000_000n])))
  while (chain.waiting() > 0) await block()
}
const first = (sender: Sender): number => chain.account(sender.address).nonce
const begin = from.map(first)
const batches = Array.from({ length: WARM + nonces }, (_, n) =>
  from.map((sender, i) => call(sender, (begin[i] as number) + n, 'transfer', [names[(i * 7 + n + 1) % count] as string, 1n])),
)
/** Sends batches and makes blocks until nothing waits. Two batches wait where there are, so that blocks are as full as their gas lets them be. */
async function through(of: readonly (readonly Uint8Array[])[]): Promise<void> {
  let next = 0
  while (next < of.length || chain.waiting() > 0) {
    while (next < of.length && chain.waiting() < 2 * count) await take(of[next++] as Uint8Array[])
    await block()
  }
}
await through(batches.slice(0, WARM))
const firstBlock = chain.head().header.height
done = 0
const began = performance.now()
await through(batches.slice(WARM))
const seconds = (performance.now() - began) / 1_000
const { outcome } = await chain.query({ contract: 'token', export: 'total', args: [] })
if (outcome.result !== BigInt(count) * 1_000_000n && outcome.result !== count * 1_000_000)
  throw new Error(`the supply is ${String(outcome.result)}`)
const made = chain.head().header.height - firstBlock
await own.close()
await verifiers.close()
process.stdout.write(`${JSON.stringify({ perSecond: done / seconds, transfers: done, blocks: made, gas: Number(gas) })}\n`)
