import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import {
  attestationCbor,
  concatBytes,
  decodeReceipt,
  encode,
  equalBytes,
  inclusionPath,
  leafHash,
  LIMITS,
  openingDigest,
  rootOfHashes,
  runSeed,
  saltOf,
  toHex,
  utf8,
  type Disk,
  type LogFile,
  type RunBody,
} from '../core/index.ts'
import { useNativeHashes } from '../crypto/native.ts'
import { openDisk, SimulatedDisk } from '../kv/index.ts'
import { openReceiptReader, type DurableRecord, type LaneRange, type Receipts } from './index.ts'
import { BatchTree } from './batch-tree.ts'
import { attests, begin, CHAIN_SEED, ended, holds, MODULE, openNode, result, run, signer, type Ran } from './testing/node.ts'

useNativeHashes()
const JOURNAL = 'receipts-00000000.log'
const bodyOf = (bytes: Uint8Array): RunBody => decodeReceipt(bytes) as RunBody

test('a receipt is attested, durable and readable with what its retention keeps', async () => {
  const disk = new SimulatedDisk()
  const receipts = openNode(disk)
  const issued = (['public', 'sealed', 'none'] as const).map((retention) => {
    const { id, attested, salt } = run(receipts, `body of ${retention}`, retention)
    return { retention, id, attested, salt }
  })
  expect(receipts.get((issued[0] as { id: { toString(): string } }).id.toString())).toBeUndefined()
  const attestations = await Promise.all(issued.map((i) => i.attested))
  await receipts.close()
  const again = openNode(disk, { seed: 2 })
  expect([again.count(), again.lanes(), again.dropped]).toEqual([3, [0], 0])
  for (const [i, { retention, id, salt }] of issued.entries()) {
    const stored = again.get(id.toString())
    if (stored === undefined) throw new Error('not there')
    expect(stored.attestation).toEqual(attestations[i])
    expect(attests(stored.attestation, stored.body)).toBe(true)
    const body = bodyOf(stored.body)
    expect([body.seq, body.thread, body.retention, stored.attestation.batch.first + stored.attestation.index]).toEqual([i, 0, retention, i])
    expect(body.context.seed).toEqual(runSeed(CHAIN_SEED, MODULE, body.input, 0, i))
    if (retention === 'public') expect(stored.opened?.salt).toEqual(salt)
    else expect(stored.opened).toBeUndefined()
    const opened = again.get(id.toString(), salt)?.opened
    if (retention === 'none') expect(opened).toBeUndefined()
    else {
      expect(openingDigest('input', saltOf(salt, 'input'), opened?.openings.input as Uint8Array)).toEqual(body.input)
      expect([...(opened?.openings.files.values() ?? [])]).toEqual([utf8(`body of ${retention}`)])
    }
    if (retention === 'sealed')
      expect(() => again.get(id.toString(), new Uint8Array(16))).toThrow(expect.objectContaining({ code: 'receipt_withheld' }) as Error)
  }
  expect(again.get('bafyreigone')).toBeUndefined()
  expect(bodyOf(again.get((await attested(run(again, 'next', 'none'))).toString())?.body as Uint8Array).seq).toBe(3)
})

async function attested(issued: { readonly id: { toString(): string }; readonly attested: Promise<unknown> }): Promise<string> {
  await issued.attested
  return issued.id.toString()
}

test('what is issued in one turn shares one record, one sync and one signature; the next batch follows it', async () => {
  const disk = new SimulatedDisk()
  let signatures = 0
  const receipts = openNode(disk, { sign: (bytes) => (signatures++, signer.sign(bytes)) })
  signatures = 0
  const seen: number[] = []
  receipts.onDurable(({ batches }) => seen.push((batches[0]?.digests.length ?? 0) / 32))
  const first = await Promise.all(Array.from({ length: 40 }, (_, i) => run(receipts, `r${i}`, 'public').attested))
  expect([signatures, disk.operations, new Set(first.map((a) => a.batch)).size, seen]).toEqual([1, 2, 1, [40]])
  const second = await Promise.all(Array.from({ length: 3 }, (_, i) => run(receipts, `s${i}`, 'none').attested))
  expect(second[0]?.batch).toMatchObject({ first: 40, size: 3, prev: first[0]?.batch.root })
  expect(receipts.head(0)).toEqual({ next: 43, root: second[0]?.batch.root })
  expect(receipts.head(9).next).toBe(0)
  expect(receipts.batchesFrom(new Map()).map((b) => b.batch.first)).toEqual([0, 40])
  expect(receipts.batchesFrom(new Map([[0, 40]])).map((b) => b.batch.first)).toEqual([40])
  expect(receipts.batchesFrom(new Map([[0, 43]]))).toEqual([])
})

