/**
 * s B - k A on edwards25519 (RFC 8032) for keys A met before: what does not depend on k lies in a table of the key. Nothing of that is secret, so it
 * takes no constant time. `times`, whose scalars are secret, does.
 *
 * A scalar's 253 bits are eight runs of 32. A table has, for each run i, the odd multiples of 2^(32i) A, so that the eight runs of both scalars share 32
 * doublings; a scalar is written in digits that are odd and far apart (wNAF). Field elements are ten 32-bit limbs of 26 and 25 bits in turn, points and
 * formulas are those of the reference implementation (ref10): extended coordinates, sums with (y + x, y - x, 2dxy).
 */

const FE: usize = 40
/** (y + x, y - x, 2dxy) */
const NIELS: usize = 120
/** Runs of 32 bits. */
const RUNS: i32 = 8
/** Digits of k are odd, of 5 bits with their sign: multiples 1, 3, .. 15. */
const A_WIDTH: i32 = 5
const A_MULTIPLES: i32 = 8
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

const B_TABLE: usize = memory.data(61440, 16)

// Working places.
const T0: usize = memory.data(40, 8)
const T1: usize = memory.data(40, 8)
const T2: usize = memory.data(40, 8)
const T3: usize = memory.data(40, 8)
/** A point: X, Y, Z, T. */
const P: usize = memory.data(160, 8)
/** A completed point (ref10's p1p1). */
const R: usize = memory.data(160, 8)
/** Of a table being made: points X, Y, Z (T is not needed), and products of their Z. */
const ROWS: usize = memory.data(61440, 16)
const PRODUCTS: usize = memory.data(20520, 16)
const DOUBLE: usize = memory.data(160, 8)
/** A summand (y + x, y - x, 2z, 2dt). */
const CACHED: usize = memory.data(160, 8)
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

/** R = 2 P; T of P is not read. */
function double(): void {
  sqr(R, P)
  sqr(R + 2 * FE, P + FE)
  sqr(R + 3 * FE, P + 2 * FE)
  add(R + 3 * FE, R + 3 * FE, R + 3 * FE)
  add(R + FE, P, P + FE)
  sqr(T0, R + FE)
  add(R + FE, R + 2 * FE, R)
  sub(R + 2 * FE, R + 2 * FE, R)
  sub(R, T0, R + FE)
  sub(R + 3 * FE, R + 3 * FE, R + 2 * FE)
}

/** P = R without T. */
function settle(): void {
  mul(P, R, R + 3 * FE)
  mul(P + FE, R + FE, R + 2 * FE)
  mul(P + 2 * FE, R + 2 * FE, R + 3 * FE)
}

/** P = R. */
function settleWhole(): void {
  settle()
  mul(P + 3 * FE, R, R + FE)
}

/** R = P + q, or P - q. */
function addRow(q: usize, minus: bool): void {
  add(R, P + FE, P)
  sub(R + FE, P + FE, P)
  mul(R + 2 * FE, R, minus ? q + FE : q)
  mul(R + FE, R + FE, minus ? q : q + FE)
  mul(R + 3 * FE, q + 2 * FE, P + 3 * FE)
  add(T0, P + 2 * FE, P + 2 * FE)
  sub(R, R + 2 * FE, R + FE)
  add(R + FE, R + 2 * FE, R + FE)
  if (minus) {
    sub(R + 2 * FE, T0, R + 3 * FE)
    add(R + 3 * FE, T0, R + 3 * FE)
  } else {
    add(R + 2 * FE, T0, R + 3 * FE)
    sub(R + 3 * FE, T0, R + 3 * FE)
  }
}

/** CACHED = P as a summand. */
function cache(): void {
  add(CACHED, P + FE, P)
  sub(CACHED + FE, P + FE, P)
  add(CACHED + 2 * FE, P + 2 * FE, P + 2 * FE)
  mul(CACHED + 3 * FE, P + 3 * FE, D2)
}

/** R = P + CACHED. */
function addCached(): void {
  add(R, P + FE, P)
  sub(R + FE, P + FE, P)
  mul(R + 2 * FE, R, CACHED)
  mul(R + FE, R + FE, CACHED + FE)
  mul(R + 3 * FE, CACHED + 3 * FE, P + 3 * FE)
  mul(T0, P + 2 * FE, CACHED + 2 * FE)
  sub(R, R + 2 * FE, R + FE)
  add(R + FE, R + 2 * FE, R + FE)
  add(R + 2 * FE, T0, R + 3 * FE)
  sub(R + 3 * FE, T0, R + 3 * FE)
}

