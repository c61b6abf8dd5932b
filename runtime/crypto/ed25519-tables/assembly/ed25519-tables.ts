/**
 * s B - k A on edwards25519 (RFC 8032) for keys A met before: what does not depend on k lies in a table of the key. Nothing of that is secret, so it
 * takes no constant time. `times`, whose scalars are secret, does.
 *
 * A scalar's 253 bits are sixteen runs of 16. A table has, for each run i, the odd multiples of 2^(16i) A, so that the runs of both scalars share 15
 * doublings; a scalar is written in digits that are odd and far apart (wNAF). Field elements are ten 32-bit limbs of 26 and 25 bits in turn, points and
 * formulas are those of the reference implementation (ref10): extended coordinates, sums with (y + x, y - x, 2dxy). A check multiplies four elements by
 * four at once, limb by limb in the lanes of a vector: what a sum or a doubling multiplies does not hang on each other (Hisil, Wong, Carter and Dawson 2008, 4.2).
 */

const FE: usize = 40
/** Four field elements: limb i of each in the lanes of vector i. */
const FOUR: usize = 160
/** Of a table: four elements (y + x, y - x, 2dxy, 2). */
const ROW: usize = FOUR
const RUNS: i32 = 16
/** Bits of a run. */
const BITS: i32 = 16
/** Digits of k are odd, of 4 bits with their sign: multiples 1, 3, 5, 7. */
const A_WIDTH: i32 = 4
const A_MULTIPLES: i32 = 4
/** Digits of s: the base point's table is made once. A digit is a signed byte. */
const B_WIDTH: i32 = 8
const B_MULTIPLES: i32 = 64

const D2: usize = memory.data<i32>([45281625, 27714825, 36363642, 13898781, 229458, 15978800, 54557047, 27058993, 29715967, 9444199])
const D: usize = memory.data<i32>([56195235, 13857412, 51736253, 6949390, 114729, 24766616, 60832955, 30306712, 48412415, 21499315])
const SQRT_M1: usize = memory.data<i32>([34513072, 25610706, 9377949, 3500415, 12389472, 33281959, 41962654, 31548777, 326685, 11406482])
const BX: usize = memory.data<i32>([52811034, 25909283, 16144682, 17082669, 27570973, 30858332, 40966398, 8378388, 20764389, 8758491])
const BY: usize = memory.data<i32>([40265304, 26843545, 13421772, 20132659, 26843545, 6710886, 53687091, 13421772, 40265318, 26843545])
const ONE: usize = memory.data<i32>([1, 0, 0, 0, 0, 0, 0, 0, 0, 0])

/** L - 2^252, and L, in limbs of 28 bits. */
const C28: usize = memory.data<i64>([217437165, 19280293, 127719000, 262007343, 5342])
const L28: usize = memory.data<i64>([217437165, 19280293, 127719000, 262007343, 5342, 0, 0, 0, 0, 1])

const B_TABLE: usize = memory.data(163840, 16)

// Working places.
const T0: usize = memory.data(40, 8)
const T1: usize = memory.data(40, 8)
const T2: usize = memory.data(40, 8)
const T3: usize = memory.data(40, 8)
/** A point: X, Y, Z, T. */
const P: usize = memory.data(160, 8)
/** Of a table being made: points, and products of their Z. */
const ROWS: usize = memory.data(163840, 16)
const PRODUCTS: usize = memory.data(41000, 16)
const FIRST: usize = memory.data(160, 16)
/** A summand as a row: (y + x, y - x, 2dt, 2z). */
const CACHED: usize = memory.data(160, 16)
const DIGITS_A: usize = memory.data(264, 8)
const DIGITS_B: usize = memory.data(264, 8)
const WIDE: usize = memory.data(160, 8)
const NARROW: usize = memory.data(160, 8)

