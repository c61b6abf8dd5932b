/** Receipts by id, and the proof bundles that strangers check. */
import {
  asArray,
  callInputOpening,
  callOutputOpening,
  callSalt,
  cidOf,
  DAG_CBOR,
  decode,
  decodeReceipt,
  decodeTx,
  encodeCertificate,
  encodeHeader,
  encodePowerDelta,
  encodeWitness,
  equalBytes,
  fileBlocks,
  isUtnetError,
  LIMITS,
  openingDigest,
  parseCid,
  receiptView,
  saltOf,
  threadKey,
  UtnetError,
  witnessModules,
  writeBundle,
  bundleModels,
  type Anchor,
  type Block,
  type BundleRoot,
  type CID,
  type EpochLinks,
  type FinalHeader as HeaderLinks,
  type CarScope,
  type IpfsAnswer,
  type OpenedPart,
  type ReceiptBody,
  type ReceiptView,
} from '../../core/index.ts'
import { lookedAt } from '../../host/index.ts'
import type { Openings } from '../../receipts/index.ts'
import { stepsToAll } from '../chain/index.ts'
import type { Parts } from '../parts.ts'
import { callsOf } from './calls-of.ts'

const MAX_WAIT_MS = 60_000
/** A run that has ended is on the disk long before this, or never. */
const WRITE_WAIT_MS = 1_000
const WRITE_POLL_MS = 5

interface Found {
  readonly body: ReceiptBody
  readonly bytes: Uint8Array
  readonly attestation: BundleRoot['attestation']
  readonly anchor: Anchor | null
}

async function find(parts: Parts, id: string): Promise<Found> {
  const cid = parseCid(id, 'receipt id')
  if (parts.chain.hasReceipt(cid)) {
    const { bodyBytes, anchor } = parts.chain.receiptAt(cid)
    return { body: decodeReceipt(bodyBytes), bytes: bodyBytes, attestation: null, anchor }
  }
  const stored = await parts.receipts.get(id)
  if (stored === undefined) throw new UtnetError('receipt_not_found', `this node has no receipt ${id}`)
  const { batch } = stored.attestation
  return {
    body: decodeReceipt(stored.body),
    bytes: stored.body,
    attestation: stored.attestation,
    anchor: parts.chain.batchAnchor(batch.node, batch.thread, batch.first) ?? null,
  }
}

/** Waits until a receipt that is on its way to the disk is there: who asked for `receipt=later` may ask for it before that. */
async function untilWritten(parts: Parts, id: string, waitMs: number): Promise<void> {
  const until = parts.clock.nowMs() + Math.min(waitMs, WRITE_WAIT_MS)
  const cid = parseCid(id, 'receipt id')
  while (!parts.chain.hasReceipt(cid) && (await parts.receipts.get(id)) === undefined && parts.clock.nowMs() < until)
    await parts.clock.sleep(WRITE_POLL_MS)
}

/** The receipt; with `waitMs` waits that long, at most, for its anchor. */
export async function receipt(parts: Parts, id: string, waitMs = 0): Promise<ReceiptView> {
  const until = parts.clock.nowMs() + Math.min(waitMs, MAX_WAIT_MS)
  if (waitMs > 0) await untilWritten(parts, id, waitMs)
  for (;;) {
    const height = parts.chain.head().header.height
    const { body, attestation, anchor } = await find(parts, id)
    const left = until - parts.clock.nowMs()
    if (anchor !== null || left <= 0) return receiptView(body, attestation, anchor)
    parts.producer.receiptsWait()
    await parts.producer.waitForBlock(height, left)
  }
}

/** Canonical bytes of the body. */
export async function receiptBytes(parts: Parts, id: string): Promise<Uint8Array> {
  return (await find(parts, id)).bytes
}

/**
 * A block, CAR or file of the store. The bodies of receipts lie in the journal and not there; as blocks they can be had too, so that whoever follows the
 * `data` of an anchor comes to its leaves.
 */
