/**
 * What one receipt costs, by the size of its batch. Build: openings, begin and end of the run. Seal: salts, digests, seed, body, id,
 * leaf and Merkle tree. Apart: the share of the signature, the journal's record, and id and attestation for the answer.
 */
import {
  cidOf,
  DAG_CBOR,
  digest,
  ReceiptLayouts,
  requestOpening,
  responseOpening,
  sha256,
  utf8,
  withoutSecrets,
  type BatchStatement,
  batchMessage,
} from '../../runtime/core/index.ts'
import { openSigner, useNativeHashes } from '../../runtime/crypto/native.ts'
import type { BatchTree } from '../../runtime/receipts/batch-tree.ts'
import { ClosedBatch } from '../../runtime/receipts/closed-batch.ts'
import type { IssuedReceipt } from '../../runtime/receipts/issued.ts'
import { ALL_LANES, Lanes, Run, type RunContext } from '../../runtime/receipts/lanes.ts'
import { encodeRecord } from '../../runtime/receipts/record.ts'
import { Sealer } from '../../runtime/receipts/sealer.ts'
import { rowOf, type Row } from '../row.ts'

const AREA = 'host'
const BATCHES = [1, 8, 16, 64, 128] as const
const ROUNDS = 15
/** Receipts of one measurement. */
const SAMPLE = 1_024
/** Some 150 ms of work, against ticks of 4. */
const CPU_SAMPLE = 16 * 1_024

const PHASES = ['build', 'seal', 'sign', 'journal', 'answer'] as const
type Phase = (typeof PHASES)[number]

const HEADERS = [
  ['host', utf8('127.0.0.1:8787')],
  ['user-agent', utf8('bench/1.0')],
  ['accept', utf8('*/*')],
] as const
const ANSWER_HEADERS = [['content-type', utf8('text/plain')]] as const
const BODY = utf8('hello from a function at the edge')
const EMPTY = sha256(new Uint8Array(0))

const signer = openSigner(digest('bench-node', utf8('receipt')))
const key = digest('bench-journal', utf8('receipt'))
const module = cidOf(DAG_CBOR, utf8('module'))
const chainId = cidOf(DAG_CBOR, utf8('chain'))
const chainSeed = sha256(utf8('seed'))
const salts = Array.from({ length: SAMPLE }, (_, i) => digest('bench-salt', Uint8Array.of(i, i >> 8)).slice(0, 16))

/** Microseconds of this thread's CPU: counted in ticks of some milliseconds, so only good over many samples. */
const cpuUs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return user + system
}

/** What runs of one node share, and the receipts that they have issued. */
class Bench {
  readonly issued: IssuedReceipt[] = []
  readonly sealer = new Sealer((fn) => fn())
  readonly #context: RunContext
  #first = 0
  #prev: Uint8Array = new Uint8Array(32)

  constructor() {
    this.#context = {
      lanes: new Lanes(ALL_LANES),
      sealer: this.sealer,
      layouts: new ReceiptLayouts(signer.key),
      ready() {},
      queued: (issued) => void this.issued.push(issued),
      hurry() {},
    }
  }

  /** A run of a small function: a request with three headers, an answer with a body of 34 bytes. */
  run(salt: Uint8Array): void {
    const input = (secret: () => Uint8Array) => requestOpening('GET', '/fn/hello?x=1', withoutSecrets(HEADERS, secret), EMPTY)
    const run = new Run(this.#context, { module, chainSeed, input }, salt)
    const body = Uint8Array.from(BODY)
    const hash = sha256(body)
    run.finish({
      kind: 'invoke',
      world: 'function',
      entry: 'handle',
      status: 'ok',
      gas: 123_456n,
      protocol: 1,
      models: [],
      context: { chainId, height: 1_000, time: 1_790_000_000_000 },
      retention: 'public',
      output: responseOpening(
        200,
        withoutSecrets(ANSWER_HEADERS, () => run.secretSalt),
        hash,
      ),
      log: null,
      files: [[hash, body]],
    })
  }

  /** Seals a batch; gives its statement and tree. */
  seal(receipts: readonly IssuedReceipt[]): { readonly statement: BatchStatement; readonly tree: BatchTree } {
    const { tree } = this.sealer.batch(receipts)
    const statement = { node: signer.key, thread: 0, first: this.#first, size: receipts.length, prev: this.#prev, root: tree.root }
    this.#first += receipts.length
    this.#prev = tree.root
    return { statement, tree }
  }
}

/** Runs `SAMPLE` receipts in batches of `size`; gives microseconds of wall time a receipt by phase. */
function sample(size: number): Record<Phase, number> {
  const bench = new Bench()
  const spent: Record<Phase, number> = { build: 0, seal: 0, sign: 0, journal: 0, answer: 0 }
  let answered = 0
  let at = performance.now()
  const lap = (phase: Phase): void => {
    const now = performance.now()
    spent[phase] += ((now - at) * 1000) / SAMPLE
    at = now
  }
  for (let from = 0; from < SAMPLE; from += size) {
    at = performance.now()
    for (let i = from; i < from + size; i++) bench.run(salts[i] as Uint8Array)
    lap('build')
    const receipts = bench.issued.splice(0)
    const { statement, tree } = bench.seal(receipts)
    lap('seal')
    const sig = signer.sign(batchMessage(chainId, statement))
    lap('sign')
    answered += encodeRecord(key, 0, 0, [{ batch: statement, sig, entries: receipts }]).length
    lap('journal')
    const closed = new ClosedBatch(statement, sig, tree)
    for (let i = 0; i < size; i++) {
      const receipt = receipts[i] as IssuedReceipt
      receipt.durable(closed, i)
      answered += receipt.idText.length + receipt.attestation().length
    }
    lap('answer')
  }
  if (answered < SAMPLE * 59) throw new Error('nothing was measured')
  return spent
}

/** CPU of build and seal in batches of 16, microseconds a receipt. */
function buildAndSeal(): number {
  const bench = new Bench()
  const before = cpuUs()
  for (let at = 0; at < CPU_SAMPLE; at += 16) {
    for (let i = at; i < at + 16; i++) bench.run(salts[i % SAMPLE] as Uint8Array)
    bench.seal(bench.issued.splice(0))
  }
  return (cpuUs() - before) / CPU_SAMPLE
}

/** Rows `host.receipt.*`: the first is CPU time, those by phase are wall time. */
export async function receiptRows(emit: (row: Row) => void): Promise<void> {
  useNativeHashes()
  const cpu: number[] = []
  const measured = BATCHES.map((size) => ({ size, rounds: [] as Record<Phase, number>[] }))
  for (let round = -2; round < ROUNDS; round++) {
    for (const { size, rounds } of measured) {
      const spent = sample(size)
      if (round >= 0) rounds.push(spent)
    }
    if (round >= 0) cpu.push(buildAndSeal())
  }
  emit(
    rowOf(AREA, { id: 'host.receipt.cpu-us', row: 'CPU of a receipt, build and seal, batches of 16', unit: 'us', values: cpu, atMost: 10 }),
  )
  for (const { size, rounds } of measured) {
    const values = rounds.map((r) => r.build + r.seal)
    emit(rowOf(AREA, { id: `host.receipt.b${size}`, row: `time of a receipt, build and seal, batches of ${size}`, unit: 'us', values }))
    for (const phase of PHASES)
      emit(
        rowOf(AREA, {
          id: `host.receipt.b${size}.${phase}`,
          row: `of it or apart: ${phase}`,
          unit: 'us',
          values: rounds.map((r) => r[phase]),
        }),
      )
  }
}
