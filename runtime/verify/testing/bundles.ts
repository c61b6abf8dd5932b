/** Valid bundles of an invoke and of a call, in parts that a test can change before they are written. */
import {
  batchLeaf,
  callInputOpening,
  callLeaf,
  callOutputOpening,
  callSalt,
  callSeed,
  cborBlock,
  cidOf,
  commitmentFile,
  commitmentRoot,
  DAG_CBOR,
  encodeCertificate,
  encodeGenesis,
  encodeHeader,
  encodePowerDelta,
  encodeReceipt,
  encodeThread,
  encodeWitness,
  witnessModules,
  fileBlocks,
  inclusionPath,
  inferOutputOpening,
  pathSides,
  leafHash,
  merkleRoot,
  openingDigest,
  plainCommitment,
  PROTOCOL,
  requestOpening,
  responseOpening,
  rootOfHashes,
  runSeed,
  saltOf,
  threadKey,
  trieLeafHash,
  sha256,
  utf8,
  writeBundle,
  type Account,
  type Anchor,
  type Attestation,
  type BatchStatement,
  type Block,
  type BundleRoot,
  type CallBody,
  type CallWitness,
  type Cbor,
  type Certificate,
  type CID,
  type Commitment,
  type Header,
  type ReceiptBody,
  type RunBody,
  type TensorHead,
  type ThreadRecord,
  type TrieProof,
  batchMessage,
} from '../../core/index.ts'
import { publicKeyEd25519, signEd25519 } from '../../crypto/index.ts'
import type { LightStep } from '../../consensus/light/index.ts'
import { accountsWith, certify, chainId, chainOf, headerAfter, standing, type TestChain } from './chain.ts'

export interface Part {
  salt: Uint8Array
  opening: Uint8Array
  files: Uint8Array[]
}

export interface Parts {
  chainId: CID
  body: ReceiptBody
  attestation: Attestation | null
  anchor: Anchor
  anchorHeader: Header
  anchorCertificate: Certificate
  contextHeader: Header
  contextCertificate: Certificate
  from: Uint8Array | null
  epochs: LightStep[]
  node: { account: Uint8Array; proof: TrieProof } | null
  /** The record of the thread, and the block whose state shows it. */
  rollup: { header: Header; certificate: Certificate; record: Uint8Array; proof: TrieProof } | null
  module: Uint8Array
  input: Part | null
  output: Part | null
  log: Part | null
  witness: CallWitness | null
  models: CID[]
  modelBytes: Uint8Array[] | null
}

const rawFile = (bytes: Uint8Array): Block => fileBlocks(bytes).at(-1) as Block

/** The file of the parts: blocks are made from them, so every hash in it holds. */
export function write(parts: Parts): Uint8Array {
  const blocks = new Map<string, Uint8Array>()
  const add = (block: Block): CID => {
    blocks.set(block.cid.toString(), block.bytes)
    return block.cid
  }
  const file = (bytes: Uint8Array): CID => fileBlocks(bytes).map(add).at(-1) as CID
  const cbor = (bytes: Uint8Array): CID => add({ cid: cidOf(DAG_CBOR, bytes), bytes })
  const part = (p: Part | null) => (p === null ? null : { salt: p.salt, opening: cbor(p.opening), files: p.files.map(file) })
  const final = (header: Header, certificate: Certificate) => ({
    header: cbor(encodeHeader(header)),
    certificate: cbor(encodeCertificate(certificate)),
  })
  parts.modelBytes?.forEach(file)
  const root: BundleRoot = {
    v: 1,
    chainId: parts.chainId,
    receipt: cbor(encodeReceipt(parts.body)),
    attestation: parts.attestation,
    anchor: parts.anchor,
    anchorBlock: final(parts.anchorHeader, parts.anchorCertificate),
    contextBlock: final(parts.contextHeader, parts.contextCertificate),
    from: parts.from,
    epochs: parts.epochs.map((step) => ({ ...final(step.header, step.certificate), delta: cbor(encodePowerDelta(step.delta)) })),
    node: parts.node,
    rollup:
      parts.rollup === null
        ? null
        : { block: final(parts.rollup.header, parts.rollup.certificate), record: parts.rollup.record, proof: parts.rollup.proof },
    module: file(parts.module),
    callees: parts.witness === null ? [] : witnessModules(parts.witness),
    input: part(parts.input),
    output: part(parts.output),
    log: part(parts.log),
    witness: parts.witness === null ? null : cbor(encodeWitness(parts.witness)),
    models: parts.models,
    withModels: parts.modelBytes !== null,
  }
  return writeBundle(root, (cid) => {
    const found = blocks.get(cid.toString())
    if (found === undefined) throw new Error(`the test lacks block ${cid.toString()}`)
    return found
  })
}

export const nodeSecret = sha256(utf8('the node'))
export const nodeKey = publicKeyEd25519(nodeSecret)
export const account: Account = { balance: 5n, nonce: 3, bond: 0n, node: { key: nodeKey, role: 'provider' } }
export const secretSalt = sha256(utf8('salt')).subarray(0, 16)
const accounts = accountsWith(nodeKey, account)