/** h = f g, as 100 products of limbs: f of an odd place is doubled beside a g of an odd place, g past the top is 19 times itself at the bottom. */
function mul(h: usize, f: usize, g: usize): void {
  const f0 = <i64>load<i32>(f)
  const f1 = <i64>load<i32>(f, 4)
  const f2 = <i64>load<i32>(f, 8)
  const f3 = <i64>load<i32>(f, 12)
  const f4 = <i64>load<i32>(f, 16)
  const f5 = <i64>load<i32>(f, 20)
  const f6 = <i64>load<i32>(f, 24)
  const f7 = <i64>load<i32>(f, 28)
  const f8 = <i64>load<i32>(f, 32)
  const f9 = <i64>load<i32>(f, 36)
  const g0 = <i64>load<i32>(g)
  const g1 = <i64>load<i32>(g, 4)
  const g2 = <i64>load<i32>(g, 8)
  const g3 = <i64>load<i32>(g, 12)
  const g4 = <i64>load<i32>(g, 16)
  const g5 = <i64>load<i32>(g, 20)
  const g6 = <i64>load<i32>(g, 24)
  const g7 = <i64>load<i32>(g, 28)
  const g8 = <i64>load<i32>(g, 32)
  const g9 = <i64>load<i32>(g, 36)
  const n1 = g1 * 19
  const n2 = g2 * 19
  const n3 = g3 * 19
  const n4 = g4 * 19
  const n5 = g5 * 19
  const n6 = g6 * 19
  const n7 = g7 * 19
  const n8 = g8 * 19
  const n9 = g9 * 19
  const d1 = f1 << 1
  const d3 = f3 << 1
  const d5 = f5 << 1
  const d7 = f7 << 1
  const d9 = f9 << 1
  let h0 = f0 * g0 + d1 * n9 + f2 * n8 + d3 * n7 + f4 * n6 + d5 * n5 + f6 * n4 + d7 * n3 + f8 * n2 + d9 * n1
  let h1 = f0 * g1 + f1 * g0 + f2 * n9 + f3 * n8 + f4 * n7 + f5 * n6 + f6 * n5 + f7 * n4 + f8 * n3 + f9 * n2
  let h2 = f0 * g2 + d1 * g1 + f2 * g0 + d3 * n9 + f4 * n8 + d5 * n7 + f6 * n6 + d7 * n5 + f8 * n4 + d9 * n3
  let h3 = f0 * g3 + f1 * g2 + f2 * g1 + f3 * g0 + f4 * n9 + f5 * n8 + f6 * n7 + f7 * n6 + f8 * n5 + f9 * n4
  let h4 = f0 * g4 + d1 * g3 + f2 * g2 + d3 * g1 + f4 * g0 + d5 * n9 + f6 * n8 + d7 * n7 + f8 * n6 + d9 * n5
  let h5 = f0 * g5 + f1 * g4 + f2 * g3 + f3 * g2 + f4 * g1 + f5 * g0 + f6 * n9 + f7 * n8 + f8 * n7 + f9 * n6
  let h6 = f0 * g6 + d1 * g5 + f2 * g4 + d3 * g3 + f4 * g2 + d5 * g1 + f6 * g0 + d7 * n9 + f8 * n8 + d9 * n7
  let h7 = f0 * g7 + f1 * g6 + f2 * g5 + f3 * g4 + f4 * g3 + f5 * g2 + f6 * g1 + f7 * g0 + f8 * n9 + f9 * n8
  let h8 = f0 * g8 + d1 * g7 + f2 * g6 + d3 * g5 + f4 * g4 + d5 * g3 + f6 * g2 + d7 * g1 + f8 * g0 + d9 * n9
  let h9 = f0 * g9 + f1 * g8 + f2 * g7 + f3 * g6 + f4 * g5 + f5 * g4 + f6 * g3 + f7 * g2 + f8 * g1 + f9 * g0
  let c: i64
  c = (h0 + 33554432) >> 26
  h1 += c
  h0 -= c << 26
  c = (h4 + 33554432) >> 26
  h5 += c
  h4 -= c << 26
  c = (h1 + 16777216) >> 25
  h2 += c
  h1 -= c << 25
  c = (h5 + 16777216) >> 25
  h6 += c
  h5 -= c << 25
  c = (h2 + 33554432) >> 26
  h3 += c
  h2 -= c << 26
  c = (h6 + 33554432) >> 26
  h7 += c
  h6 -= c << 26
  c = (h3 + 16777216) >> 25
  h4 += c
  h3 -= c << 25
  c = (h7 + 16777216) >> 25
  h8 += c
  h7 -= c << 25
  c = (h4 + 33554432) >> 26
  h5 += c
  h4 -= c << 26
  c = (h8 + 33554432) >> 26
  h9 += c
  h8 -= c << 26
  c = (h9 + 16777216) >> 25
  h0 += c * 19
  h9 -= c << 25
  c = (h0 + 33554432) >> 26
  h1 += c
  h0 -= c << 26
  store<i32>(h, <i32>h0)
  store<i32>(h, <i32>h1, 4)
  store<i32>(h, <i32>h2, 8)
  store<i32>(h, <i32>h3, 12)
  store<i32>(h, <i32>h4, 16)
  store<i32>(h, <i32>h5, 20)
  store<i32>(h, <i32>h6, 24)
  store<i32>(h, <i32>h7, 28)
  store<i32>(h, <i32>h8, 32)
  store<i32>(h, <i32>h9, 36)
}

/** h = f f: products of two different limbs once, doubled. */
function sqr(h: usize, f: usize): void {
  const f0 = <i64>load<i32>(f)
  const f1 = <i64>load<i32>(f, 4)
  const f2 = <i64>load<i32>(f, 8)
  const f3 = <i64>load<i32>(f, 12)
  const f4 = <i64>load<i32>(f, 16)
  const f5 = <i64>load<i32>(f, 20)
  const f6 = <i64>load<i32>(f, 24)
  const f7 = <i64>load<i32>(f, 28)
  const f8 = <i64>load<i32>(f, 32)
  const f9 = <i64>load<i32>(f, 36)
  const d0 = f0 << 1
  const d1 = f1 << 1
  const d2 = f2 << 1
  const d3 = f3 << 1
  const d4 = f4 << 1
  const d5 = f5 << 1
  const d6 = f6 << 1
  const d7 = f7 << 1
  const d8 = f8 << 1
  const d9 = f9 << 1
  const n5 = f5 * 38
  const n6 = f6 * 19
  const n7 = f7 * 38
  const n8 = f8 * 19
  const n9 = f9 * 38
  let h0 = f0 * f0 + d1 * n9 + d2 * n8 + d3 * n7 + d4 * n6 + f5 * n5
  let h1 = d0 * f1 + f2 * n9 + d3 * n8 + f4 * n7 + d5 * n6
  let h2 = d0 * f2 + d1 * f1 + d3 * n9 + d4 * n8 + d5 * n7 + f6 * n6
  let h3 = d0 * f3 + d1 * f2 + f4 * n9 + d5 * n8 + f6 * n7
  let h4 = d0 * f4 + d1 * (f3 << 1) + f2 * f2 + d5 * n9 + d6 * n8 + f7 * n7
  let h5 = d0 * f5 + d1 * f4 + d2 * f3 + f6 * n9 + d7 * n8
  let h6 = d0 * f6 + d1 * (f5 << 1) + d2 * f4 + d3 * f3 + d7 * n9 + f8 * n8
  let h7 = d0 * f7 + d1 * f6 + d2 * f5 + d3 * f4 + f8 * n9
  let h8 = d0 * f8 + d1 * (f7 << 1) + d2 * f6 + d3 * (f5 << 1) + f4 * f4 + f9 * n9
  let h9 = d0 * f9 + d1 * f8 + d2 * f7 + d3 * f6 + d4 * f5
  let c: i64
  c = (h0 + 33554432) >> 26
  h1 += c
  h0 -= c << 26
  c = (h4 + 33554432) >> 26
  h5 += c
  h4 -= c << 26
  c = (h1 + 16777216) >> 25
  h2 += c
  h1 -= c << 25
  c = (h5 + 16777216) >> 25
  h6 += c
  h5 -= c << 25
  c = (h2 + 33554432) >> 26
  h3 += c
  h2 -= c << 26
  c = (h6 + 33554432) >> 26
  h7 += c
  h6 -= c << 26
  c = (h3 + 16777216) >> 25
  h4 += c
  h3 -= c << 25
  c = (h7 + 16777216) >> 25
  h8 += c
  h7 -= c << 25
  c = (h4 + 33554432) >> 26
  h5 += c
  h4 -= c << 26
  c = (h8 + 33554432) >> 26
  h9 += c
  h8 -= c << 26
  c = (h9 + 16777216) >> 25
  h0 += c * 19
  h9 -= c << 25
  c = (h0 + 33554432) >> 26
  h1 += c
  h0 -= c << 26
  store<i32>(h, <i32>h0)
  store<i32>(h, <i32>h1, 4)
  store<i32>(h, <i32>h2, 8)
  store<i32>(h, <i32>h3, 12)
  store<i32>(h, <i32>h4, 16)
  store<i32>(h, <i32>h5, 20)
  store<i32>(h, <i32>h6, 24)
  store<i32>(h, <i32>h7, 28)
  store<i32>(h, <i32>h8, 32)
  store<i32>(h, <i32>h9, 36)
}