test('what is issued by those that a batch has just answered shares the next one with what waited', async () => {
  const disk = new SimulatedDisk()
  // A sync that takes a turn of the event loop, as that of a real disk does.
  const open = (name: string): LogFile => {
    const file = disk.open(name)
    return { ...file, sync: () => new Promise(setImmediate).then(() => file.sync()) }
  }
  const receipts = openNode({ open, list: () => disk.list(), remove: (name) => disk.remove(name) })
  const first = run(receipts, 'first', 'none').attested
  // Two poll phases: the second brings nothing more, and the batch closes.
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  const waited = run(receipts, 'waited', 'none').attested
  await first
  for (let i = 0; i < 20; i++) await Promise.resolve()
  const next = run(receipts, 'next', 'none').attested
  expect((await waited).batch).toBe((await next).batch)
})

test('a batch waits for company while poll phases bring it, and no longer', async () => {
  const receipts = openNode(new SimulatedDisk())
  const first = run(receipts, 'first', 'none').attested
  await new Promise(setImmediate)
  const second = run(receipts, 'second', 'none').attested
  expect((await first).batch).toBe((await second).batch)
  const third = run(receipts, 'third', 'none').attested
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  const fourth = run(receipts, 'fourth', 'none').attested
  expect([(await third).batch.size, (await fourth).batch.size]).toEqual([1, 1])
})

test('receipts that nobody waits for are written with one that somebody waits for, when they are many, or after a moment', async () => {
  const phases = async (): Promise<void> => {
    for (let i = 0; i < 8; i++) await new Promise(setImmediate)
  }
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const receipts = openNode(new SimulatedDisk())
    const unheard = (count: number): void => {
      for (let i = 0; i < count; i++) begin(receipts).finish(result(`${i}`, 'none'))
    }
    unheard(3)
    await phases()
    expect(receipts.count()).toBe(0)
    expect((await run(receipts, 'waited for', 'none').attested).batch.size).toBe(4)
    unheard(1)
    await phases()
    vi.advanceTimersByTime(9)
    await phases()
    expect(receipts.count()).toBe(4)
    vi.advanceTimersByTime(1)
    await phases()
    expect(receipts.count()).toBe(5)
    unheard(255)
    await phases()
    expect(receipts.count()).toBe(5)
    unheard(1)
    await phases()
    expect(receipts.count()).toBe(261)
    unheard(1)
    await receipts.close()
    expect([receipts.count(), vi.getTimerCount()]).toEqual([262, 0])
  } finally {
    vi.useRealTimers()
  }
})

test('batches stay within the limits of receipts and bytes', async () => {
  const receipts = openNode(new SimulatedDisk())
  const many = await Promise.all(Array.from({ length: LIMITS.batchReceipts + 5 }, () => run(receipts, '', 'none').attested))
  expect([many[0]?.batch.size, many.at(-1)?.batch.size]).toEqual([LIMITS.batchReceipts, 5])
  const large = await Promise.all(Array.from({ length: 4 }, (_, i) => run(receipts, new Uint8Array(3 << 20).fill(i), 'public').attested))
  expect(large.map((a) => a.batch.size)).toEqual([2, 2, 2, 2])
})

test('runs in flight have lanes of their own; an abandoned run leaves neither receipt nor gap', async () => {
  const receipts = openNode(new SimulatedDisk())
  const slow = begin(receipts, 'slow')
  const quick = begin(receipts, 'quick')
  const a = await quick.finish(result('quick', 'none')).attested
  expect([a.batch.thread, a.batch.first]).toEqual([1, 0])
  slow.abandon()
  const next = begin(receipts, 'next')
  // The first run is over: ending it again must not end the one that took its lane.
  expect(() => slow.abandon()).toThrow(/ended twice/)
  expect(() => slow.finish(result('slow', 'none'))).toThrow(/ended twice/)
  const b = await next.finish(result('next', 'none')).attested
  expect([b.batch.thread, b.batch.first]).toEqual([0, 0])
  expect(() =>
    receipts.begin({
      module: MODULE,
      chainSeed: CHAIN_SEED,
      input: () => {
        throw new Error('no input')
      },
    }),
  ).toThrow('no input')
  const long = begin(receipts, 'too long')
  expect(() => long.finish(result('too long', 'none', { entry: 'x'.repeat(2000) }))).toThrow(
    expect.objectContaining({ code: 'receipt_invalid' }) as Error,
  )
  const c = await run(receipts, 'after', 'none').attested
  expect([c.batch.thread, c.batch.first, receipts.lanes()]).toEqual([0, 1, [0, 1]])
})