export const first = headerAfter(null)
export const second = headerAfter(first)
const firstCertificate = certify(first)
const secondCertificate = certify(second)

const moduleBytes = utf8('\0asm: stands for a component')
const modelBytes = utf8('stands for a model')
const requestBody = utf8('{"q":1}')
const answerBody = utf8('hello, world')
const openings = {
  input: requestOpening('POST', '/', [['content-type', utf8('application/json')]], sha256(requestBody)),
  output: responseOpening(200, [['content-type', utf8('text/plain')]], sha256(answerBody)),
  log: cborBlock([['tensor.infer', rawFile(modelBytes).cid, 'exact:test', [], [], sha256(utf8('commitment'))]]).bytes,
}
const digestOf = (name: 'input' | 'output' | 'log'): Uint8Array => openingDigest(name, saltOf(secretSalt, name), openings[name])

export interface RunOptions {
  /** Changes the body before it is attested and anchored: what a dishonest node could do. */
  readonly body?: (body: RunBody) => RunBody
  readonly batch?: (batch: BatchStatement) => BatchStatement
  /** The block that the run names; block 3 anchors. */
  readonly context?: Header
  readonly header?: Partial<Header>
  /** The chain that it is on, its blocks 1 and 2, and the steps that lead to the sets of context and anchor. */
  readonly on?: { readonly chain: TestChain; readonly first: Header; readonly second: Header; readonly epochs: readonly LightStep[] }
  /** Secret of the node that ran it. */
  readonly node?: Uint8Array
  /** The record of its thread in the block that anchors. */
  readonly thread?: ThreadRecord
  readonly accounts?: { readonly root: Uint8Array; readonly value: Uint8Array; readonly proof: TrieProof }
}

/** An off-chain trie of one thread's record alone. */
export function threadShown(
  node: Uint8Array,
  thread: number,
  state: ThreadRecord,
): { readonly root: Uint8Array; readonly record: Uint8Array; readonly proof: TrieProof } {
  const record = encodeThread(state)
  return { root: trieLeafHash(sha256(threadKey(node, thread)), sha256(record)), record, proof: { depth: 0, siblings: [], other: null } }
}

/** A bundle of an invoke in block 3, third of a batch of five. */
export function invokeParts(options: RunOptions = {}): Parts {
  const { chain, epochs, ...blocks } = options.on ?? { chain: standing, first, second, epochs: [] }
  const contextHeader = options.context ?? blocks.first
  const secret = options.node ?? nodeSecret
  const module = rawFile(moduleBytes).cid
  const model = rawFile(modelBytes).cid
  const seq = 12
  const honest: RunBody = {
    v: 1,
    kind: 'invoke',
    module,
    world: 'function',
    entry: 'handle',
    input: digestOf('input'),
    output: digestOf('output'),
    status: 'ok',
    gas: 123456n,
    protocol: PROTOCOL,
    log: digestOf('log'),
    models: [{ model, arithmetic: 'exact:test', root: sha256(utf8('commitment')) }],
    context: {
      chainId: chain.chainId,
      height: contextHeader.height,
      time: blocks.second.time + 500,
      seed: runSeed(contextHeader.seed, module, digestOf('input'), 1, seq),
    },
    node: publicKeyEd25519(secret),
    thread: 1,
    seq,
    retention: 'public',
  }
  const body = options.body?.(honest) ?? honest
  const bytes = encodeReceipt(body)
  const leaves = [0, 1, 2, 3, 4].map((i) => leafHash(i === 2 ? bytes : utf8(`receipt ${i}`)))
  const plain: BatchStatement = {
    node: body.node,
    thread: body.thread,
    first: seq - 2,
    size: 5,
    prev: sha256(utf8('batch before')),
    root: rootOfHashes(leaves),
  }
  const batch = options.batch?.(plain) ?? plain
  const attestation: Attestation = {
    batch,
    index: 2,
    path: inclusionPath(leaves, 2),
    sig: signEd25519(batchMessage(body.context.chainId, batch), secret),
  }
  const state = options.accounts ?? accounts
  const thread = threadShown(body.node, body.thread, options.thread ?? { next: batch.first + batch.size, root: batch.root, closed: null })
  const receipts = [utf8('another leaf'), batchLeaf(batch, attestation.sig), utf8('a third')]
  const anchorHeader = chain.headerAfter(blocks.second, {
    receiptRoot: merkleRoot(receipts),
    state: { ...blocks.second.state, accounts: state.root, offchain: thread.root },
    ...options.header,
  })
  const anchorCertificate = chain.certify(anchorHeader)
  const anchor: Anchor = { height: anchorHeader.height, index: pathSides(1, 3), path: inclusionPath(receipts.map(leafHash), 1) }
  const contextCertificate =
    options.on !== undefined ? chain.certify(contextHeader) : contextHeader === second ? secondCertificate : firstCertificate
  return {
    chainId: chain.chainId,
    body,
    attestation,
    anchor,
    anchorHeader,
    anchorCertificate,
    contextHeader,
    contextCertificate,
    from: null,
    epochs: [...epochs],
    node: { account: state.value, proof: state.proof },
    rollup: { header: anchorHeader, certificate: anchorCertificate, record: thread.record, proof: thread.proof },
    module: moduleBytes,
    input: { salt: saltOf(secretSalt, 'input'), opening: openings.input, files: [requestBody] },
    output: { salt: saltOf(secretSalt, 'output'), opening: openings.output, files: [answerBody] },
    log: { salt: saltOf(secretSalt, 'log'), opening: openings.log, files: [] },
    witness: null,
    models: [model],
    modelBytes: null,
  }
}

