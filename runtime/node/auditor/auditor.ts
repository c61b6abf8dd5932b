/**
 * Reads what other nodes anchor, and says so where it is wrong: a leaf that breaks a rule is refuted, one that is not to be had is asked for, and of a run that gives
 * something else when it is repeated this node's verdict is signed. What it looks at is drawn (`draw.ts`), and bounded behind each block. docs/spec/rollup.md
 */
import {
  asUint,
  compareBytes,
  decode,
  decodeReceipt,
  decodeTx,
  demandId,
  encode,
  encodeVerdictRequest,
  equalBytes,
  formatKey,
  isUtnetError,
  LIMITS,
  receiptId,
  ROLLUP,
  rollupEnds,
  toHex,
  utf8,
  verifyInclusion,
  leafHash,
  type AnchoredBatch,
  type AuditView,
  type BatchStatement,
  type Clock,
  type LeafEvidence,
  type Kv,
  type ShownLeaf,
} from '../../core/index.ts'
import type { Chain } from '../../consensus/index.ts'
import type { HeldAccount } from '../parts.ts'
import { BEACON_BLOCKS, drawnLeaf, rankOf, type Draw } from './draw.ts'
import { faultOf, fetchLeaves, shownOf, targetOf, type Anchored } from './leaves.ts'
import type { Examiner } from './examiner.ts'
import { Refutations } from './refutations.ts'
import { firstOf, type AuditSource } from './sources.ts'
import { soleVerdict, weigh, type VerdictOptions } from './verdicts.ts'

/** Blocks in which data may still come before a leaf is asked for. */
const PATIENCE = 8
/** Blocks after which it is written down how far the audit came, where there was nothing to look at. */
const MARK_BLOCKS = 64
/** A leaf above this does not fit a transaction: it is asked for instead, and cannot be shown. */
const SHOWN_BYTES = 64 * 1024
const MARK = utf8('audit/mark')

/** What an audit came to. */
export interface Finding {
  /** `ed25519:<hex>` of who anchored. */
  readonly node: string
  readonly anchor: string
  readonly why: string
  /** Sent: the chain decides. Asked: the node has to show a leaf. Signed: it takes more power than this node has. */
  readonly done: 'sent' | 'asked' | 'signed'
  /** Where it takes more power, the request that validators are asked with. */
  readonly request?: Uint8Array
}

export interface AuditorOptions extends Omit<VerdictOptions, 'chain' | 'node' | 'examiner'> {
  /** The audit's own: it ends with it. */
  readonly examiner: Examiner
  readonly chain: Chain
  readonly node: HeldAccount
  readonly clock: Pick<Clock, 'nowMs'>
  readonly kv: Kv
  readonly sources: readonly AuditSource[]
  readonly onFinding: (finding: Finding) => void
  /** Told that a transaction waits for a block. */
  readonly onSubmit: () => void
  /** Told of what should not happen; the audit goes on. */
  readonly onFailure: (error: unknown) => void
}

export interface Auditor {
  /** Takes note of a final block, and begins with what is due. */
  block(height: number): void
  state(): AuditView
  /** Resolves when nothing is at work. */
  settled(): Promise<void>
  /** Begins nothing any more and cuts off the run at work, which whoever starts again begins anew. */
  close(): Promise<void>
}

interface Waiting {
  readonly anchored: Anchored
  readonly at: number
  readonly batch: BatchStatement
  /** Blocks in which its data was not to be had. */
  missed: number
  /** Height from which it is looked at. */
  from: number
  /** Once the beacon is known. */
  drawn: { readonly rank: Uint8Array; readonly leaf: number } | undefined
}

interface Leaf {
  readonly index: number
  readonly leaf: Uint8Array
}

