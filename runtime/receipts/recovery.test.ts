import { expect, test } from 'vitest'
import { concatBytes, digest, domain, equalBytes, fromHex, isUtnetError, leafHash, utf8, type Attestation } from '../core/index.ts'
import { useNativeHashes } from '../crypto/native.ts'
import { seededRandom, SimulatedDisk, type SimulatedDiskOptions } from '../kv/index.ts'
import type { Receipts } from './index.ts'
import { keep, type RunOpenings } from './openings.ts'
import { decodeRecord, encodeRecord, FRAME_BYTES, type NewBatch } from './record.ts'
import { BatchTree } from './batch-tree.ts'
import { attests, begin, openNode, result, run, signer } from './testing/node.ts'

useNativeHashes()
const JOURNAL = 'receipts-00000000.log'
const RETENTIONS = ['public', 'sealed', 'none'] as const

interface Answered {
  readonly id: string
  readonly salt: Uint8Array
  readonly body: Uint8Array
  readonly attestation: Attestation | undefined
}

/** Serves runs, some of which suspend, until the power goes; gives what clients were answered: when it was durable, or (a control) at once. */
async function serveUntilCrash(disk: SimulatedDisk, seed: number, when: 'durable' | 'at once'): Promise<readonly Answered[]> {
  const random = seededRandom(seed)
  const answered: Answered[] = []
  const waiting: Promise<unknown>[] = []
  const held: (() => void)[] = []
  const receipts = openNode(disk, { seed })
  try {
    for (let i = 0; i < 1_000 && !disk.down; i++) {
      const body = new Uint8Array(Math.floor(random() * 700)).fill(Math.floor(random() * 256))
      const retention = RETENTIONS[Math.floor(random() * 3)] ?? 'none'
      const open = begin(receipts, body)
      const finish = (): void => {
        const issued = open.finish(result(body, retention))
        const answer = (attestation?: Attestation): void =>
          void answered.push({
            id: issued.idText,
            salt: open.salt,
            body: retention === 'none' ? new Uint8Array(0) : body,
            attestation,
          })
        if (when === 'at once') answer()
        waiting.push(issued.attested.then((a) => (when === 'durable' ? answer(a) : undefined)).catch(() => undefined))
      }
      if (random() < 0.2) held.push(finish)
      else finish()
      if (random() < 0.3) held.splice(0, 1).forEach((f) => f())
      // The second of two poll phases in a row brings nothing: a batch closes.
      if (random() < 0.4) for (let n = random() < 0.5 ? 2 : 1; n > 0; n--) await new Promise(setImmediate)
    }
  } catch (error) {
    expect(isUtnetError(error, 'disk_failed')).toBe(true)
  }
  await Promise.all(waiting)
  expect(disk.down).toBe(true)
  return answered
}

/** How many of the answered receipts are not there whole after recovery; checks the chain of batches and that the node can go on. */
async function recover(
  disk: SimulatedDisk,
  answered: readonly Answered[],
): Promise<{ readonly lost: number; readonly unanswered: number }> {
  disk.crash()
  const receipts = openNode(disk, { seed: 99 })
  let lost = 0
  for (const a of answered) {
    const stored = receipts.get(a.id, a.salt)
    const whole =
      stored !== undefined &&
      attests(stored.attestation, stored.body) &&
      (a.body.length === 0 || [...(stored.opened?.openings.files.values() ?? [])].some((f) => equalBytes(f, a.body)))
    if (!whole) lost++
    else if (a.attestation !== undefined) expect(stored.attestation).toEqual(a.attestation)
  }
  const heads = new Map<number, { next: number; root: Uint8Array }>()
  for (const { batch } of receipts.batchesFrom(new Map())) {
    const head = heads.get(batch.thread) ?? { next: 0, root: new Uint8Array(32) }
    if (batch.first !== head.next || !equalBytes(batch.prev, head.root)) throw new Error('the chain of batches is broken')
    heads.set(batch.thread, { next: batch.first + batch.size, root: batch.root })
  }
  const before = receipts.count()
  const more = await run(receipts, 'goes on', 'public').attested
  expect(more.batch.first).toBe(heads.get(more.batch.thread)?.next ?? 0)
  expect(receipts.count()).toBe(before + 1)
  await receipts.close()
  return { lost, unanswered: before - answered.length }
}