test('a failed sync is final, for what waited and for what comes', async () => {
  const disk = new SimulatedDisk({ failSyncAt: 2 })
  const receipts = openNode(disk)
  const open = begin(receipts, 'in flight')
  const kept = run(receipts, 'one', 'none')
  await kept.attested
  await expect(run(receipts, 'two', 'none').attested).rejects.toMatchObject({ code: 'disk_failed' })
  expect(() => begin(receipts)).toThrow(expect.objectContaining({ code: 'disk_failed' }) as Error)
  expect(() => open.finish(result('in flight', 'none'))).toThrow(expect.objectContaining({ code: 'disk_failed' }) as Error)
  await receipts.close()
  disk.crash()
  expect(openNode(disk).get(kept.id.toString())).toBeDefined()
})

test('a signer that fails leaves nobody waiting', async () => {
  let broken = false
  const receipts = openNode(new SimulatedDisk(), {
    sign: (bytes) => {
      if (broken) throw new Error('no key')
      return signer.sign(bytes)
    },
  })
  const second = begin(receipts, 'other lane')
  broken = true
  const waiting = [run(receipts, 'a', 'none'), second.finish(result('b', 'none'))]
  for (const { attested: promise } of waiting) await expect(promise).rejects.toMatchObject({ code: 'disk_failed' })
})

test('U2.2-PRV-1: a secret in headers or bodies is nowhere on the disk under sealed and none', async () => {
  for (const retention of ['public', 'sealed', 'none'] as const) {
    const disk = new SimulatedDisk()
    const receipts = openNode(disk)
    const issued = run(receipts, 'the PIN is 4711-plaintext', retention)
    const { salt } = issued
    await attested(issued)
    await receipts.close()
    const bytes = disk.bytes(JOURNAL)
    expect(bytes.length).toBeGreaterThan(300)
    expect([retention, holds(bytes, '4711-plaintext')]).toEqual([retention, retention === 'public'])
    expect(holds(bytes, 'hunter2')).toBe(false)
    // Nor is the salt, which would open the digests to guessing.
    expect(Buffer.from(bytes).includes(Buffer.from(salt))).toBe(retention === 'public')
  }
})

test('paths of a batch equal those of the core tree at every size', () => {
  for (let n = 0; n <= 70; n++) {
    const hashes = Array.from({ length: n }, (_, i) => leafHash(Uint8Array.of(i)))
    const tree = new BatchTree(concatBytes(...hashes))
    expect(toHex(tree.root)).toBe(toHex(rootOfHashes(hashes)))
    for (let i = 0; i < n; i++) expect(tree.path(i).map(toHex)).toEqual(inclusionPath(hashes, i).map(toHex))
  }
})

test('ids, bodies and attestations agree for any mix of runs', async () => {
  const one = fc.record({
    retention: fc.constantFrom('public' as const, 'sealed' as const, 'none' as const),
    body: fc.uint8Array({ maxLength: 900 }),
    held: fc.boolean(),
    pause: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 20 }), async (runs) => {
      const receipts = openNode(new SimulatedDisk())
      const held: (() => Ran)[] = []
      const issued: Ran[] = []
      for (const { retention, body, held: later, pause } of runs) {
        const open = begin(receipts, body)
        const finish = () => ended(open, result(body, retention))
        if (later) held.push(finish)
        else issued.push(finish())
        if (pause) await new Promise(setImmediate)
      }
      for (const finish of held.reverse()) issued.push(finish())
      const attestations = await Promise.all(issued.map((i) => i.attested))
      // All before any is looked at: they are made in one memory.
      const attested = issued.map((i) => i.issued.attestation())
      const seen = new Set<string>()
      for (const [i, { id }] of issued.entries()) {
        const stored = receipts.get(id.toString())
        const body = bodyOf(stored?.body as Uint8Array)
        const a = attestations[i] as (typeof attestations)[number]
        expect(attested[i]).toEqual(encode(attestationCbor(a)))
        expect(issued[i]?.issued.idText).toBe(id.toString())
        expect(attests(a, stored?.body as Uint8Array)).toBe(true)
        expect([a.batch.thread, a.batch.first + a.index]).toEqual([body.thread, body.seq])
        seen.add(`${body.thread}/${body.seq}`)
      }
      expect(seen.size).toBe(runs.length)
      const heads = new Map<number, { next: number; root: Uint8Array }>()
      for (const { batch } of receipts.batchesFrom(new Map())) {
        const head = heads.get(batch.thread) ?? { next: 0, root: new Uint8Array(32) }
        expect(batch.first === head.next && equalBytes(batch.prev, head.root)).toBe(true)
        heads.set(batch.thread, { next: batch.first + batch.size, root: batch.root })
      }
      expect([...heads.values()].reduce((n, h) => n + h.next, 0)).toBe(runs.length)
    }),
    { numRuns: 30 },
  )
})

