import fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8 } from '../../core/index.ts'
import { coreSignature, GuestMemory, importGlue, type Core, type CoreFunction, type HostFunction } from '../abi/index.ts'
import { CONTEXT } from '../testing/host.ts'
import { HttpRun, IncomingRequest, WASI } from './index.ts'

const PAGE = 65_536
const SIZE = 2 * PAGE
/** Where the simulated allocator begins; below it lie what the guest hands over and what it is answered. */
const HEAP = PAGE

interface Form {
  readonly name: string
  readonly func: HostFunction<HttpRun>
  readonly glued: CoreFunction
}

/** A guest's memory with an allocator that grows it now and then, and a run in it. */
class Side {
  readonly memory = new WebAssembly.Memory({ initial: 2, maximum: 8 })
  readonly run: HttpRun
  readonly guest: GuestMemory
  charges: number[] = []
  #budget: number
  #top = HEAP

  constructor(body: Uint8Array, method: string, path: string, budget: number, grows: boolean, fails: boolean) {
    this.#budget = budget
    const meter = {
      charge: (gas: number): void => {
        this.charges.push(gas)
        this.#budget -= gas
        if (this.#budget < 0) throw new Error('out of gas')
      },
    }
    this.run = new HttpRun(meter, CONTEXT)
    const realloc = (_old: number, _size: number, align: number, wanted: number): number => {
      if (fails) return 0x7fff_fff0
      const at = Math.ceil(this.#top / align) * align
      this.#top = at + wanted
      if (grows && this.memory.buffer.byteLength < 4 * PAGE) this.memory.grow(1)
      return at
    }
    this.guest = new GuestMemory(this.memory, realloc, meter)
    const headers = [
      ['host', utf8('h')],
      ['Accept', utf8('text/html')],
      ['accept', utf8('*/*')],
    ] as const
    this.run.handles.add('incoming-request', new IncomingRequest({ method, path, headers, body }))
    this.run.handles.add('response-outparam', null)
  }

  /** What a call gives or throws, and all that it leaves behind. */
  call(func: CoreFunction, args: readonly Core[]): unknown {
    this.charges = []
    let told: unknown
    try {
      told = func(...args)
    } catch (error) {
      told = [(error as Error).constructor.name, (error as Error).message]
    }
    const { answer, output, handles } = this.run
    return { told, charges: this.charges, memory: Buffer.from(this.memory.buffer).toString('latin1'), answer, output, handles }
  }
}

const forms = (side: Side): Form[] =>
  ['wasi:http/types', 'wasi:io/streams'].flatMap((base) =>
    Object.entries(WASI[base] ?? {}).map(([name, func]): Form => {
      const glue = importGlue(func.type, 'utf16')
      const glued: CoreFunction = (...args) => glue.lower(side.guest, func.run(side.run, glue.lift(side.guest, args)) as never, args)
      return { name, func, glued }
    }),
  )

/** The function of a name by its form, where it has one, or by its glue. */
const formed = (side: Side): Map<string, CoreFunction> =>
  new Map(
    forms(side).map(({ name, func, glued }) => [
      name,
      func.core === undefined ? glued : func.core(() => ({ memory: side.guest, state: side.run })),
    ]),
  )

const WITH_FORMS = forms(new Side(new Uint8Array(0), 'GET', '/', 0, false, false)).filter(({ func }) => func.core !== undefined)
const NAMES = WITH_FORMS.map(({ name }) => name)

/** Texts that lie in memory for the guest to hand over: [address, units]. */
const TEXTS = ['content-type', 'x-a', 'accept', 'HOST', 'bad name', 'connection', 'Ünïcode', 'set-cookie', '', 'x'.repeat(70)]
const textAt = (i: number): number => 1_024 + i * 256

/** Fields one behind the other, as lists of which the guest hands over a part: [name, address and length of the value]. */
const LIST = 12_288
const LISTED: readonly (readonly [readonly [number, number], number, number])[] = [
  ...[0, 1, 2, 7, 3].map((i) => [[textAt(i), (TEXTS[i] as string).length], 8_192 + i, i * 9] as const),
  [[textAt(0), 12], 8_192, 20_000],
  [[textAt(4), 8], 8_192, 4],
  [[textAt(5), 10], 8_192, 4],
  [[textAt(1), 3], 1_030, 4],
  [[textAt(1), 3], SIZE - 1, 4],
  [[3, 2], 8_192, 4],
]

const handle = fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 9 }) }, { weight: 1, arbitrary: fc.constantFrom(0, -1, 77) })
const place = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 60 }).map((n) => n * 8) },
  { weight: 1, arbitrary: fc.constantFrom(1, 2, 4, SIZE - 4, SIZE - 8, SIZE, -8, 0x7fff_fff8) },
)
const texts = fc.oneof(
  { weight: 6, arbitrary: fc.nat(TEXTS.length - 1).map((i) => [textAt(i), (TEXTS[i] as string).length] as const) },
  { weight: 1, arbitrary: fc.constantFrom([3, 2] as const, [SIZE - 2, 2] as const, [-2, 1] as const, [textAt(0), -1] as const) },
)
const data = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.integer({ min: 8_192, max: 8_400 }), fc.integer({ min: 0, max: 90 })) },
  { weight: 1, arbitrary: fc.constantFrom([SIZE - 1, 2] as const, [-1, 1] as const, [0, 1 << 21] as const, [0, -1] as const) },
)

