/** What goes into the machine and what comes out. Effects are carried out in order: a `persist` is durable before what stands behind it. */
import type { Evidence, BlockId, FinalNotice, Message, Quorum, HeightSetup, SignedRow } from '../messages/index.ts'

/** Who sent a message, as the network has authenticated it. */
export type Peer = string

export type TimedStep = 'propose' | 'prevote' | 'precommit' | 'resend'

export type BftEvent =
  /** A height begins: the block before it is durable. `row` is what this node signed before it stopped. */
  | { readonly type: 'enter'; readonly setup: HeightSetup; readonly row?: SignedRow }
  | { readonly type: 'message'; readonly from: Peer; readonly message: Message }
  | { readonly type: 'timeout'; readonly height: number; readonly round: number; readonly step: TimedStep }
  /** The block asked for by `build`. */
  | { readonly type: 'built'; readonly height: number; readonly round: number; readonly payload: Uint8Array }
  /** Code came that blocks lacked. */
  | { readonly type: 'code' }
  /** The answer to `check`; none as long as the node lacks code that the block needs. `timely` is of the header's time against the own clock: it decides a first proposal only. */
  | { readonly type: 'checked'; readonly height: number; readonly block: BlockId; readonly valid: boolean; readonly timely: boolean }

/** Why a message was not taken. Those in `OFFENCES` cannot come from an honest peer. */
export type Refusal =
  | 'stale'
  | 'early'
  | 'duplicate'
  | 'round'
  | 'member'
  | 'leader'
  | 'payload'
  | 'signature'
  | 'lock'
  | 'certificate'
  | 'verdict'
  /** A verdict by who came to another result than this node: it cannot tell whether that was signed. */
  | 'result'
  /** A file that is not the module's. */
  | 'code'

export const OFFENCES: ReadonlySet<Refusal> = new Set([
  'member',
  'leader',
  'payload',
  'signature',
  'lock',
  'certificate',
  'verdict',
  'code',
])

export type BftEffect =
  | { readonly type: 'persist'; readonly row: SignedRow }
  /** To everybody, or to one peer. */
  | { readonly type: 'send'; readonly message: Message; readonly to?: Peer }
  | { readonly type: 'timer'; readonly height: number; readonly round: number; readonly step: TimedStep; readonly ms: number }
  | { readonly type: 'build'; readonly height: number; readonly round: number }
  | { readonly type: 'check'; readonly height: number; readonly block: BlockId; readonly payload: Uint8Array }
  /** `told`: by the certificate that others put together. */
  | { readonly type: 'commit'; readonly final: FinalNotice; readonly told: boolean }
  | { readonly type: 'evidence'; readonly evidence: Evidence }
  | { readonly type: 'refuse'; readonly from: Peer; readonly why: Refusal }
  /** More than two thirds stand behind a block that does not run here: this node must stop. */
  | { readonly type: 'halt'; readonly certificate: Quorum }
