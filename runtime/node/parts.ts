/** What the services of one node share. Only `open-node.ts` makes it. */
import type { Chain } from '../consensus/index.ts'
import type { ChipKey, Clock, Kv, Retention } from '../core/index.ts'
import type { Store } from '../../helia-store/index.ts'
import type { Host } from '../host/index.ts'
import type { Receipts } from '../receipts/index.ts'
import type { Bridge } from '../tpu-bridge/index.ts'
import type { CallRecorder } from './call-recorder.ts'
import type { EventHub } from './event-hub.ts'
import type { Meters } from './meters.ts'
import type { Producer } from './producer.ts'

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

export interface Parts {
  readonly clock: Clock
  readonly kv: Kv
  readonly store: Store
  readonly bridge: Bridge
  readonly host: Host
  readonly chain: Chain
  readonly receipts: Receipts
  readonly recorder: CallRecorder
  readonly producer: Producer
  readonly events: EventHub
  readonly meters: Meters
  readonly retention: RetentionRules
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