/** Arguments of a form, mostly of the right kinds. */
function argsOf(name: string): fc.Arbitrary<readonly Core[]> {
  const some = fc.constantFrom(0, 0, 0, 1, 2)
  switch (name) {
    case '[constructor]fields':
      return fc.constant([])
    case '[method]fields.get':
      return fc.tuple(handle, texts, place).map(([h, [p, n], at]) => [h, p, n, at])
    case '[method]fields.append':
      return fc.tuple(handle, texts, data, place).map(([h, [p, n], [b, l], at]) => [h, p, n, b, l, at])
    case '[static]fields.from-list':
      return fc.tuple(
        fc.oneof(
          { weight: 8, arbitrary: fc.nat(LISTED.length - 1).map((i) => LIST + i * 16) },
          { weight: 1, arbitrary: fc.constantFrom(LIST + 2, SIZE - 16, -16) },
        ),
        fc.oneof({ weight: 8, arbitrary: fc.nat(5) }, { weight: 1, arbitrary: fc.constantFrom(4_000, -1) }),
        place,
      )
    case '[static]outgoing-body.finish':
      return fc.tuple(handle, some, handle, place)
    case '[static]response-outparam.set':
      return fc
        .tuple(
          handle,
          some,
          handle,
          fc.nat(40),
          fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
          fc.nat(3),
          fc.nat(3),
          fc.nat(3),
          fc.nat(3),
        )
        .map(([p, tag, value, c, d, e, f, g, h]) => [p, tag, tag === 0 ? value : c % 40, tag === 0 ? c : c % 3, d, e, f, g, h])
    case '[method]input-stream.read':
    case '[method]input-stream.blocking-read':
      return fc.tuple(handle, fc.constantFrom(0n, 1n, 5n, 1_000n, -1n, 1n << 40n), place)
    case '[method]output-stream.write':
    case '[method]output-stream.blocking-write-and-flush':
      return fc.tuple(handle, data, place).map(([h, [p, n], at]) => [h, p, n, at])
    case '[method]outgoing-response.set-status-code':
      return fc.tuple(handle, fc.constantFrom(199, 200, 204, 404, 599, 600, 65_536 + 201, -1))
    case '[method]incoming-request.headers':
    case '[constructor]outgoing-response':
      return fc.tuple(handle)
    default:
      return fc.tuple(handle, place)
  }
}

