/** The checkpoints of a plan's runs: what is live at each, and their roots, made while a run goes on. */
import {
  checkpointRoot,
  liveSet,
  tensorRoot,
  UtnetError,
  type CheckpointTensor,
  type Commitment,
  type Tensor,
  type TensorType,
} from '../../../core/index.ts'
import { canonicaliseNaNs } from '../../nan.ts'
import type { Recording } from '../../trace/index.ts'
import type { BoundPlan } from './bound.ts'
import type { Hasher, Hashing } from '../hash-thread/index.ts'

/** Names that are live before entry `boundary` of a recording. */
export const liveAt = (recording: Recording, boundary: number): readonly string[] =>
  liveSet(recording.entries, recording.inputs, recording.outputs, boundary)

interface Mark {
  readonly boundary: number
  readonly names: readonly string[]
  /** Those that no earlier mark had: they are hashed here, and stay as they are. */
  readonly fresh: readonly string[]
}

/** What all runs of a plan have in common. */
export class Checkpoints {
  readonly bound: BoundPlan
  readonly #marks: readonly Mark[]
  /** Roots of what is the same in every run. */
  readonly #fixed = new Map<string, Uint8Array>()

  constructor(bound: BoundPlan, boundaries: readonly number[]) {
    this.bound = bound
    const seen = new Set<string>()
    this.#marks = boundaries.map((boundary) => {
      const names = liveAt(bound.recording, boundary)
      const fresh = names.filter((name) => !seen.has(name))
      for (const name of fresh) seen.add(name)
      return { boundary, names, fresh: fresh.filter((name) => !this.#isFixed(name)) }
    })
  }

  #isFixed(name: string): boolean {
    const place = this.bound.plan.places.get(name)
    if (place?.in !== 'known' && place?.in !== 'constants') return false
    this.#fixed.set(name, rootOf({ ...this.type(name), data: this.bound.peek(name) }))
    return true
  }

  type(name: string): TensorType {
    return this.bound.plan.types.get(name) as TensorType
  }

  /** The roots of one run; `memory` is that of the plan. To be called when the plan is ready to run. */
  begin(memory: WebAssembly.Memory, hasher: Hasher | undefined): RunRoots {
    return new RunRoots(this, this.#marks, this.#fixed, memory, hasher)
  }
}

export class RunRoots {
  /** What hashing alone took, beside the run. */
  ms = 0
  readonly #checkpoints: Checkpoints
  readonly #marks: readonly Mark[]
  readonly #roots: Map<string, Uint8Array>
  readonly #hashing: Hashing | undefined

  constructor(
    checkpoints: Checkpoints,
    marks: readonly Mark[],
    fixed: ReadonlyMap<string, Uint8Array>,
    memory: WebAssembly.Memory,
    hasher: Hasher | undefined,
  ) {
    this.#checkpoints = checkpoints
    this.#marks = marks
    this.#roots = new Map(fixed)
    const placed = marks.map(({ fresh }) =>
      fresh.map((name) => {
        const { byteOffset: at, length: bytes } = checkpoints.bound.peek(name)
        return { ...checkpoints.type(name), at, bytes }
      }),
    )
    this.#hashing = hasher?.begin(memory, placed)
  }

  /** The run stands at mark number `mark`. */
  reached(mark: number): void {
    if (this.#hashing !== undefined) return this.#hashing.reached(mark + 1)
    for (const name of this.#marks[mark]?.fresh ?? [])
      this.#roots.set(name, rootOf({ ...this.#checkpoints.type(name), data: this.#checkpoints.bound.peek(name) }))
  }

  /** The run came to no end. */
  abandon(): void {
    this.#hashing?.abandon()
  }

  /** To be called behind the last mark. */
  async checkpoints(): Promise<Commitment['checkpoints']> {
    if (this.#hashing !== undefined) {
      const { roots, ms } = await this.#hashing.reply
      if (roots === undefined) throw new UtnetError('device_failed', 'the thread that hashes could not make the roots')
      this.ms = ms
      this.#marks.forEach(({ fresh }, i) => fresh.forEach((name, j) => this.#roots.set(name, roots[i]?.[j] as Uint8Array)))
    }
    return this.#marks.map(({ boundary, names }) => {
      const tensors = names.map((name): CheckpointTensor => {
        const { dtype, shape } = this.#checkpoints.type(name)
        return [name, dtype, shape, this.#roots.get(name) as Uint8Array]
      })
      return [boundary, checkpointRoot(boundary, tensors)] as const
    })
  }
}

const rootOf = (tensor: Tensor): Uint8Array =>
  tensorRoot(tensor, (data) => canonicaliseNaNs({ dtype: tensor.dtype, shape: tensor.shape, data }))
