import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isUtnetError, LIMITS, PARAMS, type CID, fileCid } from '../../core/index.ts'
import { buildText } from '../build/testing/guests.ts'
import { moduleOfCode, section } from '../testing/code.ts'
import { CONTEXT, memoryFiles } from '../testing/host.ts'
import { wat } from '../testing/wat.ts'
import { createHost, inspectGuest, preparedModules, validateGuest, type GuestOutcome, type Host } from './index.ts'

const GAS = 100_000_000n

async function deployed(
  text: string,
): Promise<{ call: (path: string, args?: unknown, gas?: bigint) => Promise<GuestOutcome>; module: CID }> {
  const host = createHost({ files: memoryFiles() })
  const { module } = await host.admit(await wat(text))
  const call = (path: string, args: unknown = [], gasLimit = GAS): Promise<GuestOutcome> =>
    host.invoke({
      module,
      request: { method: 'POST', path, headers: [], body: new TextEncoder().encode(JSON.stringify(args)) },
      context: CONTEXT,
      gasLimit,
    })
  return { call, module }
}

const json = ({ response }: GuestOutcome): unknown => JSON.parse(new TextDecoder().decode(response.body))

async function rule(text: string): Promise<unknown> {
  const bytes = await wat(text)
  try {
    validateGuest(bytes)
  } catch (error) {
    if (isUtnetError(error, 'guest_invalid')) return error.details?.['rule']
    throw error
  }
  return 'accepted'
}

/** A main module over a sibling that has the memory, a table, a global and a start function. */
const SIBLINGS = `(component
  (core module $lib
    (memory (export "memory") 1)
    (global (export "base") i32 (i32.const 64))
    (table (export "table") 4 funcref)
    (global $started (mut i32) (i32.const 0))
    (func $start (global.set $started (i32.const 7)))
    (start $start)
    (func (export "started") (result i32) (global.get $started))
    (func (export "work") (param i32) (result i32)
      (loop $l (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $l (i32.gt_s (local.get 0) (i32.const 0))))
      (local.get 0)))
  (core module $main
    (import "lib" "memory" (memory 1))
    (import "lib" "base" (global $base i32))
    (import "lib" "table" (table 4 funcref))
    (import "lib" "started" (func $started (result i32)))
    (import "lib" "work" (func $work (param i32) (result i32)))
    (type $t (func (result i32)))
    (func $nine (result i32) (i32.const 9))
    (elem (i32.const 2) $nine)
    (data (global.get $base) "abc")
    (func (export "sum") (result i32)
      (i32.add (call $started) (i32.add (i32.load8_u (i32.const 65)) (call_indirect (type $t) (i32.const 2)))))
    (func (export "work") (param i32) (result i32) (call $work (local.get 0))))
  (core instance $l (instantiate $lib))
  (core instance $m (instantiate $main (with "lib" (instance $l))))
  (func $sum (result u32) (canon lift (core func $m "sum")))
  (func $work (param "n" s32) (result s32) (canon lift (core func $m "work")))
  (instance $i (export "sum" (func $sum)) (export "work" (func $work)))
  (export "a:b/c@1.0.0" (instance $i)))`

test('siblings share a memory, a table, globals and one counter; a start function runs', async () => {
  const { call } = await deployed(SIBLINGS)
  const outcome = await call('/sum')
  expect(outcome).toMatchObject({ status: 'ok', world: 'library', entry: 'a:b/c@1.0.0#sum' })
  expect(json(outcome)).toBe(7 + 98 + 9)
  const few = await call('/a:b%2Fc%231.0.0%23sum').catch((error: unknown) => error)
  expect(few).toMatchObject({ code: 'guest_export_not_found' })
  const [ten, twenty, thirty] = [await call('/a:b%2Fc%23work', [10]), await call('/work', [20]), await call('/work', [30])]
  // Work in the sibling is paid from the same counter, each round the same
  expect(twenty.gas - ten.gas).toBe(thirty.gas - twenty.gas)
  expect(twenty.gas).toBeGreaterThan(ten.gas)
})

test('U4.3-GAS-1: a sibling ends at the budget of its component, at the same gas for every budget below it', async () => {
  const { call } = await deployed(SIBLINGS)
  const whole = await call('/work', [1_000])
  expect(whole.status).toBe('ok')
  expect(await call('/work', [1_000], whole.gas)).toMatchObject({ status: 'ok', gas: whole.gas })
  expect(await call('/work', [1_000], whole.gas - 1n)).toMatchObject({ status: 'out-of-gas', gas: whole.gas - 1n })
})

const withSibling = (lib: string, main: string, wiring = '(with "lib" (instance $l))'): string => `(component
  (core module $lib ${lib})
  (core module $main ${main})
  (core instance $l (instantiate $lib))
  (core instance $m (instantiate $main ${wiring}))
  (func $f (result u32) (canon lift (core func $m "f")))
  (instance $i (export "f" (func $f)))
  (export "a:b/c@1.0.0" (instance $i)))`

const F = '(func (export "f") (result i32) (i32.const 1))'