test('without waiting for the disk, an id is made at the end of the turn with all others; before the receipt is on disk it has no attestation', async () => {
  let write = (): void => {}
  const disk = new SimulatedDisk()
  const held: Disk = {
    open(name) {
      const file = disk.open(name)
      return {
        ...file,
        syncNow: () => file.syncNow(),
        sync: () => new Promise((resolve) => (write = () => void file.sync().then(resolve))),
      }
    },
    list: () => disk.list(),
    remove: (name) => disk.remove(name),
  }
  const receipts = openNode(held)
  // More than are synced while the thread waits.
  const runs = Array.from({ length: 40 }, (_, i) => run(receipts, `r${i}`, 'none'))
  const ids = await Promise.all(runs.map(({ issued }) => new Promise<string>((resolve) => issued.whenSealed(() => resolve(issued.idText)))))
  expect(new Set(ids).size).toBe(40)
  expect(ids.map((id) => receipts.get(id))).toEqual(ids.map(() => undefined))
  expect(() => runs[0]?.issued.attestation()).toThrow(expect.objectContaining({ code: 'node_internal' }) as Error)
  await new Promise(setImmediate)
  write()
  await Promise.all(runs.map((r) => r.attested))
  expect(ids.map((id) => receipts.get(id)?.body.length)).not.toContain(undefined)
  const late: unknown[] = []
  runs[0]?.issued.whenSealed(() => late.push('sealed'))
  runs[0]?.issued.whenDurable((failure) => late.push(failure))
  expect(late).toEqual(['sealed', undefined])
})

test('few are synced while the thread waits, many beside it, and beside it after a slow sync, for longer each time; a failure of either is final', async () => {
  const how: string[] = []
  let slow = false
  // What a sync takes is told, not waited for: the machine may be at other work.
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  onTestFinished(() => void vi.restoreAllMocks())
  const counting = (disk: SimulatedDisk): Disk => ({
    open(name) {
      const file = disk.open(name)
      return {
        ...file,
        sync: () => (how.push('beside'), file.sync()),
        syncNow() {
          how.push('waits')
          if (slow) now += 3
          file.syncNow()
        },
      }
    },
    list: () => disk.list(),
    remove: (name) => disk.remove(name),
  })
  const receipts = openNode(counting(new SimulatedDisk()))
  const some = (count: number) => Promise.all(Array.from({ length: count }, (_, i) => run(receipts, `${i}`, 'none').attested))
  await some(32)
  await some(33)
  slow = true
  how.length = 0
  while (how.filter((h) => h === 'waits').length < 9) await some(1)
  // Behind each slow sync that the thread waited for: how many it did not wait for
  const rests = how.join(' ').split('waits').slice(1)
  expect(rests.map((r) => r.split('beside').length - 1)).toEqual([1, 2, 4, 8, 16, 32, 64, 64, 0])
  for (let i = 0; i < 64; i++) await some(1)
  slow = false
  how.length = 0
  for (let i = 0; i < 4; i++) await some(1)
  expect(how).toEqual(['waits', 'waits', 'waits', 'waits'])
  slow = true
  await some(1)
  slow = false
  how.length = 0
  for (let i = 0; i < 3; i++) await some(1)
  expect(how).toEqual(['beside', 'waits', 'waits'])
  for (const count of [1, 33]) {
    how.length = 0
    const failing = openNode(counting(new SimulatedDisk({ failSyncAt: 1 })))
    const all = await Promise.allSettled(Array.from({ length: count }, () => run(failing, 'lost', 'none').attested))
    expect([how, new Set(all.map((a) => (a.status === 'rejected' ? (a.reason as { code: string }).code : a.status)))]).toEqual([
      [count === 1 ? 'waits' : 'beside'],
      new Set(['disk_failed']),
    ])
    expect(() => begin(failing)).toThrow(expect.objectContaining({ code: 'disk_failed' }) as Error)
  }
})

