import { MessageChannel } from 'node:worker_threads'
import fc from 'fast-check'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import {
  attestationCbor,
  encode,
  equalBytes,
  PROTOCOL,
  requestOpening,
  responseOpening,
  sha256,
  withoutSecrets,
  type Disk,
  type ReceiptTicket,
  type UtnetError,
} from '../../core/index.ts'
import { useNativeHashes } from '../../crypto/native.ts'
import { seededRandom, SimulatedDisk } from '../../kv/index.ts'
import { openReceipts, type RunFile } from '../index.ts'
import { attests, CHAIN, CHAIN_SEED, MODULE, openNode, signer } from '../testing/node.ts'
import { CALL, HandedReceipts, type HandedEnd } from './handing.ts'
import { ASLEEP, besideMemory, HEAD, INLINE_BYTES, PLACES, RESTING, RING_RESERVE, SLEEPING, TAIL, WAKE } from './memory.ts'
import { SealingThread } from './sealing.ts'

useNativeHashes()

const LANES = { first: 1_024, count: 64 }
const open: (() => void)[] = []
afterEach(() => open.splice(0).forEach((close) => close()))

const randomOf = (seed: number): ((length: number) => Uint8Array) => {
  const random = seededRandom(seed)
  return (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256))
}

/** Both ends over one memory, in this thread: the sealing one does a turn when it is told to. */
function pair(
  disk: Disk,
  { seed = 1, ringBytes = 1 << 20, ...limits }: { readonly seed?: number; readonly ringBytes?: number; readonly apartBytes?: number } = {},
) {
  const memory = besideMemory(LANES, ringBytes)
  const { port1, port2 } = new MessageChannel()
  const written: number[] = []
  const calls: unknown[] = []
  port1.on('message', (message) => calls.push(message))
  const sealing = new SealingThread(
    { memory, port: port2 },
    {
      disk,
      node: signer.key,
      chainId: CHAIN,
      sign: signer.sign,
      lanes: LANES,
      field: ({ id, gas, salt, attestation }) =>
        JSON.stringify([id, gas, Buffer.from(salt).toString('hex'), Buffer.from(attestation).toString('hex')]),
      durable: ({ batches }) => void written.push(...batches.map(({ batch }) => batch.size)),
    },
    () => {},
  )
  const handed = new HandedReceipts(
    { memory, port: port1 },
    { node: signer.key, lanes: LANES, ticket: ticketOf, random: randomOf(seed), soon: (fn) => void setImmediate(fn), ...limits },
  )
  open.push(() => handed.close())
  /** `written`: the sizes of batches on the disk. `calls`: messages to the thread that hands over. */
  return { handed, sealing, written, calls, words: new Int32Array(memory.words) }
}

function ticketOf(field: string): ReceiptTicket {
  const [id, gas, salt, attestation] = JSON.parse(field) as [string, string, string, string]
  return { id, gas, salt: Uint8Array.from(Buffer.from(salt, 'hex')), attestation: Uint8Array.from(Buffer.from(attestation, 'hex')) }
}

interface Asked {
  readonly request: { readonly method: string; readonly path: string; readonly headers: [string, string][]; readonly body: Uint8Array }
  readonly end: HandedEnd
  readonly asks: boolean
  readonly abandons: boolean
}

type Heard = { readonly ticket?: ReceiptTicket | undefined; readonly failure?: UtnetError | undefined }

function hand(handed: HandedReceipts, { request, end, asks, abandons }: Asked): Promise<Heard> | undefined {
  const run = handed.begin({ module: MODULE, chainSeed: CHAIN_SEED, request })
  if (asks) expect(run.seed.length).toBe(32)
  if (!abandons) return new Promise((resolve) => run.finish(end, (failure, ticket) => resolve({ failure, ticket })))
  run.abandon()
  return undefined
}

