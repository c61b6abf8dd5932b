import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  CHUNK_BYTES,
  checkpointBoundaries,
  checkpointRoot,
  chunkCount,
  cidOf,
  commitmentFile,
  commitmentOfFile,
  commitmentRoot,
  decodeCommitment,
  digest,
  encode,
  encodeCommitment,
  isUtnetError,
  LIMITS,
  liveSet,
  merkleRoot,
  openChunk,
  plainCommitment,
  RAW,
  tensorRoot,
  toHex,
  utf8,
  verifyChunk,
  type Commitment,
  type CostedEntry,
  type Tensor,
} from '../index.ts'

const bytesTensor = (n: number, seed = 1): Tensor => ({
  dtype: 'u8',
  shape: [n],
  data: Uint8Array.from({ length: n }, (_, i) => (i * 31 + (i >> 16) * 7 + seed) & 255),
})

test('the root of a tensor is that of a tree over 64 KiB of its data each', () => {
  for (const n of [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 5]) {
    const t = bytesTensor(n)
    const chunks: Uint8Array[] = []
    for (let at = 0; at < n; at += CHUNK_BYTES) chunks.push(t.data.subarray(at, at + CHUNK_BYTES))
    expect(tensorRoot(t)).toEqual(digest('tensor', encode(['u8', [n], merkleRoot(chunks)])))
    expect(chunks.length).toBe(chunkCount(n))
  }
})

test('dtype and shape are part of it, and what is prepared before hashing leaves the data alone', () => {
  const data = new Uint8Array(Float32Array.of(1, Number.NaN).buffer)
  const roots = [
    tensorRoot({ dtype: 'f32', shape: [2], data }),
    tensorRoot({ dtype: 'f32', shape: [2, 1], data }),
    tensorRoot({ dtype: 's32', shape: [2], data }),
    tensorRoot({ dtype: 'f32', shape: [2], data }, (chunk) => chunk.fill(0)),
  ]
  expect(new Set(roots.map(toHex)).size).toBe(4)
  expect(roots[3]).toEqual(tensorRoot({ dtype: 'f32', shape: [2], data: new Uint8Array(8) }))
  expect(new Float32Array(data.buffer)[0]).toBe(1)
})

test('a chunk shows that it belongs to its tensor, and nothing else does', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 * CHUNK_BYTES }), fc.nat(), fc.nat(), (n, pick, bit) => {
      const t = bytesTensor(n)
      const root = tensorRoot(t)
      const opening = openChunk(t, pick % chunkCount(n))
      expect(verifyChunk(root, t.dtype, t.shape, opening)).toBe(true)
      const data = opening.data.slice()
      data[bit % data.length] = (data[bit % data.length] as number) ^ 1
      const wrong = [
        { ...opening, data },
        { ...opening, index: opening.index + 1 },
        { ...opening, index: -1 },
        { ...opening, data: opening.data.subarray(1) },
        { ...opening, data: Uint8Array.from([...opening.data, 0]) },
        { ...opening, path: [...opening.path, new Uint8Array(32)] },
        { ...opening, tree: new Uint8Array(32) },
      ]
      for (const other of wrong) expect(verifyChunk(root, t.dtype, t.shape, other)).toBe(false)
      expect(verifyChunk(root, 's8', t.shape, opening)).toBe(false)
      expect(verifyChunk(root, t.dtype, [n + 1], opening)).toBe(false)
      expect(verifyChunk(root, t.dtype, [-1], opening)).toBe(false)
    }),
    { numRuns: 30 },
  )
  expect(() => openChunk(bytesTensor(0), 0)).toThrow('is not in a tree')
})

/** A graph in which every entry takes some of what is there. */
const graphs = fc
  .array(
    fc.record({ takes: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), cost: fc.nat(1000), outs: fc.integer({ min: 1, max: 2 }) }),
    {
      minLength: 1,
      maxLength: 60,
    },
  )
  .map((nodes) => {
    const names = ['in0', 'in1']
    const trace = nodes.map(({ takes, cost, outs }, i): CostedEntry => {
      const inputs = [...takes.map((t) => names[t % names.length] as string), 'weight', '']
      const outputs = Array.from({ length: outs }, (_, o) => `v${i}.${o}`)
      names.push(...outputs)
      return { inputs, outputs, cost }
    })
    return { trace, outputs: [names.at(-1) as string, names[names.length >> 1] as string] }
  })

/** The rule word by word, by another way: every boundary with its live set, then the best of each range. */
function slowly(trace: readonly CostedEntry[], outputs: readonly string[], bytesOf: (name: string) => number): number[] {
  const total = trace.reduce((n, e) => n + e.cost, 0)
  const found: number[] = []
  for (let i = 1; i <= 15; i++) {
    let best: { k: number; bytes: number } | undefined
    for (let k = 1; k < trace.length; k++) {
      const before = trace.slice(0, k).reduce((n, e) => n + e.cost, 0)
      if (!(before * 32 > (2 * i - 1) * total && before * 32 <= (2 * i + 1) * total)) continue
      const bytes = liveSet(trace, ['in0', 'in1'], outputs, k).reduce((n, name) => n + bytesOf(name), 0)
      if (best === undefined || bytes < best.bytes) best = { k, bytes }
    }
    if (best !== undefined) found.push(best.k)
  }
  return found
}

test('checkpoints stand where the rule says, at most 15, and rise', () => {
  const bytesOf = (name: string): number => (name.length * 7 + name.charCodeAt(name.length - 1)) % 5
  fc.assert(
    fc.property(graphs, ({ trace, outputs }) => {
      const found = checkpointBoundaries(trace, ['in0', 'in1'], outputs, bytesOf)
      expect(found).toEqual(slowly(trace, outputs, bytesOf))
    }),
  )
})