export async function ipfs(
  parts: Parts,
  text: string,
  path: string,
  format: 'raw' | 'car' | 'file',
  scope?: CarScope,
): Promise<IpfsAnswer> {
  const cid = parseCid(text)
  try {
    return await parts.store.ipfs(cid, path, format, scope)
  } catch (error) {
    if (!isUtnetError(error, 'block_not_found') || format === 'car' || path !== '' || cid.code !== DAG_CBOR) throw error
    const found = await find(parts, text).catch(() => undefined)
    if (found === undefined) throw error
    const type = format === 'raw' ? 'application/vnd.ipld.raw' : 'application/vnd.ipld.dag-cbor'
    return { cid: text, contentType: type, body: found.bytes }
  }
}

/** Blocks gathered for a bundle, by CID. */
class Gathered {
  readonly #blocks = new Map<string, Uint8Array>()

  add(block: Block): CID {
    this.#blocks.set(block.cid.toString(), block.bytes)
    return block.cid
  }

  node(bytes: Uint8Array): CID {
    return this.add({ cid: cidOf(DAG_CBOR, bytes), bytes })
  }

  file(bytes: Uint8Array): CID {
    const blocks = fileBlocks(bytes)
    for (const block of blocks) this.add(block)
    return (blocks[blocks.length - 1] as Block).cid
  }

  readonly get = (cid: CID): Uint8Array => {
    const bytes = this.#blocks.get(cid.toString())
    if (bytes === undefined) throw new UtnetError('block_not_found', `the bundle lacks block ${cid.toString()}`)
    return bytes
  }
}

function headerLinks(parts: Parts, blocks: Gathered, height: number): HeaderLinks {
  const { header, certificate } = parts.chain.headerAt(height)
  if (certificate === null) throw new UtnetError('receipt_not_anchored', `block ${height} has no certificate`)
  return { header: blocks.node(encodeHeader(header)), certificate: blocks.node(encodeCertificate(certificate)) }
}

/** The epoch chain from a height (0: the genesis) to the sets of the blocks shown. */
function epochLinks(parts: Parts, blocks: Gathered, from: number, heights: readonly number[]): Pick<BundleRoot, 'from' | 'epochs'> {
  const epochs = stepsToAll(parts.chain, from, heights).map(({ header, certificate, delta }): EpochLinks => ({
    header: blocks.node(encodeHeader(header)),
    certificate: blocks.node(encodeCertificate(certificate)),
    delta: blocks.node(encodePowerDelta(delta)),
  }))
  if (epochs.length > LIMITS.bundleEpochs)
    throw new UtnetError(
      'chain_height',
      `from height ${from} there are ${epochs.length} steps to the receipt; a bundle has ${LIMITS.bundleEpochs} at most`,
      {
        hint: 'begin at a newer checkpoint',
      },
    )
  return { from: from === 0 ? null : parts.chain.headerAt(from).hash, epochs }
}

type Opened = Pick<BundleRoot, 'input' | 'output' | 'log' | 'witness' | 'callees'>

/** A call's input and output stand in its block; the state that it read, in the recorder. */
async function callParts(parts: Parts, blocks: Gathered, body: ReceiptBody & { kind: 'call' }): Promise<Opened> {
  const found = parts.chain.tx(body.tx)
  if (found.state !== 'final') throw new UtnetError('receipt_not_anchored', 'the call is not final')
  const secret = callSalt(body.tx)
  const part = (name: 'input' | 'output', opening: Uint8Array): OpenedPart => ({
    salt: saltOf(secret, name),
    opening: blocks.node(opening),
    files: [],
  })
  const fits = (name: 'input' | 'output', opening: Uint8Array): boolean =>
    equalBytes(openingDigest(name, saltOf(secret, name), opening), body[name])
  const ran = callsOf(parts, body.entry, decodeTx(found.wire).body).find(({ args }) => fits('input', callInputOpening(body.entry, args)))
  if (ran === undefined) throw new UtnetError('data_corrupt', `transaction ${body.tx} did not run ${body.entry}`)
  const name = { height: found.height, ...ran }
  const { result } = found.outcome
  const witness = parts.recorder.find(name).find((w) => fits('output', callOutputOpening(result, w.changes)))
  if (witness === undefined) throw new UtnetError('block_not_found', 'the state that this call read is no longer kept')
  const callees = witnessModules(witness)
  for (const cid of callees) blocks.file(await parts.store.getFile(cid, LIMITS.componentBytes))
  return {
    input: part('input', callInputOpening(body.entry, ran.args)),
    output: part('output', callOutputOpening(result, witness.changes)),
    log: null,
    witness: blocks.node(encodeWitness(witness)),
    callees,
  }
}

