/** Chips, nodes and seats as the real transactions keep them, on a state of which an attack can hide what a defence looks at. */
import {
  cidOf,
  DAG_CBOR,
  decodeChip,
  encodeChip,
  latestPower,
  paramsOf,
  utf8,
  type ChipAction,
  type ChipRecord,
  type CID,
  type NodeAction,
  type Params,
  type TxPayload,
} from '../../../runtime/core/index.ts'
import type { ChainCrypto } from '../../../runtime/consensus/index.ts'
import { addVendor, chipKey, readNode } from '../../../runtime/consensus/power/index.ts'
import { nodeOf } from '../../../runtime/consensus/power/testing/chips.ts'
import { NO_ACCOUNT, WorkingState, type TrieName } from '../../../runtime/consensus/state/index.ts'
import { applyTx, readTx, type BlockContext } from '../../../runtime/consensus/tx/index.ts'
import {
  crypto,
  signTx,
  simulatedExecutor,
  UNC,
  userOf,
  type TestUser,
  type TestValidator,
} from '../../../runtime/consensus/testing/test-kit.ts'

/** Shows a value of the off-chain trie otherwise than it is. */
export type Veil = (key: Uint8Array, value: Uint8Array) => Uint8Array | undefined

class VeiledState extends WorkingState {
  veil: Veil = (_key, value) => value

  constructor() {
    super({ get: () => undefined })
  }

  override get(trie: TrieName, key: Uint8Array): Uint8Array | undefined {
    const value = super.get(trie, key)
    return trie !== 'offchain' || value === undefined ? value : this.veil(key, value)
  }
}

const startsWith = (key: Uint8Array, prefix: string): boolean => utf8(prefix).every((b, i) => key[i] === b)

/** Records that something is there already are not seen. */
export const hideUsed: Veil = (key, value) =>
  startsWith(key, 'chip/') || startsWith(key, 'chip-identity/') || startsWith(key, 'chip-bls/') ? undefined : value

/** Chips are seen with some of their fields changed. */
export const changeChips =
  (over: Partial<ChipRecord>): Veil =>
  (key, value) =>
    startsWith(key, 'chip/') ? encodeChip({ ...decodeChip(value), ...over }) : value

export const VENDOR = userOf(70)
const GAS = 80_000_000n

export class Registry {
  readonly chainId: CID = cidOf(DAG_CBOR, utf8('registry'))
  readonly #state = new VeiledState()
  readonly #block: BlockContext
  readonly #nonces = new Map<TestUser, number>()

  /** `bondPrice` is that of a unit of power without a vendor. */
  constructor(port: ChainCrypto = crypto, bondPrice = UNC) {
    addVendor(this.#state, { name: 'vendor', key: VENDOR.key }, 0)
    this.#block = {
      chainId: this.chainId,
      height: 5,
      time: 1,
      seed: new Uint8Array(32),
      params: paramsOf(1) as Params,
      baseFee: (paramsOf(1) as Params).baseFee,
      executor: simulatedExecutor,
      crypto: port,
      power: { epochBlocks: 10, bondPrice, level0Share: 1_000, committeeSeats: 0, trustingBlocks: 100 },
      setAt: () => undefined,
    }
  }

  /** From now on the transactions see the off-chain trie so. */
  hide(veil: Veil): void {
    this.#state.veil = veil
  }

  #apply(user: TestUser, payload: TxPayload): string {
    const nonce = this.#nonces.get(user) ?? 0
    if (nonce === 0) this.#state.setAccount(user.address, { ...NO_ACCOUNT, balance: 1_000n * UNC })
    this.#nonces.set(user, nonce + 1)
    const { chainId, params } = this.#block
    const wire = signTx(user, { chainId, nonce, expiry: 100, gasLimit: GAS, maxFeePerGas: params.baseFee, payload })
    const { status, message } = applyTx(this.#state, this.#block, readTx(wire, params)).outcome
    return status === 'ok' ? 'ok' : (message ?? status)
  }

  /** How the transaction ended: `ok`, or why it was refused. */
  chip(user: TestUser, action: ChipAction): string {
    return this.#apply(user, { kind: 'chip', action })
  }

  node(user: TestUser, action: NodeAction): string {
    return this.#apply(user, { kind: 'node', action })
  }

  /** A node that is registered. */
  enrol(node: TestValidator): TestValidator {
    const why = this.node(node, nodeOf(node, this.chainId))
    if (why !== 'ok') throw new Error(why)
    return node
  }

  /** What a node has from the epoch after the next on. */
  counted(node: TestUser): { readonly certified: number; readonly software: number; readonly units: number } {
    const record = readNode(this.#state, node.key)
    if (record === undefined) return { certified: 0, software: 0, units: 0 }
    return latestPower(record)
  }

  /** A chip's record, as it is. */
  chipOf(serial: Uint8Array): ChipRecord | undefined {
    const value = WorkingState.prototype.get.call(this.#state, 'offchain', chipKey(serial))
    return value === undefined ? undefined : decodeChip(value)
  }
}
