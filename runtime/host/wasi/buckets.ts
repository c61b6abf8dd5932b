/** wasi:keyvalue 0.2.0-draft2 over the node's buckets. What is read goes into the log, so that a replay needs no bucket; a replay writes nothing. */
import {
  asArray,
  asText,
  decode,
  encode,
  equalBytes,
  LIMITS,
  PARAMS,
  utf8,
  type BucketStore,
  type Cbor,
  type WitValue,
} from '../../core/index.ts'
import { bind, type Functions, type Handlers } from './bind.ts'
import type { WasiRun } from './run.ts'

/** Cases of `error`. */
const NO_SUCH_STORE: WitValue = [1, [0]]
const other = (message: string): WitValue => [1, [2, message]]
const ok = (value: WitValue): WitValue => [0, value]
const DONE: WitValue = [0]

interface Bucket {
  readonly name: string
}

const bucket = (run: WasiRun, handle: WitValue | undefined): string => run.handles.get<Bucket>(handle, 'bucket').name

const badKey = (key: string): WitValue | undefined =>
  key === '' || key.length > LIMITS.bucketKeyBytes || utf8(key).length > LIMITS.bucketKeyBytes
    ? other(`a key has 1 to bucketKeyBytes (${LIMITS.bucketKeyBytes}) bytes`)
    : undefined

const FULL = 'the log of the run is full'

/**
 * What a bucket says, as the log has it: nothing, or bytes among its files. A full log is an answer too.
 * The declared maximum of what comes out is paid before it is read.
 */
function told(
  run: WasiRun,
  kind: string,
  asked: readonly Cbor[],
  most: number,
  read: () => Uint8Array | undefined,
): Uint8Array | undefined | typeof FULL {
  const { recorder } = run.outside
  const declared = most * PARAMS.host.byteOut
  run.meter.charge(PARAMS.host.storageRead + declared)
  const [answer] = recorder.entry(kind, asked, () => {
    const bytes = read()
    if (bytes === undefined) return [null]
    return [recorder.hasRoom(bytes.length) ? recorder.keep(bytes) : FULL]
  })
  const bytes = answer instanceof Uint8Array ? recorder.body(answer) : undefined
  run.meter.charge((bytes?.length ?? 0) * PARAMS.host.byteOut - declared)
  return answer === FULL ? FULL : bytes
}

const read = (run: WasiRun, name: string, key: string): Uint8Array | undefined | typeof FULL =>
  told(run, 'wasi.bucket-get', [name, key], LIMITS.bucketValueBytes, () => run.outside.buckets?.get(name, key))

function write(run: WasiRun, name: string, key: string, value: Uint8Array | undefined): void {
  const { recorder, buckets } = run.outside
  run.meter.charge(PARAMS.host.storageWrite + (value?.length ?? 0) * PARAMS.host.storageByte)
  run.bucketWrites++
  if (!recorder.replaying) buckets?.set(name, key, value)
}

const badValue = (value: Uint8Array): WitValue | undefined =>
  value.length > LIMITS.bucketValueBytes ? other(`a value has at most bucketValueBytes (${LIMITS.bucketValueBytes}) bytes`) : undefined

const some = (value: Uint8Array | undefined): WitValue => (value === undefined ? [] : [value])

const STORE: Handlers = {
  open: (run, [name]) =>
    run.outside.grants.buckets.includes(name as string)
      ? ok(run.handles.add('bucket', { name: name as string } satisfies Bucket))
      : NO_SUCH_STORE,
  '[method]bucket.get': (run, [b, key]) => {
    const name = bucket(run, b)
    const bad = badKey(key as string)
    if (bad !== undefined) return bad
    const value = read(run, name, key as string)
    return value === FULL ? other(FULL) : ok(some(value))
  },
  '[method]bucket.set': (run, [b, key, value]) => {
    const name = bucket(run, b)
    const bad = badKey(key as string) ?? badValue(value as Uint8Array)
    if (bad !== undefined) return bad
    write(run, name, key as string, value as Uint8Array)
    return DONE
  },
  '[method]bucket.delete': (run, [b, key]) => {
    const name = bucket(run, b)
    const bad = badKey(key as string)
    if (bad !== undefined) return bad
    write(run, name, key as string, undefined)
    return DONE
  },
  '[method]bucket.exists': (run, [b, key]) => {
    const name = bucket(run, b)
    const bad = badKey(key as string)
    if (bad !== undefined) return bad
    const value = read(run, name, key as string)
    return value === FULL ? other(FULL) : ok(value !== undefined)
  },
  '[method]bucket.list-keys': (run, [b, cursor]) => {
    const name = bucket(run, b)
    const after = (cursor as readonly string[])[0] ?? ''
    const { listedKey } = PARAMS.host
    // The store goes through what the run wrote too, whether it is listed or not
    run.meter.charge((LIMITS.bucketKeys + run.bucketWrites) * listedKey)
    const listed = told(run, 'wasi.bucket-keys', [name, after], LIMITS.bucketKeys * LIMITS.bucketKeyBytes, () =>
      encode([...(run.outside.buckets?.keys(name, after, LIMITS.bucketKeys) ?? [])]),
    )
    if (listed === FULL) return other(FULL)
    const keys = asArray(listed === undefined ? [] : decode(listed, 'keys of a bucket'), 'keys of a bucket').map((key) =>
      asText(key, 'key'),
    )
    run.meter.charge((keys.length - LIMITS.bucketKeys) * listedKey)
    return ok([keys, keys.length < LIMITS.bucketKeys ? [] : [keys[keys.length - 1] as string]])
  },
}