class NodeAuditor implements Auditor {
  readonly #o: AuditorOptions
  readonly #verdicts: VerdictOptions
  readonly #refutations: Refutations
  readonly #counts = { batches: 0, leaves: 0, runs: 0, demands: 0, refuted: 0, passedOver: 0 }
  #queue: Waiting[] = []
  /** What was asked for and is not shown yet, by the demand. */
  readonly #asked = new Map<string, { readonly waiting: Waiting; readonly index: number }>()
  /** Runs that are repeated, and their batches. */
  readonly #runs = new Map<Promise<void>, Waiting>()
  #last: string | null = null
  /** Height up to which blocks were read. */
  #noted = 0
  #marked: number
  #work: Promise<void> = Promise.resolve()
  #due = false
  #closing = false

  constructor(options: AuditorOptions) {
    this.#o = options
    this.#verdicts = { ...options, node: options.node.key }
    this.#refutations = new Refutations(options)
    const bytes = options.kv.get(MARK)
    const seen = bytes === undefined ? 0 : asUint(decode(bytes, 'mark of the audit', 16), 'mark of the audit')
    this.#marked = seen
    for (let height = Math.max(1, seen + 1, this.#head - ROLLUP.windowBlocks + 1); height <= this.#head; height++) this.#heard(height)
  }

  get #head(): number {
    return this.#o.chain.head().header.height
  }

  /** What cannot be read of a block is told; chain and audit go on. */
  #heard(height: number): void {
    try {
      this.#note(height)
    } catch (error) {
      this.#o.onFailure(error)
    }
  }

  /** Anchors of other nodes, own refutations that came through, answers to own demands. */
  #note(height: number): void {
    const { txs, outcomes, header } = this.#o.chain.blockAt(height)
    this.#noted = height
    for (const [i, { id, kind, status }] of outcomes.entries()) {
      if (status !== 'ok' || (kind !== 'anchor' && kind !== 'refute' && kind !== 'reveal')) continue
      const { payload, sender } = decodeTx(txs[i] as Uint8Array).body
      const own = equalBytes(sender, this.#o.node.key)
      if (payload.kind === 'anchor') {
        const { data, batches } = payload
        this.#enqueue({ id, height, time: header.time, data, batches })
      } else if (payload.kind === 'refute' && own) {
        if (payload.claim.kind === 'unavailable') this.#askedFor(payload.target, payload.claim.index)
        else this.#counts.refuted++
      } else if (payload.kind === 'reveal') for (const { demand, leaf, path } of payload.reveals) this.#revealed(demand, leaf, path)
    }
  }

  #enqueue(anchored: Anchored): void {
    for (const [at, { batch }] of anchored.batches.entries())
      if (!equalBytes(batch.node, this.#o.node.key))
        this.#queue.push({ anchored, at, batch, missed: 0, from: anchored.height + BEACON_BLOCKS, drawn: undefined })
    const over = this.#queue.length - LIMITS.auditQueue
    if (over <= 0) return
    this.#queue.splice(0, over)
    this.#counts.passedOver += over
  }

  /** A node that starts again finds its own demands, and asks for nothing a second time. */
  #askedFor({ anchor, at }: AnchoredBatch, index: number): void {
    const waiting = this.#queue.find((w) => w.at === at && w.anchored.id.equals(anchor))
    if (waiting === undefined) return
    this.#queue = this.#queue.filter((w) => w !== waiting)
    this.#asked.set(toHex(demandId(anchor, at, index)), { waiting, index })
  }

  /** The chain has held a leaf that is shown against its rules; what it cannot check is for who asked. */
  #revealed(demand: Uint8Array, leaf: Uint8Array, path: readonly Uint8Array[]): void {
    const asked = this.#asked.get(toHex(demand))
    if (asked === undefined) return
    const { waiting, index } = asked
    const { batch } = waiting
    if (!verifyInclusion(leafHash(leaf), index, batch.size, path, batch.root)) return
    this.#asked.delete(toHex(demand))
    if (!this.#wrongIn(waiting, [{ index, leaf }], () => ({ index, leaf, path }))) this.#runAgain(waiting, { index, leaf, path })
  }

