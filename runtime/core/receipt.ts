/** The receipt: what was run, bound by salted digests. Its id is the CID of the body's canonical dag-cbor. */
import { CID } from 'multiformats/cid'
import { formatKey } from './address.ts'
import { abytes, fromUtf8, toBase64, toHex, utf8 } from './bytes.ts'
import { cidOf, DAG_CBOR } from './cid.ts'
import { asArray, asBytes, asCid, asMap, asText, asU64, asUint, decode, encode, type Cbor } from './codec.ts'
import { limitError, UtnetError } from './errors.ts'
import { digest, sha256 } from './hash.ts'
import { LIMITS } from './limits.ts'
import { merkleRoot } from './merkle.ts'
import { leastSize } from './merkle.ts'

export type ReceiptKind = 'call' | 'invoke' | 'infer'
export type RunStatus = 'ok' | 'trap' | 'out-of-gas' | 'refused'
export type Retention = 'public' | 'sealed' | 'none'

export const RUN_STATUSES: readonly RunStatus[] = ['ok', 'trap', 'out-of-gas', 'refused']
const RETENTIONS: readonly Retention[] = ['public', 'sealed', 'none']

export interface ModelUse {
  readonly model: CID
  readonly arithmetic: string
  /** Commitment root of the inference, 32 bytes. */
  readonly root: Uint8Array
}

export interface ReceiptContext {
  readonly chainId: CID
  /** Height of a final block, at most 2 behind the head when the run began. */
  readonly height: number
  /** Milliseconds since 1970; between that block's time and the anchor's. */
  readonly time: number
  readonly seed: Uint8Array
}

interface BodyBase {
  readonly v: 1
  readonly module: CID
  readonly world: string
  readonly entry: string
  readonly input: Uint8Array
  readonly output: Uint8Array
  readonly status: RunStatus
  readonly gas: bigint
  readonly protocol: number
  readonly log: Uint8Array | null
  readonly context: ReceiptContext
}

/** A contract call on the chain: every validator writes the same bytes, so no node, seed and salt from the block. */
export interface CallBody extends BodyBase {
  readonly kind: 'call'
  readonly node: null
  readonly models: readonly ModelUse[]
  readonly tx: CID
  /** Merkle root over the call's events, in order. */
  readonly events: Uint8Array
}

/** A run by one node: `seq` counts the node's receipts of one thread without gaps. */
export interface RunBody extends BodyBase {
  readonly kind: 'invoke' | 'infer'
  readonly node: Uint8Array
  readonly thread: number
  readonly seq: number
  readonly retention: Retention
  /** At most 3 uses in order; and 512 bytes in all; beyond that the Merkle root over their encodings. */
  readonly models: readonly ModelUse[] | Uint8Array
}

export type ReceiptBody = CallBody | RunBody

/** A node's statement over consecutive receipts of one thread: names its predecessor, so none can be left out unseen. */
export interface BatchStatement {
  readonly node: Uint8Array
  readonly thread: number
  /** `seq` of the first receipt. */
  readonly first: number
  readonly size: number
  /** Root of the batch before, 32 zero bytes for the first. */
  readonly prev: Uint8Array
  /** Merkle root over the receipt bodies' bytes. */
  readonly root: Uint8Array
}

/** What stands beside a receipt: the path to its batch's root and the node's signature of the batch. */
export interface Attestation {
  readonly batch: BatchStatement
  readonly index: number
  readonly path: readonly Uint8Array[]
  /** ed25519 over domain `utnet/batch/1\0` and the statement's bytes. */
  readonly sig: Uint8Array
}

/** Path from the batch (or, of a call, from the body) to the receipt root of a final block's header. */
export interface Anchor {
  readonly height: number
  readonly index: number
  /** Leaves of the tree. Not written: no signature covers it, and index and path fix all of it that counts (`leastSize`). */
  readonly size: number
  readonly path: readonly Uint8Array[]
}

