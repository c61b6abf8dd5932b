/** Components that come back into each other: while the host calls a guest that called it, the engine's stack grows by frames that no guest's weight shows. */
import { expect, test } from 'vitest'
import { LIMITS } from '../../core/index.ts'
import { CONTEXT, testHost } from '../testing/host.ts'
import { wat } from '../testing/wat.ts'
import { inspectGuest, type GuestOutcome } from './index.ts'

const GAS = 1_000_000_000n

async function deployed(text: string): Promise<(n: number) => Promise<GuestOutcome>> {
  const host = testHost()
  const { module } = await host.admit(await wat(text))
  return (n) => {
    const request = { method: 'POST', path: '/f', headers: [], body: new TextEncoder().encode(`[${n}]`) }
    return host.invoke({ module, request, context: CONTEXT, gasLimit: GAS })
  }
}

const answer = ({ response }: GuestOutcome): string => new TextDecoder().decode(response.body).trim()
/** A core module calls through a table, which another one fills with the lowered form of the first one's own function. */
const LOOPED = `(core module $a (table (export "t") 1 funcref) (type $t (func (param i32) (result i32)))
    (func (export "f") (type $t)
      (if (result i32) (local.get 0)
        (then (i32.add (i32.const 1) (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))))
        (else (i32.const 0)))))
  (core instance $a (instantiate $a))
  (func $f (param "n" u32) (result u32) (canon lift (core func $a "f")))
  (core func $again (canon lower (func $f)))
  (core module $b (import "a" "t" (table 1 funcref)) (import "a" "again" (func $f (param i32) (result i32))) (elem (i32.const 0) $f))
  (core instance (instantiate $b (with "a" (instance (export "t" (table $a "t")) (export "again" (func $again))))))`
const ITSELF = `(component
  ${LOOPED}
  (instance $o (export "f" (func $f)))
  (export "a:b/c@1.0.0" (instance $o)))`

test('U2.3-PIEE-1: a component that is at work is not entered again, however deep it would go', async () => {
  const call = await deployed(ITSELF)
  expect(answer(await call(0))).toBe('0')
  const once = await call(1)
  expect(once).toMatchObject({ status: 'trap', gas: GAS, message: expect.stringContaining('entered again') as string })
  for (const n of [10, 1_000, 100_000]) expect(await call(n)).toEqual(once)
})

/** A core module's start function calls what the same component lifts from another; the entry only tells what it got. */
const BEGINS = `(component
  (core module $a (func (export "five") (result i32) (i32.const 5)))
  (core instance $a (instantiate $a))
  (func $five (result u32) (canon lift (core func $a "five")))
  (core func $again (canon lower (func $five)))
  (core module $b (import "h" "five" (func $five (result i32))) (global $got (mut i32) (i32.const 0))
    (func $start (global.set $got (call $five))) (start $start)
    (func (export "f") (param i32) (result i32) (global.get $got)))
  (core instance $b (instantiate $b (with "h" (instance (export "five" (func $again))))))
  (func $f (param "n" u32) (result u32) (canon lift (core func $b "f")))
  (instance $o (export "f" (func $f)))
  (export "a:b/c@1.0.0" (instance $o)))`

test('U2.3-PIEE-1: a start function may not enter its own component either', async () => {
  const call = await deployed(BEGINS)
  expect(await call(0)).toMatchObject({ status: 'trap', gas: GAS, message: expect.stringContaining('entered again') as string })
})