async function crashes(
  count: number,
  when: 'durable' | 'at once',
  options: SimulatedDiskOptions = {},
): Promise<{ answered: number; lost: number; losing: number; unanswered: number }> {
  const sum = { answered: 0, lost: 0, losing: 0, unanswered: 0 }
  for (let seed = 0; seed < count; seed++) {
    const disk = new SimulatedDisk({ seed, crashAt: 1 + (seed % 23), ...options })
    const answered = await serveUntilCrash(disk, seed, when)
    const { lost, unanswered } = await recover(disk, answered)
    sum.answered += answered.length
    sum.lost += lost
    sum.losing += lost > 0 ? 1 : 0
    sum.unanswered += Math.max(0, unanswered)
  }
  return sum
}

test('1,000 crashes: nothing acknowledged is lost, and what was durable but unanswered is kept', async () => {
  const sum = await crashes(1_000, 'durable')
  expect(sum.lost).toBe(0)
  expect(sum.answered).toBeGreaterThan(5_000)
  expect(sum.unanswered).toBeGreaterThan(10)
}, 60_000)

test('controls that must lose: an answer before the sync, and a disk that lies', async () => {
  expect((await crashes(60, 'at once')).losing).toBeGreaterThan(20)
  let broken = 0
  for (let seed = 0; seed < 60; seed++) {
    const disk = new SimulatedDisk({ seed, crashAt: 1 + (seed % 23), lies: true })
    const answered = await serveUntilCrash(disk, seed, 'durable')
    try {
      if ((await recover(disk, answered)).lost > 0) broken++
    } catch {
      broken++
    }
  }
  expect(broken).toBeGreaterThan(30)
}, 60_000)

/** A journal of a few batches on a disk of its own. */
async function journal(
  clean: boolean,
  rounds = 3,
): Promise<{ readonly bytes: Uint8Array; readonly ids: readonly string[]; readonly last: number }> {
  const disk = new SimulatedDisk()
  const receipts = openNode(disk)
  const ids: string[] = []
  let last = 0
  for (let i = 0; i < rounds; i++) {
    last = disk.bytes(JOURNAL).length
    const issued = RETENTIONS.map((r) => run(receipts, `${i} ${r}`, r))
    for (const one of issued) {
      await one.attested
      ids.push(one.id.toString())
    }
  }
  if (clean) {
    last = disk.bytes(JOURNAL).length
    await receipts.close()
  }
  return { bytes: disk.bytes(JOURNAL), ids, last }
}

/** Opens a journal of other bytes. */
function openBytes(bytes: Uint8Array): Receipts {
  const disk = new SimulatedDisk()
  disk.overwrite(JOURNAL, bytes)
  return openNode(disk)
}

test('a change of any byte of a journal is noticed; behind the mark of a clean end nothing is taken for a torn tail', async () => {
  for (const clean of [true, false]) {
    const { bytes, ids, last } = await journal(clean, 2)
    for (let at = clean ? 0 : last; at < bytes.length; at++) {
      const changed = Uint8Array.from(bytes, (b, i) => (i === at ? b ^ (1 << (at % 8)) : b))
      if (at < last) {
        expect(() => openBytes(changed)).toThrow(expect.objectContaining({ code: 'data_corrupt' }) as Error)
        continue
      }
      const receipts = openBytes(changed)
      expect(receipts.dropped).toBe(bytes.length - last)
      expect(receipts.count()).toBe(clean ? ids.length : 3)
    }
  }
})

test('a journal cut anywhere opens with its whole records; a lost segment, another node or a moved record does not', async () => {
  const { bytes, last } = await journal(false)
  const counts = new Set<number>()
  for (let length = 0; length <= bytes.length; length++) {
    const receipts = openBytes(bytes.subarray(0, length))
    counts.add(receipts.count())
    expect(receipts.count() % 3).toBe(0)
  }
  expect([...counts]).toEqual([0, 3, 6, 9])
  const gap = new SimulatedDisk()
  gap.overwrite('receipts-00000001.log', bytes)
  expect(() => openNode(gap)).toThrow(/lacks receipts-00000000/)
  expect(() => openBytes(concatBytes(bytes, bytes.subarray(0, last)))).not.toThrow()
  expect(openBytes(concatBytes(bytes, bytes.subarray(0, last))).count()).toBe(9)
  expect(openBytes(bytes.subarray(last)).count()).toBe(0)
  const two = new SimulatedDisk()
  two.overwrite(JOURNAL, bytes.subarray(0, last + 10))
  two.overwrite('receipts-00000001.log', new Uint8Array(0))
  expect(() => openNode(two)).toThrow(expect.objectContaining({ code: 'data_corrupt' }) as Error)
})

