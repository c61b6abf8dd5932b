import { expect, test } from 'vitest'
import { requestOpening, responseOpening, sha256 } from '../../core/index.ts'
import { useNativeHashes } from '../../crypto/native.ts'
import { digestBodies } from './body-digests.ts'
import { putRun, readRun, Room, runBound, type EndedRun } from './run-record.ts'

useNativeHashes()

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill)

/** A run with a file that its log names, before the bodies. */
const run = (i: number, asked: Uint8Array, answered: Uint8Array): EndedRun => ({
  place: 0,
  form: 0,
  bodyLength: 0,
  thread: 1,
  seq: i,
  gas: 1n,
  height: 1,
  time: 1,
  salt: bytes(16, i),
  chainSeed: bytes(32, 1),
  early: undefined,
  models: [],
  request: { method: 'POST', path: `/${i}`, headers: [], body: asked },
  response: { status: 200, headers: [], body: answered },
  secretSalt: () => bytes(32, 0),
  log: i % 3 === 0 ? bytes(5, i) : null,
  files: i % 3 === 0 ? [[sha256(bytes(70, i)), bytes(70, i)]] : [],
})

test('digests of many bodies at once, empty, short and long, stand in the openings and before the files', () => {
  // Together far more than is hashed at once, and lengths around the one from which a body is hashed alone
  const lengths = [0, 1, 64, 1_000, 1_023, 1_024, 1_025, 20_000]
  const runs = Array.from({ length: 120 }, (_, i) =>
    run(i, bytes(lengths[i % 8] as number, i), bytes(lengths[(i >> 3) % 8] as number, i + 1)),
  )
  const room = new Room(new SharedArrayBuffer(8 << 20))
  let end = 0
  const records = runs.map((one) => {
    const at = end
    end = putRun(room, at, one)
    expect(end - at).toBeLessThanOrEqual(runBound(one))
    return { room, at }
  })
  digestBodies(records)
  digestBodies(records)
  for (const [i, { at }] of records.entries()) {
    const { request, response, files, log } = runs[i] as EndedRun
    const read = readRun(room, at, (memory, from) => memory.slice(from, from + 32))
    expect(read.input).toEqual(requestOpening('POST', `/${i}`, [], sha256(request.body)))
    expect(read.output).toEqual(responseOpening(200, [], sha256(response.body)))
    expect(read.log).toEqual(log)
    const bodies = [request.body, response.body].filter((body) => body.length > 0)
    expect(read.files).toEqual([...files, ...bodies.map((body) => [sha256(body), body])])
  }
})
