/** Gas prices and other consensus numbers, by protocol version. No gas number stands anywhere else. 1 gas is one `i32.add`. */

import { LIMITS } from './limits.ts'
import { PROTOCOL } from './protocol.ts'

/** What it costs to reach into a memory of at most `pages`: a small one stays in the processor's caches, a large one misses them all and those of the page tables too. */
export interface MemoryPrices {
  /** 64 KiB each. */
  readonly pages: number
  readonly load: number
  readonly store: number
  /** memory.copy and memory.fill, beside their bytes. */
  readonly bulk: number
  /** Per 64 bytes, begun, of memory.copy, memory.fill, memory.init. */
  readonly bulk64: number
}

/** What it costs to go elsewhere in code of at most so many functions and bytes: what is seldom run lies in no cache, and where it leads cannot be foreseen. */
export interface CodePrices {
  readonly functions: number
  /** Of their bodies, as the guest brings them. */
  readonly bytes: number
  /** Conditional branches. */
  readonly branch: number
  readonly branchTable: number
  readonly call: number
  readonly callIndirect: number
}

/** How far a guest reaches: pages of 64 KiB that its memories grow to at most, its functions, and the bytes of their bodies. */
export interface Reach {
  readonly pages: number
  readonly functions: number
  readonly bytes: number
}

export interface Params {
  readonly protocol: number
  /**
   * Gas of a wasm instruction, by class. Set by measurement (`npm run -s bench -- host --only=gas`): the worst member of a class on its worst
   * operands takes at most 3 times the nanoseconds a gas of a chain of `i32.add`. Hence the dear ones: a load may miss every cache and the
   * page tables' cache, a float multiplication or division may meet numbers below the normal range, which processors do in microcode.
   */
  readonly wasm: {
    readonly base: number
    readonly compare: number
    /** Leading and trailing zeros, ones. */
    readonly bitCount: number
    readonly multiply: number
    readonly divide: number
    /** Sums, differences, least, greatest, comparisons, signs. */
    readonly float: number
    /** Rounding, between floats, and from integers. */
    readonly floatConvert: number
    readonly floatRoot: number
    /** From floats to integers. */
    readonly floatTruncate: number
    readonly floatMultiply: number
    readonly floatDivide: number
    /** By what a module's memory can grow to, the smallest first and the last one for all. */
    readonly memory: readonly MemoryPrices[]
    /** By how much code there is, the least first and the last one for all. */
    readonly code: readonly CodePrices[]
    /** What the engine does outside the code: growing memories and tables, filling them from segments, filling and copying tables; beside the size. */
    readonly engineCall: number
    /** Tables and references to functions. */
    readonly table: number
    readonly simd: number
    readonly simdFloat: number
    readonly simdMultiply: number
    readonly simdDivide: number
    /** Per page (64 KiB) of memory.grow. */
    readonly growPage: number
    /** Per element of table.grow, table.copy, table.fill, table.init. */
    readonly tableElement: number
  }
  /** Gas of making an instance of a guest that is not linked, beside its pages, its data and its table. What ordinary guests have is free: a call of a contract pays more than that costs. */
  readonly instance: {
    readonly imported: number
    readonly exported: number
    /** A function of its own. */
    readonly defined: number
    /** A global, a segment or a type. */
    readonly item: number
    /** Of all these. */
    readonly free: number
  }
  /**
   * Gas of a host call: base + per byte handed in + per byte handed out + per item either way; by the same rule. Storage is priced by a state whose pages lie decoded in memory.
   * What one that outgrew it costs more no gas pays for (bench rows `host.gas.storage-read-disk` and its like).
   */
  readonly host: {
    readonly base: number
    readonly byteIn: number
    readonly byteOut: number
    /** A string, a list, or an element of a list that is not of bytes, beside its bytes: the host makes an object of it. */
    readonly item: number
    readonly storageRead: number
    readonly storageWrite: number
    readonly storageByte: number
    /** A key of a bucket that a listing gives, beside its bytes, and one that the run wrote before it. */
    readonly listedKey: number
    readonly eventBase: number
    /** A byte of a mounted file, which each run has brought to it; and once more where the run looks at it, since then its receipt has it. */
    readonly fileByte: number
    /** One digest, and each 64 bytes of its message and padding. */
    readonly sha256Base: number
    readonly sha256Per64: number
    /** Checking one ed25519 signature, beside its message's `sha256Base` and `sha256Per64`. */
    readonly ed25519Verify: number
    /** Finding and entering another contract, beside what its instance and its run cost. */
    readonly contractCall: number
    /** Recording an inference that a contract asks for, beside its bytes (`storageByte`) and what its callback may use. */
    readonly inferenceRequest: number
    /** Per element of all input and output tensors. */
    readonly tensorElement: number
    /** Per byte of the model, an upper measure of its graph. */
    readonly tensorModelByte: number
  }
  /** Gas of a transaction before anything runs, per kind, and per byte on the wire. */
  readonly tx: {
    readonly base: number
    /** So many that a block full of bytes is full of gas: whoever fills blocks raises the base fee, with whatever he does it. */
    readonly byte: number
    readonly publishByte: number
    /** Reading the set of an epoch that is past, and checking two votes of a validator: two pairings' worth of time. */
    readonly evidence: number
    /** Checking one batch of an anchor: its signature and its place, and writing where its thread stands. */
    readonly anchorBatch: number
    /** Checking what is shown of a batch: paths, a leaf's form, another signature. */
    readonly refute: number
    /** Checking one leaf that is shown: its path, and its form as a receipt. */
    readonly reveal: number
    /** Reading a set, adding up the keys of all of it, and one pairing: a new vendor, a verdict on a leaf. */
    readonly setSignature: number
    /** One pairing and two signatures of a chip's registration; sums of keys and seats of another action. */
    readonly chipRegister: number
    readonly chipMove: number
    /** Two pairings of a node's registration; bonds and leaving. */
    readonly nodeRegister: number
    readonly nodeMove: number
  }
  /**
   * Code of contracts. Every validator reads, validates, prepares and compiles it, all functions of it, before it runs: whoever publishes a contract pays for that, and
   * whoever calls one whose code the chain no longer keeps ready.
   */
  readonly contracts: {
    /** Of making one ready, beside its bytes. */
    readonly readyBase: number
    readonly readyByte: number
    /** Bytes of code that the chain keeps ready; what was used last stays. */
    readonly warmBytes: number
    /** What the smallest counts for: so many bytes of a list of at most `warmBytes / warmLeast`. */
    readonly warmLeast: number
  }
  /** What the rollup of receipts takes and gives (docs/spec/rollup.md); its times are in rollup-state.ts. */
  readonly rollup: {
    /** What a demand pays the node for its answer, as gas at the base fee. */
    readonly answerGas: number
    /** Share of the bond that a refuted batch costs, per mille. */
    readonly bondShare: number
    /** Share of that which goes to who refuted it, per mille; the rest is burnt. */
    readonly reward: number
  }
  /** The least base fee per gas in 10^-18 UNC: that of a chain with room in its blocks. No transaction that offers less is taken. */
  readonly baseFee: bigint
  /** How the base fee follows from the gas of the block before (docs/spec/fees.md). */
  readonly fees: {
    /** Gas of a block that leaves the base fee as it is. */
    readonly target: number
    /** The base fee changes by at most one in so many from block to block. */
    readonly change: number
  }
}

