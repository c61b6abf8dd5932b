/** As much code as a tier holds, in functions of one size that are called all over it: what is called lies in no cache, and its page in no table of the processor. */
import { SECTION, Writer } from '../../../runtime/host/wasm/index.ts'

/** Functions are a kilobyte each in the greatest tier: more pages than the processor has places for. */
const FUNCTIONS = 16_382
/** Bytes of a function of nothing, and of each product that it could run. */
const [LEAST, PRODUCT] = [19, 13]
const DRAWS = 4

/** How the functions are called: by an index that nothing foretells, or one behind the other in an order that is not their own. */
export type Calls = 'drawn' | 'in turn'

function callee(i: number, products: number): Writer {
  const w = new Writer().u32(0).u8(0x20, 0, 0x45, 0x04, 0x40)
  // global * constant; never run, it keeps the functions apart
  for (let k = 0; k < products; k++) w.u8(0x23, 0, 0x42, 0x80 | ((i + k) & 0x7f), 0x80, 0xc2, 0xd7, 0xf3, 0xab, 0x17, 0x7e, 0x24, 0)
  return w
    .u8(0x0b, 0x20, 0, 0x41)
    .signed((i * 7_919) | 1)
    .u8(0x72, 0x0b)
}

/** Counts local 0 down to nothing. */
const again = (w: Writer): Writer => w.u8(0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x0b)

/** Calls each once: what is seldom run the engine compiles when it is called. */
const setup = (): Writer =>
  again(new Writer().u8(1, 1, 0x7f, 0x41).signed(FUNCTIONS).u8(0x21, 0, 0x03, 0x40, 0x20, 1, 0x20, 0, 0x41, 1, 0x6b, 0x11, 0, 0, 0x21, 1))

function run(calls: Calls): Writer {
  const w = new Writer().u8(1, 2, 0x7f, 0x41).signed(123_456_789).u8(0x21, 1, 0x41, 1, 0x21, 2, 0x03, 0x40)
  if (calls === 'in turn')
    for (let i = 0; i < FUNCTIONS; i++)
      w.u8(0x20, 2, 0x10)
        .u32((i * 7_919) % FUNCTIONS)
        .u8(0x21, 2)
  else
    for (let k = 0; k < DRAWS; k++) {
      // xorshift32 (Marsaglia 2003)
      for (const [shift, by] of [
        [0x74, 13],
        [0x76, 17],
        [0x74, 5],
      ] as const)
        w.u8(0x20, 1, 0x20, 1, 0x41, by, shift, 0x73, 0x21, 1)
      w.u8(0x20, 2, 0x41, 1, 0x72, 0x20, 1, 0x41, 9, 0x76, 0x41).signed(FUNCTIONS).u8(0x70, 0x11, 0, 0, 0x21, 2)
    }
  return again(w)
}

/** A module of so many bytes of code at most, whose exports are those of a loop. */
export function muchCode(bytes: number, calls: Calls): Uint8Array {
  const own = [setup(), run(calls)]
  const products = Math.floor(((bytes - own.reduce((n, w) => n + w.length, 0)) / FUNCTIONS - LEAST) / PRODUCT)
  const bodies = new Writer().u32(FUNCTIONS + own.length)
  for (let i = 0; i < FUNCTIONS; i++) bodies.u32(callee(i, products).length).raw(callee(i, products).view())
  for (const w of own) bodies.u32(w.length).raw(w.view())
  const types = new Writer()
    .u32(FUNCTIONS + own.length)
    .raw(new Uint8Array(FUNCTIONS))
    .u8(1, 1)
  const elements = new Writer().u8(1, 0, 0x41, 0, 0x0b).u32(FUNCTIONS)
  for (let i = 0; i < FUNCTIONS; i++) elements.u32(i)
  return new Writer()
    .u8(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
    .section(SECTION.type, Uint8Array.of(2, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 1, 0x7f, 0))
    .section(SECTION.function, types)
    .section(SECTION.table, new Writer().u8(1, 0x70, 0).u32(FUNCTIONS))
    .section(SECTION.global, Uint8Array.of(1, 0x7e, 1, 0x42, 1, 0x0b))
    .section(
      SECTION.export,
      new Writer()
        .u32(2)
        .name('setup')
        .u8(0)
        .u32(FUNCTIONS)
        .name('run')
        .u8(0)
        .u32(FUNCTIONS + 1),
    )
    .section(SECTION.element, elements)
    .section(SECTION.code, bodies)
    .bytes()
}
