/** The ports where parts meet: what one part asks of another. `runtime/node` hands the real ones in. */
import type { CID } from 'multiformats/cid'
import type { Block, Cbor } from './codec/index.ts'
import type { RunStatus } from './receipt/index.ts'
import type { ArithmeticClass, NamedTensor, TensorHead } from './tensor/index.ts'
import type { WitFunction, WitValue } from './wit/index.ts'

/** Verified blocks by CID. `put` refuses bytes that do not hash to the CID (`block_mismatch`). */
export interface BlockStore {
  has(cid: CID): Promise<boolean>
  /** Throws `block_not_found`. */
  get(cid: CID): Promise<Uint8Array>
  /** Durable when it resolves. */
  putAll(blocks: readonly Block[]): Promise<void>
}

/** Files (UnixFS v1, raw leaves) over a block store. */
export interface FileStore {
  /** Stores a file and gives its CID; durable when it resolves. */
  putFile(bytes: Uint8Array): Promise<CID>
  /** The whole file; throws `block_not_found`, or `core_too_large` over maxBytes. */
  getFile(cid: CID, maxBytes?: number): Promise<Uint8Array>
}

/**
 * The whole of a file that lies on this node, without a promise: a block reads what it runs. Undefined for one of another layout than ours. Throws as `getFile` does, and
 * `block_mismatch` where the CID names no file.
 */
export type FileNow = (cid: CID, maxBytes: number) => Uint8Array | undefined

/** Ordered durable storage: keys compare as unsigned bytes. Reads see the last commit. */
export interface Kv {
  get(key: Uint8Array): Uint8Array | undefined
  /** Entries with from <= key < to, in order (or in reverse), at most `limit`. */
  range(
    from: Uint8Array,
    to: Uint8Array,
    options?: { readonly reverse?: boolean; readonly limit?: number },
  ): Iterable<readonly [Uint8Array, Uint8Array]>
  /** Applies all changes atomically, in order (undefined removes); durable (fdatasync) when it resolves. */
  commit(changes: readonly (readonly [Uint8Array, Uint8Array | undefined])[]): Promise<void>
  close(): Promise<void>
}

/** An ed25519 signature (64 bytes) of a message, to be checked under a key (32 bytes). */
export interface SignatureCheck {
  readonly signature: Uint8Array
  readonly message: Uint8Array
  readonly key: Uint8Array
}

/** An append-only file: the least a journal needs of a disk. */
export interface LogFile {
  /** Bytes in the file now. */
  size(): number
  read(at: number, length: number): Uint8Array
  /** Appends the parts, one after the other, as one write; durable only after `sync`. */
  append(...parts: readonly Uint8Array[]): void
  /** Cuts the file to a length (recovery drops a torn tail). */
  truncate(length: number): void
  /** fdatasync. A failure is final: the file must not be used again. */
  sync(): Promise<void>
  /** The same, while the thread waits: less work than a hand-over to another thread. */
  syncNow(): void
  /** Where less than half of the room behind the end is left, makes it whole again and puts it on the disk: for moments in which nobody waits for a sync. Fails as `sync`. */
  makeRoom(): void
  close(): Promise<void>
}

/** Named append-only files in one folder. */
export interface Disk {
  /**
   * With `reserve`, so many bytes of zeros may be kept behind the end: a sync that does not change the length of a file costs a fraction. `size` does not
   * count them, `truncate` and `close` cut them off; when power is lost they are there, and counted, at the next `open`.
   */
  open(name: string, reserve?: number): LogFile
  list(): readonly string[]
  remove(name: string): void
}

/** `command` is wasi:cli/command, `library` any component that exports functions and needs nothing but WASI. */
export type World = 'contract' | 'function' | 'operator' | 'command' | 'library'

/** The key that a chip keeps to itself (X25519), as guests that are sealed for it need it. */
export interface ChipKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** The content key that was wrapped for this chip (HPKE base mode, `bound` as additional data); undefined when it was not, or anything was changed. */
  unwrap(enc: Uint8Array, wrapped: Uint8Array, bound: Uint8Array): Promise<Uint8Array | undefined>
}

/** What the validator sees in a component. */
export interface GuestInfo {
  readonly module: CID
  readonly world: World
  readonly exports: readonly WitFunction[]
  /** Interfaces imported, e.g. `wasi:http/types@0.2.3`. */
  readonly imports: readonly string[]
}

