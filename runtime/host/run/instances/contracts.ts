/**
 * The contracts that blocks run. What the chain keeps ready stays here, and what the block at work has made ready, for which it paid by the byte; so what is held is bounded by
 * the chain's rules, and nothing that this node runs beside it pushes any of it out.
 */
import { fileCid, isUtnetError, LIMITS, UtnetError, type CID, type FileNow } from '../../../core/index.ts'
import { prepareContract, type PreparedGuest } from './prepared.ts'

/** What says of a module that it is no contract of a size, on every node that has its bytes. */
const NO_CONTRACT: readonly string[] = ['core_too_large', 'core_bad_argument', 'block_mismatch', 'guest_invalid', 'guest_world']

const missing = (module: CID, cause?: unknown): UtnetError =>
  new UtnetError('host_module_missing', `the module ${module.toString()} is not on this node`, {
    details: { module: module.toString() },
    cause,
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

  #read(module: CID, most: number): Uint8Array {
    if (this.#files === undefined) throw missing(module)
    try {
      const bytes = this.#files(module, most)
      if (bytes !== undefined && fileCid(bytes).equals(module)) return bytes
    } catch (error) {
      throw isUtnetError(error, 'block_not_found') ? missing(module, error) : error
    }
    throw new UtnetError('block_mismatch', `the file of ${module.toString()} is not laid out as files are here`)
  }

  /** Whether the module is a contract of so many bytes. Of a larger file nothing is read, and nothing is made ready but a contract of that size. Throws `host_module_missing`. */
  measures(module: CID, bytes: number): boolean {
    const id = module.toString()
    const ready = this.#guests.get(id) ?? this.#other(id)
    if (ready !== undefined) return ready.size === bytes && ready.info.world === 'contract'
    try {
      const file = this.#read(module, bytes)
      if (file.length !== bytes) return false
      this.#hold(id, prepareContract(file, this.#profile))
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