test('room behind the last record is no damage, before and behind the mark of a clean end; anything in it is', async () => {
  for (const clean of [true, false]) {
    const { bytes, ids } = await journal(clean)
    const room = concatBytes(bytes, new Uint8Array(5_000))
    const disk = new SimulatedDisk()
    disk.overwrite(JOURNAL, room)
    const receipts = openNode(disk)
    expect([receipts.dropped, receipts.count(), disk.bytes(JOURNAL).length]).toEqual([0, ids.length, bytes.length])
    await run(receipts, 'goes on', 'public').attested
    expect(receipts.count()).toBe(ids.length + 1)
    await receipts.close()
    room[bytes.length + 4_000] = 1
    expect(openBytes(room).dropped).toBe(5_000)
  }
})

test('a record inside the data of a guest is never taken for one: a torn write of it does not stop the node', async () => {
  const { bytes } = await journal(true)
  const disk = new SimulatedDisk()
  disk.overwrite(JOURNAL, bytes)
  const receipts = openNode(disk)
  const before = receipts.count()
  // The whole journal as it is, end mark included, in a public body.
  await run(receipts, concatBytes(bytes, bytes), 'public').attested
  const full = disk.bytes(JOURNAL)
  expect(full.length).toBeGreaterThan(bytes.length * 3)
  for (const length of [full.length - 1, full.length - 200, bytes.length + 60]) {
    const again = openBytes(full.subarray(0, length))
    expect([again.count(), again.dropped]).toEqual([before, length - bytes.length])
  }
})

test('kept openings that are not those of the body are refused, even in a record that the node itself would take', async () => {
  const disk = new SimulatedDisk()
  const receipts = openNode(disk)
  const issued = run(receipts, 'true', 'public')
  await issued.attested
  const bytes = disk.bytes(JOURNAL)
  const key = digest('journal-key', signer.sign(domain('journal-key')))
  const [batch] = decodeRecord(bytes) as NonNullable<ReturnType<typeof decodeRecord>>
  const entry = batch?.entries[0]
  if (batch === undefined || entry === undefined) throw new Error('no entry')
  const opened = receipts.get(issued.id.toString())?.opened
  if (opened === undefined) throw new Error('not kept')
  const files = [...opened.openings.files].map(([name, bytes]) => [fromHex(name), bytes] as const)
  const shown = { ...opened.openings, files }
  const variants = [
    { ...shown, input: utf8('x') },
    { ...shown, output: utf8('x') },
    { ...shown, log: null },
  ]
  const renamed = { ...shown, files: files.map(([name]) => [name, utf8('fals')] as const) }
  const batchOf = (openings: RunOpenings): NewBatch => ({
    ...batch,
    entries: [{ sealed: entry.body, bodyAt: 0, length: entry.body.length, keeping: keep('public', opened.salt, openings) }],
  })
  const recordOf = (openings: RunOpenings): Uint8Array => concatBytes(...encodeRecord(key, 0, 0, [batchOf(openings)]))
  for (const openings of variants) {
    const again = openBytes(recordOf(openings))
    expect(again.count()).toBe(1)
    expect(() => again.get(issued.id.toString())).toThrow(expect.objectContaining({ code: 'data_corrupt' }) as Error)
  }
  // A file under the name of another is a torn record, and before another record a broken journal.
  expect(openBytes(recordOf(shown)).count()).toBe(1)
  expect(openBytes(recordOf(renamed)).count()).toBe(0)
  const twice = concatBytes(recordOf(renamed), ...encodeRecord(key, 0, recordOf(renamed).length, []))
  expect(() => openBytes(twice)).toThrow(expect.objectContaining({ code: 'data_corrupt' }) as Error)
  // A batch that the chain does not reach, another order, a bad signature.
  const reframed = (change: object) => openBytes(concatBytes(...encodeRecord(key, 0, 0, [{ ...batchOf(shown), ...change }])))
  expect(() => reframed({ batch: { ...batch.batch, first: 1 } })).toThrow(/breaks at receipt 1/)
  expect(() => reframed({ batch: { ...batch.batch, thread: 2 ** 40 } })).toThrow(/breaks at receipt 0/)
  expect(() => reframed({ batch: { ...batch.batch, prev: leafHash(utf8('x')) } })).toThrow(/breaks/)
  expect(() => reframed({ batch: { ...batch.batch, node: new Uint8Array(32) } })).toThrow(/breaks/)
  expect(() => reframed({ batch: { ...batch.batch, root: new BatchTree(new Uint8Array(0)).root } })).toThrow(/breaks/)
  expect(() => reframed({ sig: new Uint8Array(64) })).toThrow(/not signed by this node/)
  expect(FRAME_BYTES).toBe(52)
})
