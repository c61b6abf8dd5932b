import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decode, encode, isUtnetError, toHex, type Cbor } from '../../core/index.ts'
import { decodeMessage, encodeMessage, type Message, type Quorum } from '../messages/index.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map((b) => Uint8Array.from(b))
const block = bytes(32).map(toHex)
const phase = fc.constantFrom('prevote' as const, 'precommit' as const)
const quorum: fc.Arbitrary<Quorum> = fc.record({ height: fc.nat(), round: fc.nat(), phase, block, signers: bytes(2), signature: bytes(96) })
const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    kind: fc.constant('vote' as const),
    height: fc.nat(),
    round: fc.nat(),
    phase,
    block: fc.option(block),
    voter: fc.nat(),
    signature: bytes(96),
  }),
  fc.record({
    kind: fc.constant('proposal' as const),
    height: fc.nat(),
    round: fc.nat(),
    validRound: fc.integer({ min: -1, max: 100 }),
    block,
    proposer: fc.nat(),
    payload: bytes(9),
    lock: fc.option(quorum),
    signature: bytes(64),
  }),
  fc.record({ kind: fc.constant('lock' as const), quorum, payload: bytes(9) }),
  fc.record({ kind: fc.constant('final' as const), certificate: quorum, payload: bytes(9) }),
  fc.record({
    kind: fc.constant('verdict' as const),
    height: fc.nat(),
    block,
    ok: fc.boolean(),
    voter: fc.nat(),
    signature: bytes(96),
  }),
  fc.record({ kind: fc.constant('lack' as const), height: fc.nat(), have: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({ kind: fc.constant('want' as const), height: fc.nat() }),
)

test('a message is the same after its bytes', () => {
  fc.assert(
    fc.property(message, (m) => {
      expect(decodeMessage(encodeMessage(m))).toEqual(m)
    }),
  )
})

/** The list with one field made wrong, in lists within too; each field in turn. */
function spoilt(value: readonly Cbor[], wrong: Cbor): Cbor[][] {
  return value.flatMap((field, i) => {
    const whole = [...value.slice(0, i), wrong, ...value.slice(i + 1)]
    return Array.isArray(field)
      ? [whole, ...spoilt(field as readonly Cbor[], wrong).map((f) => [...value.slice(0, i), f, ...value.slice(i + 1)])]
      : [whole]
  })
}

const refused = (b: Uint8Array): boolean => {
  try {
    decodeMessage(b)
    return false
  } catch (error) {
    return isUtnetError(error)
  }
}

test('each field wrong in turn, missing or too many: refused with a code', () => {
  fc.assert(
    fc.property(message, fc.constantFrom<Cbor>(true, 'text', -1, new Uint8Array(31), { a: 1 }), (m, wrong) => {
      const list = decode(encodeMessage(m)) as readonly Cbor[]
      for (const bad of [...spoilt(list, wrong), list.slice(1), list.slice(0, -1), [...list, null]]) {
        // bytes of any length are a payload or a bit field, and a verdict may be true
        const free =
          (wrong instanceof Uint8Array || (wrong === true && m.kind === 'verdict')) && !refused(encode(bad))
            ? encodeMessage(decodeMessage(encode(bad)))
            : undefined
        if (free === undefined) expect(refused(encode(bad))).toBe(true)
        else expect(free).toEqual(encode(bad))
      }
    }),
    { numRuns: 60 },
  )
})

test('any bytes at all: a message in its one form, or refused with a code', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (b) => {
      if (refused(b)) return
      expect(toHex(encodeMessage(decodeMessage(b)))).toBe(toHex(b))
    }),
  )
  expect(refused(encodeMessage({ kind: 'want', height: 1 }))).toBe(false)
})
