/**
 * `node transfers-own.ts SENDERS BLOCKS VERIFIERS`: signed transfers through one node's chain on lmdb with its default syncs, each sender once in a block.
 * They come in as a node's submit queue hands them over, while blocks are made: a block is made whenever enough wait for it. Prints
 * {perSecond, transfers, blocks} as JSON; with BLOCKS 0 no key is met twice.
 */
import { isUtnetError } from '../../runtime/core/index.ts'
import * as crypto from '../../runtime/crypto/native.ts'
import { openOwnChain, senders, transfers } from './own-chain.ts'

/** Blocks before the clock starts: code is compiled, and keys are known. */
const WARM = 3
/** In so many parts a block's transactions come; as many are on their way at a time, and their signatures are checked while the block before is made. */
const PARTS = 4
const FLYING = 4

const [count = 700, blocks = 20, threads = 0] = process.argv.slice(2).map(Number)
const cold = blocks === 0
const rounds = cold ? 10 : WARM + blocks
const from = senders(cold ? count * rounds : count)
const verifiers = crypto.openVerifiers(threads)
const own = await openOwnChain(
  from.map((s) => s.address),
  { crypto: { ...crypto, verifyEd25519Many: verifiers.check } },
)
const { chain } = own
const wires = Array.from({ length: rounds }, (_, n) =>
  cold ? transfers(chain, from.slice(n * count, (n + 1) * count), 0, 1) : transfers(chain, from, n, 1),
).flat()

let sent = 0
let flying = 0
let refused: unknown
/** Called when a part was taken. */
let taken = (): void => {}

/** Sends parts until a block's worth is on its way, or two blocks' worth waits. */
function send(): void {
  while (flying < FLYING && sent < wires.length && chain.waiting() < 2 * count) {
    const part = wires.slice(sent, sent + Math.ceil(count / PARTS))
    sent += part.length
    flying++
    void chain.submitAll(part).then((answers) => {
      flying--
      refused ??= answers.find((answer) => isUtnetError(answer))
      send()
      taken()
    })
  }
}

let began = performance.now()
let before = 0
let done = 0
while (done < wires.length) {
  send()
  while (chain.waiting() < Math.min(count, wires.length - done) && refused === undefined)
    await new Promise<void>((resolve) => (taken = resolve))
  if (refused !== undefined) throw refused
  const { outcomes } = await own.produce()
  if (!outcomes.every((o) => o.status === 'ok')) throw new Error('a transfer did not complete')
  done += outcomes.length
  if (!cold && before === 0 && done >= WARM * count) {
    began = performance.now()
    before = done
  }
}
const seconds = (performance.now() - began) / 1_000
const { height } = chain.head().header
const last = chain.account((from[0] as { address: Uint8Array }).address).nonce
if (last !== (cold ? 1 : rounds)) throw new Error(`the first sender's nonce is ${last}`)
await own.close()
await verifiers.close()
process.stdout.write(`${JSON.stringify({ perSecond: (done - before) / seconds, transfers: done - before, blocks: height })}\n`)
