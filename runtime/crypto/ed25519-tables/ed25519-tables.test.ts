import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concatBytes, fromHex, toHex, type SignatureCheck } from '../../core/index.ts'
import { acceptableKey, acceptableSignature } from '../ed25519-rule.ts'
import { verifyEd25519 } from '../ed25519.ts'
import * as native from '../native.ts'
import { readVectors } from '../testing/vectors.ts'
import { KeyTables, timesPoint } from './index.ts'
import { buildKernel } from '../testing/build.ts'
import { ED25519_TABLES_WASM } from './wasm.ts'

const { Point } = ed25519
const L = Point.Fn.ORDER

/** What the tables say once they know the keys. */
function known(checks: readonly SignatureCheck[], tables = new KeyTables()): (boolean | undefined)[] {
  const first = tables.check(checks)
  const met = new Set<string>()
  for (const [i, { key }] of checks.entries()) {
    if (!met.has(toHex(key))) expect(first[i]).toBeUndefined()
    met.add(toHex(key))
  }
  return tables.check(checks)
}

const byNoble = (c: SignatureCheck): boolean => verifyEd25519(c.signature, c.message, c.key)
const signedBy = (secret: Uint8Array, message: Uint8Array): SignatureCheck => ({
  signature: native.signEd25519(message, secret),
  message,
  key: native.publicKeyEd25519(secret),
})
const fit = (c: SignatureCheck): boolean => acceptableSignature(c.signature) && acceptableKey(c.key)

test('the module is what its source gives', async () => {
  expect(Buffer.from(await buildKernel('ed25519-tables')).toString('base64')).toBe(ED25519_TABLES_WASM)
})

test('random secrets, messages and mutations: what the tables say is what noble says', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 0, max: 95 }),
      fc.integer({ min: 0, max: 7 }),
      (secret, message, at, bit) => {
        const good = signedBy(secret, message)
        const changed = concatBytes(good.signature, good.key)
        changed[at] = (changed[at] as number) ^ (1 << bit)
        const bad = { signature: changed.slice(0, 64), message, key: changed.slice(64) }
        const other = { ...good, message: concatBytes(message, Uint8Array.of(1)) }
        const checks = [good, other, ...(fit(bad) ? [bad] : [])]
        // of a key that is no point nothing is said
        expect(known(checks).map((said) => said ?? false)).toEqual(checks.map(byNoble))
      },
    ),
    { numRuns: 20 },
  )
})

test('scalars at the edges: s and k of few and of many ones, near 0 and near the order', () => {
  const x = 0x1234567890abcdefn
  const A = Point.BASE.multiply(x)
  const key = A.toBytes()
  const edges = [1n, 2n, 31n, 32n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 252n - 1n, 2n ** 252n, L - 1n, L - 2n, (2n ** 252n - 1n) / 3n]
  const checks = edges.map((s, n) => {
    // R is chosen, s follows; both are tried as they come
    const R = Point.BASE.multiply(BigInt(n) + 1n).toBytes()
    return { signature: concatBytes(R, Point.Fn.toBytes(s)), message: Uint8Array.of(n), key }
  })
  const good = edges.map((r, n) => {
    const message = Uint8Array.of(100, n)
    const R = Point.BASE.multiply(r).toBytes()
    const k = BigInt(`0x${toHex(sha512(concatBytes(R, key, message)).reverse())}`) % L
    return { signature: concatBytes(R, Point.Fn.toBytes(Point.Fn.create(r + k * x))), message, key }
  })
  expect(known([...checks, ...good])).toEqual([...checks.map(byNoble), ...good.map(() => true)])
})

test('keys with a part of small order: the cofactorless equation decides, as noble says', () => {
  const x = 123456789n
  const checks = ED25519_TORSION_SUBGROUP.flatMap((hex) => {
    const key = Point.BASE.multiply(x)
      .add(Point.fromBytes(fromHex(hex), true))
      .toBytes()
    return Array.from({ length: 8 }, (_, n) => {
      const message = Uint8Array.of(n)
      const r = 987654321n + BigInt(n)
      const R = Point.BASE.multiply(r).toBytes()
      const k = BigInt(`0x${toHex(sha512(concatBytes(R, key, message)).reverse())}`) % L
      return { signature: concatBytes(R, Point.Fn.toBytes(Point.Fn.create(r + k * x))), message, key }
    })
  })
  const said = known(checks)
  expect(said).toEqual(checks.map(byNoble))
  expect(new Set(said).size).toBe(2)
})

