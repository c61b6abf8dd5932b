/** The NodeApi port: what a node offers. The gateway serves it, `utnet/client` speaks it over fetch, one compliance suite runs on both. */
import type {
  BlockView,
  ChainView,
  EpochView,
  EventPage,
  EventsRequest,
  EventView,
  NodeEvent,
  PowerView,
  StreamRequest,
} from './chain/index.ts'
import type { IsolationClass } from './guests/index.ts'
import type { ReceiptView, Retention, RunStatus } from './receipt/index.ts'
import type { World } from './ports.ts'
import type { ArithmeticClass, NamedTensor } from './tensor/index.ts'
import type { WitFunction } from './wit/index.ts'

/** What a node has done about what other nodes anchored, since it started (docs/spec/rollup.md). */
export interface AuditView {
  /** Batches that wait to be looked at, or for their data. */
  readonly waiting: number
  /** Batches and their leaves that were looked at, and runs that were repeated. */
  readonly batches: number
  readonly leaves: number
  readonly runs: number
  /** Leaves asked for. */
  readonly demands: number
  /** Refutations of its own that the chain took. */
  readonly refuted: number
  /** Batches that were too many, or whose time was over. */
  readonly passedOver: number
  /** The last that it found wrong. */
  readonly last: string | null
}

/** A validator's word that a leaf of an anchored batch is wrong (docs/spec/rollup.md). */
export interface VerdictView {
  /** `ed25519:<hex>` of the validator. */
  readonly validator: string
  /** What it has of the power of the set that votes on the next block. */
  readonly power: number
  readonly total: number
  /** The transaction that anchored, and the node that it is about. */
  readonly anchor: string
  readonly of: string
  /** Digest of the evidence, hex. */
  readonly evidence: string
  /** BLS of its vote key, base64. */
  readonly signature: string
  /** What it found. */
  readonly why: string
}

/** A credential that only the TPM of the endorsement key opens, and only where the identity key lies in it (docs/spec/chips.md). */
export interface ChallengeView {
  /** Names it in the answer. */
  readonly id: string
  /** TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET, base64. */
  readonly blob: string
  readonly secret: string
  /** Last millisecond since 1970 at which an answer counts. */
  readonly until: number
}

/** What a node says of itself. */
export interface NodeInfo {
  readonly version: string
  readonly protocol: number
  readonly chainId: string
  /** `ed25519:<hex>` */
  readonly nodeKey: string
  /** `x25519:<hex>`: guests that are sealed for it run on this node. */
  readonly chipKey: string
  readonly dev: boolean
  /** Address of the dev account, when there is one. */
  readonly devAccount: string | null
  /** Where guests run; a class of hardware is a claim until `checkIsolation` has seen its quote. */
  readonly isolation: IsolationClass
  /** What its auditor did; null where it has none. */
  readonly audit: AuditView | null
}

/** A function that a guest exports. */
export interface ExportView {
  readonly name: string
  /** WIT text, e.g. `func(to: string, amount: u64)`. */
  readonly type: string
  readonly params: readonly { readonly name: string; readonly type: string }[]
  readonly result: string | null
  /** The same as data, for callers that encode arguments themselves. */
  readonly signature: WitFunction
}

/** A published guest. `module` is the CID of its bytes. */
export interface GuestView {
  readonly name: string
  readonly module: string
  readonly world: World
  readonly exports: readonly ExportView[]
}

/** What was deployed. */
export interface DeployedView extends GuestView {
  /** Of the hook that the publication ran: `init` or `migrate` of a contract. */
  readonly receipt?: string
}

/** A published guest with its owner, imports and versions. */
export interface GuestDetail extends GuestView {
  readonly owner: string
  /** Address of the contract's state; null for the other worlds. */
  readonly address: string | null
  readonly imports: readonly string[]
  /** Which version runs, from 1. */
  readonly version: number
  /** The newest ones, the oldest of them first. */
  readonly versions: readonly { readonly module: string; readonly height: number }[]
}