function add(h: usize, f: usize, g: usize): void {
  const h0 = load<i32>(f) + load<i32>(g)
  const h1 = load<i32>(f, 4) + load<i32>(g, 4)
  const h2 = load<i32>(f, 8) + load<i32>(g, 8)
  const h3 = load<i32>(f, 12) + load<i32>(g, 12)
  const h4 = load<i32>(f, 16) + load<i32>(g, 16)
  const h5 = load<i32>(f, 20) + load<i32>(g, 20)
  const h6 = load<i32>(f, 24) + load<i32>(g, 24)
  const h7 = load<i32>(f, 28) + load<i32>(g, 28)
  const h8 = load<i32>(f, 32) + load<i32>(g, 32)
  const h9 = load<i32>(f, 36) + load<i32>(g, 36)
  store<i32>(h, h0)
  store<i32>(h, h1, 4)
  store<i32>(h, h2, 8)
  store<i32>(h, h3, 12)
  store<i32>(h, h4, 16)
  store<i32>(h, h5, 20)
  store<i32>(h, h6, 24)
  store<i32>(h, h7, 28)
  store<i32>(h, h8, 32)
  store<i32>(h, h9, 36)
}

function sub(h: usize, f: usize, g: usize): void {
  const h0 = load<i32>(f) - load<i32>(g)
  const h1 = load<i32>(f, 4) - load<i32>(g, 4)
  const h2 = load<i32>(f, 8) - load<i32>(g, 8)
  const h3 = load<i32>(f, 12) - load<i32>(g, 12)
  const h4 = load<i32>(f, 16) - load<i32>(g, 16)
  const h5 = load<i32>(f, 20) - load<i32>(g, 20)
  const h6 = load<i32>(f, 24) - load<i32>(g, 24)
  const h7 = load<i32>(f, 28) - load<i32>(g, 28)
  const h8 = load<i32>(f, 32) - load<i32>(g, 32)
  const h9 = load<i32>(f, 36) - load<i32>(g, 36)
  store<i32>(h, h0)
  store<i32>(h, h1, 4)
  store<i32>(h, h2, 8)
  store<i32>(h, h3, 12)
  store<i32>(h, h4, 16)
  store<i32>(h, h5, 20)
  store<i32>(h, h6, 24)
  store<i32>(h, h7, 28)
  store<i32>(h, h8, 32)
  store<i32>(h, h9, 36)
}

@inline
function copy(h: usize, f: usize): void {
  memory.copy(h, f, FE)
}

function sqrs(h: usize, f: usize, times: i32): void {
  sqr(h, f)
  for (let i = 1; i < times; i++) sqr(h, h)
}

/** The element of 32 bytes, the top bit left out. */
function fromBytes(h: usize, bytes: usize): void {
  const q0 = load<u64>(bytes)
  const q1 = load<u64>(bytes, 8)
  const q2 = load<u64>(bytes, 16)
  const q3 = load<u64>(bytes, 24)
  const low26: u64 = 0x3ffffff
  const low25: u64 = 0x1ffffff
  store<i32>(h, <i32>(q0 & low26))
  store<i32>(h, <i32>((q0 >> 26) & low25), 4)
  store<i32>(h, <i32>(((q0 >> 51) | (q1 << 13)) & low26), 8)
  store<i32>(h, <i32>((q1 >> 13) & low25), 12)
  store<i32>(h, <i32>((q1 >> 38) & low26), 16)
  store<i32>(h, <i32>(q2 & low25), 20)
  store<i32>(h, <i32>((q2 >> 25) & low26), 24)
  store<i32>(h, <i32>(((q2 >> 51) | (q3 << 13)) & low25), 28)
  store<i32>(h, <i32>((q3 >> 12) & low26), 32)
  store<i32>(h, <i32>((q3 >> 38) & low25), 36)
}

/** The 32 bytes of an element, fully reduced. */
function toBytes(bytes: usize, f: usize): void {
  let q = (19 * load<i32>(f, 36) + (1 << 24)) >> 25
  for (let i: usize = 0; i < 10; i += 2) {
    q = (load<i32>(f + (i << 2)) + q) >> 26
    q = (load<i32>(f + (i << 2), 4) + q) >> 25
  }
  // minus q times the prime, and the carries along
  let carry: i64 = 19 * <i64>q
  for (let i: usize = 0; i < 10; i += 2) {
    carry += load<i32>(f + (i << 2))
    store<i32>(T3 + (i << 2), <i32>(carry & 0x3ffffff))
    carry = (carry >> 26) + load<i32>(f + (i << 2), 4)
    store<i32>(T3 + (i << 2), <i32>(carry & 0x1ffffff), 4)
    carry >>= 25
  }
  const h0 = <u64>load<u32>(T3)
  const h1 = <u64>load<u32>(T3, 4)
  const h2 = <u64>load<u32>(T3, 8)
  const h3 = <u64>load<u32>(T3, 12)
  const h4 = <u64>load<u32>(T3, 16)
  const h5 = <u64>load<u32>(T3, 20)
  const h6 = <u64>load<u32>(T3, 24)
  const h7 = <u64>load<u32>(T3, 28)
  const h8 = <u64>load<u32>(T3, 32)
  const h9 = <u64>load<u32>(T3, 36)
  store<u64>(bytes, h0 | (h1 << 26) | (h2 << 51))
  store<u64>(bytes, (h2 >> 13) | (h3 << 13) | (h4 << 38), 8)
  store<u64>(bytes, h5 | (h6 << 25) | (h7 << 51), 16)
  store<u64>(bytes, (h7 >> 13) | (h8 << 12) | (h9 << 38), 24)
}

