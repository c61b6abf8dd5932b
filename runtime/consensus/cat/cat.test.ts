import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cidOf, DAG_CBOR, decode, digest, encode, isUtnetError, LIMITS, toHex, utf8, type Cbor } from '../../core/index.ts'
import { crypto } from '../testing/test-kit.ts'
import {
  CAT_DRAWS,
  catAnswerMessage,
  catChallenge,
  checkAggregate,
  checkCat,
  decodeCat,
  drawOperator,
  drawSeats,
  encodeCat,
  makeCat,
  NO_CAT,
  shownResult,
  type Cat,
  type AnsweringChips,
} from './index.ts'
import type { TestChip } from '../power/testing/chips.ts'
import { seatsOf, signerOf, summedSecret, testChips } from './testing/chips.ts'

crypto.useNativeHashes()

const CHAIN = cidOf(DAG_CBOR, utf8('cat'))
const OTHER_CHAIN = cidOf(DAG_CBOR, utf8('other'))
const NODE = new Uint8Array(32).fill(1)
const OTHER_NODE = new Uint8Array(32).fill(2)
const SEED = new Uint8Array(32).fill(3)
const RESULT = digest('test', utf8('result'))
const chips = testChips('a', 60)
const seats = seatsOf(chips)
const CHALLENGE = catChallenge(CHAIN, 7, SEED, NODE)

const made = async (challenge = CHALLENGE, of: readonly TestChip[] = chips, result = RESULT): Promise<Uint8Array> =>
  (await makeCat(challenge, seatsOf(of), result, signerOf(of))) as Uint8Array

const faultOf = (bytes: Uint8Array, challenge = CHALLENGE, of: AnsweringChips = seats): string | undefined =>
  checkCat(bytes, challenge, of, crypto).fault

test('U2.5-CAT-1 C1 the drawn chips answer a challenge, and the answer holds for it', async () => {
  const cat = await made()
  expect(checkCat(cat, CHALLENGE, seats, crypto)).toEqual({ fault: undefined, result: shownResult(RESULT) })
  expect(cat.length).toBeLessThanOrEqual(LIMITS.catBytes)
  expect(decodeCat(cat).answers.length).toBe(drawSeats(CHALLENGE, seats.count).length)
})

test('chips whose engine has P-256 only answer alike, beside others', async () => {
  const mixed = [...chips.slice(0, 4), ...testChips('p', 4, { alg: 'p256' })]
  const cat = await made(CHALLENGE, mixed)
  expect(faultOf(cat, CHALLENGE, seatsOf(mixed))).toBeUndefined()
  expect(decodeCat(cat).answers).toHaveLength(8)
  const others = [...chips.slice(0, 4), ...testChips('q', 4, { alg: 'p256' })]
  const forged = { ...decodeCat(await made(CHALLENGE, others)), aggregate: decodeCat(cat).aggregate }
  expect(faultOf(encodeCat(forged), CHALLENGE, seatsOf(mixed))).toBe('answer')
})

test('a node with one chip answers with it, one with none has nothing to show', async () => {
  const one = chips.slice(0, 1)
  const cat = await made(CHALLENGE, one)
  expect(decodeCat(cat).answers).toHaveLength(1)
  expect(faultOf(cat, CHALLENGE, seatsOf(one))).toBeUndefined()
  expect(faultOf(NO_CAT, CHALLENGE, seatsOf([]))).toBe('no-chips')
  expect(faultOf(cat, CHALLENGE, seatsOf([]))).toBe('no-chips')
  expect(faultOf(NO_CAT)).toBe('none')
})

