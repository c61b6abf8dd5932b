import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commitRun, decode, digest, encode, encodeCommitment, tensorHeads, type Cbor, type GraphRun } from '../../core/index.ts'
import { verifyEd25519 } from '../../crypto/native.ts'
import { outlineOf } from '../index.ts'
import { runLoops } from '../testing/loops.ts'
import { BLOCKS, caseOf, nudge, openedDispute, play, signerOf, tamperAt, testInput, testModel } from '../testing/kit.ts'
import { accept, atHeight, challenge, openDispute, settle, turnOf } from './index.ts'
import { signMessage, type SignedMessage } from './messages.ts'

const model = testModel('disputes')
const inputs = testInput('disputes')
const entries = model.nodes.length

describe('U2.3-PIEE-4 a dispute ends at one operator', () => {
  test.each(Array.from({ length: entries }, (_, i) => i))(
    'a lie in entry %i is narrowed down to it, and the prover loses',
    async (entry) => {
      // behind a Relu an element may be zero before and after: the lie is in what the entry itself gives
      const c = await caseOf(model, inputs, tamperAt(entry, entry * 7))
      const { settled, messages } = await play(c)
      expect(settled.outcome).toMatchObject({ losers: ['prover'], reason: 'wrong_output' })
      expect(settled.ran?.entry).toBe(entry)
      expect(messages.length).toBe(4)
    },
  )

  test('any one element of any operator, at any sizes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 20 }),
        async (entry, element, layers, rows) => {
          const own = testModel('sizes', layers, 8)
          const c = await caseOf(own, testInput('sizes', rows, 8), tamperAt(entry % own.nodes.length, element))
          const { settled } = await play(c)
          expect(settled.outcome.losers).toEqual(['prover'])
          expect(settled.ran?.entry).toBe(entry % own.nodes.length)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('an operator above 1 % of the cost is run in part: the row that decides, out of the chunks that hold it', async () => {
    const large = testModel('large', 3, 192)
    const rows = testInput('large', 120, 192)
    const c = await caseOf(large, rows, tamperAt(2, 110 * 192 + 5))
    const { settled, messages } = await play(c)
    expect(settled.outcome).toMatchObject({ losers: ['prover'], reason: 'wrong_output' })
    expect(settled.ran).toMatchObject({ entry: 2, element: 110 * 192 + 5, part: true, cost: 192 * 192 })
    expect((settled.ran?.cost ?? 0) / c.outline.cost).toBeLessThan(0.01)
    // 120 rows of 192 f32 lie in two chunks: the one with the row goes with the fourth message, and the named one
    expect((messages[3]?.[1].body.length ?? 0) < 120 * 192 * 4).toBe(true)
    // a small operator runs whole
    const small = await play(await caseOf(large, rows, tamperAt(3, 100 * 192 + 5)))
    expect(small.settled.ran).toMatchObject({ entry: 3, part: false, cost: 120 * 192 })
  })

  test('an honest prover never loses: whatever a challenger says, it loses itself', async () => {
    const honest = await caseOf(model, inputs, (_entry, output) => output)
    // the challenger lies: it claims another output of any entry
    for (let entry = 0; entry < entries; entry++) {
      const liar = runLoops(model, inputs, { tamper: tamperAt(entry, 3) })
      const c = { ...honest, honest: liar, commitment: await commitRun(liar) }
      const { settled } = await play(c)
      expect(settled.outcome).toMatchObject({ losers: ['challenger'], reason: 'no_difference' })
    }
  })

  test('both lie: both lose', async () => {
    const c = await caseOf(model, inputs, tamperAt(3, 2))
    const liar = runLoops(model, inputs, { tamper: (entry, output) => (entry === 3 ? nudge(nudge(output, 2), 2) : output) })
    const { settled } = await play({ ...c, honest: liar, commitment: await commitRun(liar) })
    expect(settled.outcome).toMatchObject({ losers: ['prover', 'challenger'], reason: 'wrong_output' })
  })

  test('who committed to the same has nothing to challenge', async () => {
    const c = await caseOf(model, inputs, (_entry, output) => output)
    expect(() => challenge(openedDispute(c), c.challenger, c.lied, c.commitment)).toThrow(
      expect.objectContaining({ code: 'core_bad_argument' }),
    )
    const dispute = openedDispute(c)
    const own = encodeCommitment(c.commitment)
    const said = signMessage(c.challenger, dispute.id, 1, { commitment: own, own, segment: 0 })
    expect(accept(dispute, said, 101).outcome).toMatchObject({ losers: ['challenger'], reason: 'no_difference' })
  })

  test('without checkpoints the whole run is one segment', async () => {
    const c = await caseOf(model, inputs, tamperAt(7, 1))
    const lied = { ...c.lied, checkpoints: [] }
    const plain = {
      ...c,
      lied,
      commitment: { ...c.commitment, checkpoints: [] },
      claim: { ...c.claim, root: digest('tensor-commitment', encodeCommitment(lied)) },
    }
    const { settled } = await play(plain)
    expect(settled.outcome.losers).toEqual(['prover'])
    expect(settled.ran?.entry).toBe(7)
  })
})

describe('a commitment that cannot be one of the claim loses at once', () => {
  const first = async (change: (c: Awaited<ReturnType<typeof caseOf>>) => object) => {
    const c = await caseOf(model, inputs, tamperAt(4, 4))
    const lied = { ...c.lied, ...change(c) }
    const claim = { ...c.claim, root: digest('tensor-commitment', encodeCommitment(lied)) }
    const dispute = openDispute({ claim, challenger: c.challenger.key, outline: c.outline, blocks: BLOCKS, verify: verifyEd25519 }, 1)
    return accept(dispute, challenge(dispute, c.challenger, lied, 0), 2).outcome
  }
  test.each([
    ['another model', () => ({ model: testModel('other').cid })],
    ['another input', () => ({ inputs: tensorHeads(testInput('other')) })],
    ['a layer less', (c: { lied: { entries: number } }) => ({ entries: c.lied.entries - 1 })],
    ['a checkpoint less', (c: { lied: { checkpoints: readonly unknown[] } }) => ({ checkpoints: c.lied.checkpoints.slice(1) })],
    ['an operator that is said to have run elsewhere', () => ({ exceptions: [[4, 'unchecked:elsewhere']] })],
    ['an output less', () => ({ outputs: [] })],
    [
      'an output of another shape',
      (c: { lied: { outputs: readonly (readonly unknown[])[] } }) => ({ outputs: c.lied.outputs.map(([n, d, , h]) => [n, d, [1, 2], h]) }),
    ],
  ])('%s', async (_what, change) => {
    expect(await first(change as never)).toMatchObject({ losers: ['prover'], reason: 'inconsistent' })
  })
})

describe('deadlines: silence loses', () => {
  test('each of the four messages is due within its blocks, to the block', async () => {
    const c = await caseOf(model, inputs, tamperAt(5, 5))
    for (let missing = 1; missing <= 4; missing++) {
      const seen: unknown[] = []
      await play(c, (number, message, dispute) => {
        if (number !== missing) return message
        const party = turnOf(dispute)
        expect(atHeight(dispute, dispute.height + BLOCKS).outcome).toBeUndefined()
        const late = atHeight(dispute, dispute.height + BLOCKS + 1)
        expect(late.outcome).toMatchObject({ losers: [party], reason: 'silence' })
        // in time at the last block, too late one behind
        expect(accept(dispute, message as SignedMessage, dispute.height + BLOCKS).sent).toBe(missing)
        expect(accept(dispute, message as SignedMessage, dispute.height + BLOCKS + 1).outcome).toMatchObject({
          losers: [party],
          reason: 'silence',
        })
        seen.push(party)
        return message
      })
      expect(seen).toEqual([missing % 2 === 1 ? 'challenger' : 'prover'])
    }
  })
})

describe('messages of others, of other places, and out of turn are refused and change nothing', () => {
  test('refusals', async () => {
    const c = await caseOf(model, inputs, tamperAt(5, 5))
    const dispute = openedDispute(c)
    const good = challenge(dispute, c.challenger, c.lied, c.commitment)
    const refused = (message: SignedMessage): void =>
      expect(() => accept(dispute, message, 101)).toThrow(expect.objectContaining({ code: 'dispute_refused' }))
    refused(signMessage(signerOf('stranger'), dispute.id, 1, {}))
    refused(signMessage(c.prover, dispute.id, 1, {}))
    refused({ ...good, sig: good.sig.map((b, i) => (i === 3 ? b ^ 1 : b)) })
    refused(signMessage(c.challenger, dispute.id, 2, {}))
    refused(signMessage(c.challenger, digest('other'), 1, {}))
    refused({ ...good, body: Uint8Array.of(0xff), sig: c.challenger.sign(Uint8Array.of(0xff)) })
    const next = accept(dispute, good, 101)
    expect(() => accept(next, good, 102)).toThrow(expect.objectContaining({ code: 'dispute_refused' }))
    expect(() => accept(next, good, 100)).toThrow(expect.objectContaining({ code: 'dispute_refused' }))
  })

  test('settle needs all messages', async () => {
    const c = await caseOf(model, inputs, tamperAt(5, 5))
    await expect(settle(openedDispute(c), c.runner)).rejects.toMatchObject({ code: 'core_bad_argument' })
  })
})

describe('a prover is held to its own roots', () => {
  test('a reveal that is not bound by the checkpoints, an opening that is not bound by the reveal', async () => {
    const c = await caseOf(model, inputs, tamperAt(5, 5))
    // honest values instead of those committed to
    const changed = await play(
      c,
      (number, message, dispute) =>
        message &&
        (number === 2
          ? signMessage(
              c.prover,
              dispute.id,
              2,
              revealedBy(message, (map) => ({ ...map, made: swapFirst(map['made'] as Cbor[]) })),
            )
          : message),
    )
    expect(changed.settled.outcome).toMatchObject({ losers: ['prover'], reason: 'inconsistent' })
    const opened = await play(
      c,
      (number, message, dispute) =>
        message &&
        (number === 4
          ? signMessage(
              c.prover,
              dispute.id,
              4,
              revealedBy(message, (map) => ({
                ...map,
                operands: (map['operands'] as Cbor[]).map((o) =>
                  o === null
                    ? null
                    : (o as Cbor[]).map((pair) => [(pair as Cbor[])[0] as number, ((pair as Cbor[])[1] as Uint8Array).map((b) => b ^ 1)]),
                ),
              })),
            )
          : message),
    )
    expect(opened.settled.outcome).toMatchObject({ losers: ['prover'], reason: 'inconsistent' })
  })

  test('an opening that leaves out what the referee needs', async () => {
    const c = await caseOf(model, inputs, tamperAt(5, 5))
    const { settled } = await play(
      c,
      (number, message, dispute) =>
        message &&
        (number === 4
          ? signMessage(
              c.prover,
              dispute.id,
              4,
              revealedBy(message, (map) => ({ ...map, operands: (map['operands'] as Cbor[]).map((o) => (o === null ? null : [])) })),
            )
          : message),
    )
    expect(settled.outcome).toMatchObject({ losers: ['prover'], reason: 'inconsistent' })
  })
})

describe('what is named and opened is held to what was committed to', () => {
  type Change = (map: Fields) => Fields
  /** The outcome where message `number` says something else. */
  const outcomeOf = async (c: Awaited<ReturnType<typeof caseOf>>, number: number, change: Change) => {
    const signer = number === 4 ? c.prover : c.challenger
    const { dispute } = await play(c, (at, message, { id }) =>
      at === number && message !== undefined ? signMessage(signer, id, number, revealedBy(message, change)) : message,
    )
    return dispute.outcome
  }
  const flipped = (bytes: Cbor | undefined): Uint8Array => (bytes as Uint8Array).map((b, i) => (i === 0 ? b ^ 1 : b))
  /** Both ran entry 5 by another arithmetic than the rest. */
  const elsewhere = async (arithmetic: string, wide = false) => {
    const own = wide ? testModel('wide', 3, 256) : model
    const fed = wide ? testInput('wide', 72, 256) : inputs
    const by = (run: GraphRun): GraphRun => ({ ...run, trace: run.trace.map((entry, i) => (i === 5 ? { ...entry, arithmetic } : entry)) })
    const honest = by(runLoops(own, fed))
    const c = await caseOf(own, fed, by(runLoops(own, fed, { tamper: tamperAt(5, 5) })))
    return { ...c, honest, commitment: await commitRun(honest), outline: outlineOf(honest) }
  }

  test.each<[string, string, string, Change]>([
    ['a chunk that is too short', 'malformed', 'does not have', (map) => ({ ...map, data: (map['data'] as Uint8Array).slice(1) })],
    ['an element of an exact entry', 'malformed', 'is exact', (map) => ({ ...map, data: null, element: 0 })],
    ['an entry of another segment', 'malformed', 'no output', (map) => ({ ...map, entry: 0 })],
    ['a chunk that there is not', 'malformed', 'no chunk', (map) => ({ ...map, chunk: 1 })],
  ])('the challenger names %s, and loses', async (_what, reason, detail, change) => {
    const found = await outcomeOf(await caseOf(model, inputs, tamperAt(5, 5)), 3, change)
    expect(found).toMatchObject({ losers: ['challenger'], reason, detail: expect.stringContaining(detail) })
  })

  test('the challenger names the chunk that the prover has, and loses', async () => {
    const c = await caseOf(model, inputs, tamperAt(5, 5))
    const [made] = await c.lying.values(c.outline.trace[5]?.outputs as string[])
    const found = await outcomeOf(c, 3, (map) => ({ ...map, data: made?.data as Uint8Array }))
    expect(found).toMatchObject({ losers: ['challenger'], reason: 'no_difference', detail: expect.stringContaining('what the prover has') })
  })

  test('of a run that nothing is claimed of, nothing can be named', async () => {
    const by = (run: GraphRun): GraphRun => ({ ...run, arithmetic: 'unchecked:elsewhere' })
    const honest = by(runLoops(model, inputs))
    const c = await caseOf(model, inputs, by(runLoops(model, inputs, { tamper: tamperAt(5, 5) })))
    const whole = { ...c, honest, commitment: await commitRun(honest) }
    const entry = (map: Fields): Fields => ({ ...map, data: new Uint8Array(6 * 24 * 4), element: null })
    expect(await outcomeOf(whole, 3, entry)).toMatchObject({
      losers: ['challenger'],
      reason: 'no_difference',
      detail: expect.stringContaining('ran by unchecked'),
    })
  })

  test('of a bounded entry an element is named, one of the chunk and of the value', async () => {
    const c = await elsewhere('bounded:elsewhere', true)
    const named = (chunk: number, element: number | null) =>
      outcomeOf(c, 3, (map) => ({ ...map, entry: 5, output: 0, chunk, element, data: element === null ? new Uint8Array(65_536) : null }))
    const malformed = (detail: string) => ({ losers: ['challenger'], reason: 'malformed', detail: expect.stringContaining(detail) })
    expect(await named(0, null)).toMatchObject(malformed('is bounded'))
    expect(await named(0, 65_536 / 4)).toMatchObject(malformed('not in chunk 0'))
    expect(await named(1, 72 * 256)).toMatchObject(malformed('not in chunk 1'))
    expect(await named(1, 72 * 256 - 1)).toBeUndefined()
  })

  test('the prover opens another chunk than it committed to, or more operands than there are, and loses', async () => {
    const c = await caseOf(model, inputs, tamperAt(5, 5))
    expect(await outcomeOf(c, 4, (map) => ({ ...map, data: flipped(map['data']) }))).toMatchObject({
      losers: ['prover'],
      reason: 'inconsistent',
      detail: expect.stringContaining('not the one that was committed to'),
    })
    expect(await outcomeOf(c, 4, (map) => ({ ...map, operands: [...(map['operands'] as Cbor[]), null] }))).toMatchObject({
      losers: ['prover'],
      reason: 'malformed',
      detail: expect.stringMatching(/operands of/),
    })
  })

  test('a challenger whose own commitment has other checkpoints has shown no difference', async () => {
    const c = await caseOf(model, inputs, tamperAt(5, 5))
    const own = encodeCommitment({ ...c.commitment, checkpoints: [] })
    expect(await outcomeOf(c, 1, (map) => ({ ...map, own, segment: 0 }))).toMatchObject({
      losers: ['challenger'],
      reason: 'inconsistent',
      detail: expect.stringContaining('same checkpoints'),
    })
  })

  test('heights do not fall', async () => {
    const dispute = openedDispute(await caseOf(model, inputs, tamperAt(5, 5)))
    expect(() => atHeight(dispute, 99)).toThrow(expect.objectContaining({ code: 'dispute_refused' }))
    expect(atHeight(dispute, 100)).toBe(dispute)
  })
})

type Fields = { readonly [key: string]: Cbor }
const revealedBy = (message: SignedMessage, change: (map: Fields) => Cbor): Cbor => {
  const [, , payload] = decode(message.body) as [Uint8Array, number, Uint8Array]
  return change(decode(payload) as Fields)
}
/** The leaves of the first value made are those of nothing committed to. */
const swapFirst = (made: readonly Cbor[]): Cbor[] =>
  made.map((outputs) =>
    (outputs as Cbor[]).map((v) => {
      const [d, s, leaves] = v as [string, Cbor, Uint8Array[]]
      return [d, s, leaves.map((leaf) => leaf.map((b) => b ^ 1))]
    }),
  )

/** Every way to change one field of a value: each leaf to something of another type, each key dropped or added, each list shortened or lengthened. */
function* mutations(value: Cbor): Generator<Cbor> {
  for (const other of [null, 0, -1, 2 ** 40, 'x', new Uint8Array(3), [], {}]) yield other
  if (value instanceof Uint8Array) {
    yield value.slice(1)
    yield new Uint8Array([...value.slice(0, 64), 0])
  } else if (Array.isArray(value)) {
    yield value.slice(1)
    yield [...value, ...value.slice(0, 1)]
    yield [...value].reverse()
    for (const i of new Set([0, value.length - 1].filter((at) => at >= 0 && at < value.length)))
      for (const inner of mutations(value[i] as Cbor)) yield value.map((v, at) => (at === i ? inner : (v as Cbor)))
  } else if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    const map = value as Fields
    yield { ...map, more: 1 }
    for (const key of Object.keys(map)) {
      yield Object.fromEntries(Object.entries(map).filter(([k]) => k !== key))
      for (const inner of mutations(map[key] as Cbor)) yield { ...map, [key]: inner }
    }
  }
}

describe('every field of every message, changed in every way', () => {
  test.each([1, 2, 3, 4])('message %i: who sends nonsense loses, and nothing else is ever thrown', async (number) => {
    const c = await caseOf(model, inputs, tamperAt(5, 5))
    let tried = 0
    await play(c, (at, message, dispute) => {
      if (at !== number || message === undefined) return message
      const party = turnOf(dispute)
      const signer = party === 'prover' ? c.prover : c.challenger
      const [, , payload] = decode(message.body) as [Uint8Array, number, Uint8Array]
      for (const changed of mutations(decode(payload))) {
        const bytes = encode(changed)
        if (Buffer.compare(bytes, payload) === 0) continue
        const { outcome } = accept(dispute, signMessage(signer, dispute.id, number, changed), dispute.height + 1)
        tried++
        // what still reads well may go on (another segment without an own commitment, another chunk); nobody else ever loses by it but by the prover's own commitment
        if (outcome !== undefined) expect(outcome.losers).toEqual([party])
      }
      return message
    })
    expect(tried).toBeGreaterThan(20)
  })

  test('bytes that are no canonical payload', async () => {
    const c = await caseOf(model, inputs, tamperAt(5, 5))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const dispute = openedDispute(c)
        const body = encode([dispute.id, 1, bytes])
        const message = {
          body,
          key: c.challenger.key,
          sig: c.challenger.sign(new Uint8Array([...new TextEncoder().encode('utnet/dispute-message/1\0'), ...body])),
        }
        expect(accept(dispute, message, 101).outcome).toMatchObject({ losers: ['challenger'], reason: 'malformed' })
      }),
      { numRuns: 200 },
    )
  })
})
