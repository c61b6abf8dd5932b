/**
 * What passes between guest and host, by the byte: values of WIT types through the generated glue, as small as they get, since 32 bytes are all that
 * a string, a list or an item pays beside its own. What the guest's allocator does the guest pays itself.
 */
import { importGlue, wit, GuestMemory, hostFunction, type HostFunction } from '../../../runtime/host/abi/index.ts'
import type { WitType, WitValue } from '../../../runtime/core/index.ts'
import { stopwatch } from './clock.ts'
import type { HostPrice } from './host-prices.ts'

const { string, bytes, list, option, tuple, u8, u32, u64, bool, record, variant, result } = wit

const MEMORY_PAGES = 64
const LARGE = 64 * 1024
const ITEMS = 4_096
/** Where the guest's allocator begins: what is lifted lies below. */
const HEAP = (MEMORY_PAGES / 2) * 65_536
const PLACE = 8

interface Case {
  readonly name: string
  readonly type: WitType
  readonly value: WitValue
}

const many = (item: WitValue): WitValue => Array.from({ length: ITEMS }, () => item)

const CASES: readonly Case[] = [
  { name: 'bytes, 64 KiB', type: bytes, value: new Uint8Array(LARGE).fill(7) },
  { name: 'text, 64 KiB', type: string, value: 'a'.repeat(LARGE / 2) },
  { name: 'text above ASCII, 64 KiB', type: string, value: 'é'.repeat(LARGE / 2) },
  { name: 'texts of one character', type: list(string), value: many('a') },
  { name: 'texts of twenty characters', type: list(string), value: many('twenty characters, é') },
  { name: 'empty lists of bytes', type: list(bytes), value: many(new Uint8Array(0)) },
  { name: 'lists of one byte', type: list(bytes), value: many(Uint8Array.of(1)) },
  { name: 'pairs of text and bytes', type: list(tuple(string, bytes)), value: many(['a', Uint8Array.of(1)]) },
  { name: 'text of pairs of surrogates, 64 KiB', type: string, value: '\u{1f600}'.repeat(LARGE / 4) },
  { name: 'texts of one pair of surrogates', type: list(string), value: many('\u{1f600}') },
  { name: 'lists of lists of nothing', type: list(list(list(u8))), value: many([new Uint8Array(0)]) },
  { name: 'variants', type: list(variant({ a: null, b: u8, c: u64, d: tuple(u64, u64), e: string })), value: many([3, [1, 2]]) },
  { name: 'results of variants', type: list(result(option(variant({ a: null, b: u64 })), u32)), value: many([0, [[1, 7]]]) },
  { name: 'large numbers of 64 bits', type: list(u64), value: many(2n ** 63n) },
  {
    name: 'pairs in pairs in pairs',
    type: list(tuple(tuple(tuple(u8, u8), tuple(u8, u8)), tuple(tuple(u8, u8), tuple(u8, u8)))),
    value: many([
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
      ],
    ]),
  },
  { name: 'options', type: list(option(option(u8))), value: many([[1]]) },
  { name: 'records', type: list(record({ a: u32, b: u64, c: bool, d: tuple(u8, u8) })), value: many([1, 2, true, [3, 4]]) },
]

/** Functions whose only argument, and whose result, is of a type: the values go through memory, as those of any but the smallest do. */
class Passing {
  readonly #glue
  readonly #memory: GuestMemory
  readonly #pair: readonly [number, number]
  readonly #value: WitValue
  #gas = 0
  #top = HEAP

  constructor({ type, value }: Case, encoding: 'utf8' | 'utf16') {
    const func: HostFunction<null> = hostFunction({ value: type }, type, () => value)
    this.#glue = importGlue(func.type, encoding)
    this.#value = value
    const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES })
    const allocate = (_old: number, _size: number, align: number, size: number): number => {
      const at = Math.ceil(this.#top / align) * align
      this.#top = at + size
      return at
    }
    this.#memory = new GuestMemory(memory, allocate, { charge: (gas) => void (this.#gas += gas) })
    this.out()
    const view = new DataView(memory.buffer)
    // What was handed out is what comes in
    this.#pair = [view.getUint32(PLACE, true), view.getUint32(PLACE + 4, true)]
    this.#top = Math.ceil(this.#top / 8) * 8
  }

  /** Gas of handing it out once. */
  out(): number {
    this.#gas = 0
    this.#glue.lower(this.#memory, this.#value, [0, 0, PLACE])
    return this.#gas
  }

  /** Gas of handing it in once. */
  in(): number {
    this.#gas = 0
    this.#glue.lift(this.#memory, [...this.#pair, PLACE])
    return this.#gas
  }

  /** Frees what was handed out since the first time. */
  rewind(top: number): void {
    this.#top = top
  }

  get top(): number {
    return this.#top
  }
}

const TIMES = 6

function rows(id: 'byte-in' | 'byte-out', what: string, pass: (it: Passing) => number): readonly HostPrice[] {
  return CASES.flatMap((one) =>
    (['utf16', 'utf8'] as const).map((encoding): HostPrice => {
      const it = new Passing(one, encoding)
      const { top } = it
      const run = (): number => {
        it.rewind(top)
        return pass(it)
      }
      for (let i = 0; i < 200; i++) run()
      return {
        id,
        name: `a byte handed ${what}: ${one.name}, ${encoding}`,
        gas: run(),
        ns: () => {
          const watch = stopwatch()
          for (let i = 0; i < TIMES; i++) run()
          return watch() / TIMES
        },
      }
    }),
  )
}

/** Candidates for the worst value, either way. */
export const bytePrices = (): readonly HostPrice[] => [
  ...rows('byte-in', 'in', (it) => it.in()),
  ...rows('byte-out', 'out', (it) => it.out()),
]
