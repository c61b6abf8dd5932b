/** The ports where parts meet: what one part asks of another. `runtime/node` hands the real ones in. */
import type { CID } from 'multiformats/cid'
import type { Block } from './cid.ts'
import type { Cbor } from './codec.ts'
import type { RunStatus } from './receipt.ts'
import type { ArithmeticClass, NamedTensor, TensorHead } from './tensor.ts'
import type { WitFunction } from './wit-type.ts'
import type { WitValue } from './wit-value.ts'

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
  close(): Promise<void>
}

/** Named append-only files in one folder. */
export interface Disk {
  open(name: string): LogFile
  list(): readonly string[]
  remove(name: string): void
}

export type World = 'contract' | 'function' | 'operator'

/** What the validator sees in a component. */
export interface GuestInfo {
  readonly module: CID
  readonly world: World
  readonly exports: readonly WitFunction[]
  /** Interfaces imported, e.g. `wasi:http/types@0.2.3`. */
  readonly imports: readonly string[]
}

/** The chain's view that a contract runs in. Values are bytes; the host never reads the chain in any other way. */
export interface ContractEnv {
  readonly caller: string
  readonly contract: string
  readonly height: number
  readonly time: number
  readonly chainId: string
  /** Undefined when absent. */
  get(key: Uint8Array): Uint8Array | undefined
  /** Undefined value removes. A query's env throws `query_write`. */
  set(key: Uint8Array, value: Uint8Array | undefined): void
  /** `data` is canonical dag-cbor, checked by the host. */
  emit(name: string, data: Uint8Array): void
}

export interface ContractRun {
  readonly module: CID
  readonly entry: string
  readonly args: readonly WitValue[]
  readonly gasLimit: bigint
  readonly env: ContractEnv
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
  /** Gas by function, most first, where the executor profiles; the sum is `gas`. */
  readonly profile?: readonly FunctionGas[]
}

/** A line of a profile: a function of the guest, or `host: <import>`, `instance`, `abi` (arguments and result), `burnt`. */
export interface FunctionGas {
  readonly name: string
  readonly gas: bigint
  /** How often it was entered. */
  readonly calls: number
}

/** Runs contract exports, synchronously: the chain executes blocks with it. */
export interface ContractExecutor {
  run(run: ContractRun): RunOutcome
}

/** Tensor inference as a guest or the gateway asks for it. `model` is a name or a CID in text. */
export interface TensorBridge {
  infer(model: string, inputs: readonly NamedTensor[], arithmetic: ArithmeticClass): Promise<InferOutcome>
  /** Gas of an inference: a formula over model and shapes, never time. Throws what `infer` would for a bad model or input. */
  gasOf(model: string, inputs: readonly NamedTensor[]): bigint | Promise<bigint>
}

export interface InferOutcome {
  readonly model: CID
  /** Arithmetic id of the device that ran it, e.g. `exact:onnxruntime-web@1.30.0:<sha256 of wasm>`. */
  readonly arithmetic: string
  readonly outputs: readonly NamedTensor[]
  readonly root: Uint8Array
  /** The heads that `root` commits to, where the bridge hands them on: large tensors need not be hashed again. */
  readonly heads?: { readonly inputs: readonly TensorHead[]; readonly outputs: readonly TensorHead[] }
}

/** One entry of a host-result log: canonical, replayable. Large bytes stand as sha256; the bytes themselves travel as files. */
export interface HostLog {
  readonly entries: readonly Cbor[]
  /** Files named by the entries, by lower-case hex of their sha256. */
  readonly files: ReadonlyMap<string, Uint8Array>
}