/** A counter is a decimal number of 64 bits, as text. */
const COUNTER = /^(?:0|-?[1-9][0-9]{0,18})$/
const [LEAST, MOST] = [-(2n ** 63n), 2n ** 63n - 1n]
const fits = (n: bigint): boolean => n >= LEAST && n <= MOST

function counter(value: Uint8Array | undefined): bigint | undefined {
  const text = value === undefined ? '0' : String.fromCharCode(...value.subarray(0, 21))
  if (!COUNTER.test(text)) return undefined
  const n = BigInt(text)
  return fits(n) ? n : undefined
}

/** Where a compare-and-swap began. */
interface Cas {
  readonly name: string
  readonly key: string
  readonly value: Uint8Array | undefined
}

const cas = (run: WasiRun, from: Cas): number => run.handles.add('cas', from)
const same = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : equalBytes(a, b)
/** A case of `cas-error`: of the store, or one that found another value. */
const storeError = ([, error]: readonly WitValue[]): WitValue => [1, [0, error as WitValue]]

/** No other run of this node comes between a read and the write behind it: nothing here waits. */
const ATOMICS: Handlers = {
  increment: (run, [b, key, delta]) => {
    const name = bucket(run, b)
    const bad = badKey(key as string)
    if (bad !== undefined) return bad
    const value = read(run, name, key as string)
    if (value === FULL) return other(FULL)
    const before = counter(value)
    if (before === undefined) return other('the value is no decimal number of 64 bits')
    const after = before + BigInt(delta as number | bigint)
    if (!fits(after)) return other('the sum has more than 64 bits')
    write(run, name, key as string, utf8(String(after)))
    return ok(after)
  },
  '[static]cas.new': (run, [b, key]) => {
    const name = bucket(run, b)
    const bad = badKey(key as string)
    if (bad !== undefined) return bad
    const value = read(run, name, key as string)
    return value === FULL ? other(FULL) : ok(cas(run, { name, key: key as string, value }))
  },
  '[method]cas.current': (run, [c]) => ok(some(run.handles.get<Cas>(c, 'cas').value)),
  swap: (run, [c, value]) => {
    const { name, key, value: before } = run.handles.take<Cas>(c, 'cas')
    const bad = badValue(value as Uint8Array)
    if (bad !== undefined) return storeError(bad as readonly WitValue[])
    const now = read(run, name, key)
    if (now === FULL) return storeError(other(FULL) as readonly WitValue[])
    if (!same(now, before)) return [1, [1, cas(run, { name, key, value: now })]]
    write(run, name, key, value as Uint8Array)
    return DONE
  },
}

/** Nothing of a batch is done where one of its keys or values cannot be. */
const BATCH: Handlers = {
  'get-many': (run, [b, keys]) => {
    const name = bucket(run, b)
    const bad = (keys as readonly string[]).map(badKey).find((why) => why !== undefined)
    if (bad !== undefined) return bad
    const found: WitValue[] = []
    for (const key of keys as readonly string[]) {
      const value = read(run, name, key)
      if (value === FULL) return other(FULL)
      found.push([key, some(value)])
    }
    return ok(found)
  },
  'set-many': (run, [b, pairs]) => {
    const name = bucket(run, b)
    const all = pairs as unknown as readonly (readonly [string, Uint8Array])[]
    const bad = all.map(([key, value]) => badKey(key) ?? badValue(value)).find((why) => why !== undefined)
    if (bad !== undefined) return bad
    for (const [key, value] of all) write(run, name, key, value)
    return DONE
  },
  'delete-many': (run, [b, keys]) => {
    const name = bucket(run, b)
    const bad = (keys as readonly string[]).map(badKey).find((why) => why !== undefined)
    if (bad !== undefined) return bad
    for (const key of keys as readonly string[]) write(run, name, key, undefined)
    return DONE
  },
}

/** The buckets of one guest: two guests that name a bucket alike do not share it. */
export function scopedBuckets(store: BucketStore, scope: string): BucketStore {
  const of = (bucket: string): string => `${scope}/${bucket}`
  return {
    get: (name, key) => store.get(of(name), key),
    set: (name, key, value) => store.set(of(name), key, value),
    keys: (name, after, limit) => store.keys(of(name), after, limit),
    written: () => store.written(),
  }
}

export const buckets = (): Readonly<Record<string, Functions>> => ({
  'wasi:keyvalue/store': bind('wasi:keyvalue/store@0.2.0-draft2', STORE),
  'wasi:keyvalue/atomics': bind('wasi:keyvalue/atomics@0.2.0-draft2', ATOMICS),
  'wasi:keyvalue/batch': bind('wasi:keyvalue/batch@0.2.0-draft2', BATCH),
})