/** Turns of both until all are told, or `most` rounds have passed. */
async function work(sealing: SealingThread, all: Promise<unknown>, most = 1_000): Promise<void> {
  let done = false
  void all.then(() => (done = true))
  for (let i = 0; !done && i < most; i++) {
    await new Promise(setImmediate)
    while (sealing.turn(i % 3 === 2));
  }
}

const latin1 = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((c) => String.fromCharCode(c)), maxLength: 300 })
const names = fc.constantFrom('accept', 'x-a', 'authorization', 'Set-Cookie', 'content-type')
const body = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  { weight: 1, arbitrary: fc.constant(new Uint8Array(INLINE_BYTES + 1).fill(7)) },
)
const asked: fc.Arbitrary<Asked> = fc
  .record({
    method: fc.constantFrom('GET', 'POST'),
    path: latin1.map((text) => `/${text}`),
    headers: fc.array(fc.tuple(names, latin1), { maxLength: 5 }),
    body,
    status: fc.integer({ min: 200, max: 599 }),
    answerHeaders: fc.array(
      fc.tuple(
        names,
        latin1.map((text): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))),
      ),
      { maxLength: 4 },
    ),
    answer: body,
    ended: fc.constantFrom('ok', 'trap', 'out-of-gas', 'refused'),
    retention: fc.constantFrom('public', 'sealed', 'none'),
    gas: fc.bigInt({ min: 0n, max: 2n ** 63n }),
    models: fc.integer({ min: 0, max: 2 }),
    log: fc.option(fc.uint8Array({ minLength: 1, maxLength: 40 })),
    later: fc.boolean(),
    asks: fc.boolean(),
    abandons: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  })
  .map((r) => ({
    request: { method: r.method, path: r.path, headers: r.headers, body: r.body },
    end: {
      world: 'function',
      entry: 'handle',
      status: r.ended,
      gas: r.gas,
      models:
        r.models === 2
          ? sha256(r.body)
          : Array.from({ length: r.models }, () => ({ model: MODULE, arithmetic: 'exact', root: sha256(r.answer) })),
      context: { chainId: CHAIN, height: 5, time: 1_790_000_000_000 },
      retention: r.retention,
      response: { status: r.status, headers: r.answerHeaders, body: r.answer },
      log: r.log === null ? null : encode([['http', sha256(r.log)]]),
      files: r.log === null ? [] : [[sha256(r.log), r.log] as const],
      later: r.later,
    },
    asks: r.asks,
    abandons: r.abandons,
  }))

