/** What a run was told from outside, in the order in which it was told: written to its log, or read from the log of an earlier run. */
import { asArray, asText, encode, equalBytes, LIMITS, sha256, toHex, UtnetError, type Cbor, type HostLog } from '../../core/index.ts'

/** A log being written; others of the run's host calls write to it too. */
export interface Recording {
  readonly entries: Cbor[]
  readonly files: Map<string, Uint8Array>
}

export class Recorder {
  readonly #to: Recording
  readonly #replay: HostLog | undefined
  #bytes = 0

  constructor(to: Recording, replay: HostLog | undefined) {
    this.#to = to
    this.#replay = replay
  }

  get replaying(): boolean {
    return this.#replay !== undefined
  }

  #mismatch(why: string): UtnetError {
    return new UtnetError('replay_mismatch', `the guest's host call ${this.#to.entries.length} is not that of the log: ${why}`)
  }

  /** The next entry: [kind, ...asked, ...told]. `tell` is what the world says now; in a replay the log says it. */
  entry(kind: string, asked: readonly Cbor[], tell: () => readonly Cbor[]): readonly Cbor[] {
    if (this.#replay === undefined) {
      const told = tell()
      this.#to.entries.push([kind, ...asked, ...told])
      return told
    }
    const entry = this.#replay.entries[this.#to.entries.length]
    if (entry === undefined) throw this.#mismatch('the log has no such entry')
    const [logged, ...rest] = asArray(entry, 'log entry')
    if (asText(logged, 'kind of a log entry') !== kind) throw this.#mismatch(`it is ${kind}`)
    if (!equalBytes(encode(rest.slice(0, asked.length)), encode([...asked]))) throw this.#mismatch('it asks something else')
    this.#to.entries.push(entry)
    return rest.slice(asked.length)
  }

  /** True where so many bytes more may be kept. What does not fit must be an answer that the log has, so that a replay ends alike. */
  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= LIMITS.logBytes
  }

  /** Puts bytes among the log's files; gives their hash, where that is not known already. */
  keep(bytes: Uint8Array, hash: Uint8Array = sha256(bytes)): Uint8Array {
    const key = toHex(hash)
    if (bytes.length > 0 && !this.#to.files.has(key)) {
      this.#bytes += bytes.length
      this.#to.files.set(key, bytes)
    }
    return hash
  }

  /** The bytes behind a hash that `keep` gave, now or in the run that is repeated. */
  body(hash: Uint8Array): Uint8Array {
    const here = this.#to.files.get(toHex(hash))
    return here ?? this.logged(hash)
  }

  /** The bytes of a hash in the log that is replayed. */
  logged(hash: Uint8Array): Uint8Array {
    const key = toHex(hash)
    const bytes = this.#replay?.files.get(key) ?? (key === EMPTY ? new Uint8Array(0) : undefined)
    if (bytes === undefined || toHex(sha256(bytes)) !== key) throw this.#mismatch(`the file ${key} is not among its files`)
    this.keep(bytes)
    return bytes
  }
}

const EMPTY = toHex(sha256(new Uint8Array(0)))