/** The files that an opening names are those whose sha256 stands in it. */
function filesOf(opening: Uint8Array, openings: Openings, blocks: Gathered): CID[] {
  const hex = Buffer.from(opening).toString('hex')
  return [...openings.files].filter(([hash]) => hex.includes(hash)).map(([, bytes]) => blocks.file(bytes))
}

/** The log's part with the mounted files that the run looked at: they lie in the store, by CID. */
async function withMounted({ store }: Parts, blocks: Gathered, opening: Uint8Array, part: OpenedPart): Promise<OpenedPart> {
  const files = new Map(part.files.map((cid) => [cid.toString(), cid]))
  for (const { cid } of lookedAt(asArray(decode(opening, 'log'), 'log'))) {
    if (files.has(cid.toString())) continue
    const bytes = await store.getFile(cid, LIMITS.mountBytes)
    // what has no bytes has no file
    if (bytes.length > 0) files.set(cid.toString(), blocks.file(bytes))
  }
  return { ...part, files: [...files.values()] }
}

async function runParts(parts: Parts, blocks: Gathered, id: string, salt: Uint8Array | undefined): Promise<Opened> {
  const opened = (await parts.receipts.get(id, salt))?.opened
  if (opened === undefined) return { input: null, output: null, log: null, witness: null, callees: [] }
  const part = (name: 'input' | 'output' | 'log', opening: Uint8Array): OpenedPart => ({
    salt: saltOf(opened.salt, name),
    opening: blocks.node(opening),
    files: filesOf(opening, opened.openings, blocks),
  })
  const { input, output, log } = opened.openings
  return {
    input: part('input', input),
    output: part('output', output),
    log: log === null ? null : await withMounted(parts, blocks, log, part('log', log)),
    witness: null,
    callees: [],
  }
}

/** The record of a run's thread in the newest final block: what became of its batch. */
function rollupPart(
  parts: Parts,
  blocks: Gathered,
  body: ReceiptBody & { node: Uint8Array; thread: number },
  height: number,
): NonNullable<BundleRoot['rollup']> {
  const { value, proof } = parts.chain.prove('offchain', threadKey(body.node, body.thread), height)
  if (value === null) throw new UtnetError('data_corrupt', `the chain has no record of thread ${body.thread}`)
  return { block: headerLinks(parts, blocks, height), record: value, proof }
}

/** The proof bundle as a CARv1 file; throws `receipt_not_anchored` before its anchor, `receipt_withheld` for a salt that opens nothing. */
export async function bundle(
  parts: Parts,
  id: string,
  { withModels = false, salt, from = 0 }: { readonly withModels?: boolean; readonly salt?: Uint8Array; readonly from?: number } = {},
): Promise<Uint8Array> {
  const { body, bytes, attestation, anchor } = await find(parts, id)
  if (anchor === null)
    throw new UtnetError('receipt_not_anchored', `receipt ${id} is not in a block yet`, { hint: `utnet receipt ${id} --wait` })
  const blocks = new Gathered()
  const anchorBlock = headerLinks(parts, blocks, anchor.height)
  const contextBlock = headerLinks(parts, blocks, body.context.height)
  const module = blocks.file(await parts.store.getFile(body.module, Math.max(LIMITS.componentBytes, LIMITS.modelBytes)))
  const models = bundleModels(body)
  if (withModels) for (const cid of models) blocks.file(await parts.store.getFile(cid, LIMITS.modelBytes))
  const head = parts.chain.head().header.height
  const heights = body.kind === 'call' ? [anchor.height] : [body.context.height, anchor.height, head]
  const root: BundleRoot = {
    v: 1,
    chainId: parts.chain.chainId,
    receipt: blocks.node(bytes),
    attestation,
    anchor,
    anchorBlock,
    contextBlock,
    ...epochLinks(parts, blocks, from, heights),
    node: body.kind === 'call' ? null : parts.chain.nodeProof(body.node, anchor.height),
    rollup: body.kind === 'call' ? null : rollupPart(parts, blocks, body, head),
    module,
    ...(body.kind === 'call' ? await callParts(parts, blocks, body) : await runParts(parts, blocks, id, salt)),
    models,
    withModels: withModels && models.length > 0,
  }
  return writeBundle(root, blocks.get)
}
