/** What costs most of each kind for its gas: memory out of reach of the caches, branches that cannot be foreseen, growth, bulk and table work. */
import { LIMITS, PARAMS, type CodePrices, type MemoryPrices, type WasmPrices } from '../../../runtime/core/index.ts'
import { muchCode } from './much-code.ts'

/** What is priced by how far a memory reaches. */
type Reaching = Exclude<keyof MemoryPrices, 'pages'>

/** What is priced by how much code there is. */
type Coded = Exclude<keyof CodePrices, 'functions' | 'bytes'>

/** A class of the table; of what is priced by reach one for each of the tiers, named by its pages or functions. */
export type GasClass = Exclude<keyof WasmPrices, Reaching | Coded> | `${Reaching | Coded}-${number}`

export interface Attack {
  readonly class: GasClass
  readonly name: string
  /** The module in text, or made where it is too large for that. */
  readonly text: string | (() => Uint8Array)
  /** Growth is measured once an instance: `n` is what it grows by, at most this. */
  readonly fresh?: number
}

const loop = (body: string): string => `(loop $l ${body} (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))`
const LOCALS = '(local $x i32) (local $y i32) (local $z i64) (local $a f64) (local $v v128)'
const module = (items: string, body: string, setup = ''): string =>
  `(module ${items} (global $keep (mut i32) (i32.const 1)) (global $g (mut i64) (i64.const 1))
    (func (export "setup") (param $n i32) ${LOCALS} ${setup})
    (func (export "run") (param $n i32) ${LOCALS} (local.set $x (global.get $keep)) ${body} (global.set $keep (local.get $x))))`
const times = (n: number, text: string): string => Array.from({ length: n }, () => text).join(' ')

const PAGES = LIMITS.memoryPages
/** The next of a full period of pseudo-random numbers; where it is well mixed is above. */
const RANDOM = '(local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))'
const DRAWN = (mask: number, shift = 7): string => `(i32.and (i32.shr_u (local.get $x) (i32.const ${shift})) (i32.const ${mask}))`

const LINE = 6
const FRAME = 12
/** Every line (or page of the processor) of the memory holds the address of the next in a pseudo-random order of all of them. */
const strewn = (offset: number, lines: number, shift = LINE): string => `(local.set $n (i32.const ${lines})) (loop $l
  (i32.store offset=${offset} (i32.shl (local.get $y) (i32.const ${shift}))
    (i32.shl (local.tee $x (i32.and (i32.add (i32.mul (local.get $y) (i32.const 1664525)) (i32.const 1013904223)) (i32.const ${lines - 1}))) (i32.const ${shift})))
  (local.set $y (local.get $x)) (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (global.set $keep (i32.const 0))`