/** The prices of one module's instructions. */
export type WasmPrices = Omit<Params['wasm'], 'memory' | 'code'> & Omit<MemoryPrices, 'pages'> & Omit<CodePrices, 'functions' | 'bytes'>

const priced = new WeakMap<Params['wasm'], Map<MemoryPrices, Map<CodePrices, WasmPrices>>>()

/** The prices of a module of a guest that reaches so far; 0 pages where it has no memory. The same object for the same prices. */
export function wasmPrices(params: Params['wasm'], { pages, functions, bytes }: Reach): WasmPrices {
  const { memory, code, ...wasm } = params
  const tier = memory.find((m) => pages <= m.pages) ?? memory.at(-1)
  const far = code.find((c) => functions <= c.functions && bytes <= c.bytes) ?? code.at(-1)
  if (tier === undefined || far === undefined) throw new RangeError('a parameter table without prices of memory or code')
  const tiers = priced.get(params) ?? new Map<MemoryPrices, Map<CodePrices, WasmPrices>>()
  priced.set(params, tiers)
  const made = tiers.get(tier) ?? new Map<CodePrices, WasmPrices>()
  tiers.set(tier, made)
  const found = made.get(far)
  if (found !== undefined) return found
  const { pages: _, ...ofMemory } = tier
  const { functions: _f, bytes: _b, ...ofCode } = far
  const prices = { ...wasm, ...ofMemory, ...ofCode }
  made.set(far, prices)
  return prices
}

