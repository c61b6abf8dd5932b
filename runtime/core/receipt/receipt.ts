/** The receipt: what was run, bound by salted digests. Its id is the CID of the body's canonical dag-cbor. */
import {
  asArray,
  asBytes,
  asCid,
  asMap,
  asText,
  asU64,
  asUint,
  cidOf,
  DAG_CBOR,
  decode,
  encode,
  type Cbor,
  type CID,
} from '../codec/index.ts'
import { limitError, shown, UtnetError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { merkleRoot } from '../trees/index.ts'

/** `call`: every validator ran a contract; `invoke`: one node ran a function; `infer`: one node ran a model or an operator. */
export type ReceiptKind = 'call' | 'invoke' | 'infer'
/** How a run ended. */
export type RunStatus = 'ok' | 'trap' | 'out-of-gas' | 'refused'
/** What is kept of input, output and log: all of it, all of it sealed, or nothing. */
export type Retention = 'public' | 'sealed' | 'none'

/** All endings of a run. */
export const RUN_STATUSES: readonly RunStatus[] = ['ok', 'trap', 'out-of-gas', 'refused']
const RETENTIONS: readonly Retention[] = ['public', 'sealed', 'none']

/** An inference that a run asked for. */
export interface ModelUse {
  readonly model: CID
  readonly arithmetic: string
  /** Commitment root of the inference, 32 bytes. */
  readonly root: Uint8Array
}

/** What a run was told of the chain. */
export interface ReceiptContext {
  readonly chainId: CID
  /** Height of a final block below the anchor, by `ROLLUP.contextBlocks` at most (`verify`); an honest node names the head. */
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

/** The body of a receipt: of a call, or of a run by one node. */
export type ReceiptBody = CallBody | RunBody

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

/** Canonical bytes of the field `models` of a run. */
export function modelsBytes(models: RunBody['models']): Uint8Array {
  return encode(models instanceof Uint8Array ? models : models.map(useCbor))
}

/** The field again. */
export function modelsOf(bytes: Uint8Array): RunBody['models'] {
  return readModels(decode(bytes, 'models', LIMITS.receiptBytes))
}

/** The refusal of a body of so many bytes. */
export const receiptTooLong = (bytes: number): UtnetError =>
  limitError('receipt_invalid', 'receiptBytes', bytes, LIMITS.receiptBytes, 'receipt body')

/** Canonical bytes of a body; throws `receipt_invalid` over 1 KB. */
export function encodeReceipt(body: ReceiptBody): Uint8Array {
  const bytes = encode(toCbor(body))
  if (bytes.length > LIMITS.receiptBytes) throw receiptTooLong(bytes.length)
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
  const bytes = list.reduce((n: number, item) => n + encode(item).length, 0)
  if (bytes > LIMITS.receiptModelBytes)
    throw limitError('receipt_invalid', 'receiptModelBytes', bytes, LIMITS.receiptModelBytes, 'models of a receipt')
  return list.map((item) => {
    const use = asMap(item, ['model', 'arithmetic', 'root'], 'model use')
    return {
      model: asCid(use['model'], 'model'),
      arithmetic: asText(use['arithmetic'], 'arithmetic'),
      root: asBytes(use['root'], 'root', 32),
    }
  })
}

function readModels(value: Cbor | undefined): RunBody['models'] {
  return value instanceof Uint8Array ? asBytes(value, 'models', 32) : readUses(value)
}

/** The body of its bytes; throws `core_not_canonical` or `receipt_invalid` naming the field. */
export function decodeReceipt(bytes: Uint8Array): ReceiptBody {
  const value = decode(bytes, 'receipt', LIMITS.receiptBytes)
  const kind = oneOf((value as { kind?: Cbor })?.kind, ['call', 'invoke', 'infer'] as const, 'kind')
  const map = asMap(value, [...BASE_KEYS, ...(kind === 'call' ? ['tx', 'events'] : ['thread', 'seq', 'retention'])], 'receipt')
  if (map['v'] !== 1) throw new UtnetError('receipt_invalid', `receipt version ${shown(map['v'])} is not known`)
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
  const models = readModels(map['models'])
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