test('journals of one node have lanes of their own; another thread reads what it is told of', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'utnet-lanes-'))
  try {
    const ranges = [
      { first: 0, count: 4 },
      { first: 65_532, count: 4 },
    ]
    const disks = ranges.map((_, i) => join(folder, `journal-${i}`))
    const open = (i: number, lanes: LaneRange, told: DurableRecord[]): Receipts =>
      openNode(openDisk(disks[i] as string), { seed: i, lanes, onRecovered: (record) => told.push(structuredClone(record)) })
    const all: string[] = []
    const readers = disks.map((path) => openReceiptReader({ disk: openDisk(path), sign: signer.sign }))
    for (const [i, lanes] of ranges.entries()) {
      const reader = readers[i] as (typeof readers)[number]
      const told: DurableRecord[] = []
      const receipts = open(i, lanes, told)
      receipts.onDurable((record) => reader.add(structuredClone(record)))
      for (let round = 0; round < 3; round++) {
        const suspended = begin(receipts)
        const ran = run(receipts, `round ${round}`, 'public')
        await ran.attested
        await ended(suspended, result('hello', 'sealed')).attested
        all.push(ran.id.toString())
        expect(reader.get(all.at(-1) as string)).toEqual(receipts.get(all.at(-1) as string))
      }
      const runs = Array.from({ length: 4 }, () => begin(receipts))
      expect(() => begin(receipts)).toThrow(expect.objectContaining({ code: 'host_busy' }) as Error)
      for (const one of runs) one.abandon()
      expect(reader.lanes()).toEqual([lanes.first, lanes.first + 1])
      expect([reader.count(), reader.head(lanes.first), reader.batchesFrom(new Map())]).toEqual([
        receipts.count(),
        receipts.head(lanes.first),
        receipts.batchesFrom(new Map()),
      ])
      await receipts.close()
      expect(told).toEqual([])
      expect(() => open(i, { first: 8, count: 4 }, [])).toThrow(/breaks at receipt 0/)
      await open(i, lanes, told).close()
      // What is recovered is what a reader in another thread needs to begin with.
      const fresh = openReceiptReader({ disk: openDisk(disks[i] as string), sign: signer.sign })
      for (const record of told) fresh.add(record)
      expect([fresh.count(), fresh.get(all.at(-1) as string)?.body]).toEqual([6, reader.get(all.at(-1) as string)?.body])
      await fresh.close()
    }
    for (const reader of readers) await reader.close()
    for (const lanes of [
      { first: 65_532, count: 5 },
      { first: -1, count: 2 },
      { first: 0, count: 0 },
      { first: 0.5, count: 1 },
    ])
      expect(() => openNode(new SimulatedDisk(), { lanes })).toThrow(expect.objectContaining({ code: 'core_bad_argument' }) as Error)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a retired lane takes no run any more, whoever holds it; the next lane begins at 0, and what was durable can be shown', async () => {
  const receipts = openNode(new SimulatedDisk())
  const first = run(receipts, 'one', 'public')
  const held = begin(receipts, 'held')
  const { batch } = await first.attested
  receipts.retire(0)
  receipts.retire(63_000)
  held.abandon()
  const second = run(receipts, 'two', 'public')
  expect((await second.attested).batch).toMatchObject({ thread: expect.any(Number) as number, first: 0 })
  expect((await second.attested).batch.thread).not.toBe(0)
  const shown = receipts.leaf(0, batch.first, 0)
  expect(rootOfHashes([leafHash(shown?.leaf as Uint8Array)])).toEqual(batch.root)
  expect(shown?.path).toEqual([])
  expect(toHex(receipts.digests(0, batch.first) as Uint8Array)).toBe(toHex((await first.id).multihash.digest))
  expect([receipts.leaf(0, 0, 1), receipts.leaf(9, 0, 0), receipts.digests(0, 7)]).toEqual([undefined, undefined, undefined])
  await receipts.close()
})