const V1: Params = {
  protocol: PROTOCOL,
  wasm: {
    base: 1,
    compare: 3,
    bitCount: 3,
    multiply: 3,
    divide: 16,
    float: 8,
    floatConvert: 8,
    floatRoot: 24,
    floatTruncate: 16,
    floatMultiply: 150,
    floatDivide: 170,
    memory: [
      { pages: 16, load: 36, store: 36, bulk: 24, bulk64: 8 },
      { pages: 64, load: 480, store: 50, bulk: 40, bulk64: 20 },
      { pages: 256, load: 560, store: 60, bulk: 60, bulk64: 30 },
      { pages: LIMITS.memoryPages, load: 760, store: 130, bulk: 100, bulk64: 36 },
    ],
    code: [
      { functions: 256, bytes: 32 * 1024, branch: 10, branchTable: 20, call: 10, callIndirect: 72 },
      { functions: 1_024, bytes: 256 * 1024, branch: 23, branchTable: 64, call: 45, callIndirect: 90 },
      { functions: 4_096, bytes: 2 * 1024 * 1024, branch: 28, branchTable: 400, call: 250, callIndirect: 260 },
      {
        functions: LIMITS.componentFunctions,
        bytes: LIMITS.componentCodeBytes,
        branch: 28,
        branchTable: 500,
        call: 1_300,
        callIndirect: 850,
      },
    ],
    engineCall: 160,
    table: 120,
    simd: 10,
    simdFloat: 30,
    simdMultiply: 150,
    simdDivide: 170,
    growPage: 100_000,
    tableElement: 110,
  },
  instance: { imported: 1_600, exported: 3_000, defined: 400, item: 200, free: 100_000 },
  host: {
    base: 300,
    byteIn: 2,
    byteOut: 1,
    item: 400,
    storageRead: 75_000,
    storageWrite: 200_000,
    storageByte: 50,
    listedKey: 14_000,
    eventBase: 12_000,
    fileByte: 20,
    sha256Base: 3_400,
    sha256Per64: 150,
    ed25519Verify: 400_000,
    contractCall: 220_000,
    inferenceRequest: 900_000,
    tensorElement: 18,
    tensorModelByte: 16,
  },
  tx: {
    base: 800_000,
    byte: Math.ceil(LIMITS.blockGas / LIMITS.blockTxBytes),
    publishByte: 10,
    evidence: 40_000_000,
    anchorBatch: 400_000,
    refute: 12_000_000,
    reveal: 400_000,
    setSignature: 60_000_000,
    chipRegister: 14_000_000,
    chipMove: 6_000_000,
    nodeRegister: 18_000_000,
    nodeMove: 2_000_000,
  },
  contracts: { readyBase: 800_000, readyByte: 3_400, warmBytes: 2 * 1024 * 1024, warmLeast: 8 * 1024 },
  rollup: { answerGas: 1_300_000, bondShare: 500, reward: 100 },
  baseFee: 1_000_000_000n,
  fees: { target: LIMITS.blockGas / 2, change: 8 },
}

const VERSIONS: ReadonlyMap<number, Params> = new Map([[V1.protocol, V1]])

/** Parameters of a protocol version; undefined when this build does not know it. */
export function paramsOf(protocol: number): Params | undefined {
  return VERSIONS.get(protocol)
}

/** Parameters of the present protocol version. */
export const PARAMS: Params = V1

/** What a sender offers per gas where it chooses nothing: twice the base fee. It pays the base fee only, and waits for no block while that less than doubles. */
export function offeredFee(baseFee: bigint): bigint {
  return 2n * baseFee
}

/** Gas of making a contract of so many bytes ready to run. */
export function readyGas({ readyBase, readyByte }: Params['contracts'], size: number): bigint {
  return BigInt(readyBase) + BigInt(readyByte) * BigInt(size)
}

/** Gas of a component that is published, by its size in bytes: of a contract, which is made ready then, that too. */
export function publishedGas({ tx, contracts }: Pick<Params, 'tx' | 'contracts'>, world: string, size: number): bigint {
  return BigInt(tx.publishByte) * BigInt(size) + (world === 'contract' ? readyGas(contracts, size) : 0n)
}

/** A gas limit under which a component of a size is published, whatever the rest of its transaction. */
export function publishGas(world: string, size: number): bigint {
  const { base, byte } = PARAMS.tx
  return BigInt(base) + BigInt(byte) * BigInt(LIMITS.txBytes) + publishedGas(PARAMS, world, size)
}
