import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  cidOfDigest,
  DAG_CBOR,
  ERRORS,
  isUtnetError,
  LIMITS,
  MESSAGE_MAX,
  toBase64,
  UtnetError,
  type ErrorCode,
  parseJson,
} from '../../runtime/core/index.ts'
import { base64, errorOf, FieldTicket, formatFailure, formatReceipt, parseFailure, parseReceipt, problemOf, readStream } from './index.ts'

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (isUtnetError(error)) return error.code
    throw error
  }
  return 'nothing thrown'
}

test('a receipt field reads back as the ticket it was made of', () => {
  const bytes = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max })
  fc.assert(
    fc.property(bytes(32, 32), fc.bigInt(0n, 10n ** 15n - 1n), bytes(16, 32), bytes(0, 900), (hash, gas, salt, attestation) => {
      const ticket = {
        id: cidOfDigest(DAG_CBOR, hash).toString(),
        gas: gas.toString(),
        salt: new Uint8Array(salt),
        attestation: new Uint8Array(attestation),
      }
      const field = formatReceipt(ticket)
      expect(field).toMatch(/^b[a-z2-7]+;gas=[0-9]+;salt=:[A-Za-z0-9+/=]+:(;att=:[A-Za-z0-9+/=]+:)?$/)
      expect(parseReceipt(field)).toEqual(ticket)
      const made = new FieldTicket(field)
      expect(formatReceipt(made)).toBe(field)
      expect({ id: made.id, gas: made.gas, salt: made.salt, attestation: made.attestation }).toEqual(ticket)
    }),
  )
})

test('a receipt field may carry parameters of later versions, and nothing malformed', () => {
  const id = cidOfDigest(DAG_CBOR, new Uint8Array(32)).toString()
  expect(parseReceipt(`${id}; new=?1; gas=5; salt=:AAAA:`).gas).toBe('5')
  for (const bad of [
    '',
    id,
    `${id};gas=-1;salt=:AAAA:`,
    `${id};gas=1;salt=AAAA`,
    `${id};gas=1;salt=:AAA:`,
    `x${id};gas=1;salt=:AAAA:`,
    `${id};gas=01;salt=:AAAA:`,
  ]) {
    expect(
      codeOf(() => parseReceipt(bad)),
      bad,
    ).toBe('receipt_invalid')
  }
})

test('every error code survives the way through its problem document with all its fields', () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    if (code === 'node_internal') continue
    const error = new UtnetError(code, 'what was wrong', {
      hint: 'do this',
      limit: 'bodyBytes',
      used: 2n ** 60n,
      allowed: 5,
      details: { offset: 3, rule: 'magic' },
    })
    const back = errorOf(JSON.parse(JSON.stringify(problemOf(error))))
    expect(back).toMatchObject({
      code,
      message: 'what was wrong',
      hint: 'do this',
      limit: 'bodyBytes',
      used: 2n ** 60n,
      allowed: 5,
      details: { offset: 3, rule: 'magic' },
    })
    expect(back?.status).toBe(error.status)
  }
})

test('details cannot speak over the members of a problem, and an unexpected error shows nothing of itself', () => {
  const error = new UtnetError('guest_invalid', 'm', { details: { status: 200, code: 'x', type: 'y' } })
  expect(problemOf(error)).toMatchObject({ status: 400, code: 'guest_invalid', type: 'urn:utnet:error:guest_invalid' })
  expect(JSON.stringify(problemOf(new UtnetError('node_internal', '/secret/path')))).not.toContain('secret')
  expect(errorOf({ code: 'toString' })).toBeUndefined()
  expect(errorOf({ code: 'no_such_code' })).toBeUndefined()
  expect(errorOf([])).toBeUndefined()
})

test('JSON nests as deep as the limit and no deeper; brackets in strings count for nothing', () => {
  const nested = (n: number): Uint8Array => new TextEncoder().encode(`${'['.repeat(n)}"${']['.repeat(500)}\\"["${']'.repeat(n)}`)
  expect(() => parseJson(nested(LIMITS.jsonDepth), 'it')).not.toThrow()
  expect(codeOf(() => parseJson(nested(LIMITS.jsonDepth + 1), 'it'))).toBe('request_invalid')
  expect(codeOf(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22), 'it'))).toBe('request_invalid')
  expect(codeOf(() => parseJson(new TextEncoder().encode('{'), 'it'))).toBe('request_invalid')
})

