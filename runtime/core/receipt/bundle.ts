/**
 * The proof bundle's root node. The file is a CARv1 whose one root is this dag-cbor node; its blocks follow in the order of a depth-first walk
 * over the node's links in the order of its fields here, each block once, nothing else.
 */
import { CID } from 'multiformats/cid'
import { asArray, asBytes, asCid, asMap, type Cbor } from '../codec/index.ts'
import { limitError, shown, UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { anchorCbor, attestationCbor, readAnchor, readAttestation, type Anchor, type Attestation } from './attestation.ts'
import type { ReceiptBody } from './receipt.ts'
import { readTrieProof, trieProofCbor, type TrieProof } from '../trees/index.ts'

/** A header with the certificate that made it final. */
export interface FinalHeader {
  readonly header: CID
  readonly certificate: CID
}

/** A step of the epoch chain: blocks of the header, its certificate, and the power delta to the set that it commits to. */
export interface EpochLinks extends FinalHeader {
  readonly delta: CID
}

/** Input, output or log of the run, shown. */
export interface OpenedPart {
  /** 32 bytes: the salt of this part only. */
  readonly salt: Uint8Array
  /** Block of the canonical opening (dag-cbor). */
  readonly opening: CID
  /** Files that the opening names by sha256: a body, tensors. */
  readonly files: readonly CID[]
}

/** The root node, its fields in canonical order of the walk. */
export interface BundleRoot {
  readonly v: 1
  readonly chainId: CID
  readonly receipt: CID
  /** Null for a call. */
  readonly attestation: Attestation | null
  readonly anchor: Anchor
  /** The block that anchors. */
  readonly anchorBlock: FinalHeader
  /** The block that the context names; the anchor block itself for a call. */
  readonly contextBlock: FinalHeader
  /** Hash of the header that the epoch chain begins at: its root of trust. Null for the genesis. */
  readonly from: Uint8Array | null
  /** Leads from the root of trust to the sets of context and anchor; as short as it may be (docs/spec/light.md). */
  readonly epochs: readonly EpochLinks[]
  /** Shows the node's account in the accounts trie at the anchor; null for a call. */
  readonly node: { readonly account: Uint8Array; readonly proof: TrieProof } | null
  /** Shows the record of the node's thread in the off-chain trie of a final block, the newest when the bundle was made; null for a call (rollup.md). */
  readonly rollup: { readonly block: FinalHeader; readonly record: Uint8Array; readonly proof: TrieProof } | null
  readonly module: CID
  /** Of a call: the modules of the contracts that it called, in order of first use (core `witnessModules`). */
  readonly callees: readonly CID[]
  readonly input: OpenedPart | null
  readonly output: OpenedPart | null
  readonly log: OpenedPart | null
  /** Of a call: the block of its witness, what it read of the state (see `witness.ts`); null otherwise. */
  readonly witness: CID | null
  /** Models used: linked when their blocks are in the file. */
  readonly models: readonly CID[]
  readonly withModels: boolean
}

const finalCbor = (f: FinalHeader): Cbor => ({ header: f.header, certificate: f.certificate })
const partCbor = (p: OpenedPart | null): Cbor => (p === null ? null : { salt: p.salt, opening: p.opening, files: [...p.files] })

/** Canonical value of the root node. Models that are not in the file are named by the bytes of their CIDs, so that every link of a bundle is in it. */
export function bundleCbor(b: BundleRoot): Cbor {
  return {
    v: b.v,
    chainId: b.chainId.bytes,
    receipt: b.receipt,
    attestation: b.attestation === null ? null : attestationCbor(b.attestation),
    anchor: anchorCbor(b.anchor),
    anchorBlock: finalCbor(b.anchorBlock),
    contextBlock: finalCbor(b.contextBlock),
    from: b.from,
    epochs: b.epochs.map((e) => ({ header: e.header, certificate: e.certificate, delta: e.delta })),
    node: b.node === null ? null : { account: b.node.account, proof: trieProofCbor(b.node.proof) },
    rollup: b.rollup === null ? null : { block: finalCbor(b.rollup.block), record: b.rollup.record, proof: trieProofCbor(b.rollup.proof) },
    module: b.module,
    callees: [...b.callees],
    input: partCbor(b.input),
    output: partCbor(b.output),
    log: partCbor(b.log),
    witness: b.witness,
    models: b.models.map((m) => (b.withModels ? m : m.bytes)),
  }
}

/** What `models` must hold: the models that the receipt names, in order of first use; none when it holds only the digest of more than the limit. */
export function bundleModels(body: ReceiptBody): CID[] {
  if (body.models instanceof Uint8Array) return []
  return [...new Map(body.models.map((use) => [use.model.toString(), use.model])).values()]
}

/** The links of a root in file order, each once. A module or model of several blocks is followed by its own walk. */
export function bundleLinks(b: BundleRoot): CID[] {
  const parts = [b.input, b.output, b.log].flatMap((p) => (p === null ? [] : [p.opening, ...p.files]))
  const all = [
    b.receipt,
    b.anchorBlock.header,
    b.anchorBlock.certificate,
    b.contextBlock.header,
    b.contextBlock.certificate,
    ...(b.rollup === null ? [] : [b.rollup.block.header, b.rollup.block.certificate]),
    ...b.epochs.flatMap((e) => [e.header, e.certificate, e.delta]),
    b.module,
    ...b.callees,
    ...parts,
    ...(b.witness === null ? [] : [b.witness]),
    ...(b.withModels ? b.models : []),
  ]
  const seen = new Set<string>()
  return all.filter((cid) => !seen.has(cid.toString()) && seen.add(cid.toString()))
}

function readFinal(value: Cbor | undefined, what: string): FinalHeader {
  const m = asMap(value, ['header', 'certificate'], what)
  return { header: asCid(m['header'], 'header'), certificate: asCid(m['certificate'], 'certificate') }
}

function readRollup(value: Cbor | undefined): BundleRoot['rollup'] {
  if (value === null) return null
  const m = asMap(value, ['block', 'record', 'proof'], 'rollup')
  return { block: readFinal(m['block'], 'block of the rollup'), record: asBytes(m['record'], 'record'), proof: readTrieProof(m['proof']) }
}

function readEpochs(value: Cbor | undefined): EpochLinks[] {
  const list = asArray(value, 'epochs')
  if (list.length > LIMITS.bundleEpochs)
    throw limitError('bundle_invalid', 'bundleEpochs', list.length, LIMITS.bundleEpochs, 'steps of the epoch chain')
  return list.map((item) => {
    const m = asMap(item, ['header', 'certificate', 'delta'], 'epoch')
    return { header: asCid(m['header'], 'header'), certificate: asCid(m['certificate'], 'certificate'), delta: asCid(m['delta'], 'delta') }
  })
}

function readPart(value: Cbor | undefined, what: string): OpenedPart | null {
  if (value === null) return null
  const m = asMap(value, ['salt', 'opening', 'files'], what)
  return {
    salt: asBytes(m['salt'], 'salt', 32),
    opening: asCid(m['opening'], 'opening'),
    files: asArray(m['files'], 'files').map((f) => asCid(f, 'file')),
  }
}

function cidOfBytes(value: Cbor | undefined, what: string): CID {
  const bytes = asBytes(value, what)
  try {
    return CID.decode(bytes)
  } catch (cause) {
    throw new UtnetError('bundle_invalid', `${what} is not a CID`, { cause })
  }
}

/** The root node of its decoded value. */
export function readBundle(value: Cbor | undefined): BundleRoot {
  const m = asMap(
    value,
    [
      'v',
      'chainId',
      'receipt',
      'attestation',
      'anchor',
      'anchorBlock',
      'contextBlock',
      'from',
      'epochs',
      'node',
      'rollup',
      'module',
      'callees',
      'input',
      'output',
      'log',
      'witness',
      'models',
    ],
    'bundle',
  )
  if (m['v'] !== 1) throw new UtnetError('bundle_invalid', `bundle version ${shown(m['v'])} is not known`)
  const models = asArray(m['models'], 'models')
  const withModels = models.some((x) => !(x instanceof Uint8Array))
  const node = m['node'] === null ? null : asMap(m['node'], ['account', 'proof'], 'node')
  return {
    v: 1,
    chainId: cidOfBytes(m['chainId'], 'chainId'),
    receipt: asCid(m['receipt'], 'receipt'),
    attestation: m['attestation'] === null ? null : readAttestation(m['attestation']),
    anchor: readAnchor(m['anchor']),
    anchorBlock: readFinal(m['anchorBlock'], 'anchorBlock'),
    contextBlock: readFinal(m['contextBlock'], 'contextBlock'),
    from: m['from'] === null ? null : asBytes(m['from'], 'from', 32),
    epochs: readEpochs(m['epochs']),
    node: node === null ? null : { account: asBytes(node['account'], 'account'), proof: readTrieProof(node['proof']) },
    rollup: readRollup(m['rollup']),
    module: asCid(m['module'], 'module'),
    callees: asArray(m['callees'], 'callees').map((c) => asCid(c, 'callee')),
    input: readPart(m['input'], 'input'),
    output: readPart(m['output'], 'output'),
    log: readPart(m['log'], 'log'),
    witness: m['witness'] === null ? null : asCid(m['witness'], 'witness'),
    models: models.map((x) => (withModels ? asCid(x, 'model') : cidOfBytes(x, 'model'))),
    withModels,
  }
}
