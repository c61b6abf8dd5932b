/**
 * `node transfers-own.ts SENDERS BLOCKS VERIFIERS`: signed transfers through one node's chain on lmdb with its default syncs, submitted in one batch a
 * block, each sender once in it. The next batch is submitted while a block is made. Prints {perSecond, transfers, blocks, known} as JSON; with BLOCKS 0 no key is met twice.
 */
import * as crypto from '../../runtime/crypto/native.ts'
import { openOwnChain, senders, transfers } from './own-chain.ts'

/** Blocks before the clock starts: code is compiled, and keys are known. */
const WARM = 3

const [count = 700, blocks = 20, threads = 0] = process.argv.slice(2).map(Number)
const cold = blocks === 0
const from = senders(cold ? count * 10 : count)
const verifiers = crypto.openVerifiers(threads)
const own = await openOwnChain(
  from.map((s) => s.address),
  { crypto: { ...crypto, verifyEd25519Many: verifiers.check } },
)
const batches = cold
  ? Array.from({ length: 10 }, (_, i) => transfers(own.chain, from.slice(i * count, (i + 1) * count), 0, 1))
  : Array.from({ length: WARM + blocks }, (_, nonce) => transfers(own.chain, from, nonce, 1))

let began = performance.now()
let done = 0
let submitted = own.chain.submitAll(batches[0] as Uint8Array[])
for (let i = 0; i < batches.length; i++) {
  for (const answer of await submitted) if (!('id' in answer)) throw answer
  // what came before is in blocks
  if (i === WARM && !cold) {
    began = performance.now()
    done = 0
  }
  if (i + 1 < batches.length) submitted = own.chain.submitAll(batches[i + 1] as Uint8Array[])
  const { outcomes } = await own.produce()
  if (!outcomes.every((o) => o.status === 'ok')) throw new Error('a transfer did not complete')
  done += outcomes.length
}
while (own.chain.waiting() > 0) done += (await own.produce()).outcomes.length
const seconds = (performance.now() - began) / 1_000
const height = own.chain.head().header.height
const last = own.chain.account((from[0] as { address: Uint8Array }).address).nonce
if (last !== (cold ? 1 : batches.length)) throw new Error(`the first sender's nonce is ${last}`)
await own.close()
await verifiers.close()
process.stdout.write(`${JSON.stringify({ perSecond: done / seconds, transfers: done, blocks: height })}\n`)
