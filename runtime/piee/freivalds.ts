/**
 * Freivalds' check of integer products: C = A * B is believed after C*r = A*(B*r) for random r, which costs n^2 where the product costs n^3.
 *
 * If a row of D = A*B - C has an entry d_j != 0, then for any choice of the other numbers at most one r_j makes its product with r vanish; so of numbers with 16 random
 * bits a false C passes with probability at most 2^-16, and four drawn independently at most 2^-64. The challenge is drawn by hash from what A, B and C hash to: who
 * wants to choose C by it must try 2^64 / tries of them. All arithmetic is exact: see `Exact`.
 */
import { digest, encode, type Cbor, UtnetError } from '../core/index.ts'

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

/**
 * Bounds of what is summed up, |a|, |b| <= 255, r < 2^16: |B*r| <= n * 255 * 2^16, exact for n < 2^29; it is cut at 2^24 into a low part below 2^24 and a high one of at
 * most n, so the two sums over k of products with |a| stay below k * 255 * 2^24 and k * 255 * n; those of C cut at 2^16 below n * 2^32. So all are exact up to the sides
 * here, and two sums high * 2^24 + low are compared as integers of any size.
 */
const SIDE = 1 << 20

function checkSides({ m, k, n, a, b, c }: IntegerProduct): void {
  for (const side of [m, k, n])
    if (!Number.isSafeInteger(side) || side < 1 || side > SIDE) throw new UtnetError('core_bad_argument', `a side of ${side} is not from 1 to ${SIDE}`)
  if (k * 255 * n > EXACT) throw new UtnetError('core_bad_argument', `sides of ${k} and ${n} are beyond exact sums`)
  if (k * 255 * 255 > 0x7fff_ffff) throw new UtnetError('core_bad_argument', `a sum of ${k} products may be beyond i32`)
  if (a.length !== m * k || b.length !== k * n || c.length !== m * n) throw new UtnetError('core_bad_argument', 'a matrix does not have the size that its sides say')
}

/** Whether C is the product, but for a chance of 2^-64 that it is not. Throws `core_bad_argument` for sides beyond exact sums. */
export function checkProduct(product: IntegerProduct, seed: Uint8Array): boolean {
  checkSides(product)
  for (let repetition = 0; repetition < REPETITIONS; repetition++) if (!checkOnce(product, challenge(seed, repetition, product.n))) return false
  return true
}

function checkOnce({ m, k, n, a, b, c }: IntegerProduct, r: Uint16Array): boolean {
  const low = new Float64Array(k)
  const high = new Float64Array(k)
  for (let i = 0; i < k; i++) {
    let sum = 0
    const row = i * n
    for (let j = 0; j < n; j++) sum += (b[row + j] as number) * (r[j] as number)
    high[i] = Math.floor(sum / CUT)
    low[i] = sum - (high[i] as number) * CUT
  }
  for (let i = 0; i < m; i++) {
    let aLow = 0
    let aHigh = 0
    for (let j = 0, at = i * k; j < k; j++, at++) {
      const value = a[at] as number
      aLow += value * (low[j] as number)
      aHigh += value * (high[j] as number)
    }
    let cLow = 0
    let cHigh = 0
    for (let j = 0, at = i * n; j < n; j++, at++) {
      const value = c[at] as number
      const factor = r[j] as number
      cLow += (value & 0xffff) * factor
      cHigh += (value >> 16) * factor
    }
    if (!equal(aHigh, aLow, CUT, cHigh, cLow, 2 ** 16)) return false
  }
  return true
}

/** Whether h1 * f1 + l1 = h2 * f2 + l2, all of them integers that numbers hold. */
function equal(h1: number, l1: number, f1: number, h2: number, l2: number, f2: number): boolean {
  const left = h1 * f1 + l1
  const right = h2 * f2 + l2
  // below 2^52 no step was rounded; beyond, only integers of any size tell
  if (Math.abs(h1 * f1) < 2 ** 52 && Math.abs(l1) < 2 ** 51 && Math.abs(h2 * f2) < 2 ** 52 && Math.abs(l2) < 2 ** 51) return left === right
  return BigInt(h1) * BigInt(f1) + BigInt(l1) === BigInt(h2) * BigInt(f2) + BigInt(l2)
}
