/** Modules that are no contract of the size that a publication names: what every node comes to by their bytes alone, and the publisher pays for. */
import { isUtnetError } from '../../core/index.ts'

/** Modules that are remembered. */
const MOST = 4_096

/** What loading has shown of modules that are not ready, the last ones. */
export class Misfits {
  /** By module: no contract of so many bytes or fewer. */
  readonly #most = new Map<string, number>()

  /** Learns from why a module could not be made ready. Faults of this node, and files that it lacks, say nothing of the module. */
  learn(id: string, error: unknown, most: number): void {
    if (isUtnetError(error, 'core_too_large')) this.#note(id, most)
    else if (isUtnetError(error, 'guest_invalid')) this.#note(id, Number.POSITIVE_INFINITY)
  }

  #note(id: string, most: number): void {
    const known = this.#most.get(id) ?? 0
    this.#most.delete(id)
    this.#most.set(id, Math.max(known, most))
    if (this.#most.size > MOST) this.#most.delete(this.#most.keys().next().value as string)
  }

  has(id: string, bytes: number): boolean {
    return (this.#most.get(id) ?? -1) >= bytes
  }
}