test('U4.3-GAS-1: a sibling that asks for the counter, under any name, is refused', async () => {
  const gas = '(global (export "utnet:gas") (mut i64) (i64.const 0))'
  expect(await rule(withSibling(`${gas} ${F}`, `(import "lib" "utnet:gas" (global (mut i64))) ${F}`))).toBe('import')
  // Handed on under another name
  const renamed = '(with "lib" (instance (export "g" (global $l "utnet:gas"))))'
  expect(await rule(withSibling(`${gas} ${F}`, `(import "lib" "g" (global (mut i64))) ${F}`, renamed))).toBe('import')
  // Under the name by which the host hands it in
  const own = '(global (export "gas") (mut i64) (i64.const 0))'
  expect(await rule(withSibling(`${own} ${F}`, `(import "utnet" "gas" (global (mut i64))) ${F}`, '(with "utnet" (instance $l))'))).toBe(
    'import',
  )
  // Who only exports such a name loses it, and no one gets the real one
  const { call } = await deployed(withSibling(`${gas} ${F}`, F, ''))
  expect((await call('/f')).status).toBe('ok')
})

test('an imported interface that only names types is nothing to be offered; one with a resource of its own is', async () => {
  const around = (imported: string): string => `(component
    (import "a:b/types@1.0.0" (instance $t ${imported}))
    (core module $m ${F})
    (core instance $i (instantiate $m))
    (func $f (result u32) (canon lift (core func $i "f")))
    (instance $out (export "f" (func $f)))
    (export "a:b/c@1.0.0" (instance $out)))`
  const { call } = await deployed(around('(type $p (record (field "x" u8))) (export "p" (type (eq $p)))'))
  expect(json(await call('/f'))).toBe(1)
  expect(await rule(around('(export "r" (type (sub resource)))'))).toBe('import')
  expect(await rule(around('(export "g" (func))'))).toBe('import')
  // A contract of plain functions may have one, too
  const contract = around('(type $p (enum "x")) (export "p" (type (eq $p)))').replace(/\(instance \$out[^]*$/, '(export "f" (func $f)))')
  expect(validateGuest(await wat(contract))).toMatchObject({ world: 'contract', imports: [] })
})

test('a start function of a sibling is metered', async () => {
  const { call } = await deployed(withSibling(`(func $s (loop $l (br $l))) (start $s) ${F}`, F, ''))
  expect(await call('/f')).toMatchObject({ status: 'out-of-gas', gas: GAS })
})

test('recursion over siblings ends at the stack limit of the component', async () => {
  const lib = `(table (export "t") 1 funcref) (type $f (func (result i32)))
    (func (export "again") (result i32) (call_indirect (type $f) (i32.const 0)))`
  const main = `(import "lib" "t" (table 1 funcref)) (import "lib" "again" (func $again (result i32)))
    (func $f (export "f") (result i32) (call $again)) (elem (i32.const 0) $f)`
  const { call } = await deployed(withSibling(lib, main))
  const outcome = await call('/f')
  expect(outcome).toMatchObject({ status: 'trap', gas: GAS })
  expect(outcome.message).toContain('stackBytes')
})

test('a segment that its base puts outside is a trap of the guest, not a fault of the node', async () => {
  const lib = '(memory (export "m") 1) (global (export "b") i32 (i32.const 65535))'
  const main = `(import "lib" "m" (memory 1)) (import "lib" "b" (global $b i32)) (data (global.get $b) "ab") ${F}`
  const { call } = await deployed(withSibling(lib, main))
  expect(await call('/f')).toMatchObject({ status: 'trap', gas: GAS })
})

test('links of another type, links that are missing and imports outside the world are refused', async () => {
  const imports = (what: string): string => `(import "lib" "x" ${what}) ${F}`
  expect(await rule(withSibling('(memory (export "x") 1)', imports('(memory 2)')))).toBe('component-shape')
  expect(await rule(withSibling('(memory (export "x") 1)', imports('(memory 1 2)')))).toBe('component-shape')
  expect(await rule(withSibling('(table (export "x") 1 externref)', imports('(table 1 funcref)')))).toBe('component-shape')
  expect(await rule(withSibling('(global (export "x") i32 (i32.const 0))', imports('(global i64)')))).toBe('component-shape')
  expect(await rule(withSibling('(func (export "x"))', imports('(func (param i32))')))).toBe('component-shape')
  expect(await rule(withSibling('(func (export "y"))', imports('(func)')))).toBe('component-shape')
  expect(await rule(withSibling('(func (export "x"))', imports('(func)'), ''))).toBe('component-shape')
  for (const name of ['evil:host/door@1.0.0', 'wasi:filesystem/types@0.3.0', 'utnet:host/storage@0.1.0']) {
    const foreign = SIBLINGS.replace('(component', `(component (import "${name}" (instance (export "open" (func))))`)
    expect(await rule(foreign)).toBe('import')
  }
})

test('an instance that is not made yet cannot be an argument: nothing instantiates in a circle', async () => {
  const itself = withSibling(F, `(import "lib" "f" (func (result i32))) ${F}`, '(with "lib" (instance 1))')
  expect(await rule(itself)).toBe('component-shape')
  const later = withSibling(F, `(import "lib" "f" (func (result i32))) ${F}`, '(with "lib" (instance 7))')
  expect(await rule(later)).toBe('component-shape')
})

const many = (modules: number): string => `(component
  (core module $m ${F})
  ${Array.from({ length: modules - 1 }, (_, i) => `(core module (func (result i32) (i32.const ${i})))`).join('\n')}
  ${Array.from({ length: modules - 1 }, (_, i) => `(core instance (instantiate ${i + 1}))`).join('\n')}
  (core instance $i (instantiate $m))
  (func $f (result u32) (canon lift (core func $i "f")))
  (instance $x (export "f" (func $f)))
  (export "a:b/c@1.0.0" (instance $x)))`

test('core modules, instances and memories of a component are bounded', async () => {
  expect(await rule(many(LIMITS.componentModules))).toBe('accepted')
  expect(await rule(many(LIMITS.componentModules + 1))).toBe('limit')
  const memories = (n: number, pages: number): string => `(component
    (core module $m ${F})
    (core module $memory (memory ${pages}))
    ${'(core instance (instantiate $memory))'.repeat(n)}
    (core instance $i (instantiate $m))
    (func $f (result u32) (canon lift (core func $i "f")))
    (instance $x (export "f" (func $f)))
    (export "a:b/c@1.0.0" (instance $x)))`
  expect(await rule(memories(LIMITS.componentMemories, 1))).toBe('accepted')
  expect(await rule(memories(LIMITS.componentMemories + 1, 1))).toBe('limit')
  expect(await rule(memories(2, LIMITS.memoryPages / 2))).toBe('accepted')
  expect(await rule(memories(2, LIMITS.memoryPages / 2 + 1))).toBe('memory-minimum')
  const instances = (n: number): string => memories(n, 0).replace('(memory 0)', '')
  expect(await rule(instances(LIMITS.componentInstances - 1))).toBe('accepted')
  expect(await rule(instances(LIMITS.componentInstances))).toBe('limit')
})

test('U4.3-GAS-1: the memories of all instances of a component make the price of memory, shared ones counted once', async () => {
  const [small, next] = PARAMS.wasm.memory
  const half = (small?.pages ?? 0) / 2
  const gasOf = async (lib: string, main: string): Promise<bigint> => {
    const { call } = await deployed(withSibling(lib, `${main} (func (export "f") (result i32) (i32.load (i32.const 8)))`))
    const outcome = await call('/f')
    expect(outcome).toMatchObject({ status: 'ok' })
    return outcome.gas
  }
  const own = (pages: number): string => `(memory 1 ${pages})`
  const dearer = BigInt((next?.load ?? 0) - (small?.load ?? 0))
  const cheap = await gasOf(own(half), own(half))
  expect((await gasOf(own(half), own(half + 1))) - cheap).toBe(dearer)
  expect((await gasOf(own(half + 1), own(half))) - cheap).toBe(dearer)
  // one memory of both
  const shared = '(import "lib" "m" (memory 1))'
  const page = BigInt(PARAMS.wasm.growPage)
  const all = BigInt((PARAMS.wasm.memory.at(-1)?.load ?? 0) - (small?.load ?? 0))
  expect((await gasOf(`(memory (export "m") 1 ${2 * half})`, shared.replace('1)', `1 ${2 * half})`))) - cheap).toBe(-page)
  // an import without a maximum may be of any size
  expect((await gasOf(`(memory (export "m") 1 ${2 * half})`, shared)) - cheap).toBe(all - page)
})

/** Two components composed into one: the outer calls the inner, text goes through both memories. */
const COMPOSED = `(component
  (component $inner
    (core module $m
      (memory (export "memory") 1)
      (global $at (mut i32) (i32.const 1024))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (local $p i32) (local.set $p (global.get $at)) (global.set $at (i32.add (global.get $at) (local.get 3))) (local.get $p))
      ;; the text twice
      (func (export "twice") (param $p i32) (param $n i32) (result i32)
        (memory.copy (i32.const 4096) (local.get $p) (local.get $n))
        (memory.copy (i32.add (i32.const 4096) (local.get $n)) (local.get $p) (local.get $n))
        (i32.store (i32.const 16) (i32.const 4096))
        (i32.store (i32.const 20) (i32.mul (local.get $n) (i32.const 2)))
        (i32.const 16)))
    (core instance $i (instantiate $m))
    (func $twice (param "text" string) (result string)
      (canon lift (core func $i "twice") (memory $i "memory") (realloc (func $i "realloc"))))
    (export "twice" (func $twice)))
  (component $outer
    (import "twice" (func $twice (param "text" string) (result string)))
    (core module $libc
      (memory (export "memory") 1)
      (global $at (mut i32) (i32.const 1024))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (local $p i32) (local.set $p (global.get $at)) (global.set $at (i32.add (global.get $at) (local.get 3))) (local.get $p)))
    (core instance $l (instantiate $libc))
    (core func $lowered (canon lower (func $twice) (memory $l "memory") (realloc (func $l "realloc"))))
    (core module $m
      (import "host" "twice" (func $twice (param i32 i32 i32)))
      (func (export "four") (param i32 i32) (result i32)
        (call $twice (local.get 0) (local.get 1) (i32.const 8)) (i32.const 8)))
    (core instance $i (instantiate $m (with "host" (instance (export "twice" (func $lowered))))))
    (func $four (param "text" string) (result string)
      (canon lift (core func $i "four") (memory $l "memory") (realloc (func $l "realloc"))))
    (export "four" (func $four)))
  (instance $a (instantiate $inner))
  (instance $b (instantiate $outer (with "twice" (func $a "twice"))))
  (alias export $b "four" (func $four))
  (instance $x (export "four" (func $four)))
  (export "a:b/c@1.0.0" (instance $x)))`

test('composed components call each other: values are copied from one memory into the other', async () => {
  const { call } = await deployed(COMPOSED)
  const outcome = await call('/four', ['zoé '])
  expect(json(outcome)).toBe('zoé zoé ')
  const longer = await call('/four', ['zoé zoé '])
  expect(longer.gas).toBeGreaterThan(outcome.gas)
  expect(await call('/four', ['zoé '], outcome.gas - 1n)).toMatchObject({ status: 'out-of-gas' })
})

/** A component that defines a resource and gives it out to its sibling component, which borrows it back. */
const RESOURCE = `(component
  (component $maker
    (core module $d (global $dropped (export "dropped") (mut i32) (i32.const 0))
      (func (export "drop") (param i32) (global.set $dropped (local.get 0))))
    (core instance $di (instantiate $d))
    (type $thing (resource (rep i32) (dtor (func $di "drop"))))
    (core func $new (canon resource.new $thing))
    (core module $m
      (import "t" "new" (func $new (param i32) (result i32)))
      (import "d" "dropped" (global $dropped (mut i32)))
      (func (export "make") (param i32) (result i32) (call $new (i32.add (local.get 0) (i32.const 100))))
      (func (export "read") (param i32) (result i32) (local.get 0))
      (func (export "last") (result i32) (global.get $dropped)))
    (core instance $i (instantiate $m (with "t" (instance (export "new" (func $new)))) (with "d" (instance $di))))
    (export $thing' "thing" (type $thing))
    (func $make (param "n" u32) (result (own $thing')) (canon lift (core func $i "make")))
    (func $read (param "t" (borrow $thing')) (result u32) (canon lift (core func $i "read")))
    (func $last (result u32) (canon lift (core func $i "last")))
    (export "make" (func $make)) (export "read" (func $read)) (export "last" (func $last)))
  (component $user
    (import "thing" (type $thing (sub resource)))
    (import "make" (func $make (param "n" u32) (result (own $thing))))
    (import "read" (func $read (param "t" (borrow $thing)) (result u32)))
    (import "last" (func $last (result u32)))
    (core func $make' (canon lower (func $make)))
    (core func $read' (canon lower (func $read)))
    (core func $last' (canon lower (func $last)))
    (core func $drop' (canon resource.drop $thing))
    (core module $m
      (import "h" "make" (func $make (param i32) (result i32)))
      (import "h" "read" (func $read (param i32) (result i32)))
      (import "h" "last" (func $last (result i32)))
      (import "h" "drop" (func $drop (param i32)))
      (func (export "go") (result i32) (local $t i32)
        (local.set $t (call $make (i32.const 5)))
        (call $drop (call $make (i32.const 9)))
        (i32.add (i32.mul (call $read (local.get $t)) (i32.const 1000)) (call $last)))
      (func (export "forge") (result i32) (call $read (i32.const 77))))
    (core instance $i (instantiate $m (with "h" (instance
      (export "make" (func $make')) (export "read" (func $read')) (export "last" (func $last')) (export "drop" (func $drop'))))))
    (func $go (result u32) (canon lift (core func $i "go")))
    (func $forge (result u32) (canon lift (core func $i "forge")))
    (export "go" (func $go)) (export "forge" (func $forge)))
  (instance $a (instantiate $maker))
  (instance $b (instantiate $user
    (with "thing" (type $a "thing")) (with "make" (func $a "make")) (with "read" (func $a "read")) (with "last" (func $a "last"))))
  (alias export $b "go" (func $go))
  (alias export $b "forge" (func $forge))
  (instance $x (export "go" (func $go)) (export "forge" (func $forge)))
  (export "a:b/c@1.0.0" (instance $x)))`

test('a resource is a handle to everyone but the component that defines it; dropping it runs its destructor', async () => {
  const { call } = await deployed(RESOURCE)
  expect(json(await call('/go'))).toBe(105 * 1000 + 109)
  expect(await call('/forge')).toMatchObject({ status: 'trap' })
})

/** The same resource lent through a component that only passes it on: as compilers make it, that one drops what it borrowed. */
const LENT = `(component
  (component $maker
    (core module $d (global $dropped (export "dropped") (mut i32) (i32.const 0))
      (func (export "drop") (param i32) (global.set $dropped (i32.add (global.get $dropped) (i32.const 1)))))
    (core instance $di (instantiate $d))
    (type $thing (resource (rep i32) (dtor (func $di "drop"))))
    (core func $new (canon resource.new $thing))
    (core module $m
      (import "t" "new" (func $new (param i32) (result i32)))
      (import "d" "dropped" (global $dropped (mut i32)))
      (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
      (func (export "read") (param i32) (result i32) (local.get 0))
      (func (export "last") (result i32) (global.get $dropped)))
    (core instance $i (instantiate $m (with "t" (instance (export "new" (func $new)))) (with "d" (instance $di))))
    (export $thing' "thing" (type $thing))
    (func $make (param "n" u32) (result (own $thing')) (canon lift (core func $i "make")))
    (func $read (param "t" (borrow $thing')) (result u32) (canon lift (core func $i "read")))
    (func $last (result u32) (canon lift (core func $i "last")))
    (export "make" (func $make)) (export "read" (func $read)) (export "last" (func $last)))
  (component $middle
    (import "thing" (type $thing (sub resource)))
    (import "read" (func $read (param "t" (borrow $thing)) (result u32)))
    (core func $read' (canon lower (func $read)))
    (core func $drop' (canon resource.drop $thing))
    (core module $m
      (import "h" "read" (func $read (param i32) (result i32)))
      (import "h" "drop" (func $drop (param i32)))
      (func (export "look") (param i32) (result i32)
        (local $n i32) (local.set $n (call $read (local.get 0))) (call $drop (local.get 0)) (local.get $n))
      (func (export "keep") (param i32) (result i32) (call $read (local.get 0)))
      (func (export "hand-on") (param i32) (result i32) (local.get 0))
      (func (export "both") (param i32 i32) (call $drop (local.get 0)) (call $drop (local.get 1))))
    (core instance $i (instantiate $m (with "h" (instance (export "read" (func $read')) (export "drop" (func $drop'))))))
    (func $look (param "t" (borrow $thing)) (result u32) (canon lift (core func $i "look")))
    (func $keep (param "t" (borrow $thing)) (result u32) (canon lift (core func $i "keep")))
    (func $hand-on (param "t" (borrow $thing)) (result (own $thing)) (canon lift (core func $i "hand-on")))
    (func $both (param "t" (own $thing)) (param "u" (own $thing)) (canon lift (core func $i "both")))
    (export "look" (func $look)) (export "keep" (func $keep)) (export "hand-on" (func $hand-on)) (export "both" (func $both)))
  (component $user
    (import "thing" (type $thing (sub resource)))
    (import "make" (func $make (param "n" u32) (result (own $thing))))
    (import "look" (func $look (param "t" (borrow $thing)) (result u32)))
    (import "keep" (func $keep (param "t" (borrow $thing)) (result u32)))
    (import "hand-on" (func $hand-on (param "t" (borrow $thing)) (result (own $thing))))
    (import "both" (func $both (param "t" (own $thing)) (param "u" (own $thing))))
    (import "last" (func $last (result u32)))
    (core func $make' (canon lower (func $make)))
    (core func $look' (canon lower (func $look)))
    (core func $keep' (canon lower (func $keep)))
    (core func $hand-on' (canon lower (func $hand-on)))
    (core func $both' (canon lower (func $both)))
    (core func $last' (canon lower (func $last)))
    (core func $drop' (canon resource.drop $thing))
    (core module $m
      (import "h" "make" (func $make (param i32) (result i32)))
      (import "h" "look" (func $look (param i32) (result i32)))
      (import "h" "keep" (func $keep (param i32) (result i32)))
      (import "h" "hand-on" (func $hand-on (param i32) (result i32)))
      (import "h" "both" (func $both (param i32 i32)))
      (import "h" "last" (func $last (result i32)))
      (import "h" "drop" (func $drop (param i32)))
      ;; what was read twice, what was dropped so far, and what then
      (func (export "go") (result i32) (local $t i32) (local $n i32)
        (local.set $t (call $make (i32.const 5)))
        (local.set $n (i32.add (call $look (local.get $t)) (call $look (local.get $t))))
        (local.set $n (i32.add (i32.mul (local.get $n) (i32.const 100)) (i32.mul (call $last) (i32.const 10))))
        (call $drop (local.get $t))
        (i32.add (local.get $n) (call $last)))
      (func (export "kept") (result i32) (call $keep (call $make (i32.const 5))))
      (func (export "handed-on") (result i32) (call $hand-on (call $make (i32.const 5))))
      (func (export "twice") (result i32) (local $t i32)
        (local.set $t (call $make (i32.const 5))) (call $both (local.get $t) (local.get $t)) (call $last))
      (func (export "two") (result i32) (call $both (call $make (i32.const 5)) (call $make (i32.const 6))) (call $last)))
    (core instance $i (instantiate $m (with "h" (instance
      (export "make" (func $make')) (export "look" (func $look')) (export "keep" (func $keep')) (export "hand-on" (func $hand-on'))
      (export "both" (func $both')) (export "last" (func $last')) (export "drop" (func $drop'))))))
    (func $go (result u32) (canon lift (core func $i "go")))
    (func $kept (result u32) (canon lift (core func $i "kept")))
    (func $handed-on (result u32) (canon lift (core func $i "handed-on")))
    (func $twice (result u32) (canon lift (core func $i "twice")))
    (func $two (result u32) (canon lift (core func $i "two")))
    (export "go" (func $go)) (export "kept" (func $kept)) (export "handed-on" (func $handed-on))
    (export "twice" (func $twice)) (export "two" (func $two)))
  (instance $a (instantiate $maker))
  (instance $b (instantiate $middle (with "thing" (type $a "thing")) (with "read" (func $a "read"))))
  (instance $c (instantiate $user
    (with "thing" (type $a "thing")) (with "make" (func $a "make")) (with "last" (func $a "last"))
    (with "look" (func $b "look")) (with "keep" (func $b "keep")) (with "hand-on" (func $b "hand-on")) (with "both" (func $b "both"))))
  (alias export $c "go" (func $go)) (alias export $c "kept" (func $kept)) (alias export $c "handed-on" (func $handed-on))
  (alias export $c "twice" (func $twice)) (alias export $c "two" (func $two))
  (instance $x (export "go" (func $go)) (export "kept" (func $kept)) (export "handed-on" (func $handed-on))
    (export "twice" (func $twice)) (export "two" (func $two)))
  (export "a:b/c@1.0.0" (instance $x)))`

test('a handle that is lent ends with the call and takes nothing with it; it can be neither kept nor given away', async () => {
  const { call } = await deployed(LENT)
  expect(json(await call('/go'))).toBe(1_001)
  expect(await call('/kept')).toMatchObject({ status: 'trap', message: expect.stringContaining('the callee kept 1 borrowed') as string })
  expect(await call('/handed-on')).toMatchObject({ status: 'trap' })
  expect(await call('/twice')).toMatchObject({ status: 'trap', message: expect.stringContaining('is given away twice') as string })
  expect(json(await call('/two'))).toBe(2)
})

test('a profile names the functions of all core modules, and its lines are the gas', async () => {
  const host = createHost({ files: memoryFiles(), profile: true })
  const { module } = await host.admit(await wat(SIBLINGS))
  const ask = (gasLimit: bigint): Promise<GuestOutcome> =>
    host.invoke({
      module,
      request: { method: 'POST', path: '/work', headers: [], body: new TextEncoder().encode('[50]') },
      context: CONTEXT,
      gasLimit,
    })
  const { call } = await deployed(SIBLINGS)
  const plain = await call('/work', [50])
  const outcome = await ask(GAS)
  expect(outcome.gas).toBe(plain.gas)
  const sum = ({ profile = [] }: GuestOutcome): bigint => profile.reduce((n, line) => n + line.gas, 0n)
  expect(sum(outcome)).toBe(outcome.gas)
  expect(outcome.profile?.filter((line) => line.name.includes('(module')).map((line) => line.calls)).toEqual([1, 1, 1])
  const stopped = await ask(plain.gas - 1n)
  expect(stopped.status).toBe('out-of-gas')
  expect(sum(stopped)).toBe(stopped.gas)
  // Every budget is listed; how deep the stack was only a profile knows
  expect(stopped).toMatchObject({ limit: 'gas', budgets: { gas: { used: plain.gas - 1n, allowed: plain.gas - 1n } } })
  expect(plain.limit).toBeUndefined()
  expect(Object.keys(plain.budgets).sort()).toEqual(['gas', 'hostCalls', 'logBytes', 'memoryPages', 'outputBytes'])
  const { stackBytes, ...others } = outcome.budgets
  expect(others).toEqual({ ...plain.budgets, gas: { used: plain.gas, allowed: GAS } })
  expect(plain.budgets.memoryPages?.used).toBeGreaterThan(0)
  expect(stackBytes?.used).toBeGreaterThan(0)
  expect(stackBytes?.allowed).toBe(LIMITS.stackBytes)
})

test('what a caller got wrong is refused before anything runs', async () => {
  const { call, module } = await deployed(SIBLINGS)
  await expect(call('/nothing')).rejects.toMatchObject({ code: 'guest_export_not_found' })
  await expect(call('/work', [])).rejects.toMatchObject({ code: 'value_mismatch' })
  await expect(call('/work', ['x'])).rejects.toMatchObject({ code: 'value_mismatch' })
  await expect(call('/work', { n: 1 })).rejects.toMatchObject({ code: 'value_mismatch' })
  const deep = `${'['.repeat(LIMITS.jsonDepth + 1)}${']'.repeat(LIMITS.jsonDepth + 1)}`
  const host = createHost({ files: memoryFiles() })
  await host.admit(await wat(SIBLINGS))
  const ask = (method: string, body: string): Promise<unknown> =>
    host.invoke({
      module,
      request: { method, path: '/work', headers: [], body: new TextEncoder().encode(body) },
      context: CONTEXT,
      gasLimit: GAS,
    })
  await expect(ask('GET', '[1]')).rejects.toMatchObject({ code: 'method_not_allowed' })
  await expect(ask('POST', deep)).rejects.toMatchObject({ code: 'request_invalid', limit: 'jsonDepth' })
  await expect(ask('POST', '{')).rejects.toMatchObject({ code: 'request_invalid' })
})

test('inspect shows world, exports and limits of all core modules; prepared modules import their counter', async () => {
  const bytes = await wat(SIBLINGS)
  const seen = inspectGuest(bytes)
  expect(seen).toMatchObject({ kind: 'component', world: 'library', exports: [{ name: 'a:b/c@1.0.0#sum', type: 'func() -> u32' }, {}] })
  expect(seen.limits['componentModules']).toEqual({ used: 2, allowed: LIMITS.componentModules })
  const prepared = preparedModules(bytes)
  expect(prepared).toHaveLength(2)
  for (const module of prepared) {
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(module as Uint8Array<ArrayBuffer>))
    expect(imports.filter((i) => i.module === 'utnet').map((i) => i.name)).toEqual(['gas', 'stack'])
  }
})