/** What memory of at most `pages` costs where all of it is in use. */
function reach({ pages }: MemoryPrices): readonly Attack[] {
  const where = pages < 16 ? `${pages * 64} KiB` : `${pages / 16} MiB`
  const memory = `(memory ${pages} ${pages})`
  const bytes = pages * 65_536
  const lines = bytes / 64
  const address = DRAWN(bytes - 128, 4)
  const touched = `(memory.fill (i32.const 0) (i32.const 1) (i32.const ${bytes - 64}))`
  const both = `${RANDOM} (local.set $y ${address}) ${RANDOM}`
  // Of a length that the engine cannot know; the halves of a memory lie on different lines
  const bulk = (length: number): readonly Attack[] => {
    const n = `(i32.or (i32.const ${length}) (i32.shr_u (local.get $x) (i32.const 31)))`
    const setup = `${touched} (global.set $keep (i32.const 0))`
    return [
      {
        class: `bulk64-${pages}`,
        name: `memory.copy of ${length} bytes in ${where}`,
        text: module(memory, loop(times(2, `(memory.copy (i32.const ${bytes / 2}) (i32.const 3) ${n})`)), setup),
      },
      {
        class: `bulk64-${pages}`,
        name: `memory.fill of ${length} bytes in ${where}`,
        text: module(memory, loop(times(2, `(memory.fill (i32.const 1) (local.get $x) ${n})`)), setup),
      },
    ]
  }
  return [
    {
      class: `load-${pages}`,
      name: `a chain of loads over ${where}`,
      text: module(memory, loop(`(local.get $x) ${times(16, '(i32.load)')} (local.set $x)`), strewn(0, lines)),
    },
    {
      class: `load-${pages}`,
      name: `a chain of loads over ${where}, each across two lines`,
      text: module(memory, loop(`(local.get $x) ${times(16, '(i32.load offset=61)')} (local.set $x)`), strewn(61, lines / 2)),
    },
    {
      class: `load-${pages}`,
      name: `a chain of loads over ${where}, each across two pages`,
      text: module(
        memory,
        loop(`(local.get $x) ${times(16, '(i32.load offset=4093)')} (local.set $x)`),
        strewn(4_093, bytes / 8_192, FRAME),
      ),
    },
    {
      class: `load-${pages}`,
      name: `a chain of vector loads over ${where}, each across two pages`,
      text: module(
        memory,
        loop(`(local.get $x) ${times(16, '(v128.load offset=4093) (i32x4.extract_lane 0)')} (local.set $x)`),
        strewn(4_093, bytes / 8_192, FRAME),
      ),
    },
    {
      class: `load-${pages}`,
      name: `loads from anywhere in ${where}`,
      text: module(memory, loop(times(8, `${RANDOM} (local.set $y (i32.add (local.get $y) (i32.load ${address})))`)), touched),
    },
    {
      class: `store-${pages}`,
      name: `stores anywhere in ${where}`,
      text: module(memory, loop(times(8, `${RANDOM} (i32.store ${address} (local.get $n))`)), touched),
    },
    {
      class: `store-${pages}`,
      name: `vector stores anywhere in ${where}, each across two lines`,
      text: module(memory, loop(times(8, `${RANDOM} (v128.store offset=56 (i32.and ${address} (i32.const -64)) (local.get $v))`)), touched),
    },
    {
      class: `store-${pages}`,
      name: `vector stores anywhere in ${where}, each across two pages`,
      text: module(
        memory,
        loop(times(8, `${RANDOM} (v128.store offset=4088 (i32.and ${DRAWN(bytes / 2 - 1, 4)} (i32.const -4096)) (local.get $v))`)),
        touched,
      ),
    },
    {
      class: `bulk-${pages}`,
      name: `memory.copy of 64 bytes from anywhere to anywhere in ${where}`,
      text: module(memory, loop(times(4, `${both} (memory.copy (local.get $y) ${address} (i32.const 64))`)), touched),
    },
    {
      class: `bulk-${pages}`,
      name: `memory.fill of 64 bytes anywhere in ${where}`,
      text: module(memory, loop(times(4, `${RANDOM} (memory.fill ${address} (i32.const 1) (i32.const 64))`)), touched),
    },
    ...[0, 64, 4_096, bytes / 2 - 64].flatMap(bulk),
  ]
}

const [SMALLEST] = PARAMS.wasm.memory.map((m) => m.pages)
const memory: readonly Attack[] = [
  ...PARAMS.wasm.memory.flatMap(reach),
  {
    class: `load-${SMALLEST as number}`,
    name: 'a value through one address',
    text: module('(memory 1 1)', loop(times(16, '(i32.store (i32.const 8) (local.get $x)) (local.set $x (i32.load (i32.const 8)))'))),
  },
  {
    class: `store-${SMALLEST as number}`,
    name: 'a store across two pages read back wider',
    text: module(
      '(memory 1 1)',
      loop(
        times(8, '(i32.store offset=4094 (i32.const 0) (local.get $x)) (local.set $x (i32.wrap_i64 (i64.load offset=4092 (i32.const 0))))'),
      ),
    ),
  },
  {
    class: `store-${SMALLEST as number}`,
    name: 'a narrow store read back wide',
    text: module(
      '(memory 1 1)',
      loop(times(8, '(i32.store8 offset=3 (i32.const 8) (local.get $x)) (local.set $x (i32.load (i32.const 8)))')),
    ),
  },
]

/** A text for each of some well mixed bits of the random number; the shortest way to a bit that cannot be foreseen. */
const bits = (text: (bit: string) => string): string =>
  Array.from({ length: 12 }, (_, i) => text(`(i32.and (local.get $x) (i32.const ${2 ** (i + 18)}))`)).join(' ')

