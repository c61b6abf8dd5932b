/**
 * Answers that are ready in one poll phase leave together at its end: a client on another processor is woken up once and not by each of them, which
 * costs more than the writing. Where runs are long nothing is held, since an answer would wait for the runs behind it.
 */
/** An answer is held for no longer than about this. */
const HOLD_MS = 1
/** Answers that are not held after a run that took longer. */
const REST = 64

/** An answer that is ready. */
export interface Ready {
  /** Writes it; does not throw. */
  write(): void
}

export class Outbox {
  #held: Ready[] = []
  #since = 0
  #rest = 0

  /** Writes an answer, now or at the end of the poll phase; `began` is when its request began (performance.now). */
  send(answer: Ready, began: number): void {
    const now = performance.now()
    if (now - began > HOLD_MS) this.#rest = REST
    if (this.#rest > 0) {
      this.#rest--
      this.#flush()
      answer.write()
      return
    }
    if (this.#held.length === 0) {
      this.#since = now
      setImmediate(this.#flush)
    }
    this.#held.push(answer)
    if (now - this.#since > HOLD_MS) this.#flush()
  }

  readonly #flush = (): void => {
    const held = this.#held
    if (held.length === 0) return
    this.#held = []
    for (const answer of held) answer.write()
  }
}
