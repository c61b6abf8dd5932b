/** Pages in the making. They lie in memory of their own until they are kept, so that a batch that comes to nothing leaves nothing behind. */
import { Branch, BRANCH, BRANCH_BYTES, EMPTY } from './branch.ts'
import type { Bucket } from './bucket.ts'
import { copyHash, type HashJobs } from './hashing.ts'

const PIECE_BYTES = 1 << 18
/** Of a cache: the hashes of two children of a branch lie in one. */
const LINE_BYTES = 64

/** Memory that batches use by turns: what was used a moment ago is quicker than new. */
export class Pieces {
  readonly #free: Uint8Array[] = []
  readonly #most: number

  constructor(maxBytes: number) {
    this.#most = Math.floor(maxBytes / PIECE_BYTES)
  }

  take(): Uint8Array | undefined {
    return this.#free.pop()
  }

  /** Takes back pieces of which nothing is needed any more. */
  giveBack(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) if (piece.length === PIECE_BYTES && this.#free.length < this.#most) this.#free.push(piece)
  }
}

/** Memory for what one batch makes: few large pieces. */
export class Room {
  bytes: Uint8Array = new Uint8Array(0)
  readonly #pieces: Pieces
  readonly #used: Uint8Array[] = []
  #next = 0
  #piece = 1 << 12

  constructor(pieces: Pieces) {
    this.#pieces = pieces
  }

  /** Where in `bytes`, at the beginning of a cache line, so many are free, with whatever lies in them. */
  take(size: number): number {
    if (this.#next + size > this.bytes.length) this.#more(size)
    const at = this.#next
    this.#next += Math.ceil(size / LINE_BYTES) * LINE_BYTES
    return at
  }

  #more(size: number): void {
    this.bytes = (size <= PIECE_BYTES ? this.#pieces.take() : undefined) ?? new Uint8Array(Math.max(size, this.#piece))
    this.#used.push(this.bytes)
    this.#piece = Math.min(PIECE_BYTES, this.#piece * 4)
    this.#next = 0
  }

  /** Gives all memory back. */
  end(): void {
    this.#pieces.giveBack(this.#used)
    this.#used.length = 0
  }
}

/** The lowest of the bits that are set. */
export const lowest = (bits: number): number => 31 - Math.clz32(bits & -bits)

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
  /** Ends that have new pages, a bit each. */
  #renewed = 0
  readonly #kids: (PageDraft | undefined)[] = []
  /** Whether the hashes are asked for. */
  hashed = false

  /** The draft of a branch, or of one that has no leaves yet. */
  constructor(room: Room, page: number, positions: Uint8Array, positionAt: number, from?: Branch) {
    const at = room.take(BRANCH_BYTES)
    this.branch = new Branch(room.bytes, at)
    this.page = page
    this.positions = positions
    this.positionAt = positionAt
    if (from === undefined) room.bytes.fill(0, at, at + BRANCH_BYTES)
    else room.bytes.set(from.bytes.subarray(from.at, from.at + BRANCH_BYTES), at)
  }

  /** Ends that have new pages, a bit each. */
  get renewed(): number {
    return this.#renewed
  }

  /** The new page of an end that has one. */
  kid(node: number): PageDraft {
    return this.#kids[node] as PageDraft
  }

  #touch(node: number): void {
    for (let n = node; n > 0; n >>= 1) this.#changed |= 1 << n
  }

  setInner(node: number): void {
    this.#renew(node, undefined)
    this.branch.setInner(node)
    this.#touch(node)
  }

  clear(node: number): void {
    this.#set(node, EMPTY, undefined)
  }

  setPage(node: number, kid: PageDraft): void {
    this.#set(node, kid instanceof BranchDraft ? BRANCH : kid.count, kid)
  }

  #renew(node: number, kid: PageDraft | undefined): void {
    this.#kids[node] = kid
    if (kid === undefined) this.#renewed &= ~(1 << node)
    else this.#renewed |= 1 << node
  }

  #forget(node: number): void {
    this.#renew(node, undefined)
    if (!this.branch.isInner(node)) return
    this.#forget(node * 2)
    this.#forget(node * 2 + 1)
  }

  #set(node: number, kind: number, kid: PageDraft | undefined): void {
    this.#forget(node)
    this.branch.setEnd(node, kind)
    this.#renew(node, kid)
    this.#touch(node)
  }

  /** Takes the hashes of the new pages below, and asks for those of the nodes above them. */
  askHashes(jobs: HashJobs, version: number): void {
    const { branch } = this
    for (let rest = this.#renewed; rest !== 0; rest &= rest - 1) {
      const node = lowest(rest)
      const kid = this.kid(node)
      if (kid instanceof BranchDraft) copyHash(branch.bytes, branch.hashAt(node), kid.branch.bytes, kid.branch.hashAt(1))
      else copyHash(branch.bytes, branch.hashAt(node), kid.bytes, kid.topAt)
      branch.setVersion(node, version)
    }
    branch.askHashes(jobs, this.#changed)
    this.hashed = true
  }
}

export type PageDraft = Bucket | BranchDraft