const FEW = (PARAMS.wasm.code[0] as CodePrices).functions

const flow: readonly Attack[] = [
  {
    class: `branch-${FEW}`,
    name: 'branches that cannot be foreseen',
    text: module(
      '',
      loop(`${RANDOM} ${bits((bit) => `(block $b (br_if $b ${bit}) (local.set $y (i32.add (local.get $y) (local.get $x))))`)}`),
    ),
  },
  {
    class: `branch-${FEW}`,
    name: 'ifs that cannot be foreseen',
    text: module('', loop(`${RANDOM} ${bits((bit) => `(if ${bit} (then (local.set $y (i32.add (local.get $y) (local.get $x)))))`)}`)),
  },
  {
    class: 'base',
    name: 'a select that cannot be foreseen',
    text: module(
      '',
      loop(
        times(
          4,
          `${RANDOM} (local.set $y (select (local.get $y) (local.get $x) (i32.and (i32.shr_u (local.get $x) (i32.const 19)) (i32.const 1))))`,
        ),
      ),
    ),
  },
  {
    class: 'base',
    name: 'a float select that cannot be foreseen',
    text: module(
      '',
      loop(
        times(
          4,
          `${RANDOM} (local.set $a (select (local.get $a) (f64.const 2) (i32.and (i32.shr_u (local.get $x) (i32.const 19)) (i32.const 1))))`,
        ),
      ),
    ),
  },
  // A chain of roots leaves that range at once: each of these begins with such a number again
  {
    class: 'floatRoot',
    name: 'roots of numbers below the normal range',
    text: module(
      '',
      `(local.set $z (i64.add (global.get $g) (i64.const 0x123456789abcd))) ${loop(times(16, '(local.set $z (i64.or (local.get $z) (i64.shr_u (i64.reinterpret_f64 (f64.sqrt (f64.reinterpret_i64 (local.get $z)))) (i64.const 63))))'))} (global.set $g (local.get $z))`,
    ),
  },
  ...['f64x2.sqrt', 'f32x4.sqrt'].map((root): Attack => ({
    class: 'simdFloat',
    name: `${root} of numbers below the normal range`,
    text: module(
      '',
      `(local.set $v (i64x2.splat (i64.and (i64.add (global.get $g) (i64.const 0x001234560012abcd)) (i64.const 0x000fffff007fffff)))) ${loop(times(16, `(local.set $v (v128.or (local.get $v) (i64x2.shr_u (${root} (local.get $v)) (i32.const 63))))`))} (global.set $g (i64x2.extract_lane 0 (local.get $v)))`,
    ),
  })),
  {
    class: 'base',
    name: 'a global written and read',
    text: module('', loop(times(16, '(global.set $g (i64.add (global.get $g) (i64.const 1)))'))),
  },
  {
    class: `branchTable-${FEW}`,
    name: 'a table of 64 branches that cannot be foreseen',
    text: module(
      '',
      loop(
        `${RANDOM} ${times(64, '(block ')} (br_table ${Array.from({ length: 64 }, (_, i) => i).join(' ')} ${DRAWN(63, 17)}) ${Array.from({ length: 64 }, (_, i) => `) (local.set $y (i32.xor (local.get $y) (i32.const ${i})))`).join(' ')}`,
      ),
    ),
  },
]

const callees = (n: number): string =>
  Array.from({ length: n }, (_, i) => `(func $f${i} (type $t) (i32.xor (local.get 0) (i32.const ${i})))`).join(' ')