interface Wycheproof {
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string }
    readonly tests: readonly { msg: string; sig: string; result: string }[]
  }[]
}
const wycheproof = readVectors<Wycheproof>('wycheproof/ed25519_test.json')
test.skipIf(wycheproof === undefined)('Wycheproof ed25519 by tables (skipped where shared/vectors is absent)', () => {
  const all = (wycheproof?.testGroups ?? []).flatMap((group) =>
    group.tests.map((t) => ({
      check: { signature: fromHex(t.sig), message: fromHex(t.msg), key: fromHex(group.publicKey.pk) },
      valid: t.result === 'valid',
    })),
  )
  const some = all.filter(({ check }) => fit(check))
  expect(some.length).toBeGreaterThan(100)
  const tables = new KeyTables()
  tables.check(some.map((t) => t.check))
  expect(tables.check(some.map((t) => t.check))).toEqual(some.map((t) => t.valid))
  // and through the door, malformed ones among them, three times: unknown, known, known
  for (let i = 0; i < 3; i++) expect(native.verifyEd25519Many(all.map((t) => t.check))).toEqual(all.map((t) => t.valid))
})

test('batches of any size, more keys than there is room for, a key that is no point, a long message', () => {
  const secrets = Array.from({ length: 520 }, (_, i) => {
    const secret = new Uint8Array(32).fill(7)
    secret[0] = i & 255
    secret[1] = i >> 8
    return secret
  })
  const checks = secrets.map((secret, i) => signedBy(secret, Uint8Array.of(i & 255)))
  const wrong = checks.map((c, i) => (i % 3 === 0 ? { ...c, message: Uint8Array.of(1, 2, 3) } : c))
  const tables = new KeyTables(256)
  for (let round = 0; round < 3; round++)
    for (const size of [1, 255, 256, 257, 520])
      for (const [i, said] of tables.check(wrong.slice(0, size)).entries()) if (said !== undefined) expect(said).toBe(i % 3 !== 0)
  const noPoint = new Uint8Array(32).fill(2)
  expect(verifyEd25519(checks[0]?.signature as Uint8Array, Uint8Array.of(0), noPoint)).toBe(false)
  const one = checks[1] as SignatureCheck
  for (let i = 0; i < 300; i++) expect(tables.check([{ ...one, key: noPoint }, one])[0]).toBeUndefined()
  expect(tables.check([one])).toEqual([true])
  expect(tables.check([{ ...one, message: new Uint8Array(65_537) }])).toEqual([undefined])
  expect(() => new KeyTables(255)).toThrow(/room for 256/)
})

test('a point times a scalar is what noble says: random ones, 0, 1, the order and what is beside it, parts of small order', () => {
  const timesOf = (point: InstanceType<typeof Point>, scalar: bigint): void => {
    const bytes = new Uint8Array(32)
    for (let i = 0, left = scalar; i < 32; i++, left >>= 8n) bytes[i] = Number(left & 255n)
    // noble takes scalars below the order; the order times a point is a part of small order
    const rest = point.multiplyUnsafe(L - 1n).add(point)
    const product = point.multiplyUnsafe(scalar % L).add(rest.multiplyUnsafe((scalar / L) % 8n))
    expect(timesPoint(point.toBytes(), bytes)).toEqual(product.toBytes())
  }
  const scalars = [0n, 1n, 2n, 15n, 16n, 2n ** 252n, L - 1n, L, L + 1n, 2n ** 255n - 1n, 2n ** 256n - 1n]
  const points = [Point.BASE, Point.ZERO, ...ED25519_TORSION_SUBGROUP.map((hex) => Point.fromBytes(fromHex(hex), true).add(Point.BASE))]
  for (const point of points) for (const scalar of scalars) timesOf(point, scalar)
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: L - 1n }), fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), (p, scalar) =>
      timesOf(Point.BASE.multiply(p), scalar),
    ),
    { numRuns: 20 },
  )
  expect(timesPoint(new Uint8Array(32).fill(2), new Uint8Array(32).fill(1))).toBeUndefined()
  expect(() => timesPoint(new Uint8Array(31), new Uint8Array(32))).toThrow(/point/)
  expect(() => timesPoint(new Uint8Array(32), new Uint8Array(33))).toThrow(/scalar/)
})