const OUT: usize = memory.data(32, 8)

function isZero(f: usize): bool {
  toBytes(OUT, f)
  return (load<u64>(OUT) | load<u64>(OUT, 8) | load<u64>(OUT, 16) | load<u64>(OUT, 24)) == 0
}

const Z11: usize = memory.data(40, 8)
const ZT: usize = memory.data(40, 8)
const ZU: usize = memory.data(40, 8)

/** ZT = z^(2^250 - 1), Z11 = z^11: what both powers below begin with. */
function ladder(z: usize): void {
  sqr(ZT, z) // 2
  sqrs(ZU, ZT, 2) // 8
  mul(ZU, z, ZU) // 9
  mul(Z11, ZT, ZU) // 11
  sqr(ZT, Z11) // 22
  mul(ZT, ZU, ZT) // 2^5 - 1
  sqrs(ZU, ZT, 5)
  mul(ZT, ZU, ZT) // 2^10 - 1
  copy(T3, ZT)
  sqrs(ZU, ZT, 10)
  mul(ZU, ZU, ZT) // 2^20 - 1
  copy(ZT, ZU)
  sqrs(ZU, ZU, 20)
  mul(ZU, ZU, ZT) // 2^40 - 1
  sqrs(ZU, ZU, 10)
  mul(ZT, ZU, T3) // 2^50 - 1
  copy(T3, ZT)
  sqrs(ZU, ZT, 50)
  mul(ZU, ZU, ZT) // 2^100 - 1
  copy(ZT, ZU)
  sqrs(ZU, ZU, 100)
  mul(ZU, ZU, ZT) // 2^200 - 1
  sqrs(ZU, ZU, 50)
  mul(ZT, ZU, T3) // 2^250 - 1
}

/** h = 1/z */
function invert(h: usize, z: usize): void {
  ladder(z)
  sqrs(ZT, ZT, 5)
  mul(h, ZT, Z11) // 2^255 - 21
}

/** h = z^((p - 5) / 8) = z^(2^252 - 3) */
function power(h: usize, z: usize): void {
  copy(T2, z)
  ladder(z)
  sqrs(ZT, ZT, 2)
  mul(h, ZT, T2)
}

/** P = minus the point of 32 bytes (RFC 8032 5.1.3); false where they are none. */
function readNegated(bytes: usize): bool {
  const x = P
  const y = P + FE
  fromBytes(y, bytes)
  sqr(T0, y)
  mul(T1, T0, D)
  sub(T0, T0, ONE) // u = y^2 - 1
  add(T1, T1, ONE) // v = d y^2 + 1
  // x = u v^3 (u v^7)^((p - 5) / 8)
  sqr(ROWS, T1)
  mul(ROWS, ROWS, T1) // v^3
  sqr(x, ROWS)
  mul(x, x, T1)
  mul(x, x, T0) // u v^7
  power(x, x)
  mul(x, x, ROWS)
  mul(x, x, T0)
  sqr(ROWS, x)
  mul(ROWS, ROWS, T1) // v x^2
  sub(ROWS + FE, ROWS, T0)
  if (!isZero(ROWS + FE)) {
    add(ROWS + FE, ROWS, T0)
    if (!isZero(ROWS + FE)) return false
    mul(x, x, SQRT_M1)
  }
  toBytes(OUT, x)
  if ((load<u8>(OUT) & 1) == load<u8>(bytes, 31) >> 7) {
    memory.fill(T0, 0, FE)
    sub(x, T0, x)
  }
  copy(P + 2 * FE, ONE)
  mul(P + 3 * FE, x, y)
  return true
}

/** Writes an element into the lane of four that begins at `to`. */
function putLane(to: usize, f: usize): void {
  for (let i: usize = 0; i < 10; i++) store<i32>(to + (i << 4), load<i32>(f + (i << 2)))
}

function takeLane(f: usize, from: usize): void {
  for (let i: usize = 0; i < 10; i++) store<i32>(f + (i << 2), load<i32>(from + (i << 4)))
}

/** Products of the lanes 0 and 1 where H is i8, else of 2 and 3. */
@inline
function x<H>(f: v128, g: v128): v128 {
  return sizeof<H>() == 1 ? i64x2.extmul_low_i32x4_s(f, g) : i64x2.extmul_high_i32x4_s(f, g)
}

@inline
function ten<H>(
  f0: v128, g0: v128, f1: v128, g1: v128, f2: v128, g2: v128, f3: v128, g3: v128, f4: v128, g4: v128,
  f5: v128, g5: v128, f6: v128, g6: v128, f7: v128, g7: v128, f8: v128, g8: v128, f9: v128, g9: v128,
): v128 {
  const a = i64x2.add(i64x2.add(x<H>(f0, g0), x<H>(f1, g1)), i64x2.add(x<H>(f2, g2), x<H>(f3, g3)))
  const b = i64x2.add(i64x2.add(x<H>(f4, g4), x<H>(f5, g5)), i64x2.add(x<H>(f6, g6), x<H>(f7, g7)))
  return i64x2.add(i64x2.add(a, b), i64x2.add(x<H>(f8, g8), x<H>(f9, g9)))
}