test('receipts of any runs are those that one thread makes by itself: ids, openings, files, attestations', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(asked, { minLength: 1, maxLength: 40 }), async (mix) => {
      // The room for records is small, so that the ring goes round and is full now and then.
      const disk = new SimulatedDisk()
      const { handed, sealing } = pair(disk, { ringBytes: RING_RESERVE * 2 })
      const alone = openReceipts({
        disk: new SimulatedDisk(),
        node: signer.key,
        chainId: CHAIN,
        sign: signer.sign,
        lanes: LANES,
        random: randomOf(1),
        soon: (fn) => void setImmediate(fn),
      })
      const told: Promise<Heard>[] = []
      const attested: Promise<unknown>[] = []
      const expected: { readonly id: string; readonly salt: Uint8Array; readonly later: boolean }[] = []
      for (const one of mix) {
        const { request, end } = one
        const values = request.headers.map(([name, value]) => [name, Uint8Array.from(Buffer.from(value, 'latin1'))] as const)
        const run = alone.begin({
          module: MODULE,
          chainSeed: CHAIN_SEED,
          input: (salt) => requestOpening(request.method, request.path, withoutSecrets(values, salt), sha256(request.body)),
        })
        if (one.asks) expect(run.seed.length).toBe(32)
        const { response, later, files: named, ...rest } = end
        const files: RunFile[] = [...named]
        for (const bytes of [request.body, response.body]) if (bytes.length > 0) files.push([sha256(bytes), bytes])
        if (one.abandons) run.abandon()
        else {
          const hidden = withoutSecrets(response.headers, () => run.secretSalt)
          const output = responseOpening(response.status, hidden, sha256(response.body))
          const issued = run.finish({ ...rest, kind: 'invoke', protocol: PROTOCOL, output, files })
          attested.push(issued.attested)
          expected.push({ id: issued.idText, salt: run.salt, later })
        }
        const given = hand(handed, one)
        if (given !== undefined) told.push(given)
        if (told.length % 7 === 6) await work(sealing, Promise.all(told), 3)
      }
      await work(sealing, Promise.all(told))
      const heard = await Promise.all(told)
      await sealing.run(() => -1)
      await Promise.all(attested)

      const kept = openReceipts({
        disk,
        node: signer.key,
        chainId: CHAIN,
        sign: signer.sign,
        lanes: LANES,
        random: randomOf(2),
        soon: (fn) => void setImmediate(fn),
      })
      expect(kept.count()).toBe(expected.length)
      for (const [i, { id, salt, later }] of expected.entries()) {
        const ticket = heard[i]?.ticket
        expect([ticket?.id, ticket?.salt, ticket?.gas]).toEqual([id, salt, String(mix.filter((m) => !m.abandons)[i]?.end.gas)])
        const [here, there] = [kept.get(id, salt), alone.get(id, salt)]
        expect(here?.body).toEqual(there?.body)
        expect(here?.opened).toEqual(there?.opened)
        if (here === undefined) throw new Error('not kept')
        expect(attests(here.attestation, here.body)).toBe(true)
        expect(ticket?.attestation.length === 0).toBe(later)
        if (!later) expect(equalBytes(ticket?.attestation ?? CHAIN_SEED, encode(attestationCbor(here.attestation)))).toBe(true)
      }
      await kept.close()
      await alone.close()
    }),
    { numRuns: Number(process.env['BESIDE_RUNS'] ?? 15) },
  )
}, 120_000)

/** Kilobytes that a run with an answer of `INLINE_BYTES` takes apart. */
const APART_KB = 16

const plain = (later: boolean, body = new Uint8Array(600)): Asked => ({
  request: { method: 'GET', path: '/', headers: [], body: new Uint8Array(0) },
  end: {
    world: 'function',
    entry: 'handle',
    status: 'ok',
    gas: 1n,
    models: [],
    context: { chainId: CHAIN, height: 1, time: 1_000 },
    retention: 'public',
    response: { status: 200, headers: [], body },
    log: null,
    files: [],
    later,
  },
  asks: false,
  abandons: false,
})

test('answers that nobody picks up and records that lie apart refuse new runs at their limits; no run that has begun is lost', async () => {
  for (const { ringBytes, body, apart, later } of [
    // The small ring is full first: what comes then goes apart.
    { ringBytes: RING_RESERVE * 2, body: new Uint8Array(600), apart: false, later: false },
    { ringBytes: 1 << 22, body: new Uint8Array(0), apart: false, later: false },
    { ringBytes: 1 << 20, body: new Uint8Array(INLINE_BYTES), apart: true, later: false },
    // Nobody waits for these answers, so nothing but their records bounds them.
    { ringBytes: 1 << 20, body: new Uint8Array(INLINE_BYTES), apart: true, later: true },
  ]) {
    const { handed, sealing } = pair(new SimulatedDisk(), { ringBytes, ...(apart ? { apartBytes: 1 << 20 } : {}) })
    // They began while there was room, and end when there is none.
    const begun = Array.from({ length: LANES.count - 1 }, () =>
      handed.begin({ module: MODULE, chainSeed: CHAIN_SEED, request: plain(true).request }),
    )
    const told: Promise<Heard>[] = []
    const fill = (): unknown => {
      try {
        for (;;) told.push(hand(handed, plain(later, body)) as Promise<Heard>)
      } catch (error) {
        return error
      }
    }
    expect(fill()).toMatchObject({ code: 'host_busy', status: 503 })
    // Records of 16 KiB and their heads: so many are a mebibyte, and one more is over it.
    expect(told.length).toBe(apart ? Math.floor(1_024 / APART_KB) + 1 : PLACES - begun.length)
    for (const run of begun)
      told.push(new Promise((resolve) => run.finish(plain(true).end, (failure, ticket) => resolve({ failure, ticket }))))
    await work(sealing, Promise.all(told))
    expect((await Promise.all(told)).every(({ ticket }) => ticket !== undefined)).toBe(true)
    while (sealing.turn(true));
    const again = hand(handed, plain(false)) as Promise<Heard>
    await work(sealing, again)
    expect((await again).ticket?.attestation.length).toBeGreaterThan(0)
    await sealing.run(() => -1)
  }
})