describe('an answer is bound to all that it answers to', () => {
  test.each([
    ['chain', catChallenge(OTHER_CHAIN, 7, SEED, NODE)],
    ['height', catChallenge(CHAIN, 8, SEED, NODE)],
    ['seed', catChallenge(CHAIN, 7, RESULT, NODE)],
    ['node', catChallenge(CHAIN, 7, SEED, OTHER_NODE)],
  ])('another %s: a copied answer does not hold', async (_, other) => {
    expect(toHex(other)).not.toBe(toHex(CHALLENGE))
    expect(faultOf(await made(other))).toBeDefined()
    // of one chip, so that the same one is drawn by every challenge: neither the aggregate nor the answer can be carried over
    const one = chips.slice(0, 1)
    const own = decodeCat(await made(CHALLENGE, one))
    const foreign = decodeCat(await made(other, one))
    expect(faultOf(encodeCat(own), CHALLENGE, seatsOf(one))).toBeUndefined()
    expect(faultOf(encodeCat(foreign), CHALLENGE, seatsOf(one))).toBe('aggregate')
    expect(faultOf(encodeCat({ ...own, answers: foreign.answers }), CHALLENGE, seatsOf(one))).toBe('answer')
  })

  test('another result, another chip, another order', async () => {
    const cat = decodeCat(await made())
    expect(faultOf(encodeCat({ ...cat, result: SEED }))).toBe('answer')
    const [first, second, ...rest] = cat.answers as [Uint8Array, Uint8Array, ...Uint8Array[]]
    expect(faultOf(encodeCat({ ...cat, answers: [second, first, ...rest] }))).toBe('answer')
    expect(faultOf(encodeCat({ ...cat, answers: [first, first, ...rest] }))).toBe('answer')
    // chips of another node, though they answer to the right challenge
    expect(faultOf(await made(CHALLENGE, testChips('b', 60)))).toBe('aggregate')
  })

  test('the own serial is part of what a chip signs', () => {
    const [a, b] = chips as [TestChip, TestChip]
    expect(catAnswerMessage(CHALLENGE, a.serial, RESULT)).not.toEqual(catAnswerMessage(CHALLENGE, b.serial, RESULT))
  })
})

describe('U2.5-AGG-1 U2.5-AGG-2 C7 the aggregate of all chips (eq. 10 to 14)', () => {
  const few = chips.slice(0, 8)
  const fewSeats = seatsOf(few)
  const sum = (of: readonly TestChip[], message = CHALLENGE): Uint8Array =>
    crypto.blsAggregate(of.map((c) => crypto.blsSign(message, c.blsSecret)))

  test('N signatures over one message become one, checked against N keys at once (eq. 10, 11, 14)', () => {
    expect(checkAggregate(sum(few), CHALLENGE, fewSeats, crypto)).toBe(true)
    expect(
      crypto.blsFastAggregateVerify(
        sum(few),
        CHALLENGE,
        few.map((c) => c.bls),
      ),
    ).toBe(true)
  })

  test('signature j does not pass under key i (eq. 12, 13)', () => {
    for (const [i, a] of few.slice(0, 3).entries())
      for (const [j, b] of few.slice(0, 3).entries())
        expect(crypto.blsVerify(crypto.blsSign(CHALLENGE, a.blsSecret), CHALLENGE, b.bls)).toBe(i === j)
  })

  test('one missing, one wrong, one twice, or one over another message fails the whole', () => {
    const stranger = testChips('stranger', 1)[0] as TestChip
    const [first, ...rest] = few as [TestChip, ...TestChip[]]
    expect(checkAggregate(sum(rest), CHALLENGE, fewSeats, crypto)).toBe(false)
    expect(checkAggregate(sum([stranger, ...rest]), CHALLENGE, fewSeats, crypto)).toBe(false)
    expect(checkAggregate(sum([first, first, ...rest]), CHALLENGE, fewSeats, crypto)).toBe(false)
    expect(checkAggregate(sum(few, SEED), CHALLENGE, fewSeats, crypto)).toBe(false)
    const odd = crypto.blsAggregate([crypto.blsSign(SEED, first.blsSecret), ...rest.map((c) => crypto.blsSign(CHALLENGE, c.blsSecret))])
    expect(checkAggregate(odd, CHALLENGE, fewSeats, crypto)).toBe(false)
  })

  test('the sum of the secrets signs for all chips at once; that does not help, for drawn chips sign singly', async () => {
    const secret = summedSecret(few)
    const aggregate = crypto.blsSign(CHALLENGE, secret)
    // the hole of the white paper: this aggregate passes, with one key in one machine
    expect(checkAggregate(aggregate, CHALLENGE, fewSeats, crypto)).toBe(true)
    expect(aggregate).toEqual(sum(few))
    const held = signerOf(few, new Set([1, 2, 3, 4, 5, 6, 7]))
    expect(await makeCat(CHALLENGE, fewSeats, RESULT, held)).toBeUndefined()
    // nor is there one without the sum
    expect(await makeCat(CHALLENGE, fewSeats, RESULT, { ...signerOf(few), aggregate: () => undefined })).toBeUndefined()
    const forged = drawSeats(CHALLENGE, few.length).map((index) => {
      const { serial } = fewSeats.seat(index)
      return (few[0] as TestChip).sign(catAnswerMessage(CHALLENGE, serial, shownResult(RESULT)))
    })
    expect(faultOf(encodeCat({ result: RESULT, aggregate, answers: forged }), CHALLENGE, fewSeats)).toBe('answer')
  })
})