test('functions of all core modules together are bounded', async () => {
  const module = (n: number): string => `(core module ${'(func)'.repeat(n)})`
  const bytes = (last: string): string => `(component
    (core module $m ${F})
    ${module(LIMITS.moduleFunctions)} ${module(LIMITS.moduleFunctions)} ${last}
    (core instance (instantiate 1)) (core instance (instantiate 2)) (core instance (instantiate 3))
    (core instance $i (instantiate $m))
    (func $f (result u32) (canon lift (core func $i "f")))
    (instance $x (export "f" (func $f)))
    (export "a:b/c@1.0.0" (instance $x)))`
  const left = LIMITS.componentFunctions - 2 * LIMITS.moduleFunctions - 1
  expect(left).toBeLessThan(LIMITS.moduleFunctions)
  expect(await rule(bytes(module(left)))).toBe('accepted')
  expect(await rule(bytes(module(left + 1)))).toBe('limit')
})

test('bytes of code of all core modules together are bounded', async () => {
  const small = await wat(`(component
    (core module $m ${F})
    (core instance $i (instantiate $m))
    (func $f (result u32) (canon lift (core func $i "f")))
    (instance $x (export "f" (func $f)))
    (export "a:b/c@1.0.0" (instance $x)))`)
  const beside = (...modules: readonly Uint8Array[]): Uint8Array =>
    Buffer.concat([
      small,
      ...modules.map((m) => section(1, m)),
      section(2, Buffer.from([modules.length, ...modules.flatMap((_, i) => [0, i + 1, 0])])),
    ])
  const limit = LIMITS.componentCodeBytes
  const half = moduleOfCode(limit / 2)
  // the body of `f` has three
  const most = beside(half, moduleOfCode(limit / 2 - 3))
  expect(inspectGuest(most).limits['componentCodeBytes']).toEqual({ used: limit, allowed: limit })
  expect(() => validateGuest(beside(half, moduleOfCode(limit / 2 - 2)))).toThrow(
    expect.objectContaining({ code: 'guest_invalid', limit: 'componentCodeBytes', used: limit + 1 }) as Error,
  )
})