test('a stream is read to the limit and cancelled at the first byte over it, however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 }),
      fc.integer({ min: 0, max: 120 }),
      async (sizes, allowed) => {
        let cancelled = false
        let given = 0
        const total = sizes.reduce((a, b) => a + b, 0)
        const left = [...sizes]
        const stream = new ReadableStream<Uint8Array>(
          {
            pull(controller) {
              const size = left.shift()
              if (size === undefined) return controller.close()
              controller.enqueue(Uint8Array.from({ length: size }, () => given++ & 255))
            },
            cancel() {
              cancelled = true
            },
          },
          { highWaterMark: 0 },
        )
        const reading = readStream(stream, { code: 'request_too_large', limit: 'bodyBytes', what: 'body', allowed })
        const outcome = await reading.catch((error: unknown) => error)
        const refusal = { code: 'request_too_large', limit: 'bodyBytes', allowed }
        expect(outcome).toEqual(total <= allowed ? Uint8Array.from({ length: total }, (_, i) => i & 255) : expect.objectContaining(refusal))
        expect(cancelled).toBe(total > allowed)
      },
    ),
  )
})

test('a body that is not as long as announced is refused', async () => {
  const stream = (): ReadableStream<Uint8Array> => new Blob([new Uint8Array(10)]).stream()
  const limit = { code: 'request_too_large', limit: 'bodyBytes', what: 'body', allowed: 100 } as const
  expect((await readStream(stream(), { ...limit, length: 10 })).length).toBe(10)
  await expect(readStream(stream(), { ...limit, length: 9 })).rejects.toMatchObject({ code: 'request_invalid' })
  await expect(readStream(stream(), { ...limit, length: 11 })).rejects.toMatchObject({ code: 'request_invalid' })
})

test('base64 is the same with and without the engine', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (raw) => {
      expect(base64(new Uint8Array(raw))).toBe(toBase64(raw))
    }),
  )
})

test('the field of a failure says what it was told, whatever the guest calls itself', () => {
  expect(formatFailure({ status: 'trap' })).toBe('trap')
  expect(formatFailure({ status: 'refused', at: 'a"b\\c', line: 'x.ts:1:2' })).toBe('refused;at="a\\"b\\\\c";line="x.ts:1:2"')
  const limited = { status: 'trap' as const, at: 'f', limit: 'headerBytes', allowed: 16_384 }
  expect(formatFailure(limited)).toBe('trap;at="f";limit=headerBytes;allowed=16384')
  expect(parseFailure(formatFailure(limited))).toEqual(limited)
  for (const text of [
    '',
    'ok',
    'trap;',
    'trap;at=x',
    'trap;line="a";at="b"',
    'trap;at="a',
    'trap;at="a\\"',
    'trap;limit="a"',
    'trap;allowed=-1',
  ])
    expect(parseFailure(text), text).toBeUndefined()
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constant('x'.repeat(600)))
  fc.assert(
    fc.property(fc.option(text), fc.option(text), (at, line) => {
      const failure = { status: 'out-of-gas' as const, ...(at === null ? {} : { at }), ...(line === null ? {} : { line }) }
      const field = formatFailure(failure)
      expect(field).toMatch(/^[\x20-\x7e]*$/)
      const shown = (value: string): string => value.slice(0, 512).replaceAll(/[^\x20-\x7e]/g, '?')
      expect(parseFailure(field)).toEqual({
        status: 'out-of-gas',
        ...(at === null ? {} : { at: shown(at) }),
        ...(line === null ? {} : { line: shown(line) }),
      })
    }),
  )
})

test('a message that quotes megabytes of a request is cut, between characters', () => {
  const whole = 'x'.repeat(MESSAGE_MAX)
  expect(problemOf(new UtnetError('model_invalid', whole)).detail).toBe(whole)
  expect(problemOf(new UtnetError('model_invalid', `${whole}y`)).detail).toBe(`${whole}...`)
  const { message } = new UtnetError('model_invalid', `${whole.slice(1)}${String.fromCodePoint(0x1f600)}`)
  expect(message.isWellFormed()).toBe(true)
})