const useCbor = (u: ModelUse): Cbor => ({ model: u.model, arithmetic: u.arithmetic, root: u.root })

/** The `models` field of a list of uses: the list itself within the limits of a receipt, else the Merkle root over the uses' encodings. */
export function modelsField(uses: readonly ModelUse[]): readonly ModelUse[] | Uint8Array {
  const encoded = uses.map((use) => encode(useCbor(use)))
  const fits = uses.length <= LIMITS.receiptModels && encoded.reduce((n, e) => n + e.length, 0) <= LIMITS.receiptModelBytes
  return fits ? uses : merkleRoot(encoded)
}

function toCbor(body: ReceiptBody): Cbor {
  const { chainId, height, time, seed } = body.context
  const models = body.models instanceof Uint8Array ? body.models : body.models.map(useCbor)
  const { v, kind, module, world, entry, input, output, status, gas, protocol, log, node } = body
  const base = {
    v,
    kind,
    module,
    world,
    entry,
    input,
    output,
    status,
    gas,
    protocol,
    log,
    models,
    context: { chainId, height, time, seed },
    node,
  }
  return body.kind === 'call'
    ? { ...base, tx: body.tx, events: body.events }
    : { ...base, thread: body.thread, seq: body.seq, retention: body.retention }
}

/** Canonical bytes of a body; throws `receipt_invalid` over 1 KB. */
export function encodeReceipt(body: ReceiptBody): Uint8Array {
  const bytes = encode(toCbor(body))
  if (bytes.length > LIMITS.receiptBytes)
    throw limitError('receipt_invalid', 'receiptBytes', bytes.length, LIMITS.receiptBytes, 'receipt body')
  return bytes
}

const BASE_KEYS = [
  'v',
  'kind',
  'module',
  'world',
  'entry',
  'input',
  'output',
  'status',
  'gas',
  'protocol',
  'log',
  'models',
  'context',
  'node',
]

function oneOf<T extends string>(value: Cbor | undefined, of: readonly T[], what: string): T {
  if (typeof value === 'string' && (of as readonly string[]).includes(value)) return value as T
  throw new UtnetError('core_not_canonical', `${what} must be one of ${of.join(', ')}`)
}

function readUses(value: Cbor | undefined): readonly ModelUse[] {
  const list = asArray(value, 'models')
  if (list.length > LIMITS.receiptModels)
    throw limitError('receipt_invalid', 'receiptModels', list.length, LIMITS.receiptModels, 'models of a receipt')
  return list.map((item) => {
    const use = asMap(item, ['model', 'arithmetic', 'root'], 'model use')
    return {
      model: asCid(use['model'], 'model'),
      arithmetic: asText(use['arithmetic'], 'arithmetic'),
      root: asBytes(use['root'], 'root', 32),
    }
  })
}

/** The body of its bytes; throws `core_not_canonical` or `receipt_invalid` naming the field. */
export function decodeReceipt(bytes: Uint8Array): ReceiptBody {
  const value = decode(bytes, 'receipt', LIMITS.receiptBytes)
  const kind = oneOf((value as { kind?: Cbor })?.kind, ['call', 'invoke', 'infer'] as const, 'kind')
  const map = asMap(value, [...BASE_KEYS, ...(kind === 'call' ? ['tx', 'events'] : ['thread', 'seq', 'retention'])], 'receipt')
  if (map['v'] !== 1) throw new UtnetError('receipt_invalid', `receipt version ${String(map['v'])} is not known`)
  const context = asMap(map['context'], ['chainId', 'height', 'time', 'seed'], 'context')
  const base = {
    v: 1 as const,
    module: asCid(map['module'], 'module'),
    world: asText(map['world'], 'world'),
    entry: asText(map['entry'], 'entry'),
    input: asBytes(map['input'], 'input', 32),
    output: asBytes(map['output'], 'output', 32),
    status: oneOf(map['status'], RUN_STATUSES, 'status'),
    gas: asU64(map['gas'], 'gas'),
    protocol: asUint(map['protocol'], 'protocol'),
    log: map['log'] === null ? null : asBytes(map['log'], 'log', 32),
    context: {
      chainId: asCid(context['chainId'], 'chainId'),
      height: asUint(context['height'], 'height'),
      time: asUint(context['time'], 'time'),
      seed: asBytes(context['seed'], 'seed', 32),
    },
  }
  if (kind === 'call') {
    if (map['node'] !== null) throw new UtnetError('receipt_invalid', 'the receipt of a call names no node')
    return {
      ...base,
      kind,
      node: null,
      models: readUses(map['models']),
      tx: asCid(map['tx'], 'tx'),
      events: asBytes(map['events'], 'events', 32),
    }
  }
  const models = map['models'] instanceof Uint8Array ? asBytes(map['models'], 'models', 32) : readUses(map['models'])
  return {
    ...base,
    kind,
    models,
    node: asBytes(map['node'], 'node', 32),
    thread: asUint(map['thread'], 'thread'),
    seq: asUint(map['seq'], 'seq'),
    retention: oneOf(map['retention'], RETENTIONS, 'retention'),
  }
}

