/** The JSON view of a receipt. */
import { formatKey } from '../names/index.ts'
import { type Anchor, type Attestation } from './attestation.ts'
import { toBase64, toHex } from '../codec/index.ts'
import { encodeReceipt, type ReceiptBody, receiptId } from './receipt.ts'

/** JSON view of a receipt, as SURFACE names its fields. */
export interface ReceiptView {
  readonly id: string
  readonly body: Readonly<Record<string, unknown>>
  readonly attestation: Readonly<Record<string, unknown>> | null
  readonly anchor: Readonly<Record<string, unknown>> | null
}

/** The JSON view of a body with what stands beside it. */
export function receiptView(body: ReceiptBody, attestation: Attestation | null, anchor: Anchor | null): ReceiptView {
  const models =
    body.models instanceof Uint8Array
      ? toHex(body.models)
      : body.models.map((u) => ({ model: u.model.toString(), arithmetic: u.arithmetic, root: toHex(u.root) }))
  const { v, kind, world, entry, status, protocol } = body
  const { height, time } = body.context
  const base = {
    v,
    kind,
    module: body.module.toString(),
    world,
    entry,
    input: toHex(body.input),
    output: toHex(body.output),
    status,
    gas: body.gas.toString(),
    protocol,
    log: body.log === null ? null : toHex(body.log),
    models,
    context: { chainId: body.context.chainId.toString(), height, time, seed: toHex(body.context.seed) },
    node: body.node === null ? null : formatKey(body.node),
  }
  return {
    id: receiptId(encodeReceipt(body)).toString(),
    body:
      body.kind === 'call'
        ? { ...base, tx: body.tx.toString(), events: toHex(body.events) }
        : { ...base, thread: body.thread, seq: body.seq, retention: body.retention },
    attestation:
      attestation === null
        ? null
        : {
            root: toHex(attestation.batch.root),
            path: attestation.path.map(toHex),
            index: attestation.index,
            sig: toBase64(attestation.sig),
            thread: attestation.batch.thread,
            first: attestation.batch.first,
            size: attestation.batch.size,
            prev: toHex(attestation.batch.prev),
          },
    anchor: anchor === null ? null : { height: anchor.height, path: anchor.path.map(toHex), index: anchor.index },
  }
}