const names = (n: number): string => Array.from({ length: n }, (_, i) => `$f${i}`).join(' ')
const TYPE = '(type $t (func (param i32) (result i32)))'
const calls: readonly Attack[] = [
  {
    class: `call-${FEW}`,
    name: 'calls of a small function',
    text: module(`${TYPE} ${callees(1)}`, loop(times(16, '(local.set $x (call $f0 (local.get $x)))'))),
  },
  {
    class: `call-${FEW}`,
    name: 'calls of a function of sixteen parameters and results',
    text: module(
      `(func $wide (param ${times(16, 'i64')}) (result ${times(16, 'i64')}) ${Array.from({ length: 16 }, (_, i) => `(local.get ${(i + 1) % 16})`).join(' ')})`,
      `${times(16, '(local.get $z)')} (call $wide) ${times(16, '(drop)')} ${loop(times(2, `${times(16, '(local.get $z)')} (call $wide) ${times(15, '(i64.add)')} (local.set $z)`))}`,
    ),
  },
  {
    class: `call-${FEW}`,
    name: 'calls of a function of 400 locals',
    text: module(
      `(func $locals (param i32) (result i32) (local ${times(400, 'i64')}) (if (i32.eqz (local.get 0)) (then ${Array.from({ length: 400 }, (_, i) => `(global.set $g (i64.add (global.get $g) (local.get ${i + 1})))`).join(' ')})) (local.get 0))`,
      loop(times(4, '(local.set $x (call $locals (i32.or (local.get $x) (i32.const 1))))')),
    ),
  },
  {
    class: `callIndirect-${FEW}`,
    name: 'indirect calls of one function',
    text: module(
      `${TYPE} (table 1 funcref) (elem (i32.const 0) ${names(1)}) ${callees(1)}`,
      loop(times(8, '(local.set $x (call_indirect (type $t) (local.get $x) (i32.const 0)))')),
    ),
  },
  {
    class: `callIndirect-${FEW}`,
    name: 'indirect calls that cannot be foreseen of 256 functions',
    text: module(
      `${TYPE} (table 256 funcref) (elem (i32.const 0) ${names(256)}) ${callees(256)}`,
      loop(times(4, `${RANDOM} (local.set $y (call_indirect (type $t) (local.get $y) ${DRAWN(255, 17)}))`)),
    ),
  },
  {
    class: `callIndirect-${FEW}`,
    name: 'indirect calls anywhere in a table of 65,536 entries',
    text: module(
      `${TYPE} (table 65536 funcref) (elem declare func $f0) ${callees(1)}`,
      loop(times(4, `${RANDOM} (local.set $y (call_indirect (type $t) (local.get $y) ${DRAWN(65_535, 9)}))`)),
      '(table.fill (i32.const 0) (ref.func $f0) (i32.const 65536))',
    ),
  },
]

/** Of functions in text, and of code that is run from its begin to its end, of which more is not measured. */
const MOST = { functions: 18_000, functionBytes: 400_000, bytes: 1_000_000 }
const ARMS = 64
/** Bytes of an arm of a table of branches, of a branch and of a call with what stands beside it, at least. */
const [ARM, BRANCH, CALL] = [13, 14, 14]