/** The carry of numbers below 2^62 either way, rounded to the nearest: vectors have no arithmetic shift of 64 bits, so it is made of one of positive numbers. */
@inline
function over(h: v128, bits: i32): v128 {
  const up = i64x2.splat((<i64>1 << 62) + (<i64>1 << (bits - 1)))
  return i64x2.sub(i64x2.shr_u(i64x2.add(h, up), bits), i64x2.splat(<i64>1 << (62 - bits)))
}

@inline
function less(h: v128, c: v128, bits: i32): v128 {
  return i64x2.sub(h, i64x2.shl(c, bits))
}

/** Half of `mulFour`: the limbs of two products, each of 64 bits. */
function mulTwo<H>(h: usize, f: usize, g: usize): void {
  const f0 = v128.load(f)
  const f1 = v128.load(f, 16)
  const f2 = v128.load(f, 32)
  const f3 = v128.load(f, 48)
  const f4 = v128.load(f, 64)
  const f5 = v128.load(f, 80)
  const f6 = v128.load(f, 96)
  const f7 = v128.load(f, 112)
  const f8 = v128.load(f, 128)
  const f9 = v128.load(f, 144)
  const g0 = v128.load(g)
  const g1 = v128.load(g, 16)
  const g2 = v128.load(g, 32)
  const g3 = v128.load(g, 48)
  const g4 = v128.load(g, 64)
  const g5 = v128.load(g, 80)
  const g6 = v128.load(g, 96)
  const g7 = v128.load(g, 112)
  const g8 = v128.load(g, 128)
  const g9 = v128.load(g, 144)
  const by = i32x4.splat(19)
  const n1 = i32x4.mul(g1, by)
  const n2 = i32x4.mul(g2, by)
  const n3 = i32x4.mul(g3, by)
  const n4 = i32x4.mul(g4, by)
  const n5 = i32x4.mul(g5, by)
  const n6 = i32x4.mul(g6, by)
  const n7 = i32x4.mul(g7, by)
  const n8 = i32x4.mul(g8, by)
  const n9 = i32x4.mul(g9, by)
  const d1 = i32x4.shl(f1, 1)
  const d3 = i32x4.shl(f3, 1)
  const d5 = i32x4.shl(f5, 1)
  const d7 = i32x4.shl(f7, 1)
  const d9 = i32x4.shl(f9, 1)
  let h0 = ten<H>(f0, g0, d1, n9, f2, n8, d3, n7, f4, n6, d5, n5, f6, n4, d7, n3, f8, n2, d9, n1)
  let h1 = ten<H>(f0, g1, f1, g0, f2, n9, f3, n8, f4, n7, f5, n6, f6, n5, f7, n4, f8, n3, f9, n2)
  let h2 = ten<H>(f0, g2, d1, g1, f2, g0, d3, n9, f4, n8, d5, n7, f6, n6, d7, n5, f8, n4, d9, n3)
  let h3 = ten<H>(f0, g3, f1, g2, f2, g1, f3, g0, f4, n9, f5, n8, f6, n7, f7, n6, f8, n5, f9, n4)
  let h4 = ten<H>(f0, g4, d1, g3, f2, g2, d3, g1, f4, g0, d5, n9, f6, n8, d7, n7, f8, n6, d9, n5)
  let h5 = ten<H>(f0, g5, f1, g4, f2, g3, f3, g2, f4, g1, f5, g0, f6, n9, f7, n8, f8, n7, f9, n6)
  let h6 = ten<H>(f0, g6, d1, g5, f2, g4, d3, g3, f4, g2, d5, g1, f6, g0, d7, n9, f8, n8, d9, n7)
  let h7 = ten<H>(f0, g7, f1, g6, f2, g5, f3, g4, f4, g3, f5, g2, f6, g1, f7, g0, f8, n9, f9, n8)
  let h8 = ten<H>(f0, g8, d1, g7, f2, g6, d3, g5, f4, g4, d5, g3, f6, g2, d7, g1, f8, g0, d9, n9)
  let h9 = ten<H>(f0, g9, f1, g8, f2, g7, f3, g6, f4, g5, f5, g4, f6, g3, f7, g2, f8, g1, f9, g0)
  let c = over(h0, 26)
  h1 = i64x2.add(h1, c)
  h0 = less(h0, c, 26)
  c = over(h4, 26)
  h5 = i64x2.add(h5, c)
  h4 = less(h4, c, 26)
  c = over(h1, 25)
  h2 = i64x2.add(h2, c)
  h1 = less(h1, c, 25)
  c = over(h5, 25)
  h6 = i64x2.add(h6, c)
  h5 = less(h5, c, 25)
  c = over(h2, 26)
  h3 = i64x2.add(h3, c)
  h2 = less(h2, c, 26)
  c = over(h6, 26)
  h7 = i64x2.add(h7, c)
  h6 = less(h6, c, 26)
  c = over(h3, 25)
  h4 = i64x2.add(h4, c)
  h3 = less(h3, c, 25)
  c = over(h7, 25)
  h8 = i64x2.add(h8, c)
  h7 = less(h7, c, 25)
  c = over(h4, 26)
  h5 = i64x2.add(h5, c)
  h4 = less(h4, c, 26)
  c = over(h8, 26)
  h9 = i64x2.add(h9, c)
  h8 = less(h8, c, 26)
  c = over(h9, 25)
  h9 = less(h9, c, 25)
  h0 = i64x2.add(h0, i64x2.add(i64x2.add(i64x2.shl(c, 4), i64x2.shl(c, 1)), c)) // 19 c
  c = over(h0, 26)
  h1 = i64x2.add(h1, c)
  h0 = less(h0, c, 26)
  v128.store(h, h0)
  v128.store(h, h1, 16)
  v128.store(h, h2, 32)
  v128.store(h, h3, 48)
  v128.store(h, h4, 64)
  v128.store(h, h5, 80)
  v128.store(h, h6, 96)
  v128.store(h, h7, 112)
  v128.store(h, h8, 128)
  v128.store(h, h9, 144)
}

