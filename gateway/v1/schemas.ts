/** Schemas of the views. The compiler refuses one that lacks what every such view of the NodeApi has, or has it otherwise; optional fields it does not miss. Named ones become components of the OpenAPI document. */
import { z } from 'zod'
import { HARDWARE_CLASSES } from '../../runtime/core/index.ts'
import type {
  AccountView,
  AuditView,
  BlockView,
  CallResult,
  ChainView,
  ChallengeView,
  EpochView,
  EntryProof,
  EventPage,
  EventView,
  FileView,
  GuestDetail,
  GuestView,
  ModelView,
  PowerView,
  NodeInfo,
  QueryResult,
  ReceiptView,
  SourceMapView,
  StateProof,
  TensorSpec,
  TransactionView,
  VerdictView,
  WitFunction,
} from '../../runtime/core/index.ts'
import type { Problem } from '../wire/index.ts'

/** The schema under its name in the OpenAPI document. */
function name<T extends z.ZodType>(id: string, schema: T): T {
  return schema.meta({ id })
}

const cid = z.string().describe('CIDv1 in base32')
const decimal = z.string().regex(/^[0-9]+$/)
const status = z.enum(['ok', 'trap', 'out-of-gas', 'refused'])
const height = z.int().min(0)
const record = z.record(z.string(), z.unknown())

export const problemSchema = name(
  'Problem',
  z.looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().describe('error code: area_reason'),
    hint: z.string(),
    limit: z.string().exactOptional(),
    used: z.union([z.number(), decimal]).exactOptional(),
    allowed: z.union([z.number(), decimal]).exactOptional(),
  }) satisfies z.ZodType<Omit<Problem, 'code'>>,
)

const audit = name(
  'Audit',
  z.object({
    waiting: z.int().min(0).describe('batches that wait to be looked at, or for their data'),
    batches: z.int().min(0),
    leaves: z.int().min(0),
    runs: z.int().min(0).describe('runs that were repeated'),
    demands: z.int().min(0).describe('leaves asked for'),
    refuted: z.int().min(0).describe('refutations of its own that the chain took'),
    passedOver: z.int().min(0).describe('batches that were too many, or whose time was over'),
    last: z.string().nullable().describe('the last that it found wrong'),
  }) satisfies z.ZodType<AuditView>,
)

export const challenge = name(
  'Challenge',
  z.object({
    id: z.string(),
    blob: z.string().describe('TPM2B_ID_OBJECT, base64'),
    secret: z.string().describe('TPM2B_ENCRYPTED_SECRET, base64'),
    until: z.int().describe('last millisecond since 1970 at which an answer counts'),
  }) satisfies z.ZodType<ChallengeView>,
)

export const verdict = name(
  'Verdict',
  z.object({
    validator: z.string().regex(/^ed25519:[0-9a-f]{64}$/),
    power: z.int().min(0),
    total: z.int().min(0),
    anchor: cid,
    of: z.string().describe('the node that it is about'),
    evidence: z.string().describe('digest of the evidence, hex'),
    signature: z.string().describe('BLS, base64'),
    why: z.string(),
  }) satisfies z.ZodType<VerdictView>,
)

export const nodeInfo = name(
  'NodeInfo',
  z.object({
    version: z.string(),
    protocol: z.int(),
    chainId: cid,
    nodeKey: z.string().regex(/^ed25519:[0-9a-f]{64}$/),
    chipKey: z.string().regex(/^x25519:[0-9a-f]{64}$/),
    dev: z.boolean(),
    devAccount: z.string().nullable(),
    isolation: z.enum(['wasm-software', ...HARDWARE_CLASSES]),
    audit: audit.nullable(),
  }) satisfies z.ZodType<NodeInfo>,
)

const exportView = z.object({
  name: z.string(),
  type: z.string().describe('WIT text, e.g. func(to: string, amount: u64)'),
  params: z.array(z.object({ name: z.string(), type: z.string() })),
  result: z.string().nullable(),
  signature: z.custom<WitFunction>((v) => typeof v === 'object' && v !== null).describe('the same type as data'),
})

const guestShape = {
  name: z.string(),
  module: cid,
  world: z.enum(['contract', 'function', 'operator', 'command', 'library']),
  exports: z.array(exportView),
}

export const guest = name('Guest', z.object(guestShape) satisfies z.ZodType<GuestView>)
export const deployed = name('Deployed', z.object({ ...guestShape, receipt: cid.exactOptional() }))
export const file = name('File', z.object({ cid, size: z.int().min(0).describe('in bytes') }) satisfies z.ZodType<FileView>)
export const sourceMapView = name(
  'SourceMap',
  z.object({ name: z.string(), module: cid, sourceMap: cid }) satisfies z.ZodType<SourceMapView>,
)
export const guestDetail = name(
  'GuestDetail',
  z.object({
    ...guestShape,
    owner: z.string(),
    address: z.string().nullable(),
    imports: z.array(z.string()),
    version: z.int(),
    versions: z.array(z.object({ module: cid, height })),
  }) satisfies z.ZodType<GuestDetail>,
)

const event = name('Event', z.object({ contract: z.string(), name: z.string(), data: z.unknown() }) satisfies z.ZodType<EventView>)

