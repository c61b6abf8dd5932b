/** What comes back into a component, or destroys a resource, while a guest waits for an answer from outside. */
import { expect, test } from 'vitest'
import type { Fetcher, WitType } from '../../core/index.ts'
import { ERROR_CODE } from '../http/index.ts'
import { CONTEXT, testHost } from '../testing/host.ts'
import { wat } from '../testing/wat.ts'
import { withGrants } from '../wasi/index.ts'
import type { GuestOutcome } from './index.ts'

/** A type in WAT; those within it are defined before it. */
function typed(root: WitType, name: string): string {
  const lines: string[] = []
  const of = (type: WitType, id: string): string => {
    const sub = (inner: WitType | undefined, i: number | string): string | undefined => inner && of(inner, `${id}${i}`)
    const define = (text: string): string => {
      lines.push(`(type $${id} (${text}))`)
      return `$${id}`
    }
    switch (type.kind) {
      case 'option':
        return define(`option ${sub(type.some, 'o')}`)
      case 'record':
        return define(`record ${type.fields.map((f, i) => `(field "${f.name}" ${sub(f.type, `f${i}`)})`).join(' ')}`)
      case 'variant':
        return define(
          `variant ${type.cases.map((c, i) => `(case "${c.name}"${c.type === undefined ? '' : ` ${sub(c.type, `c${i}`)}`})`).join(' ')}`,
        )
      default:
        return type.kind
    }
  }
  of(root, name)
  return lines.join('\n')
}

const WASI = `
  (import "wasi:io/poll@0.2.3" (instance $poll (export "pollable" (type $p (sub resource)))
    (type $bp (borrow $p)) (export "[method]pollable.block" (func (param "self" $bp)))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:http/types@0.2.3" (instance $types
    (alias outer 1 $pollable (type $po)) (export "pollable" (type $p (eq $po))) (type $op (own $p))
    (export "fields" (type $f (sub resource))) (type $of (own $f))
    (export "outgoing-request" (type $r (sub resource))) (type $or (own $r)) (type $br (borrow $r))
    (export "future-incoming-response" (type $a (sub resource))) (type $ba (borrow $a))
    (export "request-options" (type $q (sub resource)))
    ${typed(ERROR_CODE, 'e')} (export "error-code" (type (eq $e)))
    (type $s (option string)) (type $none (result))
    (export "[constructor]fields" (func (result $of)))
    (export "[constructor]outgoing-request" (func (param "headers" $of) (result $or)))
    (export "[method]outgoing-request.set-authority" (func (param "self" $br) (param "authority" $s) (result $none)))
    (export "[method]future-incoming-response.subscribe" (func (param "self" $ba) (result $op)))))
  (alias export $types "outgoing-request" (type $request)) (alias export $types "request-options" (type $options))
  (alias export $types "future-incoming-response" (type $future)) (alias export $types "error-code" (type $code))
  (import "wasi:http/outgoing-handler@0.2.3" (instance $handler
    (alias outer 1 $request (type $r0)) (export "outgoing-request" (type $r (eq $r0))) (type $or (own $r))
    (alias outer 1 $options (type $q0)) (export "request-options" (type $q (eq $q0))) (type $oq (own $q)) (type $no (option $oq))
    (alias outer 1 $future (type $a0)) (export "future-incoming-response" (type $a (eq $a0))) (type $oa (own $a))
    (alias outer 1 $code (type $c0)) (export "error-code" (type $c (eq $c0)))
    (type $told (result $oa (error $c)))
    (export "handle" (func (param "request" $or) (param "options" $no) (result $told)))))
  (core module $memory (memory (export "m") 1) (data (i32.const 0) "api.test")
    (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $memory (instantiate $memory)) (alias core export $memory "m" (core memory $m))
  (core func $fields (canon lower (func $types "[constructor]fields")))
  (core func $make (canon lower (func $types "[constructor]outgoing-request")))
  (core func $authority (canon lower (func $types "[method]outgoing-request.set-authority") (memory $m)))
  (core func $subscribe (canon lower (func $types "[method]future-incoming-response.subscribe")))
  (core func $handle (canon lower (func $handler "handle") (memory $m) (realloc (func $memory "r"))))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core instance $wasi (export "m" (memory $m)) (export "fields" (func $fields)) (export "make" (func $make)) (export "authority" (func $authority))
    (export "subscribe" (func $subscribe)) (export "handle" (func $handle)) (export "block" (func $block)))`

