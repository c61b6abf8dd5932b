/**
 * Source maps that the node keeps beside its guests, for people who read errors. A deployment names the CID of its map, which the publisher of the name
 * alone can do; the bytes may then come from anyone. No module id, gas or receipt depends on one.
 */
import { fileCid, fromUtf8, limitError, LIMITS, parseCid, UtnetError, utf8, type CID, type FileStore, type Kv } from '../../core/index.ts'
import { readSourceMap } from '../../host/index.ts'
import { Latest } from '../latest.ts'

/** Maps by module and by the name that it was deployed under. */
export interface SourceMaps {
  /** A publication of the module under the name said which map is its own, if any. */
  named(name: string, module: CID, map: CID | undefined): Promise<void>
  /** The same of one whose hook failed: its errors may be asked for, too. */
  failed(name: string, module: CID, map: CID): Promise<void>
  /**
   * Takes the map that was named for the name's `present` module, or for the one whose hook failed last. Throws `guest_not_found` where there is none,
   * `request_invalid` for any other map, `core_bad_argument` and `core_too_large` for what is no map.
   */
  put(name: string, present: CID | undefined, bytes: Uint8Array): Promise<{ readonly module: CID; readonly map: CID }>
  /** The map of a module, as the owner of the name has it; without a name, the first by name. Undefined where there is none. */
  find(module: CID, name?: string): CID | undefined
  /** Its bytes. Throws `block_not_found`. */
  read(module: CID): Promise<Uint8Array>
}

const NAMED = 'source-map/named/'
const KEPT = 'source-map/kept/'
/** Behind every name. */
const END = '\u{7f}'
/** Names whose last hook failed, since the node started. */
const FAILED = 1_024

/** Source maps of a node. */
export function createSourceMaps(kv: Kv, files: FileStore): SourceMaps {
  const rowOf = (table: string, module: CID, name: string): Uint8Array => utf8(`${table}${module.toString()}/${name}`)
  const cidAt = (bytes: Uint8Array | undefined): CID | undefined => bytes && parseCid(fromUtf8(bytes), 'source map')
  const find = (module: CID, name?: string): CID | undefined => {
    if (name !== undefined) return cidAt(kv.get(rowOf(KEPT, module, name)))
    const [first] = kv.range(rowOf(KEPT, module, ''), rowOf(KEPT, module, END), { limit: 1 })
    return cidAt(first?.[1])
  }
  const failures = new Latest<CID>(FAILED)
  return {
    find,
    async named(name, module, map) {
      const kept = rowOf(KEPT, module, name)
      // A map of a stranger whose hook failed under the name, when it was free, is not the owner's
      const stale = cidAt(kv.get(kept))?.equals(map) === false ? [[kept, undefined] as const] : []
      await kv.commit([[rowOf(NAMED, module, name), map && utf8(map.toString())], ...stale])
    },
    async failed(name, module, map) {
      failures.set(name, module)
      await kv.commit([[rowOf(NAMED, module, name), utf8(map.toString())]])
    },
    async put(name, present, bytes) {
      if (bytes.length > LIMITS.deployedMapBytes)
        throw limitError('core_too_large', 'deployedMapBytes', bytes.length, LIMITS.deployedMapBytes, 'the source map')
      const modules = [present, failures.get(name)].filter((module) => module !== undefined)
      if (modules.length === 0) throw new UtnetError('guest_not_found', `there is no guest ${name}`)
      const map = fileCid(bytes)
      const module = modules.find((one) => cidAt(kv.get(rowOf(NAMED, one, name)))?.equals(map) === true)
      if (module === undefined)
        throw new UtnetError('request_invalid', `the deployment of ${name} did not name the source map ${map}`, {
          hint: `utnet deploy DIR --name ${name}`,
        })
      readSourceMap(fromUtf8(bytes), 'deployedMapBytes')
      await files.putFile(bytes)
      await kv.commit([[rowOf(KEPT, module, name), utf8(map.toString())]])
      return { module, map }
    },
    async read(module) {
      const cid = find(module)
      if (cid === undefined)
        throw new UtnetError('block_not_found', `the node has no source map of ${module}`, { hint: 'utnet replay ID --trace --map DIR' })
      return files.getFile(cid, LIMITS.deployedMapBytes)
    },
  }
}