const entry = {
  id: z.string().describe('HEIGHT.ORDINAL: a mark to go on behind'),
  height,
  time: z.int().describe('of the block, in milliseconds since 1970'),
  block: z.string(),
  tx: cid,
  proof: name(
    'EntryProof',
    z.object({
      root: z.enum(['eventRoot', 'txRoot']),
      leaf: z.string(),
      index: z.int().min(0),
      path: z.array(z.string()),
      header: z.string(),
      certificate: z.string(),
      epochs: z.array(z.string()),
    }) satisfies z.ZodType<EntryProof>,
  ).exactOptional(),
}

export const eventPage = name(
  'EventPage',
  z.object({
    entries: z.array(
      z.union([
        z.object({ type: z.literal('event'), ...entry, contract: z.string(), name: z.string(), data: z.unknown() }),
        z.object({ type: z.literal('transaction'), ...entry, kind: z.string(), sender: z.string(), status, receipt: cid.exactOptional() }),
      ]),
    ),
    next: z.string(),
    done: z.boolean(),
    head: height,
  }) satisfies z.ZodType<EventPage>,
)

const proof = name(
  'StateProof',
  z.object({
    height,
    header: z.string(),
    certificate: z.string(),
    epochs: z.array(z.string()),
    entries: z.array(
      z.object({ trie: z.enum(['accounts', 'contracts', 'offchain']), key: z.string(), value: z.string().nullable(), proof: z.string() }),
    ),
  }) satisfies z.ZodType<StateProof>,
)

const endShape = {
  at: z.string().exactOptional().describe('the function in which it ended'),
  line: z.string().exactOptional().describe('file:line:column of the author, with a source map'),
}

export const callResult = name(
  'CallResult',
  z.object({
    result: z.unknown(),
    status,
    gas: decimal,
    paid: decimal,
    receipt: cid,
    height,
    hash: cid,
    events: z.array(event),
    message: z.string().exactOptional(),
    ...endShape,
  }) satisfies z.ZodType<CallResult>,
)

export const queryResult = name(
  'QueryResult',
  z.object({ result: z.unknown(), gas: decimal, height, proof: proof.exactOptional() }) satisfies z.ZodType<QueryResult>,
)

export const account = name(
  'Account',
  z.object({
    address: z.string(),
    balance: decimal.describe('in 10^-18 UNC'),
    nonce: z.int().min(0),
    proof: proof.exactOptional(),
  }) satisfies z.ZodType<AccountView>,
)

export const transaction = name(
  'Transaction',
  z.object({
    hash: cid,
    state: z.enum(['pending', 'final']),
    height: height.nullable(),
    kind: z.string(),
    sender: z.string(),
    status: status.nullable(),
    gas: decimal.nullable(),
    paid: decimal.exactOptional(),
    result: z.unknown().optional(),
    receipt: cid.exactOptional(),
    events: z.array(event).exactOptional(),
    message: z.string().exactOptional(),
    ...endShape,
  }) satisfies z.ZodType<TransactionView>,
)

export const submitted = name('Submitted', z.object({ hash: cid }))

const tensorSpec = z.object({
  name: z.string(),
  dtype: z.string(),
  shape: z.array(z.int()).describe('-1 for a free dimension'),
}) satisfies z.ZodType<TensorSpec>

export const model = name(
  'Model',
  z.object({
    name: z.string(),
    model: cid,
    platform: z.enum(['onnx', 'wasm']),
    inputs: z.array(tensorSpec),
    outputs: z.array(tensorSpec),
    devices: z.array(z.string()),
  }) satisfies z.ZodType<ModelView>,
)

export const receipt = name(
  'Receipt',
  z.object({ id: cid, body: record, attestation: record.nullable(), anchor: record.nullable() }) satisfies z.ZodType<ReceiptView>,
)

export const chain = name(
  'Chain',
  z.object({
    chainId: cid,
    height,
    hash: z.string(),
    time: z.int(),
    finalized: height,
    prunedBelow: height,
    validators: z.int(),
    mempool: z.int(),
    baseFee: z.string(),
  }) satisfies z.ZodType<ChainView>,
)

export const epoch = name(
  'Epoch',
  z.object({
    epoch: z.int().min(0),
    height,
    steps: z.array(z.string()).describe('base64 of canonical dag-cbor [1, header, certificate, power delta]'),
    set: z.string().exactOptional().describe('base64 of the canonical dag-cbor list of members'),
  }) satisfies z.ZodType<EpochView>,
)

export const power = name(
  'Power',
  z.object({
    epoch: z.int(),
    from: height,
    to: height,
    total: z.int(),
    members: z.array(
      z.object({
        node: z.string(),
        vote: z.string().describe('BLS, base64'),
        power: z.int(),
        share: z.number(),
        chips: z.int().nullable(),
      }),
    ),
  }) satisfies z.ZodType<PowerView>,
)

export const block = name(
  'Block',
  z.object({
    height,
    hash: z.string(),
    header: record,
    certificate: record,
    transactions: z.array(z.object({ hash: cid, kind: z.string(), status, gas: decimal, paid: decimal })),
    receipts: z.array(cid),
  }) satisfies z.ZodType<BlockView>,
)
