/**
 * SHA-256 (FIPS 180-4) of many messages, four at a time: lane i of every vector belongs to message i.
 *
 * A job is 16 bytes: address of the message, its length, where the digest goes, and a second place for it or 0. Padding is written behind the message: the
 * 72 bytes there must be free. Lanes of unequal length run as long as the longest and are masked once they have ended.
 * Pairs of digests, which are 64 bytes all, have a way of their own (`pairs`): nothing is padded, and the schedule of the second block is one for all.
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
/** The chaining values: 8 vectors. */
const S: usize = memory.data(128, 16)
/** The schedule of the second block of a message of 64 bytes, which is padding: 64 words. */
const END: usize = memory.data(256, 16)
let hasEnd = false

function rotr(x: v128, n: i32): v128 {
  return v128.or(i32x4.shr_u(x, n), i32x4.shl(x, 32 - n))
}

function swapped(x: v128): v128 {
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

/** Puts words 4q to 4q+3 of four blocks, of which each has a vector of its own, into the schedule. */
function putWords(q: usize, a: v128, b: v128, c: v128, d: v128): void {
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

/** What `a` adds to a round, but for the majority: of a, b and c it is b ^ ((a ^ b) & (b ^ c)), and b ^ c is a ^ b of the round before. */
function second(a: v128): v128 {
  return v128.xor(v128.xor(rotr(a, 2), rotr(a, 13)), rotr(a, 22))
}

function majority(b: v128, ab: v128, bc: v128): v128 {
  return v128.xor(b, v128.and(ab, bc))
}

/** Sets the initial value of section 5.3.3. */
function begin(): void {
  v128.store(S, i32x4.splat(0x6a09e667))
  v128.store(S, i32x4.splat(0xbb67ae85), 16)
  v128.store(S, i32x4.splat(0x3c6ef372), 32)
  v128.store(S, i32x4.splat(0xa54ff53a), 48)
  v128.store(S, i32x4.splat(0x510e527f), 64)
  v128.store(S, i32x4.splat(0x9b05688c), 80)
  v128.store(S, i32x4.splat(0x1f83d9ab), 96)
  v128.store(S, i32x4.splat(0x5be0cd19), 112)
}

/** Compresses the block whose schedule is made, in the lanes that are all ones in `runs`. */
function compress(runs: v128): void {
  let a = v128.load(S)
  let b = v128.load(S, 16)
  let c = v128.load(S, 32)
  let d = v128.load(S, 48)
  let e = v128.load(S, 64)
  let f = v128.load(S, 80)
  let g = v128.load(S, 96)
  let h = v128.load(S, 112)
  let y = v128.xor(b, c)
  for (let t: usize = 0; t < 64; t += 8) {
    let x = v128.xor(a, b)
    h = first(e, f, g, h, t)
    d = i32x4.add(d, h)
    h = i32x4.add(h, i32x4.add(second(a), majority(b, x, y)))
    y = v128.xor(h, a)
    g = first(d, e, f, g, t + 1)
    c = i32x4.add(c, g)
    g = i32x4.add(g, i32x4.add(second(h), majority(a, y, x)))
    x = v128.xor(g, h)
    f = first(c, d, e, f, t + 2)
    b = i32x4.add(b, f)
    f = i32x4.add(f, i32x4.add(second(g), majority(h, x, y)))
    y = v128.xor(f, g)
    e = first(b, c, d, e, t + 3)
    a = i32x4.add(a, e)
    e = i32x4.add(e, i32x4.add(second(f), majority(g, y, x)))
    x = v128.xor(e, f)
    d = first(a, b, c, d, t + 4)
    h = i32x4.add(h, d)
    d = i32x4.add(d, i32x4.add(second(e), majority(f, x, y)))
    y = v128.xor(d, e)
    c = first(h, a, b, c, t + 5)
    g = i32x4.add(g, c)
    c = i32x4.add(c, i32x4.add(second(d), majority(e, y, x)))
    x = v128.xor(c, d)
    b = first(g, h, a, b, t + 6)
    f = i32x4.add(f, b)
    b = i32x4.add(b, i32x4.add(second(c), majority(d, x, y)))
    y = v128.xor(b, c)
    a = first(f, g, h, a, t + 7)
    e = i32x4.add(e, a)
    a = i32x4.add(a, i32x4.add(second(b), majority(c, y, x)))
  }
  v128.store(S, i32x4.add(v128.load(S), v128.and(a, runs)))
  v128.store(S, i32x4.add(v128.load(S, 16), v128.and(b, runs)), 16)
  v128.store(S, i32x4.add(v128.load(S, 32), v128.and(c, runs)), 32)
  v128.store(S, i32x4.add(v128.load(S, 48), v128.and(d, runs)), 48)
  v128.store(S, i32x4.add(v128.load(S, 64), v128.and(e, runs)), 64)
  v128.store(S, i32x4.add(v128.load(S, 80), v128.and(f, runs)), 80)
  v128.store(S, i32x4.add(v128.load(S, 96), v128.and(g, runs)), 96)
  v128.store(S, i32x4.add(v128.load(S, 112), v128.and(h, runs)), 112)
}

/** Puts half of each of the four digests, their 16 bytes from `half` on, one behind another into the schedule, which is no longer needed then. */
function quarters(half: usize): void {
  const s = S + (half << 2)
  putWords(0, v128.load(s), v128.load(s, 16), v128.load(s, 32), v128.load(s, 48))
  for (let w = W; w < W + 64; w += 16) v128.store(w, swapped(v128.load(w)))
}

/** Puts half of the digests where the jobs want them. */
function give(half: usize, jobs: usize, lanes: u32): void {
  quarters(half)
  for (let lane: u32 = 0; lane < lanes; lane++) put(half, v128.load(W + (lane << 4)), jobs + (lane << 4))
}

function put(half: usize, bytes: v128, job: usize): void {
  v128.store(load<u32>(job, 8) + half, bytes)
  const also = load<u32>(job, 12)
  if (also !== 0) v128.store(also + half, bytes)
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
  begin()
  for (let block: u32 = 0; block < longest; block++) {
    const skip = block << 6
    // A lane that has ended reads its first block again and is masked.
    const b0 = p0 + select<u32>(skip, 0, block < n0)
    const b1 = p1 + select<u32>(skip, 0, block < n1)
    const b2 = p2 + select<u32>(skip, 0, block < n2)
    const b3 = p3 + select<u32>(skip, 0, block < n3)
    for (let q: usize = 0; q < 4; q++) {
      const at = q << 4
      putWords(q, swapped(v128.load(b0 + at)), swapped(v128.load(b1 + at)), swapped(v128.load(b2 + at)), swapped(v128.load(b3 + at)))
    }
    expand()
    compress(i32x4.gt_s(counts, i32x4.splat(block)))
  }
  give(0, jobs, lanes)
  give(16, jobs, lanes)
}

function rotr32(x: u32, n: u32): u32 {
  return (x >>> n) | (x << (32 - n))
}

function makeEnd(): void {
  store<u32>(END, 0x80000000)
  // 64 bytes are 512 bits.
  store<u32>(END, 512, 60)
  for (let at = END; at < END + 192; at += 4) {
    const x = load<u32>(at, 4)
    const y = load<u32>(at, 56)
    const s0 = rotr32(x, 7) ^ rotr32(x, 18) ^ (x >>> 3)
    const s1 = rotr32(y, 17) ^ rotr32(y, 19) ^ (y >>> 10)
    store<u32>(at, load<u32>(at) + s0 + load<u32>(at, 36) + s1, 64)
  }
  hasEnd = true
}

/** Digests of 64 bytes each, which lie one behind another from `from` on; the digests from `out` on. Four at a time: up to three pairs more are read, and digests more written. */
export function pairs(from: usize, count: u32, out: usize): void {
  if (!hasEnd) makeEnd()
  const all = i32x4.splat(-1)
  const end = from + (count << 6)
  for (; from < end; from += 256) {
    for (let at = from, q: usize = 0; q < 4; q++, at += 16)
      putWords(q, swapped(v128.load(at)), swapped(v128.load(at + 64)), swapped(v128.load(at + 128)), swapped(v128.load(at + 192)))
    begin()
    expand()
    compress(all)
    for (let t: usize = 0; t < 64; t++) v128.store(W + (t << 4), v128.load_splat<u32>(END + (t << 2)))
    compress(all)
    for (let half: usize = 0; half < 32; half += 16) {
      quarters(half)
      v128.store(out + half, v128.load(W))
      v128.store(out + half, v128.load(W, 16), 32)
      v128.store(out + half, v128.load(W, 32), 64)
      v128.store(out + half, v128.load(W, 48), 96)
    }
    out += 128
  }
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