/**
 * The chain's view that a contract runs in. Values are bytes; the host never reads the chain in any other way. Addresses are text. Bytes handed over are
 * not written to afterwards, by either side: they are copies of what lies in a guest's memory.
 */
export interface ContractEnv {
  /** Who called: the signer, or the contract that calls this one. */
  readonly caller: string
  /** Who signed the transaction or asks the query: the first caller. */
  readonly signer: string
  readonly contract: string
  /** Who owns the contract's name, and alone publishes its next version. */
  readonly owner: string
  /** Which version of the name runs, from 1. */
  readonly version: number
  readonly height: number
  readonly time: number
  readonly chainId: string
  /** Undefined when absent. */
  get(key: Uint8Array): Uint8Array | undefined
  /** Undefined value removes. A query's env throws `query_write`. */
  set(key: Uint8Array, value: Uint8Array | undefined): void
  /** `data` is canonical dag-cbor, checked by the host. */
  emit(name: string, data: Uint8Array): void
  /** The contract of a name or an address in text, as this one calls it; undefined where there is none. */
  callee(asked: string): Callee | undefined
  /** Marks a point among the changes and events of the whole transaction. */
  checkpoint(): number
  /** Takes back all changes and events since the mark, whichever contract made them. */
  revert(mark: number): void
}

/** A contract that another one calls. */
export interface Callee {
  readonly module: CID
  readonly env: ContractEnv
  /** Gas of making its code ready, which it pays out of what it is given, before anything else; 0 where the chain keeps it ready. */
  readonly ready: bigint
  /** To be called when that was paid, before it runs. */
  enter(): void
}

/** Exports that the chain alone calls: when the name is published first, and when it gets a later version. */
export const CONTRACT_HOOKS = ['init', 'migrate'] as const

/** One of `CONTRACT_HOOKS`. */
export type ContractHook = (typeof CONTRACT_HOOKS)[number]

/** One run of a contract's export: arguments are checked against its WIT, `gasLimit` is of this run alone. */
export interface ContractRun {
  readonly module: CID
  readonly entry: string
  readonly args: readonly WitValue[]
  readonly gasLimit: bigint
  readonly env: ContractEnv
  /** The chain calls a hook; nobody else may. */
  readonly hook?: boolean
}

/** How a run of any guest ended. Only `ok` has a result. On `trap` and `out-of-gas` gas is the whole limit. */
export interface RunOutcome {
  readonly status: RunStatus
  readonly result: WitValue
  readonly gas: bigint
  /** Why it did not complete, for people; never hashed. */
  readonly message?: string
  /** The function in which the run ended before its time, where it can be told; never hashed. */
  readonly where?: string
  /** Where it ended, innermost first; never hashed. */
  readonly frames?: readonly GuestFrame[]
  /** Gas by function, most first, where the executor profiles; the sum is `gas`. */
  readonly profile?: readonly FunctionGas[]
  /** What the probes of the profiling variant counted, in their order; none where it counts by function only. */
  readonly probes?: readonly bigint[]
  /** For people; never hashed. */
  readonly budgets?: Budgets
  /** The limit that ended the run, by its name among `Budgets`. */
  readonly limit?: keyof Budgets
}

/** What a run used of something, and what it might have. */
export interface Budget {
  readonly used: number | bigint
  readonly allowed: number | bigint
}

/**
 * By name of the limit in `limits.ts`, and `gas`. A run has those that its world has; `stackBytes` only where the executor profiles; `headerBytes`, which
 * each head has for itself, only as the limit that ended it.
 */
export type Budgets = Readonly<
  Partial<Record<'gas' | 'memoryPages' | 'stackBytes' | 'hostCalls' | 'outputBytes' | 'logBytes' | 'eventsPerCall' | 'headerBytes', Budget>>
>

/** A function of the guest that was at work when a run ended before its time. */
export interface GuestFrame {
  /** Of the function, imports first. */
  readonly index: number
  /** Byte in the prepared module, or its profiling variant. */
  readonly at: number
  /** Place of its core module in a component that is linked; undefined where there is one. */
  readonly module?: number
}

/** A line of a profile: a function of the guest, or `host: <import>`, `instance`, `abi` (arguments and result), `contract NAME: <its line>`, `burnt`. */
export interface FunctionGas {
  readonly name: string
  /** A function of the guest's own. */
  readonly own: boolean
  /** Of a module whose straight lines are not counted: no probe has its gas. */
  readonly uncounted?: true
  readonly gas: bigint
  /** How often it was entered. */
  readonly calls: number
}