/** Writes the table of the point P: for each run, `multiples` odd multiples. */
function makeTable(at: usize, multiples: i32): void {
  const count = RUNS * multiples
  let row = ROWS
  for (let run = 0; run < RUNS; run++) {
    memory.copy(DOUBLE, P, 160)
    memory.copy(row, P, 120)
    row += 120
    double()
    settleWhole()
    cache()
    memory.copy(P, DOUBLE, 160)
    for (let i = 1; i < multiples; i++) {
      addCached()
      settleWhole()
      memory.copy(row, P, 120)
      row += 120
    }
    memory.copy(P, DOUBLE, 160)
    if (run + 1 < RUNS) {
      for (let i = 0; i < 32; i++) {
        double()
        if (i < 31) settle()
        else settleWhole()
      }
    }
  }
  // one inversion for all (Montgomery)
  copy(PRODUCTS, ONE)
  for (let i = 0; i < count; i++) mul(PRODUCTS + (i + 1) * FE, PRODUCTS + i * FE, ROWS + i * NIELS + 2 * FE)
  invert(T1, PRODUCTS + count * FE)
  for (let i = count - 1; i >= 0; i--) {
    const from = ROWS + i * NIELS
    const to = at + i * NIELS
    mul(T0, T1, PRODUCTS + i * FE)
    mul(T1, T1, from + 2 * FE)
    mul(from, from, T0) // x
    mul(from + FE, from + FE, T0) // y
    add(to, from + FE, from)
    sub(to + FE, from + FE, from)
    mul(to + 2 * FE, from, from + FE)
    mul(to + 2 * FE, to + 2 * FE, D2)
  }
}

/** The wNAF of a scalar (32 bytes below 2^253, the 8 bytes behind them are read): one signed byte for each place. */
function writeDigits(digits: usize, scalar: usize, width: i32): void {
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
    store<i8>(digits + at, <i8>(<i32>word - <i32>(carry << width)))
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
  makeTable(B_TABLE, B_MULTIPLES)
  started = true
}

/** First free byte. */
export function base(): usize {
  return __heap_base
}

/** Bytes of a key's table. */
export function tableBytes(): usize {
  return RUNS * A_MULTIPLES * NIELS
}

/** Writes the table of minus the key (32 bytes); false where it is no point. */
export function prepare(table: usize, key: usize): bool {
  start()
  if (!readNegated(key)) return false
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
  writeDigits(DIGITS_A, item + 40, A_WIDTH)
  memory.fill(item + 32, 0, 8)
  writeDigits(DIGITS_B, item, B_WIDTH)
  memory.fill(P, 0, 160)
  copy(P + FE, ONE)
  copy(P + 2 * FE, ONE)
  // P is the neutral point until a digit is met
  for (let level = 31; level >= 0; level--) {
    double()
    for (let run = 0; run < RUNS; run++) {
      const a = <i32>load<i8>(DIGITS_A + ((run << 5) | level))
      if (a != 0) {
        settleWhole()
        addRow(table + (run * A_MULTIPLES + (abs(a) >> 1)) * NIELS, a < 0)
      }
      const b = <i32>load<i8>(DIGITS_B + ((run << 5) | level))
      if (b != 0) {
        settleWhole()
        addRow(B_TABLE + (run * B_MULTIPLES + (abs(b) >> 1)) * NIELS, b < 0)
      }
    }
    settle()
  }
  memory.copy(item + 144, P, 120)
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
  memory.copy(DOUBLE, P, 160)
  memory.fill(P, 0, 160)
  copy(P + FE, ONE)
  copy(P + 2 * FE, ONE)
  cache()
  memory.copy(FIFTEEN, CACHED, 160)
  memory.copy(P, DOUBLE, 160)
  cache()
  memory.copy(FIFTEEN + 160, CACHED, 160)
  for (let i = 2; i < 16; i++) {
    memory.copy(CACHED, FIFTEEN + 160, 160)
    addCached()
    settleWhole()
    cache()
    memory.copy(FIFTEEN + i * 160, CACHED, 160)
  }
  memory.fill(P, 0, 160)
  copy(P + FE, ONE)
  copy(P + 2 * FE, ONE)
  for (let i = 63; i >= 0; i--) {
    for (let j = 0; j < 4; j++) {
      double()
      if (j < 3) settle()
      else settleWhole()
    }
    select(<i32>((load<u8>(at + 32 + (i >> 1)) >> <u8>((i & 1) << 2)) & 15))
    addCached()
    settle()
  }
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