/** A module's part that asks the outside and waits: `$ask`. */
const ASK = `(import "wasi" "m" (memory 1)) (import "wasi" "fields" (func $fields (result i32)))
  (import "wasi" "make" (func $make (param i32) (result i32))) (import "wasi" "authority" (func $authority (param i32 i32 i32 i32) (result i32)))
  (import "wasi" "subscribe" (func $subscribe (param i32) (result i32))) (import "wasi" "handle" (func $handle (param i32 i32 i32 i32)))
  (import "wasi" "block" (func $block (param i32)))
  (func $ask (local $r i32)
    (local.set $r (call $make (call $fields)))
    (drop (call $authority (local.get $r) (i32.const 1) (i32.const 0) (i32.const 8)))
    (call $handle (local.get $r) (i32.const 0) (i32.const 0) (i32.const 64))
    (if (i32.load8_u (i32.const 64)) (then unreachable))
    (call $block (call $subscribe (i32.load (i32.const 72)))))`

/** A function that waits for its answer where `n` says so, and calls itself through a table. */
const AGAIN = `(component ${WASI}
  (core module $a ${ASK} (table (export "t") 1 funcref) (type $t (func (param i32) (result i32)))
    (func (export "f") (type $t) (call $ask)
      (if (result i32) (local.get 0) (then (call_indirect (type $t) (i32.const 0) (i32.const 0))) (else (i32.const 7)))))
  (core instance $a (instantiate $a (with "wasi" (instance $wasi))))
  (func $f (param "n" u32) (result u32) (canon lift (core func $a "f")))
  (core func $again (canon lower (func $f)))
  (core module $b (import "a" "t" (table 1 funcref)) (import "a" "again" (func $f (param i32) (result i32))) (elem (i32.const 0) $f))
  (core instance (instantiate $b (with "a" (instance (export "t" (table $a "t")) (export "again" (func $again))))))
  (instance $o (export "f" (func $f))) (export "a:b/c@1.0.0" (instance $o)))`

/** The destructor waits where the resource says so. */
const DESTROYED = `(component ${WASI}
  (core module $d ${ASK} (func (export "end") (param i32) (if (local.get 0) (then (call $ask)))))
  (core instance $d (instantiate $d (with "wasi" (instance $wasi))))
  (type $r (resource (rep i32) (dtor (func $d "end"))))
  (core func $new (canon resource.new $r)) (core func $drop (canon resource.drop $r))
  (core module $m (import "h" "new" (func $new (param i32) (result i32))) (import "h" "drop" (func $drop (param i32)))
    (func (export "f") (param i32) (result i32) (call $drop (call $new (local.get 0))) (i32.const 7)))
  (core instance $m (instantiate $m (with "h" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
  (func $f (param "n" u32) (result u32) (canon lift (core func $m "f")))
  (instance $o (export "f" (func $f))) (export "a:b/c@1.0.0" (instance $o)))`

async function deployed(text: string): Promise<(n: number, replay?: GuestOutcome['log']) => Promise<GuestOutcome>> {
  const fetcher: Fetcher = {
    fetch: async () => new Promise((done) => setImmediate(done, { status: 200, headers: [], body: new Uint8Array(3) })),
  }
  const host = testHost(undefined, { fetcher })
  const { module } = await host.admit(withGrants(await wat(text), { mounts: [], hosts: ['api.test'], buckets: [], settings: [] }))
  return (n, replay) => {
    const request = { method: 'POST', path: '/f', headers: [], body: new TextEncoder().encode(`[${n}]`) }
    return host.invoke({ module, request, context: CONTEXT, gasLimit: 1_000_000_000n, ...(replay === undefined ? {} : { replay }) })
  }
}

