/** Components of other languages that are small enough to be committed; `make-fixtures.ts` makes them. */
import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { cidOf, DAG_PB, fileCid, LIMITS, UtnetError, utf8, type CID, type HostLog } from '../../runtime/core/index.ts'
import { createHost, withGrants, type GuestOutcome, type Host } from '../../runtime/host/index.ts'
import { CONTEXT, memoryFiles } from '../../runtime/host/testing/host.ts'

const GAS = 100_000_000n
const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`./fixtures/${name}.wasm`, import.meta.url)))

const files = memoryFiles()
let host: Host
let c: CID
let rust: CID

beforeAll(async () => {
  host = createHost({ files })
  const iris = await files.putFile(utf8('5.1,3.5\n4.9,3.0\n'))
  const granted = withGrants(fixture('lines-c'), {
    mounts: [
      { path: '/data/iris.csv', cid: iris },
      { path: '/data/more/notes.txt', cid: await files.putFile(utf8('a note')) },
    ],
  })
  c = (await host.admit(granted)).module
  rust = (await host.admit(fixture('words-rust'))).module
})

interface Asked {
  readonly stdin?: string
  readonly gas?: bigint
  readonly replay?: HostLog
  readonly seed?: Uint8Array
  readonly host?: Host
}

function command(
  module: CID,
  args: readonly string[],
  { stdin = '', gas = GAS, replay, seed = CONTEXT.seed, host: on = host }: Asked = {},
): Promise<GuestOutcome> {
  const query = args.map((arg) => `arg=${encodeURIComponent(arg)}`).join('&')
  return on.invoke({
    module,
    request: { method: 'POST', path: `/?${query}`, headers: [], body: utf8(stdin) },
    context: { ...CONTEXT, seed },
    gasLimit: gas,
    ...(replay === undefined ? {} : { replay }),
  })
}

const text = ({ response }: GuestOutcome): string => new TextDecoder().decode(response.body)

test('a C program reads stdin and arguments and prints', async () => {
  const outcome = await command(c, ['one', 'zwei ü'], { stdin: 'a\nbc\n' })
  expect(outcome).toMatchObject({ status: 'ok', world: 'command', entry: 'run', response: { status: 200 } })
  expect(text(outcome)).toBe('arg one\narg zwei ü\n2 lines, 5 bytes\n')
})

test('a program that fails is answered with 500 and what it said', async () => {
  for (const module of [c, rust]) {
    const outcome = await command(module, ['fail'], { stdin: 'x\n' })
    expect(outcome).toMatchObject({ status: 'ok', response: { status: 500 } })
    expect(text(outcome)).toBe('asked to fail\n')
  }
})

test('W-USE-1: a program sees the mounted files, reads them, and can write nothing', async () => {
  expect(text(await command(c, ['cat', '/data/iris.csv']))).toBe('arg cat\narg /data/iris.csv\n5.1,3.5\n4.9,3.0\n')
  expect(text(await command(c, ['ls', '/data']))).toContain('iris.csv\nmore\n')
  for (const path of ['/etc/passwd', '/data/../../etc/passwd', '/data/none'])
    expect((await command(c, ['cat', path])).response.status).toBe(500)
  for (const path of ['/data/iris.csv', '/data/new', '/tmp/x']) {
    const outcome = await command(c, ['write', path])
    expect(outcome.response.status).toBe(500)
  }
  expect(text(await command(c, ['write', '/data/iris.csv']))).toMatch(/Read-only/)
  expect((await command(rust, ['x'], { stdin: 'a b a' })).response.status).toBe(200)
})

test('W-USE-1: a program that dials or reads a file of the machine is told no', async () => {
  for (const address of ['127.0.0.1:80', '[::1]:22']) {
    const outcome = await command(rust, ['dial', address])
    expect(outcome).toMatchObject({ status: 'ok', response: { status: 500 } })
    expect(text(outcome)).toMatch(/^no connection: /)
  }
  for (const path of ['/etc/passwd', '../../etc/passwd', '/proc/self/environ']) {
    const outcome = await command(rust, ['read', path])
    expect(outcome.response.status).toBe(500)
    expect(text(outcome)).toMatch(/^no file: /)
  }
})

test('time is the context, sleep is free and moves the clock', async () => {
  expect(text(await command(c, ['time']))).toBe(`arg time\n${Math.floor(CONTEXT.time / 1_000)} slept\n`)
})

test('U4.3-GAS-1: a foreign program has the same gas in every run, and ends at its budget', async () => {
  const [first, second] = [await command(rust, ['x'], { stdin: 'b a b' }), await command(rust, ['x'], { stdin: 'b a b' })]
  expect(second).toEqual(first)
  const { gas } = first
  expect(await command(rust, ['x'], { stdin: 'b a b', gas })).toMatchObject({ status: 'ok', gas })
  expect(await command(rust, ['x'], { stdin: 'b a b', gas: gas - 1n })).toMatchObject({ status: 'out-of-gas', gas: gas - 1n })
  expect(await command(c, ['spin'])).toMatchObject({ status: 'out-of-gas', gas: GAS, response: { status: 500 } })
})

