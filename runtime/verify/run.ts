/** Checks of the receipt itself and of what ties it to its node and to a block. They are shared by bundles and receipt files. */
import {
  batchLeaf,
  callLeaf,
  callSeed,
  decodeAccount,
  decodeThread,
  equalBytes,
  leafHash,
  isKnownProtocol,
  LIMITS,
  nodeAccountKey,
  ROLLUP,
  rollupEnds,
  rollupState,
  runSeed,
  threadKey,
  verifyAnchor,
  verifyInclusion,
  verifyTrieProof,
  type Account,
  type Anchor,
  type Attestation,
  type BundleRoot,
  type CID,
  type Header,
  type ReceiptBody,
  batchMessage,
} from '../core/index.ts'
import { verifyEd25519 } from '../crypto/index.ts'
import { must, type Found } from './checks.ts'
import type { ShownHeader } from './final-header.ts'

/** What any receipt of a chain must say of itself. */
export function checkReceipt(body: ReceiptBody, chainId: CID): string {
  must(body.context.chainId.equals(chainId), 'the receipt is of another chain')
  must(isKnownProtocol(body.protocol), `protocol ${body.protocol} is not known to this verifier`)
  must(body.kind !== 'call' || body.world === 'contract', `a call runs a contract, not a ${body.world}`)
  return `${body.kind} of ${body.entry} in ${body.module.toString()}: ${body.status}, ${body.gas} gas`
}

/** The node's signature over the batch that the receipt is in. */
export function checkAttestation(body: ReceiptBody, bodyBytes: Uint8Array, attestation: Attestation | null): Found<true> {
  if (body.kind === 'call') {
    must(attestation === null, 'a call has no attestation: every validator writes its receipt')
    return [true, 'none needed: every validator wrote this receipt']
  }
  must(attestation !== null, 'the attestation is missing')
  const { batch, index, path, sig } = attestation
  must(equalBytes(batch.node, body.node), 'the batch is of another node')
  must(batch.thread === body.thread, 'the batch is of another thread')
  must(batch.size >= 1 && batch.size <= LIMITS.batchReceipts, `a batch has 1 to ${LIMITS.batchReceipts} receipts, not ${batch.size}`)
  must(batch.first + index === body.seq, `the receipt has number ${body.seq}, but its place in the batch is that of ${batch.first + index}`)
  must(
    verifyInclusion(leafHash(bodyBytes), index, batch.size, path, batch.root),
    'the path does not lead from the receipt to the batch root',
  )
  must((batch.first === 0) === batch.prev.every((b) => b === 0), 'only the first batch of a thread has no predecessor')
  must(verifyEd25519(sig, batchMessage(body.context.chainId, batch), body.node), "the signature over the batch is not the node's")
  return [true, `signed by the node in a batch of ${batch.size}`]
}

/** The path from the receipt (of a call) or its batch to the block's receipt root. */
export function checkAnchor(
  body: ReceiptBody,
  bodyBytes: Uint8Array,
  attestation: Attestation | null,
  anchor: Anchor,
  header: Header,
): Found<true> {
  must(anchor.height === header.height, `the anchor names block ${anchor.height}, but the header shown is of ${header.height}`)
  let leaf: Uint8Array
  if (body.kind === 'call') {
    leaf = callLeaf(bodyBytes)
  } else {
    must(attestation !== null, 'a batch is anchored by its attestation, which is missing')
    leaf = batchLeaf(attestation.batch, attestation.sig)
  }
  must(verifyAnchor(leaf, anchor, header.receiptRoot), "the path does not lead into the block's receipt root")
  return [true, `in block ${header.height}, leaf ${anchor.index}`]
}

/** Height, time and seed of the run against the block it names and the block that anchors it. */
export function checkContext(body: ReceiptBody, context: Header, anchor: Header): Found<true> {
  const { height, time, seed } = body.context
  must(height === context.height, `the receipt names block ${height}, but the header shown is of ${context.height}`)
  if (body.kind === 'call') {
    must(context.height === anchor.height, "a call's context is the block that it is in")
    must(time === context.time, "the time of a call is its block's")
    must(equalBytes(seed, callSeed(context.seed, body.tx)), 'the seed does not follow from the block and the transaction')
  } else {
    must(height < anchor.height, `the run names block ${height}, which is not before the anchor ${anchor.height}`)
    // else a node could make a receipt today of a run long ago
    must(
      anchor.height - height <= ROLLUP.contextBlocks,
      `late: anchored ${anchor.height - height} blocks after block ${height}, ${ROLLUP.contextBlocks} at most: when it ran is the node's word`,
    )
    must(time >= context.time && time <= anchor.time, "the time of the run does not lie between its block's and the anchor's")
    must(
      equalBytes(seed, runSeed(context.seed, body.module, body.input, body.thread, body.seq)),
      'the seed does not follow from the block, module, input and number',
    )
  }
  return [true, `block ${height}, ${new Date(time).toISOString()}`]
}

/** How a node may be held to its receipts, by the state at the anchor: power of the set that certifies it, a bond, or a place in a development chain. */
function standing(key: Uint8Array, account: Account, { header, point }: ShownHeader, dev: boolean): string {
  const member = point.set.find((v) => equalBytes(v.key, key))
  if (member !== undefined) return `with ${member.power} power in epoch ${point.epoch}`
  if (account.bond > 0n) return `with a bond of ${account.bond}`
  must(dev, `the node has neither power nor a bond at block ${header.height}: nothing holds it to its word`)
  return 'in a development chain, without power or a bond'
}

/** What became of the batch: refuted, open still, or settled, by the record of its thread in a block at or above the anchor. */
export function checkRollup(body: ReceiptBody, rollup: BundleRoot['rollup'], anchorHeight: number, block: Header | null): Found<true> {
  if (body.kind === 'call') {
    must(rollup === null, 'a call is in no batch')
    return [true, 'none: a call is in no batch']
  }
  must(rollup !== null && block !== null, 'what became of the batch is not shown')
  must(block.height >= anchorHeight, `the state of block ${block.height} is older than the anchor`)
  must(
    verifyTrieProof(block.state.offchain, threadKey(body.node, body.thread), rollup.record, rollup.proof),
    'the record of the thread is not in the state of the block shown',
  )
  const record = decodeThread(rollup.record)
  const state = rollupState(record, body.seq, anchorHeight, block.height)
  must(state !== 'refuted', `refuted: receipts of this thread from number ${record.next} on are void since block ${record.closed ?? 0}`)
  must(record.next > body.seq, `the record ends before number ${body.seq}`)
  if (state === 'settled') return [true, `settled at block ${block.height}: nobody can refute it any more`]
  return [true, `open at block ${block.height}: it can be refuted until block ${rollupEnds(anchorHeight).open}`]
}

/** The node key stands in the state at the anchor, and something is at stake behind it. */
export function checkNode(body: ReceiptBody, node: BundleRoot['node'], shown: ShownHeader, dev: boolean): Found<true> {
  if (body.kind === 'call') {
    must(node === null, 'a call names no node')
    return [true, 'none: a call is run by every validator']
  }
  const { header } = shown
  must(node !== null, "the node's account is not shown")
  must(
    verifyTrieProof(header.state.accounts, nodeAccountKey(body.node), node.account, node.proof),
    'the account is not in the state at the anchor',
  )
  const account = decodeAccount(node.account)
  const entry = account.node
  must(entry !== null && equalBytes(entry.key, body.node), 'the account registers no such node key')
  return [true, `registered as ${entry.role} at block ${header.height}, ${standing(body.node, account, shown, dev)}`]
}
