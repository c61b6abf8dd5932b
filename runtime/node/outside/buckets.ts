/** Key-value buckets of guests over the node's store. Reads see every write at once; what is not on disk yet is held in memory until it is. */
import { fromUtf8, utf8, type BucketStore, type Kv } from '../../core/index.ts'

const PREFIX = 'guest-bucket\0'
const END = new Uint8Array([0xff])

const keyOf = (bucket: string, key: string): Uint8Array => utf8(`${PREFIX}${bucket}\0${key}`)

/** Order of UTF-8 bytes, as the store has it. */
const compare = (a: string, b: string): number => Buffer.compare(utf8(a), utf8(b))

/** Keys and values are bounded by who asks (`runtime/host/wasi`). */
export function createBuckets(kv: Kv): BucketStore {
  /** Writes on their way to disk, by bucket and key; undefined removes. */
  const pending = new Map<string, Map<string, { readonly value: Uint8Array | undefined }>>()

  let written: Promise<void> = Promise.resolve()

  return {
    written: () => written,
    get: (bucket, key) => {
      const here = pending.get(bucket)?.get(key)
      return here === undefined ? kv.get(keyOf(bucket, key)) : here.value
    },
    set: (bucket, key, value) => {
      const mine = pending.get(bucket) ?? new Map<string, { readonly value: Uint8Array | undefined }>()
      pending.set(bucket, mine)
      const write = { value }
      mine.set(key, write)
      const done = (): void => {
        if (mine.get(key) === write) mine.delete(key)
        if (mine.size === 0 && pending.get(bucket) === mine) pending.delete(bucket)
      }
      const commit = kv.commit([[keyOf(bucket, key), value]]).then(done)
      written = Promise.all([written, commit]).then(() => undefined)
      // A disk that fails is told to who waits, and stops the node elsewhere; the write stays readable until then
      written.catch(() => undefined)
    },
    keys: (bucket, after, limit) => {
      const prefix = utf8(`${PREFIX}${bucket}\0`)
      const mine = pending.get(bucket)
      const end = new Uint8Array([...prefix, ...END])
      const found: string[] = []
      // What is on its way to disk counts in the place of what is there
      for (const [at] of kv.range(keyOf(bucket, after), end, { limit: limit + (mine?.size ?? 0) + 1 })) {
        const key = fromUtf8(at.subarray(prefix.length))
        if (key !== after && mine?.has(key) !== true) found.push(key)
        if (found.length === limit) break
      }
      const written = [...(mine ?? [])].flatMap(([key, { value }]) => (value !== undefined && compare(key, after) > 0 ? [key] : []))
      return written.length === 0 ? found : [...found, ...written].sort(compare).slice(0, limit)
    },
  }
}
