/** anvil as the source of the bars measured it: one `eth_sendRawTransaction` a request, over kept connections, while it makes its blocks. */
import { lanesOf, postBytes, sendLanes } from '../loopback/kept.ts'
import { PINNED } from '../pinned.ts'
import { drained, fundPeer, minedAfter } from './anvil-rounds.ts'
import { startAnvil } from './anvil.ts'
import type { EthSender } from './ethereum.ts'

interface Making {
  readonly options: readonly string[]
  /** Most that it is sent before what waits is mined: it takes transactions faster than it mines them, and its memory grows with what waits. */
  readonly atOnce: number
}

/** How it makes blocks. */
const MODES = {
  /** As it starts by default: a block for what has come, at once. */
  automine: { options: [], atOnce: 512 },
  /** Every tenth of a second what waits, as a development chain of ours does. */
  interval: { options: ['--block-time', '0.1'], atOnce: 4_096 },
} as const satisfies Record<string, Making>
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
 * Sends signed transactions over so many connections until the last is mined; gives of each part, one after the other, how many a second. Throws where one is not mined
 * then, or failed. A part is rounds: one by each of `from`, in their order. `before` are mined first, and not timed.
 */
export async function submitToPeer(
  mode: Mode,
  from: readonly EthSender[],
  parts: readonly (readonly string[])[],
  connections: number,
  before: readonly (readonly string[])[] = [],
): Promise<number[]> {
  const { options, atOnce } = MODES[mode]
  const anvil = await startAnvil([...COMMON, ...options], PINNED)
  try {
    await fundPeer(anvil, from)
    // whole rounds, so that the i-th of a wave is of the same sender
    const wave = Math.max(1, Math.floor(atOnce / from.length)) * from.length
    const wavesOf = (raws: readonly string[]): Uint8Array[][][] => {
      const requests = raws.map(requestOf)
      return Array.from({ length: Math.ceil(raws.length / wave) }, (_, i) =>
        lanesOf(requests.slice(i * wave, (i + 1) * wave), connections, (k) => k % from.length),
      )
    }
    const all = parts.map(wavesOf)
    for (const first of before) {
      await anvil.sendRaw([first], 25)
      await drained(anvil, LOOK_MS)
    }
    const [height] = await anvil.batch([{ method: 'eth_blockNumber', params: [] }])
    const rates: number[] = []
    for (const waves of all) {
      const began = performance.now()
      for (const lanes of waves) {
        await sendLanes(anvil.port, lanes, taken)
        await drained(anvil, LOOK_MS)
      }
      rates.push((waves.flat(2).length * 1_000) / (performance.now() - began))
    }
    const done = await minedAfter(anvil, Number(height))
    const sent = parts.flat().length
    if (done !== sent) throw new Error(`anvil mined ${done} of ${sent} transactions, or some of them failed`)
    return rates
  } finally {
    await anvil.stop()
  }
}
