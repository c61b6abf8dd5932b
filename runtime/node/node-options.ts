/** What a node is told when it is opened. */
import type { UtnetError } from '../core/index.ts'
import type { Finding } from './auditor/index.ts'
import type { RemoteServer } from './models/index.ts'
import type { ReceiptRules, RetentionRules } from './parts.ts'
import type { NodeDispute } from './piee/index.ts'

/** Everything but the folder has a default. */
export interface NodeOptions {
  /** Data folder; made when it is not there. */
  readonly data: string
  /** What is kept of inputs, outputs and logs; `public` for a dev chain unless told. */
  readonly retention?: RetentionRules
  /** Whether runs of functions leave receipts; they do unless told. */
  readonly receipts?: ReceiptRules
  /** Edge threads, which serve HTTP beside the main thread; 0 unless told: then everything runs on this one. At most `LIMITS.edgeThreads`. */
  readonly threads?: number
  /** Threads that check signatures of transactions beside the main one; 0 unless told. They start when there is enough for them. */
  readonly verifiers?: number
  /** After how many milliseconds in one run an edge thread is ended; `LIMITS.runDeadlineMs` unless told. */
  readonly deadlineMs?: number
  /** Told when an edge thread was ended or came down; it is started again. */
  readonly onRestart?: (error: UtnetError) => void
  /** Devices in order of preference (docs/devices.md); `onnx-cpu`, `wasm`, `onnx-web` and `wasm-mixed` unless told. */
  readonly devices?: readonly string[]
  /** Provider of device `onnx-gpu`, e.g. `webgpu`. */
  readonly gpu?: string
  /** Server of device `remote`. */
  readonly remote?: RemoteServer
  /** What a run costs on a device, by its id: whole numbers from 1 (docs/devices.md). */
  readonly prices?: Readonly<Record<string, number>>
  /** The component that device `wasm` runs; that of the package unless told. */
  readonly exactComponent?: Uint8Array
  /** Blocks of an epoch, where this start makes the chain; 600 unless told. */
  readonly epochBlocks?: number
  /** The node lies in one of so many inferences; only under a dev genesis. */
  readonly cheat?: number
  /** Where it is given, a node that lies audits itself and disputes what it finds; told of disputes, with the file of the transcript. */
  readonly onDispute?: (found: NodeDispute, transcript: string) => void
  /** Told of a chip that sits at the node and does not open: its blocks earn nothing then. */
  readonly onMissingChip?: (serial: Uint8Array, error: UtnetError) => void
  /** Whether the node looks at what other nodes anchor (docs/spec/rollup.md); it does unless told. */
  readonly audit?: boolean
  /** Gateways of other nodes, where their data can be had. */
  readonly auditFrom?: readonly string[]
  /** Folder with the certificates of TPM makers: then the node certifies the chips of TPMs that ask (docs/spec/chips.md). Only a vendor of the chain can. */
  readonly attesterRoots?: string
  /** Told of what should not happen in the audit, which goes on. */
  readonly onAuditFailure?: (error: UtnetError) => void
  /** Told of what the audit found; with the file of the request where other validators have to be asked. */
  readonly onFinding?: (finding: Finding, request: string | undefined) => void
  /** Told of a block that the disk damaged: the node goes on without what it says. */
  readonly onDamage?: (error: UtnetError) => void
  /** Told of what ends the node by itself: a disk or chain that failed. */
  readonly onFailure?: (error: UtnetError) => void
}