const LOW: usize = memory.data(160, 16)
const HIGH: usize = memory.data(160, 16)

/** h = f g of four elements each, as `mul`. Limbs of f are below 2^29 in size, those of g below 2^31 / 19: no sum of reduced elements that comes before g is of more than three. */
function mulFour(h: usize, f: usize, g: usize): void {
  mulTwo<i8>(LOW, f, g)
  mulTwo<i16>(HIGH, f, g)
  for (let i: usize = 0; i < FOUR; i += 16) v128.store(h + i, v128.shuffle<i32>(v128.load(LOW + i), v128.load(HIGH + i), 0, 2, 4, 6))
}

/** A point: X, Y, Z, T. */
const V: usize = memory.data(160, 16)
const F: usize = memory.data(160, 16)
const G: usize = memory.data(160, 16)
const M: usize = memory.data(160, 16)

/** V = 2 V. */
function doubleFour(): void {
  for (let i: usize = 0; i < FOUR; i += 16) {
    const v = v128.load(V + i)
    // X, Y, Z, X + Y
    v128.store(F + i, i32x4.add(v128.shuffle<i32>(v, v, 0, 1, 2, 0), v128.shuffle<i32>(v, i32x4.splat(0), 4, 4, 4, 1)))
  }
  mulFour(M, F, F)
  for (let i: usize = 0; i < FOUR; i += 16) {
    const m = v128.load(M + i)
    const xx = v128.shuffle<i32>(m, m, 0, 0, 0, 0)
    const yy = v128.shuffle<i32>(m, m, 1, 1, 1, 1)
    const h = i32x4.add(yy, xx)
    const g = i32x4.sub(yy, xx)
    const f = i32x4.sub(i32x4.shl(v128.shuffle<i32>(m, m, 2, 2, 2, 2), 1), g)
    const e = i32x4.sub(v128.shuffle<i32>(m, m, 3, 3, 3, 3), h)
    putFactors(i, e, f, g, h)
  }
  mulFour(V, F, G)
}

/** Of vectors whose lanes are alike: X = E F, Y = H G, Z = G F, T = E H. F, which may be large, is no factor at the right. */
@inline
function putFactors(i: usize, e: v128, f: v128, g: v128, h: v128): void {
  v128.store(F + i, v128.shuffle<i32>(v128.shuffle<i32>(f, g, 0, 4, 0, 0), h, 0, 1, 2, 4))
  v128.store(G + i, v128.shuffle<i32>(v128.shuffle<i32>(e, h, 0, 4, 0, 0), g, 0, 1, 4, 3))
}

/** V = P. */
function putPoint(): void {
  for (let lane: usize = 0; lane < 4; lane++) putLane(V + (lane << 2), P + lane * FE)
}

/** V = the neutral point. */
function putNeutral(): void {
  memory.fill(V, 0, FOUR)
  store<i32>(V, 1, 4)
  store<i32>(V, 1, 8)
}

/** CACHED = V as a summand. */
function cache(): void {
  takeLane(T0, V)
  takeLane(T1, V + 4)
  add(T2, T1, T0)
  putLane(CACHED, T2)
  sub(T2, T1, T0)
  putLane(CACHED + 4, T2)
  takeLane(T0, V + 12)
  mul(T0, T0, D2)
  putLane(CACHED + 8, T0)
  takeLane(T0, V + 8)
  add(T0, T0, T0)
  putLane(CACHED + 12, T0)
}

/** V = V + row, or V - row. */
function addRow(row: usize, minus: bool): void {
  if (minus) {
    // x becomes -x: y + x and y - x change places
    const third = i32x4(0, 0, -1, 0)
    for (let i: usize = 0; i < FOUR; i += 16) {
      const r = v128.load(row + i)
      v128.store(G + i, i32x4.sub(v128.xor(v128.shuffle<i32>(r, r, 1, 0, 2, 3), third), third))
    }
    row = G
  }
  const second = i32x4(0, -1, 0, 0)
  for (let i: usize = 0; i < FOUR; i += 16) {
    const v = v128.load(V + i)
    // Y + X, Y - X, T, Z
    const xs = i32x4.sub(v128.xor(v128.shuffle<i32>(v, i32x4.splat(0), 0, 0, 4, 4), second), second)
    v128.store(F + i, i32x4.add(v128.shuffle<i32>(v, v, 1, 1, 3, 2), xs))
  }
  mulFour(M, F, row)
  for (let i: usize = 0; i < FOUR; i += 16) {
    const m = v128.load(M + i)
    const other = v128.shuffle<i32>(m, m, 1, 0, 3, 2)
    const sum = i32x4.add(m, other) // H, H, G, G
    const rest = i32x4.sub(m, other) // E, -E, -F, F
    v128.store(F + i, v128.shuffle<i32>(sum, rest, 7, 2, 7, 0))
    v128.store(G + i, v128.shuffle<i32>(sum, rest, 4, 0, 2, 4))
  }
  mulFour(V, F, G)
}

/** Writes the table of the point V: for each run, `multiples` odd multiples. */
function makeTable(at: usize, multiples: i32): void {
  const count = RUNS * multiples
  let row = ROWS
  for (let run = 0; run < RUNS; run++) {
    memory.copy(FIRST, V, FOUR)
    doubleFour()
    cache()
    memory.copy(V, FIRST, FOUR)
    for (let i = 0; i < multiples; i++) {
      if (i > 0) addRow(CACHED, false)
      memory.copy(row, V, FOUR)
      row += FOUR
    }
    memory.copy(V, FIRST, FOUR)
    if (run + 1 < RUNS) for (let i = 0; i < BITS; i++) doubleFour()
  }
  // one inversion for all (Montgomery)
  copy(PRODUCTS, ONE)
  for (let i = 0; i < count; i++) {
    takeLane(T0, ROWS + i * FOUR + 8)
    mul(PRODUCTS + (i + 1) * FE, PRODUCTS + i * FE, T0)
  }
  invert(T1, PRODUCTS + count * FE)
  for (let i = count - 1; i >= 0; i--) {
    const from = ROWS + i * FOUR
    const to = at + i * ROW
    takeLane(T2, from + 8)
    mul(T0, T1, PRODUCTS + i * FE)
    mul(T1, T1, T2)
    takeLane(P, from)
    takeLane(P + FE, from + 4)
    mul(P, P, T0) // x
    mul(P + FE, P + FE, T0) // y
    add(T0, P + FE, P)
    putLane(to, T0)
    sub(T0, P + FE, P)
    putLane(to + 4, T0)
    mul(T0, P, P + FE)
    mul(T0, T0, D2)
    putLane(to + 8, T0)
    add(T0, ONE, ONE)
    putLane(to + 12, T0)
  }
}