test('a batch closes within a poll phase at half of the answers that are outstanding, or at 64 where these are many', async () => {
  // Time stands still: a batch also closes by its age.
  const clock = vi.spyOn(performance, 'now').mockReturnValue(1)
  onTestFinished(() => clock.mockRestore())
  const few = pair(new SimulatedDisk())
  const told = Array.from({ length: 16 }, () => hand(few.handed, plain(false)) as Promise<Heard>)
  few.sealing.turn(false)
  expect(few.written).toEqual([16])
  await Promise.all(told)
  // four are handed over at a time, and of 14 outstanding lately (two were forgotten) seven are half
  for (let i = 0; i < 7; i++) told.push(hand(few.handed, plain(false)) as Promise<Heard>)
  few.sealing.turn(false)
  expect(few.written).toEqual([16])
  told.push(hand(few.handed, plain(false)) as Promise<Heard>)
  few.sealing.turn(false)
  expect(few.written).toEqual([16, 8])
  await work(few.sealing, Promise.all(told))
  const many = pair(new SimulatedDisk())
  const all = Array.from({ length: 60 }, () => hand(many.handed, plain(false)) as Promise<Heard>)
  many.sealing.turn(false)
  expect(many.written).toEqual([])
  for (let i = 0; i < 4; i++) all.push(hand(many.handed, plain(false)) as Promise<Heard>)
  many.sealing.turn(false)
  expect(many.written).toEqual([64])
  await work(many.sealing, Promise.all(all))
})

test('a thread that runs looks for its answers itself, and is called once where it is idle', async () => {
  const { handed, sealing, calls } = pair(new SimulatedDisk())
  const running = Array.from({ length: 8 }, () => hand(handed, plain(false)) as Promise<Heard>)
  sealing.turn(false)
  await Promise.all(running)
  expect(calls).toEqual([])
  const idle = [plain(false), plain(true), plain(true)].map((one) => hand(handed, one) as Promise<Heard>)
  for (let i = 0; i < 4; i++) await new Promise(setImmediate)
  sealing.turn(false)
  await Promise.all(idle)
  expect(calls).toEqual([CALL])
})

test('a receipt that nobody waits for is told by its own thread, and the one beside it is not woken up for it where it rests', async () => {
  const { handed, sealing, written, words } = pair(new SimulatedDisk())
  const woken = (): Promise<unknown> | string => Atomics.waitAsync(words, WAKE, Atomics.load(words, WAKE)).value
  const phases = async (): Promise<void> => {
    for (let i = 0; i < 4; i++) await new Promise(setImmediate)
  }
  let heard = 0
  const wakes = (): void => void Promise.resolve(woken()).then(() => heard++)
  Atomics.store(words, ASLEEP, RESTING)
  wakes()
  const told = await Promise.all(Array.from({ length: 40 }, () => hand(handed, plain(true)) as Promise<Heard>))
  expect(new Set(told.map(({ ticket }) => ticket?.id)).size).toBe(40)
  await phases()
  expect(heard).toBe(0)
  // One that is waited for, or half of the ring
  const waits = hand(handed, plain(false)) as Promise<Heard>
  await phases()
  expect(heard).toBe(1)
  await work(sealing, waits)
  while (sealing.turn(true));
  expect(written.reduce((a, b) => a + b)).toBe(41)
  wakes()
  while (heard === 1) {
    await Promise.all(Array.from({ length: 16 }, () => hand(handed, plain(true)) as Promise<Heard>))
    await phases()
  }
  const ring = 1 << 20
  const head = (Atomics.load(words, HEAD) - Atomics.load(words, TAIL)) >>> 0
  expect(head).toBeGreaterThanOrEqual(ring / 2)
  expect(head).toBeLessThan(ring / 2 + 64 * 1_024)
  // Asleep with nothing to write, it is woken up for the first
  while (sealing.turn(true));
  Atomics.store(words, ASLEEP, SLEEPING)
  wakes()
  await (hand(handed, plain(true)) as Promise<Heard>)
  await phases()
  expect(heard).toBe(3)
  while (sealing.turn(true));
})