/** A component to be published under a name. */
export interface DeployRequest {
  readonly name: string
  readonly component: Uint8Array
  /** A signed `publish` transaction; without it a dev node's dev account publishes. */
  readonly transaction?: Uint8Array
  /** CID of its source map, whose bytes `putSourceMap` may bring. */
  readonly sourceMap?: string
}

/** A file that the node keeps, for components to mount. */
export interface FileView {
  /** Of the whole file: UnixFS v1, raw leaves (docs/spec/encodings.md). */
  readonly cid: string
  /** In bytes. */
  readonly size: number
}

/** A source map that the node keeps. */
export interface SourceMapView {
  readonly name: string
  readonly module: string
  readonly sourceMap: string
}

/** Where a run ended that did not complete: for people; no receipt has it. */
export interface RunEnd {
  readonly status: RunStatus
  /** The guest's function. */
  readonly at?: string
  /** `file:line:column` of the author, where the node has the guest's source map. */
  readonly line?: string
  /** The limit that ended it, by its name in `limits.ts`, and `gas`. */
  readonly limit?: string
  /** What that limit allows. */
  readonly allowed?: number
}

/** A call of a contract from the dev account: arguments as JSON values of the WIT types. */
export interface CallRequest {
  readonly name: string
  readonly export: string
  readonly args: readonly unknown[]
  /** Decimal. */
  readonly gasLimit?: string
}

/** How a call ended, in the block of `height`. */
export interface CallResult {
  readonly result: unknown
  readonly status: RunStatus
  /** Gas of the run, as the receipt has it; decimal. */
  readonly gas: string
  /** All gas paid for: the run and what the transaction costs before it. */
  readonly paid: string
  readonly receipt: string
  readonly height: number
  readonly hash: string
  readonly events: readonly EventView[]
  /** Why it did not complete. */
  readonly message?: string
  /** In which function and, with a source map, at which line of the author it ended; as long as the node remembers. */
  readonly at?: string
  readonly line?: string
}

/** A read of a contract: on the state behind the block of height `at`, on the newest without it. */
export interface QueryRequest {
  readonly name: string
  readonly export: string
  readonly args: readonly unknown[]
  readonly at?: number
  readonly proof?: boolean
}

/** A proof that a trie of a final header holds (or lacks) keys: base64 of canonical dag-cbor parts. */
export interface StateProof {
  readonly height: number
  readonly header: string
  readonly certificate: string
  /** Steps from the genesis to the set that certifies the header; empty as long as it is the same. */
  readonly epochs: readonly string[]
  readonly entries: readonly {
    readonly trie: 'accounts' | 'contracts' | 'offchain'
    readonly key: string
    readonly value: string | null
    readonly proof: string
  }[]
}

/** What a contract answered on the state behind the block of `height`. */
export interface QueryResult {
  readonly result: unknown
  readonly gas: string
  readonly height: number
  readonly proof?: StateProof
}

/** An account on the newest final state. */
export interface AccountView {
  readonly address: string
  /** Decimal, in 10^-18 UNC. */
  readonly balance: string
  readonly nonce: number
  readonly proof?: StateProof
}

/** A transaction: in the mempool, or in a final block. */
export interface TransactionView {
  readonly hash: string
  readonly state: 'pending' | 'final'
  readonly height: number | null
  readonly kind: string
  readonly sender: string
  /** How it ended, once final. */
  readonly status: RunStatus | null
  /** Gas of the run of a call, as its receipt has it; of any other kind, what was paid. */
  readonly gas: string | null
  /** All gas paid for. */
  readonly paid?: string
  readonly result?: unknown
  readonly receipt?: string
  readonly events?: readonly EventView[]
  readonly message?: string
  /** Where a call ended that did not complete, as in `CallResult`. */
  readonly at?: string
  readonly line?: string
}

