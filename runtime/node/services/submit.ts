/** Sending transactions and waiting for their blocks. */
import {
  decodeReceipt,
  decodeTx,
  formatAddress,
  formatCborJson,
  parseAddress,
  parseCid,
  UtnetError,
  witToJson,
  type ChainEvent,
  type CID,
  type EventView,
  type RunEnd,
  type TransactionView,
} from '../../core/index.ts'
import type { FoundTx, TxOutcome } from '../../consensus/index.ts'
import type { Parts } from '../parts.ts'
import { callsOf } from './calls-of.ts'

const FINALITY_MS = 30_000

/** Takes wire bytes of the node's own into the mempool, sees to a block, and waits for it. Those of clients come through the submit queue. */
export async function submitAndWait(
  parts: Parts,
  wire: Uint8Array,
): Promise<{ readonly outcome: TxOutcome; readonly height: number; readonly hash: string }> {
  const { id, hash } = parts.chain.submit(wire)
  parts.producer.transactionWaits()
  const found = await waitFor(parts, id, FINALITY_MS)
  if (found.state !== 'final')
    throw new UtnetError('node_stopping', `transaction ${hash} is not final after ${FINALITY_MS / 1000} s`, { hint: 'utnet chain status' })
  return { outcome: found.outcome, height: found.height, hash }
}

async function waitFor(parts: Parts, id: CID, ms: number): Promise<FoundTx> {
  const until = parts.clock.nowMs() + ms
  for (;;) {
    const height = parts.chain.head().header.height
    const found = parts.chain.tx(id)
    const left = until - parts.clock.nowMs()
    if (found.state === 'final' || left <= 0) return found
    await parts.producer.waitForBlock(height, left)
  }
}

/** Gas of the run, as the receipt of a call has it; of any other transaction, what was paid. */
export function runGas(parts: Parts, outcome: TxOutcome): bigint {
  return outcome.receipt === null ? outcome.gas : decodeReceipt(parts.chain.receiptBody(outcome.receipt)).gas
}

/** Events as the views show them. */
export function eventViews(events: readonly ChainEvent[]): EventView[] {
  return events.map((e) => ({ contract: formatAddress(e.contract), name: e.name, data: formatCborJson(e.data) }))
}

/** The result of a call as JSON, by the type of its export. */
export async function resultView(parts: Parts, outcome: TxOutcome, contract: Uint8Array, entry: string): Promise<unknown> {
  if (outcome.status !== 'ok') return null
  const record = parts.chain.contract(contract)
  if (record === undefined) return null
  const info = await parts.coldLoads.load(record.module)
  const type = info.exports.find((e) => e.name === entry)?.result
  return type === undefined ? null : witToJson(type, outcome.result)
}

/** Where the run of a transaction ended that did not complete, for the views; nothing where that is not known. */
export async function endOf(
  parts: Parts,
  wire: Uint8Array,
  { status, receipt }: TxOutcome,
  height: number,
): Promise<Omit<RunEnd, 'status'>> {
  if (status === 'ok' || receipt === null) return {}
  const { body } = decodeTx(wire)
  const { payload } = body
  const { module, entry } = decodeReceipt(parts.chain.receiptBody(receipt))
  for (const call of callsOf(parts, entry, body)) {
    const ended = parts.ended.find({ height, ...call })
    if (ended === undefined) continue
    const name = payload.kind === 'publish' ? payload.name : parts.chain.contract(parseAddress(call.contract))?.name
    if (name === undefined) return {}
    const { status: _, ...end } = await parts.lines(name, module, ended)
    return end
  }
  return {}
}

/** A transaction; with `waitMs` waits that long, at most, for its block. */
export async function transaction(parts: Parts, hash: string, waitMs = 0): Promise<TransactionView> {
  const found = await waitFor(parts, parseCid(hash, 'transaction hash'), Math.min(waitMs, FINALITY_MS))
  if (found.state === 'pending') {
    return {
      hash,
      state: 'pending',
      height: null,
      kind: found.tx.body.payload.kind,
      sender: formatAddress(found.tx.address),
      status: null,
      gas: null,
    }
  }
  const { outcome, height } = found
  const base = {
    hash,
    state: 'final',
    height,
    kind: outcome.kind,
    sender: formatAddress(outcome.sender),
    status: outcome.status,
    gas: runGas(parts, outcome).toString(),
    paid: outcome.gas.toString(),
  } as const
  const { payload } = decodeTx(found.wire).body
  return {
    ...base,
    ...(payload.kind === 'call' ? { result: await resultView(parts, outcome, payload.to, payload.export) } : {}),
    ...(outcome.receipt === null ? {} : { receipt: outcome.receipt.toString() }),
    events: eventViews(outcome.events),
    ...(outcome.message === null ? {} : { message: outcome.message }),
    ...(await endOf(parts, found.wire, outcome, height)),
  }
}
