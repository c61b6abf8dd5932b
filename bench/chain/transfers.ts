/**
 * Signed transfers: one node on one core against `@ethereumjs/vm` and anvil, and with verification in a second thread.
 *
 * Who is measured is held to processor 0, ours and peers alike; who sends to a peer runs elsewhere. Rounds alternate. Ours is in its steady state: keys
 * met before, as those of accounts that send more than once; the row of new senders has none of that.
 */
import { ratioOf, rowOf, type Row } from '../row.ts'
import { startOwnNode, submitToOwn } from './loopback/own-node.ts'
import { CONNECTIONS, loopbackRows, TIMED, WARM } from './loopback/rounds.ts'
import { notRun } from './not-run.ts'
import { senders, transfers } from './own-chain.ts'
import { minePeer } from './peers/anvil-rounds.ts'
import { ethCommon, ethSenders, rawTransfers } from './peers/ethereum.ts'
import { ON_ONE_CORE, runScript } from './pinned.ts'

const ROUNDS = 3
/** Each once a block: nearly what a block's gas holds. */
const SENDERS = 700
const BLOCKS = 24
const PEER_SENDERS = 250
const PEER_NONCES = 16

interface Own {
  readonly perSecond: number
  readonly transfers: number
  readonly blocks: number
}

const own = (verifiers: number, pinned: boolean, blocks = BLOCKS): Promise<Own> =>
  runScript<Own>('transfers-own.ts', [SENDERS, blocks, verifiers], pinned)

export async function transferRows(emit: (row: Row) => void): Promise<void> {
  const ours: number[] = []
  const ethereumjs: number[] = []
  const anvil: number[] = []
  const alone: number[] = []
  const beside: number[] = []
  let noEthereumjs: unknown
  let noAnvil: unknown
  let of: Own = { perSecond: 0, transfers: 0, blocks: 0 }
  const from = ethSenders(PEER_SENDERS)
  const waves = rawTransfers(from, PEER_NONCES, ethCommon())
  for (let round = 0; round < ROUNDS; round++) {
    of = await own(0, true)
    ours.push(of.perSecond)
    if (noEthereumjs === undefined) {
      try {
        ethereumjs.push((await runScript<{ perSecond: number }>('peers/ethereumjs.ts', [50, 4], true)).perSecond)
      } catch (error) {
        noEthereumjs = error
      }
    }
    if (noAnvil === undefined) {
      try {
        // two nonces a block: the size that it was quickest with
        const blocks = Array.from({ length: PEER_NONCES / 2 }, (_, i) => [...(waves[2 * i] ?? []), ...(waves[2 * i + 1] ?? [])])
        anvil.push(await minePeer(from, blocks, []))
      } catch (error) {
        noAnvil = error
      }
    }
    alone.push((await own(0, false)).perSecond)
    beside.push((await own(1, false)).perSecond)
  }
  const cold = await own(0, true, 0)
  const what = `signed transfers of ${SENDERS} senders over ${of.blocks} blocks on lmdb: read, verified, run, hashed, certified, synced`
  emit(rowOf('chain', { id: 'chain.transfers.per-s', row: `${what}; one node ${ON_ONE_CORE}`, unit: '1/s', values: ours, atLeast: 2_500 }))
  emit(
    rowOf('chain', {
      id: 'chain.transfers.new-senders-per-s',
      row: `the same where no sender was met before and code is compiled on the way, ${ON_ONE_CORE}`,
      unit: '1/s',
      values: [cold.perSecond],
    }),
  )
  const pairs = [
    [
      'chain.transfers.vs-ethereumjs',
      '@ethereumjs/vm',
      15,
      ethereumjs,
      noEthereumjs,
      'runTx of signed raw transfers, state root at each 50',
    ],
    [
      'chain.transfers.vs-anvil-batched',
      'anvil',
      undefined,
      anvil,
      noAnvil,
      'signed raw transfers over loopback to where they are mined, by its best client: batches of 125 on 4 kept connections, its quicker mining mode',
    ],
  ] as const
  for (const [id, peer, bar, theirs, why, how] of pairs) {
    if (why !== undefined) notRun(emit, id, peer, bar, why)
    else {
      const row = `${what}; against ${how}; each ${ON_ONE_CORE}`
      emit(ratioOf('chain', { id, row, peer, ours, theirs, ...(bar === undefined ? {} : { atLeast: bar }) }))
    }
  }
  emit(
    ratioOf('chain', {
      id: 'chain.transfers.two-workers',
      row: `the same with signatures checked in a second thread, against without it; neither pinned`,
      peer: 'one thread',
      ours: beside,
      theirs: alone,
      atLeast: 1.4,
    }),
  )
}

const LOOPBACK_SENDERS = 256
/** Times the least base fee: the dev account's gift is enough for all that wait. */
const LOOPBACK_FEES = 1_000n

async function loopbackOwn(): Promise<number> {
  const accounts = senders(LOOPBACK_SENDERS)
  const node = await startOwnNode(accounts)
  try {
    const wires = (first: number, nonces: number): Uint8Array[] => transfers(node, accounts, first, nonces, LOOPBACK_FEES)
    await submitToOwn(node, wires(0, WARM), LOOPBACK_SENDERS, CONNECTIONS)
    return await submitToOwn(node, wires(WARM, TIMED), LOOPBACK_SENDERS, CONNECTIONS)
  } finally {
    await node.stop()
  }
}

/** Both behind HTTP, one transfer a request: what the bar's source measured. */
export async function loopbackTransferRows(emit: (row: Row) => void): Promise<void> {
  const from = ethSenders(LOOPBACK_SENDERS)
  const rounds = rawTransfers(from, WARM + TIMED, ethCommon())
  const what = `signed transfers of ${LOOPBACK_SENDERS} senders to \`utnet dev\``
  const names = { ids: 'chain.transfers', peer: 'anvil', what, against: 'anvil' }
  await loopbackRows(emit, names, { ours: loopbackOwn, peer: { from, rounds, before: [] } })
}