/** A request to a function. Header names are lower-case; values are bytes in latin-1 text, as HTTP has them. */
export interface FunctionRequest {
  readonly method: string
  /** Path and query behind the function's name, beginning with `/`. */
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array
  /** Do not wait until the receipt is durable (`Prefer: receipt=later`). */
  readonly later?: boolean
  readonly retention?: Retention
}

/** What the one header `Utnet-Receipt` carries. */
export interface ReceiptTicket {
  readonly id: string
  /** Decimal. */
  readonly gas: string
  /** The secret that the input, output and log salts derive from. */
  readonly salt: Uint8Array
  /** Canonical dag-cbor of the attestation; empty when it was not waited for. */
  readonly attestation: Uint8Array
}

/** The answer of a function, and the ticket of its receipt. */
export interface FunctionAnswer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array
  /** sha256 of the body, made beside the guest. */
  readonly bodySha256: Uint8Array
  /** Null where the node's operator keeps no receipts of this function: no receipt, no promise. */
  readonly receipt: ReceiptTicket | null
  /** Of a run that did not complete, where what runs see may be shown. */
  readonly failure?: RunEnd | undefined
}

/** Who asked a function: told of its end once, maybe before the call has come back. Neither throws. */
export interface FunctionAsker {
  answered(answer: FunctionAnswer): void
  failed(error: unknown): void
}

/** A model that a node runs. `model` is the CID of its file. */
export interface ModelView {
  readonly name: string
  readonly model: string
  /** What it is written in: a graph of ONNX, or a guest of world `operator`. */
  readonly platform: 'onnx' | 'wasm'
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  /** Devices that can run it, the preferred first. */
  readonly devices: readonly string[]
}

/** An input or output of a model. */
export interface TensorSpec {
  readonly name: string
  readonly dtype: string
  /** -1 for a dimension that is free. */
  readonly shape: readonly number[]
}

/** Tensors for a model: by the cheapest device of the arithmetic class asked for, of any class without one. */
export interface InferRequest {
  readonly model: string
  readonly inputs: readonly NamedTensor[]
  readonly arithmetic?: ArithmeticClass
  readonly later?: boolean
  readonly retention?: Retention
}

/** Outputs of a model, the id of the arithmetic that made them, and the ticket of the receipt. */
export interface InferResult {
  readonly model: string
  readonly arithmetic: string
  readonly outputs: readonly NamedTensor[]
  readonly receipt: ReceiptTicket
}

/** Which blocks of what a path names a CAR has (IPFS Trustless Gateway, `dag-scope` and `entity-bytes`). */
export interface CarScope {
  /** Its root only; what reading the file or listing the directory takes; or everything below. */
  readonly dag: 'block' | 'entity' | 'all'
  /** Of a file, with `entity`: first and last byte, both within; negative ones count from the end, a last of null is the end. */
  readonly bytes?: readonly [first: number, last: number | null]
}

/** Bytes out of the block store. */
export interface IpfsAnswer {
  readonly cid: string
  readonly contentType: string
  readonly body: Uint8Array
}

/** Which guests, in the order of their names. */
export interface GuestsPage {
  /** The name that they come behind, one of a guest or not; from the first unless told. */
  readonly after?: string
  /** At most `LIMITS.listedGuests`, and as many unless told. */
  readonly limit?: number
}

