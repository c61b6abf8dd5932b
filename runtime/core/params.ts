/** Gas prices and other consensus numbers, by protocol version. No gas number stands anywhere else. 1 gas is one `i32.add`. */

import { LIMITS } from './limits.ts'

export interface Params {
  readonly protocol: number
  /** Gas of a wasm instruction, by class. */
  readonly wasm: {
    readonly base: number
    readonly memory: number
    readonly multiply: number
    readonly divide: number
    readonly float: number
    readonly floatDivide: number
    readonly call: number
    readonly callIndirect: number
    readonly branchTable: number
    readonly simd: number
    /** Per page (64 KiB) of memory.grow. */
    readonly growPage: number
    /** Per 64 bytes, begun, of memory.copy, memory.fill, memory.init. */
    readonly bulk64: number
    /** Per element of table.grow, table.copy, table.fill, table.init. */
    readonly tableElement: number
  }
  /** Gas of a host call: base + per byte handed in + per byte handed out. */
  readonly host: {
    readonly base: number
    readonly byteIn: number
    readonly byteOut: number
    readonly storageRead: number
    readonly storageWrite: number
    readonly storageByte: number
    readonly eventBase: number
    readonly sha256Per64: number
    /** Per element of all input and output tensors. */
    readonly tensorElement: number
    /** Per byte of the model, an upper measure of its graph. */
    readonly tensorModelByte: number
  }
  /** Gas of a transaction before anything runs, per kind, and per byte on the wire. */
  readonly tx: {
    readonly base: number
    readonly byte: number
    readonly publishByte: number
  }
  /** Fee per gas in 10^-18 UNC below which no transaction is taken. */
  readonly baseFee: bigint
}

const V1: Params = {
  protocol: 1,
  wasm: {
    base: 1,
    memory: 2,
    multiply: 2,
    divide: 12,
    float: 3,
    floatDivide: 8,
    call: 6,
    callIndirect: 12,
    branchTable: 4,
    simd: 3,
    growPage: 20_000,
    bulk64: 8,
    tableElement: 4,
  },
  host: {
    base: 200,
    byteIn: 1,
    byteOut: 1,
    storageRead: 2_000,
    storageWrite: 10_000,
    storageByte: 50,
    eventBase: 1_000,
    sha256Per64: 400,
    tensorElement: 2,
    tensorModelByte: 8,
  },
  tx: { base: 10_000, byte: 10, publishByte: 10 },
  baseFee: 1_000_000_000n,
}

const VERSIONS: ReadonlyMap<number, Params> = new Map([[V1.protocol, V1]])

/** The protocol version of new blocks and receipts. */
export const PROTOCOL = V1.protocol

/** Parameters of a protocol version; undefined when this build does not know it. */
export function paramsOf(protocol: number): Params | undefined {
  return VERSIONS.get(protocol)
}

/** Parameters of the present protocol version. */
export const PARAMS: Params = V1

/** A gas limit under which a component of a size is published, whatever the rest of its transaction. */
export function publishGas(size: number): bigint {
  const { base, byte, publishByte } = PARAMS.tx
  return BigInt(base) + BigInt(byte) * BigInt(LIMITS.txBytes) + BigInt(publishByte) * BigInt(size)
}
