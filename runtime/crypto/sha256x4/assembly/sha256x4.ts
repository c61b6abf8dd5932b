/**
 * SHA-256 (FIPS 180-4) of many messages, four at a time: lane i of every vector belongs to message i.
 *
 * A job is 16 bytes: address of the message, its length, where the digest goes, and a second place for it or 0. Padding is written behind the message: the
 * 72 bytes there must be free. Lanes of unequal length run as long as the longest and are masked once they have ended.
 */

// The round constants of section 4.2.2.
const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
  0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
  0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
  0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
  0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
  0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
])
/** The message schedule: 64 vectors. */
const W: usize = memory.data(1024, 16)

function rotr(x: v128, n: i32): v128 {
  return v128.or(i32x4.shr_u(x, n), i32x4.shl(x, 32 - n))
}

function swapped(at: usize): v128 {
  const x = v128.load(at)
  return i8x16.shuffle(x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12)
}

/** Writes the padding of a message; gives its blocks. */
function pad(at: usize, length: u32): u32 {
  const blocks = (length + 72) >> 6
  const last = at + (blocks << 6) - 8
  store<u8>(at + length, 0x80)
  // May run into the field of the length, which comes after.
  for (let p = at + length + 1; p < last; p += 8) store<u64>(p, 0)
  store<u64>(last, bswap<u64>((<u64>length) << 3))
  return blocks
}

/** Words 4q to 4q+3 of the four messages' blocks. */
function loadWords(q: usize, p0: usize, p1: usize, p2: usize, p3: usize): void {
  const a = swapped(p0 + (q << 4))
  const b = swapped(p1 + (q << 4))
  const c = swapped(p2 + (q << 4))
  const d = swapped(p3 + (q << 4))
  const ab = i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23)
  const cd = i8x16.shuffle(c, d, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23)
  const ef = i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31)
  const gh = i8x16.shuffle(c, d, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31)
  const w = W + (q << 6)
  v128.store(w, i8x16.shuffle(ab, cd, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23))
  v128.store(w, i8x16.shuffle(ab, cd, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31), 16)
  v128.store(w, i8x16.shuffle(ef, gh, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23), 32)
  v128.store(w, i8x16.shuffle(ef, gh, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31), 48)
}

function expand(): void {
  for (let w = W + 256; w < W + 1024; w += 16) {
    const x = v128.load(w - 240)
    const y = v128.load(w - 32)
    const s0 = v128.xor(v128.xor(rotr(x, 7), rotr(x, 18)), i32x4.shr_u(x, 3))
    const s1 = v128.xor(v128.xor(rotr(y, 17), rotr(y, 19)), i32x4.shr_u(y, 10))
    v128.store(w, i32x4.add(i32x4.add(v128.load(w - 256), s0), i32x4.add(v128.load(w - 112), s1)))
  }
}

function first(e: v128, f: v128, g: v128, h: v128, t: usize): v128 {
  const sum = v128.xor(v128.xor(rotr(e, 6), rotr(e, 11)), rotr(e, 25))
  const choice = v128.xor(g, v128.and(e, v128.xor(f, g)))
  const word = i32x4.add(v128.load(W + (t << 4)), v128.load_splat<u32>(K + (t << 2)))
  return i32x4.add(i32x4.add(h, word), i32x4.add(sum, choice))
}

function second(a: v128, b: v128, c: v128): v128 {
  const sum = v128.xor(v128.xor(rotr(a, 2), rotr(a, 13)), rotr(a, 22))
  return i32x4.add(sum, v128.xor(v128.and(a, b), v128.and(c, v128.xor(a, b))))
}

/** Four vectors of words as the 16 bytes at `at` of four digests. */
function give(q: usize, a: v128, b: v128, c: v128, d: v128, jobs: usize, lanes: u32): void {
  const ab = i8x16.shuffle(a, b, 3, 2, 1, 0, 19, 18, 17, 16, 7, 6, 5, 4, 23, 22, 21, 20)
  const cd = i8x16.shuffle(c, d, 3, 2, 1, 0, 19, 18, 17, 16, 7, 6, 5, 4, 23, 22, 21, 20)
  const ef = i8x16.shuffle(a, b, 11, 10, 9, 8, 27, 26, 25, 24, 15, 14, 13, 12, 31, 30, 29, 28)
  const gh = i8x16.shuffle(c, d, 11, 10, 9, 8, 27, 26, 25, 24, 15, 14, 13, 12, 31, 30, 29, 28)
  put(q, i8x16.shuffle(ab, cd, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23), jobs)
  if (lanes > 1) put(q, i8x16.shuffle(ab, cd, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31), jobs + 16)
  if (lanes > 2) put(q, i8x16.shuffle(ef, gh, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23), jobs + 32)
  if (lanes > 3) put(q, i8x16.shuffle(ef, gh, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31), jobs + 48)
}

