/** Typed calls across the canonical ABI: our compiled glue against jco's on the same core module, in one process, taken in turns. */
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco'
import type { WitFunction, WitType, WitValue } from '../../runtime/core/index.ts'
import { exportGlue, GuestMemory, wit, type CoreFunction, type ExportGlue, type Meter } from '../../runtime/host/abi/index.ts'
import { echoComponent, echoOnOurs, instantiateOnJco } from '../../runtime/host/abi/testing/echo.ts'
import { interpretedExport } from '../../runtime/host/abi/testing/interpreted.ts'
import { toJco } from '../../runtime/host/abi/testing/jco-values.ts'
import { ratioOf, rowOf, type Emit } from '../row.ts'

const AREA = 'host'
const ROUNDS = 15
const CALLS = 4_000
const JCO = "jco 1.20's glue on the same core module"

/** Hands both arguments back. Its allocator begins anew after each call. */
const CORE = `(module
(memory (export "memory") 2)
(global $p (mut i32) (i32.const 1024))
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
  (local.set 0 (i32.and (i32.add (global.get $p) (i32.const 7)) (i32.const -8)))
  (global.set $p (i32.add (local.get 0) (local.get 3)))
  (local.get 0))
(func (export "both") (param i32 i32 i32 i32) (result i32)
  (i32.store (i32.const 64) (local.get 0)) (i32.store (i32.const 68) (local.get 1))
  (i32.store (i32.const 72) (local.get 2)) (i32.store (i32.const 76) (local.get 3))
  (i32.const 64))
(func (export "cabi_post_both") (param i32) (global.set $p (i32.const 1024)))
)`
const BOTH: WitFunction = {
  name: 'both',
  params: [
    { name: 'text', type: wit.string },
    { name: 'data', type: wit.bytes },
  ],
  result: wit.tuple(wit.string, wit.bytes),
}

/** A counter in a global and the function that takes from it. */
const COUNTER = `(module (global $gas (mut i64) (i64.const 0x1000000000000000))
(func (export "charge") (param i32) (result i32)
  (global.set $gas (i64.sub (global.get $gas) (i64.extend_i32_u (local.get 0))))
  (if (result i32) (i64.lt_s (global.get $gas) (i64.const 0)) (then (global.set $gas (i64.const -1)) (i32.const 1)) (else (i32.const 0)))))`

/** Charges as a run does: the counter lies in an instance. */
async function countingMeter(): Promise<Meter> {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(await parse(COUNTER))))
  const charge = exports['charge'] as (gas: number) => number
  return {
    charge: (gas) => {
      if (charge(gas) !== 0) throw new RangeError('the meter ran out')
    },
  }
}

type Call = (text: string, data: Uint8Array) => unknown

async function onGlue(core: Uint8Array, glue: ExportGlue): Promise<Call> {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(core as Uint8Array<ArrayBuffer>))
  const { memory, cabi_realloc, both, cabi_post_both } = exports as unknown as Record<string, CoreFunction> & { memory: WebAssembly.Memory }
  const m = new GuestMemory(memory, cabi_realloc as (...args: number[]) => number, await countingMeter())
  return (text, data) => {
    const area = (both as CoreFunction)(...glue.lower(m, [text, data]))
    const result = glue.lift(m, area)
    ;(cabi_post_both as CoreFunction)(area as number)
    return result
  }
}

/** Microseconds a call of each, round by round, in turns. */
function inTurns<K extends string>(calls: Readonly<Record<K, () => unknown>>): Readonly<Record<K, number[]>> {
  const names = Object.keys(calls) as K[]
  const out = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>
  for (let round = -3; round < ROUNDS; round++) {
    for (const name of names) {
      const call = calls[name]
      const start = process.hrtime.bigint()
      for (let i = 0; i < CALLS; i++) call()
      const us = Number(process.hrtime.bigint() - start) / 1_000 / CALLS
      if (round >= 0) out[name].push(us)
    }
  }
  return out
}

const perSecond = (us: readonly number[]): readonly number[] => us.map((n) => 1e6 / n)