test('mutated components are refused with a code, or run to an ending: never a fault of the node', async () => {
  const sources = await Promise.all([SIBLINGS, COMPOSED, RESOURCE].map((text) => wat(text)))
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...sources),
      fc.array(fc.tuple(fc.nat(100_000), fc.nat(255)), { minLength: 1, maxLength: 3 }),
      async (source, changes) => {
        const bytes = source.slice()
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        try {
          const host = createHost({ files: memoryFiles() })
          const info = await host.admit(bytes)
          if (info.world !== 'library') return
          accepted++
          for (const { name, params } of info.exports) {
            const args = params.map(({ type }) => (type.kind === 'string' ? 'text' : 1))
            const request = {
              method: 'POST',
              path: `/${encodeURIComponent(name)}`,
              headers: [],
              body: new TextEncoder().encode(JSON.stringify(args)),
            }
            const outcome = await host.invoke({ module: info.module, request, context: CONTEXT, gasLimit: 1_000_000n })
            expect(['ok', 'trap', 'out-of-gas']).toContain(outcome.status)
          }
        } catch (error) {
          expect(
            isUtnetError(error) && ['guest_invalid', 'value_mismatch', 'guest_export_not_found'].includes(error.code),
            String(error),
          ).toBe(true)
        }
      },
    ),
    { numRuns: 400 },
  )
  expect(accepted).toBeGreaterThan(20)
})

