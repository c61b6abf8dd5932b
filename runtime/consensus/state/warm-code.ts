/**
 * The code of contracts that the chain keeps ready, and every validator with it: a list in the state, the last used first, of at most `warmBytes`
 * (docs/spec/state.md). Whoever runs other code pays for making it ready.
 */
import { asArray, asCid, asUint, decode, encode, equalBytes, readyGas, UtnetError, type CID, type Params } from '../../core/index.ts'
import { moduleKey, WARM_KEY, type TrieName } from './keys.ts'
import { moduleSize } from './records.ts'

/** A module that is kept ready. */
interface WarmModule {
  readonly module: CID
  readonly bytes: number
}

/** The list of one state. */
interface WarmList {
  readonly row: Uint8Array
  readonly modules: ReadonlyMap<string, WarmModule>
  readonly cids: readonly CID[]
}

interface Reader {
  get(trie: TrieName, key: Uint8Array): Uint8Array | undefined
}

const listOf = (row: Uint8Array, modules: readonly WarmModule[]): WarmList => ({
  row,
  modules: new Map(modules.map((m) => [m.module.toString(), m])),
  cids: modules.map((m) => m.module),
})

function readWarm(row: Uint8Array): WarmList {
  const modules = asArray(decode(row, 'warm code'), 'warm code').map((item) => {
    const [module, bytes] = asArray(item, 'warm module', 2)
    return { module: asCid(module, 'module'), bytes: asUint(bytes, 'bytes') }
  })
  return listOf(row, modules)
}

const NONE = listOf(encode([]), [])

/** The list read last: most blocks begin with the one that their node has read or written before. */
let last = NONE

function warmList(state: Reader): WarmList {
  const row = state.get('offchain', WARM_KEY)
  if (row === undefined) return NONE
  if (last.row !== row && !equalBytes(last.row, row)) last = readWarm(row.slice())
  return last
}

/** The modules that a state keeps ready, the last used first. The same array for the same list. */
export function warmModules(state: Reader): readonly CID[] {
  return warmList(state).cids
}

/** What a block finds ready, and what it runs. */
export class WarmCode {
  readonly #state: Reader
  readonly #params: Params['contracts']
  /** What was ready before the block; read when somebody asks. */
  #before: WarmList | undefined
  /** What the block has run or published so far, in order of first use. */
  readonly #used = new Map<string, WarmModule>()

  /** `state` is that of the block as it runs. */
  constructor(state: Reader, params: Params['contracts']) {
    this.#state = state
    this.#params = params
  }

  get #list(): WarmList {
    return (this.#before ??= warmList(this.#state))
  }

  /** The size that a contract's publication was checked for. */
  #bytesOf(module: CID): number {
    const record = this.#state.get('offchain', moduleKey(module))
    if (record === undefined)
      throw new UtnetError('data_corrupt', `the state has a contract of ${module.toString()}, but no size of that module`)
    return moduleSize(record)
  }

  /** Gas of making a contract's module ready; 0 where it is. */
  price(module: CID): bigint {
    const id = module.toString()
    return this.#used.has(id) || this.#list.modules.has(id) ? 0n : readyGas(this.#params, this.#bytesOf(module))
  }

  /** The module runs now, and its price was paid. */
  enter(module: CID): void {
    const id = module.toString()
    if (!this.#used.has(id)) this.#used.set(id, this.#list.modules.get(id) ?? { module, bytes: this.#bytesOf(module) })
  }

  /** A contract of so many bytes is published, which pays for making it ready. */
  published(module: CID, bytes: number): void {
    const id = module.toString()
    if (!this.#used.has(id)) this.#used.set(id, { module, bytes })
  }

  checkpoint(): number {
    return this.#used.size
  }

  /** Forgets what was used first since the checkpoint: by a transaction that does not stand in the block. One that fails in it has used what it ran. */
  revert(checkpoint: number): void {
    for (const id of [...this.#used.keys()].slice(checkpoint)) this.#used.delete(id)
  }

  /** The row behind the block, where it is another: what the block used, the last first, then what was ready before, as far as all of it fits. */
  row(): Uint8Array | undefined {
    if (this.#used.size === 0) return undefined
    const { row: before, modules } = this.#list
    const older = [...modules].filter(([id]) => !this.#used.has(id)).map(([, m]) => m)
    let left = this.#params.warmBytes
    const kept: WarmModule[] = []
    for (const m of [...[...this.#used.values()].toReversed(), ...older]) {
      left -= Math.max(m.bytes, this.#params.warmLeast)
      if (left < 0) break
      kept.push(m)
    }
    const row = encode(kept.map((m) => [m.module, m.bytes]))
    if (equalBytes(row, before)) return undefined
    last = listOf(row, kept)
    return row
  }
}