/** The row of an odd digit, of either sign, in a run. */
@inline
function rowOf(table: usize, multiples: i32, run: i32, digit: i32): usize {
  return table + (run * multiples + (abs(digit) >> 1)) * ROW
}

const NEAR: usize = memory.data(8, 8)

/** Reads of all lines of a row, for no result: tables are larger than the near caches, and the processor fetches those of many rows at once where sums would wait for one after the other. */
@inline
function fetch(row: usize): void {
  store<i32>(NEAR, load<i32>(row) ^ load<i32>(row, 64) ^ load<i32>(row, 128) ^ load<i32>(row, ROW - 4))
}

/** The wNAF of a scalar (32 bytes below 2^253, the 8 bytes behind them are read): one signed byte for each place. Fetches the rows of the table that it asks for. */
function writeDigits(digits: usize, scalar: usize, width: i32, table: usize, multiples: i32): void {
  memory.fill(digits, 0, 256)
  let carry: u32 = 0
  let at: i32 = 0
  const mask: u32 = (1 << width) - 1
  while (at < 256) {
    const bits = <u32>(load<u64>(scalar + (at >> 3)) >> (at & 7))
    if ((bits & 1) == carry) {
      at++
      continue
    }
    const left = 256 - at
    let word = (left < width ? bits & ((1 << left) - 1) : bits & mask) + carry
    carry = (word >> (width - 1)) & 1
    const digit = <i32>word - <i32>(carry << width)
    store<i8>(digits + at, <i8>digit)
    fetch(rowOf(table, multiples, at / BITS, digit))
    at += width
  }
}

/** Carries of a signed number of `count` limbs of 28 bits; the last takes what is over. */
function carry28(x: usize, count: i32): void {
  let carry: i64 = 0
  for (let i = 0; i < count - 1; i++) {
    carry += load<i64>(x + (i << 3))
    store<i64>(x + (i << 3), carry & 0xfffffff)
    carry >>= 28
  }
  store<i64>(x + ((count - 1) << 3), load<i64>(x + ((count - 1) << 3)) + carry)
}

/** to = from mod 2^252 - C (from >> 252), congruent modulo L: from has `count` limbs, to `count` - 4. */
function fold(to: usize, from: usize, count: i32): void {
  memory.fill(to, 0, 160)
  memory.copy(to, from, 72)
  for (let i = 9; i < count; i++) {
    const t = load<i64>(from + (i << 3))
    const at = to + ((i - 9) << 3)
    for (let j: usize = 0; j < 40; j += 8) store<i64>(at + j, load<i64>(at + j) - t * load<i64>(C28 + j))
  }
}

/** Writes 64 bytes modulo the group's order as 32. */
function reduce(out: usize, bytes: usize): void {
  for (let i = 0; i < 19; i++) {
    const bit = i * 28
    // 56 bits from a byte's beginning hold any 28; the last limb begins in the last byte
    const word = i < 17 ? load<u64>(bytes + (bit >> 3)) : i == 17 ? <u64>load<u32>(bytes + 59) | ((<u64>load<u8>(bytes + 63)) << 32) : <u64>load<u8>(bytes + 63)
    store<i64>(WIDE + (i << 3), (word >> (bit & 7)) & 0xfffffff)
  }
  fold(NARROW, WIDE, 19)
  carry28(NARROW, 15)
  fold(WIDE, NARROW, 15)
  carry28(WIDE, 11)
  fold(NARROW, WIDE, 11)
  carry28(NARROW, 10)
  // now within a few times the order
  while (load<i64>(NARROW, 72) < 0) {
    for (let i: usize = 0; i < 80; i += 8) store<i64>(NARROW + i, load<i64>(NARROW + i) + load<i64>(L28 + i))
    carry28(NARROW, 10)
  }
  for (;;) {
    for (let i: usize = 0; i < 80; i += 8) store<i64>(WIDE + i, load<i64>(NARROW + i) - load<i64>(L28 + i))
    carry28(WIDE, 10)
    if (load<i64>(WIDE, 72) < 0) break
    memory.copy(NARROW, WIDE, 80)
  }
  const n0 = load<u64>(NARROW)
  const n1 = load<u64>(NARROW, 8)
  const n2 = load<u64>(NARROW, 16)
  const n3 = load<u64>(NARROW, 24)
  const n4 = load<u64>(NARROW, 32)
  const n5 = load<u64>(NARROW, 40)
  const n6 = load<u64>(NARROW, 48)
  const n7 = load<u64>(NARROW, 56)
  const n8 = load<u64>(NARROW, 64)
  const n9 = load<u64>(NARROW, 72)
  store<u64>(out, n0 | (n1 << 28) | (n2 << 56))
  store<u64>(out, (n2 >> 8) | (n3 << 20) | (n4 << 48), 8)
  store<u64>(out, (n4 >> 16) | (n5 << 12) | (n6 << 40), 16)
  store<u64>(out, (n6 >> 24) | (n7 << 4) | (n8 << 32) | (n9 << 60), 24)
}

let started = false

/** Makes the table of the base point: minus the point that `readNegated` would give of it, so its own. */
function start(): void {
  if (started) return
  copy(P, BX)
  copy(P + FE, BY)
  copy(P + 2 * FE, ONE)
  mul(P + 3 * FE, BX, BY)
  putPoint()
  makeTable(B_TABLE, B_MULTIPLES)
  started = true
}