/** A program that prints to stdout, and to stderr where it was given an argument, and fails. */
const FAILING = `(component
  (import "wasi:io/error@0.2.0" (instance $io-error (export "error" (type (sub resource)))))
  (alias export $io-error "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $os (sub resource)))
    (alias outer 1 $error (type $e))
    (export "error" (type $e2 (eq $e)))
    (type $se (variant (case "last-operation-failed" (own $e2)) (case "closed")))
    (export "stream-error" (type $se2 (eq $se)))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $os)) (param "contents" (list u8)) (result (result (error $se2)))))))
  (alias export $streams "output-stream" (type $stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $stream (type $s)) (export "output-stream" (type $s2 (eq $s)))
    (export "get-stdout" (func (result (own $s2))))))
  (import "wasi:cli/stderr@0.2.0" (instance $stderr
    (alias outer 1 $stream (type $s)) (export "output-stream" (type $s2 (eq $s)))
    (export "get-stderr" (func (result (own $s2))))))
  (import "wasi:cli/environment@0.2.0" (instance $environment (export "get-arguments" (func (result (list string))))))
  (core module $memory (memory (export "memory") 1)
    (global $at (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $p i32)
      (local.set $p (i32.and (i32.add (global.get $at) (i32.const 7)) (i32.const -8)))
      (global.set $at (i32.add (local.get $p) (local.get 3)))
      (local.get $p))
    (data (i32.const 16) "UNSAT") (data (i32.const 32) "why"))
  (core instance $m (instantiate $memory))
  (core func $out (canon lower (func $stdout "get-stdout")))
  (core func $err (canon lower (func $stderr "get-stderr")))
  (core func $args (canon lower (func $environment "get-arguments") (memory $m "memory") (realloc (func $m "realloc"))))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush") (memory $m "memory") (realloc (func $m "realloc"))))
  (core module $main
    (import "host" "out" (func $out (result i32)))
    (import "host" "err" (func $err (result i32)))
    (import "host" "args" (func $args (param i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "m" "memory" (memory 1))
    (func (export "run") (result i32)
      (local $n i32)
      (call $args (i32.const 64))
      (local.set $n (i32.load offset=4 (i32.const 64)))
      (if (i32.lt_u (local.get $n) (i32.const 3)) (then (call $write (call $out) (i32.const 16) (i32.const 5) (i32.const 96))))
      (if (i32.gt_u (local.get $n) (i32.const 1)) (then (call $write (call $err) (i32.const 32) (i32.const 3) (i32.const 96))))
      (i32.const 1)))
  (core instance $i (instantiate $main
    (with "host" (instance (export "out" (func $out)) (export "err" (func $err)) (export "args" (func $args)) (export "write" (func $write))))
    (with "m" (instance $m))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $r (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $r)))`