  block(height: number): void {
    if (this.#closing) return
    this.#heard(height)
    if (this.#due) return
    this.#due = true
    this.#work = this.#work
      .then(() => {
        this.#due = false
        return this.#step()
      })
      .catch(this.#o.onFailure)
  }

  #draw(waiting: Waiting): NonNullable<Waiting['drawn']> {
    if (waiting.drawn !== undefined) return waiting.drawn
    const { anchored, at, batch } = waiting
    const { seed } = this.#o.chain.headerAt(anchored.height + BEACON_BLOCKS).header
    const draw: Draw = { beacon: seed, auditor: this.#o.node.key, anchor: anchored.id, at }
    return (waiting.drawn = { rank: rankOf(draw), leaf: drawnLeaf(draw, batch.size) })
  }

  /** One block's work: batches in the order of the draw, those first that were not missed before, as far as the work of a block reaches. */
  async #step(): Promise<void> {
    const head = this.#head
    this.#refutations.again()
    for (const [id, { waiting }] of this.#asked) if (this.#isVoid(waiting) || this.#isOver(waiting, head)) this.#asked.delete(id)
    const due = this.#queue.filter(({ from }) => from <= head)
    if (due.length === 0) return this.#mark(MARK_BLOCKS)
    due.sort((a, b) => a.missed - b.missed || compareBytes(this.#draw(a).rank, this.#draw(b).rank))
    const done = new Set<Waiting>()
    const left = { leaves: LIMITS.auditLeaves as number, runs: LIMITS.auditRuns as number }
    for (const waiting of due.slice(0, LIMITS.auditBatches)) {
      if (this.#closing) return
      if (waiting.batch.size > left.leaves) break
      left.leaves -= waiting.batch.size
      if (await this.#look(waiting, this.#draw(waiting).leaf, head, left)) done.add(waiting)
    }
    this.#queue = this.#queue.filter((waiting) => !done.has(waiting))
    await this.#mark(done.size > 0 ? 1 : MARK_BLOCKS)
  }

  /** Writes down up to where all is done, if that is so many blocks on: what waits, is run, asked for or not refuted yet is begun anew by a node that starts again. */
  async #mark(blocks: number): Promise<void> {
    const asked = this.#asked.values().map(({ waiting }) => waiting)
    const open = [...this.#queue, ...this.#runs.values(), ...asked].map(({ anchored }) => anchored.height)
    const mark = [...open, ...this.#refutations.anchors()].reduce((least, height) => Math.min(least, height - 1), this.#noted)
    if (mark < this.#marked + blocks) return
    this.#marked = mark
    await this.#o.kv.commit([[MARK, encode(mark)]])
  }

  #isVoid({ batch }: Waiting): boolean {
    const { closed, next } = this.#o.chain.batchHead(batch.node, batch.thread)
    return closed !== null && batch.first >= next
  }

  #isOver({ anchored }: Waiting, head: number): boolean {
    return head + 1 > rollupEnds(anchored.height).open
  }

  /** Looks at a batch; true when that is done. */
  async #look(waiting: Waiting, drawn: number, head: number, left: { runs: number }): Promise<boolean> {
    const { anchored, at } = waiting
    if (this.#isVoid(waiting)) return true
    if (this.#isOver(waiting, head)) {
      this.#counts.passedOver++
      return true
    }
    const all = await fetchLeaves(anchored, at, this.#o.sources, this.#o.clock)
    if (all === undefined) {
      waiting.from = head + 1
      return ++waiting.missed >= PATIENCE && this.#ask(waiting, drawn, 'its data is not to be had')
    }
    this.#counts.batches++
    this.#counts.leaves += all.length
    const shown = (index: number): ShownLeaf => shownOf(all, index)
    const leaves = all.map((leaf, index) => ({ index, leaf }))
    if (this.#wrongIn(waiting, leaves, shown) || left.runs < 1) return true
    if (this.#runAgain(waiting, shown(drawn))) left.runs--
    return true
  }

  /** Says so where a leaf is wrong: the first of them refutes the batch. */
  #wrongIn(waiting: Waiting, leaves: readonly Leaf[], shown: (index: number) => ShownLeaf): boolean {
    const { chain } = this.#o
    for (const { index, leaf } of leaves) {
      const fault = faultOf(leaf, index, waiting.anchored, waiting.batch, chain.chainId, (height) => chain.headerAt(height).header)
      if (fault === undefined) continue
      const why = `leaf ${index}: ${fault.why}`
      if (fault.kind === 'context') this.#convict(waiting, shown(index), { kind: 'context', bytes: new Uint8Array(0) }, why)
      else if (leaf.length > SHOWN_BYTES) this.#ask(waiting, index, why)
      else this.#refute(waiting, { kind: 'leaf', ...shown(index) }, why)
      return true
    }
    return false
  }

  /** Begins to repeat a run; false where nobody can but who has its salt. */
  #runAgain(waiting: Waiting, shown: ShownLeaf): boolean {
    const body = decodeReceipt(shown.leaf)
    if (body.kind === 'call' || body.retention !== 'public') return false
    const run: Promise<void> = this.#repeat(waiting, shown)
      .catch(this.#o.onFailure)
      .then(() => {
        // a run that the end of the node cut off is not done
        if (this.#closing) return
        this.#runs.delete(run)
        return this.#mark(1)
      })
      .catch(this.#o.onFailure)
    this.#runs.set(run, waiting)
    return true
  }

  async #repeat(waiting: Waiting, shown: ShownLeaf): Promise<void> {
    const bytes = await firstOf(this.#o.sources, (source) => source.bundle(receiptId(shown.leaf)))
    if (bytes === undefined || this.#closing) return
    const evidence: LeafEvidence = { kind: 'bundle', bytes }
    try {
      const { result, why } = await weigh(this.#verdicts, { target: targetOf(waiting.anchored, waiting.at), shown, evidence })
      if (result !== 'unknown') this.#counts.runs++
      if (result === 'wrong') this.#convict(waiting, shown, evidence, `leaf ${shown.index}: ${why}`)
    } catch (error) {
      // the batch is void by now, or the node stops
      if (!isUtnetError(error)) throw error
      // the thread that runs it has enough to do
      if (error.code === 'host_busy') this.#queue.push({ ...waiting, from: this.#head + 1 })
    }
  }

  #convict(waiting: Waiting, shown: ShownLeaf, evidence: LeafEvidence, why: string): void {
    const request = { target: targetOf(waiting.anchored, waiting.at), shown, evidence }
    const claim = soleVerdict(this.#verdicts, request)
    if (claim === undefined) this.#tell(waiting, why, 'signed', encodeVerdictRequest(request))
    else this.#refute(waiting, claim, why)
  }

  #refute(waiting: Waiting, claim: Parameters<Refutations['refute']>[2], why: string): void {
    this.#refutations.refute(targetOf(waiting.anchored, waiting.at), waiting.anchored.height, claim)
    this.#tell(waiting, why, 'sent')
  }

  #ask(waiting: Waiting, index: number, why: string): boolean {
    if (!this.#refutations.mayAsk()) return false
    const id = this.#refutations.ask(targetOf(waiting.anchored, waiting.at), index)
    if (id === undefined) return false
    this.#asked.set(id, { waiting, index })
    this.#counts.demands++
    this.#tell(waiting, why, 'asked')
    return true
  }

  #tell({ anchored, batch }: Waiting, why: string, done: Finding['done'], request?: Uint8Array): void {
    this.#last = `${formatKey(batch.node)}: ${why}`
    const finding = { node: formatKey(batch.node), anchor: anchored.id.toString(), why, done }
    this.#o.onFinding(request === undefined ? finding : { ...finding, request })
  }

  state(): AuditView {
    return { ...this.#counts, waiting: this.#queue.length, last: this.#last }
  }

  async settled(): Promise<void> {
    await this.#work
    await Promise.all(this.#runs.keys())
  }

  async close(): Promise<void> {
    this.#closing = true
    await Promise.all([this.#o.examiner.close(), this.settled()])
    await this.#mark(1)
  }
}

/** An auditor over an open chain. Anchors of the blocks before this run that it has not looked at, and that can be refuted still, are found again. */
export function openAuditor(options: AuditorOptions): Auditor {
  return new NodeAuditor(options)
}
