import { expect, test } from 'vitest'
import { utf8, type BucketStore } from '../../core/index.ts'
import { CONTEXT, memoryFiles } from '../testing/host.ts'
import { wat } from '../testing/wat.ts'
import { withGrants } from '../wasi/index.ts'
import { createHost } from './index.ts'

/** Opens the bucket `b`, sets `k` to `v` there, and ends as told. */
const writing = (end: string): Promise<Uint8Array> =>
  wat(`(component
    (import "wasi:keyvalue/store@0.2.0-draft2" (instance $store
      (export "bucket" (type $bucket (sub resource)))
      (type $error (variant (case "no-such-store") (case "access-denied") (case "other" string)))
      (export "error" (type $e (eq $error)))
      (export "open" (func (param "identifier" string) (result (result (own $bucket) (error $e)))))
      (export "[method]bucket.set" (func (param "self" (borrow $bucket)) (param "key" string) (param "value" (list u8)) (result (result (error $e)))))))
    (core module $libc (memory (export "m") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
    (core instance $libc (instantiate $libc))
    (alias export $store "open" (func $open))
    (alias export $store "[method]bucket.set" (func $set))
    (core func $open (canon lower (func $open) (memory $libc "m") (realloc (func $libc "realloc"))))
    (core func $set (canon lower (func $set) (memory $libc "m") (realloc (func $libc "realloc"))))
    (core module $main
      (import "libc" "m" (memory 1))
      (import "h" "open" (func $open (param i32 i32 i32)))
      (import "h" "set" (func $set (param i32 i32 i32 i32 i32 i32)))
      (data (i32.const 0) "bkv")
      (func (export "f") (result i32)
        (call $open (i32.const 0) (i32.const 1) (i32.const 16))
        (call $set (i32.load (i32.const 20)) (i32.const 1) (i32.const 1) (i32.const 2) (i32.const 1) (i32.const 32))
        ${end}))
    (core instance $main (instantiate $main (with "libc" (instance $libc))
      (with "h" (instance (export "open" (func $open)) (export "set" (func $set))))))
    (func $f (result u32) (canon lift (core func $main "f")))
    (export "f" (func $f)))`)

test.each([
  ['ok', '(i32.const 1)'],
  ['trap', 'unreachable'],
  ['out-of-gas', '(loop (br 0)) unreachable'],
] as const)(
  'what a run wrote to a bucket stays when it ends with %s, is on disk before that is told, and no replay writes it',
  async (status, end) => {
    const rows = new Map<string, Uint8Array | undefined>()
    const onDisk = Promise.withResolvers<void>()
    let broken = false
    const buckets: BucketStore = {
      get: (bucket, key) => rows.get(`${bucket} ${key}`),
      set: (bucket, key, value) => void rows.set(`${bucket} ${key}`, value),
      keys: () => [],
      written: () => (broken ? Promise.reject(new Error('the disk is gone')) : onDisk.promise),
    }
    const host = createHost({ files: memoryFiles(), buckets })
    const { module } = await host.admit(withGrants(await writing(end), { buckets: ['b'] }))
    const request = { method: 'POST', path: '/f', headers: [], body: new Uint8Array(0) }
    const asked = { module, tenant: 'me', request, context: CONTEXT, gasLimit: 100_000_000n }
    let told = false
    const run = host.invoke(asked)
    void run.then(() => (told = true))
    while (rows.size === 0) await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect([told, [...rows]]).toEqual([false, [['me/b k', utf8('v')]]])
    onDisk.resolve()
    const outcome = await run
    expect(outcome.status).toBe(status)
    rows.clear()
    expect(await host.invoke({ ...asked, replay: outcome.log })).toMatchObject({ status, gas: outcome.gas })
    expect(rows.size).toBe(0)
    // a disk that fails is the node's fault: no result, so no receipt
    broken = true
    await expect(host.invoke(asked)).rejects.toThrow('the disk is gone')
  },
)