test('a program that fails is answered with what it said on stderr, or else with what it printed', async () => {
  const { call } = await deployed(FAILING)
  const said = async (path: string): Promise<readonly [number, string]> => {
    const { response } = await call(path)
    return [response.status, new TextDecoder().decode(response.body)]
  }
  expect(await said('/')).toEqual([500, 'UNSAT'])
  expect(await said('/?arg=x')).toEqual([500, 'why'])
})

test('U4.3-GAS-1: of a module of another size than was paid for nothing is made ready, whatever else has it ready: nobody holds it', async () => {
  const files = memoryFiles()
  const bytes = await wat(`(component (core module $m (func (export "run")))
    (core instance $i (instantiate $m)) (func (export "run") (canon lift (core func $i "run"))))`)
  const cid = await files.putFile(bytes)
  const [fresh, ready] = [1, 2].map(() => createHost({ files, fileNow: files.fileNow })) as [Host, Host]
  await ready.load(cid)
  const missing = expect.objectContaining({ code: 'host_module_missing' })
  for (const { executor } of [fresh, ready]) {
    for (const n of [-1, 1]) expect(() => executor.measures(cid, bytes.length + n)).toThrow(missing)
    expect([-1, 0, 1].map((n) => executor.holds(cid, bytes.length + n))).toEqual([false, true, false])
  }
  expect(fresh.usage()).toMatchObject({ guests: 0, contracts: 0 })
  for (const { executor } of [fresh, ready]) {
    expect(executor.measures(cid, bytes.length)).toBe(true)
    for (const n of [-1, 1]) expect(() => executor.measures(cid, bytes.length + n)).toThrow(missing)
  }
  expect(fresh.usage()).toMatchObject({ guests: 0, contracts: 1 })
})

