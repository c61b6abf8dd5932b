/** Our blocks and key-value store in the shapes Helia asks for. Its datastore holds the pins. */
import type { HeliaInit } from 'helia'
import { concatBytes, fromUtf8, utf8, UtnetError, type CID, type Kv } from '../runtime/core/index.ts'
import type { Blocks } from './blocks.ts'

export type HeliaBlockstore = NonNullable<HeliaInit['blockstore']>
export type HeliaDatastore = NonNullable<HeliaInit['datastore']>
type Key = Parameters<HeliaDatastore['get']>[0]
type Query = Parameters<HeliaDatastore['query']>[0]
type Input = Parameters<HeliaBlockstore['put']>[1]

const PAGE = 16

async function gather(input: Input): Promise<Uint8Array> {
  if (input instanceof Uint8Array) return input
  const parts: Uint8Array[] = []
  for await (const part of input) parts.push(part)
  return concatBytes(...parts)
}

/** Every put is hash-checked and every get checked again: Helia sees nothing that is not what its CID says. */
export function heliaBlockstore(blocks: Blocks): HeliaBlockstore {
  const one = function* (cid: CID): Generator<Uint8Array> {
    yield blocks.get(cid)
  }
  return {
    has: (cid) => blocks.has(cid),
    get: one,
    async put(cid, input) {
      await blocks.putAll([{ cid, bytes: await gather(input) }])
      return cid
    },
    async *putMany(source) {
      const all: { cid: CID; bytes: Uint8Array }[] = []
      for await (const { cid, bytes } of source) all.push({ cid, bytes: await gather(bytes) })
      await blocks.putAll(all)
      for (const { cid } of all) yield cid
    },
    async *getMany(source) {
      for await (const cid of source) yield { cid, bytes: one(cid) }
    },
    delete: (cid) => blocks.removeAll([cid]),
    async *deleteMany(source) {
      for await (const cid of source) {
        await blocks.removeAll([cid])
        yield cid
      }
    },
    *getAll() {
      for (let page = blocks.page(undefined, PAGE); page.length > 0; page = blocks.page(page.at(-1)?.key, PAGE)) {
        for (const { cid } of page) if (cid !== undefined) yield { cid, bytes: one(cid) }
      }
    },
  }
}

const PREFIX = utf8('helia/')
const END = utf8('helia0')

class NotFound extends Error {
  // Helia tells an absent key by this name.
  override readonly name = 'NotFoundError'
}

/** Helia's datastore in the key-value store. */
export function heliaDatastore(kv: Kv): HeliaDatastore {
  // The class of keys is that of the keys which Helia hands in: it asks for its version before anything else.
  let makeKey: (text: string) => Key = () => {
    throw new UtnetError('node_internal', 'the datastore was listed before any key was seen')
  }
  const at = (key: Key): Uint8Array => {
    makeKey = (text) => Reflect.construct(key.constructor, [text])
    return concatBytes(PREFIX, utf8(key.toString()))
  }
  const read = (key: Key): Uint8Array => {
    const value = kv.get(at(key))
    if (value === undefined) throw new NotFound(`no entry ${key.toString()}`)
    return value
  }
  const store: HeliaDatastore = {
    has: (key) => kv.get(at(key)) !== undefined,
    get: read,
    async put(key, value) {
      await kv.commit([[at(key), value]])
      return key
    },
    async delete(key) {
      await kv.commit([[at(key), undefined]])
    },
    async *putMany(source) {
      for await (const { key, value } of source) yield await store.put(key, value)
    },
    async *getMany(source) {
      for await (const key of source) yield { key, value: read(key) }
    },
    async *deleteMany(source) {
      for await (const key of source) {
        await store.delete(key)
        yield key
      }
    },
    batch() {
      const changes: [Uint8Array, Uint8Array | undefined][] = []
      return {
        put: (key, value) => void changes.push([at(key), value]),
        delete: (key) => void changes.push([at(key), undefined]),
        commit: () => kv.commit(changes.splice(0)),
      }
    },
    *query(query) {
      yield* select(kv, makeKey, query.prefix, query.filters, query.orders, query.offset, query.limit)
    },
    *queryKeys(query) {
      const byKey = (keep: (key: Key) => boolean) => (pair: { key: Key }) => keep(pair.key)
      const inOrder = (order: (a: Key, b: Key) => -1 | 0 | 1) => (a: { key: Key }, b: { key: Key }) => order(a.key, b.key)
      for (const { key } of select(
        kv,
        makeKey,
        query.prefix,
        query.filters?.map(byKey),
        query.orders?.map(inOrder),
        query.offset,
        query.limit,
      ))
        yield key
    },
  }
  return store
}

function select(
  kv: Kv,
  makeKey: (text: string) => Key,
  prefix: string | undefined,
  filters: Query['filters'] = [],
  orders: Query['orders'] = [],
  offset = 0,
  limit = Infinity,
): { key: Key; value: Uint8Array }[] {
  let found: { key: Key; value: Uint8Array }[] = []
  for (const [bytes, value] of kv.range(PREFIX, END)) {
    const text = fromUtf8(bytes.subarray(PREFIX.length))
    if (prefix === undefined || text.startsWith(prefix)) found.push({ key: makeKey(text), value })
  }
  for (const keep of filters) found = found.filter(keep)
  for (const order of orders) found.sort(order)
  return found.slice(offset, offset + limit)
}
