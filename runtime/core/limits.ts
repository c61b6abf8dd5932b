/** The one table of limits, the same in dev, test, node and chain. Bytes unless the name says otherwise. */
export const LIMITS = {
  // requests and values
  bodyBytes: 64 * 1024 * 1024,
  headerBytes: 16 * 1024,
  edgeThreads: 63,
  edgeRequests: 1_024, // in flight on one thread
  edgeRequestsPerGuest: 512, // of them to one name
  jsonDepth: 64,
  cborBytes: 64 * 1024 * 1024,
  cborDepth: 64,
  cborItems: 1 << 20,
  // guests
  componentBytes: 16 * 1024 * 1024,
  moduleFunctions: 20_000,
  moduleFunctionBytes: 1 << 20,
  moduleLocals: 10_000,
  moduleTypes: 10_000,
  moduleTypeParams: 1_000,
  moduleTypeResults: 16, // results lie several times on the engine's stack, the frame weight counts them once
  moduleImports: 1_000,
  moduleExports: 1_000,
  moduleGlobals: 10_000,
  moduleDataSegments: 10_000,
  moduleElementSegments: 10_000,
  moduleTableEntries: 100_000,
  moduleBlockDepth: 1_000,
  memoryPages: 2_048, // 64 KiB each: 128 MiB
  stackBytes: 512 * 1024,
  witTypeDepth: 32,
  // one execution
  callGas: 100_000_000,
  invokeGas: 10_000_000_000,
  queryGas: 100_000_000,
  outputBytes: 64 * 1024 * 1024,
  hostCalls: 100_000,
  logBytes: 64 * 1024 * 1024,
  runDeadlineMs: 60_000, // without a return to the event loop: a run of full gas ends well before
  eventsPerCall: 1_024,
  eventBytes: 4 * 1024,
  storageKeyBytes: 1_024,
  storageValueBytes: 64 * 1024,
  callArgsBytes: 64 * 1024,
  // tensors and models
  modelBytes: 64 * 1024 * 1024,
  tensorRank: 8,
  tensorElements: 1 << 24,
  tensorsPerCall: 64,
  modelNodes: 100_000,
  modelDepth: 32,
  tensorRunMs: 60_000,
  // chain
  txBytes: 128 * 1024,
  blockTxs: 10_000,
  blockGas: 1_000_000_000,
  blockTxBytes: 8 * 1024 * 1024,
  stateHistory: 256, // heights whose state stays readable
  exportNameBytes: 128,
  mempoolTxs: 50_000,
  mempoolPerSender: 64,
  receiptBytes: 1_024,
  receiptModels: 3,
  receiptModelBytes: 512,
  batchReceipts: 4_096,
  // store
  blockBytes: 2 * 1024 * 1024,
  fileChunkBytes: 1024 * 1024,
  fileWidth: 1024,
  carBytes: 256 * 1024 * 1024,
  carBlocks: 100_000,
  pathBytes: 4 * 1024,
} as const

export type LimitName = keyof typeof LIMITS