const OPERATOR = `
import { Tensor } from '@utnet/sdk/tensor'
export function run(inputs: Array<Tensor>): Array<Tensor> { return inputs }`

test('U4.3-GAS-1: what is no contract measures nothing, on every node that has its bytes: whoever publishes it as one pays', async () => {
  const files = memoryFiles()
  const faulty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 0xff)
  const [broken, program] = [await files.putFile(faulty), await files.putFile(await wat(FAILING))]
  const [handler, absent] = [
    await files.putFile((await buildText('operator', { 'index.ts': OPERATOR }, 'op')).component),
    fileCid(new Uint8Array(9)),
  ]
  const [fresh, ready] = [1, 2].map(() => createHost({ files, fileNow: files.fileNow })) as [Host, Host]
  await expect(ready.load(broken)).rejects.toMatchObject({ code: 'guest_invalid' })
  await Promise.all([ready.load(program), ready.load(handler)])
  for (const host of [fresh, ready]) {
    for (const cid of [broken, program, handler]) expect(host.executor.measures(cid, (await files.getFile(cid)).length)).toBe(false)
    // That it is not here says nothing of it
    expect(() => host.executor.measures(absent, 9)).toThrow(expect.objectContaining({ code: 'host_module_missing' }))
  }
  expect(fresh.usage().contracts).toBe(0)
})
