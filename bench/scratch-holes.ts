import { loopOf, Warm, stopwatch } from './host/gas/clock.ts'
import { reference } from './host/gas/chains.ts'
import { besideNeighbours } from './host/gas/neighbour.ts'
import { wat } from '../runtime/host/testing/wat.ts'
import { median } from './row.ts'
const loop = (body: string): string => `(loop $l ${body} (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))`
const LOCALS = '(local $x i32) (local $y i32) (local $z i64) (local $a f64) (local $b f64) (local $f f32) (local $v v128)'
const module = (items: string, body: string, setup = ''): string =>
  `(module ${items} (global $keep (mut i32) (i32.const 1)) (global $g (mut i64) (i64.const 1)) (global $tiny (mut f64) (f64.const 1e-300)) (global $tinier (mut f64) (f64.const 1e-15)) (global $tf (mut f64) (f64.const 1e-40))
    (func (export "setup") (param $n i32) ${LOCALS} ${setup})
    (func (export "run") (param $n i32) ${LOCALS} (local.set $x (global.get $keep)) ${body} (global.set $keep (i32.add (local.get $x) (i32.add (local.get $y) (i32.trunc_sat_f64_s (local.get $a)))))))`
const times = (n: number, text: string): string => Array.from({ length: n }, () => text).join(' ')
const RANDOM = '(local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))'
const DRAWN = (mask: number, shift = 7): string => `(i32.and (i32.shr_u (local.get $x) (i32.const ${shift})) (i32.const ${mask}))`
const T = '(type $t (func (param i32) (result i32)))'
const fns = (n: number, body = (i: number) => `(i32.xor (local.get 0) (i32.const ${i * 7919}))`) => Array.from({ length: n }, (_, i) => `(func $f${i} (type $t) ${body(i)})`).join(' ')
const many = (n: number, f: (i: number) => string) => Array.from({ length: n }, (_, i) => f(i)).join(' ')
const chainLoop = (mem: string, ins: string, stride: number, lines: number, off: number) =>
  module(mem, loop(`(local.get $x) ${times(16, ins)} (local.set $x)`), `(local.set $n (i32.const ${lines})) (loop $l
  (i32.store offset=${off} (i32.mul (local.get $y) (i32.const ${stride}))
    (i32.mul (local.tee $x (i32.and (i32.add (i32.mul (local.get $y) (i32.const 1664525)) (i32.const 1013904223)) (i32.const ${lines - 1}))) (i32.const ${stride})))
  (local.set $y (local.get $x)) (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (global.set $keep (i32.const 0))`)