/** A bundle of an invoke that is anchored so many blocks after the block that it names, on a chain of its own. */
export function anchoredAfter(blocks: number): { readonly file: Uint8Array; readonly genesis: Uint8Array } {
  const chain = chainOf([standing.signersAt(1)], { epochBlocks: 100_000 })
  const named = chain.headerAfter(null)
  const parts = invokeParts({
    on: { chain, first: named, second: chain.headerAfter(named), epochs: [] },
    header: { height: named.height + blocks },
  })
  return { file: write(parts), genesis: encodeGenesis(chain.genesis) }
}

/** A bundle of an inference in block 3, by a commitment that may say something else than what was asked and answered, and whose receipt may name another. */
export function inferParts(committed: Partial<Commitment> = {}, named?: Uint8Array): Parts {
  const [given, made] = [utf8('given'), utf8('made')]
  const inputs: readonly TensorHead[] = [['x', 'u8', [given.length], sha256(given)]]
  const outputs: readonly TensorHead[] = [['y', 'u8', [made.length], sha256(made)]]
  const model = rawFile(modelBytes).cid
  const commitment = { ...plainCommitment(model, 'exact:test', inputs, outputs), ...committed }
  const root = commitmentRoot(commitment)
  const part = (name: 'input' | 'output', opening: Uint8Array, files: Uint8Array[]): Part => ({
    salt: saltOf(secretSalt, name),
    opening,
    files,
  })
  const input = part('input', cborBlock(inputs.map(([...head]) => head as Cbor)).bytes, [given])
  const output = part('output', inferOutputOpening(outputs, root), [made, commitmentFile(commitment)])
  const digest = (name: 'input' | 'output', { salt, opening }: Part): Uint8Array => openingDigest(name, salt, opening)
  const parts = invokeParts({
    body: (body) => {
      const bound = { input: digest('input', input), output: digest('output', output), log: null }
      const seed = runSeed(first.seed, body.module, bound.input, body.thread, body.seq)
      return {
        ...body,
        ...bound,
        kind: 'infer',
        models: [{ model, arithmetic: 'exact:test', root: named ?? root }],
        context: { ...body.context, seed },
      }
    },
  })
  return { ...parts, input, output, log: null }
}

/** A bundle of a call in block 3. */
export function callParts(change?: (body: CallBody) => CallBody): Parts {
  const tx = cidOf(DAG_CBOR, utf8('stands for a transaction'))
  const salt = callSalt(tx)
  const input: Part = { salt: saltOf(salt, 'input'), opening: callInputOpening('transfer', ['bob', 5]), files: [] }
  const output: Part = { salt: saltOf(salt, 'output'), opening: callOutputOpening(true, sha256(utf8('changes'))), files: [] }
  const draft = headerAfter(second)
  const honest: CallBody = {
    v: 1,
    kind: 'call',
    module: rawFile(moduleBytes).cid,
    world: 'contract',
    entry: 'transfer',
    input: openingDigest('input', input.salt, input.opening),
    output: openingDigest('output', output.salt, output.opening),
    status: 'ok',
    gas: 777n,
    protocol: PROTOCOL,
    log: null,
    models: [],
    node: null,
    tx,
    events: merkleRoot([]),
    context: { chainId, height: 3, time: draft.time, seed: callSeed(draft.seed, tx) },
  }
  const body = change?.(honest) ?? honest
  const receipts = [callLeaf(encodeReceipt(body)), utf8('another leaf')]
  const header = headerAfter(second, { receiptRoot: merkleRoot(receipts) })
  const certificate = certify(header)
  return {
    chainId,
    body,
    attestation: null,
    anchor: { height: 3, index: pathSides(0, 2), path: inclusionPath(receipts.map(leafHash), 0) },
    anchorHeader: header,
    anchorCertificate: certificate,
    contextHeader: header,
    contextCertificate: certificate,
    from: null,
    epochs: [],
    node: null,
    rollup: null,
    module: moduleBytes,
    input,
    output,
    log: null,
    witness: {
      caller: 'ut1caller',
      contract: 'ut1contract',
      owner: 'ut1owner',
      version: 1,
      height: 3,
      time: body.context.time,
      chainId: chainId.toString(),
      gasLimit: 1000n,
      hook: false,
      reads: [[utf8('key'), null]],
      callees: [],
      changes: sha256(utf8('changes')),
    },
    models: [],
    modelBytes: null,
  }
}

export { accounts, answerBody, modelBytes }