test('live are values made before and taken later, or given out; constants never', () => {
  const trace = [
    { inputs: ['x', 'w'], outputs: ['a', 'aside'], cost: 1 },
    { inputs: ['a', ''], outputs: ['b'], cost: 1 },
    { inputs: ['b', 'x'], outputs: ['c', ''], cost: 1 },
    { inputs: ['c', 'w'], outputs: ['y'], cost: 1 },
  ]
  const live = (k: number, outputs = ['y']): readonly string[] => liveSet(trace, ['x', 'unused'], outputs, k)
  expect([0, 1, 2, 3, 4].map((k) => live(k))).toEqual([['x'], ['x', 'a'], ['x', 'b'], ['c'], ['y']])
  expect(live(3, ['a', 'y', 'x'])).toEqual(['x', 'a', 'c'])
})

test('costs that are no sums are refused', () => {
  const one = (cost: number): CostedEntry[] => [{ inputs: [], outputs: ['y'], cost }]
  for (const cost of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => checkpointBoundaries(one(cost), [], [], () => 0)).toThrow('cost')
  expect(checkpointBoundaries(one(0), [], ['y'], () => 0)).toEqual([])
})

const MODEL = cidOf(RAW, utf8('model'))
const commitment: Commitment = {
  v: 1,
  model: MODEL,
  arithmetic: 'exact:x',
  inputs: [['x', 'f32', [1, 2], new Uint8Array(32).fill(1)]],
  outputs: [['y', 's64', [], new Uint8Array(32).fill(2)]],
  entries: 40,
  checkpoints: [
    [1, new Uint8Array(32).fill(3)],
    [39, new Uint8Array(32).fill(4)],
  ],
  exceptions: [[0, 'bounded:y']],
}

test('a commitment reads back from its bytes and from its file, whose sha256 is its root', () => {
  expect(decodeCommitment(encodeCommitment(commitment))).toEqual(commitment)
  const file = commitmentFile(commitment)
  expect(commitmentOfFile(file)).toEqual(commitment)
  expect(createHash('sha256').update(file).digest('hex')).toBe(toHex(commitmentRoot(commitment)))
  expect(toHex(commitmentRoot(plainCommitment(MODEL, 'exact:x', [], [])))).toBe(
    toHex(
      digest(
        'tensor-commitment',
        encodeCommitment({ ...commitment, inputs: [], outputs: [], entries: 0, checkpoints: [], exceptions: [] }),
      ),
    ),
  )
})

test('checkpoint roots bind boundary, names, types and roots in order', () => {
  const a = ['a', 'f32', [1], new Uint8Array(32)] as const
  const b = ['b', 'f32', [1], new Uint8Array(32)] as const
  const roots = [checkpointRoot(1, [a, b]), checkpointRoot(2, [a, b]), checkpointRoot(1, [b, a]), checkpointRoot(1, [a])]
  expect(new Set(roots.map(toHex)).size).toBe(4)
})

test('what is no commitment is refused', () => {
  const wrong: readonly (readonly [string, Partial<Record<keyof Commitment, unknown>>])[] = [
    ['version', { v: 2 }],
    ['no dtype', { inputs: [['x', 'f16', [], new Uint8Array(32)]] }],
    ['short hash', { outputs: [['y', 'f32', [], new Uint8Array(31)]] }],
    ['a negative side', { outputs: [['y', 'f32', [-1], new Uint8Array(32)]] }],
    ['too many elements', { outputs: [['y', 'f32', [2 ** 30], new Uint8Array(32)]] }],
    ['checkpoints that fall', { checkpoints: [...commitment.checkpoints].reverse() }],
    ['a checkpoint twice', { checkpoints: [commitment.checkpoints[0], commitment.checkpoints[0]] }],
    ['a root of a checkpoint that is no digest', { checkpoints: [[1, new Uint8Array(31)]] }],
    ['a checkpoint at 0', { checkpoints: [[0, new Uint8Array(32)]] }],
    ['a checkpoint at the end', { checkpoints: [[40, new Uint8Array(32)]] }],
    ['16 checkpoints', { checkpoints: Array.from({ length: 16 }, (_, i) => [i + 1, new Uint8Array(32)]) }],
    ['an exception outside', { exceptions: [[40, 'x']] }],
    ['an exception without arithmetic', { exceptions: [[1, 7]] }],
    ['more entries than a model may have', { entries: LIMITS.modelNodes + 1 }],
    ['too many inputs', { inputs: Array.from({ length: LIMITS.tensorsPerCall + 1 }, () => commitment.inputs[0]) }],
    ['an unknown field', { more: 1 } as never],
  ]
  for (const [what, change] of wrong) {
    let code: string | undefined
    try {
      decodeCommitment(encode({ ...commitment, ...change } as never))
    } catch (error) {
      code = isUtnetError(error) ? error.code : String(error)
    }
    expect({ what, code }).toEqual({ what, code: expect.stringMatching(/^(core_not_canonical|tensor_shape)$/) })
  }
  const bytes = encodeCommitment(commitment)
  for (let i = 0; i < bytes.length; i++) expect(() => decodeCommitment(bytes.subarray(0, i))).toThrow('commitment')
  expect(() => commitmentOfFile(bytes)).toThrow('no commitment')
})

test('a commitment is at most as long as the limit says', () => {
  const long = (n: number): Uint8Array => {
    const shell = encodeCommitment({ ...commitment, arithmetic: 'a'.repeat(70_000) }).length - 70_000
    return encodeCommitment({ ...commitment, arithmetic: 'a'.repeat(n - shell) })
  }
  expect(decodeCommitment(long(LIMITS.commitmentBytes)).entries).toBe(40)
  expect(() => decodeCommitment(long(LIMITS.commitmentBytes + 1))).toThrow('limit')
})