/** Resources whose destructor drops the handle below through a table. */
const CHAIN = `(component
  (core module $d (table (export "t") 1 funcref) (type $t (func (param i32)))
    (func (export "end") (param i32) (if (local.get 0) (then (call_indirect (type $t) (local.get 0) (i32.const 0))))))
  (core instance $d (instantiate $d))
  (type $r (resource (rep i32) (dtor (func $d "end"))))
  (core func $new (canon resource.new $r)) (core func $drop (canon resource.drop $r))
  (core module $m (import "h" "t" (table 1 funcref)) (import "h" "new" (func $new (param i32) (result i32))) (import "h" "drop" (func $drop (param i32)))
    (elem (i32.const 0) $drop)
    (func (export "f") (param i32) (result i32) (local $n i32) (local $h i32)
      (loop $l (local.set $h (call $new (local.get $n))) (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get $n) (local.get 0))))
      (call $drop (local.get $h)) (local.get $h)))
  (core instance $m (instantiate $m (with "h" (instance (export "t" (table $d "t")) (export "new" (func $new)) (export "drop" (func $drop))))))
  (func $f (param "n" u32) (result u32) (canon lift (core func $m "f")))
  (instance $o (export "f" (func $f)))
  (export "a:b/c@1.0.0" (instance $o)))`

test('U2.3-PIEE-1, U4.3-GAS-1: a chain of destructors ends by the weight of its frames, cold and hot at the same one', async () => {
  const call = await deployed(CHAIN)
  const reached = async (): Promise<number> => {
    let [least, most] = [1, 20_000]
    while (most - least > 1) {
      const middle = (least + most) >> 1
      const { status, limit } = await call(middle)
      expect([status, limit]).toEqual(status === 'ok' ? ['ok', undefined] : ['trap', 'stackBytes'])
      if (status === 'ok') least = middle
      else most = middle
    }
    return least
  }
  const cold = await reached()
  // Each link weighs more than its frame: 512 for the host's
  expect(cold).toBeGreaterThan(100)
  expect(cold).toBeLessThan(LIMITS.stackBytes / (512 + 64 + 8))
  for (let i = 0; i < 300; i++) await call(cold)
  expect(await reached()).toBe(cold)
})

/** The outer component calls the inner one, which gives a resource of the outer one back to it by dropping it. */
const DROPPED_INSIDE = `(component
  (core module $d (func (export "end") (param i32)))
  (core instance $d (instantiate $d))
  (type $r (resource (rep i32) (dtor (func $d "end"))))
  (core func $new (canon resource.new $r))
  (instance $types (export "r" (type $r)))
  (component $inner
    (import "types" (instance $t (export "r" (type $r (sub resource)))))
    (alias export $t "r" (type $r))
    (core func $drop (canon resource.drop $r))
    (core module $m (import "h" "drop" (func $drop (param i32))) (func (export "take") (param i32) (call $drop (local.get 0))))
    (core instance $m (instantiate $m (with "h" (instance (export "drop" (func $drop))))))
    (func (export "take") (param "r" (own $r)) (canon lift (core func $m "take"))))
  (instance $inner (instantiate $inner (with "types" (instance $types))))
  (core func $take (canon lower (func $inner "take")))
  (core module $m (import "h" "take" (func $take (param i32))) (import "h" "new" (func $new (param i32) (result i32)))
    (func (export "f") (param i32) (result i32) (call $take (call $new (local.get 0))) (local.get 0)))
  (core instance $m (instantiate $m (with "h" (instance (export "take" (func $take)) (export "new" (func $new))))))
  (func $f (param "n" u32) (result u32) (canon lift (core func $m "f")))
  (instance $o (export "f" (func $f)))
  (export "a:b/c@1.0.0" (instance $o)))`

test('a destructor of a component that is at work is not run from within another', async () => {
  const call = await deployed(DROPPED_INSIDE)
  expect(await call(1)).toMatchObject({ status: 'trap', message: expect.stringContaining('entered again') as string })
})

test('a nested component that is instantiated many times has its code once', async () => {
  const times = 40
  const component = await wat(`(component
    (component $c
      (core module $m ${'(func)'.repeat(2_000)} (func (export "f") (param i32) (result i32) (local.get 0)))
      (core instance $m (instantiate $m))
      (func (export "f") (param "n" u32) (result u32) (canon lift (core func $m "f"))))
    ${Array.from({ length: times }, (_, i) => `(instance $i${i} (instantiate $c))`).join(' ')}
    (export "a:b/c@1.0.0" (instance $i${times - 1})))`)
  const { limits } = inspectGuest(component)
  expect(limits).toMatchObject({ componentModules: { used: 1 }, componentInstances: { used: times } })
  const host = testHost()
  const { module } = await host.admit(component)
  const request = { method: 'POST', path: '/f', headers: [], body: new TextEncoder().encode('[7]') }
  expect(answer(await host.invoke({ module, request, context: CONTEXT, gasLimit: GAS }))).toBe('7')
})