describe('the draw', () => {
  test('is a function of challenge and count, in range, each seat once', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.integer({ min: 1, max: 1_000_000 }), (bytes, count) => {
        const drawn = drawSeats(Uint8Array.from(bytes), count)
        expect(drawSeats(Uint8Array.from(bytes), count)).toEqual(drawn)
        expect(new Set(drawn).size).toBe(drawn.length)
        expect(drawn.length).toBeLessThanOrEqual(Math.min(CAT_DRAWS, count))
        expect(drawn.every((i) => Number.isSafeInteger(i) && i >= 0 && i < count)).toBe(true)
      }),
    )
  })

  test('a tenth of the chips missing is caught with 99 %: the exact chance, and 4,000 draws within 5 sigma of it', () => {
    const exact = 1 - 0.9 ** CAT_DRAWS
    expect(exact).toBeGreaterThan(0.99)
    const rounds = 4_000
    let caught = 0
    for (let i = 0; i < rounds; i++) if (drawSeats(digest('test', encode(['caught', i])), 10_000).some((seat) => seat < 1_000)) caught++
    expect(Math.abs(caught / rounds - exact)).toBeLessThan(5 * Math.sqrt((exact * (1 - exact)) / rounds))
  })

  test('operators are all drawn, and none without a list', () => {
    const names = ['a', 'b', 'c']
    const seen = new Set(Array.from({ length: 100 }, (_, i) => drawOperator(digest('test', encode(['op', i])), names)))
    expect([...seen].sort()).toEqual(names)
    expect(() => drawOperator(CHALLENGE, [])).toThrow('there is no operator')
    expect(() => drawSeats(CHALLENGE, 0)).toThrow('there must be a seat')
  })
})

describe('the bytes', () => {
  const cat: Cat = {
    result: RESULT,
    aggregate: new Uint8Array(96).fill(5),
    answers: Array.from({ length: CAT_DRAWS }, () => new Uint8Array(64).fill(6)),
  }

  test('come back as they were, at most answers too', () => {
    expect(decodeCat(encodeCat(cat))).toEqual(cat)
    expect(encodeCat(cat).length).toBeLessThanOrEqual(LIMITS.catBytes)
  })

  test('each field wrong in turn, one answer over the limit, one byte over the limit: refused with a code, and a block does not fall over it', () => {
    const list = decode(encodeCat(cat)) as readonly Cbor[]
    const wrongs: Cbor[] = [0, 2, null, true, 'text', new Uint8Array(31), new Uint8Array(97), [], [1], { a: 1 }]
    const bad = list.flatMap((_, i) => wrongs.map((wrong) => [...list.slice(0, i), wrong, ...list.slice(i + 1)]))
    const long = [...cat.answers, new Uint8Array(64)]
    for (const value of [...bad, list.slice(1), [...list, 1], [1, cat.result, cat.aggregate, long], [1, cat.result, cat.aggregate, []]]) {
      let error: unknown
      try {
        decodeCat(encode(value))
      } catch (thrown) {
        error = thrown
      }
      expect(isUtnetError(error)).toBe(true)
      expect(faultOf(encode(value))).toBe('form')
    }
    expect(() => decodeCat(new Uint8Array(LIMITS.catBytes + 1))).toThrow('over the limit')
    expect(() => decodeCat(new Uint8Array(LIMITS.catBytes))).not.toThrow('over the limit')
  })

  test('any bytes at all: a fault, never an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(['none', 'form']).toContain(faultOf(Uint8Array.from(bytes)))
      }),
    )
  })

  test('any byte changed: refused', async () => {
    const good = await made()
    for (let at = 0; at < good.length; at += 97) {
      const bad = good.slice()
      bad[at] = (bad[at] as number) ^ 1
      expect(faultOf(bad)).toBeDefined()
    }
  })
})
