/** The one table of limits, the same in dev, test, node and chain. Bytes unless the name says otherwise. */
export const LIMITS = {
  // requests and values
  bodyBytes: 64 * 1024 * 1024,
  headerBytes: 16 * 1024,
  connections: 4_096, // of one thread
  arrivingBytes: 1024 * 1024 * 1024, // on one thread, of requests that are not whole; whoever stands still the longest gives way
  edgeThreads: 63,
  edgeRequests: 1_024, // in flight on one thread
  edgeRequestsPerGuest: 512, // of them to one name
  bulkMade: 4, // files, CARs and bundles put together at a time
  bulkWaiting: 256, // requests for such that wait for it
  bulkBytes: 512 * 1024 * 1024, // of such answers that are made and not sent
  jsonDepth: 64,
  cborBytes: 64 * 1024 * 1024,
  cborDepth: 64,
  cborItems: 1 << 20,
  // guests
  componentBytes: 48 * 1024 * 1024, // componentize-js makes 34 MiB of a bundle of 1.4 MB, most of it data
  guestBytes: 48 * 1024 * 1024 + 64 * 1024, // a component as it is deployed: sealed, it carries keys and tags beside
  componentModules: 64,
  componentInstances: 128,
  linkedRuns: 64, // runs of linked components in flight; beyond it is `host_busy`, never a result
  componentItems: 200_000, // types, names and items that a component is read as, a nested one at each of its instantiations; at most two for each byte
  componentFewItems: 1_024, // of them, beside those two for each byte
  componentMemories: 4,
  componentFunctions: 60_000, // of all core modules together
  componentCodeBytes: 16 * 1024 * 1024, // of the bodies of them: 9 MB of componentize-js, 7 of componentize-py, 6 of Go
  moduleFunctions: 20_000,
  tracedProbes: 65_536, // straight lines of code that a trace counts one by one; a larger module is traced by function
  sourceMapBytes: 16 * 1024 * 1024,
  deployedMapBytes: 4 * 1024 * 1024, // of a map that a node keeps beside a guest
  sourceMapSegments: 1 << 20,
  debugFiles: 65_536, // files, and folders, that the line tables of a component name
  moduleFunctionBytes: 1 << 20,
  preparedFunctionBytes: 7 << 20, // as prepared; V8 takes 7,654,321
  moduleLocals: 10_000,
  moduleTypes: 10_000,
  moduleTypeParams: 998, // engines take 1,000, of which the prepared module has two more
  moduleTypeResults: 16, // results lie several times on the engine's stack, the frame weight counts them once
  moduleImports: 4_000, // shared libraries of componentize-py
  moduleExports: 4_000, // shared libraries of componentize-py
  moduleGlobals: 10_000,
  moduleDataSegments: 100_000, // the most that engines take; the Go linker makes one for each run of data, up to as many: 32,000 in a hello world
  moduleElementSegments: 10_000,
  moduleTableEntries: 100_000,
  moduleBlockDepth: 2_000, // 1,247 in the code generator of jco
  memoryPages: 2_048, // 64 KiB each: 128 MiB
  stackBytes: 512 * 1024,
  creditGas: 32_768, // that a function may take before it looks at the counter again
  witTypeDepth: 32,
  sealChips: 64,
  // one execution
  callGas: 100_000_000,
  invokeGas: 10_000_000_000,
  queryGas: 100_000_000,
  outputBytes: 64 * 1024 * 1024,
  hostCalls: 100_000,
  valueBytes: 128 * 1024 * 1024, // of what one call hands to the host, 32 for each item included
  logBytes: 64 * 1024 * 1024,
  fetchMs: 30_000,
  fetches: 64, // outbound requests of one run
  fetchBytes: 8 * 1024 * 1024, // body of one answer
  mountBytes: 64 * 1024 * 1024, // all files that one guest mounts
  grants: 256,
  bucketKeyBytes: 1_024,
  bucketValueBytes: 64 * 1024,
  bucketKeys: 1_000, // keys that one listing gives
  programArgs: 64,
  runDeadlineMs: 60_000, // without a return to the event loop: a run of full gas ends well before
  queryModules: 16, // contracts that one query has made ready; the chain's own are
  coldLoads: 16, // guests that wait to be made ready for who asks without paying; beyond it is `host_busy`
  eventsPerCall: 1_024,
  eventBytes: 4 * 1024,
  storageKeyBytes: 1_024,
  storageValueBytes: 64 * 1024,
  callArgsBytes: 64 * 1024,
  requestBytes: 48 * 1024, // an inference that a contract asks for, its inputs and all
  requestBlocks: 1_000, // how long such a request stays open
  callDepth: 8, // contracts at work at once in one transaction, the first one counted
  // what a host holds at once; beyond it is `host_busy`, never a result
  runsInFlight: 1_024,
  tenantRuns: 256,
  tenantBytes: 512 * 1024 * 1024, // memory of a tenant's runs that wait
  heldBytes: 2 * 1024 * 1024 * 1024, // memory of all runs that wait
  pooledPages: 32, // up to 2 MiB setting a memory back costs less than a new instance
  linkedPooledPages: 256, // of all memories of a linked component: copying 9 MiB back takes 1 ms, a new instance of componentize-js 3 to 50
  pooledInstances: 1_024, // the engine reserves gigabytes of addresses for each
  tenantIdleBytes: 64 * 1024 * 1024,
  spareMemoryBytes: 16 * 1024 * 1024, // memories of instances that are gone, for new ones
  // tensors and models
  modelBytes: 64 * 1024 * 1024,
  tensorRank: 8,
  tensorElements: 1 << 24,
  tensorsPerCall: 64,
  /** Parameters of one call of a kernel, tables of places and weights among them. */
  kernelWords: 65_536,
  modelNodes: 100_000,
  modelDepth: 32,
  modelItems: 1 << 23, // names and numbers of a model, weights not counted; 8 for each node, attribute or tensor
  modelNameBytes: 1_024,
  tensorRunMs: 60_000,
  deviceRuns: 256, // on the devices of one place, waiting ones among them
  deviceBytes: 2 * 1024 * 1024 * 1024, // resident, of the process of a device on an ONNX Runtime: loaded models and the run at work
  deviceHeadBytes: 4 * 1024 * 1024, // of a message between a node and such a process, without the bytes of tensors
  devicePrice: 1_000_000, // times the runs of a node it is a whole number still
  commitmentBytes: 1 << 20, // of one inference: heads, checkpoints, exceptions
  // chain
  txBytes: 128 * 1024,
  blockTxs: 10_000,
  blockGas: 600_000_000, // at most 0.3 s, at 3 times 0.163 ns a gas (bench host.gas)
  blockTxBytes: 8 * 1024 * 1024,
  stateHistory: 256, // heights whose state stays readable
  prunedRows: 16_384, // of states that are no longer readable, deleted behind one block
  codeBlocks: 4, // for which a validator asks others for code at once
  codeModules: 512, // that it asks for of one of them; a block publishes at most 375
  codeBytes: 256 * 1024, // of them together; a block publishes at most 175,483
  pageCacheBytes: 256 * 1024 * 1024, // pages of the state that lie in memory
  exportNameBytes: 128,
  misconductBytes: 1_024, // of one validator's two votes or proposals
  roundOperators: 64, // that the environment check of a chain draws from
  roundOperatorBytes: 64, // name of one of them
  catBytes: 6_144, // of a proposer's drawn chips and their aggregate
  blockVerdictBytes: 2_048, // of one verdict in a block: a bit field of 10,000 members and an aggregate
  powerNodes: 10_000, // nodes that have power at once
  foundingPower: 2 ** 48, // of a genesis, all together: three times the power of a set is a safe integer
  chipWrappedBytes: 256,
  leasesPerEpoch: 512, // that end in one epoch
  unbondings: 16, // of one account that wait at once
  vendorNameBytes: 64,
  powerDeltaBytes: 4 * 1024 * 1024,
  mempoolTxs: 50_000,
  signaturesWaiting: 8_192, // at the threads that check them; what is over is checked by who asks
  submitsWaiting: 16_384, // transactions that a node was sent and has not judged; beyond it is `mempool_full`
  mempoolBytes: 64 * 1024 * 1024,
  mempoolPerSender: 64,
  mempoolRemembered: 10_000, // transactions that are gone, of which who asks is told why
  receiptBytes: 1_024,
  receiptModels: 3,
  receiptModelBytes: 512,
  batchReceipts: 4_096,
  anchorReceipts: 32_768, // of all batches of one anchor: their links fit a block of the store
  bloomBytes: 128 * 1024, // of one block: 104,857 items at full precision
  windowBytes: 1 << 20, // of the filter over a window of blocks
  filterCriteria: 8,
  searchRows: 4_096, // rows that one page of a search reads
  searchEntries: 1_000, // entries of one page
  listedGuests: 256, // guests of one page
  anchorPages: 64, // pages of a node's anchors that are read to find one receipt's
  eventBacklog: 1_000, // events that wait for a reader of the live stream; beyond it is cut off
  eventLag: 600, // blocks that a reader of a filtered stream may be behind
  // store
  blockBytes: 2 * 1024 * 1024,
  fileChunkBytes: 1024 * 1024,
  fileWidth: 1024,
  carBytes: 256 * 1024 * 1024,
  carBlocks: 100_000,
  pathBytes: 4 * 1024,
  epochSteps: 64, // in one answer to a light client
  jumpNewcomers: 256, // members that a light client does not know and takes by one jump; a pairing each
  bundleEpochs: 1_024, // steps of an epoch chain in one proof; a pairing each
  // chips
  chipsPerEnrolment: 64,
  chipX509Bytes: 8 * 1024, // an endorsement-key certificate, or one behind it
  enrolmentBytes: 16 * 1024, // what an attester is shown of a chip
  attesterChallenges: 64, // that wait for an answer at one attester
  attesterPerMinute: 120, // that one attester begins
  // proofs of execution
  evidenceBytes: 64 * 1024,
  disputeMessageBytes: 64 * 1024 * 1024,
  transcriptBytes: 256 * 1024 * 1024,
  // auditing what others anchored
  auditQueue: 4_096, // batches that wait to be looked at; the oldest of more are passed over
  auditBatches: 128, // batches looked at behind one block
  auditLeaves: 4_096, // leaves fetched behind one block; a batch is fetched whole
  auditRuns: 2, // runs repeated behind one block
  auditDemands: 16, // leaves that a node has asked for and that are not shown yet
  auditFetchMs: 10_000, // for one answer of a source
  auditBatchMs: 30_000, // for all leaves of a batch
  auditRunMs: 60_000, // a run that is repeated and does not end by then says nothing
  examinations: 8, // of evidence, waiting ones among them; beyond it is `host_busy`
} as const

/** A name of the table. */
export type LimitName = keyof typeof LIMITS
