/** anvil as the source of the bars measured it: one `eth_sendRawTransaction` a request, over kept connections, while it makes its blocks. */
import { lanesOf, postBytes, sendLanes } from '../loopback/kept.ts'
import { PINNED } from '../pinned.ts'
import { drained, fundPeer, minedAfter } from './anvil-rounds.ts'
import { startAnvil } from './anvil.ts'
import type { EthSender } from './ethereum.ts'

/** How it makes blocks. */
export const MODES = {
  /** As it starts by default: a block for what has come, at once. */
  automine: [],
  /** Every tenth of a second what waits, as a development chain of ours does. */
  interval: ['--block-time', '0.1'],
} as const
export type Mode = keyof typeof MODES

const COMMON = ['--gas-limit', '1000000000', '--order', 'fifo', '--prune-history']
/** Between two looks at whether the last is mined. */
const LOOK_MS = 5

const requestOf = (raw: string, id: number): Uint8Array =>
  postBytes(
    '/',
    'application/json',
    Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method: 'eth_sendRawTransaction', params: [raw] }), 'latin1'),
  )

function taken({ status, body }: { readonly status: number; readonly body: string }): void {
  if (status !== 200 || !body.includes('"result"')) throw new Error(`anvil answered ${status}: ${body.slice(0, 300)}`)
}

/**
 * Sends signed transactions over so many connections until the last is mined; gives how many a second. Throws where one is not mined then, or failed. They are given in
 * rounds: one by each of `from`, in their order. `before` are mined first, and not timed.
 */
export async function submitToPeer(
  mode: Mode,
  from: readonly EthSender[],
  raws: readonly string[],
  connections: number,
  before: readonly (readonly string[])[] = [],
): Promise<number> {
  const anvil = await startAnvil([...COMMON, ...MODES[mode]], PINNED)
  try {
    await fundPeer(anvil, from)
    const lanes = lanesOf(raws.map(requestOf), connections, (i) => i % from.length)
    for (const first of before) {
      await anvil.sendRaw([first], 25)
      await drained(anvil, LOOK_MS)
    }
    const [height] = await anvil.batch([{ method: 'eth_blockNumber', params: [] }])
    const began = performance.now()
    await sendLanes(anvil.port, lanes, taken)
    await drained(anvil, LOOK_MS)
    const seconds = (performance.now() - began) / 1_000
    const done = await minedAfter(anvil, Number(height))
    if (done !== raws.length) throw new Error(`anvil mined ${done} of ${raws.length} transactions, or some of them failed`)
    return raws.length / seconds
  } finally {
    await anvil.stop()
  }
}