/** What going elsewhere costs in so much code: all of it is led through in an order that is not its own, or by bits that nothing foretells. */
function code({ functions, bytes }: CodePrices): readonly Attack[] {
  const n = Math.min(functions, MOST.functions) - 2
  const size = Math.min(bytes, MOST.bytes)
  const table = `(table ${n} funcref) (elem (i32.const 0) ${names(n)})`
  // Called once each before: what is seldom run the engine compiles when it is called
  const all = `(local.set $n (i32.const ${n})) (loop $l (local.set $y (call_indirect (type $t) (local.get $y) (i32.sub (local.get $n) (i32.const 1)))) (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))`
  const turns = Math.min(n, Math.floor(Math.min(size, MOST.functionBytes) / CALL))
  const each = Array.from({ length: turns }, (_, i) => `(local.set $x (call $f${(i * 7_919) % n} (local.get $x)))`).join(' ')
  const filled = (body: string): string => Array.from({ length: 4 }, (_, i) => body.replaceAll('#', String(i))).join(' ')
  const fat = Array.from(
    { length: n },
    (_, i) =>
      `(func $f${i} (type $t) (if (i32.eqz (local.get 0)) (then ${filled(`(global.set $g (i64.mul (global.get $g) (i64.const 12345678912${i}#)))`)})) (i32.or (local.get 0) (i32.const ${(i * 7_919) | 1})))`,
  ).join(' ')
  const drawn = `${RANDOM} (local.set $y (call_indirect (type $t) (i32.or (i32.const 1) (local.get $y)) (i32.rem_u (i32.shr_u (local.get $x) (i32.const 9)) (i32.const ${n}))))`
  const arms = (at: number): string =>
    Array.from(
      { length: ARMS },
      (_, i) => `) (local.set $y (i32.xor (local.get $y) (i32.const ${((at + i) * 7_919) & 0x7fff_ffff}))) (br $o)`,
    ).join(' ')
  const labels = Array.from({ length: ARMS }, (_, i) => i).join(' ')
  const branch = (i: number): string =>
    `${i % 12 === 0 ? RANDOM : ''} (block $b (br_if $b (i32.and (local.get $x) (i32.const ${2 ** ((i % 12) + 18)}))) (local.set $y (i32.add (local.get $y) (i32.const ${(i * 99_991) & 0x7fff_ffff}))))`
  const leap = (i: number): string =>
    `${i % 4 === 0 ? RANDOM : ''} (block $o ${times(ARMS, '(block ')} (br_table ${labels} ${DRAWN(ARMS - 1, 7 + 6 * (i % 4))}) ${arms(i)})`
  /** All of the code, in functions that are as large as can be, one behind the other. */
  const inTurn = (one: (i: number) => string, bytesOfOne: number): string => {
    const many = Math.ceil(size / MOST.functionBytes)
    const length = Math.max(4, Math.floor(size / many / bytesOfOne))
    const parts = Array.from(
      { length: many },
      (_, k) =>
        `(func $p${k} (param $x i32) (result i32) (local $y i32) ${Array.from({ length }, (_, i) => one(k * length + i)).join(' ')} (i32.xor (local.get $x) (local.get $y)))`,
    )
    const calls = parts.map((_, k) => `(local.set $x (call $p${k} (local.get $x)))`)
    return module(`${padding(functions, size)} ${parts.join(' ')}`, loop(calls.join(' ')))
  }
  return [
    {
      class: `call-${functions}`,
      name: `calls of ${n} small functions in turn`,
      text: module(`${TYPE} ${table} ${callees(n)}`, loop(each), all),
    },
    { class: `call-${functions}`, name: `calls of ${n} functions in turn`, text: module(`${TYPE} ${table} ${fat}`, loop(each), all) },
    {
      class: `callIndirect-${functions}`,
      name: `indirect calls that cannot be foreseen of ${n} functions`,
      text: module(`${TYPE} ${table} ${fat}`, loop(times(4, drawn)), all),
    },
    {
      class: `branch-${functions}`,
      name: `branches that cannot be foreseen in ${Math.round(size / 1_024)} KiB of code`,
      text: inTurn(branch, BRANCH),
    },
    {
      class: `branchTable-${functions}`,
      name: `tables of branches that cannot be foreseen in ${Math.round(size / 1_024)} KiB of code`,
      text: inTurn(leap, ARMS * ARM),
    },
    ...(bytes > MUCH ? allOf(functions, bytes) : []),
  ]
}

/** Beyond so many bytes the functions are larger than those in text. */
const MUCH = 2 * 1024 * 1024

const allOf = (functions: number, bytes: number): readonly Attack[] => [
  { class: `call-${functions}`, name: `calls in turn all over ${bytes} bytes of code`, text: () => muchCode(bytes, 'in turn') },
  {
    class: `callIndirect-${functions}`,
    name: `indirect calls that cannot be foreseen all over ${bytes} bytes of code`,
    text: () => muchCode(bytes, 'drawn'),
  },
]

/** So much code that is never run that a module pays by the tier of so many functions, and no more than it has to. */
const padding = (functions: number, size: number): string => {
  const before = PARAMS.wasm.code.findLast((c) => c.functions < functions)
  return before === undefined || size > before.bytes ? '' : `(func) `.repeat(before.functions)
}

const TABLE = `(table 4096 funcref) (elem $e func ${times(256, '$f0')}) ${TYPE} ${callees(1)}`
const tables: readonly Attack[] = [
  {
    class: 'table',
    name: 'table.get and table.set',
    text: module(TABLE, loop(times(8, '(table.set (i32.const 1) (table.get (i32.const 2)))'))),
  },
  {
    class: 'table',
    name: 'ref.func and table.set',
    text: module(`${TABLE} (export "f0" (func $f0))`, loop(times(8, '(table.set (i32.const 1) (ref.func $f0))'))),
  },
  { class: 'table', name: 'ref.func', text: module(TABLE, loop(times(8, '(drop (ref.func $f0))'))) },
  {
    class: 'table',
    name: 'ref.func and ref.is_null',
    text: module(TABLE, loop(times(8, '(local.set $x (i32.add (local.get $x) (ref.is_null (ref.func $f0))))'))),
  },
  {
    class: 'table',
    name: 'table.get of a function, which the engine makes an object of',
    text: module(`${TABLE} (elem (i32.const 0) ${times(64, '$f0')})`, loop(times(8, '(drop (table.get (i32.const 2)))'))),
  },
  ...[0, 1, 256].flatMap((n) => [
    {
      class: n === 0 ? ('engineCall' as const) : ('tableElement' as const),
      name: `table.copy of ${n}`,
      text: module(TABLE, loop(`(table.copy (i32.const 1000) (i32.const 1) (i32.const ${n}))`)),
    },
    {
      class: n === 0 ? ('engineCall' as const) : ('tableElement' as const),
      name: `table.fill of ${n}`,
      text: module(TABLE, loop(`(table.fill (i32.const 1000) (ref.null func) (i32.const ${n}))`)),
    },
    {
      class: 'tableElement' as const,
      name: `table.fill of ${n} with a function`,
      text: module(TABLE, loop(`(table.fill (i32.const 1000) (ref.func $f0) (i32.const ${n}))`)),
    },
    {
      class: n === 0 ? ('engineCall' as const) : ('tableElement' as const),
      name: `table.init of ${n}`,
      text: module(TABLE, loop(`(table.init $e (i32.const 1000) (i32.const 0) (i32.const ${n}))`)),
    },
  ]),
  { class: 'engineCall', name: 'table.grow of 0', text: module(TABLE, loop('(drop (table.grow (ref.null func) (i32.const 0)))')) },
  { class: 'base', name: 'table.size', text: module(TABLE, loop(times(16, '(local.set $x (i32.add (local.get $x) (table.size)))'))) },
  {
    class: `call-${FEW}`,
    name: 'elem.drop and data.drop',
    text: module(`${TABLE} (memory 1) (data $d "x")`, loop(times(4, '(elem.drop $e) (data.drop $d)'))),
  },
]

const growth: readonly Attack[] = [
  {
    class: 'engineCall',
    name: 'memory.init of 64 bytes',
    text: module(
      `(memory 1 1) (data $d "${'x'.repeat(64)}")`,
      loop(times(4, '(memory.init $d (i32.const 1) (i32.const 0) (i32.const 64))')),
    ),
  },
  { class: 'engineCall', name: 'memory.grow of 0', text: module('(memory 1 1)', loop('(drop (memory.grow (i32.const 0)))')) },
  { class: 'growPage', name: 'memory.grow over the maximum', text: module('(memory 1 1)', loop('(drop (memory.grow (i32.const 1)))')) },
  {
    class: 'base',
    name: 'memory.size',
    text: module('(memory 1)', loop(times(16, '(local.set $x (i32.add (local.get $x) (memory.size)))'))),
  },
  {
    class: 'growPage',
    name: 'memory.grow, page by page, and every 4 KiB of it written',
    fresh: PAGES - 1,
    text: module(
      '(memory 1)',
      loop(
        `(local.set $x (i32.shl (memory.grow (i32.const 1)) (i32.const 16))) ${Array.from({ length: 16 }, (_, i) => `(i32.store8 offset=${i * 4_096} (local.get $x) (i32.const 1))`).join(' ')}`,
      ),
    ),
  },
  {
    class: 'growPage',
    name: 'memory.grow at once, and every 4 KiB of it written',
    fresh: PAGES - 1,
    text: module(
      '(memory 1)',
      `(drop (memory.grow (local.get $n))) ${loop(`${Array.from({ length: 16 }, (_, i) => `(i32.store8 offset=${i * 4_096} (i32.shl (local.get $n) (i32.const 16)) (i32.const 1))`).join(' ')}`)}`,
    ),
  },
  {
    class: 'tableElement',
    name: 'table.grow, entry by entry',
    fresh: 4_000,
    text: module('(table 1 funcref)', loop('(drop (table.grow (ref.null func) (i32.const 1)))')),
  },
]

export const ATTACKS: readonly Attack[] = [...memory, ...flow, ...calls, ...PARAMS.wasm.code.flatMap(code), ...tables, ...growth]