/** First free byte. */
export function base(): usize {
  return __heap_base
}

/** Bytes of a key's table. */
export function tableBytes(): usize {
  return RUNS * A_MULTIPLES * ROW
}

/** Writes the table of minus the key (32 bytes); false where it is no point. */
export function prepare(table: usize, key: usize): bool {
  start()
  if (!readNegated(key)) return false
  putPoint()
  makeTable(table, A_MULTIPLES)
  return true
}

/**
 * An item is 264 bytes: s (32, and 8 free), the hash of 64 bytes at 40, R at 104, address of the key's table at 136, the answer (1 or 0) at 140, and room
 * for X, Y and Z at 144. Answers whether the bytes of s B - k A are R, with k the hash modulo the group's order. One inversion serves all items.
 */
const ITEM: usize = 264

function multiply(item: usize): void {
  const table = <usize>load<u32>(item, 136)
  reduce(OUT, item + 40)
  memory.copy(item + 40, OUT, 32)
  memory.fill(item + 72, 0, 8)
  writeDigits(DIGITS_A, item + 40, A_WIDTH, table, A_MULTIPLES)
  memory.fill(item + 32, 0, 8)
  writeDigits(DIGITS_B, item, B_WIDTH, B_TABLE, B_MULTIPLES)
  putNeutral()
  for (let level = BITS - 1; level >= 0; level--) {
    if (level < BITS - 1) doubleFour()
    for (let run = 0; run < RUNS; run++) {
      const a = <i32>load<i8>(DIGITS_A + (run * BITS + level))
      if (a != 0) addRow(rowOf(table, A_MULTIPLES, run, a), a < 0)
      const b = <i32>load<i8>(DIGITS_B + (run * BITS + level))
      if (b != 0) addRow(rowOf(B_TABLE, B_MULTIPLES, run, b), b < 0)
    }
  }
  takeLane(item + 144, V)
  takeLane(item + 144 + FE, V + 4)
  takeLane(item + 144 + 2 * FE, V + 8)
}

/** Answers up to 256 items that lie one after the other. */
export function run(items: usize, count: i32): void {
  start()
  copy(PRODUCTS, ONE)
  for (let i = 0; i < count; i++) {
    const item = items + i * ITEM
    multiply(item)
    mul(PRODUCTS + (i + 1) * FE, PRODUCTS + i * FE, item + 144 + 2 * FE)
  }
  invert(T1, PRODUCTS + count * FE)
  for (let i = count - 1; i >= 0; i--) {
    const item = items + i * ITEM
    const z = item + 144 + 2 * FE
    mul(T0, T1, PRODUCTS + i * FE)
    mul(T1, T1, z)
    mul(z, item + 144, T0) // x
    toBytes(OUT, z)
    const sign = <u64>(load<u8>(OUT) & 1) << 63
    mul(z, item + 144 + FE, T0) // y
    toBytes(OUT, z)
    store<u64>(OUT, load<u64>(OUT, 24) | sign, 24)
    const r = item + 104
    const other =
      (load<u64>(OUT) ^ load<u64>(r)) |
      (load<u64>(OUT, 8) ^ load<u64>(r, 8)) |
      (load<u64>(OUT, 16) ^ load<u64>(r, 16)) |
      (load<u64>(OUT, 24) ^ load<u64>(r, 24))
    store<u32>(item, other == 0 ? 1 : 0, 140)
  }
}

/** The multiples 0 to 15 of a point, each as CACHED. */
const FIFTEEN: usize = memory.data(2560, 16)

/** CACHED = one of the multiples; all are read whichever it is. */
function select(digit: i32): void {
  memory.fill(CACHED, 0, 160)
  for (let j = 0; j < 16; j++) {
    const other = j ^ digit
    // all ones where it is the one, else zero
    const mask = (<i64>(other | -other) >> 63) ^ -1
    const row = FIFTEEN + j * 160
    for (let k: usize = 0; k < 160; k += 8) store<i64>(CACHED + k, load<i64>(CACHED + k) | (load<i64>(row + k) & mask))
  }
}

/**
 * Writes at 64 the point (32 bytes at 0) times the scalar (32 bytes at 32, below 2^256); false where the bytes are no point. Each scalar takes the same steps
 * and reads the same memory: four doublings and a sum for each four bits, of a multiple that may be 0.
 */
export function times(at: usize): bool {
  if (!readNegated(at)) return false
  // minus the point becomes the point again
  memory.fill(T0, 0, FE)
  sub(P, T0, P)
  sub(P + 3 * FE, T0, P + 3 * FE)
  putPoint()
  memory.copy(FIRST, V, FOUR)
  putNeutral()
  cache()
  memory.copy(FIFTEEN, CACHED, FOUR)
  memory.copy(V, FIRST, FOUR)
  cache()
  memory.copy(FIFTEEN + FOUR, CACHED, FOUR)
  for (let i = 2; i < 16; i++) {
    addRow(FIFTEEN + FOUR, false)
    cache()
    memory.copy(FIFTEEN + i * FOUR, CACHED, FOUR)
  }
  putNeutral()
  for (let i = 63; i >= 0; i--) {
    for (let j = 0; j < 4; j++) doubleFour()
    select(<i32>((load<u8>(at + 32 + (i >> 1)) >> <u8>((i & 1) << 2)) & 15))
    addRow(CACHED, false)
  }
  takeLane(P, V)
  takeLane(P + FE, V + 4)
  takeLane(P + 2 * FE, V + 8)
  invert(T1, P + 2 * FE)
  mul(P, P, T1)
  mul(P + FE, P + FE, T1)
  toBytes(OUT, P)
  const sign = <u64>(load<u8>(OUT) & 1) << 63
  toBytes(at + 64, P + FE)
  store<u64>(at + 64, load<u64>(at + 64, 24) | sign, 24)
  return true
}

/** Bytes of an item. */
export function itemBytes(): usize {
  return ITEM
}
