/**
 * Freivalds' check of integer products: C = A * B is believed after C*r = A*(B*r) for random r, which costs n^2 where the product costs n^3.
 *
 * If a row of D = A*B - C has an entry d_j != 0, then for any choice of the other numbers at most one r_j makes its product with r vanish; so of numbers with 16 random
 * bits a false C passes with probability at most 2^-16, and four drawn independently at most 2^-64. The challenge is drawn by hash from what A, B and C hash to: who
 * wants to choose C by it must try 2^64 / tries of them. All arithmetic is exact: see `Exact`.
 */
import { digest, encode, type Cbor, UtnetError } from '../core/index.ts'

/** Challenges of one check, and bits of each number in them: a wrong product passes with probability 2^-64 at most. */
export const REPETITIONS = 4
export const BITS = 16

/** Integer matrices, row-major: A [m, k], B [k, n], C [m, n]. */
export interface IntegerProduct {
  readonly m: number
  readonly k: number
  readonly n: number
  /** Within -255..255: bytes after their zero points were taken off. */
  readonly a: ArrayLike<number>
  readonly b: ArrayLike<number>
  /** i32. */
  readonly c: ArrayLike<number>
}

/** Numbers of 16 random bits each: `count` of them, the same for the same seed. */
export function challenge(seed: Uint8Array, repetition: number, count: number): Uint16Array {
  const numbers = new Uint16Array(count)
  for (let at = 0, block = 0; at < count; block++) {
    const bytes = digest('freivalds', encode([seed, repetition, block]))
    for (let i = 0; i < 32 && at < count; i += 2) numbers[at++] = ((bytes[i] as number) << 8) | (bytes[i + 1] as number)
  }
  return numbers
}

/** What a challenge is drawn from: everything that the check is about, so that none of it can be chosen behind it. */
export const challengeSeed = (about: readonly Cbor[]): Uint8Array => digest('freivalds-seed', encode([...about]))

/** Sums stay exact below this. */
const EXACT = Number.MAX_SAFE_INTEGER
/** Where numbers are cut in two. */
const CUT = 2 ** 24
/** And those of C. */
const HALF = 2 ** 16

/**
 * Bounds of what is summed up, |a|, |b| <= 255, r < 2^16: |B*r| <= n * 255 * 2^16, exact for n < 2^29; it is cut at 2^24 into a low part below 2^24 and a high one of at
 * most n, so the two sums over k of products with |a| stay below k * 255 * 2^24 and k * 255 * n; those of C cut at 2^16 below n * 2^32. So all are exact up to the sides
 * here, and two sums high * 2^24 + low are compared as integers of any size.
 */
const SIDE = 1 << 20

function checkSides({ m, k, n, a, b, c }: IntegerProduct): void {
  for (const side of [m, k, n])
    if (!Number.isSafeInteger(side) || side < 1 || side > SIDE)
      throw new UtnetError('core_bad_argument', `a side of ${side} is not from 1 to ${SIDE}`)
  if (k * 255 * n > EXACT) throw new UtnetError('core_bad_argument', `sides of ${k} and ${n} are beyond exact sums`)
  if (k * 255 * 255 > 0x7fff_ffff) throw new UtnetError('core_bad_argument', `a sum of ${k} products may be beyond i32`)
  if (a.length !== m * k || b.length !== k * n || c.length !== m * n)
    throw new UtnetError('core_bad_argument', 'a matrix does not have the size that its sides say')
}

/** Whether C is the product, but for a chance of 2^-64 that it is not. Throws `core_bad_argument` for sides beyond exact sums. */
export function checkProduct(product: IntegerProduct, seed: Uint8Array): boolean {
  checkSides(product)
  const { m, k, n, a, b, c } = product
  // the four vectors of a place stand side by side: each matrix is read once
  const r = sideBySide(Array.from({ length: REPETITIONS }, (_, repetition) => challenge(seed, repetition, n)))
  const high = new Float64Array(4 * k)
  const low = new Float64Array(4 * k)
  for (let i = 0; i < k; i++) {
    let [s0, s1, s2, s3] = [0, 0, 0, 0]
    for (let j = 0, at = i * n, v = 0; j < n; j++, at++, v += 4) {
      const value = b[at] as number
      s0 += value * (r[v] as number)
      s1 += value * (r[v + 1] as number)
      s2 += value * (r[v + 2] as number)
      s3 += value * (r[v + 3] as number)
    }
    const sums = [s0, s1, s2, s3]
    for (let v = 0; v < 4; v++) {
      const sum = sums[v] as number
      high[4 * i + v] = Math.floor(sum / CUT)
      low[4 * i + v] = sum - Math.floor(sum / CUT) * CUT
    }
  }
  for (let i = 0; i < m; i++) {
    let [h0, h1, h2, h3, l0, l1, l2, l3] = [0, 0, 0, 0, 0, 0, 0, 0]
    for (let j = 0, at = i * k, v = 0; j < k; j++, at++, v += 4) {
      const value = a[at] as number
      h0 += value * (high[v] as number)
      h1 += value * (high[v + 1] as number)
      h2 += value * (high[v + 2] as number)
      h3 += value * (high[v + 3] as number)
      l0 += value * (low[v] as number)
      l1 += value * (low[v + 1] as number)
      l2 += value * (low[v + 2] as number)
      l3 += value * (low[v + 3] as number)
    }
    let [p0, p1, p2, p3, q0, q1, q2, q3] = [0, 0, 0, 0, 0, 0, 0, 0]
    for (let j = 0, at = i * n, v = 0; j < n; j++, at++, v += 4) {
      const value = c[at] as number
      const upper = value >> 16
      const lower = value & 0xffff
      p0 += upper * (r[v] as number)
      p1 += upper * (r[v + 1] as number)
      p2 += upper * (r[v + 2] as number)
      p3 += upper * (r[v + 3] as number)
      q0 += lower * (r[v] as number)
      q1 += lower * (r[v + 1] as number)
      q2 += lower * (r[v + 2] as number)
      q3 += lower * (r[v + 3] as number)
    }
    if (
      !equal(h0, l0, CUT, p0, q0, HALF) ||
      !equal(h1, l1, CUT, p1, q1, HALF) ||
      !equal(h2, l2, CUT, p2, q2, HALF) ||
      !equal(h3, l3, CUT, p3, q3, HALF)
    )
      return false
  }
  return true
}

function sideBySide(vectors: readonly Uint16Array[]): Float64Array {
  const n = (vectors[0] as Uint16Array).length
  return Float64Array.from({ length: 4 * n }, (_, i) => (vectors[i & 3] as Uint16Array)[i >> 2] as number)
}

/** Whether h1 * f1 + l1 = h2 * f2 + l2, all of them integers that numbers hold. */
function equal(h1: number, l1: number, f1: number, h2: number, l2: number, f2: number): boolean {
  const left = h1 * f1 + l1
  const right = h2 * f2 + l2
  // below 2^52 no step was rounded; beyond, only integers of any size tell
  if (Math.abs(h1 * f1) < 2 ** 52 && Math.abs(l1) < 2 ** 51 && Math.abs(h2 * f2) < 2 ** 52 && Math.abs(l2) < 2 ** 51) return left === right
  return BigInt(h1) * BigInt(f1) + BigInt(l1) === BigInt(h2) * BigInt(f2) + BigInt(l2)
}