async function bothWays(emit: Emit): Promise<void> {
  const core = new Uint8Array(await parse(CORE))
  const wit = 'package t:t; world w { export both: func(text: string, data: list<u8>) -> tuple<string, list<u8>>; }'
  const component = new Uint8Array(await componentNew(await componentEmbed({ binary: core, witSource: wit, stringEncoding: 'utf16' }), []))
  const exports = await instantiateOnJco(component, {})
  const jco = exports['both'] as unknown as Call
  const ours = await onGlue(core, exportGlue(BOTH, 'utf16'))
  const closures = await onGlue(core, interpretedExport(BOTH, 'utf16'))
  for (const [size, text, data] of [
    ['', 'transfer-0123456789', new Uint8Array(64).fill(7)],
    ['-1k', 'x'.repeat(1_024), new Uint8Array(1_024).fill(7)],
  ] as const) {
    const want = JSON.stringify([text, [...data]])
    for (const call of [ours, jco, closures]) {
      const [t, d] = call(text, data) as [string, Uint8Array]
      if (JSON.stringify([t, [...d]]) !== want) throw new Error('a call gave back other values')
    }
    const us = inTurns({ ours: () => ours(text, data), jco: () => jco(text, data), closures: () => closures(text, data) })
    const what = `a typed call with ${text.length} characters and ${data.length} bytes, both ways`
    emit(
      ratioOf(AREA, {
        id: `host.typed.vs-jco${size}`,
        row: `calls/s: ${what}`,
        peer: JCO,
        ours: perSecond(us.ours),
        theirs: perSecond(us.jco),
        ...(size === '' ? { atLeast: 5 } : {}),
      }),
    )
    emit(rowOf(AREA, { id: `host.typed.us${size}`, row: what, unit: 'us', values: us.ours }))
    emit(
      ratioOf(AREA, {
        id: `host.typed.vs-closures${size}`,
        row: `calls/s: ${what}`,
        peer: 'closures over the type, the oracle of the tests',
        ours: perSecond(us.ours),
        theirs: perSecond(us.closures),
      }),
    )
  }
}

const { u8, u32, u64, string, bytes, list, option, result, tuple, record, variant, enum: names } = wit
const point = record({ x: u32, y: u32 })

/** Each is handed to an export, on to an import, and back. */
const SHAPES: Readonly<Record<string, readonly [WitType, WitValue]>> = {
  scalar: [u32, 7],
  u64: [u64, 123_456_789_012],
  string: [string, 'transfer-0123456789'],
  record: [record({ id: u64, owner: string, at: point, kind: names('a', 'b') }), [5, 'ut1alice', [1, 2], 1]],
  option: [option(string), ['note']],
  result: [result(u64, string), [0, 12]],
  variant: [variant({ none: null, circle: u32, box: point, label: string }), [2, [3, 4]]],
  'list-u32': [list(u32), Array.from({ length: 64 }, (_, i) => i)],
  'list-record': [list(record({ name: string, amount: u64 })), Array.from({ length: 16 }, (_, i) => [`name-${i}`, i])],
  headers: [list(tuple(string, bytes)), Array.from({ length: 12 }, (_, i) => [`x-header-${i}`, new Uint8Array(24).fill(i)])],
  flat16: [tuple(...Array.from({ length: 15 }, () => u8)), Array.from({ length: 15 }, (_, i) => i)],
}

async function shapes(emit: Emit): Promise<void> {
  for (const [name, [type, value]] of Object.entries(SHAPES)) {
    const { core, component } = await echoComponent([type], 'utf16')
    const echo = echoOnOurs(core, [type], 'utf16', await countingMeter())
    const answer = (seen: WitValue): readonly [WitValue, number] => [seen, 0]
    const exports = await instantiateOnJco(component, { 't:t/h': { e0: (v) => [v, 0] } })
    const jco = exports['f0'] as (v: unknown) => unknown
    const theirs = toJco(type, value)
    const us = inTurns({ ours: () => echo(0, value, answer), jco: () => jco(theirs) })
    emit(
      ratioOf(AREA, {
        id: `host.typed.shape.${name}`,
        row: `calls/s: ${name} to an export, to an import and back`,
        peer: JCO,
        ours: perSecond(us.ours),
        theirs: perSecond(us.jco),
      }),
    )
  }
}

export async function typedRows(emit: Emit): Promise<void> {
  await bothWays(emit)
  await shapes(emit)
}