/** What a node does for its clients: the port between `runtime/node`, the gateway and `gateway/client`. Methods reject with a `UtnetError`. */
export interface NodeApi {
  info(): Promise<NodeInfo>
  ready(): Promise<boolean>
  deploy(request: DeployRequest): Promise<DeployedView>
  /**
   * Brings the source map (JSON, version 3) that the deployment of the name's present module named, or one whose hook failed. Throws `request_invalid` for another,
   * `core_bad_argument` or `core_too_large` for what is no map.
   */
  putSourceMap(name: string, bytes: Uint8Array): Promise<SourceMapView>
  /** The source map of a module; throws `block_not_found`. */
  sourceMap(module: string): Promise<Uint8Array>
  guests(page?: GuestsPage): Promise<readonly GuestView[]>
  /** Throws `guest_not_found`. */
  guest(name: string): Promise<GuestDetail>
  /** Runs a call from the dev account; `auth_required` on a node that is not `dev`. */
  call(request: CallRequest): Promise<CallResult>
  query(request: QueryRequest): Promise<QueryResult>
  account(address: string, proof?: boolean): Promise<AccountView>
  /** Funds an account from the dev account; `auth_required` on a node that is not `dev`. */
  fund(address: string): Promise<AccountView>
  /** Takes a signed transaction's wire bytes. */
  submit(transaction: Uint8Array): Promise<{ readonly hash: string }>
  /** Throws `tx_not_found`. With `waitMs` it waits that long, at most, for finality. */
  transaction(hash: string, waitMs?: number): Promise<TransactionView>
  invoke(name: string, request: FunctionRequest): Promise<FunctionAnswer>
  /** Keeps a file that components may mount by its CID, and that who has the CID can read. Throws `core_too_large` over `mountBytes`. */
  addFile(bytes: Uint8Array): Promise<FileView>
  putModel(name: string, bytes: Uint8Array): Promise<ModelView>
  models(): Promise<readonly ModelView[]>
  model(name: string): Promise<ModelView>
  infer(request: InferRequest): Promise<InferResult>
  /** Throws `receipt_not_found`. With `waitMs` it waits that long, at most, for the anchor. */
  receipt(id: string, waitMs?: number): Promise<ReceiptView>
  /** Canonical dag-cbor of the body. */
  receiptBytes(id: string): Promise<Uint8Array>
  /**
   * The proof bundle as a CARv1 file; throws `receipt_not_anchored` before its anchor. `salt` (of the ticket) opens what a sealed run kept;
   * `receipt_withheld` where it is another's. `from` is the height that its epoch chain begins at; the genesis without it.
   */
  bundle(id: string, options?: { readonly withModels?: boolean; readonly salt?: Uint8Array; readonly from?: number }): Promise<Uint8Array>
  chain(): Promise<ChainView>
  block(height: number): Promise<BlockView>
  /**
   * The end of an epoch. `from` is the height of a point that is trusted: with it the steps begin there. Throws `chain_height` where the epoch is not over, or does
   * not end above `from`.
   */
  epoch(epoch: number, options?: { readonly from?: number; readonly set?: boolean }): Promise<EpochView>
  /** The set of an epoch, of that of the next block without one; throws `chain_height`, `chain_pruned`. */
  power(epoch?: number): Promise<PowerView>
  /** Canonical dag-cbor of the genesis. */
  genesis(): Promise<Uint8Array>
  /** Weighs a request (`encodeVerdictRequest`) and signs what it finds wrong; throws `verdict_refused`, `core_not_canonical`, `host_busy`. */
  verdict(request: Uint8Array): Promise<VerdictView>
  /** Asks an attester to certify a TPM's chip: the bytes of a request. Throws `chip_enrolment`, `core_not_canonical`, `host_busy`. */
  attest(request: Uint8Array): Promise<ChallengeView>
  /** The certificate's canonical bytes, once, for the opened secret of a challenge. Throws `chip_enrolment`. */
  certify(id: string, secret: Uint8Array): Promise<Uint8Array>
  /** One page of a search over final blocks; throws `request_invalid`, `guest_not_found`. */
  chainEvents(request: EventsRequest): Promise<EventPage>
  /** Live until the signal aborts; throws `events_lagging` at a reader that does not keep up: it goes on behind the last id that it has. */
  events(signal: AbortSignal, request?: StreamRequest): AsyncIterable<NodeEvent>
  /** A block (`format: raw`), a CAR of the DAG or of a part of it (`car`), or the file at a path. Throws `block_not_found`. */
  ipfs(cid: string, path: string, format: 'raw' | 'car' | 'file', scope?: CarScope): Promise<IpfsAnswer>
  /** OpenMetrics text. */
  metrics(): Promise<string>
}