test('the order of a hash map that is seeded by chance is that of the seed', async () => {
  const stdin = 'a b c d e f g h'
  const seeds = [1, 2, 3, 4].map((n) => new Uint8Array(32).fill(n))
  const orders = await Promise.all(seeds.map(async (seed) => text(await command(rust, [], { stdin, seed }))))
  expect(new Set(orders).size).toBeGreaterThan(1)
  expect(text(await command(rust, [], { stdin, seed: seeds[0] as Uint8Array }))).toBe(orders[0])
})

test('a run with mounted files is repeated from its log alone, on a host that has no file', async () => {
  const first = await command(c, ['cat', '/data/iris.csv'])
  expect(first.log.entries).toHaveLength(2)
  const granted = withGrants(fixture('lines-c'), {
    mounts: [
      { path: '/data/iris.csv', cid: fileCid(utf8('5.1,3.5\n4.9,3.0\n')) },
      { path: '/data/more/notes.txt', cid: fileCid(utf8('a note')) },
    ],
  })
  const other = createHost({ files: memoryFiles() })
  expect((await other.admit(granted)).module.equals(c)).toBe(true)
  const again = await command(c, ['cat', '/data/iris.csv'], { replay: first.log, host: other })
  expect(again).toEqual(first)
  await expect(command(c, ['cat', '/data/more/notes.txt'], { replay: first.log, host: other })).rejects.toMatchObject({
    code: 'replay_mismatch',
  })
})

test('arguments and mounted bytes are bounded', async () => {
  const args = (n: number): string[] => Array.from({ length: n }, () => 'x')
  expect((await command(c, args(LIMITS.programArgs))).status).toBe('ok')
  await expect(command(c, args(LIMITS.programArgs + 1))).rejects.toMatchObject({ code: 'core_too_large' })
  const large = memoryFiles()
  const cid = await large.putFile(new Uint8Array(LIMITS.mountBytes))
  const one = await large.putFile(utf8('x'))
  const on = createHost({
    files: {
      ...large,
      getFile: async (of, most = Number.POSITIVE_INFINITY) => {
        const bytes = await large.getFile(of)
        if (bytes.length > most) throw new UtnetError('core_too_large', 'the file is too large')
        return bytes
      },
    },
  })
  const full = (await on.admit(withGrants(fixture('lines-c'), { mounts: [{ path: '/a', cid }] }))).module
  expect((await command(full, ['x'], { host: on, gas: 20n * GAS })).status).toBe('ok')
  const over = (
    await on.admit(
      withGrants(fixture('lines-c'), {
        mounts: [
          { path: '/a', cid },
          { path: '/b', cid: one },
        ],
      }),
    )
  ).module
  await expect(command(over, ['x'], { host: on })).rejects.toMatchObject({ code: 'core_too_large' })
})

test('a file whose id is of another layout is not mounted: whoever repeats the run could not tell it from another', async () => {
  const odd = cidOf(DAG_PB, utf8('blocks of 256 KiB'))
  const on = createHost({ files: { ...files, getFile: async (of) => (of.equals(odd) ? utf8('x') : files.getFile(of)) } })
  const { module } = await on.admit(withGrants(fixture('lines-c'), { mounts: [{ path: '/a', cid: odd }] }))
  await expect(command(module, ['x'], { host: on })).rejects.toMatchObject({
    code: 'block_mismatch',
    hint: expect.stringContaining('--mount /a='),
  })
})

test('runs in flight are bounded: the next one is told that the host is busy, and has a place when one ends', async () => {
  let release = (): void => undefined
  const gate = new Promise<void>((done) => (release = done))
  const slow = memoryFiles()
  const cid = await slow.putFile(utf8('x'))
  const on = createHost({
    files: {
      ...slow,
      getFile: async (of, most) => {
        await gate
        return slow.getFile(of, most)
      },
    },
  })
  const { module } = await on.admit(withGrants(fixture('lines-c'), { mounts: [{ path: '/a', cid }] }))
  const waiting = Array.from({ length: LIMITS.linkedRuns }, () => command(module, ['x'], { host: on }))
  await expect(command(module, ['x'], { host: on })).rejects.toMatchObject({ code: 'host_busy', limit: 'linkedRuns' })
  release()
  expect((await Promise.all(waiting)).every((o) => o.status === 'ok')).toBe(true)
  expect((await command(module, ['x'], { host: on })).status).toBe('ok')
})
