/**
 * Transfers of a token: a contract of ours through signed calls, blocks, exact gas and receipts, against ERC-20 on anvil. Each is held to processor 0 as in
 * transfers.ts, and both contracts do the same: read and write two balances, check one, emit an event.
 */
import { fileURLToPath } from 'node:url'
import { createContractAddress } from '@ethereumjs/util'
import { formatAddress } from '../../runtime/core/index.ts'
import { buildGuest } from '../../runtime/host/build/index.ts'
import { ratioOf, rowOf, type Row } from '../row.ts'
import { startOwnNode, submitToOwn } from './loopback/own-node.ts'
import { CONNECTIONS, loopbackRows, TIMED, WARM } from './loopback/rounds.ts'
import { senders, signed } from './own-chain.ts'
import { minePeer } from './peers/anvil-rounds.ts'
import { compileErc20 } from './peers/erc20.ts'
import { ethCommon, ethSenders, rawTx, type EthSender } from './peers/ethereum.ts'
import { notRun } from './not-run.ts'
import { ON_ONE_CORE, runScript } from './pinned.ts'

const ROUNDS = 3
const SENDERS = 250
const NONCES = 20
const PEER_NONCES = 12
const GAS = 150_000

interface Own {
  readonly perSecond: number
  readonly blocks: number
  readonly gas: number
}

/** What anvil is sent: before the clock starts the contract and everybody's tokens, then rounds of a transfer by each. */
function peerRounds(from: readonly EthSender[], count: number): { readonly before: string[][]; readonly rounds: string[][] } {
  const erc20 = compileErc20()
  const common = ethCommon()
  const maker = from[0] as EthSender
  const to = createContractAddress(maker.address, 0n).toString()
  // the maker's first nonce makes the contract
  const nonceOf = (i: number, n: number): number => (i === 0 ? n + 1 : n)
  const call = (i: number, n: number, data: string): string =>
    rawTx(from[i] as EthSender, { nonce: nonceOf(i, n), to, data, gasLimit: GAS }, common)
  const before = [
    [rawTx(maker, { nonce: 0, data: erc20.code, gasLimit: 2_000_000 }, common)],
    from.map((sender, i) => call(i, 0, erc20.mint(sender.address.toString(), 1_000_000n))),
  ]
  const rounds = Array.from({ length: count }, (_, n) =>
    from.map((_sender, i) => call(i, n + 1, erc20.transfer((from[(i * 7 + n + 1) % from.length] as EthSender).address.toString(), 1n))),
  )
  return { before, rounds }
}

/** The same in blocks of two transfers by each. */
function peerBlocks(from: readonly EthSender[]): { readonly before: string[][]; readonly blocks: string[][] } {
  const { before, rounds } = peerRounds(from, PEER_NONCES)
  return { before, blocks: Array.from({ length: PEER_NONCES / 2 }, (_, b) => [...(rounds[2 * b] ?? []), ...(rounds[2 * b + 1] ?? [])]) }
}

export async function tokenRows(emit: (row: Row) => void): Promise<void> {
  const ours: number[] = []
  const theirs: number[] = []
  let missing: unknown
  let of: Own = { perSecond: 0, blocks: 0, gas: 0 }
  const from = ethSenders(SENDERS)
  let sent: ReturnType<typeof peerBlocks> | undefined
  for (let round = 0; round < ROUNDS; round++) {
    of = await runScript<Own>('token-own.ts', [SENDERS, NONCES, 0], true)
    ours.push(of.perSecond)
    if (missing !== undefined) continue
    try {
      sent ??= peerBlocks(from)
      theirs.push(await minePeer(from, sent.blocks, sent.before))
    } catch (error) {
      missing = error
    }
  }
  const what = `token transfers of ${SENDERS} senders over ${of.blocks} blocks on lmdb: signed calls run in WASM at ${of.gas} gas, with receipts`
  emit(rowOf('chain', { id: 'chain.token.per-s', row: `${what}; one node ${ON_ONE_CORE}`, unit: '1/s', values: ours }))
  const row = `${what}; against ERC-20 by raw transactions over loopback, batches on kept connections, the quicker mining mode; each ${ON_ONE_CORE}`
  if (missing !== undefined) notRun(emit, 'chain.token.vs-erc20-batched', 'anvil', undefined, missing)
  else emit(ratioOf('chain', { id: 'chain.token.vs-erc20-batched', row, peer: 'anvil', ours, theirs }))
}

/** Times the least base fee: the dev account's gift is enough for all that wait. */
const LOOPBACK_FEES = 1_000n
const CALL_GAS = 4_000_000n

async function loopbackOwn(): Promise<number> {
  const accounts = senders(SENDERS)
  const node = await startOwnNode(accounts)
  try {
    const { component } = await buildGuest({ dir: fileURLToPath(new URL('../../guest/contracts/token', import.meta.url)) })
    const token = await node.deploy('token', component)
    const names = accounts.map((account) => formatAddress(account.address))
    await node.postEach(
      () => '/v1/guests/token/calls',
      names.map((name) => ({ export: 'mint', args: [name, 1_000_000] })),
    )
    const wires = (first: number, nonces: number): Uint8Array[] =>
      Array.from({ length: nonces }, (_, n) =>
        accounts.map((account, i) => {
          const args = [names[(i * 7 + first + n + 1) % SENDERS] as string, 1n]
          const payload = { kind: 'call', to: token, export: 'transfer', args } as const
          return signed(node, account, first + n, payload, CALL_GAS, LOOPBACK_FEES)
        }),
      ).flat()
    await submitToOwn(node, wires(0, WARM), SENDERS, CONNECTIONS)
    return await submitToOwn(node, wires(WARM, TIMED), SENDERS, CONNECTIONS)
  } finally {
    await node.stop()
  }
}

/** Both behind HTTP, one call a request. */
export async function loopbackTokenRows(emit: (row: Row) => void): Promise<void> {
  const from = ethSenders(SENDERS)
  const { before, rounds } = peerRounds(from, WARM + TIMED)
  const what = `token transfers of ${SENDERS} senders to \`utnet dev\``
  const names = { ids: 'chain.token', peer: 'erc20', what, against: 'ERC-20 on anvil' }
  await loopbackRows(emit, names, { ours: loopbackOwn, peer: { from, rounds, before } })
}
