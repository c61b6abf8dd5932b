/** What the host does for one run beyond the crossing: buckets on the node's own store, pieces of a stream, handles that come and go. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LIMITS, type WitValue } from '../../../runtime/core/index.ts'
import { CONTEXT, testHost } from '../../../runtime/host/testing/host.ts'
import { wat } from '../../../runtime/host/testing/wat.ts'
import { Files, NO_PROGRAM, Outbound, Recorder, standardOffers, WasiRun } from '../../../runtime/host/wasi/index.ts'
import { openLmdb } from '../../../runtime/kv/index.ts'
import { createBuckets } from '../../../runtime/node/outside/index.ts'
import { stopwatch } from './clock.ts'
import type { HostPrice } from './host-prices.ts'

const ITEMS = LIMITS.bucketKeys
const key = (n: number): string => `k${n.toString(36)}`

/** One call of a bucket's function on a store on disk: what it takes, and what it pays beside the crossing and the bytes of its values. */
interface Asked {
  readonly ns: number
  readonly gas: number
}

type Ask = (name: string, args: readonly WitValue[], before?: (run: WasiRun, bucket: number) => void) => Asked

async function withBucket<T>(use: (ask: Ask) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'utnet-buckets-'))
  const kv = await openLmdb(join(folder, 'kv'))
  try {
    const store = createBuckets(kv)
    for (let n = 0; n < ITEMS; n++) store.set('b', key(n), Uint8Array.of(n))
    await kv.commit([[new Uint8Array(1), undefined]])
    const offers = standardOffers(false)
    const grants = { mounts: [], hosts: [], buckets: ['b'], settings: [] }
    const call = (run: WasiRun, name: string, args: readonly WitValue[]): WitValue =>
      offers[`wasi:keyvalue/${name.split(' ')[0] as string}`]?.[name.split(' ')[1] as string]?.run(run, args) as WitValue
    return await use((name, args, before) => {
      let gas = 0
      const recorder = new Recorder({ entries: [], files: new Map() }, undefined)
      const outside = { grants, files: new Files([], recorder), recorder, outbound: new Outbound([], undefined, recorder), buckets: store }
      const run = new WasiRun({ charge: (n) => void (gas += n) }, CONTEXT, outside, NO_PROGRAM)
      const [, bucket] = call(run, 'store open', ['b']) as readonly [number, number]
      before?.(run, bucket)
      gas = 0
      const watch = stopwatch()
      call(run, name, [bucket, ...args])
      return { ns: watch(), gas }
    })
  } finally {
    await kv.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** The gas that a call pays is known when it was made once: it depends on nothing but its arguments and the store. */
const priced = (id: string, name: string, once: () => Asked): HostPrice => ({ id, name, gas: once().gas, ns: () => once().ns })

const GUEST_GAS = 1n << 50n

/** A whole run of a guest that does one thing over and over: its own instructions count with it, as they do for who tries it. */
async function repeated(id: string, name: string, text: string, body = new Uint8Array(0)): Promise<HostPrice> {
  const host = testHost()
  const { module } = await host.admit(await wat(text))
  const request = { method: 'POST', path: '/run', headers: [], body }
  const once = async (): Promise<Asked> => {
    const watch = stopwatch()
    const { status, gas, message } = await host.invoke({ module, request, context: CONTEXT, gasLimit: GUEST_GAS })
    const ns = watch()
    if (status !== 'ok') throw new Error(`the run of ${name} ended with ${status}: ${message ?? ''}`)
    return { ns, gas: Number(gas) }
  }
  for (let i = 0; i < 10; i++) await once()
  const { gas } = await once()
  return { id, name, gas, ns: async () => (await once()).ns }
}

const CALLS = 20_000
const loop = (body: string): string =>
  `(local $n i32) (local.set $n (i32.const ${CALLS})) (loop $l ${body} (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))`

/** A program that reads its input byte by byte, or writes its output so. */
const pieces = (body: string): string => `(component
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $e))
  (import "wasi:io/streams@0.2.0" (instance $io
    (export "input-stream" (type $in (sub resource))) (export "output-stream" (type $out (sub resource)))
    (alias outer 1 $e (type $outer)) (export "error" (type $error (eq $outer)))
    (type $failed (variant (case "last-operation-failed" (own $error)) (case "closed"))) (export "stream-error" (type $se (eq $failed)))
    (export "[method]input-stream.read" (func (param "self" (borrow $in)) (param "len" u64) (result (result (list u8) (error $se)))))
    (export "[method]output-stream.write" (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $se)))))))
  (alias export $io "input-stream" (type $in)) (alias export $io "output-stream" (type $out))
  (import "wasi:cli/stdin@0.2.0" (instance $stdin (alias outer 1 $in (type $o)) (export "input-stream" (type $i (eq $o))) (export "get-stdin" (func (result (own $i))))))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout (alias outer 1 $out (type $o)) (export "output-stream" (type $i (eq $o))) (export "get-stdout" (func (result (own $i))))))
  (core module $mem (memory (export "m") 1 1) (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
  (core instance $mem (instantiate $mem))
  (core func $read (canon lower (func $io "[method]input-stream.read") (memory $mem "m") (realloc (func $mem "r"))))
  (core func $write (canon lower (func $io "[method]output-stream.write") (memory $mem "m") (realloc (func $mem "r"))))
  (core func $stdin (canon lower (func $stdin "get-stdin"))) (core func $stdout (canon lower (func $stdout "get-stdout")))
  (core func $drop (canon resource.drop $in))
  (core module $m
    (import "h" "read" (func $read (param i32 i64 i32))) (import "h" "write" (func $write (param i32 i32 i32 i32)))
    (import "h" "stdin" (func $stdin (result i32))) (import "h" "stdout" (func $stdout (result i32))) (import "h" "drop" (func $drop (param i32)))
    (func (export "run") (result i32) (local $in i32) (local $out i32) ${body} (i32.const 0)))
  (core instance $i (instantiate $m (with "h" (instance (export "read" (func $read)) (export "write" (func $write)) (export "stdin" (func $stdin))
    (export "stdout" (func $stdout)) (export "drop" (func $drop))))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $o (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $o)))`

/** Resources of the guest's own, made and dropped. */
const HANDLES = `(component
  (type $r (resource (rep i32)))
  (core func $new (canon resource.new $r)) (core func $drop (canon resource.drop $r))
  (core module $m (import "h" "new" (func $new (param i32) (result i32))) (import "h" "drop" (func $drop (param i32)))
    (func (export "run") (result i32) ${loop('(call $drop (call $new (i32.const 7)))')} (i32.const 0)))
  (core instance $i (instantiate $m (with "h" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
  (func $run (result u32) (canon lift (core func $i "run")))
  (instance $o (export "run" (func $run)))
  (export "a:b/c@1.0.0" (instance $o)))`

const LOCALS = '(local.set $in (call $stdin)) (local.set $out (call $stdout))'
const within = (body: string): string => {
  const [declared, rest] = [body.slice(0, body.indexOf(')') + 1), body.slice(body.indexOf(')') + 1)]
  return pieces(`${declared} ${LOCALS} ${rest}`)
}

/** Measures with `use`, then takes everything away. */
export const withRunPrices = <T>(use: (prices: readonly HostPrice[]) => Promise<T>): Promise<T> =>
  withBucket(async (ask) => {
    const keys = Array.from({ length: ITEMS }, (_, n) => key(n))
    const pairs = keys.map((k): WitValue => [k, new Uint8Array(1)])
    const writes = (run: WasiRun, bucket: number): void =>
      void standardOffers(false)['wasi:keyvalue/batch']?.['delete-many']?.run(run, [
        bucket,
        Array.from({ length: 4 * ITEMS }, (_, n) => `x${n}`),
      ])
    return use([
      priced('bucket-list', 'a listing of a bucket of the most keys', () => ask('store [method]bucket.list-keys', [[]])),
      priced('bucket-list', 'a listing behind four times as many removals', () => ask('store [method]bucket.list-keys', [[]], writes)),
      priced('bucket-read', 'a batch of reads of a bucket', () => ask('batch get-many', [keys])),
      priced('bucket-read', 'a batch of reads of what is not there', () => ask('batch get-many', [keys.map((k) => `z${k}`)])),
      priced('bucket-write', 'a batch of writes to a bucket', () => ask('batch set-many', [pairs])),
      await repeated(
        'stream-piece',
        'a byte read from a stream',
        within(loop('(call $read (local.get $in) (i64.const 1) (i32.const 16))')),
        new Uint8Array(CALLS),
      ),
      await repeated(
        'stream-piece',
        'a byte written to a stream',
        within(loop('(call $write (local.get $out) (i32.const 0) (i32.const 1) (i32.const 16))')),
      ),
      await repeated('handle', 'a stream that is opened and dropped', within(loop('(call $drop (call $stdin))'))),
      await repeated('handle', 'a resource of a guest that is made and dropped', HANDLES),
    ])
  })