const WAITED = [['wasi.request'], ['wasi.answer']]
const kinds = ({ log }: GuestOutcome): unknown => log.entries.map((entry) => (entry as readonly unknown[]).slice(0, 1))
const answer = ({ response }: GuestOutcome): string => new TextDecoder().decode(response.body).trim()

test('U2.3-PIEE-1: a component that waited for an answer is at work all the while, live and in a replay', async () => {
  const call = await deployed(AGAIN)
  const once = await call(0)
  expect([once.status, once.message, answer(once), kinds(once)]).toEqual(['ok', undefined, '7', WAITED])
  const twice = await call(1)
  expect(twice).toMatchObject({ status: 'trap', message: expect.stringContaining('entered again') as string })
  expect(kinds(twice)).toEqual(WAITED)
  for (const [n, was] of [
    [0, once],
    [1, twice],
  ] as const)
    expect(await call(n, was.log)).toEqual(was)
})

test('U2.3-PIEE-1: a destructor may wait for an answer', async () => {
  const call = await deployed(DESTROYED)
  const without = await call(0)
  expect([without.status, answer(without), kinds(without)]).toEqual(['ok', '7', []])
  const waited = await call(1)
  expect([waited.status, waited.message, kinds(waited)]).toEqual(['ok', undefined, WAITED])
  expect(await call(1)).toEqual(waited)
  expect(await call(1, waited.log)).toEqual(waited)
})

/** Each destructor drops the resource before it, in a guest that may wait; the first one waits where `n` is odd. */
const CHAIN = `(component ${WASI}
  (core module $d ${ASK} (table (export "t") 1 funcref) (type $t (func (param i32)))
    (func (export "end") (param i32)
      (if (i32.gt_u (local.get 0) (i32.const 1)) (then (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 2)) (i32.const 0)))
        (else (if (local.get 0) (then (call $ask)))))))
  (core instance $d (instantiate $d (with "wasi" (instance $wasi))))
  (type $r (resource (rep i32) (dtor (func $d "end"))))
  (core func $new (canon resource.new $r)) (core func $drop (canon resource.drop $r))
  (core module $m (import "h" "t" (table 1 funcref)) (import "h" "new" (func $new (param i32) (result i32))) (import "h" "drop" (func $drop (param i32)))
    (func $next (param i32) (call $drop (call $new (local.get 0)))) (elem (i32.const 0) $next)
    (func (export "f") (param i32) (result i32) (call $next (local.get 0)) (i32.const 7)))
  (core instance $m (instantiate $m (with "h" (instance (export "t" (table $d "t")) (export "new" (func $new)) (export "drop" (func $drop))))))
  (func $f (param "n" u32) (result u32) (canon lift (core func $m "f")))
  (instance $o (export "f" (func $f))) (export "a:b/c@1.0.0" (instance $o)))`

test('U2.3-PIEE-1, U4.3-GAS-1: destructors that wait within each other end by the weight of their frames', async () => {
  const call = await deployed(CHAIN)
  for (const links of [1, 100, 600]) {
    const outcome = await call(2 * links + 1)
    expect([outcome.status, outcome.message, kinds(outcome)]).toEqual(['ok', undefined, WAITED])
    expect(await call(2 * links + 1, outcome.log)).toEqual(outcome)
  }
  const first = await call(20_001)
  expect([first.status, first.limit, kinds(first)]).toEqual(['trap', 'stackBytes', []])
  for (let i = 0; i < 20; i++) expect(await call(20_001)).toEqual(first)
})