const cases: Record<string, () => string> = {
  'load16 chain across pages 1MiB': () => chainLoop('(memory 16 16)', '(i32.load offset=4093)', 4096, 128, 4093),
  'load64 chain across pages 4MiB': () => chainLoop('(memory 64 64)', '(i32.load offset=4093)', 4096, 512, 4093),
  'load256 chain across pages 16MiB': () => chainLoop('(memory 256 256)', '(i32.load offset=4093)', 4096, 2048, 4093),
  'load2048 chain across pages 128MiB': () => chainLoop('(memory 2048 2048)', '(i32.load offset=4093)', 4096, 16384, 4093),
  'load16 v128 load32_zero chain across lines': () => chainLoop('(memory 16 16)', '(v128.load32_zero offset=61) (i32x4.extract_lane 0)', 64, 8192, 61),
  'load16 v128.load chain across pages': () => chainLoop('(memory 16 16)', '(v128.load offset=4093) (i32x4.extract_lane 0)', 4096, 128, 4093),
  'store across pages v128 16': () => module('(memory 16 16)', loop(times(8, `${RANDOM} (v128.store offset=4088 (i32.shl ${DRAWN(127, 9)} (i32.const 12)) (local.get $v))`))),
  'store across pages v128 2048': () => module('(memory 2048 2048)', loop(times(8, `${RANDOM} (v128.store offset=4088 (i32.shl ${DRAWN(16383, 9)} (i32.const 12)) (local.get $v))`)), '(memory.fill (i32.const 0) (i32.const 1) (i32.const 134217728))'),
  'store across pages, read back wider 16': () => module('(memory 16 16)', loop(times(8, '(i32.store offset=4094 (i32.const 0) (local.get $x)) (local.set $x (i32.wrap_i64 (i64.load offset=4092 (i32.const 0))))'))),
  'two stores read back as one 16': () => module('(memory 16 16)', loop(times(8, '(i32.store8 offset=63 (i32.const 0) (local.get $x)) (i32.store8 offset=64 (i32.const 0) (local.get $x)) (local.set $x (i32.load16_u offset=63 (i32.const 0)))'))),
  'br_table of 64, arms that leave': () => module('', loop(`${RANDOM} ${many(4, (k) => `(block $o ${times(64, '(block ')} (br_table ${many(64, (i) => `${i}`)} ${DRAWN(63, 7 + 6 * k)}) ${many(64, () => ') (br $o)')} )`)}`)),
  'br_table of 64, arms with work': () => module('', loop(`${RANDOM} ${many(4, (k) => `(block $o ${times(64, '(block ')} (br_table ${many(64, (i) => `${i}`)} ${DRAWN(63, 7 + 6 * k)}) ${many(64, (i) => `) (local.set $y (i32.xor (local.get $y) (i32.const ${i * 77}))) (br $o)`)} )`)}`)),
  'direct calls of 20 functions in turn': () => module(`${T} ${fns(20)}`, loop(many(20, (i) => `(local.set $x (call $f${i} (local.get $x)))`))),
  'direct calls of 2000 functions in turn': () => module(`${T} ${fns(2000)}`, loop(many(2000, (i) => `(local.set $x (call $f${i} (local.get $x)))`))),
  'direct calls of 15000 functions in turn': () => module(`${T} ${fns(15000)}`, loop(many(15000, (i) => `(local.set $x (call $f${(i * 7) % 15000} (local.get $x)))`))),
  'indirect calls, 15000 functions': () => module(`${T} (table 16384 funcref) (elem (i32.const 0) ${many(16384, (i) => `$f${i}`)}) ${fns(16384)}`, loop(times(4, `${RANDOM} (local.set $y (call_indirect (type $t) (local.get $y) ${DRAWN(16383, 15)}))`))),
  'indirect calls, 16000 fat functions': () => module(`${T} (table 16384 funcref) (elem (i32.const 0) ${many(16384, (i) => `$f${i}`)}) ${fns(16384, (i) => `(if (i32.eqz (local.get 0)) (then (global.set $g (i64.const ${i})) (global.set $g (i64.mul (global.get $g) (i64.const 123456789123${i}))) (global.set $g (i64.mul (global.get $g) (i64.const 123456789123${i}))))) (i32.xor (local.get 0) (i32.const ${i * 7919}))`)}`, loop(times(4, `${RANDOM} (local.set $y (call_indirect (type $t) (local.get $y) ${DRAWN(16383, 15)}))`))),
  'long straight code, i64 constants': () => module('', loop(many(40000, (i) => `(local.set $z (i64.add (local.get $z) (i64.const ${1e15 + i * 1e9})))`))),
  'long code, unforeseen branches': () => module('', loop(many(20000, (i) => `${i % 12 === 0 ? RANDOM : ''} (block $b (br_if $b (i32.and (local.get $x) (i32.const ${2 ** ((i % 12) + 18)}))) (local.set $y (i32.add (local.get $y) (i32.const ${i * 99991}))))`))),
  'products that underflow': () => module('', `(local.set $b (global.get $tinier)) ${loop(times(16, '(local.set $a (f64.add (local.get $a) (f64.mul (global.get $tiny) (local.get $b))))'))}`),
  'demotions that underflow': () => module('', `(local.set $b (global.get $tf)) ${loop(times(16, '(local.set $f (f32.add (local.get $f) (f32.demote_f64 (local.get $b)))) (local.set $b (f64.add (local.get $b) (f64.const 1e-50)))'))}`),
  'quotients that underflow': () => module('', `(local.set $b (global.get $tinier)) ${loop(times(16, '(local.set $a (f64.add (local.get $a) (f64.div (global.get $tiny) (f64.div (f64.const 1) (local.get $b)))))'))}`),
  'i64.div large': () => module('', `(local.set $z (i64.const 0x7fffffffffffffff)) ${loop(times(16, '(local.set $z (i64.or (i64.const 0x7ffffffffffffff1) (i64.div_u (local.get $z) (i64.or (i64.const 0x80000001) (i64.shr_u (local.get $z) (i64.const 40))))))'))}`),
  'i64.rem large': () => module('', `(local.set $z (i64.const 0x7fffffffffffffff)) ${loop(times(16, '(local.set $z (i64.or (i64.const 0x7ffffffffffffff1) (i64.rem_u (local.get $z) (i64.or (i64.const 3) (i64.shr_u (local.get $z) (i64.const 60))))))'))}`),
  'rem_s by a power': () => module('', `(local.set $z (i64.const 0x7fffffffffffffff)) ${loop(times(16, '(local.set $z (i64.or (i64.const 0x7ffffffffffffff1) (i64.rem_s (local.get $z) (i64.or (i64.const 3) (i64.shr_s (local.get $z) (i64.const 60))))))'))}`),
  'recursion 1000 deep': () => module(`(func $r (param i32) (result i32) (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1)) (else (i32.add (call $r (i32.sub (local.get 0) (i32.const 1))) (local.get 0)))))`, loop('(local.set $x (call $r (i32.const 1000)))')),
}
const tab = (n: number, m: number) => `(table ${m} funcref) (elem (i32.const 0) ${many(m, (i) => `$f${i % n}`)})`
const warmAll = (m: number) => `(local.set $n (i32.const ${m})) (loop $l (local.set $y (call_indirect (type $t) (local.get $y) (i32.sub (local.get $n) (i32.const 1)))) (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))`
for (const n of [256, 1024, 4096, 16384]) {
  cases[`S indirect ${n}`] = () => module(`${T} ${tab(n, n)} ${fns(n)}`, loop(times(4, `${RANDOM} (local.set $y (call_indirect (type $t) (local.get $y) ${DRAWN(n - 1, 15)}))`)), warmAll(n))
  cases[`S indirect fat ${n}`] = () => module(`${T} ${tab(n, n)} ${fns(n, (i) => `(if (i32.eqz (local.get 0)) (then ${many(10, (k) => `(global.set $g (i64.mul (global.get $g) (i64.const 123456789123${i}${k})))`)} )) (i32.xor (local.get 0) (i32.const ${i * 7919}))`)}`, loop(times(4, `${RANDOM} (local.set $y (call_indirect (type $t) (local.get $y) ${DRAWN(n - 1, 15)}))`)), warmAll(n))
  cases[`S direct ${n}`] = () => module(`${T} ${tab(n, n)} ${fns(n)}`, loop(many(n, (i) => `(local.set $x (call $f${(i * 7919) % n} (local.get $x)))`)), warmAll(n))
  cases[`S straight branches ${n}`] = () => module('', loop(many(n, (i) => `${i % 12 === 0 ? RANDOM : ''} (block $b (br_if $b (i32.and (local.get $x) (i32.const ${2 ** ((i % 12) + 18)}))) (local.set $y (i32.add (local.get $y) (i32.const ${i * 99991}))))`)))
}
const unit: Record<string, [number, number]> = {}
for (const n of [256, 512, 1024, 2048, 4096, 8192, 19999]) {
  const name = `C direct ${n}`
  cases[name] = () => module(`${T} ${tab(n, n)} ${fns(n)}`, loop(many(n, (i) => `(local.set $x (call $f${(i * 7919) % n} (local.get $x)))`)), warmAll(n))
  unit[name] = [n, 6]
  const fat = `C direct fat ${n}`
  cases[fat] = () => module(`${T} ${tab(n, n)} ${fns(n, (i) => `(if (i32.eqz (local.get 0)) (then ${many(4, (k) => `(global.set $g (i64.mul (global.get $g) (i64.const 123456789123${i}${k})))`)} )) (i32.or (local.get 0) (i32.const ${i * 7919 | 1}))`)}`, loop(many(n, (i) => `(local.set $x (call $f${(i * 7919) % n} (local.get $x)))`)), warmAll(n))
  unit[fat] = [n, 6]
  const ind = `C indirect ${n}`
  const m = n === 19999 ? 16384 : n
  cases[ind] = () => module(`${T} ${tab(m, m)} ${fns(m, (i) => `(if (i32.eqz (local.get 0)) (then ${many(4, (k) => `(global.set $g (i64.mul (global.get $g) (i64.const 123456789123${i}${k})))`)} )) (i32.xor (local.get 0) (i32.const ${i * 7919}))`)}`, loop(times(4, `${RANDOM} (local.set $y (call_indirect (type $t) (i32.or (i32.const 1) (local.get $y)) ${DRAWN(m - 1, 15)}))`)), warmAll(m))
  unit[ind] = [4, 72]
}
for (const n of [16, 64, 512, 4096, 32768]) {
  // arms of about 10 bytes of wasm
  const name = `B br_table ${n} arms`
  cases[name] = () => module('', loop(times(1, `${RANDOM} (block $o ${times(n, '(block ')} (br_table ${many(n, (i) => `${i}`)} ${DRAWN(n - 1, 15)}) ${many(n, (i) => `) (local.set $y (i32.xor (local.get $y) (i32.const ${i * 7919}))) (br $o)`)} )`)))
  unit[name] = [1, 8]
}
const rx = new RegExp(process.argv[2] ?? '.')
const go = async () => {
  const base = await new Warm(loopOf(reference())).warm()
  for (const [name, text] of Object.entries(cases)) {
    if (!rx.test(name)) continue
    let w: Warm
    try { const l = loopOf(await wat(text())); const f = stopwatch(); const g1 = l.run(1).gas; const first = f(); const g2 = l.run(2).gas; w = await new Warm(l).warm(); const r: number[] = []
    for (let i = 0; i < 5; i++) { const a: number[] = [], b: number[] = []; for (let k = 0; k < 9; k++) { b.push(base.slice()); a.push(w.slice()) } r.push(median(a) / median(b)) }
    console.log(median(r).toFixed(2).padStart(7), name, [Math.min(...r).toFixed(2), Math.max(...r).toFixed(2)].join('-'), ((u) => { if (!u) return ''; const gas = (g2 - g1) / u[0]; return `gas ${gas.toFixed(1)} needs ${(median(r) / 2.6 * gas - gas + u[1]).toFixed(0)}` })(unit[name]), 'first run ms', (first/1e6).toFixed(1)) } catch (e) { console.log(name, String(e).slice(0, 300)); continue }
  }
}
if (process.argv[3] === 'busy') await besideNeighbours(go); else await go()
process.exit(0)
