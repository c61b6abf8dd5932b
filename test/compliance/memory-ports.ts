/** The storage ports in memory, for tests of parts that only use them. The real ones have compliance suites of their own. */
import { compareBytes, fileCid, limitError, toHex, UtnetError, type FileStore, type Kv } from '../../runtime/core/index.ts'

/** An ordered kv; two bridges over one of these are two runs over one data folder. */
export function memoryKv(): Kv {
  const entries = new Map<string, readonly [Uint8Array, Uint8Array]>()
  return {
    get: (key) => entries.get(toHex(key))?.[1],
    range(from, to, { reverse = false, limit = Infinity } = {}) {
      const found = [...entries.values()]
        .filter(([k]) => compareBytes(k, from) >= 0 && compareBytes(k, to) < 0)
        .sort((a, b) => compareBytes(a[0], b[0]))
      return (reverse ? found.reverse() : found).slice(0, limit)
    },
    async commit(changes) {
      for (const [key, value] of changes) {
        if (value === undefined) entries.delete(toHex(key))
        else entries.set(toHex(key), [key.slice(), value.slice()])
      }
    },
    async close() {},
  }
}

/** Files by CID; `reads` counts what was read. */
export function memoryFiles(): FileStore & { readonly reads: () => number } {
  const files = new Map<string, Uint8Array>()
  let reads = 0
  return {
    reads: () => reads,
    async putFile(bytes) {
      const cid = fileCid(bytes)
      files.set(cid.toString(), bytes.slice())
      return cid
    },
    async getFile(cid, maxBytes = Infinity) {
      reads++
      const bytes = files.get(cid.toString())
      if (bytes === undefined) throw new UtnetError('block_not_found', `no file ${cid.toString()}`)
      if (bytes.length > maxBytes) throw limitError('core_too_large', 'carBytes', bytes.length, maxBytes, 'file')
      return bytes.slice()
    },
  }
}
