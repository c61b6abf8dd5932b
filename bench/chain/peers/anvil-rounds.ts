/** One round of anvil: blocks of raw transactions, sent and mined by its quicker mode. */
import { PINNED } from '../pinned.ts'
import { startAnvil, type Anvil } from './anvil.ts'
import { RICH, type EthSender } from './ethereum.ts'

/** What it was quickest with on a machine of two cores, of 1 to 8 connections and 1 to 500 in a batch. */
const CONNECTIONS = 4
const BATCH = 125

const COMMON = ['--gas-limit', '1000000000', '--order', 'fifo', '--prune-history']
/** Blocks made when they are asked for, one for all that waits; or one for each transaction or what waits beside it. */
const MODES = [[...COMMON, '--no-mining'], COMMON] as const

/** Resolves when all that waited is mined. It is asked at once, or again after `restMs`. */
export async function drained(anvil: Anvil, restMs = 0): Promise<void> {
  for (;;) {
    const [status] = (await anvil.batch([{ method: 'txpool_status', params: [] }])) as { pending: string; queued: string }[]
    if (Number(status?.pending) + Number(status?.queued) === 0) return
    if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs))
  }
}

/** Makes the senders rich. */
export async function fundPeer(anvil: Anvil, from: readonly EthSender[]): Promise<void> {
  await anvil.batch(from.map(({ address }) => ({ method: 'anvil_setBalance', params: [address.toString(), `0x${RICH.toString(16)}`] })))
}

/** Transactions a second of the quicker mode; throws where not all were mined. `before` are sent and mined first, and not timed. */
export async function minePeer(
  from: readonly EthSender[],
  blocks: readonly (readonly string[])[],
  before: readonly (readonly string[])[],
): Promise<number> {
  let best = 0
  for (const options of MODES) {
    const onDemand = options.includes('--no-mining')
    const anvil = await startAnvil(options, PINNED)
    try {
      await fundPeer(anvil, from)
      const mine = async (txs: readonly string[]): Promise<void> => {
        const lanes = Array.from({ length: CONNECTIONS }, (_, lane) => txs.filter((_tx, i) => i % CONNECTIONS === lane))
        await anvil.sendRaw(lanes, BATCH)
        if (onDemand) await anvil.batch([{ method: 'evm_mine', params: [] }])
        await drained(anvil)
      }
      for (const txs of before) await mine(txs)
      const [blockBefore] = await anvil.batch([{ method: 'eth_blockNumber', params: [] }])
      const began = performance.now()
      for (const txs of blocks) await mine(txs)
      const seconds = (performance.now() - began) / 1_000
      const count = blocks.reduce((n, b) => n + b.length, 0)
      const done = await minedAfter(anvil, Number(blockBefore))
      if (done !== count) throw new Error(`anvil mined ${done} of ${count} transactions, or some of them failed`)
      best = Math.max(best, count / seconds)
    } finally {
      await anvil.stop()
    }
  }
  return best
}

interface Receipt {
  readonly status: string
}

/** Transactions that completed in the blocks after one. */
export async function minedAfter(anvil: Anvil, height: number): Promise<number> {
  const [head] = await anvil.batch([{ method: 'eth_blockNumber', params: [] }])
  let done = 0
  for (let at = height + 1; at <= Number(head); at++) {
    const [receipts] = (await anvil.batch([{ method: 'eth_getBlockReceipts', params: [`0x${at.toString(16)}`] }])) as (Receipt[] | null)[]
    done += (receipts ?? []).filter((r) => r.status === '0x1').length
  }
  return done
}
