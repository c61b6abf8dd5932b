/** Pages in the making. They lie in memory of their own until they are kept, so that a batch that comes to nothing leaves nothing behind. */
import { copyInto } from '../../core/index.ts'
import { Branch, BRANCH, BRANCH_BYTES, EMPTY } from './branch.ts'
import type { Bucket } from './bucket.ts'
import type { HashJobs } from './hashing.ts'

const PIECE_BYTES = 1 << 18

/** Memory for what one batch makes: few large pieces. */
export class Room {
  bytes = new Uint8Array(0)
  #next = 0
  #piece = 1 << 12

  /** Where in `bytes` so many are free, zeros. */
  take(size: number): number {
    if (this.#next + size > this.bytes.length) {
      this.bytes = new Uint8Array(Math.max(size, this.#piece))
      this.#piece = Math.min(PIECE_BYTES, this.#piece * 4)
      this.#next = 0
    }
    const at = this.#next
    this.#next += size
    return at
  }
}

/** A branch that changes. */
export class BranchDraft {
  readonly branch: Branch
  /** Branches between it and the root. */
  readonly page: number
  /** A position below it. */
  readonly positions: Uint8Array
  readonly positionAt: number
  /** Nodes at or above what changed, a bit each. */
  #changed = 0
  readonly #kids: (PageDraft | undefined)[] = []

  /** The draft of a branch, or of one that has no leaves yet. */
  constructor(room: Room, page: number, positions: Uint8Array, positionAt: number, from?: Branch) {
    const at = room.take(BRANCH_BYTES)
    this.branch = new Branch(room.bytes, at)
    this.page = page
    this.positions = positions
    this.positionAt = positionAt
    if (from !== undefined) room.bytes.set(from.bytes.subarray(from.at, from.at + BRANCH_BYTES), at)
  }

  /** The new page of an end. */
  kid(node: number): PageDraft | undefined {
    return this.#kids[node]
  }

  #touch(node: number): void {
    for (let n = node; n > 0; n >>= 1) this.#changed |= 1 << n
  }

  setInner(node: number): void {
    this.#kids[node] = undefined
    this.branch.setInner(node)
    this.#touch(node)
  }

  clear(node: number): void {
    this.#set(node, EMPTY, undefined)
  }

  setPage(node: number, kid: PageDraft): void {
    this.#set(node, kid instanceof BranchDraft ? BRANCH : kid.count, kid)
  }

  /** The new pages right below it. */
  kids(): readonly (PageDraft | undefined)[] {
    return this.#kids
  }

  #forget(node: number): void {
    this.#kids[node] = undefined
    if (!this.branch.isInner(node)) return
    this.#forget(node * 2)
    this.#forget(node * 2 + 1)
  }

  #set(node: number, kind: number, kid: PageDraft | undefined): void {
    this.#forget(node)
    this.branch.setEnd(node, kind)
    this.#kids[node] = kid
    this.#touch(node)
  }

  /** Takes the hashes of the new pages below, and asks for those of the nodes above them. */
  askHashes(jobs: HashJobs, version: number): void {
    const { branch } = this
    for (let node = 2; node < this.#kids.length; node++) {
      const kid = this.#kids[node]
      if (kid === undefined) continue
      if (kid instanceof BranchDraft) copyInto(branch.bytes, branch.hashAt(node), kid.branch.bytes, kid.branch.hashAt(1), 32)
      else kid.copyTop(branch.bytes, branch.hashAt(node))
      branch.setVersion(node, version)
    }
    branch.askHashes(jobs, this.#changed)
  }
}

export type PageDraft = Bucket | BranchDraft
