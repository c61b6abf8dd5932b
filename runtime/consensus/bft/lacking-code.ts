/**
 * Code that blocks need and this validator lacks (docs/spec/agreement.md). Who may make it ask: whoever leads the present round, and who shows a quorum; what is asked for is bounded
 * by what a block can pay for, and what was not asked for is not looked at.
 */
import { fileCid, LIMITS, type AskForCode, type CID, type CodeNeed } from '../../core/index.ts'
import type { BlockId } from '../messages/index.ts'

/** A block that cannot be run. */
interface Waiting {
  /** What it could not be run without. */
  readonly first: CodeNeed
  /** That, and what it publishes beside: asked for in one go, though it may do without. */
  readonly needs: readonly CodeNeed[]
  /** Keys of nodes that may have it, the likeliest first. */
  readonly nodes: readonly Uint8Array[]
  asked: number
  due: boolean
}

/** What it runs on. */
export interface LackingCodePorts {
  readonly holds: (need: CodeNeed) => boolean
  readonly ask: AskForCode
}

export class LackingCode {
  readonly #ports: LackingCodePorts
  readonly #waiting = new Map<BlockId, Waiting>()

  constructor(ports: LackingCodePorts) {
    this.#ports = ports
  }

  /** Whether a block still lacks what it could not be run without; asks again where a second has passed. */
  lacks(block: BlockId): boolean {
    const waiting = this.#waiting.get(block)
    if (waiting === undefined) return false
    this.#waiting.delete(block)
    if (this.#ports.holds(waiting.first)) return false
    this.#waiting.set(block, waiting)
    if (waiting.due) this.#ask(waiting)
    return true
  }

  /** A block cannot be run without a module. Of those that were found out before, the ones that nobody looks at any more make way. */
  add(block: BlockId, first: CodeNeed, others: readonly CodeNeed[], nodes: readonly Uint8Array[]): void {
    const needs = new Map([first, ...others].map((need) => [`${need.module} ${need.bytes}`, need]))
    const bytes = [...needs.values()].reduce((n, need) => n + need.bytes, 0)
    // more than a block can pay for: no validator runs it
    const over = needs.size > LIMITS.codeModules || bytes > LIMITS.codeBytes
    const waiting = { first, needs: over ? [] : [...needs.values()], nodes, asked: 0, due: true }
    this.#waiting.set(block, waiting)
    const [oldest] = this.#waiting.keys()
    if (this.#waiting.size > LIMITS.codeBlocks && oldest !== undefined) this.#waiting.delete(oldest)
    this.#ask(waiting)
  }

  /** A second has passed: who was asked may not have it, or not give it. */
  tick(): void {
    for (const waiting of this.#waiting.values()) waiting.due = true
  }

  /** Whether what came is what was asked for, and is not here yet; undefined where nobody asked for as much under that name: it is not looked at. */
  wants(module: CID, file: Uint8Array): boolean | undefined {
    const need = { module, bytes: file.length }
    const asked = [...this.#waiting.values()].some(({ needs }) => needs.some((n) => n.bytes === need.bytes && n.module.equals(module)))
    return !asked || this.#ports.holds(need) ? undefined : fileCid(file).equals(module)
  }

  /** The block was run, or is of a height that is over. */
  clear(): void {
    this.#waiting.clear()
  }

  /** Twice as many nodes each time: a few seconds reach all, whoever of them gives nothing. */
  #ask(waiting: Waiting): void {
    waiting.due = false
    const needs = waiting.needs.filter((need) => !this.#ports.holds(need))
    if (needs.length > 0) this.#ports.ask(needs, waiting.nodes.slice(0, 2 ** waiting.asked))
    waiting.asked++
  }
}