function put(q: usize, words: v128, job: usize): void {
  v128.store(load<u32>(job, 8) + q, words)
  const also = load<u32>(job, 12)
  if (also !== 0) v128.store(also + q, words)
}

function four(jobs: usize, lanes: u32): void {
  const p0 = load<u32>(jobs)
  const n0 = pad(p0, load<u32>(jobs, 4))
  let p1 = p0
  let p2 = p0
  let p3 = p0
  let n1: u32 = 0
  let n2: u32 = 0
  let n3: u32 = 0
  if (lanes > 1) {
    p1 = load<u32>(jobs, 16)
    n1 = pad(p1, load<u32>(jobs, 20))
  }
  if (lanes > 2) {
    p2 = load<u32>(jobs, 32)
    n2 = pad(p2, load<u32>(jobs, 36))
  }
  if (lanes > 3) {
    p3 = load<u32>(jobs, 48)
    n3 = pad(p3, load<u32>(jobs, 52))
  }
  let counts = i32x4.splat(n0)
  counts = i32x4.replace_lane(counts, 1, n1)
  counts = i32x4.replace_lane(counts, 2, n2)
  counts = i32x4.replace_lane(counts, 3, n3)
  const longest = max(max(n0, n1), max(n2, n3))
  // The initial value of section 5.3.3.
  let s0 = i32x4.splat(0x6a09e667)
  let s1 = i32x4.splat(0xbb67ae85)
  let s2 = i32x4.splat(0x3c6ef372)
  let s3 = i32x4.splat(0xa54ff53a)
  let s4 = i32x4.splat(0x510e527f)
  let s5 = i32x4.splat(0x9b05688c)
  let s6 = i32x4.splat(0x1f83d9ab)
  let s7 = i32x4.splat(0x5be0cd19)
  for (let block: u32 = 0; block < longest; block++) {
    const skip = block << 6
    // A lane that has ended reads its first block again and is masked.
    const b0 = p0 + select<u32>(skip, 0, block < n0)
    const b1 = p1 + select<u32>(skip, 0, block < n1)
    const b2 = p2 + select<u32>(skip, 0, block < n2)
    const b3 = p3 + select<u32>(skip, 0, block < n3)
    for (let q: usize = 0; q < 4; q++) loadWords(q, b0, b1, b2, b3)
    expand()
    let a = s0
    let b = s1
    let c = s2
    let d = s3
    let e = s4
    let f = s5
    let g = s6
    let h = s7
    for (let t: usize = 0; t < 64; t += 8) {
      h = first(e, f, g, h, t)
      d = i32x4.add(d, h)
      h = i32x4.add(h, second(a, b, c))
      g = first(d, e, f, g, t + 1)
      c = i32x4.add(c, g)
      g = i32x4.add(g, second(h, a, b))
      f = first(c, d, e, f, t + 2)
      b = i32x4.add(b, f)
      f = i32x4.add(f, second(g, h, a))
      e = first(b, c, d, e, t + 3)
      a = i32x4.add(a, e)
      e = i32x4.add(e, second(f, g, h))
      d = first(a, b, c, d, t + 4)
      h = i32x4.add(h, d)
      d = i32x4.add(d, second(e, f, g))
      c = first(h, a, b, c, t + 5)
      g = i32x4.add(g, c)
      c = i32x4.add(c, second(d, e, f))
      b = first(g, h, a, b, t + 6)
      f = i32x4.add(f, b)
      b = i32x4.add(b, second(c, d, e))
      a = first(f, g, h, a, t + 7)
      e = i32x4.add(e, a)
      a = i32x4.add(a, second(b, c, d))
    }
    const runs = i32x4.gt_s(counts, i32x4.splat(block))
    s0 = i32x4.add(s0, v128.and(a, runs))
    s1 = i32x4.add(s1, v128.and(b, runs))
    s2 = i32x4.add(s2, v128.and(c, runs))
    s3 = i32x4.add(s3, v128.and(d, runs))
    s4 = i32x4.add(s4, v128.and(e, runs))
    s5 = i32x4.add(s5, v128.and(f, runs))
    s6 = i32x4.add(s6, v128.and(g, runs))
    s7 = i32x4.add(s7, v128.and(h, runs))
  }
  give(0, s0, s1, s2, s3, jobs, lanes)
  give(16, s4, s5, s6, s7, jobs, lanes)
}

/** Does jobs, in groups of four as they stand. No digest may lie where a message of its group does. */
export function run(jobs: usize, count: u32): void {
  for (; count > 0; jobs += 64) {
    const lanes = min<u32>(count, 4)
    four(jobs, lanes)
    count -= lanes
  }
}

/** The first byte that is free. */
export function base(): usize {
  return __heap_base
}
