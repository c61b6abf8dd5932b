/**
 * The contracts that blocks run. What the chain keeps ready stays here, and what the block at work has made ready, for which it paid by the byte; so what is held is bounded by
 * the chain's rules, and nothing that this node runs beside it pushes any of it out.
 */
import { fileCid, isUtnetError, LIMITS, UtnetError, type CID, type FileNow } from '../../../core/index.ts'
import { prepareContract, type PreparedGuest } from './prepared.ts'

/** What the store says where there is no file of that name and size, on this node or on any. */
const NO_FILE: readonly string[] = ['block_not_found', 'block_mismatch', 'core_too_large', 'core_bad_argument']
/** What says of bytes that they are no contract, on every node that has them. */
const NO_CONTRACT: readonly string[] = ['core_too_large', 'core_bad_argument', 'guest_invalid', 'guest_world']

const missing = (module: CID, cause?: unknown): UtnetError =>
  new UtnetError('host_module_missing', `the module ${module.toString()} is not on this node`, {
    details: { module: module.toString() },
    cause,
  })

const missingOf = (module: CID, bytes: number): UtnetError =>
  new UtnetError('host_module_missing', `no module ${module.toString()} of ${bytes} bytes is on this node`, {
    details: { module: module.toString(), bytes },
  })

export class Contracts {
  readonly #guests = new Map<string, PreparedGuest>()
  readonly #files: FileNow | undefined
  readonly #profile: boolean
  readonly #other: (id: string) => PreparedGuest | undefined
  readonly #left: (guest: PreparedGuest) => void
  #modules: readonly CID[] = []
  #kept: ReadonlySet<string> = new Set()
  /** Ready beside those that are kept. */
  #more = 0

  /** `other` finds a guest that is ready for another reason, `left` hears of each that goes. */
  constructor(
    files: FileNow | undefined,
    profile: boolean,
    other: (id: string) => PreparedGuest | undefined,
    left: (guest: PreparedGuest) => void,
  ) {
    this.#files = files
    this.#profile = profile
    this.#other = other
    this.#left = left
  }

  /** One that is ready here. */
  get(id: string): PreparedGuest | undefined {
    return this.#guests.get(id)
  }

  get count(): number {
    return this.#guests.size
  }

  /** The contract of a module, made ready where it is not. Throws `host_module_missing`, `guest_invalid`, `guest_world`. */
  ready(module: CID): PreparedGuest {
    const id = module.toString()
    return this.#guests.get(id) ?? this.#hold(id, this.#other(id) ?? prepareContract(this.#read(module, LIMITS.guestBytes), this.#profile))
  }

  #hold(id: string, guest: PreparedGuest): PreparedGuest {
    this.#guests.set(id, guest)
    if (!this.#kept.has(id)) this.#more++
    return guest
  }

  /** A module's file as it lies on this node, laid out as files are here. Throws `host_module_missing`. */
  #read(module: CID, most: number): Uint8Array {
    if (this.#files === undefined) throw missing(module)
    try {
      const bytes = this.#files(module, most)
      if (bytes !== undefined && fileCid(bytes).equals(module)) return bytes
    } catch (error) {
      if (!(isUtnetError(error) && NO_FILE.includes(error.code))) throw error
      throw missing(module, error)
    }
    throw missing(module)
  }

  /** Whether the module's file of exactly so many bytes lies here, or is ready where there are no files. */
  holds(module: CID, bytes: number): boolean {
    const id = module.toString()
    if (this.#files === undefined) return (this.#guests.get(id) ?? this.#other(id))?.size === bytes
    try {
      return this.#read(module, bytes).length === bytes
    } catch (error) {
      if (isUtnetError(error, 'host_module_missing')) return false
      throw error
    }
  }

  /**
   * Whether the module, of so many bytes, is a contract, which is made ready. What is ready is not enough where there are files: who votes for a publication must have its code behind
   * a crash, and give it to others. Throws `host_module_missing`.
   */
  measures(module: CID, bytes: number): boolean {
    const id = module.toString()
    const ready = this.#guests.get(id) ?? this.#other(id)
    if (!this.holds(module, bytes)) throw missingOf(module, bytes)
    if (ready !== undefined) return ready.info.world === 'contract'
    try {
      this.#hold(id, prepareContract(this.#read(module, bytes), this.#profile))
      return true
    } catch (error) {
      if (isUtnetError(error) && NO_CONTRACT.includes(error.code)) return false
      throw error
    }
  }

  /** Lets go of all but these. */
  keep(modules: readonly CID[]): void {
    if (modules === this.#modules && this.#more === 0) return
    this.#modules = modules
    this.#kept = new Set(modules.map(String))
    this.#more = 0
    for (const [id, guest] of this.#guests) {
      if (this.#kept.has(id)) continue
      this.#guests.delete(id)
      this.#left(guest)
    }
  }
}