/**
 * An inner component that comes back into itself where it is asked to, and an outer one that calls it: `g` of less than a million so many times, one behind the other,
 * of more the rest beyond a million once; `h` calls it below so many frames of its own, `d` does not.
 */
const OUTER = `(component
  (component $inner
    ${LOOPED}
    (export "f" (func $f)))
  (instance $inner (instantiate $inner))
  (alias export $inner "f" (func $f))
  (core func $low (canon lower (func $f)))
  (core module $m (import "i" "f" (func $f (param i32) (result i32)))
    (func $own (param i32) (result i32) (local.get 0))
    (func (export "g") (param i32) (result i32) (local $n i32)
      (if (i32.gt_u (local.get 0) (i32.const 1000000)) (then (return (call $f (i32.sub (local.get 0) (i32.const 1000000))))))
      (loop $l (drop (call $f (i32.const 0))) (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $l (i32.lt_u (local.get $n) (local.get 0))))
      (local.get $n))
    (func $h (export "h") (param i32) (result i32)
      (if (result i32) (local.get 0) (then (call $h (i32.sub (local.get 0) (i32.const 1)))) (else (call $f (i32.const 0)))))
    (func $d (export "d") (param i32) (result i32)
      (if (result i32) (local.get 0) (then (call $d (i32.sub (local.get 0) (i32.const 1)))) (else (call $own (i32.const 0))))))
  (core instance $m (instantiate $m (with "i" (instance (export "f" (func $low))))))
  (func $g (param "n" u32) (result u32) (canon lift (core func $m "g")))
  (func $h (param "n" u32) (result u32) (canon lift (core func $m "h")))
  (func $d (param "n" u32) (result u32) (canon lift (core func $m "d")))
  (instance $o (export "f" (func $f)) (export "g" (func $g)) (export "h" (func $h)) (export "d" (func $d)))
  (export "a:b/c@1.0.0" (instance $o)))`

async function outer(): Promise<(name: string, n: number) => Promise<GuestOutcome>> {
  const host = testHost()
  const { module } = await host.admit(await wat(OUTER))
  return (name, n) => {
    const request = { method: 'POST', path: `/${name}`, headers: [], body: new TextEncoder().encode(`[${n}]`) }
    return host.invoke({ module, request, context: CONTEXT, gasLimit: GAS })
  }
}

test('a component that another one called is left again with its stack, as often as it is called, and by the next run too', async () => {
  const call = await outer()
  // many times what fits in one another
  expect(answer(await call('g', 2_000))).toBe('2000')
  expect(answer(await call('f', 0))).toBe('0')
  expect(answer(await call('g', 1))).toBe('1')
  expect(await call('g', 1_000_001)).toMatchObject({ status: 'trap', message: expect.stringContaining('entered again') as string })
})

test('a call into another component weighs what the host puts on the stack for it', async () => {
  const call = await outer()
  const deepest = async (name: string): Promise<number> => {
    let [least, most] = [1, LIMITS.stackBytes]
    while (most - least > 1) {
      const middle = (least + most) >> 1
      const { status, limit } = await call(name, middle)
      expect([status, limit]).toEqual(status === 'ok' ? ['ok', undefined] : ['trap', 'stackBytes'])
      if (status === 'ok') least = middle
      else most = middle
    }
    return least
  }
  const own = await deepest('d')
  const frame = LIMITS.stackBytes / own
  expect((own - (await deepest('h'))) * frame).toBeGreaterThan(2_048 - 2 * frame)
})
