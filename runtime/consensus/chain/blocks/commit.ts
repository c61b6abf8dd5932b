/** Makes a certified block final: one atomic commit of block, state and indexes. */
import { encode, equalBytes, nodeAccountKey, toHex, UtnetError, type Certificate } from '../../../core/index.ts'
import { encodeRoots, proveAt } from '../../state/index.ts'
import type { Dropped } from '../../mempool/index.ts'
import { poolView, rememberResults, type ChainCore, type ExecutedBlock } from '../head/index.ts'
import { prune, staleRows } from './prune.ts'
import {
  batchRowKey,
  bloomKey,
  encodeHead,
  encodeHeaderRow,
  encodeList,
  encodeNodeProof,
  encodePlace,
  encodeResults,
  encodeWork,
  guestKey,
  HEAD_KEY,
  headerKey,
  nodeProofKey,
  PENDING_KEY,
  printsKey,
  receiptKey,
  resultsKey,
  rootsKey,
  txKey,
  txsKey,
  workKey,
  type Results,
  windowRows,
} from '../rows/index.ts'
import { checkBlockCertificate, type VoteRows } from './votes.ts'

type Row = readonly [Uint8Array, Uint8Array | undefined]

function indexRows(executed: ExecutedBlock): Row[] {
  const { height } = executed.block.header
  const rows: Row[] = []
  let leaf = 0
  for (const [index, { outcome, leaves, batches, names }] of executed.execution.effects.entries()) {
    rows.push([txKey(outcome.id), encodePlace({ height, index })])
    if (outcome.receipt !== null) rows.push([receiptKey(outcome.receipt), encodePlace({ height, index: leaf })])
    for (const [i, batch] of batches.entries())
      rows.push([batchRowKey(batch.node, batch.thread, batch.first), encodePlace({ height, index: leaf + i })])
    for (const name of names) rows.push([guestKey(name), encode(name)])
    leaf += leaves.length
  }
  return rows
}

/** The parent with the certificate that this header names, where it is not the one held: a reader must find what the hash is of. */
function parentRow(core: ChainCore, { parentCertificate }: ExecutedBlock): Row[] {
  const { header, certificate } = core.head
  if (parentCertificate === null || parentCertificate === certificate) return []
  return [[headerKey(header.height), encodeHeaderRow({ header, certificate: parentCertificate })]]
}

/** Accounts of the nodes whose batches the block anchors, proven now: their receipts are checked long after this height's state is gone. */
function nodeProofRows(core: ChainCore, executed: ExecutedBlock): Row[] {
  const { effects, update } = executed.execution
  const nodes = new Map(effects.flatMap((e) => e.batches.map((b) => [toHex(b.node), b.node] as const)))
  return [...nodes.values()].map((node) => {
    const { value, proof } = proveAt(core.store, update.roots, 'accounts', nodeAccountKey(node))
    if (value === null) throw new UtnetError('node_internal', `node ${toHex(node)} anchored a batch without an account`)
    return [nodeProofKey(node, executed.block.header.height), encodeNodeProof({ account: value, proof })]
  })
}

/**
 * Makes a certified block the head: one atomic commit of block, state and indexes. When it fails the head stays, and the chain takes no further block
 * until it is opened again. `votes` are rows for which there was no commit yet. Returns the transactions that were dropped from the mempool without a block.
 */
export async function commitBlock(
  core: ChainCore,
  executed: ExecutedBlock,
  certificate: Certificate,
  votes: VoteRows = [],
): Promise<readonly Dropped[]> {
  if (core.broken !== undefined)
    throw new UtnetError('disk_failed', 'an earlier commit of the chain failed', { hint: 'restart the node', cause: core.broken })
  if (core.committing) throw new UtnetError('node_internal', 'a block is being committed')
  const { block, hash, execution } = executed
  if (!equalBytes(block.header.parent, core.head.hash))
    throw new UtnetError('chain_invalid', `block ${toHex(hash)} was run on another head`)
  checkBlockCertificate(core, executed, certificate)
  const { height } = block.header
  const results: Results = { outcomes: execution.effects.map((e) => e.outcome), leaves: execution.leaves }
  const { update } = execution
  // before it is durable: no root leads to these pages until it is, and after a failure nothing is committed any more
  update.remember()
  const rows: Row[] = [
    ...update.rows,
    ...staleRows(height, update.stale),
    [rootsKey(height), encodeRoots(update.roots)],
    [headerKey(height), encodeHeaderRow({ header: block.header, certificate })],
    ...parentRow(core, executed),
    [txsKey(height), encodeList(block.txs)],
    [workKey(height), encodeWork(block)],
    [resultsKey(height), encodeResults(results)],
    [bloomKey(height), execution.bloomFilter],
    [printsKey(height), encodeList(execution.prints)],
    ...windowRows(core.kv, height, execution.prints),
    ...indexRows(executed),
    ...nodeProofRows(core, executed),
    ...core.sets.rows(height, execution.nextSet),
    ...votes,
    [PENDING_KEY, undefined],
    [HEAD_KEY, encodeHead({ chainId: core.rules.chainId.bytes, height })],
  ]
  core.committing = true
  try {
    await core.pruning
    if (core.broken !== undefined) throw core.broken
    await core.kv.commit(rows)
  } catch (error) {
    core.broken = error
    throw error
  } finally {
    core.committing = false
  }
  rememberResults(core, height, results)
  core.sets.committed(height, execution.nextSet)
  core.head = { header: block.header, hash, certificate, roots: update.roots }
  core.headBlock = block
  core.accounts.moved(execution.accounts)
  core.contracts.moved(execution.contracts)
  core.pruning = prune(core)
  return core.mempool.committed(execution.txs, poolView(core))
}