/** The id of a receipt: the CID of its body's bytes. */
export function receiptId(bodyBytes: Uint8Array): CID {
  return cidOf(DAG_CBOR, bodyBytes)
}

/** Salts of one receipt derive from one secret (at least 16 bytes): showing one opens no other. */
export type SaltName = 'input' | 'output' | 'log' | 'secret'

/** The salt of a part: H(secret, part), 32 bytes. */
export function saltOf(secret: Uint8Array, name: SaltName): Uint8Array {
  return digest('salt', encode([abytes(secret, undefined, 'salt'), name]))
}

/** Salted digest of an opening's canonical bytes: sha256(domain || salt || bytes), 32 bytes. */
export function openingDigest(name: SaltName, salt: Uint8Array, bytes: Uint8Array): Uint8Array {
  return digest(name, abytes(salt, 32, `${name} salt`), bytes)
}

/** The salt secret of a call, from its block: every validator has it (16 bytes of H("salt", tx id)). */
export function callSalt(tx: CID): Uint8Array {
  return digest('call-salt', tx.bytes).subarray(0, 16)
}

/** The seed of a call: H(seed of the block it stands in, tx id), so that every validator has it. */
export function callSeed(blockSeed: Uint8Array, tx: CID): Uint8Array {
  return digest('call-seed', blockSeed, tx.bytes)
}

/** The seed of a run: H(chain seed at the context's height, module, salted input digest, thread, seq). */
export function runSeed(chainSeed: Uint8Array, module: CID, input: Uint8Array, thread: number, seq: number): Uint8Array {
  return digest('run-seed', encode([chainSeed, module, input, thread, seq]))
}

export interface HttpHead {
  readonly headers: readonly (readonly [string, Uint8Array])[]
}

/** Canonical bytes of a request as the guest saw it: [method, path and query, headers, sha256 of the body]. */
export function requestOpening(method: string, path: string, headers: HttpHead['headers'], bodySha256: Uint8Array): Uint8Array {
  return encode([method, path, headers.map(([k, v]) => [k, v]), bodySha256])
}

/** Canonical bytes of an answer: [status, headers, sha256 of the body]. */
export function responseOpening(status: number, headers: HttpHead['headers'], bodySha256: Uint8Array): Uint8Array {
  return encode([status, headers.map(([k, v]) => [k, v]), bodySha256])
}

/** Canonical bytes of a call's input: [export, arguments in their canonical form]. */
export function callInputOpening(entry: string, args: Cbor): Uint8Array {
  return encode([entry, args])
}

/** Canonical bytes of a call's output: [return value or null when it did not complete, root of the state changes]. */
export function callOutputOpening(result: Cbor, changes: Uint8Array): Uint8Array {
  return encode([result, changes])
}

export { sha256 as bodySha256 }