/**
 * Runs contract exports, synchronously: the chain executes blocks with it. What a block runs is made ready at once where it is not, and held until `keep`;
 * `host_module_missing` is thrown of a module whose bytes are not on this node.
 */
export interface ContractExecutor {
  /** Runs in a block. Throws `host_module_missing`. */
  run(run: ContractRun): RunOutcome
  /** Runs outside of blocks, and makes nothing ready: throws `host_module_missing` where this module, or one that it calls, is not. */
  query(run: ContractRun): RunOutcome
  /** Makes a contract ready before a block runs it. Throws `host_module_missing`. */
  ready(module: CID): void
  /** Whether the module is a contract with this export. Throws `host_module_missing`. */
  has(module: CID, entry: string): boolean
  /** Whether the file of a module, of exactly so many bytes, lies on this node. */
  holds(module: CID, bytes: number): boolean
  /** Whether a module is a contract. Throws `host_module_missing` where its file, of exactly so many bytes, is not on this node; no node has one of another size than it has. */
  measures(module: CID, bytes: number): boolean
  /** Lets go of what blocks ran, but for these modules. The same array says that nothing changed. */
  keep(modules: readonly CID[]): void
}

/** A module's file that a block needs, and its size. */
export interface CodeNeed {
  readonly module: CID
  readonly bytes: number
}

/**
 * Asks nodes (by their keys) for files of modules; promises nothing. What comes is handed to the asking node in any order, late, twice or never, and is checked there. A transport
 * takes no more of an answer than the bytes that were asked for, and may ask others where it reaches none of these (docs/spec/agreement.md).
 */
export type AskForCode = (needs: readonly CodeNeed[], nodes: readonly Uint8Array[]) => void

/** Tensor inference as a guest or the gateway asks for it. `model` is a name or a CID in text. */
export interface TensorBridge {
  infer(model: string, inputs: readonly NamedTensor[], arithmetic: ArithmeticClass): Promise<InferOutcome>
  /** Gas of an inference: a formula over model and shapes, never time. Throws what `infer` would for a bad model or input. */
  gasOf(model: string, inputs: readonly NamedTensor[]): bigint | Promise<bigint>
}

/** What an inference gave, and what it commits to. */
export interface InferOutcome {
  readonly model: CID
  /** Arithmetic id of the device that ran it, e.g. `exact:onnxruntime-web@1.30.0:<sha256 of wasm>`. */
  readonly arithmetic: string
  readonly outputs: readonly NamedTensor[]
  readonly root: Uint8Array
  /** What `root` is the digest of, as a file whose sha256 is that root (`commitmentFile`). */
  readonly commitment?: Uint8Array
  /** The heads that `root` commits to, where the bridge hands them on: large tensors need not be hashed again. */
  readonly heads?: { readonly inputs: readonly TensorHead[]; readonly outputs: readonly TensorHead[] }
}

/** One entry of a host-result log: canonical, replayable. Large bytes stand as sha256; the bytes themselves travel as files. */
export interface HostLog {
  readonly entries: readonly Cbor[]
  /** Files named by the entries, by lower-case hex of their sha256. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** What a guest asks of another host; hop-by-hop fields are not among the headers. */
export interface OutboundRequest {
  readonly method: string
  /** `http:` or `https:`, with path and query. */
  readonly url: string
  readonly headers: readonly (readonly [string, Uint8Array])[]
  readonly body: Uint8Array
  /** The answer's body may not be larger. */
  readonly maxBytes: number
}

/** An answer, or why there is none: a case of `error-code` of wasi:http without payload, e.g. `connection-refused`. */
export type OutboundResponse =
  | { readonly status: number; readonly headers: readonly (readonly [string, Uint8Array])[]; readonly body: Uint8Array }
  | { readonly error: string }

/** HTTP to the outside, for guests. It follows no redirect, and never throws but for a fault of the node. */
export interface Fetcher {
  fetch(request: OutboundRequest): Promise<OutboundResponse>
}

/** Key-value buckets of a node, for guests. Writes are seen at once by later reads. */
export interface BucketStore {
  get(bucket: string, key: string): Uint8Array | undefined
  /** An undefined value removes. */
  set(bucket: string, key: string, value: Uint8Array | undefined): void
  /** Keys in order behind `after`, at most `limit`. */
  keys(bucket: string, after: string, limit: number): readonly string[]
  /** Resolves when all that was set before is on disk; rejects where the disk failed. */
  written(): Promise<void>
}