test('a disk that fails: whoever waits and whoever comes is told, and nothing more is written', async () => {
  const disk = new SimulatedDisk({ seed: 1, crashAt: 4 })
  const { handed, sealing } = pair(disk)
  const heard: Heard[] = []
  for (let i = 0; i < 50; i++) {
    let given: Promise<Heard>
    try {
      given = hand(handed, plain(false)) as Promise<Heard>
    } catch (error) {
      expect(error).toMatchObject({ code: 'disk_failed' })
      break
    }
    await work(sealing, given)
    heard.push(await given)
  }
  expect(heard.length).toBeLessThan(50)
  expect(heard.at(-1)).toMatchObject({ failure: { code: 'disk_failed' } })
  expect(() => hand(handed, plain(true))).toThrow(expect.objectContaining({ code: 'disk_failed' }))
  expect(sealing.turn(true)).toBe(false)
})

/** Runs until the power goes; how many of the receipts that were told are not there afterwards, with the numbers that follow. */
async function lostBy(seed: number, later: boolean): Promise<{ readonly told: number; readonly lost: number }> {
  const disk = new SimulatedDisk({ seed, crashAt: 1 + (seed % 17) })
  const random = seededRandom(seed)
  const heard: ReceiptTicket[] = []
  try {
    const { handed, sealing } = pair(disk, { seed, ringBytes: RING_RESERVE * 2 })
    for (let i = 0; i < 400 && !disk.down; i++) {
      void hand(handed, plain(later, new Uint8Array(Math.floor(random() * 300))))?.then(({ ticket }) => ticket && heard.push(ticket))
      if (random() < 0.3) for (let n = random() < 0.5 ? 2 : 1; n > 0; n--) await new Promise(setImmediate)
      if (random() < 0.4) sealing.turn(random() < 0.1)
    }
    while (!disk.down && sealing.turn(true));
    for (let n = 0; n < 4; n++) await new Promise(setImmediate)
  } catch (error) {
    expect(error).toMatchObject({ code: 'disk_failed' })
  }
  disk.crash()
  const kept = openNode(disk, { lanes: LANES })
  const lost = heard.filter(({ id, attestation }) => {
    const found = kept.get(id)
    return found === undefined || (!later && !equalBytes(encode(attestationCbor(found.attestation)), attestation))
  }).length
  await kept.close()
  // The pair itself goes on behind what is there.
  const { handed, sealing } = pair(disk, { seed: seed + 1 })
  const more = hand(handed, plain(false)) as Promise<Heard>
  await work(sealing, more)
  expect((await more).failure).toBeUndefined()
  await sealing.run(() => -1)
  return { told: heard.length, lost }
}

test('60 crashes: no receipt is lost that an answer waited for; the control, answers that do not wait, loses some', async () => {
  let told = 0
  for (let seed = 0; seed < 60; seed++) {
    const one = await lostBy(seed, false)
    expect(one.lost, `seed ${seed}`).toBe(0)
    told += one.told
  }
  expect(told).toBeGreaterThan(150)
  let losing = 0
  for (let seed = 0; seed < 15; seed++) if ((await lostBy(seed, true)).lost > 0) losing++
  expect(losing).toBeGreaterThan(2)
}, 60_000)