/** Bytes of a batch statement: what the node signs (behind the domain `batch`) and, with the signature, what a block anchors. */
export function encodeBatch(batch: BatchStatement): Uint8Array {
  const { node, thread, first, size, prev, root } = batch
  return encode({ node, thread, first, size, prev, root })
}

/** The leaf of a batch in a block's receipt tree: its statement and signature. */
export function batchLeaf(batch: BatchStatement, sig: Uint8Array): Uint8Array {
  return encode(['batch', encodeBatch(batch), abytes(sig, 64, 'signature')])
}

/** The leaf of a call in a block's receipt tree. */
export function callLeaf(bodyBytes: Uint8Array): Uint8Array {
  return encode(['call', bodyBytes])
}

/** The statement of a decoded value. */
export function readBatch(value: Cbor | undefined): BatchStatement {
  const map = asMap(value, ['node', 'thread', 'first', 'size', 'prev', 'root'], 'batch')
  return {
    node: asBytes(map['node'], 'batch node', 32),
    thread: asUint(map['thread'], 'batch thread'),
    first: asUint(map['first'], 'batch first'),
    size: asUint(map['size'], 'batch size'),
    prev: asBytes(map['prev'], 'batch prev', 32),
    root: asBytes(map['root'], 'batch root', 32),
  }
}

const hashes = (value: Cbor | undefined, what: string): Uint8Array[] => {
  const list = asArray(value, what)
  if (list.length > 64) throw new UtnetError('core_not_canonical', `${what} is longer than any tree is deep`)
  return list.map((h) => asBytes(h, what, 32))
}

/** Canonical value of an attestation (also what the `att` parameter of the receipt header carries, encoded). */
export function attestationCbor(a: Attestation): Cbor {
  const { node, thread, first, size, prev, root } = a.batch
  return { batch: { node, thread, first, size, prev, root }, index: a.index, path: [...a.path], sig: a.sig }
}

/** The attestation of a decoded value. */
export function readAttestation(value: Cbor | undefined): Attestation {
  const map = asMap(value, ['batch', 'index', 'path', 'sig'], 'attestation')
  return {
    batch: readBatch(map['batch']),
    index: asUint(map['index'], 'index'),
    path: hashes(map['path'], 'path'),
    sig: asBytes(map['sig'], 'sig', 64),
  }
}

/** Canonical value of an anchor. */
export function anchorCbor(a: Anchor): Cbor {
  return { height: a.height, index: a.index, path: [...a.path] }
}

/** The size that an anchor is read back with: the least that its index and path fit; throws `core_not_canonical` when none does. */
export function anchorSize(index: number, path: readonly Uint8Array[]): number {
  const size = leastSize(index, path.length)
  if (size === undefined) throw new UtnetError('core_not_canonical', `no tree has leaf ${index} at the end of a path of ${path.length}`)
  return size
}

/** The anchor of a decoded value. */
export function readAnchor(value: Cbor | undefined): Anchor {
  const map = asMap(value, ['height', 'index', 'path'], 'anchor')
  const index = asUint(map['index'], 'index')
  const path = hashes(map['path'], 'path')
  return { height: asUint(map['height'], 'height'), index, size: anchorSize(index, path), path }
}

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

/** Header names that never enter a log or an opening. */
const SECRET_HEADERS = new Set(['authorization', 'cookie', 'set-cookie', 'proxy-authorization'])

/** Headers as an opening holds them: the values of secret ones are replaced by nothing but their digest under the salt. */
export function withoutSecrets(headers: HttpHead['headers'], salt: Uint8Array): HttpHead['headers'] {
  return headers.map(([name, value]) =>
    SECRET_HEADERS.has(name.toLowerCase()) ? [name, digest('secret-header', salt, utf8(name), value)] : [name, value],
  )
}

/** Header bytes as text where they are UTF-8, for views. */
export function headerText(value: Uint8Array): string {
  try {
    return fromUtf8(value)
  } catch {
    return toBase64(value)
  }
}
