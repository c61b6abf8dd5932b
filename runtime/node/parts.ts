/** What the services of one node share. Only `open-node.ts` makes it. */
import type { Chain } from '../consensus/index.ts'
import { keyAddress, type ChipKey, type CID, type Clock, type Header, type Kv, type Retention } from '../core/index.ts'
import { publicKeyEd25519 } from '../crypto/native.ts'
import type { Store } from '../../helia-store/index.ts'
import type { Host } from '../host/index.ts'
import type { AllReceipts, FunctionReceipts } from './receipts/index.ts'
import type { Bridge } from '../tpu-bridge/index.ts'
import type { CallRecorder, ColdLoads, EventHub, Producer, EndedCalls, SubmitQueue } from './chain/index.ts'
import type { Meters } from './meters/index.ts'
import type { SourceLines, SourceMaps } from './source-lines/index.ts'

/** What is kept of input, output and log: a default, and other choices by guest or model name. */
export interface RetentionRules {
  readonly default: Retention
  readonly routes?: Readonly<Record<string, Retention>>
}

/** An account whose key the node holds. */
export interface HeldAccount {
  readonly secret: Uint8Array
  readonly key: Uint8Array
  /** 20 bytes. */
  readonly address: Uint8Array
}

/** The account of a secret (32 bytes). */
export function heldAccount(secret: Uint8Array): HeldAccount {
  const key = publicKeyEd25519(secret)
  return { secret, key, address: keyAddress(key) }
}

/** Whether runs of functions leave receipts: a default, and other choices by name. Without one there is nothing to prove and nothing promised. */
export interface ReceiptRules {
  readonly default: 'on' | 'off'
  readonly routes?: Readonly<Record<string, 'on' | 'off'>>
}

/** A guest by its name. */
export interface NamedGuest {
  readonly world: string
  readonly module: CID
}

/** What a run needs: on the main thread of the whole node, on an edge thread of what it was told. */
export interface RunParts {
  readonly clock: Clock
  readonly chain: { readonly chainId: CID; head(): { readonly header: Pick<Header, 'height' | 'time' | 'seed'> } }
  readonly producer: Pick<Producer, 'noteTime'>
  readonly host: Pick<Host, 'load' | 'loaded' | 'invoke' | 'invokeNow'>
  readonly functionReceipts: FunctionReceipts
  readonly events: Pick<EventHub, 'emit' | 'heard'>
  readonly meters: Pick<Meters, 'ran'>
  readonly retention: RetentionRules
  readonly receipting: ReceiptRules
  readonly random: (length: number) => Uint8Array
  /** Where runs end that do not complete. */
  readonly lines: SourceLines
  /** The guest that a name has at the head; throws `guest_not_found`. */
  guestNow(name: string): NamedGuest
}

export interface Parts extends RunParts {
  readonly kv: Kv
  readonly store: Store
  readonly bridge: Bridge
  readonly host: Host
  /** Makes guests ready for who asks without paying. */
  readonly coldLoads: Pick<ColdLoads, 'load' | 'admit'>
  readonly chain: Chain
  readonly receipts: AllReceipts
  readonly recorder: CallRecorder
  readonly ended: EndedCalls
  readonly sourceMaps: SourceMaps
  readonly producer: Producer
  /** Where transactions of clients come in. */
  readonly submits: SubmitQueue
  readonly events: EventHub
  readonly meters: Meters
  /** The node's own account: it pays for anchors. */
  readonly node: HeldAccount
  readonly chip: ChipKey
  /** Publishes and calls for clients without a key; null outside dev. */
  readonly dev: HeldAccount | null
}

/** What is kept for a route. */
export function retentionOf(rules: RetentionRules, route: string): Retention {
  return rules.routes?.[route] ?? rules.default
}

/** True where runs of a function leave receipts. */
export function leavesReceipts(rules: ReceiptRules, name: string): boolean {
  return (rules.routes?.[name] ?? rules.default) === 'on'
}
