import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LIMITS, sha256, utf8 } from '../../core/index.ts'
import { useNativeHashes } from '../../crypto/native.ts'
import { bloomDigest, fingerprint, fingerprints, holdsPrint, makeBloom, mayContain, type BloomItem } from './index.ts'

useNativeHashes()

const KINDS = ['address', 'contract', 'variable', 'result', 'record', 'event'] as const
const items = fc.array(fc.tuple(fc.constantFrom(...KINDS), fc.uint8Array({ maxLength: 60 })), { maxLength: 200 })
const numbered = (n: number, of: string): BloomItem[] =>
  Array.from({ length: n }, (_, i) => ['address', sha256(utf8(`${of} ${i}`)).subarray(12)] as const)

test('U3.1-BLM-1 no filter misses an item, whatever it holds and however it is split', () => {
  fc.assert(
    fc.property(items, fc.integer({ min: 1, max: 64 }), (all, most) => {
      const prints = all.map(fingerprint)
      for (const filter of [makeBloom(prints), makeBloom([fingerprints(all)]), makeBloom(prints, most)])
        for (const print of prints) expect(mayContain(filter, print)).toBe(true)
      expect(makeBloom([fingerprints(all), fingerprints(all)])).toEqual(makeBloom(prints.toReversed()))
      for (const print of prints) expect(holdsPrint(fingerprints(all), print)).toBe(true)
    }),
    { numRuns: 10000 },
  )
})

test('U3.1-BLM-1 less than one item in a hundred that is not there seems to be, from a few items to a full block', () => {
  for (const count of [20, 200, 2_000, 20_000]) {
    const filter = makeBloom([fingerprints(numbered(count, 'in'))])
    expect(filter.length).toBe(Math.max(32, Math.ceil((count * 10) / 8)))
    const wrong = numbered(20_000, 'out').filter((item) => mayContain(filter, fingerprint(item))).length
    // 0.0082 of 20,000 is 164; the digests are the same in every run
    expect(wrong, `${count} items`).toBeLessThan(200)
  }
})

test('U3.1-BLM-1 a filter is never larger than the limit, and over it still misses nothing', () => {
  const full = Math.floor((LIMITS.bloomBytes * 8) / 10)
  // as good as digests: the words of a Weyl sequence, all of them distinct
  const prints = new Uint8Array((full + 1) * 8)
  const view = new DataView(prints.buffer)
  for (let i = 0; i <= full; i++) view.setBigUint64(i * 8, BigInt.asUintN(64, BigInt(i + 1) * 0x9e37_79b9_7f4a_7c15n))
  const most = makeBloom([prints.subarray(8)])
  expect(most.length).toBe(LIMITS.bloomBytes)
  const filter = makeBloom([prints])
  expect(filter.length).toBe(LIMITS.bloomBytes)
  for (let at = 0; at < prints.length; at += 8)
    if (!mayContain(filter, prints.subarray(at, at + 8))) throw new Error(`fingerprint ${at} is missed`)
})

test('kinds are apart, fingerprints that share their first word too, and the digest is of every bit', () => {
  expect(fingerprint(['address', utf8('a')])).not.toEqual(fingerprint(['contract', utf8('a')]))
  const twins = [Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), Uint8Array.of(1, 2, 3, 4, 8, 7, 6, 5), Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 1)]
  const filter = makeBloom([...twins, ...twins])
  expect(twins.every((print) => mayContain(filter, print))).toBe(true)
  expect(holdsPrint(twins[0] as Uint8Array, twins[1] as Uint8Array)).toBe(false)
  const other = filter.slice()
  other[31] = (other[31] as number) ^ 1
  expect(bloomDigest(other)).not.toEqual(bloomDigest(filter))
  expect(makeBloom([]).every((byte) => byte === 0)).toBe(true)
})