/** The calls of a plain answer, in the SDK's order, that make most handles true; then whatever comes. */
const PLAIN: readonly (readonly [string, readonly Core[]])[] = [
  ['[method]incoming-request.path-with-query', [1, 0]],
  ['[method]incoming-request.method', [1, 16]],
  ['[method]incoming-request.headers', [1]],
  ['[method]fields.get', [3, textAt(2), 6, 32]],
  ['[method]incoming-request.consume', [1, 48]],
  ['[method]incoming-body.stream', [4, 64]],
  ['[method]input-stream.blocking-read', [5, 4n, 80]],
  ['[constructor]fields', []],
  ['[method]fields.append', [6, textAt(0), 12, 8_192, 10, 96]],
  ['[constructor]outgoing-response', [6]],
  ['[method]outgoing-response.set-status-code', [6, 201]],
  ['[method]outgoing-response.body', [6, 112]],
  ['[static]response-outparam.set', [2, 0, 6, 0, 0n, 0, 0, 0, 0]],
  ['[method]outgoing-body.write', [7, 128]],
  ['[method]output-stream.check-write', [6, 144]],
  ['[method]output-stream.write', [6, 8_192, 64, 160]],
  ['[method]output-stream.blocking-write-and-flush', [6, 8_192, 64, 160]],
  ['[static]outgoing-body.finish', [7, 0, 0, 200]],
  ['[static]fields.from-list', [LIST, 2, 104]],
]

const calls = fc.record({
  prefix: fc.integer({ min: 0, max: PLAIN.length }),
  rest: fc.array(
    fc.constantFrom(...NAMES).chain((name) => argsOf(name).map((args) => [name, args] as const)),
    { maxLength: 12 },
  ),
})

function pair(body: Uint8Array, method: string, path: string, budget: number, grows: boolean, fails: boolean): readonly [Side, Side] {
  const sides = [new Side(body, method, path, budget, grows, fails), new Side(body, method, path, budget, grows, fails)] as const
  for (const { memory } of sides) {
    TEXTS.forEach((text, i) => new Uint16Array(memory.buffer, textAt(i), text.length).set([...text].map((c) => c.charCodeAt(0))))
    const list = new DataView(memory.buffer)
    LISTED.flatMap(([name, at, length]) => [...name, at, length]).forEach((word, i) => list.setUint32(LIST + i * 4, word, true))
    new Uint8Array(memory.buffer, 8_192, 512).forEach((_, i, all) => (all[i] = 33 + (i % 90)))
  }
  return sides
}

test('every form does what its glue does: answers, traps, gas in its order, memory, handles', { timeout: 120_000 }, () => {
  const told = new Map<string, number>()
  fc.assert(
    fc.property(
      calls,
      fc.constantFrom('GET', 'POST', 'PATCH', 'PROPFIND'),
      fc.constantFrom('/', '/abc?x=1', '/a-long-path/that/no/short/form/reads', '/ü'),
      fc.uint8Array({ maxLength: 40 }),
      fc.oneof({ weight: 5, arbitrary: fc.constant(1e12) }, fc.integer({ min: 0, max: 3_000 })),
      fc.boolean(),
      fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
      ({ prefix, rest }, method, path, body, budget, grows, fails) => {
        const [one, other] = pair(body, method, path, budget, grows, fails)
        const [fast, glued] = [formed(one), new Map(forms(other).map(({ name, glued }) => [name, glued]))]
        for (const [name, args] of [...PLAIN.slice(0, prefix), ...rest]) {
          const mine = one.call(fast.get(name) as CoreFunction, args)
          expect(mine, name).toEqual(other.call(glued.get(name) as CoreFunction, args))
          const ended = Array.isArray((mine as { told: unknown }).told)
          told.set(`${name} ${ended ? 'throws' : 'answers'}`, (told.get(`${name} ${ended ? 'throws' : 'answers'}`) ?? 0) + 1)
        }
      },
    ),
    { numRuns: 400 },
  )
  for (const name of NAMES) {
    expect(told.get(`${name} answers`) ?? 0, name).toBeGreaterThan(0)
    if (name !== '[constructor]fields') expect(told.get(`${name} throws`) ?? 0, name).toBeGreaterThan(0)
  }
})

test('every form takes as many arguments as its core function has', () => {
  expect(NAMES.length).toBe(20)
  for (const { name, func } of WITH_FORMS) {
    const call = func.core?.(() => {
      throw new Error('not entered')
    })
    expect(call?.length, name).toBe(coreSignature(func.type, 'lower').params.length)
  }
})
