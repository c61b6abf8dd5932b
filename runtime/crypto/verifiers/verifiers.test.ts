import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { LIMITS, type SignatureCheck } from '../../core/index.ts'
import * as native from '../native.ts'
import { openVerifiers } from './index.ts'
import { packChecks, unpackChecks } from './wire.ts'

const signers = Array.from({ length: 12 }, (_, i) => native.openSigner(new Uint8Array(32).fill(i + 1)))
const checkOf = (by: number, message: Uint8Array): SignatureCheck => {
  const signer = signers[by % signers.length] as native.Signer
  return { signature: signer.sign(message), message, key: signer.key }
}

const two = openVerifiers(2)
afterAll(() => two.close())

test('checks come out of their buffer as they went in', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 12 }), (messages) => {
      const checks = messages.map((message, i) => checkOf(i, message))
      expect(unpackChecks(packChecks(checks), checks.length)).toEqual(checks)
    }),
    { numRuns: 30 },
  )
})

test('threads say of each signature what this thread says, in its order, whatever the sizes and however many are asked at once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.tuple(fc.nat(11), fc.uint8Array({ maxLength: 60 }), fc.option(fc.nat(63))), { maxLength: 40 }), {
        minLength: 1,
        maxLength: 5,
      }),
      async (lists) => {
        const batches = lists.map((list) =>
          list.map(([by, message, flip]) => {
            const check = checkOf(by, message)
            if (flip !== null) check.signature[flip] = (check.signature[flip] as number) ^ 1
            return check
          }),
        )
        const said = await Promise.all(batches.map((batch) => two.check(batch)))
        expect(said).toEqual(lists.map((list) => list.map(([, , flip]) => flip === null)))
      },
    ),
    { numRuns: 20 },
  )
})

test('malformed ones are invalid and no error, as on this thread', async () => {
  const good = Array.from({ length: 20 }, (_, i) => checkOf(i, Uint8Array.of(i)))
  const bad = [
    { ...(good[0] as SignatureCheck), key: new Uint8Array(31) },
    { ...(good[1] as SignatureCheck), signature: new Uint8Array(0) },
    { ...(good[2] as SignatureCheck), signature: new Uint8Array(65) },
  ]
  expect(await two.check([...good, ...bad])).toEqual([...good.map(() => true), false, false, false])
  expect(await two.check([])).toEqual([])
})

test('more than may wait, and what a closed one is asked, is checked here', async () => {
  const message = Uint8Array.of(1)
  const many = Array.from({ length: 16 }, (_, i) => checkOf(i, message))
  const over = openVerifiers(1)
  const first = over.check(many)
  const rest = Array.from({ length: LIMITS.signaturesWaiting - 15 }, () => many[0] as SignatureCheck)
  // one over the limit with those that wait: answered although no thread took it
  let done = false
  void first.then(() => (done = true))
  expect((await over.check(rest)).every(Boolean)).toBe(true)
  expect(done).toBe(false)
  const left = over.check(many)
  await over.close()
  expect(await first).toEqual(many.map(() => true))
  expect(await left).toEqual(many.map(() => true))
  expect(await over.check(many)).toEqual(many.map(() => true))
})
